"""Exit codes: which one it is when several hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxtui.cli.exits import Exit, of_run, worst
from fluxtui.domain.jobs import JobState, RunState
from fluxtui.domain.money import Micros
from fluxtui.history.records import RunRow


def run_row(state: RunState, counts: dict[JobState, int]) -> RunRow:
    nothing = Micros(0)
    return RunRow(
        1, "b", None, state, False, 0.0, None, None, None, "f", counts, nothing, nothing, nothing, nothing, (), 0
    )


@pytest.mark.parametrize(
    ("state", "counts", "code"),
    [
        (RunState.FINISHED, {JobState.DONE: 3}, 0),
        (RunState.FINISHED, {JobState.DONE: 3, JobState.REFUSED: 1}, 3),
        (RunState.FINISHED, {JobState.FAILED: 1, JobState.REFUSED: 1}, 1),
        (RunState.FINISHED, {JobState.FAILED: 1, JobState.IN_DOUBT: 1, JobState.REFUSED: 1}, 4),
        (RunState.CAPPED, {JobState.IN_DOUBT: 1, JobState.QUEUED: 4}, 5),
        (RunState.PARKED, {JobState.FAILED: 1, JobState.QUEUED: 4}, 6),
        (RunState.FINISHED, {JobState.DONE: 1, JobState.CANCELLED: 1}, 1),
        (RunState.CANCELLED, {JobState.CANCELLED: 1}, 1),
        (RunState.INTERRUPTED, {JobState.DONE: 1, JobState.QUEUED: 1}, 130),
        (RunState.PAUSED, {JobState.QUEUED: 1}, 130),
    ],
)
def test_a_run_has_one_code(state: RunState, counts: dict[JobState, int], code: int) -> None:
    assert of_run(run_row(state, counts)) == code


def test_parked_over_capped_over_in_doubt_over_failed_over_refused() -> None:
    order = [Exit.PARKED, Exit.CAPPED, Exit.IN_DOUBT, Exit.FAILED, Exit.REFUSED, Exit.DONE]
    for place, code in enumerate(order):
        assert worst(reversed(order[place:])) is code


@given(st.lists(st.sampled_from(list(Exit)[:7])))
def test_it_is_done_only_when_all_is_done(codes: list[Exit]) -> None:
    assert (worst(codes) is Exit.DONE) == (set(codes) <= {Exit.DONE, Exit.USAGE})
