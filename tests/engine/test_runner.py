"""The runner through its doors: runs and wishes go in by the database, what became of them comes out."""

import asyncio
import json
import os

import pytest

from fluxtui.domain.jobs import JobState, Refusal, RunState, Ticket
from fluxtui.domain.money import Certainty, Price, usd
from fluxtui.domain.problems import Acceptance, FluxtuiError, Problem, ProblemKind
from fluxtui.engine.lock import RunnerLock, holder
from fluxtui.engine.rules import OwnRules
from fluxtui.history import runs, transitions
from fluxtui.providers.base import Accepted
from tests.conditions import until
from tests.engine.fakes import Studio, encoded, error, linked, picture


def states(studio: Studio, run_id: int) -> dict[str, JobState]:
    return {task: detail.row.state for task, detail in studio.jobs(run_id).items()}


async def test_a_run_makes_every_picture_and_what_belongs_beside_it(studio: Studio) -> None:
    run_id = await studio.start("fox", "owl")
    await studio.work()
    run = studio.run_row(run_id)
    assert (run.state, run.counts, run.spent) == (RunState.FINISHED, {JobState.DONE: 2}, usd("0.08"))
    image = studio.jobs(run_id)["fox"].images[0]
    path = studio.workspace / image.path
    assert path == studio.workspace / run.folder / "fake" / "fox.png"
    assert path.read_bytes() == picture(len("https://delivery.test/fox"))
    facts = json.loads(path.with_suffix(".json").read_text())
    assert (facts["seed"], facts["prompt_used"], facts["cost"]["billed"]) == (11, "fox, finely", 0.04)
    assert image.thumbnail is not None
    assert (studio.workspace / image.thumbnail).read_bytes().startswith(b"\xff\xd8\xff")


async def test_pictures_inside_the_answer_need_no_ticket(studio: Studio) -> None:
    studio.provider.submissions["fox"] = [encoded]
    run_id = await studio.start("fox")
    await studio.work()
    detail = studio.jobs(run_id)["fox"]
    assert (detail.row.state, detail.row.pictures, detail.row.certainty) == (JobState.DONE, 1, Certainty.ESTIMATED)


async def test_the_bill_of_the_service_settles_the_receipt(studio: Studio) -> None:
    studio.provider.polls["fox"] = [linked("fox", usd("0.045"))]
    run_id = await studio.start("fox")
    await studio.work()
    row = studio.jobs(run_id)["fox"].row
    assert (row.billed, row.certainty) == (usd("0.045"), Certainty.SETTLED)


async def test_a_refusal_is_final_and_keeps_its_reason(studio: Studio) -> None:
    reason = Problem(ProblemKind.MODERATION, "The prompt was refused: violence.")
    studio.provider.polls["fox"] = [Refusal(reason)]
    run_id = await studio.start("fox", "owl")
    await studio.work()
    detail = studio.jobs(run_id)["fox"]
    assert (detail.row.state, detail.problem, detail.row.billed) == (JobState.REFUSED, reason, 0)
    assert studio.run_row(run_id).state is RunState.FINISHED


async def test_what_was_never_accepted_is_sent_again(studio: Studio) -> None:
    studio.provider.submissions["fox"] = [error(ProblemKind.NETWORK), error(ProblemKind.RATE_LIMITED, retry_after=0.01)]
    run_id = await studio.start("fox")
    await studio.work()
    detail = studio.jobs(run_id)["fox"]
    assert (detail.row.state, detail.row.attempts, studio.provider.accepted["fox"]) == (JobState.DONE, 3, 1)
    assert [a.problem.kind if a.problem else None for a in detail.attempts] == [
        ProblemKind.NETWORK,
        ProblemKind.RATE_LIMITED,
        None,
    ]


async def test_a_permanent_error_fails_at_once(studio: Studio) -> None:
    studio.provider.submissions["fox"] = [error(ProblemKind.INVALID_REQUEST, permanent=True)]
    run_id = await studio.start("fox")
    await studio.work()
    detail = studio.jobs(run_id)["fox"]
    assert (detail.row.state, detail.row.attempts, detail.row.uncertain) == (JobState.FAILED, 1, 0)


