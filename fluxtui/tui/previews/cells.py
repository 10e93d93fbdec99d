"""Pictures as half blocks: two pixels a character, in every terminal. For a thread, never the loop."""

from functools import lru_cache
from typing import TYPE_CHECKING

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

if TYPE_CHECKING:
    from PIL.Image import Image


def fitted(width: int, height: int, columns: int, rows: int, cell: tuple[int, int]) -> tuple[int, int]:
    """Return the cells that a picture of `width` x `height` pixels fills inside `columns` x `rows`.

    `cell` is the size of a character in pixels; the picture keeps its shape and at least one cell.
    """
    scale = min(columns * cell[0] / max(width, 1), rows * cell[1] / max(height, 1))
    return (
        max(1, min(columns, round(width * scale / cell[0]))),
        max(1, min(rows, round(height * scale / cell[1]))),
    )


@lru_cache(maxsize=65_536)
def _style(top: int, bottom: int) -> Style:
    return Style(
        color=Color.from_rgb(top >> 16, top >> 8 & 255, top & 255),
        bgcolor=Color.from_rgb(bottom >> 16, bottom >> 8 & 255, bottom & 255),
    )


def strips(image: "Image", columns: int, rows: int) -> list[Strip]:
    """Return `rows` strips of `columns` cells that show `image` (RGB, any size)."""
    from PIL.Image import Resampling

    small = image.resize((columns, rows * 2), Resampling.LANCZOS, reducing_gap=2.0)
    data = small.tobytes()
    stride = columns * 3
    lines = []
    for row in range(rows):
        upper, lower = data[2 * row * stride :], data[(2 * row + 1) * stride :]
        segments: list[Segment] = []
        run, last = 0, -1
        for x in range(0, stride, 3):
            top = upper[x] << 16 | upper[x + 1] << 8 | upper[x + 2]
            bottom = lower[x] << 16 | lower[x + 1] << 8 | lower[x + 2]
            pair = top << 24 | bottom
            if pair != last:
                if run:
                    segments.append(Segment("▀" * run, _style(last >> 24, last & 0xFFFFFF)))
                run, last = 0, pair
            run += 1
        segments.append(Segment("▀" * run, _style(last >> 24, last & 0xFFFFFF)))
        lines.append(Strip(segments, columns))
    return lines
