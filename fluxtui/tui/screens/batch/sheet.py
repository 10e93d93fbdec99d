"""The sheet of tasks: a cursor on one cell, marks on rows, and everything done to them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from textual.events import Click

from fluxtui.tui import keymap
from fluxtui.tui.screens.batch.desk import Changed
from fluxtui.tui.screens.batch.row_work import RowWork
from fluxtui.tui.screens.batch.sheet_columns import GAP
from fluxtui.tui.screens.batch.sheet_lines import GUTTER
from fluxtui.tui.screens.batch.sheet_marks import SheetMarks

if TYPE_CHECKING:
    from fluxtui.tui.screens.batch.sheet_pane import SheetPane


class TaskSheet(RowWork, SheetMarks):
    """Rows are tasks, columns their fields. It shows the desk, and changes go through the desk."""

    BINDINGS = keymap.bindings(keymap.SHEET)
    HELP = (
        "The tasks of the batch, one a row. The arrows move, enter edits the cell, space marks rows: what follows"
        " (fill, replace, delete, move, copy) acts on the marked rows, or on the cursor's when none is marked. On the"
        " left: how many pictures a row makes, ✗ where something has to be put right or cannot be drawn, ▲ where a"
        " target will not honour everything. Paste prompts, a table or JSON Lines at any time."
    )

    @property
    def pane(self) -> "SheetPane":
        """What is around the sheet. It is called, not sent messages: the next key may be for what it opens."""
        return cast("SheetPane", self.parent)

    # --- following the desk ----------------------------------------------------------------------------

    def desk_changed(self, what: Changed) -> None:
        layout = self.columns.shown
        super().desk_changed(what)
        if what & (Changed.OPENED | Changed.TASKS):
            self.show_rows(self.view if self._filtered(what) else range(len(self.seen.tasks)))
        if what & (Changed.OPENED | Changed.FRAME) or self.columns.shown is not layout:
            self.refresh_all()
        if what & Changed.CURSOR:
            self._take_cursor()
        if what & (Changed.MARKS | Changed.QUOTE | Changed.TASKS):
            self.refresh_changed()

    def _filtered(self, what: Changed) -> bool:
        return not isinstance(self.view, range) and not what & Changed.OPENED

    def show_rows(self, view: Sequence[int]) -> None:
        """Show these rows of the batch only; the cursor stays on its task where that is among them."""
        count = len(self.seen.tasks)
        changed = len(view) != len(self.view)
        self.view = view if isinstance(view, range) else [row for row in view if row < count]
        self.rows_changed()
        if changed:
            self._looks.clear()
        self._take_cursor()
        if self.row is not None and self.row != self.desk.row:
            self.desk.go(self.row, self.key)

    def _take_cursor(self) -> None:
        """Put the cursor where the desk has it, when that is in view."""
        index = self.index_of(self.desk.row)
        if index is not None and index != self.cursor:
            self.cursor = index
        place = self.columns.index(self.desk.key)
        if place != self.column:
            self._go_column(place)

    def index_of(self, row: int) -> int | None:
        """Return where a row of the batch is shown, None when it is not."""
        if isinstance(self.view, range):
            return row if 0 <= row < len(self.view) else None
        try:
            return self.view.index(row)
        except ValueError:
            return None

    # --- the cursor ------------------------------------------------------------------------------------

    def watch_cursor(self, before: int, after: int) -> None:
        super().watch_cursor(before, after)
        if self.row is not None and self.row != self.desk.row:
            self.desk.go(self.row, self.key)
        self.take_along()

    def _go_column(self, place: int) -> None:
        place = max(0, min(place, len(self.columns.shown) - 1))
        if place == self.column or not self.columns.shown:
            return
        self.column = place
        first = self.columns.reveal(place, self.first_column, GUTTER, self.room)
        if first != self.first_column:
            self.first_column = first
            self.refresh_all()
        else:
            self.refresh_row(self.cursor)
            self.refresh_heading()
        self.desk.go(self.desk.row, self.key)

    def action_column(self, step: int) -> None:
        self._go_column(self.column + step)

    def action_column_edge(self, direction: int) -> None:
        self._go_column(0 if direction < 0 else len(self.columns.shown) - 1)

    def action_next_warning(self, direction: int) -> None:
        """Go to the next row that something is to be said about, round the end."""
        count = len(self.view)
        for step in range(1, count + 1):
            index = (self.cursor + direction * step) % count
            if self.desk.worst(self.view[index]) is not None:
                self.cursor = index
                return
        self.cockpit.tell("No row has a warning.")

    def on_resize(self) -> None:
        super().on_resize()
        self.first_column = self.columns.reveal(self.column, 1, GUTTER, self.room)
        self.refresh_all()

    def on_focus(self) -> None:
        super().on_focus()
        self.refresh_heading()

    def on_blur(self) -> None:
        super().on_blur()
        self.refresh_heading()

    def on_click(self, event: Click) -> None:
        place = next((p for p in self.placed() if p.x <= event.x < p.x + p.width + GAP), None)
        if event.y >= self.HEADING and place is not None:
            self._go_column(self.columns.index(place.column.key))
        super().on_click(event)
        if event.y >= self.HEADING and event.chain == 2 and place is not None:
            self.pane.edit_cell()

    # --- going back, and what the pane does ----------------------------------------------------------

    def action_back(self) -> None:
        """Leave one thing at a time: the range, the marks, the filter."""
        if self.ranging:
            self.action_mark_range()
        elif self.desk.marked:
            self.unmark()
        else:
            self.pane.close_filter()

    def action_edit(self) -> None:
        if self.row is not None:
            self.pane.edit_cell()

    def action_filter(self) -> None:
        self.pane.open_filter()
