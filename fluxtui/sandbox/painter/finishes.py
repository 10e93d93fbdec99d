"""What a model's hand does to a finished scene: brush, ink, mosaic, grain."""

import random
from collections.abc import Callable, Mapping

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from fluxtui.sandbox.painter.hands import Hand
from fluxtui.sandbox.painter.stage import Stage, mix

Finish = Callable[[Stage], None]


def finish(stage: Stage, hand: Hand, size: tuple[int, int], guidance: float | None = None) -> Image.Image:
    """Return the scene in the hand of the model, at the size that was asked for.

    More guidance gives stronger colours and contrast, so that a sweep over it can be seen.
    """
    for trait in hand.traits:
        TRAITS[trait](stage)
    push = 1.0 if guidance is None else min(1.35, max(0.75, 0.86 + guidance * 0.045))
    if hand.colour * push != 1:
        stage.image = ImageEnhance.Color(stage.image).enhance(hand.colour * push)
    if hand.contrast != 1 or push > 1.1:
        stage.image = ImageEnhance.Contrast(stage.image).enhance(hand.contrast * (1 + (push - 1) * 0.4))
    sharp = "mosaic" in hand.traits or "halftone" in hand.traits
    picture = stage.image
    if picture.size != size:
        picture = picture.resize(size, Image.Resampling.BICUBIC if not sharp else Image.Resampling.BILINEAR)
    return _grain(picture, hand.grain, stage.random) if hand.grain else picture


def _grain(picture: Image.Image, strength: float, chance: random.Random) -> Image.Image:
    """Add film grain of one tile, laid over the whole picture."""
    tile = Image.frombytes("L", (256, 256), chance.randbytes(65_536)).point(
        lambda v: round(128 + (v - 128) * strength * 0.8)
    )
    tile = Image.merge("RGB", (tile, tile, tile))
    sheet = Image.new("RGB", picture.size)
    for x in range(0, picture.width, 256):
        for y in range(0, picture.height, 256):
            sheet.paste(tile, (x, y))
    return ImageChops.add(picture, sheet, offset=-128)


