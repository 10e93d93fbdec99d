"""Scenes: landscapes and cities. Creatures and patterns are next door."""

import math
from collections.abc import Callable, Mapping

from PIL import Image, ImageChops, ImageFilter

from fluxtui.sandbox.painter.figures import abstract, creature, flowers, portrait
from fluxtui.sandbox.painter.stage import Point, Stage, mix

Scene = Callable[[Stage], None]


def choose_scene(stage: Stage) -> Scene:
    """Return the scene that the prompt asks for, else one drawn by chance."""
    for words, scene in WORDS.items():
        if stage.says(*words.split()):
            return scene
    return stage.random.choice((mountains, sea, abstract, desert, abstract, mountains))


def _sun(stage: Stage, horizon: float) -> Point:
    """Paint the sky with a sun or a moon in it, and return where it stands."""
    palette = stage.palette
    x, y = stage.between(0.22, 0.78), horizon * stage.between(0.42, 0.82)
    stage.backdrop((0, palette.high), (horizon * 0.75, mix(palette.high, palette.low, 0.75)), (horizon, palette.low))
    if palette.dark:
        stage.stars(150, horizon)
    stage.clouds(mix(palette.low, palette.light, 0.4), 0.55, horizon)
    warm = mix(palette.light, mix(palette.low, palette.accent, 0.4), 0.5)
    stage.glow(x, y, stage.between(0.55, 0.8), warm, 0.8)
    stage.disc(x, y, stage.between(0.055, 0.12), (0, palette.light), (1, warm))
    return x, y


def mountains(stage: Stage) -> None:
    """Ranges behind one another, paler with distance, perhaps a lake that mirrors them."""
    palette, horizon = stage.palette, stage.between(0.55, 0.68)
    sun = _sun(stage, horizon)
    layers = 5
    for layer in range(layers):
        depth = layer / (layers - 1)
        base = horizon - 0.1 + depth * 0.36
        colour = (
            mix(palette.far, palette.middle, depth * 2)
            if depth < 0.5
            else mix(palette.middle, palette.near, depth * 2 - 1)
        )
        swing = 0.2 - depth * 0.13
        line = stage.peaks(base, swing, 1.7 + depth * 1.3)
        top = (base - swing, mix(colour, palette.light, 0.2))
        stage.ground(line, top, (base + 0.16, mix(colour, palette.low, 0.34 * (1 - depth))))
        if layer < 2:
            _snow(stage, line, base - swing * 0.35)
    if stage.says("lake", "river", "water", "reflection") or stage.random.random() < 0.35:
        _water(stage, 0.8, sun[0])
    else:
        _pines(stage, 0.95, stage.count(26), 0.10)


def _snow(stage: Stage, line: list[Point], level: float) -> None:
    """Put ragged caps on what stands out above `level`."""
    top, bottom = [], []
    for number, (x, y) in enumerate(line):
        reach = max(0.0, level - y)
        top.append((x, y))
        bottom.append((x, y + reach * (0.62 if number % 3 == 0 else 0.32 + 0.14 * (number % 2))))
    stage.veil(stage.shapes([("polygon", [*top, *reversed(bottom)])]), stage.palette.light, 0.78)


