"""A fixed slot that shows one picture, or says in words why it does not."""

import textwrap
from dataclasses import dataclass
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

    def __init__(self, pictures: Pictures, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._pictures = pictures
        self._path: Path | None = None
        self._words: tuple[str, ...] = ()
        self._wish: Wish | None = None
        self._shown: Shown | None = None

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
                    self._pictures.want(self, wish, lambda w, s: self.post_message(self.Built(w, s)))
        self.refresh()

    def on_picture_built(self, message: Built) -> None:
        if message.wish == self._wish:
            self._shown = message.shown
            self.refresh()

    def render_lines(self, crop: Region) -> list[Strip]:
        shown = self._shown
        if shown is None or shown.problem is not None:
            return self._text_lines(crop, shown.problem if shown is not None else None)
        width, height = self.size
        left, top = (width - shown.columns) // 2, (height - shown.rows) // 2
        blank = Strip([Segment(" " * width, ink_of(self.app)(None, "background"))], width)
        if shown.sixel is not None:
            return self._sixel_lines(shown, blank, left, top)
        pad = ink_of(self.app)(None, "background")
        right = width - left - shown.columns
        body = [Strip([Segment(" " * left, pad), *strip, Segment(" " * right, pad)], width) for strip in shown.strips]
        lines = [blank] * top + body + [blank] * (height - top - len(body))
        return [line.crop(crop.x, crop.right) for line in lines[crop.y : crop.bottom]]

    def _sixel_lines(self, shown: Shown, blank: Strip, left: int, top: int) -> list[Strip]:
        try:
            if not self.screen.is_current or shown.sixel is None:
                return [blank] * self.size.height
        except NoScreen:
            return [blank] * self.size.height
        region = self.content_region
        painted = sixel.strips(shown.sixel, shown.columns, shown.rows, region.x + left, region.y + top)
        side = Strip([Segment(" " * left, ink_of(self.app)(None, "background"))], left)
        lines = [Strip.join([side, line]) for line in painted[:-1]] + [painted[-1]]
        return [blank] * top + lines + [blank] * (self.size.height - top - len(lines))

    def _text_lines(self, crop: Region, problem: str | None) -> list[Strip]:
        width, height = self.size
        muted, back = ink_of(self.app)("muted"), ink_of(self.app)(None, "background")
        words = (*self._words, problem) if problem else self._words
        if self._wish is not None and self._shown is None:
            words = ()  # on its way: an empty frame for some milliseconds is calmer than a flash of words
        words = tuple(line for word in words for line in textwrap.wrap(word, max(width - 4, 8)) or [""])
        top = max(0, (height - len(words)) // 2)
        lines = [Strip([Segment(" " * width, back)], width)] * height
        for offset, line in enumerate(words[: height - top]):
            text = line.center(width) if len(line) < width else fit(line, width)
            lines[top + offset] = Strip([Segment(fit(text, width), back + muted)], width)
        return [line.crop(crop.x, crop.right) for line in lines[crop.y : crop.bottom]]
