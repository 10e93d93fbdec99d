"""Steering through the database: wishes for jobs and lanes go in, what the runner makes of them comes out."""

import asyncio
from collections.abc import Callable

import pytest

from fluxtui.domain.batch import Target
from fluxtui.domain.jobs import JobState, Pending, RunState
from fluxtui.domain.problems import Acceptance, ProblemKind
from fluxtui.engine.bulk import AT_ONCE
from fluxtui.engine.lock import RunnerLock, holder
from fluxtui.history import queries, runs, wishes
from fluxtui.history.database import database_path, open_reader
from fluxtui.history.journal import Journal, Transaction
from fluxtui.history.records import CheckRow, LaneRow
from fluxtui.providers.base import CheckResult, CheckState
from tests.conditions import until
from tests.engine.fakes import Studio, error

LANE = "fake/one"


class Gate:
    """Holds every submission until it is opened."""

    def __init__(self, studio: Studio) -> None:
        self.event = asyncio.Event()
        studio.provider.gate = self.event.wait

    def open(self) -> None:
        self.event.set()


async def _with_runner(studio: Studio) -> "asyncio.Task[None]":
    task = asyncio.create_task(studio.work())
    await until(lambda: holder(studio.workspace) is not None)
    return task


def lanes(studio: Studio) -> dict[str, LaneRow]:
    reader = open_reader(database_path(studio.workspace))
    try:
        return {row.key: row for row in queries.lanes(reader, idle=True)}
    finally:
        reader.close()


def told(studio: Studio) -> str:
    """Return a lane's state in the runner's own words."""
    reader = open_reader(database_path(studio.workspace))
    try:
        return str(reader.execute("SELECT state FROM lanes WHERE key = ?", (LANE,)).fetchone()[0])
    finally:
        reader.close()


def checks(studio: Studio) -> list[CheckRow]:
    reader = open_reader(database_path(studio.workspace))
    try:
        return queries.checks(reader)
    finally:
        reader.close()


def job_ids(studio: Studio, run_id: int, *tasks: str) -> list[int]:
    jobs = studio.jobs(run_id)
    return [jobs[task].row.id for task in tasks]


def states(studio: Studio, run_id: int) -> dict[str, JobState]:
    return {task: detail.row.state for task, detail in studio.jobs(run_id).items()}


# --- jobs ---------------------------------------------------------------------------------------


async def test_a_run_of_which_only_held_jobs_are_left_is_paused_and_keeps_no_runner(studio: Studio) -> None:
    run_id = await studio.start("fox", "owl", "elk")
    await studio.control("hold_jobs", jobs=job_ids(studio, run_id, "owl", "elk"))
    await studio.work()
    run = studio.run_row(run_id)
    assert (run.state, run.held_back, run.counts) == (RunState.PAUSED, True, {JobState.DONE: 1, JobState.QUEUED: 2})
    assert studio.provider.sent == ["fox"]
    assert studio.jobs(run_id)["owl"].row.held

    await studio.control("resume_run", run_id)  # says nothing about the jobs
    await studio.work()
    assert (studio.run_row(run_id).state, studio.provider.sent) == (RunState.PAUSED, ["fox"])

    await studio.control("release_jobs", jobs=job_ids(studio, run_id, "owl"))
    await studio.work()
    assert states(studio, run_id) == {"fox": JobState.DONE, "owl": JobState.DONE, "elk": JobState.QUEUED}

    await studio.control("resume_run", run_id, release=True)
    await studio.work()
    assert studio.run_row(run_id).state is RunState.FINISHED


async def test_held_jobs_can_be_cancelled(studio: Studio) -> None:
    run_id = await studio.start("fox")
    await studio.control("hold_jobs", jobs=job_ids(studio, run_id, "fox"))
    await studio.work()
    await studio.control("cancel_run", run_id, scope="queued")
    await studio.work()
    assert (studio.run_row(run_id).state, studio.provider.sent) == (RunState.CANCELLED, [])


async def test_a_higher_priority_is_sent_sooner(studio: Studio) -> None:
    studio.provider.most = 1
    run_id = await studio.start("fox", "owl", "elk", "bee", paused=True)
    await studio.control("prioritise", jobs=job_ids(studio, run_id, "bee"), to=5)
    await studio.control("prioritise", jobs=job_ids(studio, run_id, "elk", "bee"), by=1)
    await studio.control("prioritise", jobs=job_ids(studio, run_id, "fox"), by=-1)
    await studio.control("resume_run", run_id)
    await studio.work()
    assert studio.provider.sent == ["bee", "elk", "owl", "fox"]


