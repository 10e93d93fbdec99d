"""What is another in a batch than in the one before it: what those who follow an edit would search every task for."""

from collections.abc import Mapping, Sequence
from functools import cached_property

from fluxtui.domain.batch import Batch, Task
from fluxtui.tui.editing import fields

MEASURED = 400
"""Changed tasks that are looked at for how wide a column has to be: enough for a good width, few enough to be quick."""
LONGEST = 40
"""Characters of a text that decide that."""
_OF_A_ROW = 8  # bytes: a batch has a tuple of its own
_OF_A_TASK = 800  # bytes: a changed task without its texts


class Difference:
    """Tasks are told apart by identity: they are replaced, never changed.

    Each answer is worked out when it is asked for, and kept; `prepare` does it all, for a thread.
    """

    def __init__(self, before: Batch, after: Batch) -> None:
        self.before = before
        self.after = after

    def of(self, before: Batch, after: Batch) -> bool:
        """Return whether it is the difference between these two."""
        return self.before is before and self.after is after

    def prepare(self) -> "Difference":
        _ = self.first, self.places, self.keys, self.sample, self.weight
        return self

    @cached_property
    def same_length(self) -> bool:
        return len(self.before.tasks) == len(self.after.tasks)

    @cached_property
    def pairs(self) -> Sequence[tuple[Task, Task]]:
        """The tasks that are not the same in a row, with those that stood there; of batches as long as one another."""
        if self.before.tasks is self.after.tasks:
            return ()
        tasks = zip(self.before.tasks, self.after.tasks, strict=True)
        return [(old, new) for old, new in tasks if new is not old]

    @cached_property
    def changed(self) -> Sequence[Task]:
        """The tasks that were not in the same row before, or nowhere."""
        if self.same_length:
            return [new for _, new in self.pairs]
        known = {id(task) for task in self.before.tasks}
        return [task for task in self.after.tasks if id(task) not in known]

    @cached_property
    def in_place(self) -> bool:
        """Whether every task that is still there stands where it stood."""
        if not self.same_length:
            return False
        gone = {id(old) for old, _ in self.pairs}
        return all(id(new) not in gone for _, new in self.pairs)

    @cached_property
    def places(self) -> Mapping[int, int]:
        """The rows of tasks by identity; none when every one stands where it stood."""
        return {} if self.in_place else {id(task): row for row, task in enumerate(self.after.tasks)}

    @cached_property
    def first(self) -> int | None:
        """The first row that is another, None when none is."""
        before, after = self.before.tasks, self.after.tasks
        if before is after:
            return None
        for row, (old, new) in enumerate(zip(before, after, strict=False)):
            if old is not new:
                return row
        return None if self.same_length else min(len(before), len(after))

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The columns that changed tasks have something in, beside name and prompt."""
        return fields.keys_of(self.changed)

    @cached_property
    def sample(self) -> Mapping[str, Sequence[str]]:
        """How the texts of some changed tasks begin, by column; the prompt's are left out."""
        tasks = self.changed[:MEASURED]
        return {key: tuple({fields.text_of(task, key)[:LONGEST] for task in tasks}) for key in ("name", *self.keys)}

    @cached_property
    def weight(self) -> int:
        """About how many bytes the earlier batch needs that the later one does not share."""
        before, after = self.before.tasks, self.after.tasks
        if before is after:
            return _OF_A_TASK
        if self.in_place:
            gone = [old for old, _ in self.pairs]
        else:
            kept = {id(task) for task in after}
            gone = [task for task in before if id(task) not in kept]
        return len(before) * _OF_A_ROW + len(gone) * _OF_A_TASK + sum(len(task.prompt) for task in gone)
