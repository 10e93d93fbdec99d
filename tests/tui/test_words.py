"""Small pure pieces: bars, durations, filters, keys."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxtui.domain.jobs import ACTIVE, JobState
from fluxtui.domain.money import Certainty, Micros
from fluxtui.tui import faces, keymap
from fluxtui.tui.ink import fit
from fluxtui.tui.widgets.contact_sheet import tile_size

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
