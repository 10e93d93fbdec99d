"""Theme files: readable, told apart, complete; and what happens to the ones that are not."""

import itertools
import math
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import Color, ColorSystem

from fluxtui.tui import themes
from fluxtui.tui.contrast import contrast

SHIPPED = themes.load_themes(themes.themes_folder())[0]
HIGH_CONTRAST = ("flux-beacon", "flux-noon")
NEEDS_TELLING_APART = ("done", "failed", "in-doubt", "refused", "waiting")

each_theme = pytest.mark.parametrize("theme", SHIPPED, ids=lambda theme: theme.name)


def linear(color: str) -> tuple[float, ...]:
    parts = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return tuple(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)


def ratio(one: str, two: str) -> float:
    """WCAG 2.1's contrast, worked out here on its own."""
    weights = (0.2126, 0.7152, 0.0722)
    low, high = sorted(sum(w * part for w, part in zip(weights, linear(c), strict=True)) for c in (one, two))
    return (high + 0.05) / (low + 0.05)


def seen(color: str, matrix: tuple[tuple[float, ...], ...]) -> tuple[float, ...]:
    """Return the colour in OKLab (bottosson.github.io/posts/oklab) after `matrix` was applied to its linear light."""
    red, green, blue = (
        max(0.0, min(1.0, sum(w * part for w, part in zip(row, linear(color), strict=True)))) for row in matrix
    )
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    middle = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


TYPICAL = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
# Machado, Oliveira and Fernandes 2009, severity 1.
DEUTERANOPIA = ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881))
PROTANOPIA = ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998))


def texts_of(theme: themes.ThemeFile) -> dict[str, str]:
    texts = {name: color for name, color in theme.colors.items() if name not in ("background", "surface", "panel")}
    return texts | {"muted": theme.roles["muted"]} | theme.states


def grounds_of(theme: themes.ThemeFile) -> dict[str, str]:
    grounds = {name: theme.colors[name] for name in ("background", "surface", "panel")}
    return grounds | {name: theme.roles[name] for name in ("cursor", "cursor-away")}


def test_the_program_comes_with_light_and_dark_themes_and_its_defaults_first() -> None:
    found, problems = themes.every_theme(Path("/there/is/no/such/folder"))
    assert not problems
    assert len(found) >= 8
    assert sum(theme.dark for theme in found) >= 3
    assert sum(not theme.dark for theme in found) >= 3
    assert [theme.name for theme in found[:2]] == [themes.DARK, themes.LIGHT]
    assert len({theme.title for theme in found}) == len(found)
    assert all(theme.own is None for theme in found)


@each_theme
def test_text_is_readable_on_everything_it_stands_on(theme: themes.ThemeFile) -> None:
    """WCAG 2.1: 4.5 to 1 (level AA); the two of high contrast 7 to 1 (level AAA)."""
    least = 7.0 if theme.name in HIGH_CONTRAST else 4.5
    poor = {
        f"{text} on {ground}": round(ratio(color, below), 2)
        for text, color in texts_of(theme).items()
        for ground, below in grounds_of(theme).items()
        if ratio(color, below) < least
    }
    assert not poor
    assert ratio(theme.colors["background"], theme.colors["accent"]) >= least  # the sandbox's badge
    assert themes.weaknesses(theme) == []


@each_theme
def test_tracks_borders_and_the_cursor_can_be_seen(theme: themes.ThemeFile) -> None:
    background = theme.colors["background"]
    assert ratio(theme.roles["faint"], background) >= 1.6
    assert ratio(theme.roles["rule"], background) >= (3 if theme.name in HIGH_CONTRAST else 1.3)
    assert ratio(theme.roles["cursor"], background) >= 1.15
    assert 1.05 <= ratio(theme.roles["cursor-away"], background) <= ratio(theme.roles["cursor"], background)


@each_theme
@pytest.mark.parametrize(
    ("eyes", "least"),
    [
        pytest.param(TYPICAL, 0.1, id="typical"),
        pytest.param(DEUTERANOPIA, 0.05, id="deuteranopia"),
        pytest.param(PROTANOPIA, 0.045, id="protanopia"),
    ],
)
def test_states_are_told_apart(theme: themes.ThemeFile, eyes: tuple[tuple[float, ...], ...], least: float) -> None:
    """Distances in OKLab, where 0.02 is about what one can just tell. Glyph and word say it too."""
    close = {
        f"{one} and {two}": round(distance, 3)
        for one, two in itertools.combinations(NEEDS_TELLING_APART, 2)
        if (distance := math.dist(seen(theme.states[one], eyes), seen(theme.states[two], eyes))) < least
    }
    assert not close


