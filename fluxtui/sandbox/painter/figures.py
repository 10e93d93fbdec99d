"""Scenes with something in the middle: creatures, portraits, flowers; and patterns."""

import math
from collections.abc import Callable

from fluxtui.sandbox.painter.stage import Point, Stage, mix

_EARS = {
    "rabbit": "long",
    "hare": "long",
    "bear": "round",
    "panda": "round",
    "mouse": "round",
    "owl": "tuft",
    "dog": "fall",
}


_IRISES = ((246, 190, 70), (150, 200, 120), (140, 205, 230), (232, 150, 60))
_SKINS = ((244, 206, 178), (226, 176, 138), (186, 128, 92), (132, 86, 62), (96, 62, 48))


class _Frame:
    """Places a figure: its own square from -1 to 1, wherever and however large it stands on the stage."""

    def __init__(self, stage: Stage, x: float, y: float, size: float) -> None:
        self.x, self.y = x, y
        self.rx, self.ry = size * stage.unit / stage.width, size * stage.unit / stage.height

    def at(self, *points: Point) -> list[Point]:
        return [(self.x + px * self.rx, self.y + py * self.ry) for px, py in points]

    def mirrored(self, *points: Point) -> list[Point]:
        return self.at(*((-px, py) for px, py in points))

    def place(self, py: float) -> float:
        return self.y + py * self.ry


def _halo(stage: Stage, y: float) -> None:
    """Paint a quiet background with a great disc behind the figure, hills at its foot and drifting dots."""
    palette = stage.palette
    stage.backdrop((0, palette.high), (0.7, palette.low), (1, mix(palette.low, palette.far, 0.6)))
    if palette.dark:
        stage.stars(110, 0.8)
    stage.clouds(mix(palette.low, palette.light, 0.5), 0.5, 0.75)
    x = stage.between(0.42, 0.58)
    stage.glow(x, y, 0.85, palette.light, 0.7)
    stage.disc(
        x,
        y,
        stage.between(0.3, 0.42),
        (0, mix(palette.light, palette.accent, 0.15)),
        (1, mix(palette.light, palette.accent, 0.75)),
    )
    for layer in range(2):
        base = 0.8 + layer * 0.08
        colour = mix(palette.far, palette.middle, layer)
        stage.ground(stage.ridge(base, 0.025, 0.5), (base - 0.05, mix(colour, palette.light, 0.2)), (1, colour))


def creature(stage: Stage) -> None:
    """The head of an animal in front of a sun: ears, mask, eyes."""
    palette = stage.palette
    _halo(stage, 0.46)
    kind = next((ears for word, ears in sorted(_EARS.items()) if stage.says(word)), "point")
    fur = {"fox": (224, 110, 52), "tiger": (232, 138, 48), "lion": (214, 160, 84)}
    coat = next((colour for word, colour in fur.items() if stage.says(word)), None)
    coat = mix(coat or palette.middle, palette.accent, 0.18 if coat else 0.35)
    shade, pale = mix(coat, palette.near, 0.55), mix(coat, palette.light, 0.86)
    frame = _Frame(stage, stage.between(0.45, 0.55), stage.between(0.52, 0.57), stage.between(0.25, 0.32))
    shoulders = [(-1.15, 2.2), (-0.95, 1.15), (-0.55, 0.7), (0.55, 0.7), (0.95, 1.15), (1.15, 2.2)]
    stage.polygon(frame.at(*shoulders), (frame.place(0.6), shade), (frame.place(2), palette.near))
    _ears(stage, frame, kind, coat, shade)
    head = [
        (0, -0.78),
        (0.42, -0.74),
        (0.74, -0.5),
        (0.9, -0.08),
        (1.02, 0.34),
        (0.66, 0.62),
        (0.34, 0.86),
        (0.13, 1.02),
    ]
    outline = [*head, *((-x, y) for x, y in reversed(head[1:])), (0, -0.78)]
    stage.polygon(frame.at(*outline), (frame.place(-0.7), mix(coat, palette.light, 0.2)), (frame.place(0.9), coat))
    half = [(0, -0.78), *head[1:], (0, 1.02)]
    stage.veil(stage.shapes([("polygon", frame.at(*half))]), shade, 0.28)
    cheek = [(0.1, 0.26), (0.46, 0.02), (0.92, 0.3), (0.66, 0.6), (0.34, 0.84), (0.12, 0.98), (0, 1.0)]
    stage.fill(stage.shapes([("polygon", frame.at(*cheek)), ("polygon", frame.mirrored(*cheek))]), (0, pale))
    if stage.says("tiger") or (kind == "point" and not stage.says("fox") and stage.random.random() < 0.4):
        _stripes(stage, frame, shade)
    _eyes(stage, frame, kind)
    _whiskers(stage, frame, pale)


