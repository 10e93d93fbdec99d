"""The sheet's lines: a gutter, the name, and the columns in view. Only rows that look different are drawn again."""

from collections.abc import Sequence

from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip

from fluxtui.domain.batch import Batch, Task
from fluxtui.engine.live_quote import Severity
from fluxtui.tui.editing import fields
from fluxtui.tui.ink import Ink, Part, fit, ink_of, strip_of
from fluxtui.tui.screens.batch.desk import NOTHING, Changed
from fluxtui.tui.screens.batch.desk_part import DeskPart, bound_key
from fluxtui.tui.screens.batch.sheet_columns import GAP, Placed, SheetColumns, first_words
from fluxtui.tui.widgets.rows import Rows

SEVERITIES = {
    Severity.WRONG: ("✗", "error"),
    Severity.IMPOSSIBLE: ("✗", "error"),
    Severity.ADAPTED: ("▲", "warning"),
}
"""Glyph and theme variable of the worst there is to say about a row."""
GUTTER = 10
"""Cells left of the name: the cursor's bar, mark, warning, number of pictures, and a gap."""

_Look = tuple[Task, int | None, Severity | None, bool]


class SheetLines(DeskPart, Rows):
    """Draws the tasks of the desk. `view` are the rows of the batch that are shown, in order."""

    HEADING = 1

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.columns = SheetColumns()
        self.column = 0
        self.first_column = 1
        self.view: Sequence[int] = range(0)
        self.seen: Batch = NOTHING
        self._looks: dict[int, _Look] = {}

    @property
    def row_count(self) -> int:
        return len(self.view)

    @property
    def row(self) -> int | None:
        """The task under the cursor as a row of the batch."""
        return self.view[self.cursor] if 0 <= self.cursor < len(self.view) else None

    @property
    def key(self) -> str:
        """The column under the cursor."""
        shown = self.columns.shown
        return shown[min(self.column, len(shown) - 1)].key if shown else "name"

    @property
    def room(self) -> int:
        return int(self.scrollable_content_region.width)

    def placed(self) -> list[Placed]:
        """Return the columns in view."""
        return self.columns.place(self.first_column, GUTTER, self.room)

    def cell(self, index: int, key: str) -> Region | None:
        """Return where a cell is in this widget, None when it is out of view."""
        y = index - self.scroll_offset.y + self.HEADING
        place = next((p for p in self.placed() if p.column.key == key), None)
        if place is None or not self.HEADING <= y < self.size.height:
            return None
        return Region(place.x, y, place.width, 1)

    # --- what is drawn again -------------------------------------------------------------------------

    def refresh_changed(self) -> None:
        """Draw the rows in view again that look different from what is there."""
        for index in self.in_view:
            look = self._look(index)
            known = self._looks.get(index)
            if known is None or known[0] is not look[0] or known[1:] != look[1:]:
                self.refresh_row(index)

    def refresh_all(self) -> None:
        self._looks.clear()
        self.refresh()

    def refresh_heading(self) -> None:
        self.refresh(Region(0, 0, self.size.width, self.HEADING))

    def _look(self, index: int) -> _Look:
        row, desk = self.view[index], self.desk
        return self.seen.tasks[row], desk.pictures(row), desk.worst(row), row in desk.marked

    def empty_words(self) -> str:
        """Return what to say in place of rows, "" when there are some or no batch is open."""
        if self.view or self.desk.document is None:
            return ""
        if self.seen.tasks:
            return "No row matches. esc shows all."
        key = bound_key(self.screen, "sheet.add")
        return f"No tasks yet: {key} adds one, or paste prompts." if key else "No tasks yet."

    def render_line(self, y: int) -> Strip:
        words = self.empty_words() if y == self.HEADING else ""
        if not words:
            return super().render_line(y)
        ink = ink_of(self.app)
        return strip_of([(f"  {words}", ink("muted"))], self.room, ink(None, "background"))

    # --- lines -----------------------------------------------------------------------------------------

    def draw_heading(self, width: int, ink: Ink) -> list[Part]:
        if not self.columns.shown or not self.seen.tasks:
            return []
        muted = ink("muted", "background")
        parts: list[Part] = [(fit("pics", GUTTER - 2, right=True), muted), ("  ", muted)]
        here, placed = self.key, self.placed()
        for place in placed:
            title = first_words(place.column.title, 40)
            color = "foreground" if place.column.key == here and self.has_focus else "muted"
            parts.append((fit(title, place.width, right=place.column.number), ink(color, "background", bold=True)))
            away = place.column.key == "name" and self.first_column > 1
            parts.append(("‹ " if away else " " * GAP, muted))
        more = placed and (placed[-1].cut or placed[-1].column.key != self.columns.shown[-1].key)
        if more:
            # Over the last cell of the line: there are columns to the right.
            used = sum(len(text) for text, _ in parts)
            if used >= width:
                text, style = parts[-2]
                over = used - GAP - width
                parts[-2:] = [(fit(text, len(text) - max(over, 0) - 1), style)]
            else:
                parts.append((" " * (width - used - 1), muted))
            parts.append(("›", ink("primary", "background")))
        return parts

    def draw_row(self, index: int, width: int, ink: Ink) -> list[Part]:
        row = self.view[index]
        if row >= len(self.seen.tasks):
            return []
        look = self._looks[index] = self._look(index)
        task, pictures, worst, marked = look
        here = index == self.cursor
        glyph, color = SEVERITIES[worst] if worst is not None else (" ", "muted")
        parts: list[Part] = [
            ("●" if marked else " ", ink("primary", bold=True)),
            (f" {glyph}", ink(color)),
            (fit("" if pictures is None else f"{pictures:,}", GUTTER - 6, right=True), ink("muted")),
            ("  ", ink("muted")),
        ]
        key = self.key
        for place in self.placed():
            text, style = self._cell(task, place, ink, here=here, marked=marked)
            if here and self.has_focus and place.column.key == key:
                style = ink("background", "primary", bold=True)
            parts.append((text, style))
            parts.append((" " * GAP, ink("muted")))
        return parts

    def _cell(self, task: Task, place: Placed, ink: Ink, *, here: bool, marked: bool) -> Part:
        key, width = place.column.key, place.width
        text = fields.text_of(task, key)
        if text:
            style = ink("muted" if key == "prompt" and not here else "foreground", bold=key == "name" and marked)
        elif key == "prompt":
            text, style = "no prompt yet", ink("warning")
        elif key in self.seen.defaults:
            text, style = fields.value_text(self.seen.defaults[key]), ink("muted")
        else:
            style = Style.null()
        return fit(first_words(text, width), width, right=place.column.number), style

    def desk_changed(self, what: Changed) -> None:
        desk = self.desk
        if what & Changed.OPENED:
            self.columns.open(desk.batch)
            self.column, self.first_column = 0, 1
        elif what & Changed.TASKS:
            self.columns.follow(desk.difference(self.seen, desk.batch))
        self.seen = desk.batch
