"""Small pictures of the jobs around the cursor, in the table's order."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.segment import Segment
from textual.events import Click, Resize
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from fluxtui.domain.jobs import JobState
from fluxtui.tui import faces
from fluxtui.tui.ink import Ink, fit, ink_of
from fluxtui.tui.previews.door import Pictures, Shown, Wish
from fluxtui.tui.previews.probe import Mode

_SMALL, _LARGE = (20, 7), (27, 10)
"""Columns (one of them the gap) and fewest rows (one of them the label) of a tile."""
_LARGE_FROM = 90
_MOST_ROWS = 13


def tile_size(width: int, height: int) -> tuple[int, int]:
    """Return the columns and rows of a tile that fill `width` x `height` well. Pure."""
    columns, least = _LARGE if width >= _LARGE_FROM else _SMALL
    down = max(1, height // least)
    return columns, max(least, min(_MOST_ROWS, height // down))


@dataclass(frozen=True, slots=True)
class Tile:
    """One job on the sheet; `path` is its thumbnail when it has one."""

    job_id: int
    state: JobState
    task: str
    target: str
    path: Path | None


class ContactSheet(Widget):
    """A grid of tiles drawn as half blocks in every mode: many small pictures, little traffic."""

    DEFAULT_CSS = """
    ContactSheet { height: 1fr; background: $background; }
    """

    @dataclass
    class Built(Message):
        """A small picture arrived."""

        bubble = False
        wish: Wish
        shown: Shown

    @dataclass
    class Picked(Message):
        """A tile was clicked."""

        job_id: int

    @dataclass
    class RoomChanged(Message):
        """Another number or size of tiles fits now: show them again."""

    def __init__(self, pictures: Pictures, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._pictures = pictures
        self._tiles: tuple[Tile, ...] = ()
        self._current: int | None = None
        self._by_target = False
        self._shown: dict[Wish, Shown] = {}
        self._sized = (0, 0)
        self._tile, self.across, self.down = _SMALL, 1, 0  # how many tiles stand side by side, and how many below

    @property
    def tile(self) -> tuple[int, int]:
        """The columns and rows of a tile, now."""
        return self._tile

    @property
    def room(self) -> int:
        """How many tiles fit."""
        return self.across * self.down

    @property
    def settled(self) -> bool:
        """Whether every tile shows what it will show."""
        return self._pictures.mode is Mode.OFF or all(
            wish is None or wish in self._shown for wish in map(self._wish, self._tiles)
        )

    @property
    def tiles(self) -> tuple[Tile, ...]:
        return self._tiles

    def show(self, tiles: Sequence[Tile], current: int | None) -> None:
        """Show these tiles (at most `room`), the one of job `current` marked."""
        tiles = tuple(tiles)[: max(self.room, 0)]
        if (tiles, current, self.tile) == (self._tiles, self._current, self._sized):
            return
        # A tile's one line says what tells it from its neighbours.
        by_target = len({tile.target for tile in tiles}) > len({tile.task for tile in tiles})
        alike = (self._sized, self._by_target, len(self._tiles)) == (self.tile, by_target, len(tiles))
        before = [(tile, tile.job_id == self._current) for tile in self._tiles]
        self._sized, self._by_target = self.tile, by_target
        self._tiles, self._current = tiles, current
        wanted = {self._wish(tile) for tile in tiles} - {None}
        self._shown = {wish: shown for wish, shown in self._shown.items() if wish in wanted}
        for position, tile in reversed(list(enumerate(tiles))):
            wish = self._wish(tile)
            if wish is None or wish in self._shown or self._pictures.mode is Mode.OFF:
                self._pictures.drop((self, position))
                continue
            ready = self._pictures.ready(wish)
            if ready is not None:
                self._shown[wish] = ready
            else:
                self._pictures.want((self, position), wish, lambda w, s: self.post_message(self.Built(w, s)))
        if not alike:
            self.refresh()
            return
        for position, tile in enumerate(tiles):
            if (tile, tile.job_id == current) != before[position]:
                self._refresh_tile(position)

    def _refresh_tile(self, position: int) -> None:
        columns, rows = self.tile
        down, across = divmod(position, self.across)
        self.refresh(Region(across * columns, down * rows, columns, rows))

    def _wish(self, tile: Tile) -> Wish | None:
        columns, rows = self.tile
        return None if tile.path is None else Wish(tile.path, columns - 1, rows - 1, cells_only=True)

    def on_contact_sheet_built(self, message: Built) -> None:
        for position, tile in enumerate(self._tiles):
            if self._wish(tile) == message.wish:
                self._shown[message.wish] = message.shown
                self._refresh_tile(position)

    def on_resize(self, event: Resize) -> None:
        # Kept, for every line that is drawn asks: what a widget's size is takes Textual a walk.
        width, height = event.size
        self._tile = columns, rows = tile_size(width, height)
        self.across, self.down = max(1, (width + 1) // columns), max(0, height // rows)
        self.post_message(self.RoomChanged())

    def on_click(self, event: Click) -> None:
        columns, rows = self.tile
        position = (event.y // rows) * self.across + event.x // columns
        if position < len(self._tiles):
            self.post_message(self.Picked(self._tiles[position].job_id))

    def render_line(self, y: int) -> Strip:
        ink, width = ink_of(self.app), self.size.width
        row, line = divmod(y, self.tile[1])
        parts: list[Strip] = []
        for tile in self._tiles[row * self.across : (row + 1) * self.across]:
            parts += [self._tile_line(tile, line, ink), Strip([Segment(" ", ink(None, "background"))], 1)]
        if row >= self.down:
            parts = []
        return Strip.join(parts).adjust_cell_length(width, ink(None, "background"))

    def _tile_line(self, tile: Tile, line: int, ink: Ink) -> Strip:
        columns, rows = self.tile
        width, back = columns - 1, ink(None, "background")
        here = tile.job_id == self._current
        if line == rows - 1:
            mark = "▌" if here else " "
            label = tile.target.partition("/")[2] or tile.target if self._by_target else tile.task
            name = fit(f"{faces.GLYPHS[tile.state]} {faces.one_line(label, 80)}", width - 1)
            style = back + ink("foreground" if here else "muted", "cursor" if here else None, bold=here)
            return Strip([Segment(mark, back + ink("primary")), Segment(name, style)], width)
        wish = self._wish(tile)
        shown = None if wish is None else self._shown.get(wish)
        if shown is None or shown.problem is not None or not shown.strips:
            text = ""
            if line == rows // 2 - 1 and wish is None:
                text = f"{faces.GLYPHS[tile.state]} {tile.state.label}".center(width)
            style = ink(faces.color_of(tile.state), "surface")
            return Strip([Segment(fit(text, width), style)], width)
        top, left = (rows - 1 - shown.rows) // 2, (width - shown.columns) // 2
        if not top <= line < top + shown.rows:
            return Strip([Segment(" " * width, back)], width)
        side, other = Segment(" " * left, back), Segment(" " * (width - left - shown.columns), back)
        return Strip([side, *shown.strips[line - top], other], width)
