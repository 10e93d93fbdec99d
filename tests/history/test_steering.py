"""What people wish for jobs and lanes: held and sent sooner, switched off and let go; and what goes on by that."""

import sqlite3
from dataclasses import replace
from functools import partial

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fluxtui.domain.jobs import JobState, RunState
from fluxtui.domain.money import usd
from fluxtui.domain.problems import Problem, ProblemKind
from fluxtui.history import presence, queries, runs, steering, wishes
from fluxtui.history.journal import Journal
from fluxtui.history.records import LaneRow
from tests.history.builders import cell, claim, new_run, running_run, step

PARKED = LaneRow(
    "bfl/one", "bfl", "bfl/one", False, "parked", 0, 4, None, Problem(ProblemKind.CREDITS, "None left."), 9.0
)


def ids(reader: sqlite3.Connection, run_id: int) -> list[int]:
    return [row[0] for row in reader.execute("SELECT id FROM jobs WHERE run_id = ? ORDER BY position", (run_id,))]


def lane_of(reader: sqlite3.Connection, run_id: int) -> str:
    return queries.targets(reader, run_id)[0].lane


def test_a_held_job_is_passed_over_until_it_is_released(journal: Journal, reader: sqlite3.Connection) -> None:
    run_id = running_run(journal, cell(0), cell(1), cell(2))
    first, second, _ = ids(reader, run_id)
    assert journal.write_now(partial(steering.hold, job_ids=[first, second])) == 2
    assert journal.write_now(partial(steering.hold, job_ids=[first])) == 0
    rows = queries.jobs(reader, ids(reader, run_id))
    assert [row.held for row in rows.values()] == [True, True, False]
    assert [job.task for job in claim(journal, run_id, most=9).jobs] == ["task-2"]
    assert journal.write_now(partial(steering.release, job_ids=[second])) == (1, [])
    assert [job.task for job in claim(journal, run_id, most=9).jobs] == ["task-1"]
    assert journal.write_now(partial(steering.release, run_id=run_id)) == (1, [])
    assert [job.task for job in claim(journal, run_id, most=9).jobs] == ["task-0"]


def test_a_hold_lasts_while_a_job_comes_back_and_ends_with_it(journal: Journal, reader: sqlite3.Connection) -> None:
    run_id = running_run(journal, cell(0), cell(1))
    back, over = claim(journal, run_id, most=2).jobs
    journal.write_now(partial(steering.hold, job_ids=[back.id, over.id]))
    step(journal, back, JobState.SENDING, JobState.QUEUED)
    step(journal, over, JobState.SENDING, JobState.FAILED)
    assert {job.id: job.held for job in queries.jobs(reader, [back.id, over.id]).values()} == {
        back.id: True,
        over.id: False,
    }
    step(journal, over, JobState.FAILED, JobState.QUEUED)
    assert [job.id for job in claim(journal, run_id, most=9).jobs] == [over.id]


def test_releasing_lets_a_run_go_on_that_only_waited_for_it(journal: Journal, reader: sqlite3.Connection) -> None:
    waits, stopped = running_run(journal, cell(0)), running_run(journal, cell(1))
    for run_id, held_back in ((waits, True), (stopped, False)):
        journal.write_now(partial(steering.hold, job_ids=ids(reader, run_id)))
        journal.write_now(partial(runs.set_run_state, run_id=run_id, state=RunState.PAUSED, held_back=held_back))
    both = ids(reader, waits) + ids(reader, stopped)
    assert journal.write_now(partial(steering.release, job_ids=both)) == (2, [waits])
    after = {run.id: (run.state, run.held_back) for run in queries.runs(reader)}
    assert after == {waits: (RunState.READY, False), stopped: (RunState.PAUSED, False)}


def test_a_persons_pause_outlasts_the_release_of_jobs(journal: Journal, reader: sqlite3.Connection) -> None:
    run_id = running_run(journal, cell(0))
    journal.write_now(partial(steering.hold, job_ids=ids(reader, run_id)))
    journal.write_now(partial(runs.set_run_state, run_id=run_id, state=RunState.PAUSED, held_back=True))
    assert journal.write_now(partial(runs.pause, run_id=run_id))
    assert not journal.write_now(partial(runs.pause, run_id=run_id))
    assert journal.write_now(partial(steering.release, run_id=run_id)) == (1, [])
    run = queries.run(reader, run_id)
    assert run is not None
    assert run.state is RunState.PAUSED


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.one_of(st.none(), st.integers(-2000, 2000)), st.integers(-30, 30)), max_size=12
    )
)
def test_jobs_are_sent_by_priority_then_by_place(
    journal: Journal, reader: sqlite3.Connection, wanted: list[tuple[int, int | None, int]]
) -> None:
    run_id = running_run(journal, *(cell(n) for n in range(6)))
    jobs, expected = ids(reader, run_id), [0] * 6
    for place, to, by in wanted:
        journal.write_now(partial(steering.prioritise, job_ids=[jobs[place]], to=to, by=by))
        goal = expected[place] + by if to is None else to
        expected[place] = min(max(goal, -steering.HIGHEST_PRIORITY), steering.HIGHEST_PRIORITY)
    assert [row.priority for row in queries.jobs(reader, jobs).values()] == expected
    order = [int(job.task.removeprefix("task-")) for job in claim(journal, run_id, most=9).jobs]
    assert order == sorted(range(6), key=lambda place: (-expected[place], place))