async def test_many_jobs_are_put_back_by_few_commits(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"task-{n}" for n in range(2 * AT_ONCE + 1)]
    run_id = await studio.start(*names)
    lane = LANE

    def fail_all(transaction: Transaction) -> None:
        transaction.connection.execute("UPDATE jobs SET state = 'failed', attempts = 1")

    studio.write(fail_all)
    studio.write(runs.set_run_state, run_id=run_id, state=RunState.FINISHED)
    studio.write(wishes.enable, lanes=[lane], enabled=False)  # so that nothing else is written
    operations: list[object] = []
    begin = Journal.begin

    def counted(self: Journal, operation: Callable[[Transaction], object]) -> "asyncio.Future[object]":
        operations.append(operation)
        return begin(self, operation)

    monkeypatch.setattr(Journal, "begin", counted)
    await studio.control("retry", run_id, states=["failed"])
    await studio.work()
    assert studio.run_row(run_id).counts == {JobState.QUEUED: len(names)}
    assert len(operations) < 30


async def test_many_doubts_are_settled_at_once(studio: Studio) -> None:
    names = [f"task-{n}" for n in range(12)]
    for name in names:
        studio.provider.submissions[name] = [error(ProblemKind.BAD_ANSWER, Acceptance.MAYBE)]
    run_id = await studio.start(*names)
    await studio.work()
    assert studio.run_row(run_id).counts == {JobState.IN_DOUBT: 12}
    await studio.control("in_doubt", run_id, jobs=job_ids(studio, run_id, *names[:9]), choice="resend")
    await studio.control("in_doubt", run_id, jobs=job_ids(studio, run_id, *names[9:]), choice="abandon")
    await studio.work()
    assert studio.run_row(run_id).counts == {JobState.DONE: 9, JobState.CANCELLED: 3}


async def test_a_runner_that_dies_before_the_last_picture_leaves_the_run_cancelled(studio: Studio) -> None:
    gate = Gate(studio)
    studio.provider.most = 1
    run_id = await studio.start("fox", "owl")
    task = await _with_runner(studio)
    await until(lambda: studio.provider.sent)
    await studio.control("cancel_run", run_id, scope="queued")
    await studio.control("stop")
    await until(studio.wishes_taken)
    gate.open()
    await task
    assert studio.run_row(run_id).state in (RunState.INTERRUPTED, RunState.CANCELLED)
    studio.write(runs.set_run_state, run_id=run_id, state=RunState.READY, only_from=frozenset({RunState.INTERRUPTED}))
    await studio.work()
    run = studio.run_row(run_id)
    assert (run.state, run.counts) == (RunState.CANCELLED, {JobState.DONE: 1, JobState.CANCELLED: 1})


async def test_a_cancelled_run_whose_jobs_are_put_back_is_finished_in_the_end(studio: Studio) -> None:
    run_id = await studio.start("fox", paused=True)
    await studio.control("cancel_run", run_id, scope="all")
    await studio.work()
    assert studio.run_row(run_id).state is RunState.CANCELLED
    await studio.control("cancel_run", run_id, scope="all")  # once more: it has ended, and is marked no more
    await studio.control("retry", run_id, states=["cancelled"])
    await studio.work()
    assert studio.run_row(run_id).state is RunState.FINISHED


# --- lanes --------------------------------------------------------------------------------------


async def test_a_disabled_lane_sends_nothing_in_any_run_until_it_is_enabled(studio: Studio) -> None:
    batch = studio.batch("fox", targets=(Target("fake", "one"), Target("fake", "two")))
    await studio.control("disable_lane", target="fake/one")  # nobody has heard of that lane yet
    first, second = await studio.start(batch=batch), await studio.start("owl")
    await studio.work()
    assert studio.run_row(first).counts == {JobState.DONE: 1, JobState.QUEUED: 1}
    assert (studio.run_row(first).state, studio.run_row(second).state) == (RunState.PARKED, RunState.PARKED)
    row = lanes(studio)[LANE]
    assert (row.state, row.enabled, row.problem is not None and "switched off" in row.problem.what) == (
        "disabled",
        False,
        True,
    )
    assert studio.provider.sent == ["fox"]
    await studio.control("enable_lane", lanes=[LANE])
    await studio.work()
    assert (studio.run_row(first).state, studio.run_row(second).state) == (RunState.FINISHED, RunState.FINISHED)


