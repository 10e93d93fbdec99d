"""The filter line: what its words mean, what is wrong with others, what it suggests."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxtui.domain.jobs import JobState
from fluxtui.history.records import Bound, Comparison, JobFilter, Measure, Term
from fluxtui.tui.filters import parse_filter, state_words, suggest

EVERY = frozenset(JobState)


@pytest.mark.parametrize(
    ("line", "means"),
    [
        ("", JobFilter()),
        ("tram", JobFilter(terms=(Term("tram"),))),
        ("old  tram", JobFilter(terms=(Term("old"), Term("tram")))),
        ('"old tram"', JobFilter(terms=(Term("old tram"),))),
        ("-night", JobFilter(terms=(Term("night", absent=True),))),
        ("(rain:1.2)", JobFilter(terms=(Term("(rain:1.2)"),))),
        ("target:bfl/flux-2-pro", JobFilter(terms=(Term("bfl/flux-2-pro", "target"),))),
        ('-task:"two words"', JobFilter(terms=(Term("two words", "task", absent=True),))),
        ("prompt:gold", JobFilter(terms=(Term("gold", "prompt"),))),
        ("is:failed is:in-doubt", JobFilter(frozenset({JobState.FAILED, JobState.IN_DOUBT}))),
        ("-is:done", JobFilter(EVERY - {JobState.DONE})),
        ("is:problem -is:refused", JobFilter(frozenset({JobState.FAILED, JobState.IN_DOUBT}))),
        ("is:failed -is:failed", JobFilter(frozenset())),
        ("is:held is:queued", JobFilter(frozenset({JobState.QUEUED}), held=True)),
        ("-is:held", JobFilter(held=False)),
        ("cost>0.05", JobFilter(bounds=(Bound(Measure.COST, Comparison.MORE, 50_000),))),
        ("-cost>$.05", JobFilter(bounds=(Bound(Measure.COST, Comparison.AT_MOST, 50_000),))),
        ("time>=1:30", JobFilter(bounds=(Bound(Measure.TIME, Comparison.AT_LEAST, 90),))),
        ("time<2m", JobFilter(bounds=(Bound(Measure.TIME, Comparison.LESS, 120),))),
        ("try=3", JobFilter(bounds=(Bound(Measure.TRY, Comparison.IS, 3),))),
        ("is:", JobFilter()),
        ("is:fai", JobFilter()),
        ("target:", JobFilter()),
    ],
)
def test_what_a_line_means(line: str, means: JobFilter) -> None:
    assert parse_filter(line) == (means, None)


@pytest.mark.parametrize(
    ("line", "said"), [("is:broken x", "failed"), ("cost>cheap", "cost>0.05"), ("time>soon", "seconds"), ("try>", "1")]
)
def test_a_wrong_word_is_told_and_left_out(line: str, said: str) -> None:
    job_filter, wrong = parse_filter(line)
    assert said in (wrong or "")
    assert job_filter.bounds == ()
    assert job_filter.states is None


@given(st.text() | st.text(alphabet='is:tarfgle-><=0.5" cost', max_size=30))
def test_no_line_breaks_the_parser_or_the_suggestions(text: str) -> None:
    job_filter, _ = parse_filter(text)
    assert (job_filter.states or frozenset()) <= EVERY
    assert all(term.text and '"' not in (term.text[0], term.text[-1]) for term in job_filter.terms)
    for line in suggest(text, targets=["bfl/flux-2-pro"], tasks=["old tram"]):
        assert parse_filter(line)[1] is None or parse_filter(text)[1] is not None or line.endswith(">")


WORDS = st.text(alphabet=st.characters(categories=("L", "N")), min_size=1, max_size=8)


@given(st.lists(WORDS, min_size=1, max_size=5), st.sampled_from(["", "task:", "target:", "prompt:"]))
def test_every_word_is_looked_for(words: list[str], field: str) -> None:
    quoted = " ".join(f'{field}"{word}"' for word in words)
    within = field[:-1] or None
    assert parse_filter(quoted)[0].terms == tuple(Term(word, within) for word in words)
    assert shlex.split(quoted) == [field + word for word in words]


def test_suggestions_complete_the_last_word() -> None:
    assert suggest("is:fa") == ("is:failed",)
    assert suggest("old i")[0] == "old is:"
    assert suggest("x -is:do") == ("x -is:done", "x -is:doubt", "x -is:in-doubt")
    assert suggest("target:flux-2", targets=["bfl/flux-2-pro", "openai/gpt"]) == ("target:bfl/flux-2-pro",)
    assert suggest("task:", tasks=["old tram", "new"]) == ('task:"old tram"', "task:new")
    assert suggest("") == ()
    assert suggest("tram ") == ()


def test_every_state_can_be_asked_for() -> None:
    for word in state_words():
        wanted = parse_filter(f"is:{word}")[0]
        assert wanted.states or wanted.held
