"""Help for what is focused, the keys of a screen, the tour."""

from functools import partial
from pathlib import Path

import pytest
from textual.widget import Widget
from textual.widgets import Input, Static

from fluxtui.tui.app import Cockpit
from fluxtui.tui.preferences import PreferenceFile
from fluxtui.tui.screens.batch.screen import BatchScreen
from fluxtui.tui.screens.dialogs.screen import PaperScreen
from fluxtui.tui.screens.help.screen import KeysScreen
from fluxtui.tui.screens.help.tour import STEPS, TourScreen
from fluxtui.tui.screens.run.screen import RunScreen
from fluxtui.tui.screens.welcome.screen import WelcomeScreen
from tests.conditions import until
from tests.tui.harness import FakeEngine, Studio, cockpit, quiet, run_screen, running, shown
from tests.tui.keys import presses


def scrolled_to(widget: Widget, y: int) -> bool:
    return widget.scroll_offset.y == y


def words(app: Cockpit) -> str:
    return "\n".join(str(part.content) for part in app.screen.query(Static))


@presses("app.help", "paper.down", "paper.up", "paper.page-down", "paper.page-up", "paper.close")
async def test_help_begins_with_the_focused_pane_and_its_keys(studio: Studio) -> None:
    studio.new_run()
    app = cockpit(studio.workspace)
    async with running(app, (80, 24)) as pilot:
        await shown(app, pilot)
        await pilot.press("f1")
        await until(lambda: isinstance(app.screen, PaperScreen) and app.screen.is_mounted)
        text = words(app)
        pane, screen = text.index("This pane"), text.index("This screen")
        assert pane < text.index("The jobs of this run") < text.index("One row down.") < screen
        assert screen < text.index("Pause the run") < text.index("Everywhere")
        body = app.screen.query_one(".body")
        for key, there in (("j", 1), ("pagedown", 11), ("k", 10), ("pageup", 0)):
            await pilot.press(key)
            await until(partial(scrolled_to, body, there))
        await pilot.press("f1")
        await until(lambda: isinstance(app.screen, RunScreen))


@presses("app.keys", "keys.close")
async def test_the_keys_of_a_screen_are_found_by_typing(studio: Studio) -> None:
    studio.new_run()
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        await pilot.press("question_mark")
        await until(lambda: isinstance(app.screen, KeysScreen) and "Pause the run" in words(app))
        await pilot.press(*"group by")
        await until(lambda: "Pause the run" not in words(app))
        assert "Put jobs in groups" in words(app)
        await pilot.press("x", "y")
        await until(lambda: "no key is called that here" in words(app))
        await pilot.press("escape")
        await until(lambda: isinstance(app.screen, RunScreen))


@presses("keys.down", "keys.up", "keys.page-down", "keys.page-up")
async def test_the_keys_scroll_in_a_small_window(studio: Studio) -> None:
    studio.new_run()
    app = cockpit(studio.workspace)
    async with running(app, (80, 24)) as pilot:
        await shown(app, pilot)
        await pilot.press("question_mark")
        await until(lambda: isinstance(app.screen, KeysScreen) and app.screen.query_one(".body").max_scroll_y > 12)
        body = app.screen.query_one(".body")
        for key, there in (("down", 1), ("pagedown", 11), ("up", 10), ("pageup", 0)):
            await pilot.press(key)
            await until(partial(scrolled_to, body, there))


@pytest.mark.parametrize(("size", "columns"), [((80, 24), 1), ((120, 40), 1), ((200, 60), 2)])
async def test_wide_windows_show_keys_in_columns(studio: Studio, size: tuple[int, int], columns: int) -> None:
    studio.new_run()
    app = cockpit(studio.workspace)
    async with running(app, size) as pilot:
        await shown(app, pilot)
        await pilot.press("question_mark")
        await until(lambda: isinstance(app.screen, KeysScreen) and "Pause the run" in words(app))
        headings = [line for line in words(app).splitlines() if line.split() and line.split()[0] in ("app", "run")]
        assert max(map(len, words(app).splitlines())) <= size[0]
        assert (len(max(headings, key=len).split()) > 1) == (columns > 1)


