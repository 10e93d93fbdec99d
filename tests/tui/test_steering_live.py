"""Steering by keys alone, with the real engine and a runner process on the sandbox."""

import os
import signal
from pathlib import Path

from fluxtui.domain.batch import Target
from fluxtui.domain.jobs import JobState, RunState
from fluxtui.engine.lock import holder
from fluxtui.history.database import database_path
from fluxtui.tui.app import Cockpit
from fluxtui.tui.doors.door import RealEngine
from fluxtui.tui.preferences import PreferenceFile
from fluxtui.tui.screens.dialogs.screen import AskScreen
from fluxtui.tui.screens.run.screen import RunScreen
from tests.conditions import until, wait_until
from tests.tui.harness import BFL, run_screen, running
from tests.tui.keys import presses

TASKS = 60


def count(app: Cockpit, state: JobState) -> int:
    return 0 if app.live.shown is None else app.live.shown.counts.get(state, 0)


def state(app: Cockpit) -> RunState | None:
    return None if app.live.shown is None else app.live.shown.state


def end_runner(workspace: Path) -> None:
    pid = holder(workspace)
    if pid:
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: holder(workspace) is None)


@presses("run.pause", "run.sooner", "run.more", "run.cancel", "run.retry", "rows.last")
async def test_a_run_is_paused_resumed_reordered_cancelled_and_retried_by_keys(workspace: Path, tmp_path: Path) -> None:
    batch = tmp_path / "many.txt"
    batch.write_text("\n".join(f"A lighthouse, number {number}" for number in range(TASKS)), "utf-8")
    engine = RealEngine(workspace, sandbox=True, targets=(Target.parse(BFL),))
    app = Cockpit(workspace, engine, batch=batch, start=True, preferences=PreferenceFile(tmp_path / "me.toml"))
    app.animation_level = "none"
    try:
        async with running(app) as pilot:
            await until(lambda: isinstance(app.screen, RunScreen) and app.live.lanes and app.live.runner_alive)
            await until(lambda: run_screen(app).job() is not None)
            await pilot.press("p")
            await until(lambda: isinstance(app.screen, AskScreen) and app.screen.is_mounted)
            await pilot.press("p")
            await until(lambda: state(app) is RunState.PAUSED)

            await pilot.press("G")
            await until(lambda: (job := run_screen(app).job()) is not None and job.state is JobState.QUEUED)
            last = run_screen(app).table.job_id
            await pilot.press("p")  # a run that stands still goes on
            await until(lambda: state(app) is RunState.RUNNING)
            await pilot.press("greater_than_sign", "plus")
            await until(lambda: (job := run_screen(app).job()) is not None and job.state is not JobState.QUEUED)
            assert run_screen(app).table.job_id == last
            assert count(app, JobState.QUEUED) > 0, "it went before others"

            await pilot.press("x")
            await until(lambda: isinstance(app.screen, AskScreen) and app.screen.is_mounted)
            await pilot.press("u")
            await until(lambda: count(app, JobState.QUEUED) == 0 and count(app, JobState.CANCELLED) > 0)
            await pilot.press("R")
            await until(lambda: isinstance(app.screen, AskScreen) and app.screen.is_mounted)
            await pilot.press("c")
            await until(lambda: count(app, JobState.CANCELLED) == 0)
            await until(lambda: count(app, JobState.DONE) == TASKS, within=90)
            await until(lambda: state(app) not in (RunState.RUNNING, RunState.READY))
            assert state(app) is RunState.FINISHED, app.live.shown
    finally:
        end_runner(workspace)
    assert database_path(workspace).exists()
