"""The error card: for every kind of problem and state it says what happened, why, and what to do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxtui.domain.jobs import JobState
from fluxtui.domain.problems import Problem, ProblemKind
from fluxtui.tui import faces
from fluxtui.tui.widgets.facts import card_keys, problem_card

TROUBLED = [*faces.NEEDS_A_PERSON, JobState.QUEUED]
PROBLEMS = st.builds(
    Problem, st.sampled_from(ProblemKind), st.text(min_size=1), st.text(), st.text(), st.none() | st.text(),
    st.none() | st.integers(100, 599), st.none() | st.text(max_size=5000),
)  # fmt: skip


@given(PROBLEMS, st.sampled_from(TROUBLED))
def test_a_card_says_what_happened_and_what_to_do(problem: Problem, state: JobState) -> None:
    card = problem_card(problem, "error", state).plain
    assert card.startswith(problem.what)
    assert problem.cause in card
    assert "→ " in card
    if problem.request_id:
        assert problem.request_id in card
    assert not set(card) & {"\x1b", "\x07", "\u202e"}
    assert len(card) < 500 * 3 + 200 + 400 + 100


def test_a_service_that_says_very_much_is_cut_short() -> None:
    said = "<html>" + "Bad Gateway [/b] " * 500
    card = problem_card(Problem(ProblemKind.SERVER_ERROR, "It answered 502.", detail=said), "error", JobState.FAILED)
    assert "<html>Bad Gateway [/b]" in card.plain
    assert card.plain.endswith("…")
    assert len(card.plain) < 600


def test_nothing_is_said_twice() -> None:
    problem = Problem(ProblemKind.MODERATION, "Refused (Derivative Works).", "Overloaded", detail="Derivative Works.")
    assert problem_card(problem, "error", JobState.REFUSED).plain.count("Derivative Works") == 1


@pytest.mark.parametrize("state", TROUBLED)
def test_the_keys_of_a_card_are_those_that_are_bound(state: JobState) -> None:
    words = card_keys(state, lambda key_id: {"run.copy": "Q", "run.retry": "W", "run.resolve": "E"}[key_id]).plain
    assert "Q" in words
    assert ("W" in words) == (state in (JobState.FAILED, JobState.REFUSED))
    assert ("E" in words) == (state is JobState.IN_DOUBT)