def _ears(stage: Stage, frame: _Frame, kind: str, coat: tuple[int, int, int], shade: tuple[int, int, int]) -> None:
    outer: list[Point]
    match kind:
        case "long":
            outer = [(0.18, -0.6), (0.2, -1.3), (0.34, -1.72), (0.5, -1.4), (0.56, -0.55)]
        case "round":
            outer = [
                (0.62 + 0.33 * math.cos(a / 8 * math.tau), -0.68 + 0.33 * math.sin(a / 8 * math.tau)) for a in range(16)
            ]
        case "fall":
            outer = [(0.45, -0.72), (0.86, -0.72), (1.16, -0.2), (1.1, 0.36), (0.86, 0.1), (0.72, -0.4)]
        case "tuft":
            outer = [(0.3, -0.7), (0.82, -1.12), (0.84, -0.3)]
        case _:
            outer = [(0.2, -0.66), (0.56, -1.34), (0.7, -1.2), (0.9, -0.2)]
    middle = (sum(x for x, _ in outer) / len(outer), sum(y for _, y in outer) / len(outer))
    inner = [(middle[0] + (x - middle[0]) * 0.58, middle[1] + (y - middle[1]) * 0.6 + 0.04) for x, y in outer]
    ears = [("polygon", frame.at(*outer)), ("polygon", frame.mirrored(*outer))]
    stage.fill(stage.shapes(ears), (frame.place(-1.3), shade), (frame.place(-0.3), coat))
    stage.veil(stage.shapes([("polygon", frame.at(*inner)), ("polygon", frame.mirrored(*inner))]), shade, 0.85)


def _stripes(stage: Stage, frame: _Frame, shade: tuple[int, int, int]) -> None:
    bands = []
    for y, reach in ((-0.62, 0.2), (-0.46, 0.28), (-0.3, 0.2)):
        bands.append(("polygon", frame.at((-reach, y - 0.02), (0, y + 0.06), (reach, y - 0.02), (0, y + 0.13))))
    for y in (-0.12, 0.08, 0.26):
        side = [(0.98, y), (0.66, y + 0.03), (0.99, y + 0.08)]
        bands += [("polygon", frame.at(*side)), ("polygon", frame.mirrored(*side))]
    stage.veil(stage.shapes(bands), shade, 0.85)


def _eyes(stage: Stage, frame: _Frame, kind: str) -> None:
    palette = stage.palette
    dark = mix(palette.near, (8, 6, 14), 0.6)
    wide = 0.2 if kind == "tuft" else 0.14
    almond = [(0.2, 0.12), (0.28, -0.02), (0.42, -0.1), (0.56, -0.1), (0.5, 0.06), (0.36, 0.14)]
    eyes = stage.shapes([("polygon", frame.at(*almond)), ("polygon", frame.mirrored(*almond))])
    stage.fill(eyes, (0, stage.random.choice(_IRISES)))
    pupils = []
    for side in (-1, 1):
        x = side * 0.385
        pupils.append(("ellipse", frame.at((x - wide * 0.45, -0.1), (x + wide * 0.45, 0.12))))
    stage.fill(stage.shapes(pupils), (0, dark))
    glints = [("ellipse", frame.at((side * 0.385 + 0.0, -0.07), (side * 0.385 + 0.05, -0.02))) for side in (-1, 1)]
    stage.fill(stage.shapes(glints), (0, (255, 255, 255)))
    nose = [(-0.13, 0.74), (0.13, 0.74), (0.06, 0.86), (0, 0.9), (-0.06, 0.86)]
    stage.polygon(frame.at(*nose), (0, dark))


def _whiskers(stage: Stage, frame: _Frame, colour: tuple[int, int, int]) -> None:
    lines = []
    for y, end in ((0.68, 0.5), (0.74, 0.7), (0.8, 0.92)):
        lines += [("line", frame.at((0.3, y), (1.02, end))), ("line", frame.mirrored((0.3, y), (1.02, end)))]
    stage.veil(stage.shapes(lines, line=0.0035), colour, 0.75)


