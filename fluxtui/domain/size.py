"""Sizes of pictures in pixels."""

import math
import re
from dataclasses import dataclass

_PATTERN = re.compile(r"\s*(\d{1,6})\s*[xX×*]\s*(\d{1,6})\s*")

LARGEST_SIDE = 16_384
"""A side beyond this is a mistake in the file: no service makes it."""


@dataclass(frozen=True, slots=True, order=True)
class Size:
    """Width and height in pixels, both at least 1."""

    width: int
    height: int

    def __post_init__(self) -> None:
        if not (1 <= self.width <= LARGEST_SIDE and 1 <= self.height <= LARGEST_SIDE):
            raise ValueError(f"a size has sides of 1 to {LARGEST_SIDE} pixels, not {self}")

    @classmethod
    def parse(cls, text: str) -> "Size":
        """Read `WxH`. Raises ValueError with what would be right."""
        match = _PATTERN.fullmatch(text)
        if match is None:
            raise ValueError(f"a size is written WIDTHxHEIGHT, for example 1024x768, not {text!r}")
        return cls(int(match[1]), int(match[2]))

    @property
    def pixels(self) -> int:
        return self.width * self.height

    @property
    def ratio(self) -> float:
        return self.width / self.height

    def nearest(self, choices: "list[Size] | tuple[Size, ...]") -> "Size":
        """Return the choice closest in shape, then in number of pixels."""
        return min(choices, key=lambda c: (round(abs(math.log(c.ratio / self.ratio)), 3), abs(c.pixels - self.pixels)))

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"