def test_a_priority_that_is_so_already_changes_nothing(journal: Journal, reader: sqlite3.Connection) -> None:
    run_id = running_run(journal, cell(0), cell(1))
    jobs = ids(reader, run_id)
    assert journal.write_now(partial(steering.prioritise, job_ids=jobs, by=1)) == 2
    before = queries.revision(reader)
    assert journal.write_now(partial(steering.prioritise, job_ids=jobs, to=1)) == 0
    assert queries.jobs_changed(reader, run_id, before) == []


def test_wishes_for_lanes_are_kept_and_shown_with_the_lane(journal: Journal, reader: sqlite3.Connection) -> None:
    healthy = replace(PARKED, key="bfl/two", target="bfl/two", state="ok", problem=None)
    journal.write_now(partial(presence.tell, lanes=[PARKED, healthy]))
    journal.write_now(partial(wishes.enable, lanes=["bfl/one", "bfl/two", "fal/x"], enabled=False))
    journal.write_now(partial(wishes.limit, lanes=["bfl/two"], most=0))
    journal.write_now(partial(wishes.pause, lanes=["fal/x"], paused=True))
    assert wishes.lane_wishes(reader) == {
        "bfl/one": wishes.LaneWish("bfl/one", enabled=False),
        "bfl/two": wishes.LaneWish("bfl/two", enabled=False, limit=1),
        "fal/x": wishes.LaneWish("fal/x", enabled=False, paused=True),
    }
    assert wishes.disabled_lanes(reader) == {"bfl/one", "bfl/two", "fal/x"}
    one, two = queries.lanes(reader)
    assert (one.state, one.enabled) == ("parked", False)  # what is wrong says more than that it is off
    assert (two.state, two.enabled, two.wished) == ("disabled", False, 1)
    assert two.problem is not None
    assert "switched off" in two.problem.what
    journal.write_now(partial(wishes.enable, lanes=["bfl/two"], enabled=True))
    journal.write_now(partial(wishes.limit, lanes=["bfl/two"], most=None))
    assert (queries.lanes(reader)[1].state, queries.lanes(reader)[1].wished) == ("ok", None)


def test_what_stands_still_because_of_a_lane_goes_on_with_it(journal: Journal, reader: sqlite3.Connection) -> None:
    parked, held_back, paused, moving = (running_run(journal, cell(n), cell(n + 1)) for n in (0, 2, 4, 6))
    lane = lane_of(reader, parked)
    journal.write_now(partial(steering.hold, job_ids=ids(reader, held_back)[:1]))
    for run_id, state, back in ((parked, RunState.PARKED, False), (held_back, RunState.PAUSED, True)):
        journal.write_now(partial(runs.set_run_state, run_id=run_id, state=state, held_back=back))
    journal.write_now(partial(runs.set_run_state, run_id=paused, state=RunState.PAUSED))
    assert wishes.waiting(reader, [lane]) == wishes.Waiting((parked, held_back), 3, usd("0.12"))
    assert wishes.waiting(reader, ["other/lane"]) == wishes.Waiting((), 0, usd(0))
    assert journal.write_now(partial(wishes.go_on, lanes=["other/lane"])) == []
    assert journal.write_now(partial(wishes.go_on, lanes=[lane])) == [parked, held_back]
    assert {run.id: run.state for run in queries.runs(reader)} == {
        parked: RunState.READY,
        held_back: RunState.READY,
        paused: RunState.PAUSED,
        moving: RunState.RUNNING,
    }


def test_lanes_of_a_runner_that_ended_are_idle_and_keep_how_they_did(
    journal: Journal, reader: sqlite3.Connection
) -> None:
    did = replace(
        PARKED, key="bfl/two", target="bfl/two", state="ok", problem=None, latencies=(1.5, 2.25), p50=2.0, in_flight=2
    )
    journal.write_now(partial(presence.appear, pid=1))
    journal.write_now(partial(presence.tell, lanes=[PARKED, did]))
    journal.write_now(presence.disappear)
    assert queries.lanes(reader) == [PARKED]
    assert queries.lanes(reader, idle=True) == [PARKED, replace(did, state="idle", in_flight=0)]
    journal.write_now(partial(wishes.forget_parked, lanes=["bfl/one"]))
    assert queries.lanes(reader) == []


def test_a_cancelled_run_is_one_until_it_is_taken_up_again(journal: Journal, reader: sqlite3.Connection) -> None:
    run_id = journal.write_now(partial(runs.create_run, run=new_run(), cells=[cell(0)]))
    journal.write_now(partial(runs.mark_cancelled, run_id=run_id, cancelled=True))

    def mark() -> bool:
        return bool(reader.execute("SELECT cancelled FROM runs").fetchone()[0])

    for state, marked in ((RunState.RUNNING, True), (RunState.CANCELLED, True), (RunState.READY, False)):
        journal.write_now(partial(runs.set_run_state, run_id=run_id, state=state))
        assert mark() is marked