def _water(stage: Stage, level: float, sun: float) -> None:
    """Mirror the upper part of the picture in still water below `level`."""
    width, height = stage.image.size
    top = round(level * height)
    mirror = stage.image.crop((0, max(0, 2 * top - height), width, top)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    stage.image.paste(mirror.resize((width, height - top)), (0, top))
    palette = stage.palette
    water = stage.shapes([("polygon", [(0, level), (1, level), (1, 1), (0, 1)])], value=90)
    stage.veil(water, mix(palette.middle, palette.high, 0.5))
    lines = []
    for _ in range(stage.count(46)):
        y = level + stage.random.random() ** 1.4 * (1 - level)
        reach = stage.between(0.01, 0.09) * (0.4 + (y - level) * 4)
        x = stage.random.gauss(sun, 0.16)
        lines.append(("line", [(x - reach, y), (x + reach, y)]))
    stage.veil(stage.shapes(lines, line=0.003, value=150), palette.light)


def _pines(stage: Stage, base: float, number: int, height: float) -> None:
    trees = []
    for _ in range(number):
        x, tall = stage.random.random(), height * stage.between(0.6, 1.7)
        foot = base + stage.between(-0.03, 0.06)
        wide = tall * 0.2 * stage.height / stage.width
        for level in range(4):
            low, share = foot - tall * level * 0.22, 1 - level * 0.22
            trees.append(("polygon", [(x - wide * share, low), (x + wide * share, low), (x, low - tall * 0.42)]))
    stage.fill(
        stage.shapes(trees), (base - 0.15, mix(stage.palette.near, stage.palette.middle, 0.25)), (1, stage.palette.near)
    )


def skyline(stage: Stage) -> None:
    """Towers in three depths with lit windows, over water or a street of lights."""
    palette, horizon = stage.palette, 0.8
    sun = _sun(stage, horizon)
    for depth in (0.0, 0.5, 1.0):
        colour = mix(mix(palette.far, palette.low, 0.25), palette.near, depth)
        towers, windows = _towers(stage, horizon + depth * 0.05, depth)
        stage.fill(
            stage.shapes(towers),
            (0.25, mix(colour, palette.light, 0.12)),
            (horizon, mix(colour, palette.accent, 0.12 * depth)),
        )
        if depth:
            lit = mix(palette.light, palette.accent, 0.55)
            stage.veil(stage.shapes(windows), lit, 0.9 if palette.dark else 0.6)
    stage.glow(0.5, horizon, 0.7, palette.accent, 0.28)
    _water(stage, horizon + 0.05, sun[0])


def _towers(
    stage: Stage, foot: float, depth: float
) -> tuple[list[tuple[str, list[Point]]], list[tuple[str, list[Point]]]]:
    """Return the outlines of a row of towers and of their lit windows."""
    towers: list[tuple[str, list[Point]]] = []
    windows: list[tuple[str, list[Point]]] = []
    x = -0.05
    aspect = stage.unit / stage.width
    while x < 1.02:
        wide = stage.between(0.045, 0.11) * (0.8 + depth * 0.5) * aspect
        tall = stage.between(0.16, 0.42) * (1.15 - depth * 0.45)
        if stage.random.random() < 0.18:
            tall *= 1.35
        top = foot - tall
        towers.append(("polygon", [(x, foot + 0.3), (x, top), (x + wide, top), (x + wide, foot + 0.3)]))
        roof = stage.random.random()
        if roof < 0.3:
            towers.append(("polygon", [(x, top), (x + wide / 2, top - wide / aspect * 0.5), (x + wide, top)]))
        elif roof < 0.55:
            towers.append(
                ("polygon", [(x + wide * 0.47, top), (x + wide * 0.5, top - tall * 0.28), (x + wide * 0.53, top)])
            )
        elif roof < 0.8:
            towers.append(
                (
                    "polygon",
                    [
                        (x + wide * 0.2, top),
                        (x + wide * 0.2, top - 0.02),
                        (x + wide * 0.8, top - 0.02),
                        (x + wide * 0.8, top),
                    ],
                )
            )
        if depth:
            windows += _windows(stage, x, top, wide, foot - top)
        x += wide * stage.between(0.92, 1.25)
    return towers, windows


def _windows(stage: Stage, x: float, top: float, wide: float, tall: float) -> list[tuple[str, list[Point]]]:
    columns, rows = 4, max(3, int(tall / 0.026))
    step, drop = wide / (columns + 1), tall / rows
    lit = []
    for row in range(1, rows):
        for column in range(columns):
            if stage.random.random() < 0.3 * stage.detail:
                left, high = x + step * (column + 0.7), top + row * drop
                lit.append(
                    (
                        "polygon",
                        [
                            (left, high),
                            (left + step * 0.55, high),
                            (left + step * 0.55, high + drop * 0.5),
                            (left, high + drop * 0.5),
                        ],
                    )
                )
    return lit


def forest(stage: Stage) -> None:
    """Trunks in mist, light between them, ferns of shadow at the foot."""
    palette = stage.palette
    stage.backdrop((0, mix(palette.high, palette.far, 0.4)), (0.55, palette.low), (1, palette.far))
    x = stage.between(0.3, 0.7)
    stage.glow(x, stage.between(0.28, 0.45), 0.75, palette.light, 0.95)
    for depth in (0.0, 0.35, 0.7, 1.0):
        colour = mix(mix(palette.far, palette.low, 0.45), palette.near, depth)
        foot = 0.72 + depth * 0.2
        trees = []
        for _ in range(stage.count(15 - depth * 9)):
            trees += _trunk(stage, stage.between(-0.05, 1.05), foot, 0.012 + depth * 0.032)
        mask = stage.shapes(trees)
        stage.fill(mask, (0, mix(colour, palette.middle, 0.3)), (foot, colour))
        line = stage.ridge(foot, 0.02, 0.6)
        stage.ground(line, (foot - 0.03, mix(colour, palette.light, 0.22)), (foot + 0.12, colour))
        if depth < 1:
            fog = stage.noise(3, 2, stretch=3)
            stage.veil(fog, mix(palette.low, palette.light, 0.5), 0.34 * (1 - depth))
    _crowns(stage)
    if stage.random.random() < 0.6:
        _fireflies(stage)


def _trunk(stage: Stage, x: float, foot: float, wide: float) -> list[tuple[str, list[Point]]]:
    wide *= stage.between(0.6, 1.3) * stage.unit / stage.width
    lean = stage.between(-0.03, 0.03)
    parts: list[tuple[str, list[Point]]] = [
        (
            "polygon",
            [
                (x - wide, foot + 0.04),
                (x - wide * 0.55 + lean, -0.05),
                (x + wide * 0.55 + lean, -0.05),
                (x + wide, foot + 0.04),
            ],
        )
    ]
    for _ in range(3):
        y, side = stage.between(0.02, foot * 0.75), stage.random.choice((-1, 1))
        reach = wide * stage.between(3, 8)
        middle = x + lean * (1 - y / foot)
        parts.append(("polygon", [(middle, y), (middle + side * reach, y - 0.07), (middle, y + 0.018)]))
    return parts


def _crowns(stage: Stage) -> None:
    leaves = []
    for _ in range(stage.count(420)):
        x = stage.random.random() * 1.1 - 0.05
        y = stage.random.random() ** 2.2 * (0.16 + 0.09 * math.sin(x * 9)) - 0.02
        size = stage.between(0.008, 0.022)
        wide = size * stage.unit / stage.width
        leaves.append(("ellipse", [(x - wide, y - size * 0.7), (x + wide, y + size * 0.7)]))
    stage.veil(stage.shapes(leaves), mix(stage.palette.near, stage.palette.middle, 0.35), 0.92)


def _fireflies(stage: Stage) -> None:
    for _ in range(stage.count(14)):
        stage.glow(stage.random.random(), stage.between(0.45, 0.95), stage.between(0.012, 0.035), stage.palette.accent)


def sea(stage: Stage) -> None:
    """Waves in rows under a low sun, with a sail or two."""
    palette, horizon = stage.palette, stage.between(0.4, 0.55)
    sun = _sun(stage, horizon)
    deep, shallow = mix(palette.middle, palette.high, 0.35), palette.near
    stage.ground([(0, horizon), (1, horizon)], (horizon, mix(palette.far, palette.low, 0.45)), (1, shallow))
    if stage.says("boat", "ship", "sail", "harbour", "harbor") or stage.random.random() < 0.55:
        _sail(stage, stage.between(0.2, 0.8), horizon + 0.012, stage.between(0.08, 0.14))
    rows = stage.count(9)
    for row in range(rows):
        depth = (row + 1) / rows
        base = horizon + 0.02 + (1 - horizon) * depth**1.5 * 0.95
        line = _wave(stage, base, 0.006 + 0.05 * depth, 4 + 14 * (1 - depth))
        colour = mix(mix(palette.far, deep, min(1, depth * 1.6)), shallow, depth)
        stage.ground(line, (base - 0.02, mix(colour, palette.light, 0.34 * (1 - depth) + 0.1)), (base + 0.09, colour))
        foam = stage.shapes([("line", line)], line=0.002 + 0.003 * depth, value=round(50 + 60 * depth))
        stage.veil(foam, palette.light)
    glints = []
    for _ in range(stage.count(60)):
        y = horizon + 0.005 + stage.random.random() ** 1.6 * (1 - horizon)
        x, reach = stage.random.gauss(sun[0], 0.02 + (y - horizon) * 0.16), stage.between(0.004, 0.03)
        glints.append(("line", [(x - reach, y), (x + reach, y)]))
    stage.veil(stage.shapes(glints, line=0.0035, value=215), mix(palette.light, palette.accent, 0.15))


def _wave(stage: Stage, base: float, swing: float, often: float) -> list[Point]:
    """Return a row of pointed crests, some higher than others."""
    shift, slow = stage.between(0, math.tau), stage.between(0, math.tau)
    line = []
    for index in range(161):
        x = index / 160
        crest = 1 - abs(math.sin(x * math.pi * often + shift))
        line.append(
            (
                x,
                base
                - swing * crest**1.7 * (0.75 + 0.45 * math.sin(x * 5 + slow))
                - swing * 0.5 * math.sin(x * 4 + slow),
            )
        )
    return line


def _sail(stage: Stage, x: float, y: float, tall: float) -> None:
    palette, wide = stage.palette, tall * 0.55 * stage.height / stage.width
    hull = [
        (x - wide * 0.75, y - tall * 0.08),
        (x + wide * 0.8, y - tall * 0.08),
        (x + wide * 0.5, y + tall * 0.06),
        (x - wide * 0.5, y + tall * 0.06),
    ]
    stage.polygon([(x, y - tall), (x + wide * 0.7, y - tall * 0.14), (x, y - tall * 0.14)], (0, palette.light))
    stage.polygon(
        [(x - wide * 0.06, y - tall * 0.88), (x - wide * 0.6, y - tall * 0.14), (x - wide * 0.06, y - tall * 0.14)],
        (0, palette.accent),
    )
    stage.polygon(hull, (0, palette.near))


def desert(stage: Stage) -> None:
    """Dunes behind one another, rippled by the wind."""
    palette, horizon = stage.palette, stage.between(0.45, 0.58)
    _sun(stage, horizon)
    for layer in range(4):
        depth = layer / 3
        base = horizon + 0.02 + depth * 0.3
        line = stage.ridge(base, 0.035 + 0.035 * depth, 0.3, points=72)
        sand = mix(mix(palette.far, palette.low, 0.5), palette.middle, depth)
        stage.ground(line, (base - 0.05, mix(sand, palette.light, 0.4)), (base + 0.3, mix(sand, palette.near, 0.25)))
        _ripples(stage, line, depth)
    if stage.random.random() < 0.5:
        _birds(stage, horizon * 0.6)


def _ripples(stage: Stage, line: list[Point], depth: float) -> None:
    """Draw what the wind leaves on a dune: lines that follow its crest and fade below it."""
    for number in range(1, stage.count(5)):
        drop = number * (0.012 + 0.014 * depth)
        sunk = [(x, y + drop * (1 + 0.35 * math.sin(x * 7 + number))) for x, y in line]
        ripple = stage.shapes([("line", sunk)], line=0.0035, value=max(20, 105 - number * 18))
        stage.veil(ripple, mix(stage.palette.near, stage.palette.middle, 0.5))
    stage.veil(stage.shapes([("line", line)], line=0.004, value=120), stage.palette.light)


def _birds(stage: Stage, y: float) -> None:
    lines = []
    for _ in range(7):
        x, high, size = stage.between(0.15, 0.85), y + stage.between(-0.12, 0.12), stage.between(0.008, 0.018)
        lines.append(("line", [(x - size, high - size * 0.5), (x, high), (x + size, high - size * 0.5)]))
    stage.veil(stage.shapes(lines, line=0.004), stage.palette.near, 0.8)


def space(stage: Stage) -> None:
    """Nebulae, stars, a banded planet with a ring and a moon."""
    palette = stage.palette
    deep = mix(palette.high, (3, 3, 12), 0.72 if palette.dark else 0.86)
    stage.backdrop((0, deep), (1, mix(deep, palette.middle, 0.3)))
    for colour, strength in ((palette.far, 0.75), (palette.accent, 0.4), (palette.low, 0.4)):
        cloud = stage.noise(2, 4).point(lambda value: max(0, min(255, (value - 110) * 3)))
        stage.veil(cloud, colour, strength)
    stage.stars(420)
    for _ in range(5):
        stage.glow(stage.random.random(), stage.random.random(), stage.between(0.02, 0.06), palette.light)
    x, y, radius = stage.between(0.3, 0.7), stage.between(0.35, 0.65), stage.between(0.17, 0.29)
    stage.glow(x, y, radius * 2.1, palette.low, 0.6)
    _planet(stage, x, y, radius)
    moon = (x + stage.between(0.2, 0.3) * stage.random.choice((-1, 1)), y - stage.between(0.15, 0.3))
    stage.disc(*moon, radius * 0.16, (0, palette.light), (1, palette.middle))


def _planet(stage: Stage, x: float, y: float, radius: float) -> None:
    palette = stage.palette
    ringed = stage.random.random() < 0.6
    rx, ry = radius * stage.unit / stage.width, radius * stage.unit / stage.height
    tilt = stage.between(-0.5, 0.5)

    def ring(start: float, end: float, scale: float) -> list[Point]:
        points = []
        for index in range(61):
            angle = start + (end - start) * index / 60
            dx, dy = math.cos(angle) * 1.9 * scale, math.sin(angle) * 0.42 * scale
            points.append(
                (
                    x + rx * (dx * math.cos(tilt) - dy * math.sin(tilt)),
                    y + ry * (dx * math.sin(tilt) + dy * math.cos(tilt)),
                )
            )
        return points

    if ringed:
        back = [("line", ring(math.pi, math.tau, scale)) for scale in (0.86, 1.0)]
        stage.veil(stage.shapes(back, line=radius * 0.07), palette.light, 0.55)
    bands = stage.noise(5, 2, stretch=9)
    mask = stage.disc(x, y, radius, (0, palette.light), (0.45, palette.accent), (1, palette.middle))
    stage.veil(mask.within(bands), mix(palette.middle, palette.near, 0.4), 0.8)
    shade = stage.shapes([("ellipse", [(x - rx * 1.5, y - ry * 1.45), (x + rx * 0.62, y + ry * 0.72)])])
    soft = shade.spread(stage.image.size).filter(ImageFilter.BoxBlur(radius * stage.unit * 0.16))
    dark = mask.within(ImageChops.invert(soft))
    stage.veil(dark, (4, 3, 16), 0.8)
    if ringed:
        front = [("line", ring(0, math.pi, scale)) for scale in (0.86, 1.0)]
        stage.veil(stage.shapes(front, line=radius * 0.07), palette.light, 0.85)


WORDS: Mapping[str, Scene] = {
    "fox cat dog wolf bear rabbit hare owl panda mouse tiger lion animal kitten puppy creature dragon": creature,
    "woman man girl boy portrait person face queen king knight wizard astronaut samurai monk child robot": portrait,
    "space star planet galaxy nebula cosmos rocket spaceship orbit universe": space,
    "city skyline street town tower building neon cyberpunk metropolis rooftop skyscraper village": skyline,
    "sea ocean wave beach boat ship sail harbour harbor coast lighthouse island underwater whale": sea,
    "flower rose tulip bouquet blossom garden bloom lotus poppy sunflower vase": flowers,
    "forest tree wood woods jungle grove path fern birch": forest,
    "desert dune sand camel oasis sahara canyon": desert,
    "mountain alp peak valley lake hill snow landscape river cabin waterfall": mountains,
    "abstract pattern flow geometric swirl texture wallpaper": abstract,
}
"""Scenes by the words that call for them; the first row with a word of the prompt wins."""
