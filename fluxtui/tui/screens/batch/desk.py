"""The open batch, and what every part of the Batch screen shares of it: cursor, marks, targets, quote. No Textual."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Flag, auto
from functools import cached_property
from pathlib import Path

from fluxtui.domain.batch import Batch, Target, Task
from fluxtui.engine.live_quote import LiveQuote, RowNote, Severity
from fluxtui.tui.doors.batches import Sheet
from fluxtui.tui.editing import edits
from fluxtui.tui.editing.difference import Difference
from fluxtui.tui.editing.document import Document
from fluxtui.tui.editing.edits import Edited

NOTHING = Batch("", ())


class Changed(Flag):
    """What is another now than it was."""

    OPENED = auto()  # another document, or none
    TASKS = auto()
    FRAME = auto()  # name, targets, axes, defaults, repeat, recipe
    CURSOR = auto()
    MARKS = auto()
    QUOTE = auto()
    SAVED = auto()


EVERYTHING = Changed.OPENED | Changed.TASKS | Changed.FRAME | Changed.CURSOR | Changed.MARKS | Changed.QUOTE


@dataclass(frozen=True)
class Priced:
    """A live quote with the batch that it is of. Rows are found again after others came or went."""

    live: LiveQuote
    batch: Batch

    @cached_property
    def places(self) -> dict[int, int]:
        """The row of each task, by its identity: tasks never change, they are replaced."""
        return {id(task): row for row, task in enumerate(self.batch.tasks)}

    @cached_property
    def worst(self) -> tuple[Severity | None, ...]:
        return tuple(self.live.worst(row) for row in range(len(self.batch.tasks)))

    @cached_property
    def pictures(self) -> tuple[int, ...]:
        return tuple(self.live.pictures(row) for row in range(len(self.batch.tasks)))

    @cached_property
    def counts(self) -> Mapping[Severity | None, int]:
        """How many rows have what to say about them at worst."""
        return Counter(self.worst)

    def prepare(self) -> "Priced":
        """Work out what every frame needs; for a thread."""
        _ = self.places, self.worst, self.pictures, self.counts, self.live.notices
        return self


class OnTheDesk:
    """What lies there. The rows of a quote are found by task: others may have come or gone since."""

    def __init__(self) -> None:
        self.document: Document | None = None
        self.sheet: Sheet | None = None
        self.targets: tuple[Target, ...] = ()
        self.row = -1
        self.key = "name"
        self.marked: frozenset[int] = frozenset()
        self.priced: Priced | None = None
        self.pricing = False
        self._difference = Difference(NOTHING, NOTHING)

    @property
    def batch(self) -> Batch:
        """The batch as it is now; an empty one when none is open."""
        return NOTHING if self.document is None else self.document.batch

    @property
    def path(self) -> Path | None:
        return None if self.sheet is None else self.sheet.path

    @property
    def broken(self) -> bool:
        """Whether the file could be read in parts only."""
        return self.sheet is not None and self.sheet.broken

    @property
    def task(self) -> Task | None:
        """The task under the cursor."""
        tasks = self.batch.tasks
        return tasks[self.row] if 0 <= self.row < len(tasks) else None

    @property
    def rows(self) -> tuple[int, ...]:
        """What an operation acts on: the marked rows, else the cursor's."""
        if self.marked:
            return tuple(sorted(self.marked))
        return (self.row,) if self.task is not None else ()

    @property
    def live(self) -> LiveQuote | None:
        return None if self.priced is None else self.priced.live

    def worst(self, row: int) -> Severity | None:
        """Return the worst there is to say about a row, as far as it was priced."""
        place = self._priced_row(row)
        return None if self.priced is None or place is None else self.priced.worst[place]

    def pictures(self, row: int) -> int | None:
        """Return how many pictures a row makes, None while that is unknown."""
        place = self._priced_row(row)
        return None if self.priced is None or place is None else self.priced.pictures[place]

    def notes(self, row: int) -> tuple[RowNote, ...]:
        """Return everything to say about a row, worst first."""
        place = self._priced_row(row)
        return () if self.priced is None or place is None else self.priced.live.of_row(place)

    def _priced_row(self, row: int) -> int | None:
        if self.priced is None or not 0 <= row < len(self.batch.tasks):
            return None
        place = self.priced.places.get(id(self.batch.tasks[row]))
        if place is None and len(self.priced.batch.tasks) == len(self.batch.tasks):
            return row  # being typed in: what was said of it holds until the next quote, or it would flicker
        return place

    def difference(self, before: Batch, after: Batch) -> Difference:
        """Return what is another in `after`; all who follow the last edit share it."""
        if not self._difference.of(before, after):
            self._difference = Difference(before, after)
        return self._difference

    def as_sheet(self) -> Sheet | None:
        """Return the batch as it is now in the form that the engine's door takes."""
        return None if self.sheet is None else replace(self.sheet, batch=self.batch)