async def test_a_wish_that_another_process_wrote_is_obeyed_without_a_control(studio: Studio) -> None:
    gate = Gate(studio)
    studio.provider.most = 1
    run_id = await studio.start("fox", "owl")
    task = await _with_runner(studio)
    await until(lambda: studio.provider.sent)
    studio.write(wishes.enable, lanes=[LANE], enabled=False)
    await until(lambda: told(studio) == "disabled")
    gate.open()
    await task
    assert states(studio, run_id) == {"fox": JobState.DONE, "owl": JobState.QUEUED}
    assert studio.run_row(run_id).state is RunState.PARKED


async def test_a_limit_holds_for_later_runs_too(studio: Studio) -> None:
    studio.provider.most = 16
    await studio.control("set_limit", lane=LANE, limit=2)
    run_id = await studio.start(*(f"task-{n}" for n in range(20)), concurrency=8)
    await studio.work()
    assert studio.run_row(run_id).state is RunState.FINISHED
    assert studio.provider.most_in_flight <= 2
    row = lanes(studio)[LANE]
    assert (row.wished, row.state) == (2, "idle")
    await studio.control("set_limit", lane=LANE, limit=None)
    await studio.start(*(f"more-{n}" for n in range(40)), concurrency=8)
    await studio.work()
    assert 2 < studio.provider.most_in_flight <= 8


async def test_a_paused_lane_waits_through_runners_and_lets_its_run_go_on(studio: Studio) -> None:
    batch = studio.batch("fox", targets=(Target("fake", "one"), Target("fake", "two")))
    await studio.control("pause_lane", lane=LANE)
    run_id = await studio.start(batch=batch)
    await studio.work()
    run = studio.run_row(run_id)
    assert (run.state, run.held_back, len(studio.provider.sent)) == (RunState.PAUSED, True, 1)
    await studio.control("resume_lane", lane=LANE)
    await studio.work()
    assert studio.run_row(run_id).state is RunState.FINISHED


@pytest.mark.parametrize("kind", ["reset_lane", "resume_lane"])
async def test_one_wish_unparks_a_lane_of_a_run_that_still_runs(studio: Studio, kind: str) -> None:
    studio.provider.polls["fox"] = [Pending(poll_after=0.05) for _ in range(100)]  # the other lane is at work
    studio.provider.broke = frozenset({"one"})
    run_id = await studio.start(batch=studio.batch("fox", targets=(Target("fake", "one"), Target("fake", "two"))))
    task = await _with_runner(studio)
    await until(lambda: LANE in lanes(studio) and lanes(studio)[LANE].state == "parked")
    studio.provider.broke = frozenset()
    await studio.control(kind, lanes=[LANE])
    await until(lambda: studio.provider.accepted["fox"] == 2)
    assert studio.run_row(run_id).state is RunState.RUNNING
    studio.provider.polls.clear()
    await task
    assert studio.run_row(run_id).counts == {JobState.DONE: 2}


@pytest.mark.parametrize("kind", ["reset_lane", "resume_lane"])
async def test_one_wish_goes_on_with_the_runs_that_a_parked_lane_left_standing(studio: Studio, kind: str) -> None:
    studio.provider.broke = frozenset({"one"})
    first, second = await studio.start("fox"), await studio.start("owl")
    await studio.work()
    assert (studio.run_row(first).state, lanes(studio)[LANE].state) == (RunState.PARKED, "parked")
    studio.provider.broke = frozenset()
    await studio.control(kind, lane=LANE)
    await studio.work()
    assert {studio.run_row(first).state, studio.run_row(second).state} == {RunState.FINISHED}
    assert lanes(studio)[LANE].state == "idle"


