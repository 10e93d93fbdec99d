"""What every scene paints with: gradients, soft lights, noise and shapes with smooth edges."""

import hashlib
import math
import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from fluxtui.sandbox.painter.hands import Colour, Hand, Palette, palette_for

Point = tuple[float, float]
_WORK_PIXELS = 262_144
_SMOOTH = 2


def _between_stops(stops: Sequence[tuple[float, Colour]], place: float) -> Colour:
    for first, second in pairwise(stops):
        if place <= second[0]:
            span = second[0] - first[0]
            return mix(first[1], second[1], min(1.0, max(0.0, (place - first[0]) / span)) if span > 0 else 0)
    return stops[-1][1]


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Return the colour between two: 0 is the first, 1 the second."""
    a, b, c = (round(x + (y - x) * share) for x, y in zip(first, second, strict=True))
    return (a, b, c)


@dataclass(frozen=True, slots=True)
class Mask:
    """What is to be painted, light on dark, and where on the canvas it lies (pixels from the top left)."""

    image: Image.Image
    left: int
    top: int

    def within(self, other: Image.Image) -> "Mask":
        """Return the mask where another one, of the whole canvas, is light as well."""
        box = (self.left, self.top, self.left + self.image.width, self.top + self.image.height)
        return Mask(ImageChops.multiply(self.image, other.crop(box)), self.left, self.top)

    def spread(self, size: tuple[int, int]) -> Image.Image:
        """Return the mask as one of the whole canvas."""
        canvas = Image.new("L", size)
        canvas.paste(self.image, (self.left, self.top))
        return canvas


@dataclass
class Stage:
    """A canvas with the words and the chance of one picture. Places are fractions of the sides; y grows downward."""

    image: Image.Image
    random: random.Random
    palette: Palette
    words: frozenset[str]
    detail: float

    @classmethod
    def set_up(
        cls, model: str, prompt: str, seed: int, width: int, height: int, hand: Hand, steps: int | None = None
    ) -> "Stage":
        number = int.from_bytes(hashlib.sha256(f"{model}|{prompt}|{seed}".encode()).digest())
        words = frozenset(re.findall(r"[^\W\d_]+", prompt.lower()))
        palette = palette_for(hand, words, number >> 200)
        # Paint small and enlarge: what is smooth needs no more, and grain hides the rest.
        pixels = width * height
        scale = math.sqrt(min(1.0, max(_WORK_PIXELS, pixels / 4) / pixels))
        size = (max(16, round(width * scale)), max(16, round(height * scale)))
        detail = 1.0 if steps is None else min(1.4, 0.45 + steps / 45)
        return cls(Image.new("RGB", size, palette.low), random.Random(number), palette, words, detail)

    @property
    def width(self) -> int:
        return self.image.width

    @property
    def height(self) -> int:
        return self.image.height

    @property
    def unit(self) -> float:
        """The shorter side in pixels: what round things are measured by."""
        return min(self.image.size)

    def between(self, low: float, high: float) -> float:
        return self.random.uniform(low, high)

    def says(self, *words: str) -> bool:
        """Whether the prompt has one of the words, as it is or as a plural."""
        return any(word in self.words or f"{word}s" in self.words for word in words)

    def count(self, number: float) -> int:
        """Return a number of things, more of them when more steps were asked for."""
        return max(1, round(number * self.detail))

    # -- surfaces -----------------------------------------------------------------------------

    def column(self, stops: Sequence[tuple[float, Colour]]) -> Image.Image:
        """Return a gradient through (place, colour) stops that is one pixel wide and as high as the canvas."""
        column = Image.new("RGB", (1, 48))
        column.putdata([_between_stops(stops, row / 47) for row in range(48)])
        return column.resize((1, self.height), Image.Resampling.BILINEAR)

    def gradient(self, stops: Sequence[tuple[float, Colour]]) -> Image.Image:
        """Return a canvas-sized vertical gradient through (place, colour) stops."""
        return self.column(stops).resize(self.image.size, Image.Resampling.NEAREST)

    def backdrop(self, *stops: tuple[float, Colour]) -> None:
        self.image.paste(self.gradient(stops))

    def noise(self, cells: int, octaves: int = 3, stretch: float = 1.0) -> Image.Image:
        """Return a soft field of light and dark; `stretch` above 1 draws it out sideways."""
        result: Image.Image | None = None
        across = max(2, round(cells * self.width / self.unit / stretch))
        down = max(2, round(cells * self.height / self.unit))
        small = (max(2, self.width // 4), max(2, self.height // 4))
        for octave in range(octaves):
            w, h = across << octave, down << octave
            tile = Image.frombytes("L", (w, h), self.random.randbytes(w * h))
            layer = tile.resize(small, Image.Resampling.BICUBIC)
            result = layer if result is None else Image.blend(result, layer, 0.5 / (octave + 0.6))
        assert result is not None
        return result.resize(self.image.size, Image.Resampling.BILINEAR)

    def veil(self, mask: "Mask | Image.Image", colour: Colour, strength: float = 1.0) -> None:
        """Lay a colour over the canvas where the mask is light."""
        mask = mask if isinstance(mask, Mask) else Mask(mask, 0, 0)
        light = mask.image if strength >= 1 else mask.image.point(lambda value: value * strength)
        self.image.paste(colour, (mask.left, mask.top), light)

    def fill(self, mask: "Mask", *stops: tuple[float, Colour]) -> None:
        """Fill a mask with a vertical gradient."""
        if len({colour for _, colour in stops}) == 1:
            self.veil(mask, stops[0][1])
            return
        rows = self.column(stops).crop((0, mask.top, 1, mask.top + mask.image.height))
        self.image.paste(rows.resize(mask.image.size, Image.Resampling.NEAREST), (mask.left, mask.top), mask.image)

    # -- lights -------------------------------------------------------------------------------

    def glow(self, x: float, y: float, radius: float, colour: Colour, strength: float = 1.0) -> None:
        """Add light around a point; `radius` in shorter sides."""
        r = max(2, round(radius * self.unit))
        spot = Image.radial_gradient("L").point(lambda value: round(max(0, 255 - value * 1.42) ** 1.5 / 16 * strength))
        spot = spot.resize((2 * r, 2 * r), Image.Resampling.BILINEAR)
        box = (round(x * self.width) - r, round(y * self.height) - r)
        light = Image.new("RGB", spot.size)
        light.paste(colour, (0, 0), spot)
        left, top = max(0, box[0]), max(0, box[1])
        right, bottom = min(self.width, box[0] + 2 * r), min(self.height, box[1] + 2 * r)
        if right > left and bottom > top:
            part = light.crop((left - box[0], top - box[1], right - box[0], bottom - box[1]))
            under = self.image.crop((left, top, right, bottom))
            self.image.paste(ImageChops.screen(under, part), (left, top))

    def disc(self, x: float, y: float, radius: float, *stops: tuple[float, Colour]) -> "Mask":
        """Paint a round thing; the stops run from its top (0) to its bottom (1). Return its mask."""
        rx, ry = radius * self.unit / self.width, radius * self.unit / self.height
        mask = self.shapes([("ellipse", [(x - rx, y - ry), (x + rx, y + ry)])])
        self.fill(mask, *((y - ry + place * 2 * ry, colour) for place, colour in stops))
        return mask

    def stars(self, number: int, low: float = 1.0, colour: Colour = (255, 255, 255)) -> None:
        """Strew points of light above `low`."""
        mask = Image.new("L", self.image.size)
        draw = ImageDraw.Draw(mask)
        for _ in range(self.count(number)):
            x, y = self.random.random() * self.width, self.random.random() ** 1.3 * low * self.height
            size = self.unit / 560 * self.random.choice((0.5, 0.5, 0.8, 1.3))
            draw.ellipse((x - size, y - size, x + size, y + size), fill=self.random.randint(90, 255))
        self.veil(mask, colour)

    # -- shapes -------------------------------------------------------------------------------

    def shapes(self, things: Iterable[tuple[str, Sequence[Point]]], line: float = 0.0, value: int = 255) -> "Mask":
        """Return a mask of polygons, ellipses or lines with smooth edges; `line` in shorter sides.

        Only the part of the canvas that they cover is drawn, so that small things cost little.
        """
        things = list(things)
        thickness = max(1, round(line * self.unit * _SMOOTH))
        width, height = self.image.size
        xs = [x for _, points in things for x, _ in points]
        ys = [y for _, points in things for _, y in points]
        edge = thickness / _SMOOTH + 2
        left, top = max(0, int(min(xs) * width - edge)), max(0, int(min(ys) * height - edge))
        right, bottom = min(width, int(max(xs) * width + edge)), min(height, int(max(ys) * height + edge))
        mask = Image.new("L", (max(1, right - left) * _SMOOTH, max(1, bottom - top) * _SMOOTH))
        draw = ImageDraw.Draw(mask)
        for kind, points in things:
            scaled = [((x * width - left) * _SMOOTH, (y * height - top) * _SMOOTH) for x, y in points]
            match kind:
                case "ellipse":
                    draw.ellipse([*scaled[0], *scaled[1]], fill=value)
                case "line":
                    draw.line(scaled, fill=value, width=thickness, joint="curve")
                case _:
                    draw.polygon(scaled, fill=value)
        return Mask(mask.reduce(_SMOOTH), left, top)

    def polygon(self, points: Sequence[Point], *stops: tuple[float, Colour]) -> "Mask":
        mask = self.shapes([("polygon", points)])
        self.fill(mask, *stops)
        return mask

    def peaks(self, base: float, swing: float, often: float = 2.2) -> list[Point]:
        """Return a line of pointed summits from left to right, rising `swing` above `base`."""
        waves = [
            (swing * 0.5**level, self.random.random(), often * 2.0**level * self.between(0.8, 1.2))
            for level in range(6)
        ]
        line = []
        for index in range(129):
            x = index / 128
            rise = sum(high * abs(((x * step + shift) % 1) * 2 - 1) for high, shift, step in waves)
            line.append((x, base - rise + swing * 0.4))
        return line

    def ridge(self, base: float, swing: float, roughness: float = 0.55, points: int = 64) -> list[Point]:
        """Return a broken line from left to right around `base`: the outline of hills (smooth) or rocks (rough)."""
        waves = [
            (swing * roughness**level, self.between(0, math.tau), (2.1**level) * self.between(0.8, 1.25))
            for level in range(6)
        ]
        line = []
        for index in range(points + 1):
            x = index / points
            y = base - sum(height * math.sin(x * math.tau * often * 0.9 + shift) for height, shift, often in waves)
            line.append((x, y))
        return line

    def ground(self, line: Sequence[Point], *stops: tuple[float, Colour]) -> "Mask":
        """Fill everything below a line."""
        return self.polygon([*line, (1.02, 1.02), (-0.02, 1.02)], *stops)

    def clouds(self, colour: Colour, strength: float, low: float = 0.6, cells: int = 4) -> None:
        """Draw drifting clouds above `low`."""
        field = self.noise(cells, 3, stretch=2.6).point(lambda value: max(0, min(255, (value - 118) * 4)))
        fade = self.gradient([(0, (255,) * 3), (low * 0.6, (200,) * 3), (low, (0,) * 3), (1, (0,) * 3)]).getchannel(0)
        self.veil(ImageChops.multiply(field, fade), colour, strength)

    def soften(self, radius: float) -> None:
        """Blur everything painted so far; `radius` in shorter sides."""
        self.image = self.image.filter(ImageFilter.BoxBlur(max(1, radius * self.unit)))
