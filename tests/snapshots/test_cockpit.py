"""What the cockpit looks like: three sizes, dark and light; empty, busy, failing, finished.

The pictures are accepted by a person who looked at them; they are made with Python 3.11 only.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from fluxtui.domain.jobs import JobState, RunState
from fluxtui.tui.app import Cockpit
from fluxtui.tui.screens.batch.screen import BatchScreen
from fluxtui.tui.screens.history.screen import HistoryScreen
from fluxtui.tui.screens.welcome.screen import WelcomeScreen
from fluxtui.tui.themes import DARK, LIGHT
from tests.conditions import until
from tests.tui.conftest import _one_time_zone, studio, workspace
from tests.tui.harness import (
    AZURE,
    BAD_KEY,
    BFL,
    BROKEN,
    MODERATED,
    TASKS,
    UNAVAILABLE,
    FakeEngine,
    Studio,
    cells,
    cockpit,
    shown,
)

__all__ = ["_one_time_zone", "studio", "workspace"]

Compare = Callable[..., bool]
Before = Callable[[Pilot[int]], Awaitable[None]]

SIZES = [(80, 24), (120, 40), (200, 60)]


def run_is_shown(app: Cockpit, *keys: str) -> Before:
    async def before(pilot: Pilot[int]) -> None:
        await until(lambda: app.live.runner_alive == app.engine.runs.runner_alive())
        await shown(app, pilot)
        for key in keys:
            await pilot.press(key)
            await shown(app, pilot)

    return before


def busy(studio: Studio) -> None:
    run_id = studio.new_run(sandbox=True)
    for job in studio.send(run_id, AZURE, 3)[:2]:
        studio.move(job, JobState.DONE)
    sent = studio.send(run_id, BFL, 3)
    studio.move(sent[0], JobState.DONE)
    studio.move(sent[1], JobState.WAITING)
    studio.lane(AZURE, in_flight=1)
    studio.lane(BFL, in_flight=2)
    studio.fix_times()


def failing(studio: Studio) -> None:
    run_id = studio.new_run(cells((*TASKS, "漢字と絵文字 🎨", "a [cat:dog:0.5] [/foo] prompt with a very long name")))
    first = studio.send(run_id, AZURE, 4)
    for job, (state, problem) in zip(
        first,
        [
            (JobState.REFUSED, MODERATED),
            (JobState.FAILED, UNAVAILABLE),
            (JobState.IN_DOUBT, BROKEN),
            (JobState.DONE, None),
        ],
        strict=True,
    ):
        studio.move(job, state, problem)
    studio.lane(AZURE, in_flight=0)
    studio.lane(BFL, "parked", 0, BAD_KEY)


def finished(studio: Studio) -> None:
    run_id = studio.new_run(sandbox=True)
    for target in (AZURE, BFL):
        for job in studio.send(run_id, target, 10):
            studio.move(job, JobState.DONE)
    studio.set_state(run_id, RunState.FINISHED)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("theme", [DARK, LIGHT])
def test_finished(studio: Studio, snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    finished(studio)
    app = cockpit(studio.workspace, FakeEngine.made(alive=False), theme=theme)
    assert snap_compare(app, terminal_size=size, run_before=run_is_shown(app))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_busy(studio: Studio, snap_compare: Compare, size: tuple[int, int]) -> None:
    busy(studio)
    app = cockpit(studio.workspace)
    assert snap_compare(app, terminal_size=size, run_before=run_is_shown(app))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_failing(studio: Studio, snap_compare: Compare, size: tuple[int, int]) -> None:
    failing(studio)
    app = cockpit(studio.workspace)
    assert snap_compare(app, terminal_size=size, run_before=run_is_shown(app, "j", "j", "j", "j"))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_welcome(snap_compare: Compare, size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    app = cockpit(Path("gallery"), FakeEngine.made(ready=False, alive=False))

    async def before(pilot: Pilot[int]) -> None:
        screen = app.screen
        await until(lambda: isinstance(app.screen, WelcomeScreen) and app.screen.services_read)
        await pilot.pause()
        assert screen.is_attached

    assert snap_compare(app, terminal_size=size, run_before=before)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("theme", [DARK, LIGHT])
def test_batch(workspace: Path, snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    app = cockpit(workspace, FakeEngine.made(alive=False), batch=Path("city.yaml"), theme=theme)

    async def before(pilot: Pilot[int]) -> None:
        await until(lambda: isinstance(app.screen, BatchScreen) and app.screen.offers_priced)
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=before)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_history(studio: Studio, snap_compare: Compare, size: tuple[int, int]) -> None:
    finished(studio)
    failing(studio)
    studio.set_state(studio.new_run(batch="portraits"), RunState.INTERRUPTED)
    app = cockpit(studio.workspace, FakeEngine.made(alive=False))

    async def before(pilot: Pilot[int]) -> None:
        await shown(app, pilot)
        await pilot.press("f7")
        await until(lambda: isinstance(app.screen, HistoryScreen) and app.screen.table.row_count == 3)
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=before)


def test_too_small(studio: Studio, snap_compare: Compare) -> None:
    busy(studio)
    app = cockpit(studio.workspace)

    async def before(pilot: Pilot[int]) -> None:
        await until(lambda: bool(app.screen.query("#too-small")) and app.screen.query_one("#too-small").display)
        await pilot.pause()

    assert snap_compare(app, terminal_size=(50, 12), run_before=before)
