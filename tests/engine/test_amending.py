"""Amending a run: what it lacks is bought, and nothing of what it has is touched."""

import asyncio
import json
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fluxtui.domain.batch import Axis, Batch, Target, Task
from fluxtui.domain.frozen import freeze, grown, thaw
from fluxtui.domain.jobs import JobState, RunState
from fluxtui.domain.money import Price, usd
from fluxtui.domain.problems import FluxtuiError, ProblemKind
from fluxtui.engine.amending import Amendment, amend_run, amendment, batch_of_run
from fluxtui.engine.lock import RunnerLock
from fluxtui.engine.plan import plan
from fluxtui.history import amending, failover, runs
from fluxtui.history.database import database_path, open_reader
from fluxtui.history.journal import Journal, Transaction
from tests.conditions import until
from tests.engine.fakes import FakeProvider, FakeServices, Studio, error

ONE, TWO = Target("fake", "one"), Target("fake", "two")


def worked_out(studio: Studio, run_id: int, batch: Batch) -> Amendment:
    with closing(open_reader(database_path(studio.workspace))) as reader:
        return amendment(reader, run_id, batch, studio.services())


async def amend(studio: Studio, run_id: int, batch: Batch) -> int:
    wanted = worked_out(studio, run_id, batch)
    with Journal(database_path(studio.workspace)) as journal:
        return await amend_run(journal, wanted)


def jobs(studio: Studio, run_id: int) -> list[tuple[object, ...]]:
    """Return every job of a run with its cell, but for the money and times that working changes."""
    with closing(open_reader(database_path(studio.workspace))) as reader:
        return reader.execute(
            "SELECT jobs.id, jobs.position, jobs.state, jobs.revision, cells.key, cells.task, cells.target, cells.stem,"
            " cells.request, cells.task_index FROM jobs JOIN cells ON cells.id = jobs.cell_id WHERE jobs.run_id = ?"
            " ORDER BY jobs.position",
            (run_id,),
        ).fetchall()


async def test_a_target_more_buys_its_cells_only(studio: Studio) -> None:
    run_id = await studio.start(batch=studio.batch("fox", "owl", targets=(ONE,)))
    await studio.work()
    before = jobs(studio, run_id)
    batch = studio.batch("fox", "owl", targets=(ONE, TWO))
    wanted = worked_out(studio, run_id, batch)
    assert (wanted.cells, wanted.present, len(wanted.missing)) == (4, 2, 2)
    assert (wanted.quote.pictures, wanted.quote.price.high) == (2, usd("0.08"))
    assert [line.target for line in wanted.quote.lines] == ["fake/two"]
    assert await amend(studio, run_id, batch) == 2
    row = studio.run_row(run_id)
    assert (row.state, row.quoted, row.counts) == (
        RunState.READY,
        usd("0.16"),
        {JobState.DONE: 2, JobState.QUEUED: 2},
    )
    await studio.work()
    assert studio.run_row(run_id).counts == {JobState.DONE: 4}
    assert jobs(studio, run_id)[:2] == before
    assert studio.provider.accepted == {"fox": 2, "owl": 2}
    folder = studio.workspace / row.folder / "fake"
    assert sorted(path.stem for path in folder.glob("*.png")) == ["fox", "fox_two", "owl", "owl_two"]


async def test_the_same_once_more_buys_nothing_and_wakes_nobody(studio: Studio) -> None:
    batch = studio.batch("fox", targets=(ONE,), axes=(Axis("seed", (1, 2)),))
    run_id = await studio.start(batch=batch)
    await studio.work()
    before = jobs(studio, run_id)
    assert await amend(studio, run_id, batch) == 0
    assert await amend(studio, run_id, replace(batch, axes=())) == 1  # without a seed: a cell of its own
    assert await amend(studio, run_id, replace(batch, axes=())) == 0
    assert jobs(studio, run_id)[: len(before)] == before


async def test_what_failed_is_there_and_not_bought_a_second_time(studio: Studio) -> None:
    studio.provider.submissions["fox"] = [error(ProblemKind.INVALID_REQUEST, permanent=True)]
    run_id = await studio.start("fox", "owl")
    await studio.work()
    assert await amend(studio, run_id, studio.batch("fox", "owl", targets=(ONE,))) == 0
    assert await amend(studio, run_id, studio.batch("fox", "owl", targets=(ONE,), repeat=2)) == 2
    await studio.work()
    counts = studio.run_row(run_id).counts
    assert (counts[JobState.DONE], counts[JobState.FAILED]) == (3, 1)