def portrait(stage: Stage) -> None:
    """A head in profile against a disc, hair or helmet in flowing strands."""
    palette = stage.palette
    _halo(stage, 0.42)
    side = stage.random.choice((-1.0, 1.0))
    frame = _Frame(stage, 0.5 - side * 0.015, 0.46, 0.3)
    skin = mix(stage.random.choice(_SKINS), palette.light, 0.12)
    shade = mix(palette.middle, palette.near, 0.6)

    def turned(*points: Point) -> list[Point]:
        return frame.at(*((px * side, py) for px, py in points))

    robe = [(-1.5, 2.2), (-1.25, 1.3), (-0.62, 0.92), (0.1, 1.0), (0.62, 1.14), (1.05, 1.5), (1.2, 2.2)]
    stage.polygon(
        turned(*robe), (frame.place(0.9), mix(palette.accent, palette.near, 0.35)), (frame.place(2), palette.near)
    )
    neck = [(-0.44, 0.3), (-0.5, 1.02), (0.06, 1.16), (0.3, 1.02), (0.2, 0.5)]
    stage.polygon(turned(*neck), (frame.place(0.3), mix(skin, shade, 0.55)), (frame.place(1.1), mix(skin, shade, 0.25)))
    face = [
        (-0.5, -0.7), (0.1, -0.84), (0.42, -0.66), (0.5, -0.38), (0.49, -0.2), (0.56, -0.06), (0.72, 0.14),
        (0.68, 0.2), (0.55, 0.23), (0.6, 0.34), (0.57, 0.38), (0.6, 0.46), (0.53, 0.54), (0.5, 0.68),
        (0.32, 0.76), (0.04, 0.62), (-0.3, 0.5),
    ]  # fmt: skip
    stage.polygon(
        turned(*face), (frame.place(-0.7), mix(skin, palette.light, 0.4)), (frame.place(0.75), mix(skin, shade, 0.18))
    )
    stage.veil(stage.shapes([("polygon", turned((0.2, -0.2), (0.46, -0.15), (0.44, -0.1), (0.3, -0.08)))]), shade, 0.9)
    stage.veil(stage.shapes([("line", turned((0.18, -0.32), (0.34, -0.37), (0.47, -0.3)))], line=0.007), shade, 0.9)
    stage.veil(stage.shapes([("line", turned((0.4, 0.38), (0.58, 0.37)))], line=0.005), palette.accent, 0.9)
    _hair(stage, turned, shade)


def _hair(stage: Stage, turned: Callable[..., list[Point]], shade: tuple[int, int, int]) -> None:
    """Paint hair that falls behind the shoulder, with strands that stay inside it; a crown when the words say so."""
    palette = stage.palette
    locks = [
        (0.46, -0.56), (0.4, -0.82), (0.14, -1.02), (-0.25, -1.08), (-0.66, -0.92), (-0.94, -0.5), (-1.0, 0.05),
        (-0.94, 0.6), (-1.04, 1.15), (-0.8, 1.5), (-0.52, 1.3), (-0.5, 0.72), (-0.3, 0.32), (-0.14, -0.1),
        (0.0, -0.42), (0.22, -0.6),
    ]  # fmt: skip
    mask = stage.shapes([("polygon", turned(*locks))])
    stage.fill(mask, (0.1, mix(shade, palette.accent, 0.15)), (0.85, palette.near))
    inside = mask.spread(stage.image.size)
    for number in range(stage.count(15)):
        shift = number / 15
        points = []
        for index in range(17):
            t = index / 16
            x = (
                0.42
                - shift * 0.3
                - 1.42 * math.sin(min(1, t * 1.5) * math.pi / 2) * (1 - shift * 0.62)
                + 0.05 * math.sin(t * 8 + number)
            )
            points.append(
                (x, -0.62 - shift * 0.3 + 0.1 * shift + 2.1 * t**1.5 - 0.42 * math.sin(t * math.pi) * (1 - shift))
            )
        colour = mix(palette.near, (palette.accent, palette.light, palette.far)[number % 3], 0.4)
        stage.veil(stage.shapes([("line", turned(*points))], line=0.008).within(inside), colour, 0.75)
    if stage.says("queen", "king", "prince", "princess", "crown"):
        crown = [
            (0.44, -0.78),
            (0.5, -1.3),
            (0.24, -1.08),
            (0.06, -1.5),
            (-0.16, -1.14),
            (-0.46, -1.44),
            (-0.5, -1.06),
            (-0.82, -1.2),
            (-0.72, -0.76),
        ]
        stage.polygon(turned(*crown), (0, (250, 214, 120)), (0.6, (206, 142, 44)))


