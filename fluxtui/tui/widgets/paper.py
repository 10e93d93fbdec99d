"""Text that scrolls, drawn by the line: other text lays nothing on the screen out anew."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.segment import Segment
from textual.content import Content
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip
from textual.visual import Visual
from textual.widget import Widget

from fluxtui.tui.ink import ink_of

_EDGE = "█ "


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of text; `edge` is the theme's colour of a line at its left."""

    text: Content
    edge: str | None = None

    def lines(self, width: int) -> list[Content]:
        """Return the text in lines of at most `width` cells."""
        if self.edge is None:
            return self.text.wrap(max(1, width))
        edge = Content.styled(_EDGE, f"${self.edge}")
        return [edge + line for line in self.text.wrap(max(1, width - len(_EDGE)))]

    def is_same(self, other: "Block") -> bool:
        return self.edge == other.edge and self.text.is_same(other.text)


class Paper(ScrollView, can_focus=True):
    """Blocks of text with an empty line between them. A mark at the right says where one is in a long text."""

    DEFAULT_CSS = """
    Paper { padding: 0 0 0 1; background: $background; overflow: hidden hidden; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._blocks: tuple[Block, ...] = ()
        self._content = Content("")
        self._strips: list[Strip] | None = None
        self._drawn_as: tuple[object, ...] = ()

    @property
    def text(self) -> str:
        """All of it, as plain lines."""
        return self._content.plain

    @property
    def room(self) -> int:
        """The cells of a line: the last column is for the mark."""
        return max(0, self.scrollable_content_region.width - 1)

    def put(self, blocks: Sequence[Block]) -> None:
        """Show these blocks."""
        blocks = tuple(block for block in blocks if block.text)
        alike = len(blocks) == len(self._blocks)
        if not (alike and all(new.is_same(old) for new, old in zip(blocks, self._blocks, strict=True))):
            self._blocks = blocks
            self._arrange()

    def _arrange(self) -> None:
        lines: list[Content] = []
        for block in self._blocks:
            lines += [Content(""), *block.lines(self.room)] if lines else block.lines(self.room)
        self._content = Content("\n").join(lines)
        self._strips = None
        # Set without its watchers: they would lay the whole screen out.
        self.set_reactive(Widget.virtual_size, Size(self.room, len(lines)))
        self.scroll_to(y=min(self.scroll_offset.y, self.max_scroll_y), animate=False, force=True)
        self.refresh()

    def on_resize(self) -> None:
        self._arrange()

    @property
    def allow_vertical_scroll(self) -> bool:
        return self.max_scroll_y > 0

    def selection_updated(self, selection: Selection | None) -> None:
        self._strips = None
        self.refresh()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        return selection.extract(self.text), "\n"

    def render_line(self, y: int) -> Strip:
        ink, width = ink_of(self.app), self.scrollable_content_region.width
        drawn_as = (self.room, self.app.theme, self.visual_style)
        if self._strips is None or drawn_as != self._drawn_as:
            self._drawn_as = drawn_as
            self._strips = Visual.to_strips(self, self._content, self.room, None, self.visual_style)
        at = self.scroll_offset.y + y
        blank = ink(None, "background")
        strip = self._strips[at] if at < len(self._strips) else Strip([])
        mark = Strip([Segment("▐" if self._here(y) else " ", ink("faint", "background"))], 1)
        return Strip.join([strip.adjust_cell_length(self.room, blank), mark]).adjust_cell_length(width, blank)

    def _here(self, y: int) -> bool:
        """Return whether the mark, as long as the part in view, covers a line."""
        height, whole = self.size.height, self.virtual_size.height
        if whole <= height or not height:
            return False
        size = max(1, height * height // whole)
        first = round((height - size) * self.scroll_offset.y / max(1, self.max_scroll_y))
        return first <= y < first + size
