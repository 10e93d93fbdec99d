"""The hand of each model: the palettes it likes and what it does to a finished scene."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

Colour = tuple[int, int, int]


def _colours(text: str) -> tuple[Colour, ...]:
    return tuple((int(c[:2], 16), int(c[2:4], 16), int(c[4:], 16)) for c in text.split())


@dataclass(frozen=True, slots=True)
class Palette:
    """Seven colours with a task each. `dark` tells that lights stand out against it."""

    high: Colour
    low: Colour
    light: Colour
    far: Colour
    middle: Colour
    near: Colour
    accent: Colour

    @property
    def dark(self) -> bool:
        return sum(self.high) < 260


PALETTES: Mapping[str, Palette] = {
    name: Palette(*_colours(text))
    for name, text in {
        "ember": "2b1b4d f08a5d ffe3b0 b0567a 6a3a6b 221435 ffb347",
        "lagoon": "1f6f9f cdeee6 fffbe6 6fb7b7 2f7f86 0f3c4c ff8a5b",
        "meadow": "7fbfe6 f6f1d3 fff4c2 9cc08f 5c9060 24482f e8663d",
        "nocturne": "050a1f 34509a f4f1d8 2a3768 171e45 090c20 ffd76a",
        "sakura": "f2b5c0 fff1e6 ffffff d9a3b5 a86f8c 5a3552 e2476b",
        "aurora": "041c2c 1f8a80 b8f2c8 176a70 0d4250 05202c 9cf6c5",
        "ochre": "dba75f fbecc9 fff9e6 c98b54 955a3a 4a2a22 d6492f",
        "neon": "12052e a0269a ff6fb0 4b1c82 2a0f57 0d0420 2de2e6",
        "frost": "86a8cf f2f6fb ffffff b4c8e0 7590b5 33456a e85d75",
        "sumi": "e9dfc8 faf6ec d9482b bdb6a6 827d73 25242a d9482b",
        "citrus": "ff8f4d ffe6a3 fffbe0 f2774a b8434a 4c1d3c 15b7b9",
        "slate": "2e4057 b6c4d0 f7ebc8 6f8294 475b71 1c2836 f2a541",
        "violet": "3b1d60 d6b3f0 fff0f5 8f66bb 5c3789 241039 ffcb69",
        "pine": "123b3a a8d5ba f6f7d7 5b9a83 2f6b5b 0d2b29 f4a259",
        "rosehip": "7a1f3d f7b59a fff0dc c4586a 8a2f4c 360f24 ffd08a",
        "cobalt": "0b2a6b 8fd3f4 fdfdf5 4d8fd1 235aa6 0a1b42 ff6b6b",
    }.items()
}

MOODS: Mapping[str, tuple[str, ...]] = {
    "night": ("nocturne", "aurora", "neon", "violet"),
    "midnight": ("nocturne", "aurora"),
    "moon": ("nocturne", "violet"),
    "moonlight": ("nocturne",),
    "dark": ("nocturne", "slate"),
    "neon": ("neon",),
    "cyberpunk": ("neon",),
    "sunset": ("ember", "citrus", "rosehip"),
    "sunrise": ("sakura", "citrus", "ember"),
    "dawn": ("sakura", "violet"),
    "dusk": ("ember", "violet", "rosehip"),
    "golden": ("ochre", "citrus"),
    "autumn": ("ochre", "rosehip", "citrus"),
    "desert": ("ochre", "citrus"),
    "snow": ("frost",),
    "snowy": ("frost",),
    "winter": ("frost", "slate"),
    "ice": ("frost", "cobalt"),
    "spring": ("sakura", "meadow"),
    "summer": ("lagoon", "citrus", "meadow"),
    "fog": ("slate", "frost"),
    "mist": ("slate", "pine"),
    "misty": ("slate", "pine"),
    "rain": ("slate", "cobalt"),
    "rainy": ("slate", "neon"),
    "storm": ("slate", "nocturne"),
    "red": ("rosehip", "ember"),
    "blue": ("cobalt", "lagoon"),
    "green": ("pine", "meadow"),
    "pink": ("sakura", "rosehip"),
    "purple": ("violet", "neon"),
    "ink": ("sumi",),
    "japanese": ("sumi", "sakura"),
    "space": ("nocturne", "violet", "neon", "aurora"),
    "planet": ("violet", "nocturne", "cobalt", "aurora"),
    "star": ("nocturne", "violet", "cobalt"),
    "stars": ("nocturne", "violet", "cobalt"),
    "nebula": ("violet", "neon", "aurora"),
    "cosmos": ("nocturne", "violet", "aurora"),
    "galaxy": ("violet", "nocturne", "neon"),
}
"""Words that decide the light, whatever the model."""

COLOUR_WORDS = frozenset(("red", "blue", "green", "pink", "purple"))
"""Words that more often colour a thing than the whole picture: they count when no other word decides."""


@dataclass(frozen=True, slots=True)
class Hand:
    """How a model paints. `traits` name finishes, in order; `grain` and `contrast` are 0 to 1 and about 1."""

    palettes: tuple[str, ...]
    traits: tuple[str, ...] = ()
    grain: float = 0.05
    contrast: float = 1.0
    colour: float = 1.0


HANDS: Mapping[str, Hand] = {
    "flux-pro-1.1": Hand(("lagoon", "ember", "meadow", "ochre"), ("glow",), grain=0.07),
    "flux-pro-1.1-ultra": Hand(("slate", "ember", "pine", "cobalt"), ("haze", "vignette"), grain=0.05, contrast=1.12),
    "flux-pro": Hand(("ochre", "lagoon", "sakura", "pine"), ("brush",), grain=0.08),
    "flux-dev": Hand(("citrus", "cobalt", "violet", "meadow"), ("mosaic",), grain=0.0, colour=1.1),
    "flux-kontext-pro": Hand(("sumi", "ochre", "sakura", "frost"), ("ink", "paper"), grain=0.04),
    "flux-kontext-max": Hand(("sumi", "rosehip", "slate", "pine"), ("ink", "glow"), grain=0.05, contrast=1.1),
    "flux-2-pro": Hand(("cobalt", "rosehip", "aurora", "citrus"), ("glow", "vignette"), grain=0.03, colour=1.2),
    "flux-2-max": Hand(("violet", "aurora", "ember", "cobalt"), ("brush", "glow", "vignette"), grain=0.04, colour=1.15),
    "flux-2-flex": Hand(("citrus", "rosehip", "lagoon", "violet"), ("halftone",), grain=0.0, contrast=1.05),
    "flux-2-klein-4b": Hand(("sakura", "frost", "lagoon", "citrus"), ("poster",), grain=0.0),
    "flux-2-klein-9b": Hand(("meadow", "violet", "ember", "pine"), ("poster", "glow"), grain=0.03),
    "flux-3-image": Hand(("aurora", "neon", "sakura", "cobalt"), ("iridescent", "glow"), grain=0.03, colour=1.1),
    "azure/FLUX-1.1-pro": Hand(("frost", "cobalt", "lagoon", "slate"), ("watercolour", "paper"), grain=0.03),
    "azure/FLUX.1-Kontext-pro": Hand(("frost", "sumi", "pine", "slate"), ("ink", "watercolour"), grain=0.03),
    "azure/FLUX.2-pro": Hand(
        ("cobalt", "nocturne", "aurora", "slate"), ("facets", "vignette"), grain=0.03, contrast=1.1
    ),
    "azure/FLUX.2-flex": Hand(("violet", "lagoon", "rosehip", "frost"), ("halftone", "vignette"), grain=0.0),
}

_SPARE_TRAITS = (
    ("brush",),
    ("mosaic",),
    ("ink",),
    ("poster",),
    ("halftone",),
    ("watercolour",),
    ("facets",),
    ("glow",),
)


def hand_of(model: str) -> Hand:
    """Return the hand of a model; one nobody described gets its own, drawn from its name."""
    known = HANDS.get(model)
    if known is not None:
        return known
    relatives = [name for name in HANDS if model.startswith(name)]
    if relatives:
        return HANDS[max(relatives, key=len)]
    number = int.from_bytes(hashlib.sha256(model.encode()).digest()[:6])
    names = sorted(PALETTES)
    palettes = tuple(names[(number >> shift) % len(names)] for shift in (0, 8, 16))
    return Hand(palettes, _SPARE_TRAITS[(number >> 24) % len(_SPARE_TRAITS)], grain=0.04)


def palette_for(hand: Hand, words: frozenset[str], number: int) -> Palette:
    """Return the palette that the words ask for, else one that the hand likes; `number` picks among several."""
    moods = words & MOODS.keys()
    asked = [name for word in sorted(moods - COLOUR_WORDS or moods) for name in MOODS[word]]
    liked = [name for name in asked if name in hand.palettes]
    choices = liked or asked or hand.palettes
    return PALETTES[choices[number % len(choices)]]
