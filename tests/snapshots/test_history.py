"""The History screen (F7): empty, some runs, very many, and the question before one is deleted."""

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from fluxtui.domain.jobs import RunState
from fluxtui.tui.app import Cockpit
from fluxtui.tui.screens.history.amend import AmendScreen
from tests.conditions import until
from tests.snapshots.looking import Before, Compare, dark_and_light, sizes, small_sizes
from tests.snapshots.scenes import failing, finished, strange
from tests.tui.harness import BFL, TASKS, FakeEngine, Studio, cells, cockpit
from tests.tui.history import opened


def some(studio: Studio) -> None:
    finished(studio)
    failing(studio)
    studio.set_state(studio.new_run(batch="portraits"), RunState.INTERRUPTED)
    strange(studio)


def listing(app: Cockpit, runs: int, *keys: str, then: Callable[[], bool] = lambda: True) -> Before:
    async def before(pilot: Pilot[int]) -> None:
        await opened(app, pilot, runs)
        await pilot.press(*keys)
        await until(then)
        await pilot.pause()

    return before


@sizes
@dark_and_light
def test_runs(studio: Studio, snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    some(studio)
    app = cockpit(studio.workspace, FakeEngine.made(alive=False), theme=theme)
    assert snap_compare(app, terminal_size=size, run_before=listing(app, 4))


@small_sizes
@pytest.mark.parametrize("scene", ["empty"], indirect=True)
def test_empty(scene: Path, snap_compare: Compare, size: tuple[int, int]) -> None:
    app = cockpit(scene, FakeEngine.made(alive=False))
    assert snap_compare(app, terminal_size=size, run_before=listing(app, 0))


@sizes
def test_many(studio: Studio, snap_compare: Compare, size: tuple[int, int]) -> None:
    cell = cells(TASKS[:1], (BFL,))
    for number in range(120):
        studio.set_state(studio.new_run(cell, batch=f"batch {number}"), list(RunState)[number % len(RunState)])
    app = cockpit(studio.workspace, FakeEngine.made(alive=False))
    assert snap_compare(app, terminal_size=size, run_before=listing(app, 120, "G"))


@small_sizes
def test_deleting(studio: Studio, snap_compare: Compare, size: tuple[int, int]) -> None:
    some(studio)
    app = cockpit(studio.workspace, FakeEngine.made(alive=False))
    before = listing(app, 4, "j", "x", then=lambda: app.screen.is_modal)
    assert snap_compare(app, terminal_size=size, run_before=before)


@small_sizes
def test_amending(studio: Studio, snap_compare: Compare, size: tuple[int, int]) -> None:
    some(studio)
    app = cockpit(studio.workspace, FakeEngine.made(alive=False))
    before = listing(app, 4, "j", "a", then=lambda: isinstance(app.screen, AmendScreen) and app.screen.is_mounted)
    assert snap_compare(app, terminal_size=size, run_before=before)
