"""Small pure pieces: bars, durations, filters, themes, keys."""

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxtui.domain.jobs import ACTIVE, JobState
from fluxtui.domain.money import Certainty, Micros
from fluxtui.tui import faces, keymap, themes
from fluxtui.tui.filters import parse_filter, state_words
from fluxtui.tui.ink import fit
from fluxtui.tui.widgets.contact_sheet import tile_size
from fluxtui.tui.widgets.job_lines import columns

COUNTS = st.dictionaries(st.sampled_from(JobState), st.integers(0, 100_000))


@given(COUNTS, st.integers(0, 200))
def test_a_bar_is_as_wide_as_asked_and_shows_every_state(counts: dict[JobState, int], width: int) -> None:
    parts = faces.bar(counts, width)
    assert sum(part.cells for part in parts) == width
    groups = {"state-waiting" if state in ACTIVE else faces.color_of(state) for state, n in counts.items() if n}
    if width >= 9 and groups:
        assert {part.color for part in parts} == {"faint" if g == "state-queued" else g for g in groups}


@given(st.text(), st.integers(0, 60), st.booleans())
def test_fitted_text_has_the_width_asked_for(text: str, width: int, right: bool) -> None:
    from rich.cells import cell_len

    assert cell_len(fit(faces.one_line(text), width, right=right)) == width


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "—"), (0.04, "0.0 s"), (8.12, "8.1 s"), (48.2, "48 s"), (125, "2:05"), (3723, "1:02:03")],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert faces.duration(seconds) == text


def test_money_of_a_job() -> None:
    assert faces.job_money(Micros(40_000), Micros(0), Certainty.ESTIMATED) == ".040"
    assert faces.job_money(Micros(0), Micros(211_000), Certainty.UNKNOWN) == ".211?"
    assert faces.job_money(Micros(0), Micros(0), Certainty.SETTLED) == "0"
    assert faces.job_money(Micros(0), Micros(0), None) == "—"


def test_every_state_has_a_glyph_of_its_own() -> None:
    assert set(faces.GLYPHS) == set(JobState)
    assert len(set(faces.GLYPHS.values())) == len(JobState)


def test_filters() -> None:
    job_filter, wrong = parse_filter("is:failed is:in-doubt target:bfl/flux-2-pro old  tram")
    assert wrong is None
    assert job_filter.states == {JobState.FAILED, JobState.IN_DOUBT}
    assert job_filter.target == "bfl/flux-2-pro"
    assert job_filter.text == "old tram"
    assert parse_filter("is:problem")[0].states == {JobState.FAILED, JobState.REFUSED, JobState.IN_DOUBT}
    assert "failed" in (parse_filter("is:broken")[1] or "")


@given(st.text())
def test_no_filter_line_breaks(text: str) -> None:
    job_filter, _ = parse_filter(text)
    assert job_filter.states <= set(JobState)
    assert state_words()


@given(st.integers(40, 300), st.integers(1, 80), st.integers(1, 60))
def test_columns_never_exceed_the_table(width: int, target: int, model: int) -> None:
    c = columns(width, target, model)
    used = c.state + c.task + c.target + c.seconds + c.cost + 8 + (c.note + 2 if c.note else 0)
    assert used <= max(width, 51)
    assert min(c.task, c.target) >= 6


@given(st.integers(1, 250), st.integers(1, 80))
def test_tiles_fill_the_sheet(width: int, height: int) -> None:
    across, down = tile_size(width, height)
    assert across >= 20
    assert down >= 7


def test_keys_are_complete_and_told_apart() -> None:
    ids = [key.id for key in keymap.EVERY]
    assert len(ids) == len(set(ids))
    for key in keymap.EVERY:
        assert key.name
        assert key.tip.endswith(".")
        assert key.area
        assert not re.search(r"ctrl\+(enter|shift)|alt\+|^\d$", key.keys), key.id
    quitting = next(key for key in keymap.GLOBAL if key.id == "app.quit")
    assert quitting.keys == "ctrl+q"
    assert quitting.priority


@pytest.mark.parametrize("group", [keymap.RUN, keymap.HISTORY, keymap.BATCH, keymap.WELCOME, keymap.LOOK])
def test_keys_of_a_screen_do_not_collide(group: tuple[keymap.Key, ...]) -> None:
    taken = [name for key in (*keymap.GLOBAL, *group) for name in key.keys.split(",")]
    assert len(taken) == len(set(taken))


def test_theme_files_come_with_the_program() -> None:
    found, problems = themes.load_themes(themes.themes_folder())
    assert not problems
    assert {theme.dark for theme in found} == {True, False}
    assert {themes.DARK, themes.LIGHT} <= {theme.name for theme in found}


def luminance(color: str) -> float:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, two: str) -> float:
    high, low = sorted((luminance(one), luminance(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", themes.load_themes(themes.themes_folder())[0], ids=lambda theme: theme.name)
def test_text_is_readable_in_every_theme(theme: themes.ThemeFile) -> None:
    """WCAG 2.2 AA for text: 4.5 to 1, on every background that text stands on."""
    texts = {name: theme.colors[name] for name in themes.COLORS if name not in ("background", "surface", "panel")}
    texts |= {"muted": theme.roles["muted"]} | theme.states
    grounds = {name: theme.colors[name] for name in ("background", "surface", "panel")}
    grounds |= {name: theme.roles[name] for name in ("cursor", "cursor-away")}
    poor = {
        f"{text} on {ground}": round(contrast(color, below), 2)
        for text, color in texts.items()
        for ground, below in grounds.items()
        if contrast(color, below) < 4.5
    }
    assert not poor
    assert contrast(theme.colors["background"], theme.colors["accent"]) >= 4.5  # the sandbox's badge


def test_a_broken_theme_is_named_and_the_others_stay(tmp_path: Path) -> None:
    good = (themes.themes_folder() / "flux-night.toml").read_text("utf-8")
    assert tomllib.loads(good)
    (tmp_path / "good.toml").write_text(good, "utf-8")
    (tmp_path / "syntax.toml").write_text("name = ", "utf-8")
    (tmp_path / "color.toml").write_text(good.replace("#7cb7ff", "blue", 1), "utf-8")
    (tmp_path / "name.toml").write_text(good.replace('"flux-night"', '"Flux Night"'), "utf-8")
    found, problems = themes.load_themes(tmp_path)
    assert [theme.name for theme in found] == ["flux-night"]
    assert [problem.partition(":")[0] for problem in problems] == ["color.toml", "name.toml", "syntax.toml"]
    assert themes.load_themes(tmp_path / "nowhere") == ([], [])
