"""Colours for widgets that draw their own lines: styles from the theme's variables, made once."""

from typing import TypeAlias
from weakref import WeakKeyDictionary

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.color import Color
from textual.strip import Strip

Part: TypeAlias = tuple[str, Style]
"""A stretch of a line: text (safe, one line) and its style."""


class Ink:
    """Styles by the name of a theme variable."""

    def __init__(self, variables: dict[str, str]) -> None:
        self._variables = variables
        self._styles: dict[tuple[str | None, str | None, bool], Style] = {}

    def rgb(self, name: str) -> tuple[int, int, int]:
        """Return a variable's colour; the theme loader guarantees that ours are plain colours."""
        return Color.parse(self._variables[name]).rgb

    def __call__(self, color: str | None = None, on: str | None = None, *, bold: bool = False) -> Style:
        key = (color, on, bold)
        style = self._styles.get(key)
        if style is None:
            style = self._styles[key] = Style(
                color=None if color is None else Color.parse(self._variables[color]).rich_color,
                bgcolor=None if on is None else Color.parse(self._variables[on]).rich_color,
                bold=bold or None,
            )
        return style


_INKS: "WeakKeyDictionary[App[object], tuple[str, Ink]]" = WeakKeyDictionary()


def ink_of(app: App[object]) -> Ink:
    """Return the app's ink; a new one after a change of theme."""
    known = _INKS.get(app)
    if known is not None and known[0] == app.theme:
        return known[1]
    ink = Ink(dict(app.get_css_variables()))
    _INKS[app] = (app.theme, ink)
    return ink


def forget_inks() -> None:
    """Have styles made anew: a theme of the same name has other colours by now."""
    _INKS.clear()


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Return safe one-line text cut (with an ellipsis) or padded to exactly `width` cells."""
    if width <= 0:
        return ""
    length = cell_len(text)
    if length > width:
        return set_cell_size(text, width - 1) + "…" if width > 1 else "…"
    return text.rjust(len(text) + width - length) if right else text + " " * (width - length)


def strip_of(parts: list[Part], width: int, filler: Style) -> Strip:
    """Return the parts as one strip of exactly `width` cells on `filler`'s background."""
    strip = Strip([Segment(text, filler + style) for text, style in parts if text])
    return strip.adjust_cell_length(width, filler)
