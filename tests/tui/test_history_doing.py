"""What can be done to runs from the History screen; with the engine itself where the sandbox is quick."""

import json
from functools import partial
from pathlib import Path

import pytest
from textual.widgets import Input

from fluxtui.domain.batch import Axis, Batch, Target, Task
from fluxtui.domain.frozen import freeze
from fluxtui.domain.jobs import JobState, RunState
from fluxtui.domain.problems import FluxtuiError, Problem, ProblemKind
from fluxtui.engine.launch import RunOptions, start_run, stop_runner
from fluxtui.engine.plan import plan
from fluxtui.engine.services import Services
from fluxtui.history import queries
from fluxtui.history.database import database_path, open_reader
from fluxtui.history.journal import Journal
from fluxtui.tui.app import Cockpit
from fluxtui.tui.doors.door import RealEngine
from fluxtui.tui.doors.history import Additions
from fluxtui.tui.screens.batch.screen import BatchScreen
from fluxtui.tui.screens.dialogs.screen import AskScreen, PaperScreen
from fluxtui.tui.screens.history.amend import AmendScreen
from fluxtui.tui.screens.history.screen import HistoryScreen
from tests.conditions import until, wait_until
from tests.tui.fakes.history import OTHER, FakeHistory
from tests.tui.harness import AZURE, BFL, TASKS, UNAVAILABLE, FakeEngine, Studio, cells, cockpit, running
from tests.tui.history import finished, listed, opened, said, screen_of, title, toasted
from tests.tui.keys import presses

# --- marks, resume, rerun ----------------------------------------------------------------------------


@presses("history.mark", "history.mark-all", "history.back", "history.resume")
async def test_marked_runs_go_on_together_after_one_question(studio: Studio) -> None:
    runs = [studio.new_run() for _ in range(3)]
    for run_id, state in zip(runs, (RunState.PAUSED, RunState.INTERRUPTED, RunState.FINISHED), strict=True):
        studio.set_state(run_id, state)
    engine = FakeEngine()
    app = cockpit(studio.workspace, engine)
    async with running(app) as pilot:
        await opened(app, pilot, 3)
        await pilot.press("A")
        await until(lambda: "3 marked" in title(app))
        await pilot.press("A")
        await until(lambda: "marked" not in title(app))
        await pilot.press("space", "space", "space")
        await until(lambda: "3 marked" in title(app))
        await pilot.press("escape")
        await until(lambda: "marked" not in title(app))
        await pilot.press("A", "r")
        await until(lambda: isinstance(app.screen, AskScreen))
        await pilot.press("n")
        assert engine.resumed == []
        await until(lambda: isinstance(app.screen, HistoryScreen))
        await pilot.press("r")
        await until(lambda: isinstance(app.screen, AskScreen))
        await pilot.press("y")
        await until(lambda: sorted(engine.resumed) == runs[:2])
        assert screen_of(app).table.marked == frozenset()


async def test_nothing_marked_that_could_go_on_is_told(studio: Studio) -> None:
    finished(studio)
    engine = FakeEngine()
    app = cockpit(studio.workspace, engine)
    async with running(app) as pilot:
        await opened(app, pilot, 1)
        await pilot.press("r")
        await pilot.press("space", "r")
        await until(lambda: toasted(app, "stands still"))
        assert engine.resumed == []


def failed(studio: Studio, *, sandbox: bool = False) -> int:
    run_id = studio.new_run(cells(TASKS[:2], (BFL,)), sandbox=sandbox)
    first, second = studio.send(run_id, BFL, 2)
    studio.move(first, JobState.FAILED, UNAVAILABLE)
    studio.move(second, JobState.WAITING)
    studio.move(second, JobState.FAILED, UNAVAILABLE)
    studio.sql("UPDATE jobs SET ticket = '{}' WHERE id = ?", second)
    studio.set_state(run_id, RunState.FINISHED)
    return run_id


@presses("history.rerun")
async def test_what_failed_is_tried_again_for_the_price_that_was_told(studio: Studio) -> None:
    run_id = failed(studio)
    engine = FakeEngine()
    app = cockpit(studio.workspace, engine)
    async with running(app) as pilot:
        await opened(app, pilot, 1)
        await pilot.press("f")
        await until(lambda: isinstance(app.screen, AskScreen))
        body = said(app, ".body Static")
        assert "2 jobs of run 1" in body
        assert "1 of them: only asked for, not paid again" in body
        assert "up to $0.04" in body
        await pilot.press("n")
        await until(lambda: isinstance(app.screen, HistoryScreen))
        assert engine.controls == []
        await pilot.press("f")
        await until(lambda: isinstance(app.screen, AskScreen))
        await pilot.press("y")
        await until(lambda: engine.controls == [("retry", run_id, {"states": ["failed"]})])
        assert app.current_mode == "run"


