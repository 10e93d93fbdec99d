"""What frames the screens: the welcome, help, keys, the palette, the tour, leaving, a history that cannot be read."""

from pathlib import Path

import pytest
from textual.command import CommandPalette
from textual.pilot import Pilot

from fluxtui.tui.screens.welcome.screen import WelcomeScreen
from fluxtui.tui.themes import load_themes, themes_folder
from tests.conditions import until
from tests.snapshots.looking import Compare, run_is_shown, small_sizes, when
from tests.snapshots.scenes import busy, failing, finished
from tests.tui.harness import FakeEngine, Studio, cockpit

THEMES = [theme.name for theme in load_themes(themes_folder())[0]]


@small_sizes
def test_welcome(snap_compare: Compare, size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    app = cockpit(Path("gallery"), FakeEngine.made(ready=False, alive=False))
    before = when(lambda: isinstance(app.screen, WelcomeScreen) and app.screen.services_read)
    assert snap_compare(app, terminal_size=size, run_before=before)


@pytest.mark.parametrize("theme", THEMES)
def test_theme(studio: Studio, snap_compare: Compare, theme: str) -> None:
    failing(studio)
    app = cockpit(studio.workspace, theme=theme)
    assert snap_compare(app, terminal_size=(100, 30), run_before=run_is_shown(app))


@small_sizes
@pytest.mark.parametrize("key", ["f1", "question_mark", "ctrl+p", "ctrl+q", "f12"])
def test_overlay(studio: Studio, snap_compare: Compare, size: tuple[int, int], key: str) -> None:
    busy(studio)
    app = cockpit(studio.workspace)
    first = run_is_shown(app)

    async def before(pilot: Pilot[int]) -> None:
        await first(pilot)
        await pilot.press(key)
        await until(lambda: app.screen.is_modal and app.screen.is_mounted)
        palette = app.screen
        if isinstance(palette, CommandPalette):
            await until(lambda: palette.query_one("CommandList").display)
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=before)


@small_sizes
def test_history_of_a_newer_version(
    studio: Studio, snap_compare: Compare, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    finished(studio)
    studio.sql("PRAGMA user_version = 99")
    studio.close()
    monkeypatch.chdir(studio.workspace.parent)  # the path is shown, and must not depend on where the tests run
    app = cockpit(Path(studio.workspace.name), FakeEngine.made(alive=False))
    before = when(lambda: bool(app.screen.query("#trouble")) and app.screen.query_one("#trouble").display)
    assert snap_compare(app, terminal_size=size, run_before=before)
