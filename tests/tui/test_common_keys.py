"""Keys that many screens share: modes, rows, questions."""

from functools import partial
from pathlib import Path

from textual.widgets import Input

from fluxtui.tui.app import Cockpit
from fluxtui.tui.screens.dialogs.screen import AskScreen, LineScreen
from tests.conditions import until
from tests.tui.harness import FakeEngine, Studio, cockpit, run_screen, running, shown
from tests.tui.keys import presses


def in_mode(app: Cockpit, mode: str) -> bool:
    return app.current_mode == mode


@presses("app.batch", "app.run", "app.providers", "app.history", "app.settings", "app.redraw")
async def test_the_screens_are_a_key_away_even_from_a_text_field(studio: Studio) -> None:
    studio.new_run()
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        for key, mode in (("f2", "batch"), ("f6", "providers"), ("f7", "history"), ("f9", "settings"), ("f3", "run")):
            await pilot.press(key)
            await until(partial(in_mode, app, mode))
        await pilot.press("slash", "f2")
        await until(partial(in_mode, app, "batch"))
        await pilot.press("ctrl+l")


@presses("app.open")
async def test_a_batch_is_opened_by_its_path(studio: Studio, tmp_path: Path) -> None:
    studio.new_run()
    (tmp_path / "few.txt").write_text("a lighthouse\n", "utf-8")
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        await pilot.press("ctrl+o")
        await until(lambda: isinstance(app.screen, LineScreen))
        app.screen.query_one(Input).value = str(tmp_path / "few.txt")
        await pilot.press("enter")
        await until(partial(in_mode, app, "batch"))
        assert app.batch_path == tmp_path / "few.txt"


@presses("rows.down", "rows.up", "rows.page-down", "rows.page-up", "rows.first", "rows.last")
async def test_the_cursor_of_a_table_moves_by_rows_and_pages(studio: Studio) -> None:
    studio.new_run()
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        table = run_screen(app).table
        for key, row in (("down", 1), ("j", 2), ("up", 1), ("pagedown", 7), ("pageup", 0), ("end", 7), ("g", 0)):
            await pilot.press(key)
            assert table.cursor == row, key


@presses("dialog.down", "dialog.up", "dialog.choose", "run.cancel")
async def test_an_answer_is_chosen_with_the_arrows(studio: Studio) -> None:
    run_id = studio.new_run()
    engine = FakeEngine()
    app = cockpit(studio.workspace, engine)
    async with running(app) as pilot:
        await shown(app, pilot)
        await pilot.press("x")
        await until(lambda: isinstance(app.screen, AskScreen) and app.screen.is_mounted)
        await pilot.press("down", "up", "down", "enter")
        await until(lambda: engine.controls == [("cancel_run", run_id, {"scope": "queued"})])


@presses("run.follow", "run.unfilter")
async def test_the_newest_is_followed_and_the_filter_is_left(studio: Studio) -> None:
    studio.new_run()
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        await pilot.press("f")
        assert run_screen(app).jobs.following
        await pilot.press("slash", *"tram", "enter")
        await until(lambda: run_screen(app).table.row_count == 2)
        await pilot.press("escape")
        await until(lambda: run_screen(app).table.row_count == 8)