async def test_what_was_never_sent_is_not_tried_again(studio: Studio) -> None:
    run_id = failed(studio)
    studio.sql("UPDATE jobs SET attempts = 0")
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await opened(app, pilot, 1)
        assert listed(app) == [run_id]
        await pilot.press("f")
        await until(lambda: toasted(app, "Nothing to try again"))


# --- amend and duplicate -------------------------------------------------------------------------------


def sum_of(app: Cockpit) -> str:
    return said(app, "#sum") if isinstance(app.screen, AmendScreen) else ""


@presses("history.amend", "amend.tick", "amend.buy", "dialog.back")
async def test_a_target_is_added_after_one_question(studio: Studio) -> None:
    run_id = finished(studio)
    engine = FakeEngine()
    app = cockpit(studio.workspace, engine)
    async with running(app) as pilot:
        await opened(app, pilot, 1)
        await pilot.press("a")
        await until(lambda: "8 cells · 8 there already · 0 to buy" in sum_of(app))
        await pilot.press("enter")  # nothing to buy: nothing happens
        assert isinstance(app.screen, AmendScreen)
        await pilot.press("k", "space")  # one that the run has stays
        await pilot.press("j", "space")
        await until(lambda: "12 cells · 8 there already · 4 to buy · $0.16" in sum_of(app))
        assert OTHER in sum_of(app)
        assert "2 jobs not sent yet will go on as well" in sum_of(app)
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, AskScreen))
        assert "4 pictures for run 1: $0.16." in said(app, ".body Static")
        await pilot.press("n")
        await until(lambda: isinstance(app.screen, AmendScreen))
        assert engine.history.asked == []
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, AskScreen))
        await pilot.press("y")
        await until(lambda: engine.history.asked == [("amend", 4)])
        await until(lambda: app.live.shown is not None and app.live.shown.id == run_id)
        await pilot.press("f7", "a")
        await until(lambda: isinstance(app.screen, AmendScreen))
        await pilot.press("escape")
        await until(lambda: isinstance(app.screen, HistoryScreen))
        assert engine.history.asked == [("amend", 4)]


async def test_targets_are_found_by_typing_and_wrong_values_are_told(studio: Studio) -> None:
    finished(studio)
    app = cockpit(studio.workspace)
    async with running(app, (80, 24)) as pilot:
        await opened(app, pilot, 1)
        await pilot.press("a")
        await until(lambda: "0 to buy" in sum_of(app))
        screen = app.screen
        assert isinstance(screen, AmendScreen)
        assert screen.offered.row_count == 3
        screen.query_one("#find", Input).value = "bfl ultra"
        await until(lambda: [target.name for target in screen.offered.targets] == [OTHER])
        screen.query_one("#find", Input).value = "nobody"
        await until(lambda: screen.offered.row_count == 0)
        screen.offered.focus()
        await pilot.press("space")
        screen.query_one("#repeat", Input).value = "many"
        await until(lambda: "repeat is a whole number from 1 to 1000" in sum_of(app))


async def test_a_run_without_its_batch_says_so(studio: Studio) -> None:
    finished(studio)
    problem = FluxtuiError(Problem(ProblemKind.NOT_FOUND, "Run 1 has no batch."))
    app = cockpit(studio.workspace, FakeEngine(history=FakeHistory(problem)))
    async with running(app) as pilot:
        await opened(app, pilot, 1)
        for key in ("a", "d"):
            app.clear_notifications()
            await pilot.press(key)
            await until(lambda: toasted(app, "has no batch"))
            assert isinstance(app.screen, HistoryScreen)


@presses("history.duplicate")
async def test_a_run_becomes_a_batch_that_is_in_no_file_yet(studio: Studio) -> None:
    finished(studio)
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await opened(app, pilot, 1)
        await pilot.press("d")
        await until(lambda: isinstance(app.screen, BatchScreen) and len(app.screen.desk.batch.tasks) == len(TASKS))
        screen = app.screen
        assert isinstance(screen, BatchScreen)
        assert [target.name for target in screen.desk.targets] == [AZURE, BFL]