@each_theme
def test_sixteen_colours_keep_the_meaning_of_states(theme: themes.ThemeFile) -> None:
    small = theme.in_sixteen()

    def number(color: str) -> int | None:
        return Color.parse(color).downgrade(ColorSystem.STANDARD).number

    # Greys of one kind would not be told from each other, nor bright colours from white.
    unreadable = ({0, 8}, {7, 15}, {7, 8}, {2, 15}, {3, 15}, {6, 15}, {10, 15}, {11, 15}, {14, 15})
    for name, color in texts_of(small).items():
        for ground, below in grounds_of(small).items():
            pair = {number(color), number(below)}
            assert len(pair) == 2, f"{name} on {ground}"
            assert pair not in unreadable, f"{name} on {ground}"
    good, bad, doubt = (number(small.states[state]) for state in ("done", "failed", "in-doubt"))
    assert len({good, bad, doubt, number(small.states["waiting"]), number(small.states["queued"])}) == 5
    assert small.textual().dark is theme.dark
    assert small.textual().variables["block-cursor-text-style"] == "reverse"
    assert theme.textual().variables["block-cursor-text-style"] == "none"


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#ffffff", "#767676", 4.54),
        ("#777777", "#ffffff", 4.48),
        ("#ff0000", "#ff0000", 1),
    ],
)
def test_contrast_as_wcag_has_it(one: str, two: str, expected: float) -> None:
    assert contrast(one, two) == pytest.approx(expected, abs=0.01)


@given(st.tuples(*[st.integers(0, 255)] * 6))
def test_contrast_does_not_depend_on_the_order(parts: tuple[int, ...]) -> None:
    one, two = ("#{:02x}{:02x}{:02x}".format(*parts[at : at + 3]) for at in (0, 3))
    assert contrast(one, two) == contrast(two, one) == pytest.approx(ratio(one, two))
    assert 1 <= contrast(one, two) <= 21


# --- a person's own ---------------------------------------------------------------------------------

NIGHT = (themes.themes_folder() / "flux-night.toml").read_text("utf-8")


def test_a_broken_theme_is_named_and_the_others_stay(tmp_path: Path) -> None:
    assert tomllib.loads(NIGHT)
    (tmp_path / "good.toml").write_text(NIGHT.replace('"flux-night"', '"my-night"'), "utf-8")
    (tmp_path / "syntax.toml").write_text("name = ", "utf-8")
    (tmp_path / "color.toml").write_text(NIGHT.replace("#7cb7ff", "blue", 1), "utf-8")
    (tmp_path / "name.toml").write_text(NIGHT.replace('"flux-night"', '"Flux Night"'), "utf-8")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "large.toml").write_text("#" * 70_000, "utf-8")
    (tmp_path / "folder.toml").mkdir()
    found, problems = themes.load_themes(tmp_path)
    assert [theme.name for theme in found] == ["my-night"]
    names = [problem.replace(":", " ").split()[0] for problem in problems]
    assert names == ["bytes.toml", "color.toml", "folder.toml", "large.toml", "name.toml", "syntax.toml"]
    assert "[colors] primary must be a colour such as #7cb7ff, not 'blue'" in problems[1]
    assert themes.load_themes(tmp_path / "nowhere") == ([], [])


def test_a_mistyped_name_gets_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(NIGHT.replace("in-doubt =", "in_doubt ="), "utf-8")
    (tmp_path / "b.toml").write_text(NIGHT.replace("[roles]", "[rolls]"), "utf-8")
    (tmp_path / "c.toml").write_text(NIGHT.replace("dark = true", 'dark = "no"'), "utf-8")
    _, problems = themes.load_themes(tmp_path)
    assert "did you mean in-doubt?" in problems[0]
    assert "did you mean roles?" in problems[1]
    assert "true or false" in problems[2]


def test_an_own_theme_may_begin_from_one_of_ours(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        'name = "mine"\nbased_on = "flux-paper"\n[colors]\nprimary = "#7a1fa2"\n[states]\ndone = "#005f2f"\n', "utf-8"
    )
    (tmp_path / "lost.toml").write_text('name = "lost"\nbased_on = "flux-papper"\n', "utf-8")
    found, problems = themes.every_theme(tmp_path)
    mine = next(theme for theme in found if theme.name == "mine")
    paper = next(theme for theme in found if theme.name == "flux-paper")
    assert mine.own == "mine.toml"
    assert mine.dark is False
    assert mine.colors == paper.colors | {"primary": "#7a1fa2"}
    assert mine.states == paper.states | {"done": "#005f2f"}
    assert found[-1] is mine
    assert len(problems) == 1
    assert problems[0].startswith(f"{tmp_path / 'lost.toml'}: based_on must be one of ")
    assert "flux-paper" in problems[0]


def test_an_own_theme_takes_the_place_of_ours_but_two_of_one_name_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('name = "flux-night"\nbased_on = "flux-dusk"\ntitle = "My night"\n', "utf-8")
    (tmp_path / "b.toml").write_text('name = "flux-night"\nbased_on = "flux-dusk"\n', "utf-8")
    found, problems = themes.every_theme(tmp_path)
    assert [theme.title for theme in found if theme.name == "flux-night"] == ["My night"]
    assert len(found) == len(SHIPPED)
    assert len(problems) == 1
    assert "b.toml" in problems[0]


def test_poor_contrast_is_said_not_refused(tmp_path: Path) -> None:
    (tmp_path / "pale.toml").write_text(
        'name = "pale"\nbased_on = "flux-night"\n[roles]\nmuted = "#555b66"\n[states]\nqueued = "#444444"\n', "utf-8"
    )
    found, problems = themes.every_theme(tmp_path)
    pale = next(theme for theme in found if theme.name == "pale")
    assert not problems
    assert [sentence.split(" has ")[0] for sentence in themes.weaknesses(pale)] == [
        "muted on cursor",
        "state queued on cursor",
    ]