async def test_attempts_are_used_up(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fluxtui.engine.resend.backoff", lambda attempt: 0.001)
    studio.provider.submissions["fox"] = [error(ProblemKind.SERVER_ERROR) for _ in range(9)]
    run_id = await studio.start("fox")
    await studio.work()
    detail = studio.jobs(run_id)["fox"]
    assert (detail.row.state, detail.row.attempts) == (JobState.FAILED, 5)
    assert "tried 5 times" in (detail.row.problem or "")


@pytest.mark.parametrize(
    ("policy", "after", "accepted"),
    [("leave", JobState.IN_DOUBT, 1), ("abandon", JobState.CANCELLED, 1), ("resend", JobState.DONE, 2)],
)
async def test_what_may_have_been_accepted_follows_the_policy(
    studio: Studio, policy: str, after: JobState, accepted: int
) -> None:
    studio.provider.submissions["fox"] = [error(ProblemKind.TIMEOUT, Acceptance.MAYBE)]
    run_id = await studio.start("fox", in_doubt=policy)
    await studio.work()
    row = studio.jobs(run_id)["fox"].row
    assert (row.state, studio.provider.accepted["fox"], row.uncertain) == (after, accepted, usd("0.04"))


async def test_where_sending_again_is_free_nothing_is_in_doubt(studio: Studio) -> None:
    studio.provider.resend_is_free = True
    studio.provider.submissions["fox"] = [error(ProblemKind.TIMEOUT, Acceptance.MAYBE)]
    run_id = await studio.start("fox")
    await studio.work()
    assert states(studio, run_id) == {"fox": JobState.DONE}


async def test_a_provider_that_breaks_off_leaves_the_job_in_doubt(studio: Studio) -> None:
    studio.provider.submissions["fox"] = [ZeroDivisionError("a defect")]
    run_id = await studio.start("fox")
    await studio.work()
    detail = studio.jobs(run_id)["fox"]
    assert detail.row.state is JobState.IN_DOUBT
    assert detail.problem is not None
    assert detail.problem.kind is ProblemKind.INTERNAL


async def test_bytes_that_are_no_picture_are_a_failure_that_shows_what_came(studio: Studio) -> None:
    studio.provider.submissions["fox"] = [lambda: encoded(b"<html><body>out of order</body></html>")]
    run_id = await studio.start("fox")
    await studio.work()
    detail = studio.jobs(run_id)["fox"]
    assert detail.row.state is JobState.FAILED
    assert detail.problem is not None
    assert (detail.problem.kind, "out of order" in (detail.problem.detail or "")) == (ProblemKind.BAD_ANSWER, True)
    assert detail.row.uncertain == usd("0.04")


async def test_a_dead_link_is_asked_for_again_not_bought_again(studio: Studio) -> None:
    studio.http.failures = [error(ProblemKind.EXPIRED, Acceptance.YES), error(ProblemKind.NETWORK, Acceptance.YES)]
    run_id = await studio.start("fox")
    await studio.work()
    assert states(studio, run_id) == {"fox": JobState.DONE}
    assert (studio.provider.accepted["fox"], studio.provider.collected["fox"]) == (1, 3)


async def test_a_ticket_that_the_service_does_not_know_yet_is_asked_for_again(studio: Studio) -> None:
    studio.provider.polls["fox"] = [error(ProblemKind.EXPIRED, Acceptance.YES) for _ in range(2)]
    run_id = await studio.start("fox")
    await studio.work()
    assert (states(studio, run_id), studio.provider.accepted["fox"]) == ({"fox": JobState.DONE}, 1)


async def test_a_link_that_never_delivers_ends_in_a_failure(studio: Studio) -> None:
    studio.http.bodies["https://delivery.test/fox"] = b"nothing"
    run_id = await studio.start("fox")
    await studio.work()
    assert states(studio, run_id) == {"fox": JobState.FAILED}
    assert studio.http.downloads["https://delivery.test/fox"] == 5


@pytest.mark.parametrize("kind", [ProblemKind.AUTHENTICATION, ProblemKind.CREDITS, ProblemKind.QUOTA])
async def test_trouble_with_the_account_parks_the_lane_and_keeps_the_jobs(studio: Studio, kind: ProblemKind) -> None:
    names = [f"task-{n}" for n in range(40)]
    for name in names:
        studio.provider.submissions[name] = [error(kind, permanent=True)]
    run_id = await studio.start(*names, concurrency=16)
    await studio.work()
    run = studio.run_row(run_id)
    assert (run.state, run.counts) == (RunState.PARKED, {JobState.QUEUED: 40})
    assert len(studio.provider.sent) <= 4
    studio.provider.submissions.clear()
    studio.write(runs.set_run_state, run_id=run_id, state=RunState.READY)
    await studio.work()
    assert studio.run_row(run_id).counts == {JobState.DONE: 40}


async def test_a_key_that_fails_while_polling_parks_and_goes_on_where_it_was(studio: Studio) -> None:
    studio.provider.polls["fox"] = [error(ProblemKind.AUTHENTICATION)]
    run_id = await studio.start("fox")
    await studio.work()
    assert (studio.run_row(run_id).state, states(studio, run_id)) == (RunState.PARKED, {"fox": JobState.WAITING})
    studio.write(runs.set_run_state, run_id=run_id, state=RunState.READY)
    await studio.work()
    assert states(studio, run_id) == {"fox": JobState.DONE}
    assert studio.provider.accepted["fox"] == 1


async def test_a_service_that_is_not_configured_any_more_parks_with_the_reason(studio: Studio) -> None:
    run_id = await studio.start("fox")
    studio.configured = False
    await studio.work()
    assert (studio.run_row(run_id).state, states(studio, run_id)) == (RunState.PARKED, {"fox": JobState.QUEUED})


async def test_the_cap_is_never_exceeded_with_64_in_flight(studio: Studio) -> None:
    studio.provider.most = 64
    run_id = await studio.start(*(f"task-{n}" for n in range(200)), cap=usd("1.00"), concurrency=64)
    await studio.work()
    run = studio.run_row(run_id)
    assert (run.state, run.spent, run.counts[JobState.DONE]) == (RunState.CAPPED, usd("1.00"), 25)
    assert sum(studio.provider.accepted.values()) == 25


async def test_a_raised_cap_goes_on(studio: Studio) -> None:
    run_id = await studio.start("fox", "owl", cap=usd("0.05"))
    await studio.work()
    assert studio.run_row(run_id).state is RunState.CAPPED
    await studio.control("set_cap", run_id, micros=usd("0.10"))
    await studio.work()
    assert studio.run_row(run_id).counts == {JobState.DONE: 2}


async def test_a_cap_needs_known_prices(studio: Studio) -> None:
    studio.provider.price = Price.unknown()
    with pytest.raises(FluxtuiError, match="not known"):
        await studio.start("fox", cap=usd(1))


async def test_the_lane_keeps_to_its_concurrency(studio: Studio) -> None:
    studio.provider.most = 3
    run_id = await studio.start(*(f"task-{n}" for n in range(30)))
    await studio.work()
    assert studio.run_row(run_id).counts == {JobState.DONE: 30}
    assert studio.provider.most_in_flight <= 3


async def test_an_impossible_cell_is_never_sent(studio: Studio) -> None:
    batch = studio.batch("fox", defaults={"impossible": True})
    run_id = await studio.start(batch=batch)
    await studio.work()
    assert (states(studio, run_id), studio.provider.sent) == ({"fox": JobState.FAILED}, [])


# --- crashes ------------------------------------------------------------------------------------


async def test_after_a_crash_accepted_work_is_collected_and_the_rest_waits_for_a_person(studio: Studio) -> None:
    run_id = await studio.start("sent", "accepted", "fetching", "queued")
    studio.write(runs.set_run_state, run_id=run_id, state=RunState.RUNNING)
    studio.write(transitions.claim, run_id=run_id, lane="fake/one", most=3)
    ids = {task: detail.row.id for task, detail in studio.jobs(run_id).items()}
    for task in ("accepted", "fetching"):
        step = transitions.Transition(ids[task], JobState.SENDING, JobState.WAITING, ticket=Ticket({"prompt": task}))
        studio.write(transitions.apply, step=step)
    fetching = transitions.Transition(ids["fetching"], JobState.WAITING, JobState.FETCHING)
    studio.write(transitions.apply, step=fetching)

    await studio.work()

    assert states(studio, run_id) == {
        "sent": JobState.IN_DOUBT,
        "accepted": JobState.DONE,
        "fetching": JobState.DONE,
        "queued": JobState.QUEUED,
    }
    assert (studio.provider.sent, studio.run_row(run_id).state) == ([], RunState.INTERRUPTED)


async def test_links_of_a_synchronous_answer_survive_a_crash(studio: Studio) -> None:
    run_id = await studio.start("fox")
    studio.write(runs.set_run_state, run_id=run_id, state=RunState.RUNNING)
    studio.write(transitions.claim, run_id=run_id, lane="fake/one", most=1)
    ticket = Ticket({"delivery": [{"url": "https://delivery.test/x", "seed": 5, "prompt_used": None}]})
    job_id = studio.jobs(run_id)["fox"].row.id
    step = transitions.Transition(job_id, JobState.SENDING, JobState.FETCHING, ticket=ticket)
    studio.write(transitions.apply, step=step)
    await studio.work()
    detail = studio.jobs(run_id)["fox"]
    assert (detail.row.state, detail.images[0].seed, studio.provider.sent) == (JobState.DONE, 5, [])


# --- wishes -------------------------------------------------------------------------------------


async def _with_runner(studio: Studio) -> "asyncio.Task[None]":
    task = asyncio.create_task(studio.work())
    await until(lambda: holder(studio.workspace) is not None)
    return task


async def test_not_yet_sent_jobs_are_cancelled_and_the_rest_comes_home(studio: Studio) -> None:
    gate = asyncio.Event()
    studio.provider.gate = gate.wait
    studio.provider.most = 1
    run_id = await studio.start("fox", "owl", "elk")
    task = await _with_runner(studio)
    await until(lambda: studio.provider.sent)
    await studio.control("cancel_run", run_id, scope="queued")
    await until(lambda: studio.run_row(run_id).counts.get(JobState.CANCELLED) == 2)
    gate.set()
    await task
    assert states(studio, run_id) == {"fox": JobState.DONE, "owl": JobState.CANCELLED, "elk": JobState.CANCELLED}
    assert studio.run_row(run_id).state is RunState.CANCELLED


async def test_cancelling_everything_also_lets_go_of_accepted_work(studio: Studio) -> None:
    gate = asyncio.Event()
    studio.provider.gate = gate.wait
    run_id = await studio.start("fox")
    task = await _with_runner(studio)
    await until(lambda: studio.provider.sent)
    await studio.control("cancel_run", run_id, scope="all")
    await until(studio.wishes_taken)
    gate.set()
    await task
    row = studio.jobs(run_id)["fox"].row
    assert (row.state, row.uncertain, studio.provider.cancelled) == (JobState.CANCELLED, usd("0.04"), ["fox"])


async def test_pause_and_resume(studio: Studio) -> None:
    run_id = await studio.start("fox", paused=True)
    await studio.work()
    assert (studio.run_row(run_id).state, studio.provider.sent) == (RunState.PAUSED, [])
    await studio.control("resume_run", run_id)
    await studio.work()
    assert studio.run_row(run_id).state is RunState.FINISHED


async def test_a_failed_job_is_retried_and_keeps_its_old_attempts(studio: Studio) -> None:
    studio.provider.submissions["fox"] = [error(ProblemKind.INVALID_REQUEST, permanent=True)]
    run_id = await studio.start("fox")
    await studio.work()
    await studio.control("retry", run_id, states=["failed"])
    await studio.work()
    detail = studio.jobs(run_id)["fox"]
    assert (detail.row.state, len(detail.attempts)) == (JobState.DONE, 2)
    assert detail.attempts[0].problem is not None


async def test_retrying_lost_work_asks_for_it_before_it_buys_again(studio: Studio) -> None:
    studio.provider.polls["fox"] = [error(ProblemKind.EXPIRED, Acceptance.YES) for _ in range(3)]
    run_id = await studio.start("fox")
    await studio.work()
    assert states(studio, run_id) == {"fox": JobState.FAILED}
    await studio.control("retry", run_id, jobs=[studio.jobs(run_id)["fox"].row.id])
    await studio.work()
    row = studio.jobs(run_id)["fox"].row
    assert (row.state, row.uncertain, row.billed) == (JobState.DONE, 0, usd("0.04"))
    assert studio.provider.accepted["fox"] == 1


@pytest.mark.parametrize(
    ("choice", "after", "accepted"), [("resend", JobState.DONE, 2), ("abandon", JobState.CANCELLED, 1)]
)
async def test_a_person_decides_about_a_job_in_doubt(
    studio: Studio, choice: str, after: JobState, accepted: int
) -> None:
    studio.provider.submissions["fox"] = [error(ProblemKind.TIMEOUT, Acceptance.MAYBE)]
    run_id = await studio.start("fox")
    await studio.work()
    await studio.control("in_doubt", run_id, jobs=[studio.jobs(run_id)["fox"].row.id], choice=choice)
    await studio.work()
    assert (states(studio, run_id), studio.provider.accepted["fox"]) == ({"fox": after}, accepted)


async def test_a_picture_that_was_found_is_adopted(studio: Studio) -> None:
    studio.provider.submissions["fox"] = [error(ProblemKind.TIMEOUT, Acceptance.MAYBE)]
    run_id = await studio.start("fox")
    await studio.work()
    found = studio.workspace / "found.png"
    found.write_bytes(picture(3))
    job_id = studio.jobs(run_id)["fox"].row.id
    await studio.control("in_doubt", run_id, jobs=[job_id], choice="adopt", path=str(found))
    await studio.work()
    detail = studio.jobs(run_id)["fox"]
    assert (detail.row.state, detail.row.billed, detail.row.uncertain) == (JobState.DONE, usd("0.04"), 0)
    assert (studio.workspace / detail.images[0].path).read_bytes() == picture(3)


async def test_an_unknown_wish_is_recorded_and_hurts_nobody(studio: Studio) -> None:
    run_id = await studio.start("fox")
    await studio.control("dance", run_id)
    await studio.work()
    assert studio.run_row(run_id).state is RunState.FINISHED


# --- one runner ---------------------------------------------------------------------------------


async def test_stopping_lets_the_answer_arrive_and_leaves_the_rest_resumable(studio: Studio) -> None:
    gate = asyncio.Event()
    studio.provider.gate = gate.wait
    studio.provider.most = 1
    run_id = await studio.start("fox", "owl")
    task = await _with_runner(studio)
    await until(lambda: studio.provider.sent)
    await studio.control("stop")
    await until(studio.wishes_taken)
    gate.set()
    await task
    assert studio.run_row(run_id).state is RunState.INTERRUPTED
    assert states(studio, run_id)["owl"] is JobState.QUEUED
    assert states(studio, run_id)["fox"] in (JobState.WAITING, JobState.DONE)
    studio.write(runs.set_run_state, run_id=run_id, state=RunState.READY)
    await studio.work()
    assert studio.run_row(run_id).counts == {JobState.DONE: 2}
    assert studio.provider.accepted == {"fox": 1, "owl": 1}


def test_only_one_holds_the_lock_and_its_pid_is_there_to_read(studio: Studio) -> None:
    first, second = RunnerLock(studio.workspace), RunnerLock(studio.workspace)
    assert holder(studio.workspace) is None
    with first, second:
        assert first.acquire()
        assert not second.acquire()
        assert holder(studio.workspace) == os.getpid()
        first.release()
        assert second.acquire()
    assert holder(studio.workspace) is None


async def test_accepted_work_with_a_known_cost_reserves_the_cost(studio: Studio) -> None:
    from fluxtui.domain.jobs import Bill

    ticket = Ticket({"prompt": "fox"})
    studio.provider.submissions["fox"] = [Accepted(ticket, Bill(usd("0.045")))]
    run_id = await studio.start("fox")
    await studio.work()
    assert studio.jobs(run_id)["fox"].row.billed == usd("0.045")


async def test_a_full_disk_stops_sending_and_loses_nothing(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    from fluxtui.engine import work
    from fluxtui.images import store
    from fluxtui.images.disk import DiskProblem

    monkeypatch.setattr(work, "_DISK_PAUSE", 0.01)
    refusals = [3]
    save = store.save_all

    def full_at_first(pictures: list[store.Unsaved]) -> list[store.SavedImage | store.NotAnImage | DiskProblem]:
        if refusals[0]:
            refusals[0] -= 1
            return [DiskProblem(OSError(28, "No space left on device"), studio.workspace) for _ in pictures]
        return save(pictures)

    monkeypatch.setattr(store, "save_all", full_at_first)
    studio.provider.submissions["fox"] = [encoded]
    run_id = await studio.start("fox", "owl")
    await studio.work()
    assert studio.run_row(run_id).counts == {JobState.DONE: 2}
    assert studio.provider.accepted == {"fox": 1, "owl": 1}


# --- failover and own rules ---------------------------------------------------------------------


async def test_queued_jobs_of_a_parked_lane_go_to_the_fallback_and_say_so(studio: Studio) -> None:
    from fluxtui.domain.batch import Target

    names = [f"task-{n}" for n in range(6)]
    studio.provider.broke = frozenset({"one"})
    batch = studio.batch(*names, targets=(Target("fake", "one", fallback=("fake/two",)),))
    run_id = await studio.start(batch=batch)
    await studio.work()
    jobs = studio.jobs(run_id)
    assert studio.run_row(run_id).counts == {JobState.DONE: 6}
    assert {detail.row.target for detail in jobs.values()} == {"fake/two"}
    (note,) = jobs["task-0"].adaptations
    assert (note.parameter, note.asked, note.given) == ("target", "fake/one", "fake/two")
    assert "for-fake-one" in jobs["task-0"].images[0].path


async def test_without_a_fallback_nothing_is_handed_over(studio: Studio) -> None:
    studio.provider.submissions["fox"] = [error(ProblemKind.CREDITS)]
    run_id = await studio.start("fox")
    await studio.work()
    assert studio.run_row(run_id).state is RunState.PARKED


async def test_a_forbidden_prompt_is_refused_and_cannot_be_retried(studio: Studio) -> None:
    studio.rules = OwnRules(blocked_words=("fox",))
    run_id = await studio.start("fox", "owl")
    await studio.work()
    assert states(studio, run_id) == {"fox": JobState.REFUSED, "owl": JobState.DONE}
    await studio.control("retry", run_id, states=["refused"])
    await studio.work()
    assert (states(studio, run_id)["fox"], studio.provider.sent) == (JobState.REFUSED, ["owl"])


async def test_going_on_with_a_running_run_unparks_its_lanes(studio: Studio) -> None:
    from fluxtui.domain.batch import Target

    gate = asyncio.Event()
    studio.provider.gate = gate.wait
    studio.provider.submissions["fox"] = [error(ProblemKind.NETWORK)]
    batch = studio.batch("fox", targets=(Target("fake", "one"), Target("fake", "two")))
    studio.provider.broke = frozenset({"one"})
    run_id = await studio.start(batch=batch)
    task = await _with_runner(studio)
    await until(lambda: len(studio.provider.sent) == 2)
    studio.provider.broke = frozenset()
    await studio.control("resume_run", run_id)
    await until(studio.wishes_taken)
    gate.set()
    await task
    assert studio.run_row(run_id).counts == {JobState.DONE: 2}