# --- delete and disk use -------------------------------------------------------------------------------


@presses("history.delete")
async def test_deleting_asks_what_becomes_of_the_pictures(studio: Studio) -> None:
    first, second, third = finished(studio, batch="one"), finished(studio), finished(studio)
    engine = FakeEngine()
    app = cockpit(studio.workspace, engine)
    async with running(app) as pilot:
        await opened(app, pilot, 3)
        await pilot.press("G", "x")
        await until(lambda: isinstance(app.screen, AskScreen))
        assert "run 1 (one)" in said(app, ".body Static")
        await pilot.press("enter")  # the first answer is no
        await until(lambda: isinstance(app.screen, HistoryScreen))
        await pilot.press("delete")
        await until(lambda: isinstance(app.screen, AskScreen))
        await pilot.press("k")
        await until(lambda: engine.history.asked == [("delete", first, False)])
        await pilot.press("g", "space", "space", "x")
        await until(lambda: isinstance(app.screen, AskScreen))
        assert "2 runs" in said(app, ".body Static")
        await pilot.press("p")
        await until(lambda: engine.history.asked[1:] == [("delete", third, True), ("delete", second, True)])
        await until(lambda: toasted(app, "are deleted, with 6 pictures"))


async def test_what_could_not_be_deleted_is_told(studio: Studio) -> None:
    run_id = studio.new_run(cells(TASKS[:2], (BFL,)))
    job, _ = studio.send(run_id, BFL, 2)
    studio.move(job, JobState.WAITING)
    studio.set_state(run_id, RunState.INTERRUPTED)
    finished(studio)
    app = cockpit(studio.workspace, FakeEngine(history=FakeHistory(kept=2)))
    async with running(app) as pilot:
        await opened(app, pilot, 2)
        await pilot.press("j", "x")
        await until(lambda: isinstance(app.screen, AskScreen))
        assert "2 accepted jobs not collected yet will be lost" in said(app, ".body Static")
        await pilot.press("k")
        await until(lambda: toasted(app, "2 pictures could not be deleted"))


async def test_a_deletion_that_broke_off_is_finished(studio: Studio) -> None:
    kept, gone = finished(studio), finished(studio)
    studio.sql("UPDATE runs SET deleting = 'records' WHERE id = ?", gone)
    engine = FakeEngine()
    app = cockpit(studio.workspace, engine)
    async with running(app) as pilot:
        await opened(app, pilot, 1)
        assert listed(app) == [kept]
        await until(lambda: engine.history.asked == [("finish",)])


@presses("history.disk")
async def test_disk_use_names_the_largest_runs(studio: Studio) -> None:
    finished(studio, batch="small", chosen=cells(TASKS[:1], (BFL,)))
    finished(studio, batch="large", chosen=cells(TASKS))
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await opened(app, pilot, 2)
        assert "11 MB on disk" in str(app.screen.query_one("#runs-pane").border_subtitle)
        await pilot.press("u")
        await until(lambda: isinstance(app.screen, PaperScreen))
        told = said(app, ".body Static")
        for part in ("in 9 pictures", "120 MB", "80 GB of 500 GB"):
            assert part in told
        assert told.index("large") < told.index("small")


# --- with the engine itself ------------------------------------------------------------------------------


SLOWLY = Batch(
    "real",
    (Task("fox", "a fox [sandbox:slow=0]"), Task("owl", "an owl [sandbox:slow=0]")),
    (Target("bfl", "flux-pro-1.1"),),
    (Axis("seed", (1,)),),
)


