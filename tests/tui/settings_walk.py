"""Walking through Settings (F9) by its keys."""

from textual.pilot import Pilot
from textual.widgets import Static

from fluxtui.tui.app import Cockpit
from fluxtui.tui.preferences import Preferences
from fluxtui.tui.screens.settings.images import ImagesPane
from fluxtui.tui.screens.settings.keys import KeysPane
from fluxtui.tui.screens.settings.looks import ThemePane
from fluxtui.tui.screens.settings.screen import SettingsScreen
from fluxtui.tui.screens.settings.variables import VariablesPane
from fluxtui.tui.screens.settings.workspaces import WorkspacesPane
from tests.conditions import until

SECTIONS = (VariablesPane, ThemePane, ImagesPane, KeysPane, WorkspacesPane)


async def settings_of(app: Cockpit, pilot: Pilot[int]) -> SettingsScreen:
    """Press F9 and wait until the variables are there."""
    await pilot.press("f9")
    await until(lambda: isinstance(app.screen, SettingsScreen) and app.screen.standing)
    screen = app.screen
    assert isinstance(screen, SettingsScreen)
    await until(lambda: screen.variables.variables.row_count > 0)
    await until(lambda: app.focused is screen.sections)
    return screen


async def into(app: Cockpit, pilot: Pilot[int], section: type) -> SettingsScreen:
    """Go into a section by its keys."""
    screen = await settings_of(app, pilot)
    await pilot.press(*["down"] * SECTIONS.index(section), "enter")
    await until(lambda: screen.inside and isinstance(screen.pane, section))
    return screen


def text(app: Cockpit, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).content)


def kept(app: Cockpit) -> Preferences:
    return app.preference_file.read()[0]
