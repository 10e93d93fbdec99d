"""The workspaces in Settings (F9): what they hold, going to one, making one."""

from pathlib import Path

from textual.widgets import Input

from fluxtui.tui.preferences import PreferenceFile
from fluxtui.tui.screens.dialogs.screen import AskScreen, LineScreen
from fluxtui.tui.screens.settings.screen import SettingsScreen
from fluxtui.tui.screens.settings.workspaces import WorkspacesPane
from tests.conditions import until
from tests.tui.harness import NOW, Studio, cockpit, running
from tests.tui.keys import presses
from tests.tui.settings_walk import into, kept, text


@presses("settings.forget")
async def test_workspaces_opened_last_are_listed_with_what_they_hold(studio: Studio, tmp_path: Path) -> None:
    studio.new_run()
    other = Studio(tmp_path / "other")
    other.new_run()
    other.close()
    file = PreferenceFile(studio.workspace.parent / "cockpit.toml")
    file.note_workspace(tmp_path / "gone")
    file.note_workspace(other.workspace)
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await until(lambda: kept(app).workspaces[0] == str(studio.workspace))
        screen = await into(app, pilot, WorkspacesPane)
        pane = screen.pane
        assert isinstance(pane, WorkspacesPane)
        await until(lambda: len(pane.workspace_list.facts) == 3)
        assert pane.workspace_list.folders == (studio.workspace, other.workspace, tmp_path / "gone")
        assert pane.workspace_list.facts[other.workspace].last == NOW - 60
        assert "open now" in text(app, "#workspace-words")
        await pilot.press("x")  # the open one stays
        await pilot.press("down")
        assert "1 run" in text(app, "#workspace-words")
        await pilot.press("down")
        await until(lambda: "not there" in text(app, "#workspace-words"))
        await pilot.press("x")
        await until(lambda: len(pane.workspace_list.folders) == 2)
        assert kept(app).workspaces == (str(studio.workspace), str(other.workspace))
        await pilot.press("home", "enter")
        assert app.next_workspace is None
        await pilot.press("down", "enter")
        await until(lambda: app.return_code is not None)
    assert app.next_workspace == other.workspace


@presses("settings.open-folder")
async def test_another_folder_by_its_path_is_made_after_a_question(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await into(app, pilot, WorkspacesPane)
        await pilot.press("o")
        await until(lambda: isinstance(app.screen, LineScreen))
        app.screen.query_one(Input).value = str(tmp_path / "file")
        await pilot.press("enter")
        await until(lambda: "is a file" in text(app, ".wrong"))
        app.screen.query_one(Input).value = str(tmp_path / "new" / "one")
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, AskScreen))
        await pilot.press("s")
        await until(lambda: isinstance(app.screen, SettingsScreen))
        assert not (tmp_path / "new").exists()
        await pilot.press("o")
        await until(lambda: isinstance(app.screen, LineScreen))
        app.screen.query_one(Input).value = str(tmp_path / "new" / "one")
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, AskScreen))
        await pilot.press("m")
        await until(lambda: app.return_code is not None)
    assert (tmp_path / "new" / "one").is_dir()
    assert app.next_workspace == tmp_path / "new" / "one"
    assert kept(app).workspaces == (str(tmp_path / "new" / "one"), str(studio.workspace))  # there and back again