async def test_new_tasks_get_places_of_their_own_and_the_frozen_batch_grows(studio: Studio) -> None:
    run_id = await studio.start("fox", "owl")
    await amend(studio, run_id, studio.batch("hen", "owl", targets=(ONE,)))
    places = {row[5]: row[9] for row in jobs(studio, run_id)}
    assert places == {"fox": 0, "owl": 1, "hen": 2}
    with closing(open_reader(database_path(studio.workspace))) as reader:
        batch = batch_of_run(reader, run_id)
        found = reader.execute("SELECT task FROM prompts ORDER BY task_index").fetchall()
    assert [task.name for task in batch.tasks] == ["fox", "owl", "hen"]
    assert found == [("fox",), ("owl",), ("hen",)]
    assert await amend(studio, run_id, batch) == 0


async def test_a_second_task_with_the_same_request_is_bought_a_renamed_one_is_not(studio: Studio) -> None:
    run_id = await studio.start(batch=Batch("b", (Task("fox", "a fox"),), (ONE,)))
    assert await amend(studio, run_id, Batch("b", (Task("vixen", "a fox"),), (ONE,))) == 0
    twins = Batch("b", (Task("vixen", "a fox"), Task("fox", "a fox")), (ONE,))
    wanted = worked_out(studio, run_id, twins)
    assert [cell.task for cell in wanted.missing] == ["vixen"]


@pytest.mark.parametrize(
    "state", [RunState.PAUSED, RunState.INTERRUPTED, RunState.CAPPED, RunState.PARKED, RunState.CANCELLED]
)
async def test_a_run_that_stands_still_goes_on(studio: Studio, state: RunState) -> None:
    run_id = await studio.start("fox", "owl", paused=True)
    studio.write(runs.set_run_state, run_id=run_id, state=state)
    wanted = worked_out(studio, run_id, studio.batch("fox", "hen", targets=(ONE,)))
    assert wanted.waiting == 2
    assert await amend(studio, run_id, studio.batch("fox", "hen", targets=(ONE,))) == 1
    await studio.work()
    row = studio.run_row(run_id)
    assert (row.state, row.counts) == (RunState.FINISHED, {JobState.DONE: 3})


async def test_a_running_run_takes_the_new_work_up(studio: Studio) -> None:
    gate = asyncio.Event()
    studio.provider.gate = gate.wait
    run_id = await studio.start("fox", "owl")
    lock = RunnerLock(studio.workspace)
    assert lock.acquire()
    with lock:
        work = asyncio.create_task(studio.runner().run(lock))
        await until(lambda: len(studio.provider.sent) == 2)
        assert await amend(studio, run_id, studio.batch("fox", "owl", "hen", targets=(ONE, TWO))) == 4
        await until(lambda: len(studio.provider.sent) == 6)
        gate.set()
        await asyncio.wait_for(work, 30)
    row = studio.run_row(run_id)
    assert (row.state, row.counts) == (RunState.FINISHED, {JobState.DONE: 6})
    assert max(studio.provider.accepted.values()) == 2


