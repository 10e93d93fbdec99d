"""The editor of prompt and negative prompt on the Batch screen."""

from pathlib import Path

from fluxtui.tui.screens.batch.column_screen import ColumnScreen
from fluxtui.tui.screens.batch.prompt_editor import PromptEditor, PromptPane
from tests.conditions import until
from tests.tui.keys import presses
from tests.tui.trees import opened


@presses("sheet.edit", "prompt.leave", "prompt.undo", "prompt.redo")
async def test_a_prompt_is_written_in_the_editor_and_undone_as_one(workspace: Path) -> None:
    async with opened(workspace) as bench:
        editor = bench.screen.query_one(PromptPane).editor
        await bench.press("down", "right", "enter")
        await until(lambda: editor.has_focus)
        assert editor.text == "A photograph of tree 1"
        await bench.press("end")
        await bench.type(" [red]")
        assert bench.desk.batch.tasks[1].prompt == "A photograph of tree 1 [red]"
        await bench.press("ctrl+z")
        assert bench.desk.batch.tasks[1].prompt == "A photograph of tree 1"
        assert editor.text == "A photograph of tree 1"
        await bench.press("ctrl+y")
        assert editor.text == "A photograph of tree 1 [red]"
        await bench.press("escape")
        await until(lambda: bench.sheet.has_focus)
        await bench.press("down")
        await until(lambda: editor.text == "A photograph of tree 2")
        assert bench.desk.batch.tasks[1].prompt == "A photograph of tree 1 [red]"


async def test_a_negative_prompt_is_written_below(workspace: Path) -> None:
    async with opened(workspace) as bench:
        await bench.press("plus")
        await until(lambda: isinstance(bench.app.screen, ColumnScreen))
        await bench.type("negative")
        await bench.press("enter")
        await until(lambda: bench.desk.key == "negative_prompt")
        await bench.press("enter")
        editor = bench.screen.query_one("#negative-editor", PromptEditor)
        await until(lambda: editor.has_focus)
        await bench.type("fog")
        assert bench.desk.batch.tasks[0].negative_prompt == "fog"
        await bench.press("backspace", "backspace", "backspace")
        assert bench.desk.batch.tasks[0].negative_prompt is None


async def test_a_prompt_of_several_lines_stays_as_it_is(workspace: Path) -> None:
    async with opened(workspace) as bench:
        editor = bench.screen.query_one(PromptPane).editor
        await bench.press("right", "enter")
        await until(lambda: editor.has_focus)
        await bench.press("enter", "escape")
        assert bench.desk.batch.tasks[0].prompt == "\nA photograph of tree 0"
        assert bench.line(0).count("A photograph of tree 0") == 1


async def test_typing_in_two_prompts_is_two_steps(workspace: Path) -> None:
    async with opened(workspace) as bench:
        await bench.press("right")
        for _ in range(2):
            await bench.press("enter")
            await until(lambda: bench.screen.query_one(PromptPane).editor.has_focus)
            await bench.press("x", "y", "escape")
            await until(lambda: bench.sheet.has_focus)
            await bench.press("down")
        await bench.press("ctrl+z")
        assert bench.desk.batch.tasks[1].prompt == "A photograph of tree 1"
        assert bench.desk.batch.tasks[0].prompt == "xyA photograph of tree 0"
