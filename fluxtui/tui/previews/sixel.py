"""Pictures as sixels, encoded by textual-image's renderer in a thread.

`textual_image.renderable` asks the terminal questions when it is imported. `prepare` imports it
before the app starts, where it finds no terminal to ask, since our own probe has asked already.
"""

import io
import sys
from typing import TYPE_CHECKING

from rich.control import Control
from rich.segment import ControlType, Segment
from rich.style import Style
from textual.strip import Strip

if TYPE_CHECKING:
    from PIL.Image import Image

_PLAIN = Style()
_KEEP = ((ControlType.CURSOR_FORWARD, 0),)  # keeps the renderer from touching the data


def prepare() -> None:
    """Import the encoder without letting it talk to the terminal. Before the app starts."""
    real = sys.__stdout__
    sys.__stdout__ = io.StringIO()  # type: ignore[misc, assignment]  # the one way to keep the import from probing
    try:
        import textual_image.renderable  # noqa: F401 - imported for its effect of being imported
    finally:
        sys.__stdout__ = real  # type: ignore[misc]


def build(image: "Image", columns: int, rows: int, cell: tuple[int, int]) -> str:
    """Return `image` as sixel data that fills `columns` x `rows` cells."""
    from textual_image._sixel import image_to_sixels

    return image_to_sixels(image.resize((columns * cell[0], rows * cell[1])))


def strips(data: str, columns: int, rows: int, x: int, y: int) -> list[Strip]:
    """Return the strips that paint sixel `data` at screen position `x`, `y`.

    The lines themselves are empty: a character written over a sixel would erase it.
    """
    last = Strip(
        [
            Segment(Control.move_to(x, y).segment.text, _PLAIN),
            Segment(data, _PLAIN, control=_KEEP),
            Segment(Control.move_to(x + columns, y + rows - 1).segment.text, _PLAIN),
        ],
        cell_length=columns,
    )
    return [Strip([])] * (rows - 1) + [last]
