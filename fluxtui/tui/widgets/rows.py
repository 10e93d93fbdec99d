"""A list of rows drawn by the line API: as quick at 100,000 rows as at ten."""

from dataclasses import dataclass

from textual.events import Click
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from fluxtui.tui import keymap
from fluxtui.tui.ink import Ink, Part, ink_of, strip_of


class Rows(ScrollView, can_focus=True):
    """The base of every list here: a cursor, keys, a pinned heading, rows drawn on demand.

    A subclass says how many rows there are (`row_count`), draws one (`draw_row`), and has
    `HEADING` lines drawn by `draw_heading`.
    """

    BINDINGS = keymap.bindings(keymap.ROWS)
    DEFAULT_CSS = """
    Rows { background: $background; scrollbar-size-vertical: 1; overflow-x: hidden; overflow-y: auto; }
    """
    HEADING = 0
    GROUND = "background"
    """The theme variable that rows stand on."""

    cursor: reactive[int] = reactive(0, repaint=False, init=False)
    """The index of the row under the cursor; subclasses keep the identity behind it."""

    @dataclass
    class Moved(Message):
        """The cursor is on another row."""

        rows: "Rows"
        index: int

        @property
        def control(self) -> "Rows":
            return self.rows

    @dataclass
    class Chosen(Message):
        """A row was clicked twice (Enter is the screen's)."""

        rows: "Rows"
        index: int

        @property
        def control(self) -> "Rows":
            return self.rows

    @property
    def row_count(self) -> int:
        return 0

    def draw_row(self, index: int, width: int, ink: Ink) -> list[Part]:
        """Return the parts of one row; the background comes from the cursor."""
        return []

    def draw_heading(self, width: int, ink: Ink) -> list[Part]:
        return []

    def nothing(self) -> str:
        """Return what stands in the first line when there are no rows."""
        return ""

    # --- geometry --------------------------------------------------------------------------------

    @property
    def body_height(self) -> int:
        """How many rows are in view."""
        return max(0, self.scrollable_content_region.height - self.HEADING)

    @property
    def lit(self) -> bool:
        """Whether the cursor is drawn as the one that keys move."""
        return self.has_focus

    @property
    def in_view(self) -> range:
        """The indexes of the rows on screen."""
        first = self.scroll_offset.y
        return range(first, min(first + self.body_height, self.row_count))

    def rows_changed(self) -> None:
        """Call after `row_count` changed: sizes, cursor and picture follow."""
        self.virtual_size = Size(self.scrollable_content_region.width, self.row_count + self.HEADING)
        self.set_reactive(Rows.cursor, max(0, min(self.cursor, self.row_count - 1)))
        self.refresh()

    def refresh_row(self, index: int) -> None:
        """Draw one row again, and nothing else."""
        y = index - self.scroll_offset.y + self.HEADING
        if self.HEADING <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def on_resize(self) -> None:
        self.rows_changed()
        self.reveal()

    def on_focus(self) -> None:
        self.refresh_row(self.cursor)

    def on_blur(self) -> None:
        self.refresh_row(self.cursor)

    def render_line(self, y: int) -> Strip:
        ink = ink_of(self.app)
        width = self.scrollable_content_region.width
        if y < self.HEADING:
            return strip_of(self.draw_heading(width, ink), width, ink("muted", self.GROUND))
        index = self.scroll_offset.y + y - self.HEADING
        if not 0 <= index < self.row_count:
            words = f" {self.nothing()}" if index == 0 else ""
            return strip_of([(words, ink("muted"))], width, ink(None, self.GROUND))
        on = self.GROUND
        if index == self.cursor:
            on = "cursor" if self.lit else "cursor-away"
        mark = ("▌" if index == self.cursor else " ", ink("primary" if self.lit else "faint"))
        parts = [mark, *self.draw_row(index, width - 1, ink)]
        return strip_of(parts, width, ink("foreground", on))

    # --- the cursor ------------------------------------------------------------------------------

    def watch_cursor(self, before: int, after: int) -> None:
        self.refresh_row(before)
        self.refresh_row(after)
        self.reveal()
        self.post_message(self.Moved(self, after))

    def validate_cursor(self, cursor: int) -> int:
        return max(0, min(cursor, self.row_count - 1))

    def reveal(self) -> None:
        """Scroll so that the cursor's row is in view."""
        height = self.body_height
        if height <= 0:
            return
        first = self.scroll_offset.y
        if self.cursor < first:
            self.scroll_to(y=self.cursor, animate=False, force=True)
        elif self.cursor >= first + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False, force=True)

    def action_move(self, step: int) -> None:
        self.cursor += step

    def action_page(self, direction: int) -> None:
        self.cursor += direction * max(1, self.body_height - 1)

    def action_edge(self, direction: int) -> None:
        self.cursor = 0 if direction < 0 else self.row_count - 1

    def on_click(self, event: Click) -> None:
        index = self.scroll_offset.y + event.y - self.HEADING
        if event.y < self.HEADING or not 0 <= index < self.row_count:
            return
        self.cursor = index
        if event.chain == 2:
            self.post_message(self.Chosen(self, index))
