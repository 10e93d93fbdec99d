"""The Settings screen (F9): each of its sections."""

import pytest
from textual.pilot import Pilot

from fluxtui.tui.app import Cockpit
from fluxtui.tui.screens.settings.screen import SettingsScreen
from tests.conditions import until
from tests.snapshots.looking import Before, Compare, dark_and_light, sizes
from tests.snapshots.scenes import finished
from tests.tui.harness import FakeEngine, Studio, cockpit

SECTIONS = ("variables", "theme", "pictures", "keys", "workspaces")


def section(app: Cockpit, name: str) -> Before:
    async def before(pilot: Pilot[int]) -> None:
        await until(lambda: app.live.history_read)
        await pilot.press("f9")
        await until(lambda: isinstance(app.screen, SettingsScreen) and app.screen.variables.variables.row_count > 0)
        await pilot.press(*["down"] * SECTIONS.index(name), "enter")
        await until(lambda: isinstance(app.screen, SettingsScreen) and app.screen.inside)
        await pilot.pause()

    return before


@sizes
@dark_and_light
@pytest.mark.parametrize("name", ["variables", "keys"])
def test_section(studio: Studio, snap_compare: Compare, size: tuple[int, int], theme: str, name: str) -> None:
    finished(studio)
    app = cockpit(studio.workspace, FakeEngine.made(alive=False), theme=theme)
    assert snap_compare(app, terminal_size=size, run_before=section(app, name))


@sizes
@pytest.mark.parametrize("name", ["theme", "pictures"])
def test_preview(studio: Studio, snap_compare: Compare, size: tuple[int, int], name: str) -> None:
    finished(studio)
    app = cockpit(studio.workspace, FakeEngine.made(alive=False))
    assert snap_compare(app, terminal_size=size, run_before=section(app, name))