async def test_what_is_amended_while_a_run_is_taken_up_is_not_overlooked(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = await studio.start("fox")
    batch = studio.batch("fox", targets=(ONE, TWO))
    cells = plan(batch, studio.services()).cells
    asked = failover.has_fallbacks

    def amend_just_then(transaction: Transaction, *, run_id: int) -> bool:
        amending.amend_run(transaction, run_id=run_id, batch=batch, cells=cells)
        return asked(transaction, run_id=run_id)

    monkeypatch.setattr(failover, "has_fallbacks", amend_just_then)
    await studio.work()
    assert studio.run_row(run_id).counts == {JobState.DONE: 2}


async def test_two_who_amend_at_once_buy_everything_once(studio: Studio) -> None:
    run_id = await studio.start("fox")
    batch = studio.batch("fox", "owl", targets=(ONE, TWO))
    first, second = worked_out(studio, run_id, batch), worked_out(studio, run_id, batch)
    with Journal(database_path(studio.workspace)) as journal:
        appended = await asyncio.gather(amend_run(journal, first), amend_run(journal, second))
        assert list(appended) == [3, 0]
    assert len(jobs(studio, run_id)) == 4


async def test_a_target_that_cannot_draw_any_more_is_left_out_and_named(studio: Studio) -> None:
    run_id = await studio.start("fox")
    studio.write(_give, run_id=run_id, target="gone/model")
    wanted = worked_out(studio, run_id, studio.batch("fox", targets=(ONE, TWO, Target("gone", "model"))))
    assert [name for name, _ in wanted.left_out] == ["gone/model"]
    assert [cell.target for cell in wanted.missing] == ["fake/two"]
    with pytest.raises(FluxtuiError, match="other"):
        worked_out(studio, run_id, studio.batch("fox", targets=(ONE, Target("other", "model"))))
    with pytest.raises(FluxtuiError, match="None of the run's targets"):
        worked_out(studio, run_id, studio.batch("fox", targets=(Target("gone", "model"),)))


def _give(transaction: Transaction, *, run_id: int, target: str) -> None:
    """Let a job of the run be another target's: one that is not configured any more."""
    transaction.connection.execute("UPDATE jobs SET target = ? WHERE run_id = ?", (target, run_id))


async def test_a_cap_holds_no_unknown_price(studio: Studio) -> None:
    run_id = await studio.start("fox", cap=usd("1"))
    studio.provider.price = Price.unknown()
    wanted = worked_out(studio, run_id, studio.batch("fox", "owl", targets=(ONE,)))
    assert wanted.unpriced
    with Journal(database_path(studio.workspace)) as journal, pytest.raises(FluxtuiError, match="cap cannot be kept"):
        await amend_run(journal, wanted)
    assert len(jobs(studio, run_id)) == 1


async def test_a_run_that_is_gone_or_has_no_batch_is_a_sentence(studio: Studio) -> None:
    run_id = await studio.start("fox")
    wanted = worked_out(studio, run_id, studio.batch("owl", targets=(ONE,)))
    studio.write(_forget_batch, run_id=run_id)
    with closing(open_reader(database_path(studio.workspace))) as reader, pytest.raises(FluxtuiError, match="no batch"):
        batch_of_run(reader, run_id)
    with Journal(database_path(studio.workspace)) as journal:
        journal.write_now(lambda t: t.connection.execute("DELETE FROM runs").rowcount)
        with pytest.raises(FluxtuiError, match=f"no run {run_id}"):
            await amend_run(journal, wanted)
    with pytest.raises(FluxtuiError, match=f"no run {run_id}"):
        worked_out(studio, run_id, studio.batch("owl"))


def _forget_batch(transaction: Transaction, *, run_id: int) -> None:
    transaction.connection.execute("UPDATE frozen_batches SET batch = '{}' WHERE run_id = ?", (run_id,))


NAMES = ("fox", "Fox", "OWL", "fox-2")
BATCHES = st.builds(
    lambda tasks, targets, seeds, repeat: Batch(
        "b",
        tuple(Task(name, f"a {name}" if name.islower() else "the same") for name in tasks),
        tuple(targets),
        (Axis("seed", tuple(seeds)),) if seeds else (),
        repeat=repeat,
    ),
    st.lists(st.sampled_from(NAMES), min_size=1, unique=True),
    st.sampled_from([(ONE,), (TWO,), (ONE, TWO)]),
    st.lists(st.integers(1, 3), max_size=3, unique=True),
    st.integers(1, 3),
)


@settings(deadline=None, max_examples=60)
@given(first=BATCHES, then=st.lists(BATCHES, min_size=1, max_size=3))
def test_whatever_is_amended_exactly_the_missing_is_bought(
    tmp_path_factory: pytest.TempPathFactory, first: Batch, then: list[Batch]
) -> None:
    studio = Studio(tmp_path_factory.mktemp("amend"))
    run_id = asyncio.run(studio.start(batch=first))
    services = FakeServices(FakeProvider())
    for batch in then:
        before = jobs(studio, run_id)
        expected = Counter(cell.key for cell in plan(batch, services).cells) - Counter(str(row[4]) for row in before)
        wanted = worked_out(studio, run_id, batch)
        assert Counter(cell.key for cell in wanted.missing) == expected
        assert asyncio.run(amend(studio, run_id, batch)) == expected.total()
        after = jobs(studio, run_id)
        assert after[: len(before)] == before
        assert [row[1] for row in after] == list(range(len(after)))
        stems = [str(row[7]).casefold() for row in after]
        assert len(set(stems)) == len(stems)
        assert asyncio.run(amend(studio, run_id, batch)) == 0
    assert studio.run_row(run_id).quoted == len(jobs(studio, run_id)) * usd("0.04")


@given(first=BATCHES, more=BATCHES)
def test_a_grown_batch_holds_both_and_survives_freezing(first: Batch, more: Batch) -> None:
    both = grown(first, more)
    services = FakeServices(FakeProvider())
    keys = {cell.key for cell in plan(both, services).cells}
    if bool(first.axes) == bool(more.axes):  # else one of them has cells without a seed
        assert keys >= {c.key for b in (first, more) for c in plan(b, services).cells}
    assert grown(both, more) == grown(both, first) == both
    assert thaw(json.loads(json.dumps(freeze(both)))) == both


@pytest.mark.parametrize("wrong", [{}, {"name": "b"}, {**freeze(Batch("b", ())), "tasks": 3}, {"tasks": [{}]}])
def test_what_is_no_batch_says_so(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not a batch"):
        thaw(wrong)  # type: ignore[arg-type]


def test_a_frozen_batch_has_everything(tmp_path: Path) -> None:
    task = Task("a", "p", "no", {"steps": 3}, {"mood": "calm"}, ("/x.png",), {"raw": True})
    target = Target("fake", "one", {"guidance": 2}, "label", ("fake/two",))
    batch = Batch("b", (task,), (target,), (Axis("style", ("oil", 2)),), {"seed": 1}, 2, {"steps": []})
    assert thaw(freeze(batch)) == batch
