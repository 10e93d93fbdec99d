"""The Run screen (F3): every scene at three sizes, dark and light.

The pictures are accepted by a person who looked at them; they are made with Python 3.11 only.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from fluxtui.tui.app import Cockpit
from fluxtui.tui.screens.run.look import LookScreen
from fluxtui.tui.screens.run.screen import RunScreen
from tests.snapshots.looking import Before, Compare, dark_and_light, run_is_shown, sizes, small_sizes, when
from tests.snapshots.scenes import SCENES, busy, failing, finished
from tests.tui.harness import FakeEngine, Studio, cockpit


@sizes
@dark_and_light
@pytest.mark.parametrize("scene", [name for name in SCENES if name != "empty"], indirect=True)
def test_scene(scene: Path, snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    app = cockpit(scene, theme=theme)
    assert snap_compare(app, terminal_size=size, run_before=run_is_shown(app))


@sizes
@dark_and_light
@pytest.mark.parametrize("scene", ["empty"], indirect=True)
def test_empty(scene: Path, snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    app = cockpit(scene, FakeEngine.made(alive=False), theme=theme)
    before = when(lambda: isinstance(app.screen, RunScreen) and app.screen.has_class("-nothing"))
    assert snap_compare(app, terminal_size=size, run_before=before)


@small_sizes
def test_finished(studio: Studio, snap_compare: Compare, size: tuple[int, int]) -> None:
    finished(studio)
    app = cockpit(studio.workspace, FakeEngine.made(alive=False))
    assert snap_compare(app, terminal_size=size, run_before=run_is_shown(app))


def opened(app: Cockpit, key: str, condition: Callable[[], bool]) -> Before:
    """Return what goes to the job that is in doubt, presses `key` and waits until `condition` holds."""
    first, then = run_is_shown(app, "j", "j", "j", "j"), when(condition, key)

    async def before(pilot: Pilot[int]) -> None:
        await first(pilot)
        await then(pilot)

    return before


@small_sizes
def test_error_card(studio: Studio, snap_compare: Compare, size: tuple[int, int]) -> None:
    failing(studio)
    app = cockpit(studio.workspace)
    before = opened(app, "enter", lambda: isinstance(app.screen, LookScreen) and app.screen.standing)
    assert snap_compare(app, terminal_size=size, run_before=before)


@pytest.mark.parametrize("key", ["x", "R", "a", "p"])
def test_question(studio: Studio, snap_compare: Compare, key: str) -> None:
    failing(studio)
    app = cockpit(studio.workspace)
    assert snap_compare(app, terminal_size=(80, 24), run_before=opened(app, key, lambda: app.screen.is_modal))


def test_too_small(studio: Studio, snap_compare: Compare) -> None:
    busy(studio)
    app = cockpit(studio.workspace)
    before = when(lambda: bool(app.screen.query("#too-small")) and app.screen.query_one("#too-small").display)
    assert snap_compare(app, terminal_size=(50, 12), run_before=before)
