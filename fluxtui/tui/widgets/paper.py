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
            return _wrap(self.text, max(1, width))
        edge = Content.styled(_EDGE, f"${self.edge}")
        return [edge + line for line in _wrap(self.text, max(1, width - len(_EDGE)))]

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
        self._lines: list[Content] = []
        self._strips: dict[int, Strip] = {}
        self._drawn_as: tuple[object, ...] = ()

    @property
    def text(self) -> str:
        """All of it, as plain lines."""
        return "\n".join(line.plain for line in self._lines)

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
        self._lines = lines
        self._strips = {}
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
        self._strips = {}
        self.refresh()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        return selection.extract(self.text), "\n"

    def render_line(self, y: int) -> Strip:
        ink, width = ink_of(self.app), self.scrollable_content_region.width
        room = max(0, width - 1)
        drawn_as = (room, self.app.theme, self.visual_style)
        if drawn_as != self._drawn_as:
            self._drawn_as, self._strips = drawn_as, {}
        blank, mark = ink(None, "background"), Segment("▐" if self._here(y) else " ", ink("faint", "background"))
        line = self._strip(self.scroll_offset.y + y, room).adjust_cell_length(room, blank)
        return Strip.join([line, Strip([mark], 1)]).adjust_cell_length(width, blank)

    def _strip(self, at: int, room: int) -> Strip:
        """Return one line as it is drawn; of a long text only those that are seen are made."""
        if at >= len(self._lines):
            return Strip([])
        strip = self._strips.get(at)
        if strip is None and self.text_selection is not None:
            whole = Content("\n").join(self._lines)
            self._strips = dict(enumerate(Visual.to_strips(self, whole, room, None, self.visual_style)))
            strip = self._strips.get(at)
        if strip is None:
            strip = self._strips[at] = self._plain_strip(at)
        return strip

    def _plain_strip(self, at: int) -> Strip:
        segments, x = [], 0
        for text, style in self._lines[at].render(self.visual_style, end=""):
            # Where a piece of text stands in the whole is what the mouse selects by.
            segments.append(Segment(text, style.rich_style_with_offset(x, at)))
            x += len(text)
        return Strip(segments)

    def _here(self, y: int) -> bool:
        """Return whether the mark, as long as the part in view, covers a line."""
        height, whole = self.size.height, self.virtual_size.height
        if whole <= height or not height:
            return False
        size = max(1, height * height // whole)
        first = round((height - size) * self.scroll_offset.y / max(1, self.max_scroll_y))
        return first <= y < first + size


def _wrap(text: Content, width: int) -> list[Content]:
    """Return the text in lines of at most `width` cells. Most lines fit, and are not looked through word by word."""
    lines: list[Content] = []
    for line in text.split("\n", allow_blank=True):
        lines += [line] if line.cell_length <= width and "\t" not in line.plain else line.wrap(width)
    return lines
