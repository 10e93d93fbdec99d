"""What the cockpit keeps of its workspace: which run is shown, which have tabs."""

from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from fluxtui.domain.jobs import RunState
from fluxtui.domain.money import Micros
from fluxtui.history.records import RunRow
from fluxtui.tui import faces
from fluxtui.tui.live import Live
from fluxtui.tui.store import Feed, RunsChanged
from fluxtui.tui.widgets.run_tabs import window


def run(run_id: int, state: RunState = RunState.RUNNING) -> RunRow:
    nothing = Micros(0)
    return RunRow(
        run_id, "city", None, state, False, 0.0, None, None, None, "", {}, nothing, nothing, nothing, nothing, (), 0
    )


def live() -> Live:
    return Live(Feed(Path("nowhere"), lambda _: None, lambda: False))


def tabs(seen: Live) -> list[int]:
    return [tab.id for tab in seen.tabs]


def test_live_runs_and_the_shown_one_have_tabs() -> None:
    seen = live()
    seen.hear(RunsChanged(run(3), (run(2), run(3))))
    assert tabs(seen) == [2, 3]
    assert seen.run_id == 3
    seen.open(1)
    heads = (run(1, RunState.FINISHED), run(2), run(3))
    seen.hear(RunsChanged(run(3), heads, frozenset({1, 2, 3})))
    assert tabs(seen) == [2, 3, 1]
    assert [seen.next_to(step) for step in (1, -1)] == [2, 3]


def test_a_run_that_ends_keeps_its_tab_after_the_live_ones() -> None:
    seen = live()
    seen.hear(RunsChanged(run(2), (run(1), run(2))))
    seen.hear(RunsChanged(run(2), (replace(run(1), state=RunState.FINISHED), run(2)), frozenset({1, 2})))
    assert tabs(seen) == [2, 1]


def test_old_runs_that_nobody_opened_have_no_tab() -> None:
    seen = live()
    seen.hear(RunsChanged(run(9, RunState.FINISHED), (run(9, RunState.FINISHED),)))
    assert seen.run_id == 9
    assert seen.next_to(1) is None


def test_what_is_gone_is_forgotten_and_the_newest_is_shown() -> None:
    seen = live()
    seen.hear(RunsChanged(run(2), (run(1), run(2))))
    seen.open(1)
    seen.hear(RunsChanged(run(2), (run(2),), frozenset({1, 2})))
    assert (seen.run_id, tabs(seen)) == (2, [2])


@given(st.lists(st.integers(1, 40), max_size=12), st.integers(-2, 14), st.integers(0, 120))
def test_the_current_tab_is_always_among_the_shown_ones(widths: list[int], current: int, room: int) -> None:
    shown = window(widths, current, room)
    if not widths:
        assert not shown
        return
    here = max(0, min(current, len(widths) - 1))
    assert here in shown
    assert sum(widths[index] for index in shown) <= max(room, widths[here])
    for outside in (shown.start - 1, shown.stop):
        if 0 <= outside < len(widths):
            assert sum(widths[index] for index in shown) + widths[outside] > room


def test_live_states_are_those_of_the_runner() -> None:
    assert frozenset({RunState.READY, RunState.RUNNING}) == faces.LIVE_RUNS