async def test_amend_and_delete_in_the_sandbox(workspace: Path) -> None:
    """Everything real: a run is drawn, a seed is added by keys, then it goes with its pictures."""
    services = Services.load(sandbox=True)
    with Journal(database_path(workspace)) as journal:
        run_id = await start_run(journal, workspace, plan(SLOWLY, services), RunOptions())
    engine = RealEngine(workspace, sandbox=True)
    app = cockpit(workspace, engine)  # type: ignore[arg-type]  # the real one
    try:
        async with running(app, (120, 40)) as pilot:
            await opened(app, pilot, 1)
            await pilot.press("a")
            await until(lambda: "2 cells · 2 there already · 0 to buy" in sum_of(app))
            await pilot.press("tab", *"seed=1..2")
            await until(lambda: "4 cells · 2 there already · 2 to buy" in sum_of(app))
            await pilot.press("enter")  # play money: nothing to ask
            await until(lambda: app.current_mode == "run")
            await until(lambda: counted(workspace, run_id) == {JobState.DONE: 4}, within=60)
            await until(lambda: state_of(workspace, run_id) is RunState.FINISHED)
            await pilot.press("f7")
            await until(lambda: isinstance(app.screen, HistoryScreen) and listed(app) == [run_id])
            await pilot.press("x")
            await until(lambda: isinstance(app.screen, AskScreen))
            await pilot.press("p")
            await until(lambda: isinstance(app.screen, HistoryScreen) and app.screen.has_class("-nothing"))
            await until(lambda: not list(workspace.glob("real_*")))
            assert not list((workspace / ".thumbnails").rglob("*.jpg"))
    finally:
        wait_until(partial(stopped, workspace))


def stopped(workspace: Path) -> bool:
    return not stop_runner(workspace, patience=20)


def counted(workspace: Path, run_id: int) -> dict[JobState, int]:
    reader = open_reader(database_path(workspace))
    try:
        row = queries.run(reader, run_id)
    finally:
        reader.close()
    return {} if row is None else dict(row.counts)


def state_of(workspace: Path, run_id: int) -> RunState | None:
    reader = open_reader(database_path(workspace))
    try:
        row = queries.run(reader, run_id)
    finally:
        reader.close()
    return None if row is None else row.state


async def test_the_real_door_opens_what_a_run_was_made_from(studio: Studio) -> None:
    run_id = finished(studio, sandbox=True)
    studio.sql("UPDATE frozen_batches SET batch = ?", json.dumps(freeze(SLOWLY)))
    engine = RealEngine(studio.workspace, sandbox=False)
    try:
        opened_batch = engine.history.open(run_id, sandbox=True)  # a run of the sandbox is amended in the sandbox
        assert opened_batch.batch == SLOWLY
        assert "bfl/flux-pro-1.1" in {target.name for target in opened_batch.offered}
        room = engine.history.room()
        assert 0 < room.history_bytes < room.disk_bytes
    finally:
        engine.close()


async def test_a_prompt_and_a_file_add_their_tasks(workspace: Path, tmp_path: Path) -> None:
    services = Services.load(sandbox=True)
    with Journal(database_path(workspace)) as journal:
        run_id = await start_run(journal, workspace, plan(SLOWLY, services), RunOptions(paused=True))
    more = tmp_path / "more.txt"
    more.write_text("a crane\nan egret\n")
    engine = RealEngine(workspace, sandbox=True)
    try:
        history, batch = engine.history, engine.history.batch_of(run_id)

        def missing(**fields: str) -> int:
            return history.work_out(run_id, batch, Additions(**fields), sandbox=True).missing  # type: ignore[arg-type]

        assert missing() == 0
        assert missing(prompt="  a heron  ") == 1
        assert missing(prompt="a fox [sandbox:slow=0]") == 1  # a task of its own, whatever it asks for
        assert missing(file=f" {more} ") == 2
        assert missing(file=str(more), prompt="a heron", axes="seed=1..2; steps=20") == 10
        for wrong in ({"file": "nowhere.txt"}, {"axes": "seed"}, {"axes": "seed=1; seed=2"}, {"axes": "seed=x"}):
            with pytest.raises(FluxtuiError):
                missing(**wrong)
    finally:
        engine.close()


async def test_two_cockpits_see_the_same_runs(studio: Studio) -> None:
    """What one deletes is gone from the other; what was marked there is not marked any more."""
    kept, gone = finished(studio), finished(studio)
    engine = RealEngine(studio.workspace, sandbox=True)
    one, other = cockpit(studio.workspace, engine), cockpit(studio.workspace)  # type: ignore[arg-type]
    async with running(one) as first, running(other) as second:
        await opened(one, first, 2)
        await opened(other, second, 2)
        await second.press("space")
        await until(lambda: "1 marked" in title(other))
        await first.press("x")
        await until(lambda: isinstance(one.screen, AskScreen))
        await first.press("k")
        await until(lambda: listed(other) == [kept])
        assert gone not in screen_of(other).table.marked
        await until(lambda: isinstance(one.screen, HistoryScreen) and listed(one) == [kept])
        await second.press("x")
        await until(lambda: isinstance(other.screen, AskScreen))
        assert f"run {kept} " in said(other, ".body Static")
