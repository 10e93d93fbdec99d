"""The batch being edited: what it is now, what it was, and whether that is saved."""

import json
from collections import deque
from dataclasses import dataclass

from fluxtui.domain.batch import Batch, Task
from fluxtui.domain.values import canonical_json
from fluxtui.tui.editing.difference import Difference
from fluxtui.tui.editing.edits import Edited

MOST_STEPS = 1000
"""Steps that can be undone."""
LARGEST_MEMORY = 128 * 1024 * 1024
"""Bytes that the steps may hold beside the batch itself, as far as that can be estimated."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing done: its name for a person, the batch before it, and about how many bytes keeping that takes."""

    label: str
    before: Batch
    size: int


class Document:
    """A batch with its past. Every batch in it is immutable, so undo gives back exactly what was there.

    `revision` grows with every change, undo and redo, and never stands for two different batches.
    """

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._saved: Batch | None = batch
        self._done: deque[Step] = deque()
        self._undone: list[Step] = []
        self._merging: str | None = None
        self._memory = 0
        self._dirty: tuple[int, bool] = (0, False)
        self._foreseen: tuple[Batch, Batch | None, bool] = (batch, batch, False)
        self.revision = 0

    @property
    def batch(self) -> Batch:
        return self._batch

    @property
    def undo_label(self) -> str | None:
        """What undo would take back, None when there is nothing."""
        return self._done[-1].label if self._done else None

    @property
    def redo_label(self) -> str | None:
        """What redo would do again, None when there is nothing."""
        return self._undone[-1].label if self._undone else None

    @property
    def earlier(self) -> Batch | None:
        """The batch that undo would give back."""
        return self._done[-1].before if self._done else None

    @property
    def later(self) -> Batch | None:
        """The batch that redo would give back."""
        return self._undone[-1].before if self._undone else None

    @property
    def dirty(self) -> bool:
        """Whether the batch differs from what was last saved; typing something and taking it back does not."""
        if self._dirty[0] != self.revision:
            batch, saved, dirty = self._foreseen
            if batch is not self._batch or saved is not self._saved:
                dirty = self._differs(self._batch, self._saved)
            self._dirty = (self.revision, dirty)
        return self._dirty[1]

    def foresee(self, batch: Batch) -> None:
        """Work out whether a batch would be dirty, before it is taken over. May be called in another thread."""
        saved = self._saved
        self._foreseen = (batch, saved, self._differs(batch, saved))

    def apply(self, edit: Edited, *, merge: str | None = None, difference: Difference | None = None) -> bool:
        """Take over an edit as one step; returns whether it changed anything.

        Edits in a row with the same `merge` (`prompt of red-fox`) are one step: typing in one field.
        `settle` ends such a row. `difference` is that which the edit makes, where it is known.
        """
        if edit.batch is self._batch:
            return False
        if merge is None or merge != self._merging or not self._done:
            if difference is None or not difference.of(self._batch, edit.batch):
                difference = Difference(self._batch, edit.batch)
            step = Step(edit.label, self._batch, difference.weight)
            self._done.append(step)
            self._memory += step.size
            self._forget_the_oldest()
        self._forget_the_undone()
        self._merging = merge
        self._batch = edit.batch
        self.revision += 1
        return True

    def settle(self) -> None:
        """Whatever is typed next begins a step of its own (the cursor left the field)."""
        self._merging = None

    def undo(self) -> str | None:
        """Take the last step back; returns what it was, None when there is none."""
        if not self._done:
            return None
        step = self._done.pop()
        self._undone.append(Step(step.label, self._batch, step.size))
        return self._go_to(step)

    def redo(self) -> str | None:
        """Do again what was taken back last; returns what it was, None when there is nothing."""
        if not self._undone:
            return None
        step = self._undone.pop()
        self._done.append(Step(step.label, self._batch, step.size))
        return self._go_to(step)

    def mark_saved(self, batch: Batch | None = None) -> None:
        """What is there now (or the `batch` that was written meanwhile) is what the file holds."""
        self._saved = self._batch if batch is None else batch
        self._dirty = (-1, False)
        self._merging = None

    def mark_unsaved(self) -> None:
        """What is there now is in no file: a new batch, or one restored from a draft."""
        self._saved = None
        self._dirty = (-1, False)

    @staticmethod
    def _differs(batch: Batch, saved: Batch | None) -> bool:
        return saved is None or not same(batch, saved)

    def _go_to(self, step: Step) -> str:
        self._batch = step.before
        self._merging = None
        self.revision += 1
        return step.label

    def _forget_the_undone(self) -> None:
        self._memory -= sum(step.size for step in self._undone)
        self._undone.clear()

    def _forget_the_oldest(self) -> None:
        while len(self._done) > MOST_STEPS or (self._memory > LARGEST_MEMORY and len(self._done) > 1):
            self._memory -= self._done.popleft().size


def same(one: Batch, other: Batch) -> bool:
    """Return whether two batches are the same in a file, where 1, 1.0 and true are three things."""
    if one is other:
        return True
    if len(one.tasks) != len(other.tasks) or _frame(one) != _frame(other):
        return False
    return all(a is b or _same_task(a, b) for a, b in zip(one.tasks, other.tasks, strict=True))


def _same_task(one: Task, other: Task) -> bool:
    return one == other and canonical_json(one.as_json()) == canonical_json(other.as_json())


def _frame(batch: Batch) -> str:
    """Return everything but the tasks as text. The order of targets and axes counts."""
    targets = [target.as_json() for target in batch.targets]
    axes = [(axis.name, axis.values) for axis in batch.axes]
    recipe = None if batch.recipe is None else dict(batch.recipe)
    return json.dumps([batch.name, targets, axes, dict(batch.defaults), batch.repeat, recipe])
