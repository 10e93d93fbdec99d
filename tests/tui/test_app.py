"""The cockpit as a whole: where it begins, leaving, help, palette, themes, small windows, two at once."""

from functools import partial
from pathlib import Path

import pytest
from textual.command import CommandList, CommandPalette
from textual.screen import Screen
from textual.widgets import Static

from fluxtui.domain.jobs import JobState, RunState
from fluxtui.domain.problems import Problem, ProblemKind
from fluxtui.tui.app import Cockpit
from fluxtui.tui.previews.probe import Mode
from fluxtui.tui.screens.dialogs.screen import AskScreen, PaperScreen
from fluxtui.tui.screens.help.screen import KeysScreen
from fluxtui.tui.screens.history.screen import HistoryScreen
from fluxtui.tui.screens.run.screen import RunScreen
from fluxtui.tui.screens.welcome.screen import WelcomeScreen
from tests.conditions import until
from tests.tui.harness import AZURE, FakeEngine, Studio, cockpit, run_screen, running, shown
from tests.tui.keys import presses


def contents(folder: Path) -> list[Path]:
    return list(folder.iterdir())


@presses("welcome.keys")
async def test_an_empty_workspace_is_welcomed_and_nothing_is_written(workspace: Path, tmp_path: Path) -> None:
    app = cockpit(workspace, FakeEngine.made(ready=False))
    async with running(app) as pilot:
        await until(lambda: isinstance(app.screen, WelcomeScreen))
        await until(lambda: "needs BFL_FLUX_API_KEY" in str(app.screen.query_one("#words", Static).content))
        await pilot.press("k")
        await until(lambda: isinstance(app.screen, PaperScreen))
    assert contents(tmp_path) == []


@presses("welcome.sandbox")
async def test_one_key_tries_the_sandbox(studio: Studio) -> None:
    run_id = studio.new_run(sandbox=True)
    app = cockpit(studio.workspace, FakeEngine.made(ready=False, starts=run_id))
    async with running(app) as pilot:
        await app.switch_mode("welcome")
        await pilot.press("s")
        await until(lambda: app.sandbox and isinstance(app.screen, RunScreen))


@presses("app.quit")
async def test_leaving_says_that_work_goes_on_and_offers_to_pause(studio: Studio) -> None:
    run_id = studio.new_run()
    engine = FakeEngine()
    app = cockpit(studio.workspace, engine)
    async with running(app) as pilot:
        await shown(app, pilot)
        await until(lambda: app.live.runner_alive)
        await pilot.press("ctrl+q")
        await until(lambda: isinstance(app.screen, AskScreen))
        await pilot.press("s")
        await until(lambda: isinstance(app.screen, RunScreen))
        await pilot.press("ctrl+q", "p")
        await until(lambda: app.return_code == 0)
    assert engine.controls == [("pause_run", run_id, {})]


async def test_leaving_twice_leaves(studio: Studio) -> None:
    studio.new_run()
    app = cockpit(studio.workspace, FakeEngine())
    async with running(app) as pilot:
        await shown(app, pilot)
        await until(lambda: app.live.runner_alive)
        await pilot.press("ctrl+q", "ctrl+q")
        await until(lambda: app.return_code == 0)


async def test_leaving_asks_nothing_when_nothing_is_under_way(studio: Studio) -> None:
    studio.set_state(studio.new_run(), RunState.FINISHED)
    app = cockpit(studio.workspace, FakeEngine.made(alive=False))
    async with running(app) as pilot:
        await shown(app, pilot)
        await pilot.press("ctrl+q")
        await until(lambda: app.return_code == 0)


def shows(app: Cockpit, kind: type[Screen[None]]) -> bool:
    return isinstance(app.screen, kind)


@presses("app.help", "app.keys", "app.palette", "paper.close")
async def test_help_keys_and_palette(studio: Studio) -> None:
    studio.new_run()
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        for key, kind in (("f1", PaperScreen), ("question_mark", KeysScreen)):
            await pilot.press(key)
            await until(partial(shows, app, kind))
            await pilot.press("escape")
            await until(lambda: isinstance(app.screen, RunScreen))
        await pilot.press("ctrl+p")
        await until(lambda: isinstance(app.screen, CommandPalette))
        await pilot.press(*"run: sort")
        await until(lambda: app.screen.query_one(CommandList).highlighted is not None)
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, RunScreen) and run_screen(app).table.view.sort == "state")


@presses("app.history", "app.run")
async def test_modes_keep_their_state(studio: Studio) -> None:
    studio.new_run()
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        await pilot.press("j", "j", "f7")
        await until(lambda: isinstance(app.screen, HistoryScreen))
        await pilot.press("f3")
        await until(lambda: isinstance(app.screen, RunScreen))
        assert run_screen(app).table.cursor == 2


@presses("history.resume")
async def test_history_opens_and_resumes(studio: Studio) -> None:
    first = studio.new_run(batch="first")
    studio.set_state(first, RunState.INTERRUPTED)
    studio.new_run(batch="second")
    engine = FakeEngine()
    app = cockpit(studio.workspace, engine)
    async with running(app) as pilot:
        await shown(app, pilot)
        await pilot.press("f7")
        await until(lambda: isinstance(app.screen, HistoryScreen) and app.screen.table.row_count == 2)
        await pilot.press("j", "r")
        await until(lambda: engine.resumed == [first])
        await until(lambda: app.live.shown is not None and app.live.shown.id == first)


@pytest.mark.parametrize("size", [(59, 20), (80, 15), (20, 5)])
async def test_a_small_window_asks_for_a_larger_one(studio: Studio, size: tuple[int, int]) -> None:
    studio.new_run()
    app = cockpit(studio.workspace)
    async with running(app, size) as pilot:
        await until(lambda: isinstance(app.screen, RunScreen) and app.screen.query_one("#too-small").display)
        await pilot.resize_terminal(120, 40)
        await shown(app, pilot)
        assert not app.screen.query_one("#too-small").display


def done(app: Cockpit, count: int) -> bool:
    return app.live.shown is not None and app.live.shown.counts.get(JobState.DONE) == count


async def test_two_cockpits_agree(studio: Studio) -> None:
    run_id = studio.new_run()
    one, two = cockpit(studio.workspace), cockpit(studio.workspace)
    async with running(one) as first, running(two) as second:
        await shown(one, first)
        await shown(two, second)
        job = studio.send(run_id, AZURE, 1)[0]
        studio.move(job, JobState.DONE)
        for app in (one, two):
            await until(partial(done, app, 1))


@presses("app.theme")
async def test_themes_go_round(studio: Studio) -> None:
    studio.new_run()
    app = cockpit(studio.workspace, theme="flux-paper")
    async with running(app) as pilot:
        await shown(app, pilot)
        assert app.theme == "flux-paper"
        for _ in app.themes:
            await pilot.press("ctrl+t")
        assert app.theme == "flux-paper"


async def test_problems_shown_are_never_markup(workspace: Path) -> None:
    app = cockpit(workspace, mode=Mode.OFF)
    async with running(app) as pilot:
        app.tell_problem(Problem(ProblemKind.INTERNAL, "[/foo] broke", "[red", "try [b]"))
        app.tell("[/nothing]")
        await pilot.pause()
        assert app.is_running
