"""A fixed slot that shows one picture, or says in words why it does not."""

import textwrap
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rich.segment import Segment
from textual.dom import NoScreen
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from fluxtui.tui.ink import fit, ink_of
from fluxtui.tui.previews import sixel
from fluxtui.tui.previews.door import Pictures, Shown, Wish
from fluxtui.tui.previews.probe import Mode


class Picture(Widget):
    """Shows one picture, centred, as large as it fits.

    It has no focus, hover or border rule and no opacity: restyling would send the picture again,
    and Kitty's placeholders carry their number in the text colour.
    """

    DEFAULT_CSS = """
    Picture { width: 1fr; height: 1fr; background: $background; }
    """

    @dataclass
    class Built(Message):
        """A picture arrived from the previews' thread."""

        bubble = False
        wish: Wish
        shown: Shown
        turns: int

    def __init__(self, pictures: Pictures, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._pictures = pictures
        self._path: Path | None = None
        self._words: tuple[str, ...] = ()
        self._wish: Wish | None = None
        self._shown: Shown | None = None
        self._turns = pictures.turns

    def show(self, path: Path | None, *words: str) -> None:
        """Show the picture at `path` (a thumbnail), or the lines of `words` when there is none."""
        if (path, words) == (self._path, self._words):
            return
        self._path, self._words = path, words
        self._ask()

    @property
    def settled(self) -> bool:
        """Whether nothing is on its way any more."""
        return self._wish is None or self._shown is not None

    def renew(self) -> None:
        """Draw again; ask again where pictures are drawn another way by now."""
        if self._turns != self._pictures.turns:
            self._turns = self._pictures.turns
            self._wish = self._shown = None
            self._ask()
        self.refresh()

    def on_resize(self) -> None:
        self._ask()

    def on_unmount(self) -> None:
        self._pictures.drop(self)

    def _ask(self) -> None:
        size = self.content_size
        if self._path is None or self._pictures.mode is Mode.OFF or not size:
            self._wish = self._shown = None
            self._pictures.drop(self)
        else:
            wish = Wish(self._path, size.width, size.height)
            if wish != self._wish:
                self._wish = wish
                self._shown = self._pictures.ready(wish)
                if self._shown is None:
                    turns = self._pictures.turns
                    self._pictures.want(self, wish, lambda w, s: self.post_message(self.Built(w, s, turns)))
        self.refresh()

    def on_picture_built(self, message: Built) -> None:
        if message.wish == self._wish and message.turns == self._pictures.turns:
            self._shown = message.shown
            self.refresh()

    def render_line(self, y: int) -> Strip:
        ink, (width, height) = ink_of(self.app), self.size
        back = ink(None, "background")
        shown = self._shown
        if shown is None or shown.problem is not None:
            return self._words_line(y, None if shown is None else shown.problem)
        left, top = (width - shown.columns) // 2, (height - shown.rows) // 2
        if not (self._may_draw and top <= y < top + len(shown.strips)):
            return Strip([Segment(" " * width, back)], width)
        right = Segment(" " * (width - left - shown.columns), back)
        return Strip([Segment(" " * left, back), *shown.strips[y - top], right], width)

    def render_lines(self, crop: Region) -> list[Strip]:
        shown = self._shown
        if shown is None or shown.sixel is None or not self._may_draw:
            return super().render_lines(crop)
        # A sixel is painted over empty lines at a place on the screen, which only this level knows.
        width, height = self.size
        left, top = (width - shown.columns) // 2, (height - shown.rows) // 2
        back, region = ink_of(self.app)(None, "background"), self.content_region
        blank, side = Strip([Segment(" " * width, back)], width), Strip([Segment(" " * left, back)], left)
        painted = sixel.strips(shown.sixel, shown.columns, shown.rows, region.x + left, region.y + top)
        lines = [Strip.join([side, line]) for line in painted[:-1]] + painted[-1:]
        whole = [blank] * top + lines + [blank] * (height - top - len(lines))
        return whole[crop.y : crop.bottom]

    @property
    def _may_draw(self) -> bool:
        """Whether graphics can be drawn: a screen in front would dim, and so destroy, what carries them."""
        if self._shown is None or (self._shown.sixel is None and self._shown.transmit is None):
            return True
        try:
            return self.screen.is_current
        except NoScreen:
            return False

    def _words_line(self, y: int, problem: str | None) -> Strip:
        width, height = self.size
        style = ink_of(self.app)("muted", "background")
        words = (*self._words, problem) if problem else self._words
        if self._wish is not None and self._shown is None:
            words = ()  # on its way: an empty frame for some milliseconds is calmer than a flash of words
        lines = _wrapped(words, max(width - 4, 8))
        at = y - max(0, (height - len(lines)) // 2)
        text = lines[at] if 0 <= at < len(lines) else ""
        return Strip([Segment(fit(text.center(width) if len(text) < width else text, width), style)], width)


@lru_cache(maxsize=8)
def _wrapped(words: tuple[str, ...], width: int) -> tuple[str, ...]:
    return tuple(line for word in words for line in textwrap.wrap(word, width) or [""])
