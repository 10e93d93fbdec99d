"""What may go wrong at the worst moment: nothing hangs, nothing is lost, nothing is bought that nobody wants."""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from typing import TypeVar

import pytest

from fluxtui.domain.batch import Target
from fluxtui.domain.jobs import ImageFacts, JobState, Pending, Refusal, RunState
from fluxtui.domain.money import Price, usd
from fluxtui.domain.problems import Acceptance, Problem, ProblemKind
from fluxtui.domain.request import Assessment, ImageRequest
from fluxtui.engine.lock import RunnerLock
from fluxtui.engine.resend import LONGEST_WAIT, decide
from fluxtui.engine.rules import OwnRules
from fluxtui.engine.runner import Runner
from fluxtui.history import transitions
from fluxtui.history.journal import Journal, Transaction
from fluxtui.images.disk import DiskProblem
from fluxtui.providers.base import Images, LinkedImage, Pace
from tests.conditions import until
from tests.engine.fakes import FakeConnections, FakeProvider, Studio, error

T = TypeVar("T")

TWO = (Target("fake", "one"), Target("fake", "two"))


async def hosted(studio: Studio, runner: Runner | None = None) -> "asyncio.Task[None]":
    """Run the runner beside the test."""
    lock = RunnerLock(studio.workspace)
    assert lock.acquire()
    return asyncio.create_task((runner or studio.runner()).run(lock))


def states(studio: Studio, run_id: int) -> dict[str, JobState]:
    return {task: detail.row.state for task, detail in studio.jobs(run_id).items()}


# --- cancelling ---------------------------------------------------------------------------------


@pytest.mark.parametrize("wish", ["cancel_run", "cancel_job"])
async def test_what_was_cancelled_while_being_sent_is_not_sent_again(studio: Studio, wish: str) -> None:
    gate = asyncio.Event()
    studio.provider.gate = gate.wait
    studio.provider.submissions["fox"] = [error(ProblemKind.RATE_LIMITED, retry_after=0.01)]
    run_id = await studio.start("fox")
    task = await hosted(studio)
    await until(lambda: studio.provider.sent)
    jobs = {"jobs": [studio.jobs(run_id)["fox"].row.id]} if wish == "cancel_job" else {"scope": "all"}
    await studio.control(wish, run_id, **jobs)
    await until(studio.wishes_taken)
    gate.set()
    await asyncio.wait_for(task, 20)
    assert states(studio, run_id) == {"fox": JobState.CANCELLED}
    assert studio.provider.sent == ["fox"]


async def test_cancelling_what_was_not_sent_includes_what_the_service_turned_away(studio: Studio) -> None:
    gate = asyncio.Event()
    studio.provider.gate = gate.wait
    studio.provider.submissions["fox"] = [error(ProblemKind.RATE_LIMITED, retry_after=0.01)]
    run_id = await studio.start("fox", "owl")
    task = await hosted(studio)
    await until(lambda: len(studio.provider.sent) == 2)
    await studio.control("cancel_run", run_id, scope="queued")
    await until(studio.wishes_taken)
    gate.set()
    await asyncio.wait_for(task, 20)
    assert states(studio, run_id) == {"fox": JobState.CANCELLED, "owl": JobState.DONE}
    assert studio.run_row(run_id).state is RunState.CANCELLED


async def test_a_run_that_goes_on_after_being_cancelled_ends_as_finished(studio: Studio) -> None:
    studio.provider.submissions["fox"] = [error(ProblemKind.INVALID_REQUEST, permanent=True)]
    run_id = await studio.start("fox")
    await studio.work()
    await studio.control("cancel_run", run_id)
    await studio.control("retry", run_id, states=["failed"])
    await studio.work()
    assert (states(studio, run_id), studio.run_row(run_id).state) == ({"fox": JobState.DONE}, RunState.FINISHED)


# --- errors that nobody foresaw -----------------------------------------------------------------


async def test_side_steps_that_cannot_be_done_hold_nothing_up(studio: Studio) -> None:
    run_id = await studio.start("fox")
    (studio.workspace / ".thumbnails").write_text("a file where a folder belongs")
    await studio.work()
    assert (states(studio, run_id), studio.run_row(run_id).state) == ({"fox": JobState.DONE}, RunState.FINISHED)