def _glow(stage: Stage) -> None:
    """Let lights bleed into their surroundings."""
    small = stage.image.reduce(4)
    lights = small.point(lambda value: max(0, value - 130) * 2)
    soft = lights.filter(ImageFilter.BoxBlur(max(2, small.width // 24))).resize(
        stage.image.size, Image.Resampling.BILINEAR
    )
    stage.image = ImageChops.screen(stage.image, soft.point(lambda value: value * 0.4))


def _haze(stage: Stage) -> None:
    stage.veil(stage.noise(2, 2, stretch=4), mix(stage.palette.low, stage.palette.light, 0.5), 0.26)


def _vignette(stage: Stage) -> None:
    shade = Image.radial_gradient("L").point(lambda value: 255 - max(0, value - 90) * 0.85)
    edges = shade.resize(stage.image.size, Image.Resampling.BILINEAR)
    stage.image = ImageChops.multiply(stage.image, Image.merge("RGB", (edges, edges, edges)))


def _brush(stage: Stage) -> None:
    """Break the surface into strokes that take their colour from what they cover."""
    source = stage.image.copy()
    draw = ImageDraw.Draw(stage.image)
    width, height = stage.image.size
    long = stage.unit / 52
    small = source.reduce(4)
    pixels = small.load()
    assert pixels is not None
    chance = stage.random.random
    for _ in range(stage.count(3200)):
        x, y = chance() * width, chance() * height
        colour = pixels[min(int(x) // 4, small.width - 1), min(int(y) // 4, small.height - 1)]
        lift = int((chance() - 0.5) * 30)
        tone = tuple(max(0, min(255, channel + lift)) for channel in colour)  # type: ignore[union-attr]
        dx, dy = long * (0.5 + chance()), long * (chance() - 0.6)
        draw.line((x - dx, y - dy, x + dx, y + dy), fill=tone, width=max(1, int(long * 0.34)))
    stage.image = Image.blend(source, stage.image, 0.5)


def _mosaic(stage: Stage) -> None:
    """Lay the picture out in tiles with grouting between them."""
    cell = max(4, round(stage.unit / 62))
    width, height = stage.image.size
    across, down = -(-width // cell), -(-height // cell)
    tiles = stage.image.resize((across, down), Image.Resampling.BOX).resize(
        (across * cell, down * cell), Image.Resampling.NEAREST
    )
    tile = Image.new("L", (cell, cell), 255)
    draw = ImageDraw.Draw(tile)
    draw.line((0, cell - 1, cell - 1, cell - 1), fill=176)
    draw.line((cell - 1, 0, cell - 1, cell - 1), fill=176)
    draw.line((0, 0, cell - 2, 0), fill=225)
    sheet = Image.new("L", tiles.size)
    for x in range(0, tiles.width, cell):
        sheet.paste(tile, (x, 0))
    row = sheet.crop((0, 0, tiles.width, cell))
    for y in range(cell, tiles.height, cell):
        sheet.paste(row, (0, y))
    lit = ImageChops.multiply(tiles, Image.merge("RGB", (sheet, sheet, sheet)))
    stage.image = Image.blend(lit.crop((0, 0, width, height)), stage.image, 0.12)


def _ink(stage: Stage) -> None:
    """Draw the outlines with a pen."""
    edges = stage.image.convert("L").filter(ImageFilter.BoxBlur(1)).filter(ImageFilter.FIND_EDGES)
    pen = edges.point(lambda value: min(255, max(0, value - 7) * 9)).filter(ImageFilter.BoxBlur(0.6))
    ImageDraw.Draw(pen).rectangle((0, 0, pen.width - 1, pen.height - 1), outline=0, width=3)
    pale = Image.blend(stage.image, Image.new("RGB", stage.image.size, stage.palette.light), 0.14)
    pale.paste(mix(stage.palette.near, (16, 14, 20), 0.5), (0, 0), pen)
    stage.image = pale


def _paper(stage: Stage) -> None:
    """Let the grain of rough paper show through."""
    fibre = stage.noise(110, 1).point(lambda value: 236 + value * 19 / 255)
    stage.image = ImageChops.multiply(stage.image, Image.merge("RGB", (fibre, fibre, fibre)))


def _poster(stage: Stage) -> None:
    """Print in few flat colours."""
    flat = stage.image.filter(ImageFilter.BoxBlur(1)).quantize(
        11, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE
    )
    stage.image = ImageEnhance.Brightness(flat.convert("RGB")).enhance(1.08)


def _halftone(stage: Stage) -> None:
    """Print with a screen of dots, a little out of register."""
    flat = ImageOps.posterize(stage.image, 4)
    cell = max(4, round(stage.unit / 110))
    dot = Image.radial_gradient("L").resize((cell, cell), Image.Resampling.BILINEAR)
    width, height = stage.image.size
    screen = Image.new("L", (width, height))
    for number, y in enumerate(range(-cell, height, cell)):
        for x in range(-cell + (cell // 2 if number % 2 else 0), width, cell):
            screen.paste(dot, (x, y))
    tone = ImageChops.subtract(screen, flat.convert("L").point(lambda value: value * 0.8 + 30))
    mask = tone.point(lambda value: min(255, value * 7))
    inked = flat.copy()
    inked.paste(mix(stage.palette.near, stage.palette.middle, 0.2), (0, 0), ImageChops.offset(mask, 1, 1))
    stage.image = Image.blend(flat, inked, 0.72)


def _watercolour(stage: Stage) -> None:
    """Let colours run, gather at the edges of washes and leave white paper around them."""
    soft = stage.image.filter(ImageFilter.BoxBlur(max(1, stage.unit / 260)))
    wash = stage.noise(3, 3).point(lambda value: max(0, min(120, (value - 132) * 2.2)))
    soft = ImageEnhance.Color(ImageEnhance.Brightness(soft).enhance(1.1)).enhance(1.25)
    soft.paste((252, 250, 244), (0, 0), wash)
    rims = ImageChops.invert(soft.convert("L").filter(ImageFilter.FIND_EDGES).point(lambda value: min(90, value * 3)))
    stage.image = ImageChops.multiply(soft, Image.merge("RGB", (rims, rims, rims)))
    frame = stage.shapes([("polygon", _torn_edge(stage))])
    paper = Image.new("RGB", stage.image.size, (250, 247, 240))
    paper.paste(stage.image, (0, 0), frame.spread(stage.image.size))
    stage.image = paper


def _torn_edge(stage: Stage) -> list[tuple[float, float]]:
    inset = 0.035
    rough = [stage.between(-0.008, 0.008) for _ in range(160)]
    points = []
    for number in range(40):
        t = number / 40 * (1 - 2 * inset) + inset
        points.append((t, inset + rough[number]))
    for number in range(40):
        points.append((1 - inset + rough[40 + number], number / 40 * (1 - 2 * inset) + inset))
    for number in range(40):
        points.append((1 - inset - number / 40 * (1 - 2 * inset), 1 - inset + rough[80 + number]))
    for number in range(40):
        points.append((inset + rough[120 + number], 1 - inset - number / 40 * (1 - 2 * inset)))
    return points


def _facets(stage: Stage) -> None:
    """Cut the picture into triangles of one colour each, like glass."""
    source, width, height = stage.image, *stage.image.size
    cell = stage.unit / 40
    across, down = round(width / cell) + 2, round(height / cell) + 2
    shift = cell * 0.36
    grid = [
        [
            ((x - 0.5) * cell + stage.between(-shift, shift), (y - 0.5) * cell + stage.between(-shift, shift))
            for x in range(across + 1)
        ]
        for y in range(down + 1)
    ]
    small = source.reduce(4)
    pixels = small.load()
    assert pixels is not None
    cut = source.copy()
    draw = ImageDraw.Draw(cut)
    for y in range(down):
        for x in range(across):
            a, b, c, d = grid[y][x], grid[y][x + 1], grid[y + 1][x + 1], grid[y + 1][x]
            for corners in ((a, b, c), (a, c, d)) if (x + y) % 2 else ((a, b, d), (b, c, d)):
                middle = (sum(p[0] for p in corners) / 12, sum(p[1] for p in corners) / 12)
                place = (min(max(int(middle[0]), 0), small.width - 1), min(max(int(middle[1]), 0), small.height - 1))
                draw.polygon(corners, fill=pixels[place])
    stage.image = Image.blend(source, cut, 0.6)


def _iridescent(stage: Stage) -> None:
    """Shift colours along soft bands, as on mother of pearl."""
    bands = stage.noise(2, 2)
    hue, saturation, value = stage.image.convert("HSV").split()
    shifted = Image.merge("HSV", (ImageChops.add_modulo(hue, bands.point(lambda v: v * 0.32)), saturation, value))
    stage.image = Image.blend(stage.image, shifted.convert("RGB"), 0.72)


TRAITS: Mapping[str, Finish] = {
    "glow": _glow,
    "haze": _haze,
    "vignette": _vignette,
    "brush": _brush,
    "mosaic": _mosaic,
    "ink": _ink,
    "paper": _paper,
    "poster": _poster,
    "halftone": _halftone,
    "watercolour": _watercolour,
    "facets": _facets,
    "iridescent": _iridescent,
}
