"""Keys that come all at once, as from a paste into tmux or over a slow line: each means what it says after the last."""

from pathlib import Path

from textual.events import Key
from textual.widgets import Input

from fluxtui.tui.app import Cockpit
from fluxtui.tui.screens.run.screen import RunScreen
from fluxtui.tui.screens.settings.keys import KeysPane
from fluxtui.tui.screens.settings.variables import VariablesPane
from fluxtui.tui.widgets.log_lines import LogLines
from tests.conditions import until
from tests.tui import history, test_providers_screen
from tests.tui.harness import FakeEngine, Studio, cockpit, running, shown
from tests.tui.settings_walk import into
from tests.tui.trees import opened

TYPED = "xRap+j q"
"""Each of these letters does something in one table or another."""
_NAMED = {"/": "slash", " ": "space", "+": "plus", "\r": "enter"}


def burst(app: Cockpit, text: str) -> None:
    """Hand over the keys of a text, none of them waiting for another."""
    for character in text:
        key = Key(_NAMED.get(character, character), None if character == "\r" else character)
        app.post_message(key.set_sender(app))  # as what reads the terminal does


async def typed_in(app: Cockpit, line: Input, text: str = TYPED) -> None:
    """Wait until a line holds what was typed, all of it."""
    in_front = app.screen
    await until(lambda: line.value.endswith(text[-1]) and app.focused is line)
    assert line.value == text
    assert app.screen is in_front


async def test_the_line_that_filters_jobs_has_every_key_after_the_one_that_opens_it(studio: Studio) -> None:
    app = cockpit(studio.workspace)
    run_id = studio.new_run()
    async with running(app) as pilot:
        await pilot.press("f3")
        await shown(app, pilot)
        screen = app.screen
        assert isinstance(screen, RunScreen)
        burst(app, f"/{TYPED}")
        await typed_in(app, screen.jobs.line)
        assert studio.sql("SELECT count(*) FROM controls WHERE run_id = ?", run_id) == [(0,)]
        await pilot.press("escape")
        await until(lambda: app.focused is screen.table)
        burst(app, "Lo")
        await until(lambda: isinstance(app.focused, LogLines))
        await until(lambda: "the selected job" in str(screen.query_one("#log-pane").border_title))


async def test_the_line_of_history_has_every_key(studio: Studio) -> None:
    history.finished(studio)
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await history.opened(app, pilot, 1)
        burst(app, f"/{TYPED}")
        await typed_in(app, history.screen_of(app).pane.line)


async def test_the_line_of_providers_has_every_key(studio: Studio) -> None:
    async with test_providers_screen.screen(studio.workspace, FakeEngine()) as (_, providers):
        burst(providers.app, f"/{TYPED}")
        await typed_in(providers.app, providers.line)


async def test_the_lines_of_settings_have_every_key(workspace: Path) -> None:
    for section in (VariablesPane, KeysPane):
        app = cockpit(workspace)
        async with running(app) as pilot:
            screen = await into(app, pilot, section)
            burst(app, f"/{TYPED}")
            pane = screen.pane
            assert isinstance(pane, VariablesPane | KeysPane)
            await typed_in(app, pane.field)


async def test_the_line_that_filters_tasks_has_every_key_and_no_task_is_touched(workspace: Path) -> None:
    async with opened(workspace) as bench:
        before = bench.desk.batch
        burst(bench.app, f"/{TYPED}")
        await typed_in(bench.app, bench.pane.line)
        assert bench.desk.batch is before
        await bench.press("enter")
        await until(lambda: bench.sheet.has_focus)
        bench.screen.targets.focus()
        await until(lambda: bench.screen.targets.has_focus)
        burst(bench.app, f"/{TYPED}")
        await until(lambda: isinstance(bench.app.focused, Input))
        line = bench.app.focused
        assert isinstance(line, Input)
        await typed_in(bench.app, line)
        assert bench.desk.batch is before


async def test_a_cell_that_is_opened_has_every_key(workspace: Path) -> None:
    async with opened(workspace) as bench:
        before = len(bench.names)
        burst(bench.app, f"\r{TYPED}")
        await typed_in(bench.app, bench.pane.cell.line, f"ash{TYPED}")
        assert len(bench.names) == before
        await bench.press("enter")
        await until(lambda: bench.names[0] == f"ash{TYPED}")


async def test_the_large_editor_has_every_key(workspace: Path) -> None:
    async with opened(workspace) as bench:
        bench.desk.go(0, "prompt")
        before = bench.desk.batch.tasks
        burst(bench.app, f"\r{TYPED}")
        await until(lambda: TYPED in bench.desk.batch.tasks[0].prompt)
        assert bench.desk.batch.tasks[1:] == before[1:]
