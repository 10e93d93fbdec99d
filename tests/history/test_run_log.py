"""The log of a run: read in chunks from the newest back, nothing lost or told twice."""

import sqlite3
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fluxtui.domain.jobs import JobState
from fluxtui.domain.problems import Acceptance, Problem, ProblemKind
from fluxtui.history import presence, run_log
from fluxtui.history.journal import Journal, Transaction, add_control
from fluxtui.history.run_log import AskedLine, LogFilter, LogLine
from tests.history import builders

BUSY = Problem(ProblemKind.SERVER_ERROR, "It answered 503.")
EVERY = LogFilter()


def whole(reader: sqlite3.Connection, run_id: int, wanted: LogFilter = EVERY, limit: int = 5000) -> list[int]:
    """Return all lines of a run, read a chunk at a time."""
    found: list[int] = []
    before: int | None = None
    while True:
        numbers, complete = run_log.chunk(reader, run_id, wanted, before, limit=limit)
        found = [*numbers, *found]
        if complete:
            return found
        before = next(number for number in found if number > 0)


def lively(journal: Journal) -> int:
    """A run of three jobs: done at the second try, failed, queued; somebody paused it in between."""
    run_id = builders.running_run(journal, *(builders.cell(index) for index in range(3)))
    first, second = builders.claim(journal, run_id, 2).jobs
    builders.step(journal, first, JobState.SENDING, JobState.QUEUED, problem=BUSY, acceptance=Acceptance.NO)
    journal.write_now(partial(add_control, kind="pause_run", run_id=run_id, payload={}))
    journal.write_now(partial(add_control, kind="resume_lane", run_id=None, payload={"lane": builders.LANE}))
    journal.write_now(partial(add_control, kind="check", run_id=None, payload={"provider": "bfl"}))
    builders.step(journal, second, JobState.SENDING, JobState.FAILED, problem=BUSY, acceptance=Acceptance.NO)
    again = builders.claim(journal, run_id).jobs[0]
    builders.step(journal, again, JobState.SENDING, JobState.WAITING, ticket=builders.TICKET)
    builders.step(journal, again, JobState.WAITING, JobState.DONE, pictures=(builders.PICTURE,))
    journal.write_now(partial(presence.take_control, control_id=1, outcome="done"))
    journal.write_now(set_the_clock)
    return run_id


def set_the_clock(transaction: Transaction) -> None:
    """Three events, then the wishes, then the other events: a real clock may have them in one millisecond."""
    for statement in (
        "UPDATE runs SET created_at = 0",
        "UPDATE events SET at = 10 * id",
        "UPDATE controls SET created_at = 34 + id",
    ):
        transaction.connection.execute(statement)


def test_lines_say_what_happened_and_what_was_asked_for(journal: Journal, reader: sqlite3.Connection) -> None:
    run_id = lively(journal)
    numbers = whole(reader, run_id)
    told = run_log.lines(reader, numbers)
    said: list[str] = []
    for number in numbers:
        line = told[number]
        said.append(line.kind if isinstance(line, AskedLine) else line.state.value)
    assert said == [
        "sending", "sending", "queued", "pause_run", "resume_lane", "failed", "sending", "waiting", "done",
    ]  # fmt: skip
    asked = told[-1]
    assert isinstance(asked, AskedLine)
    assert asked.outcome == "done"
    failed = next(line for line in told.values() if isinstance(line, LogLine) and line.state is JobState.FAILED)
    assert failed.problem is not None
    assert failed.problem.what == BUSY.what
    done = told[numbers[-1]]
    assert isinstance(done, LogLine)
    assert (done.task, done.attempt, done.problem) == ("task-0", 2, None)
    assert done.seconds is not None


def test_one_job_and_only_trouble(journal: Journal, reader: sqlite3.Connection) -> None:
    run_id = lively(journal)
    other = builders.running_run(journal, builders.cell(7))
    builders.claim(journal, other)

    def states(wanted: LogFilter) -> list[JobState]:
        lines = run_log.lines(reader, whole(reader, run_id, wanted)).values()
        return [line.state for line in lines if isinstance(line, LogLine)]

    assert states(LogFilter(job_id=2)) == [JobState.SENDING, JobState.FAILED]
    assert states(LogFilter(trouble=True)) == [JobState.QUEUED, JobState.FAILED]
    assert states(LogFilter(job_id=1, trouble=True)) == [JobState.QUEUED]
    assert whole(reader, run_id, LogFilter(job_id=4)) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(limit=st.integers(1, 12))
def test_any_size_of_chunk_tells_the_same(journal: Journal, reader: sqlite3.Connection, limit: int) -> None:
    if not reader.execute("SELECT 1 FROM runs").fetchone():
        lively(journal)
    assert whole(reader, 1, limit=limit) == whole(reader, 1)


def test_what_is_new_follows_on_what_was_seen(journal: Journal, reader: sqlite3.Connection) -> None:
    run_id = lively(journal)
    numbers = whole(reader, run_id)
    event, control = max(numbers), run_log.last_control(reader)
    assert list(run_log.news(reader, run_id, EVERY, event, control)) == []
    builders.claim(journal, run_id)
    journal.write_now(partial(add_control, kind="cancel_run", run_id=run_id, payload={"scope": "all"}))
    fresh = list(run_log.news(reader, run_id, EVERY, event, control))
    assert fresh == [event + 1, -(control + 1)]
    assert whole(reader, run_id) == [*numbers, *fresh]
    assert list(run_log.news(reader, run_id, LogFilter(trouble=True), event, control)) == []


@pytest.mark.parametrize("wanted", [EVERY, LogFilter(trouble=True), LogFilter(job_id=1)])
def test_the_newest_lines_come_from_an_index(reader: sqlite3.Connection, wanted: LogFilter) -> None:
    asked: list[str] = []
    reader.set_trace_callback(asked.append)
    run_log.chunk(reader, 1, wanted)
    reader.set_trace_callback(None)
    query = next(text for text in asked if "FROM events" in text)
    plan = " ".join(str(row[3]) for row in reader.execute(f"EXPLAIN QUERY PLAN {query}"))
    index = "events_of_trouble" if wanted.trouble else "events_by_job" if wanted.job_id else "events_by_run"
    assert index in plan
    assert "TEMP B-TREE" not in plan