async def test_an_error_after_the_answer_puts_the_job_in_doubt(studio: Studio) -> None:
    studio.provider.submissions["fox"] = [lambda: Images((object(),))]  # type: ignore[arg-type]
    run_id = await studio.start("fox", "owl")
    await studio.work()
    assert states(studio, run_id) == {"fox": JobState.IN_DOUBT, "owl": JobState.DONE}
    assert studio.run_row(run_id).state is RunState.FINISHED


async def test_text_that_has_no_utf8_loses_no_picture(studio: Studio) -> None:
    facts = ImageFacts(prompt_used="fox \ud83e", details={"note": "\udfff"})
    studio.provider.polls["fox"] = [Images((LinkedImage("https://delivery.test/fox", facts),))]
    run_id = await studio.start("fox")
    await studio.work()
    assert states(studio, run_id) == {"fox": JobState.DONE}


async def test_a_provider_that_fails_to_assess_loses_no_picture(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = await studio.start("fox")

    def broken(self: FakeProvider, request: object) -> object:
        raise KeyError("gone")

    monkeypatch.setattr(FakeProvider, "assess", broken)
    await studio.work()
    assert states(studio, run_id) == {"fox": JobState.DONE}


async def test_a_wish_that_makes_no_sense_is_recorded_and_hurts_nobody(studio: Studio) -> None:
    run_id = await studio.start("fox")
    await studio.control("retry", run_id, states=["dancing"])
    await studio.work()
    assert (studio.run_row(run_id).state, studio.wishes_taken()) == (RunState.FINISHED, True)


async def test_followers_are_told_of_what_was_refused_from_the_start(studio: Studio) -> None:
    from fluxtui.cli.following import never_sent
    from fluxtui.history.database import database_path, open_reader

    studio.rules = OwnRules(blocked_words=("fox",))
    run_id = await studio.start("fox", "owl")
    reader = open_reader(database_path(studio.workspace))
    steps = never_sent(reader, run_id)
    reader.close()
    assert [(step.event.task, step.event.state) for step in steps] == [("fox", JobState.REFUSED)]


async def test_a_lane_that_breaks_parks_and_says_so(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = await studio.start("fox")

    def broken(transaction: Transaction, **arguments: object) -> object:
        raise KeyError("request")

    with monkeypatch.context() as patch:
        patch.setattr(transitions, "claim", broken)
        await studio.work()
    assert studio.run_row(run_id).state is RunState.PARKED
    await studio.control("resume_run", run_id)
    await studio.work()
    assert studio.run_row(run_id).state is RunState.FINISHED


# --- a disk that is full ------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["before anything is sent", "while a picture is made"])
async def test_a_journal_that_cannot_grow_for_a_while_ends_nothing(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    from fluxtui.engine import lane, runner, work

    for module in (lane, runner, work):
        monkeypatch.setattr(module, "_DISK_PAUSE", 0.01, raising=False)
    monkeypatch.setattr(runner, "_HEARTBEAT_EVERY", 0.0)
    monkeypatch.setattr(runner, "_TELL_EVERY", 0.0)
    full, turned_away = [when.startswith("before")], [0]
    gate = asyncio.Event()
    studio.provider.gate = gate.wait
    run_id = await studio.start("fox", "owl")
    begin = Journal.begin

    def begin_unless_full(self: Journal, operation: Callable[[Transaction], T]) -> "asyncio.Future[T]":
        def attempt(transaction: Transaction) -> T:
            if full[0] and self is hosting.journal:
                turned_away[0] += 1
                raise sqlite3.OperationalError("database or disk is full")
            return operation(transaction)

        return begin(self, attempt)

    hosting = studio.runner()
    monkeypatch.setattr(Journal, "begin", begin_unless_full)
    if full[0]:
        full[0] = False
        task = await hosted(studio, hosting)
        await until(lambda: hosting.lanes)
        full[0] = True
    else:
        task = await hosted(studio, hosting)
        await until(lambda: len(studio.provider.sent) == 2)
        full[0] = True
        gate.set()
    await until(lambda: turned_away[0] > 20)
    full[0] = False
    gate.set()
    await asyncio.wait_for(task, 20)
    assert studio.run_row(run_id).counts == {JobState.DONE: 2}
    assert studio.provider.accepted == {"fox": 1, "owl": 1}


async def test_a_disk_that_fills_up_before_another_error_stops_nothing_for_ever(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fluxtui.engine import work
    from fluxtui.images import store

    monkeypatch.setattr(work, "_DISK_PAUSE", 0.3)
    studio.provider.most = 1
    troubles: list[Exception] = [DiskProblem(OSError(28, "No space left"), studio.workspace), ValueError("odd")]
    save = store.save_all

    def in_trouble(pictures: list[store.Unsaved]) -> list[store.SavedImage | store.NotAnImage | DiskProblem]:
        if troubles:
            raise troubles.pop(0)
        return save(pictures)

    monkeypatch.setattr(store, "save_all", in_trouble)
    run_id = await studio.start("fox", "owl")
    await studio.work()
    assert states(studio, run_id) == {"fox": JobState.FAILED, "owl": JobState.DONE}


# --- stopping -----------------------------------------------------------------------------------


async def test_stopping_while_jobs_are_being_claimed_leaves_none_in_doubt(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    run_id = await studio.start("fox", "owl")
    claim, claiming, go_on = transitions.claim, threading.Event(), threading.Event()

    def slow(transaction: Transaction, *, run_id: int, lane: str, most: int) -> transitions.Claim:
        claiming.set()
        go_on.wait(10)
        return claim(transaction, run_id=run_id, lane=lane, most=most)

    runner = studio.runner()
    with monkeypatch.context() as patch:
        patch.setattr(transitions, "claim", slow)
        task = await hosted(studio, runner)
        await until(claiming.is_set)
        runner.stop()
        go_on.set()
        await asyncio.wait_for(task, 20)
    assert studio.provider.sent == []
    assert studio.run_row(run_id).counts == {JobState.QUEUED: 2}


# --- lanes --------------------------------------------------------------------------------------


async def test_money_that_one_lane_gives_back_is_room_for_another(studio: Studio) -> None:
    gate = asyncio.Event()
    studio.provider.gate = gate.wait
    studio.provider.submissions["fox"] = [Refusal(Problem(ProblemKind.MODERATION, "No."))]
    batch = studio.batch("fox", targets=TWO)
    run_id = await studio.start(batch=batch, cap=usd("0.04"))
    runner = studio.runner()
    task = await hosted(studio, runner)
    await until(lambda: studio.provider.sent and any(lane.capped for lane in runner.lanes.values()))
    gate.set()
    await asyncio.wait_for(task, 20)
    assert studio.run_row(run_id).counts == {JobState.REFUSED: 1, JobState.DONE: 1}
    assert studio.run_row(run_id).state is RunState.FINISHED


async def test_a_job_retried_in_a_lane_that_had_nothing_left_is_sent(studio: Studio) -> None:
    gate = asyncio.Event()
    studio.provider.submissions["fox"] = [error(ProblemKind.INVALID_REQUEST, permanent=True)]
    batch = studio.batch("fox", "owl", targets=TWO)
    studio.provider.broke = frozenset({"two"})
    run_id = await studio.start(batch=batch)
    await studio.work()
    assert studio.run_row(run_id).counts == {JobState.FAILED: 1, JobState.DONE: 1, JobState.QUEUED: 2}
    studio.provider.broke = frozenset()
    studio.provider.gate = gate.wait
    await studio.control("resume_run", run_id)
    sent = len(studio.provider.sent)
    task = await hosted(studio)
    await until(lambda: len(studio.provider.sent) == sent + 2)
    await studio.control("retry", run_id, states=["failed"])
    await until(studio.wishes_taken)
    gate.set()
    await asyncio.wait_for(task, 20)
    assert (studio.run_row(run_id).state, studio.run_row(run_id).counts) == (RunState.FINISHED, {JobState.DONE: 4})


async def test_accepted_work_of_a_service_that_is_configured_again_is_collected(studio: Studio) -> None:
    studio.provider.polls["fox"] = [Pending() for _ in range(100_000)]
    run_id = await studio.start("fox")
    first = studio.runner()
    task = await hosted(studio, first)
    await until(lambda: states(studio, run_id) == {"fox": JobState.WAITING})
    first.stop()
    await task
    studio.provider.polls["fox"] = []
    studio.configured = False
    await studio.control("resume_run", run_id)
    second = Runner(studio.workspace, studio.services, linger=20.0, connections=FakeConnections(studio.http))
    task = await hosted(studio, second)
    await until(lambda: studio.run_row(run_id).state is RunState.PARKED)
    studio.configured = True
    await studio.control("resume_run", run_id)
    await until(lambda: states(studio, run_id) == {"fox": JobState.DONE}, within=5)
    second.stop()
    await task


async def test_a_paused_lane_rests(studio: Studio) -> None:
    studio.provider.submissions["fox"] = [error(ProblemKind.TIMEOUT, retry_after=1.0)]
    run_id = await studio.start("fox")
    runner = studio.runner()
    task = await hosted(studio, runner)
    await until(lambda: studio.jobs(run_id)["fox"].row.not_before)
    lane = runner.lanes["fake/one"]
    await until(lambda: not lane.in_flight)
    await studio.control("pause_lane", lane="fake/one")
    await until(studio.wishes_taken)
    asked = [0]

    def clock() -> float:  # the lane asks it at every turn
        asked[0] += 1
        return time.time()

    lane.limit.clock = clock
    started = time.monotonic()
    await until(lambda: time.monotonic() - started > 2.0)
    assert asked[0] < 30
    runner.stop()
    await task


async def test_two_lanes_keep_to_the_limit_of_their_account(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    pace = Pace(in_flight=4, account_in_flight=3, first_poll=0.001, poll_interval=0.001)
    monkeypatch.setattr(FakeProvider, "pace", lambda self, model: pace)
    gate = asyncio.Event()
    studio.provider.gate = gate.wait
    batch = studio.batch(*(f"task-{n}" for n in range(6)), targets=TWO)
    run_id = await studio.start(batch=batch)
    task = await hosted(studio)
    await until(lambda: len(studio.provider.sent) >= 3)
    gate.set()
    await asyncio.wait_for(task, 20)
    assert studio.run_row(run_id).counts == {JobState.DONE: 12}
    assert studio.provider.most_in_flight == 3


# --- money --------------------------------------------------------------------------------------


async def test_a_cap_set_later_lets_nothing_through_whose_price_nobody_knows(studio: Studio) -> None:
    studio.provider.price = Price.unknown()
    run_id = await studio.start("fox", paused=True)
    await studio.control("set_cap", run_id, micros=usd("0.01"))
    await studio.control("resume_run", run_id)
    await studio.work()
    assert (studio.run_row(run_id).state, studio.provider.sent) == (RunState.CAPPED, [])


async def test_a_cap_lets_no_fallback_through_whose_price_nobody_knows(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    def assess(self: FakeProvider, request: ImageRequest) -> Assessment:
        return Assessment(Price.unknown() if request.model == "two" else Price.exactly(usd("0.04")))

    monkeypatch.setattr(FakeProvider, "assess", assess)
    studio.provider.broke = frozenset({"one"})
    batch = studio.batch("fox", targets=(Target("fake", "one", fallback=("fake/two",)),))
    run_id = await studio.start(batch=batch, cap=usd("0.05"))
    await studio.work()
    assert (studio.run_row(run_id).state, sum(studio.provider.accepted.values())) == (RunState.CAPPED, 0)


# --- what a service asks for --------------------------------------------------------------------


def test_being_told_to_wait_no_time_still_waits() -> None:
    failure = error(ProblemKind.RATE_LIMITED, retry_after=0.0)
    assert decide(failure, attempts=1, throttled=0, resend_is_free=False).wait >= 0.5


def test_no_trouble_of_a_service_holds_a_lane_back_for_days() -> None:
    failure = error(ProblemKind.SERVER_ERROR, retry_after=1e12)
    decision = decide(failure, attempts=1, throttled=0, resend_is_free=False)
    assert decision.wait <= LONGEST_WAIT
    assert decision.lane_wait is not None
    assert decision.lane_wait <= LONGEST_WAIT


@pytest.mark.parametrize(
    "answer",
    [Pending(poll_after=1e12), error(ProblemKind.SERVER_ERROR, Acceptance.YES, retry_after=1e12)],
    ids=["pending", "trouble"],
)
async def test_accepted_work_is_asked_for_before_it_counts_as_lost(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, answer: object
) -> None:
    pace = Pace(first_poll=0.001, poll_interval=0.001, collect_for=0.2)
    monkeypatch.setattr(FakeProvider, "pace", lambda self, model: pace)
    studio.provider.polls["fox"] = [answer]
    run_id = await studio.start("fox")
    await asyncio.wait_for(studio.work(), 10)
    assert states(studio, run_id) == {"fox": JobState.DONE}


async def test_a_ticket_that_is_gone_for_good_is_given_up_at_the_second_retry(studio: Studio) -> None:
    studio.provider.polls["fox"] = [error(ProblemKind.EXPIRED, Acceptance.YES) for _ in range(6)]
    run_id = await studio.start("fox")
    for accepted in (1, 1, 2):
        await studio.work()
        assert studio.provider.accepted["fox"] == accepted
        await studio.control("retry", run_id, states=["failed"])
    assert states(studio, run_id) == {"fox": JobState.DONE}
