"""The prompt editor and the axes of the Batch screen."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.widgets import Input

from fluxtui.domain.batch import Axis, Batch
from fluxtui.tui.editing import axes
from fluxtui.tui.editing.fields import FieldError
from fluxtui.tui.screens.batch.column_screen import ColumnScreen
from fluxtui.tui.screens.batch.prompt_editor import PromptEditor, PromptPane
from fluxtui.tui.screens.dialogs.screen import LineScreen
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


@presses("batch.axes")
async def test_axes_are_written_as_a_line(workspace: Path) -> None:
    async with opened(workspace) as bench:
        await bench.press("a")
        await until(lambda: isinstance(bench.app.screen, LineScreen) and bench.app.screen.query("Input:focus"))
        await bench.type("seed=1..")
        await bench.press("enter")
        assert isinstance(bench.app.screen, LineScreen), "a line that cannot be stays to be corrected"
        bench.app.screen.query_one(Input).value = "seed=1..4; repeat=2"
        await bench.press("enter")
        await until(lambda: bench.app.screen is bench.screen)
        assert bench.desk.batch.axes == (Axis("seed", (1, 2, 3, 4)),)
        assert bench.desk.batch.repeat == 2
        await bench.press("ctrl+z")
        assert bench.desk.batch.axes == ()
        assert bench.desk.batch.repeat == 1


VALUES = st.one_of(
    st.integers(-5, 50), st.sampled_from([2.5, "anime", "a, b", 'say "so"', "28", "x; y", "1024x768", True])
)


@given(st.lists(st.lists(VALUES, min_size=1, max_size=5, unique_by=repr), max_size=3), st.integers(1, 9))
def test_a_line_of_axes_reads_back_as_it_was(values: list[list[int | float | str | bool]], repeat: int) -> None:
    names = ("style", "mood", "quality")
    batch = Batch("b", (), axes=tuple(Axis(n, tuple(v)) for n, v in zip(names, values, strict=False)), repeat=repeat)
    again = axes.with_axes(Batch("b", ()), axes.axes_line(batch)).batch
    assert [(axis.name, list(map(repr, axis.values))) for axis in again.axes] == [
        (axis.name, list(map(repr, axis.values))) for axis in batch.axes
    ]
    assert again.repeat == repeat


@pytest.mark.parametrize(
    "line", ["seed", "=1", "seed=", "seed=1..", "repeat=0", "repeat=x", "seed=1; seed=2", "size=q"]
)
def test_a_line_that_cannot_be_is_refused_in_words(line: str) -> None:
    with pytest.raises(FieldError) as error:
        axes.with_axes(Batch("b", ()), line)
    assert error.value.sentence().endswith((".", "!", "?"))
