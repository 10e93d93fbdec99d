"""The timeline of a job's attempts: proportions, stages, waits, and what each of them said."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from fluxtui.domain.jobs import JobKind, JobState
from fluxtui.domain.money import Micros
from fluxtui.domain.problems import Problem, ProblemKind
from fluxtui.domain.request import ImageRequest
from fluxtui.history.records import AttemptRow, JobDetail, JobEvent, JobRow
from fluxtui.tui.widgets.timeline import Stage, cells_of, stages, timeline

S, W, F = JobState.SENDING, JobState.WAITING, JobState.FETCHING


def job(*attempts: AttemptRow, events: tuple[JobEvent, ...] = (), state: JobState = JobState.DONE) -> JobDetail:
    row = JobRow(
        1, 1, 0, JobKind.GENERATE, state, "tram", "bfl/flux", len(attempts), 1.0, 0.0, None, Micros(0), Micros(0),
        Micros(0), None, 0, 0, None, 1,
    )  # fmt: skip
    return JobDetail(
        row, "key", ImageRequest("flux", "a tram"), {}, {}, 1, (), None, None, attempts, (), Micros(0), 0, events, 90.0
    )


def attempt(number: int, began: float, ended: float | None, outcome: str | None, **more: object) -> AttemptRow:
    row = AttemptRow(number, began, None, ended, outcome, None, None)
    return replace(row, **more)  # type: ignore[arg-type]  # by the fields' names


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=3), st.integers(0, 200))
def test_a_bar_is_as_wide_as_asked_and_shows_every_stage(seconds: list[float], width: int) -> None:
    cells = cells_of(seconds, width)
    assert sum(cells) == width
    assert all(cell >= 1 for cell in cells)
    if width > len(seconds):
        assert len(cells) == len(seconds)


def test_stages_are_the_time_between_the_changes() -> None:
    events = tuple(JobEvent(1, state, at) for state, at in ((S, 100.0), (W, 100.5), (F, 108.0), (JobState.DONE, 109.0)))
    one = attempt(1, 100.0, 109.0, "done")
    assert stages(job(one, events=events), one, 500.0) == (Stage(S, 0.5), Stage(W, 7.5), Stage(F, 1.0))


def test_a_stage_that_comes_again_is_one_stage() -> None:
    events = tuple(JobEvent(1, state, at) for state, at in ((S, 0.0), (W, 1.0), (F, 3.0), (W, 4.0), (F, 9.0)))
    one = attempt(1, 0.0, 10.0, "done")
    assert stages(job(one, events=events), one, 500.0) == (Stage(S, 1.0), Stage(W, 7.0), Stage(F, 2.0))


def test_an_attempt_under_way_goes_on_until_now() -> None:
    one = attempt(1, 100.0, None, None)
    detail = job(one, events=(JobEvent(1, S, 100.0), JobEvent(1, W, 101.0)), state=W)
    assert stages(detail, one, 120.0) == (Stage(S, 1.0), Stage(W, 19.0))
    assert "◐ waiting  20 s" in timeline(detail, 60, 120.0).plain


def test_without_events_the_attempt_itself_tells() -> None:
    one = attempt(1, 100.0, 110.0, "done", accepted_at=102.0)
    assert stages(job(one), one, 500.0) == (Stage(S, 2.0), Stage(W, 8.0))


def test_what_each_attempt_said_and_the_waits_between() -> None:
    busy = Problem(ProblemKind.RATE_LIMITED, "[b]Too many[/b]\nrequests")
    first = attempt(1, 100.0, 101.0, "queued", problem=busy, request_id="req-1")
    second = attempt(2, 109.0, 110.0, "failed", problem=busy)
    text = timeline(job(first, second, state=JobState.FAILED), 60, 500.0).plain
    lines = text.splitlines()
    assert lines[0].strip() == "⋯ 10 s in the queue"
    assert "↻ sent again later  1.0 s" in lines[1]
    assert "[b]Too many[/b] requests" in lines[4]
    assert "request req-1" in lines[5]
    assert lines[6].strip() == "⋯ 8.0 s until it was sent again"
    assert "✗ failed" in lines[7]


def test_bars_are_in_proportion_to_the_longest_attempt() -> None:
    short, long = attempt(1, 100.0, 105.0, "queued"), attempt(2, 106.0, 116.0, "done")
    bars = [line.strip() for line in timeline(job(short, long), 43, 500.0).plain.splitlines() if "╌╌" in line]
    assert [len(bar) for bar in bars] == [20, 40]


def test_very_many_attempts_are_cut_in_the_middle() -> None:
    many = [attempt(n, 100.0 + n, 100.5 + n, "queued") for n in range(1, 101)]
    text = timeline(job(*many), 60, 500.0).plain
    assert "… 88 more attempts" in text
    assert "\n100" in text


@given(st.integers(-5, 200), st.floats(0, 1e5), st.floats(0, 1e5))
def test_it_never_breaks(width: int, one: float, two: float) -> None:
    detail = job(attempt(1, one, two, "done"), attempt(2, two, None, None), state=W)
    assert timeline(detail, width, 0.0).plain
