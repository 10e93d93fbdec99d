"""Sizes as services want them: multiples, ranges, pixel limits, shapes. Pure arithmetic."""

import math
import re

from fluxtui.domain.request import Change
from fluxtui.domain.size import Size
from fluxtui.providers.catalog import SizeRule

_RATIO = re.compile(r"\s*(\d{1,4})\s*[:/x]\s*(\d{1,4})\s*")
_LARGEST_TERM = 64
"""A shape such as 1023:767 is an accident of pixels, not one that somebody meant."""


def fit(size: Size, rule: SizeRule) -> tuple[Size, Change | None, str]:
    """Return the nearest size that `rule` allows, how it differs from `size`, and why.

    The shape is kept as far as the limits and the grid allow. What fits already is returned as it is.
    """
    if rule.choices:
        given = size.nearest(rule.choices)
        named = ", ".join(str(choice) for choice in rule.choices)
        return (size, None, "") if given == size else (given, Change.BUCKETED, f"it makes {named}")
    low = math.ceil(rule.low / rule.multiple) * rule.multiple
    high = rule.high // rule.multiple * rule.multiple
    width, height = _scaled(*_widened(size, rule), low, high, rule.max_pixels)
    scaled = (width, height) != (size.width, size.height)
    given = _kept(_on_grid(width, height, rule, low, high), rule)
    if given == size:
        return size, None, ""
    return given, Change.CLAMPED if scaled else Change.BUCKETED, _reason(rule, limits=scaled)


def _widened(size: Size, rule: SizeRule) -> tuple[float, float]:
    """Return the sides no steeper and no smaller than `rule` allows, in proportion where that is possible."""
    width, height = float(size.width), float(size.height)
    if rule.steepest is not None and max(width, height) > rule.steepest * min(width, height):
        longer = math.sqrt(width * height * rule.steepest)
        shorter = longer / rule.steepest
        width, height = (longer, shorter) if width > height else (shorter, longer)
    if rule.min_pixels is not None and width * height < rule.min_pixels:
        up = math.sqrt(rule.min_pixels / (width * height))
        width, height = width * up, height * up
    return width, height


def _kept(size: Size, rule: SizeRule) -> Size:
    """Return `size` moved by steps to where the grid's rounding breaks no limit."""
    sides = [size.width, size.height]
    while True:
        longer, shorter = max(sides), min(sides)
        steep = rule.steepest is not None and longer > rule.steepest * shorter
        small = rule.min_pixels is not None and longer * shorter < rule.min_pixels
        if not (steep or small):
            return Size(sides[0], sides[1])
        sides[sides.index(shorter)] += rule.multiple


def _scaled(width: float, height: float, low: int, high: int, max_pixels: int | None) -> tuple[float, float]:
    """Return the sides brought into the limits, in proportion where that is possible."""
    given = width, height
    down = min(1.0, high / max(width, height))
    if max_pixels is not None:
        down = min(down, math.sqrt(max_pixels / (width * height)))
    width, height = width * down, height * down
    up = max(1.0, low / min(width, height))
    width, height = min(width * up, high), min(height * up, high)
    if up > 1.0 and max_pixels is not None and width * height > max_pixels:
        width, height = min(width, max_pixels / low), min(height, max_pixels / low)
    return given if down == up == 1.0 else (width, height)


def _on_grid(width: float, height: float, rule: SizeRule, low: int, high: int) -> Size:
    step = rule.multiple

    def snapped(side: float, *, down: bool) -> int:
        # The tiny addend undoes what floating point loses when a side was scaled to a whole number.
        steps = math.floor(side / step + 1e-9) if down else math.floor(side / step + 0.5)
        return min(max(steps * step, low), high)

    down = rule.rounding == "down"
    sides = [snapped(width, down=down), snapped(height, down=down)]
    if rule.max_pixels is not None and sides[0] * sides[1] > rule.max_pixels:
        sides = [snapped(width, down=True), snapped(height, down=True)]
        while sides[0] * sides[1] > rule.max_pixels and max(sides) > low:
            sides[sides.index(max(sides))] -= step
    return Size(sides[0], sides[1])


def _reason(rule: SizeRule, *, limits: bool) -> str:
    parts = []
    if limits:
        parts.append(f"sides of {rule.low} to {rule.high}")
        least = f"{rule.min_pixels / 1_000_000:.2f} to" if rule.min_pixels is not None else "at most"
        if rule.max_pixels is not None:
            parts.append(f"{least} {rule.max_pixels / 1_000_000:.1f} million pixels")
        if rule.steepest is not None:
            parts.append(f"at most {rule.steepest:g}:1")
    if rule.multiple > 1:
        parts.append(f"multiples of {rule.multiple}")
    return ", ".join(parts)


def parse_ratio(text: str) -> tuple[int, int] | None:
    """Return the two terms of a shape such as `16:9`, None when it is none."""
    match = _RATIO.fullmatch(text)
    if match is None or not int(match[1]) or not int(match[2]):
        return None
    return int(match[1]), int(match[2])


def shape(width: int, height: int, rule: SizeRule) -> str:
    """Return the shape nearest to width:height that `rule` allows, as text."""
    divisor = math.gcd(width, height)
    terms = width // divisor, height // divisor
    known = [(ratio, pair) for ratio in rule.ratios if (pair := parse_ratio(ratio))]
    for ratio, pair in known:
        if pair[0] * terms[1] == pair[1] * terms[0]:
            return ratio  # in the service's own spelling: 21:9, not 7:3
    # The margin lets 21:9 itself pass, whose quotient no decimal limit names exactly.
    flat_enough = max(terms) / min(terms) <= (rule.steepest or math.inf) + 1e-3
    if rule.any_ratio and max(terms) <= _LARGEST_TERM and flat_enough:
        return f"{terms[0]}:{terms[1]}"
    wanted = math.log(width / height)
    return min(known, key=lambda item: abs(math.log(item[1][0] / item[1][1]) - wanted))[0]


def resolution(size: Size, rule: SizeRule) -> str:
    """Return the class of pixels nearest to `size`; some exist for squares only."""
    square = size.width == size.height
    choices = [name for name in rule.resolutions if square or name not in rule.square_only]
    return min(choices, key=lambda name: abs(math.log(rule.resolutions[name] / size.pixels)))


def sized(ratio: tuple[int, int], pixels: int) -> Size:
    """Return a size of this shape and about so many pixels."""
    width = math.sqrt(pixels * ratio[0] / ratio[1])
    sides = max(1, round(width)), max(1, round(pixels / width))
    return Size(min(sides[0], 16_384), min(sides[1], 16_384))