async def test_help_shows_the_keys_as_they_are_bound_now(studio: Studio) -> None:
    studio.new_run()
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        app.set_keymap({"run.pause": "ctrl+y"})
        await pilot.press("question_mark")
        await until(lambda: isinstance(app.screen, KeysScreen) and "Pause the run" in words(app))
        line = next(line for line in words(app).splitlines() if "Pause the run" in line)
        assert line.split()[0] in ("^y", "ctrl+y")


def pointed(app: Cockpit) -> list[str]:
    """Return what the tour points at, in any screen."""
    return [widget.id or type(widget).__name__ for screen in app.opened() for widget in screen.query(".-pointed")]


async def at_step(app: Cockpit, number: int) -> None:
    title = f"{number} of {len(STEPS)}"
    await until(lambda: isinstance(app.screen, TourScreen) and app.screen.query(".card"))
    await until(lambda: title in str(app.screen.query_one(".card").border_title))
    assert len(pointed(app)) == 1


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@presses("app.tour", "tour.next", "tour.back")
async def test_the_tour_points_at_five_panes_and_comes_home(studio: Studio, size: tuple[int, int]) -> None:
    studio.new_run()
    app = cockpit(studio.workspace, batch=Path("city.yaml"))
    async with running(app, size) as pilot:
        await until(lambda: isinstance(app.screen, BatchScreen) and app.screen.standing)
        await pilot.press("f12")
        for number in range(1, len(STEPS) + 1):
            await at_step(app, number)
            pane = next(w for screen in app.opened() for w in screen.query(".-pointed"))
            card = app.screen.query_one(".card").region
            assert pane.region.area > 0
            assert card.height < size[1] // 2
            assert app.screen.region.contains_region(card)
            await pilot.press("right")
            if number == 2:
                await at_step(app, 3)
                await pilot.press("left")
                await at_step(app, 2)
                await pilot.press("right")
        await until(lambda: isinstance(app.screen, BatchScreen))
        assert pointed(app) == []


def first_start(workspace: Path) -> Cockpit:
    """Return a cockpit as a person opens it for the first time."""
    app = Cockpit(workspace, FakeEngine(), preferences=PreferenceFile(workspace.parent / "me.toml"), tour=True)
    app.animation_level = "none"
    return app


@presses("tour.leave")
async def test_the_tour_is_shown_once_and_left_at_any_time(workspace: Path) -> None:
    app = first_start(workspace)
    async with running(app, (80, 24)) as pilot:
        await at_step(app, 1)
        await pilot.press("right")
        await at_step(app, 2)
        await pilot.press("escape")
        await until(lambda: isinstance(app.screen, WelcomeScreen))
        assert pointed(app) == []
        await until(lambda: PreferenceFile(workspace.parent / "me.toml").read()[0].toured)
    again = first_start(workspace)
    async with running(again, (80, 24)) as pilot:
        await until(lambda: isinstance(again.screen, WelcomeScreen) and again.screen.services_read)
        await pilot.pause()
        assert isinstance(again.screen, WelcomeScreen)


@presses("app.run")
async def test_a_mode_key_leaves_the_tour(studio: Studio) -> None:
    studio.new_run()
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        await pilot.press("f12")
        await at_step(app, 1)
        await pilot.press("f3")
        await until(lambda: isinstance(app.screen, RunScreen))
        assert pointed(app) == []
        assert run_screen(app).table.has_focus


async def test_a_start_is_not_held_up_by_the_tour(studio: Studio) -> None:
    run_id = studio.new_run(sandbox=True)
    engine = FakeEngine.made(sandbox=True, starts=run_id)
    app = Cockpit(
        studio.workspace,
        engine,
        batch=Path("city.yaml"),
        start=True,
        tour=True,
        preferences=PreferenceFile(studio.workspace.parent / "me.toml"),
    )
    app.animation_level = "none"
    async with running(app):
        await until(lambda: quiet(app) and len(engine.started) == 1)


async def test_the_search_for_keys_takes_whatever_is_typed(studio: Studio) -> None:
    studio.new_run()
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        await pilot.press("question_mark")
        await until(lambda: isinstance(app.screen, KeysScreen))
        app.screen.query_one(Input).value = "[/foo] [red]"
        await until(lambda: "no key is called that here" in words(app))