async def test_a_lane_whose_service_came_back_is_reset_within_a_running_run(studio: Studio) -> None:
    gate = Gate(studio)
    batch = studio.batch("fox", targets=(Target("fake", "one"),))
    run_id = await studio.start(batch=batch)
    studio.configured = False
    await studio.work()
    assert studio.run_row(run_id).state is RunState.PARKED
    studio.configured = True
    gate.open()
    await studio.control("reset_lane", lane=LANE)
    await studio.work()
    assert studio.run_row(run_id).state is RunState.FINISHED


async def test_a_wait_that_the_service_asked_for_is_forgotten(studio: Studio) -> None:
    studio.provider.submissions["fox"] = [error(ProblemKind.RATE_LIMITED, retry_after=600.0)]
    run_id = await studio.start("fox")
    task = await _with_runner(studio)
    await until(lambda: LANE in lanes(studio) and lanes(studio)[LANE].state == "limited")
    await studio.control("reset_lane", lane=LANE)
    await task
    assert studio.run_row(run_id).state is RunState.FINISHED


async def test_an_open_circuit_is_closed(studio: Studio) -> None:
    for name in "abcdefgh":
        studio.provider.submissions[name] = [error(ProblemKind.SERVER_ERROR) for _ in range(4)]
    run_id = await studio.start(*"abcdefgh")
    task = await _with_runner(studio)
    await until(lambda: LANE in lanes(studio) and lanes(studio)[LANE].state == "open")
    studio.provider.submissions.clear()
    await studio.control("reset_lane", lane=LANE)
    await task
    assert studio.run_row(run_id).counts == {JobState.DONE: 8}


async def test_a_wish_without_a_lane_says_so(studio: Studio) -> None:
    await studio.start("fox", paused=True)
    await studio.control("set_limit", limit=3)
    await studio.work()
    reader = open_reader(database_path(studio.workspace))
    assert queries.control_outcome(reader, 1) == "which lane?"
    reader.close()


# --- health and checks --------------------------------------------------------------------------


async def test_how_a_lane_did_is_known_to_the_next_runner(studio: Studio) -> None:
    await studio.start("fox", "owl")
    await studio.work()
    before = lanes(studio)[LANE]
    assert (before.state, len(before.latencies)) == ("idle", 2)
    await studio.start("elk")
    await studio.work()
    after = lanes(studio)[LANE]
    assert after.latencies[:2] == before.latencies
    assert len(after.latencies) == 3


async def test_the_runner_checks_a_service_beside_its_work(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, hold = asyncio.Event(), asyncio.Event()

    async def check(http: object) -> CheckResult:
        asked.set()
        await hold.wait()
        return CheckResult(CheckState.OK, "12 credits", credits=12.0)

    monkeypatch.setattr(studio.provider, "check", check)
    run_id = await studio.start("fox")
    await studio.control("check", provider="fake", sandbox=False)
    task = await _with_runner(studio)
    await asked.wait()
    await until(lambda: studio.run_row(run_id).state is RunState.FINISHED)  # nobody waits for the check
    hold.set()
    await task
    (row,) = checks(studio)
    assert (row.provider, row.sandbox, row.state, row.message, row.credits) == ("fake", False, "ok", "12 credits", 12.0)
    assert row.seconds is not None


@pytest.mark.parametrize(("broken", "message"), [(ZeroDivisionError("a defect"), "broke off"), (TimeoutError(), "60")])
async def test_a_check_that_breaks_off_is_a_problem_that_is_told(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, broken: Exception, message: str
) -> None:
    async def check(http: object) -> CheckResult:
        raise broken

    monkeypatch.setattr(studio.provider, "check", check)
    await studio.start("fox", paused=True)
    await studio.control("check", provider="fake")
    await studio.control("check", provider="nobody")
    await studio.work()
    rows = {row.provider: row for row in checks(studio)}
    assert {row.state for row in rows.values()} == {"problem"}
    assert message in rows["fake"].message
    assert "no service named" in rows["nobody"].message


async def test_a_service_that_is_not_configured_is_not_asked(studio: Studio) -> None:
    await studio.start("fox", paused=True)
    studio.configured = False
    await studio.control("check", provider="fake")
    await studio.work()
    assert checks(studio) == []


async def test_a_runner_with_nothing_but_wishes_to_take_ends(studio: Studio) -> None:
    await studio.start("fox", paused=True)
    await studio.control("disable_lane", lane=LANE)
    await studio.work()
    lock = RunnerLock(studio.workspace)
    assert lock.acquire()
    lock.release()
