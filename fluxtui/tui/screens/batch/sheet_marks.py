"""Marks on the sheet's rows: one by one, as a range that follows the cursor, all at once."""

from dataclasses import dataclass

from textual.message import Message

from fluxtui.tui.screens.batch.desk import Changed
from fluxtui.tui.screens.batch.sheet_lines import SheetLines


class SheetMarks(SheetLines):
    """Keeps where a range was begun and what was marked before it; the marks themselves lie on the desk."""

    @dataclass
    class RangeChanged(Message):
        """A range was begun or ended."""

        sheet: "SheetMarks"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._anchor: int | None = None
        self._held = False
        self._kept: frozenset[int] = frozenset()

    @property
    def ranging(self) -> bool:
        """Whether moving the cursor marks rows."""
        return self._anchor is not None and self._held

    def desk_changed(self, what: Changed) -> None:
        super().desk_changed(what)
        if what & Changed.OPENED:
            self._anchor, self._held = None, False

    def take_along(self) -> None:
        """Let the range follow the cursor, which went elsewhere; one that no key holds ends."""
        if self._held:
            self._mark_range()
        else:
            self._anchor = None

    def action_mark(self) -> None:
        """Mark the row or take its mark away; the cursor goes on."""
        if self.row is None:
            return
        self._anchor = None
        self.desk.mark(self.desk.marked ^ {self.row})
        self.cursor += 1

    def action_mark_range(self) -> None:
        """Begin a range here, or end the one that was begun."""
        if self.ranging:
            self._anchor, self._held = None, False
            self.post_message(self.RangeChanged(self))
        elif self.row is not None:
            self._begin_range(held=True)
            self.post_message(self.RangeChanged(self))

    def action_extend(self, step: int) -> None:
        """Mark this row and the next one."""
        if self.row is None:
            return
        if self._anchor is None:
            self._begin_range(held=False)
        held, self._held = self._held, True
        self.cursor += step
        self._held = held

    def _begin_range(self, *, held: bool) -> None:
        self._anchor, self._held, self._kept = self.cursor, held, self.desk.marked
        self._mark_range()

    def _mark_range(self) -> None:
        if self._anchor is not None:
            first, last = sorted((self._anchor, self.cursor))
            self.desk.mark(self._kept | {self.view[index] for index in range(first, min(last + 1, len(self.view)))})

    def action_mark_all(self) -> None:
        """Mark every row that is shown, or none when all of them are."""
        everything = frozenset(self.view)
        self._anchor, self._held = None, False
        self.desk.mark(() if everything <= self.desk.marked else self.desk.marked | everything)

    def unmark(self) -> None:
        """Take every mark away."""
        self._anchor = None
        self.desk.mark(())