def flowers(stage: Stage) -> None:
    """A meadow of large blossoms on long stems."""
    palette = stage.palette
    stage.backdrop(
        (0, mix(palette.high, palette.low, 0.35)), (0.6, palette.low), (1, mix(palette.far, palette.middle, 0.4))
    )
    stage.clouds(mix(palette.low, palette.light, 0.6), 0.6, 0.8)
    stage.glow(stage.between(0.2, 0.8), 0.25, 0.8, palette.light, 0.8)
    blooms = sorted((stage.between(0.3, 0.95), stage.random.random()) for _ in range(stage.count(26)))
    stems = []
    for y, x in blooms:
        lean = stage.between(-0.08, 0.08)
        stems.append(("line", [(x, y), (x + lean * 0.3, y + 0.2), (x + lean, 1.05)]))
        for side in (-1, 1):
            leaf = y + stage.between(0.12, 0.3)
            wide = side * 0.06 * stage.unit / stage.width
            stems.append(
                ("polygon", [(x + lean * 0.3, leaf + 0.06), (x + wide, leaf - 0.02), (x + lean * 0.3, leaf + 0.02)])
            )
    stage.fill(stage.shapes(stems, line=0.008), (0.3, mix(palette.middle, palette.far, 0.4)), (1, palette.near))
    for y, x in blooms:
        _blossom(stage, x, y, stage.between(0.05, 0.085) * (0.55 + y))
    for _ in range(stage.count(12)):
        stage.glow(stage.random.random(), stage.between(0.1, 0.9), stage.between(0.008, 0.03), palette.light, 0.8)


def _blossom(stage: Stage, x: float, y: float, size: float) -> None:
    palette = stage.palette
    petals, turn = stage.random.choice((5, 6, 8, 11)), stage.between(0, math.tau)
    colour = mix(palette.accent, stage.random.choice((palette.light, palette.far, palette.middle, palette.accent)), 0.5)
    rx, ry = size * stage.unit / stage.width, size * stage.unit / stage.height * stage.between(0.75, 1.0)
    for ring, share in ((1.0, 0.0), (0.62, 0.4)):
        parts = []
        for petal in range(petals):
            angle = turn + ring + petal / petals * math.tau
            shape = []
            for index in range(9):
                t = index / 8
                wide = math.sin(t * math.pi) ** 0.8 * 2.2 / petals
                shape.append((t * ring, wide * ring))
            outline = shape + [(t, -wide) for t, wide in reversed(shape)]
            turned = [
                (t * math.cos(angle) - w * math.sin(angle), t * math.sin(angle) + w * math.cos(angle))
                for t, w in outline
            ]
            parts.append(("polygon", [(x + px * rx, y + py * ry) for px, py in turned]))
        tone = mix(colour, palette.light, share)
        stage.fill(
            stage.shapes(parts), (y - ry, mix(tone, palette.light, 0.35)), (y + ry, mix(tone, palette.near, 0.22))
        )
    stage.disc(x, y, size * 0.22, (0, mix(palette.accent, palette.light, 0.3)), (1, palette.near))


def abstract(stage: Stage) -> None:
    """Ribbons that flow side by side through soft light."""
    palette = stage.palette
    stage.backdrop((0, palette.high), (0.55, palette.low), (1, palette.far))
    for colour in (palette.accent, palette.light, palette.middle):
        stage.glow(stage.random.random(), stage.random.random(), stage.between(0.5, 0.9), colour, 0.55)
    colours = (palette.near, palette.middle, palette.accent, palette.far, palette.light)
    bends = [(stage.between(0.03, 0.13), stage.between(0.5, 2.4), stage.between(0, math.tau)) for _ in range(3)]
    ribbons = stage.count(15)
    for number in range(ribbons):
        place = (number + 0.5) / ribbons
        drift = stage.between(0.8, 1.2)
        thick = stage.between(0.25, 1.1) / ribbons
        upper, lower = [], []
        for index in range(65):
            x = index / 64 * 1.04 - 0.02
            flow = sum(
                high * math.sin(x * math.tau * often * drift * 0.6 + shift + place * 3) for high, often, shift in bends
            )
            pinch = thick * (0.45 + 0.55 * math.sin(x * 4 + place * 7) ** 2)
            upper.append((x, place * 1.2 - 0.1 + flow - pinch))
            lower.append((x, place * 1.2 - 0.1 + flow + pinch))
        colour = colours[number % len(colours)]
        mask = stage.shapes([("polygon", [*upper, *reversed(lower)])], value=225)
        stage.fill(
            mask, (place - 0.25, mix(colour, palette.light, 0.45)), (place + 0.25, mix(colour, palette.near, 0.2))
        )
        stage.veil(stage.shapes([("line", upper)], line=0.003, value=120), palette.light)
    for _ in range(3):
        x, y, size = stage.random.random(), stage.random.random(), stage.between(0.02, 0.075)
        stage.disc(x, y, size, (0, palette.light), (1, palette.accent))