class Desk(OnTheDesk):
    """Changes go through `apply`; whoever shows something hears of them."""

    def __init__(self) -> None:
        super().__init__()
        self._named: tuple[Target, ...] = ()
        self._hear: list[Callable[[Changed], None]] = []
        self._untold = Changed(0)
        self._telling = False

    # --- changing it -----------------------------------------------------------------------------------

    def subscribe(self, hear: Callable[[Changed], None]) -> None:
        """Have `hear` called after every change."""
        self._hear.append(hear)

    def open(self, sheet: Sheet | None, document: Document | None = None) -> None:
        """Take another batch to hand: a file as read, or a `document` of its own; None closes."""
        self.sheet = sheet
        self.document = document or (None if sheet is None else Document(sheet.batch))
        self.targets = () if sheet is None else sheet.chosen
        self._named = self.batch.targets
        self.row, self.key = (0 if self.batch.tasks else -1), "name"
        self.marked, self.priced = frozenset(), None
        self._tell(EVERYTHING)

    def know(self, difference: Difference) -> None:
        """Take over what was worked out in a thread about the edit that comes next."""
        self._difference = difference

    def apply(self, edit: Edited, *, merge: str | None = None) -> bool:
        """Take over an edit as one step that can be undone; returns whether it changed anything."""
        before = self.batch
        difference = self.difference(before, edit.batch)
        if self.document is None or not self.document.apply(edit, merge=merge, difference=difference):
            return False
        self._tell(self._follow(before))
        return True

    def undo(self) -> str | None:
        """Take the last step back; returns what it was. The cursor goes to where something changed."""
        return self._time_travel(self.document.undo) if self.document is not None else None

    def redo(self) -> str | None:
        """Do again what was taken back last; returns what it was."""
        return self._time_travel(self.document.redo) if self.document is not None else None

    def choose(self, targets: Sequence[Target]) -> None:
        """Say who draws. Targets of the batch that cannot draw here stay in its file."""
        names = {name for name, _ in self.sheet.unusable} if self.sheet is not None else set()
        kept = [target for target in self.batch.targets if target.name in names]
        before = self.batch
        self.targets = tuple(targets)
        if self.document is not None:
            self.document.apply(edits.set_targets(before, (*targets, *kept)))
        self._named = self.batch.targets
        self._tell(Changed.FRAME)

    def saved(self) -> None:
        """The file holds the batch now, or its name changed."""
        self._tell(Changed.SAVED)

    # --- cursor, marks, quote ----------------------------------------------------------------------------

    def go(self, row: int, key: str | None = None) -> None:
        """Put the cursor on a task, and in a column."""
        row = max(0, min(row, len(self.batch.tasks) - 1)) if self.batch.tasks else -1
        key = self.key if key is None else key
        if (row, key) != (self.row, self.key):
            self.row, self.key = row, key
            self._tell(Changed.CURSOR)

    def mark(self, rows: Iterable[int]) -> None:
        """Mark these rows and no others."""
        marked = frozenset(row for row in rows if 0 <= row < len(self.batch.tasks))
        if marked != self.marked:
            self.marked = marked
            self._tell(Changed.MARKS)

    def price(self, priced: Priced | None, *, pricing: bool) -> None:
        """There is a newer quote, or one is on its way."""
        if self.priced is not priced or self.pricing != pricing:
            self.priced, self.pricing = priced, pricing
            self._tell(Changed.QUOTE)

    # --- within --------------------------------------------------------------------------------------------

    def _time_travel(self, step: Callable[[], str | None]) -> str | None:
        before = self.batch
        label = step()
        if label is None:
            return None
        what = self._follow(before)
        row = self.difference(before, self.batch).first
        if row is not None:
            self.row = min(row, len(self.batch.tasks) - 1)
            what |= Changed.CURSOR
        self._tell(what)
        return label

    def _follow(self, before: Batch) -> Changed:
        """Keep cursor and marks on their tasks, and the targets with the batch; return what changed."""
        now = self.batch
        what = Changed.TASKS if now.tasks is not before.tasks else Changed(0)
        if any(getattr(now, part) is not getattr(before, part) for part in _FRAME):
            what |= Changed.FRAME
        if now.targets is not self._named:
            self._named = now.targets
            self.targets = self._usable(now.targets)
        if what & Changed.TASKS:
            what |= self._follow_rows(before)
        return what

    def _follow_rows(self, before: Batch) -> Changed:
        difference = self.difference(before, self.batch)
        if difference.in_place:
            return Changed(0)
        places, tasks = difference.places, before.tasks
        if difference.same_length:  # a task that is not there any more was replaced where it stood
            marked = frozenset([places.get(id(tasks[row]), row) for row in self.marked])
            here = places.get(id(tasks[self.row]), self.row) if self.row >= 0 else None
        else:
            marked = frozenset([places.get(id(tasks[row]), -1) for row in self.marked]) - {-1}
            here = places.get(id(tasks[self.row])) if self.row >= 0 else None
        row = min(max(self.row, 0) if here is None else here, len(self.batch.tasks) - 1)
        what = (Changed.MARKS if marked != self.marked else Changed(0)) | (
            Changed.CURSOR if row != self.row or here is None else Changed(0)
        )
        self.marked, self.row = marked, row
        return what

    def _usable(self, targets: tuple[Target, ...]) -> tuple[Target, ...]:
        if self.sheet is None:
            return targets
        unusable = {name for name, _ in self.sheet.unusable}
        return tuple(t for t in targets if t.name not in unusable) if targets else self.sheet.chosen

    def _tell(self, what: Changed) -> None:
        """Tell of changes, one after the other: what is changed by one who hears is told when all have heard."""
        self._untold |= what
        if self._telling:
            return
        self._telling = True
        try:
            while self._untold:
                what, self._untold = self._untold, Changed(0)
                for hear in tuple(self._hear):
                    hear(what)
        finally:
            self._telling = False


_FRAME = ("name", "targets", "axes", "defaults", "repeat", "recipe")
