"""Parameters, context and references beside the prompt: applied as typed, with what the targets take."""

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from fluxtui.domain.batch import Target
from fluxtui.engine.ranges import ranges_of
from fluxtui.engine.services import Services
from fluxtui.tui.app import Cockpit
from fluxtui.tui.doors.door import RealEngine
from fluxtui.tui.screens.batch.column_screen import ColumnScreen
from fluxtui.tui.screens.batch.screen import BatchScreen
from fluxtui.tui.screens.batch.task_editor import TaskEditor
from tests.conditions import until
from tests.tui.harness import cockpit, running
from tests.tui.keys import presses

TEXT = """\
name: trees
targets: [bfl/flux-dev, azure-flux/FLUX-1.1-pro]
defaults: {size: 1024x768}
tasks:
  - {name: ash, prompt: An ash, context: {mood: "calm\\nwide"}, references: [a.png, b.png]}
  - {name: birch, prompt: A birch}
"""


@pytest.fixture
def app(workspace: Path, tmp_path: Path) -> Cockpit:
    path = tmp_path / "trees.yaml"
    path.write_text(TEXT, "utf-8")
    app = cockpit(workspace, batch=path)
    app.engine = RealEngine(workspace, sandbox=True)
    return app


async def at(app: Cockpit, key: str) -> tuple[BatchScreen, TaskEditor]:
    """Wait for the screen, and put the cursor of the list on a field."""
    await until(lambda: isinstance(app.screen, BatchScreen) and app.screen.desk.live and app.screen.tasks.has_focus)
    screen = app.screen
    assert isinstance(screen, BatchScreen)
    editor = screen.query_one(TaskEditor)
    await until(lambda: editor.ranges and key in editor.list.keys)
    editor.list.focus()
    editor.list.cursor = editor.list.keys.index(key)
    await until(lambda: editor.list.has_focus)
    return screen, editor


def said(editor: TaskEditor) -> str:
    return str(editor.query_one("#task-said", Static).content)


async def write(pilot: Pilot[int], text: str) -> None:
    await pilot.press(*("full_stop" if character == "." else character for character in text))


@presses("task.edit", "task.done")
async def test_a_value_applies_as_it_is_typed_and_a_wrong_one_is_said(app: Cockpit) -> None:
    async with running(app) as pilot:
        screen, editor = await at(app, "steps")
        screen.desk.go(1)
        assert "1 to 50, usually 28" in said(editor)
        assert "not taken  azure-flux" in said(editor)
        await pilot.press("enter")
        await until(lambda: editor.line.has_focus)
        await write(pilot, "99")
        assert screen.desk.batch.tasks[1].parameters == {"steps": 99}
        await until(lambda: "becomes 50" in said(editor))
        await write(pilot, "x")
        assert "not a whole number" in said(editor)
        assert screen.desk.batch.tasks[1].parameters == {"steps": 99}
        await pilot.press("enter")
        assert editor.line.has_focus
        await pilot.press("escape")
        assert editor.list.has_focus
        screen.desk.undo()
        assert screen.desk.batch.tasks[1].parameters == {}


@presses("task.clear", "task.leave")
async def test_a_value_is_taken_away_and_brought_back(app: Cockpit) -> None:
    async with running(app) as pilot:
        screen, editor = await at(app, "context.mood")
        assert "not to services" in said(editor)
        await pilot.press("x")
        assert screen.desk.batch.tasks[0].context == {}
        await pilot.press("ctrl+z")
        assert screen.desk.batch.tasks[0].context == {"mood": "calm\nwide"}
        await pilot.press("escape")
        assert screen.tasks.has_focus


async def test_line_breaks_and_lists_survive_one_line(app: Cockpit) -> None:
    async with running(app) as pilot:
        screen, editor = await at(app, "context.mood")
        await pilot.press("e")
        await until(lambda: editor.line.has_focus)
        await write(pilot, "r")
        assert screen.desk.batch.tasks[0].context == {"mood": "calm\nwider"}
        await pilot.press("enter")
        editor.list.cursor = editor.list.keys.index("references")
        await pilot.press("enter")
        assert editor.line.value == '["a.png", "b.png"]'
        editor.line.value = '["c.png"]'
        await until(lambda: screen.desk.batch.tasks[0].references == ("c.png",))


@presses("task.add")
async def test_a_word_of_context_is_added(app: Cockpit) -> None:
    async with running(app) as pilot:
        screen, editor = await at(app, "size")
        await pilot.press("plus")
        await until(lambda: isinstance(app.screen, ColumnScreen) and app.screen.line.has_focus)
        await write(pilot, "context.light")
        await pilot.press("enter")
        await until(lambda: editor.line.has_focus)
        await write(pilot, "low")
        assert screen.desk.batch.tasks[0].context["light"] == "low"


async def test_another_task_closes_the_line(app: Cockpit) -> None:
    async with running(app) as pilot:
        screen, editor = await at(app, "seed")
        await pilot.press("enter")
        await until(lambda: editor.line.has_focus)
        await write(pilot, "7")
        screen.desk.go(1)
        await pilot.pause()
        assert not editor.has_class("-editing")
        assert screen.desk.batch.tasks[0].parameters == {"seed": 7}
        assert screen.desk.batch.tasks[1].parameters == {}


def test_what_targets_take_is_said_for_each() -> None:
    services = Services.load(sandbox=True)
    bfl, azure, nobody = (Target.parse(name) for name in ("bfl/flux-dev", "azure-flux/FLUX-1.1-pro", "nobody/model"))
    first, second = ranges_of(services, (bfl, azure, nobody))
    assert first.of("steps") == "1 to 50, usually 28"
    assert second.of("steps") == ""
    assert first.of("size")
    assert second.of("seed") == ""
