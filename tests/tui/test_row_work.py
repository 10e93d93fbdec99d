"""What is done to many rows of the sheet by keys: added, copied, moved, filled, sorted, replaced, pasted, undone."""

from pathlib import Path

import pytest
from textual.widgets import Input

from fluxtui.tui.screens.batch import turns
from fluxtui.tui.screens.batch.column_screen import ColumnScreen, offers_for
from fluxtui.tui.screens.batch.replace_screen import ReplaceScreen
from fluxtui.tui.screens.dialogs.screen import AskScreen
from tests.conditions import until
from tests.tui.keys import presses
from tests.tui.trees import NAMES, Bench, opened, trees


@pytest.fixture(autouse=True)
def _always_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the edits of a long batch are worked out; those of a short one are, where the sheet is tested."""
    monkeypatch.setattr(turns, "AT_ONCE", -1)


def told(bench: Bench) -> str:
    """Return the passing words on screen."""
    return "\n".join(notification.message for notification in bench.app._notifications)  # noqa: SLF001


@presses("sheet.add", "sheet.duplicate", "sheet.delete", "batch.undo", "batch.redo")
async def test_tasks_are_added_copied_deleted_and_all_of_it_undone(workspace: Path) -> None:
    async with opened(workspace) as bench:
        await bench.press("down", "o")
        assert bench.names == ["ash", "birch", "task", "cedar", "dogwood", "elm", "fir"]
        assert bench.here == "task"
        await bench.press("g", "space", "space", "D")
        assert bench.names[:4] == ["ash", "birch", "ash-2", "birch-2"]
        assert bench.marked == ["ash-2", "birch-2"]
        await bench.press("x")
        assert bench.names[:3] == ["ash", "birch", "task"]
        assert bench.marked == []
        assert "2 tasks deleted, ctrl+z undoes" in told(bench)
        await bench.press("ctrl+z", "ctrl+z", "ctrl+z")
        assert tuple(bench.names) == NAMES
        await bench.press("ctrl+y")
        assert "task" in bench.names
        await bench.press("ctrl+z")
        assert "Undone: add a task" in told(bench)


async def test_every_task_can_be_deleted(workspace: Path) -> None:
    async with opened(workspace) as bench:
        await bench.press("A", "x")
        assert bench.names == []
        assert bench.desk.row == -1
        assert "No tasks yet" in bench.line(0)
        await bench.press("x", "D", "F", "e", "n", "space", "y", "J")
        assert bench.names == []
        await bench.press("o")
        assert bench.here == "task"


@presses("sheet.down", "sheet.up")
async def test_marked_tasks_move_together_and_the_cursor_with_them(workspace: Path) -> None:
    async with opened(workspace) as bench:
        await bench.press("space", "space", "up", "J", "J")
        assert bench.names == ["cedar", "dogwood", "ash", "birch", "elm", "fir"]
        assert (bench.here, bench.marked) == ("birch", ["ash", "birch"])
        await bench.press("K", "escape", "G", "K")
        assert bench.names == ["cedar", "ash", "birch", "dogwood", "fir", "elm"]
        assert bench.here == "fir"


@presses("sheet.fill")
async def test_a_value_is_filled_down(workspace: Path) -> None:
    async with opened(workspace) as bench:
        await bench.press("down", "right", "right", "F")
        assert bench.values("size")[:2] == ["1024x768", "1024x768"]
        await bench.press("home", "right", "right", "right", "space", "space", "space", "F")
        assert bench.values("seed") == [0, 1, 1, 1, 4, 5]
        assert "Filled in 2 tasks" in told(bench)
        await bench.press("home", "F")
        assert "every task has a name of its own" in told(bench)


@presses("sheet.sort")
async def test_tasks_are_sorted_by_the_column_both_ways(workspace: Path) -> None:
    async with opened(workspace) as bench:
        await bench.press("right", "right", "right", "S")
        await until(lambda: bench.names[0] == "fir")
        assert bench.values("seed") == [5, 4, 3, 2, 1, 0]
        assert bench.here == "ash"
        await bench.press("S")
        await until(lambda: bench.names[0] == "ash")
        await bench.press("ctrl+z")
        assert bench.names[0] == "fir"


@presses("sheet.column", "sheet.drop-column", "pick.down", "pick.up")
async def test_a_column_is_added_filled_and_dropped(workspace: Path) -> None:
    async with opened(workspace) as bench:
        await bench.press("plus")
        await until(lambda: isinstance(bench.app.screen, ColumnScreen))
        await bench.type("scene")
        await bench.press("down", "up", "enter")
        await until(lambda: bench.app.screen is bench.screen)
        assert bench.desk.key == "context.scene"
        await bench.press("A", "enter")
        await until(lambda: bench.pane.cell.open)
        await bench.type("wood")
        await bench.press("enter")
        assert {task.context.get("scene") for task in bench.desk.batch.tasks} == {"wood"}
        await bench.press("minus")
        assert {task.context.get("scene") for task in bench.desk.batch.tasks} == {None}
        assert "context.scene" not in [column.key for column in bench.sheet.columns.shown]
        await bench.press("ctrl+z")
        assert "context.scene" in [column.key for column in bench.sheet.columns.shown]
        await bench.press("home", "minus")
        assert "Every task has a name" in told(bench)


def test_what_can_be_added_for_a_word() -> None:
    batch = trees().batch
    shown = {"name", "prompt", "size", "seed", "context.mood"}
    assert {"steps", "guidance", "negative_prompt", "references", "extra"} <= {
        offer.key for offer in offers_for("", batch, shown)
    }
    assert [offer.key for offer in offers_for("guidence", batch, shown)] == ["context.guidence", "guidence"]
    assert "guidance" in offers_for("guidence", batch, shown)[-1].note
    assert [offer.key for offer in offers_for("mood", batch, shown)] == ["mood"]
    assert [offer.key for offer in offers_for("time of day", batch, shown)] == ["context.time of day"]
    assert [offer.key for offer in offers_for("x" * 200, batch, shown)] == []


# --- replace ---------------------------------------------------------------------------------------------


async def replacing(bench: Bench) -> ReplaceScreen:
    await bench.press("R")
    await until(lambda: isinstance(bench.app.screen, ReplaceScreen) and bench.app.screen.query("#find:focus"))
    screen = bench.app.screen
    assert isinstance(screen, ReplaceScreen)
    return screen


def words(screen: ReplaceScreen) -> str:
    return str(screen.query_one("#said").render())


@presses("sheet.replace", "replace.do", "replace.down", "replace.up")
async def test_a_replacement_is_seen_before_it_is_done(workspace: Path) -> None:
    async with opened(workspace, trees(40)) as bench:
        await bench.press("right")
        screen = await replacing(bench)
        screen.find.value, screen.put.value = r"photograph of tree (\d+)", r"painting of oak \1"
        await until(lambda: "40 tasks" in words(screen))
        lines = [screen.changes.render_line(y).text for y in range(2)]
        assert "- A photograph of tree 0" in lines[0]
        assert "+ A painting of oak 0" in lines[1]
        await bench.press("down", "down")
        assert screen.changes.scroll_offset.y == 4
        await bench.press("up", "enter")
        await until(lambda: bench.app.screen is bench.screen)
        assert bench.desk.batch.tasks[7].prompt == "A painting of oak 7"
        assert "Replaced in 40 tasks" in told(bench)
        await bench.press("ctrl+z")
        assert bench.desk.batch.tasks[7].prompt == "A photograph of tree 7"


async def test_enter_before_the_preview_is_there_is_not_lost(workspace: Path) -> None:
    async with opened(workspace) as bench:
        await bench.press("right")
        screen = await replacing(bench)
        with screen.prevent(Input.Changed):
            screen.find.value, screen.put.value = "photograph", "painting"
        screen._look()  # noqa: SLF001 - typed just now
        screen.action_do()
        await until(lambda: bench.app.screen is bench.screen)
        await until(lambda: bench.desk.batch.tasks[5].prompt == "A painting of tree 5")


@presses("replace.regex", "replace.case", "replace.column")
async def test_a_replacement_of_marked_rows_says_what_is_wrong(workspace: Path) -> None:
    async with opened(workspace) as bench:
        await bench.press("right", "space", "space")
        screen = await replacing(bench)
        assert "2 rows" in str(screen.query_one(".card").border_title)
        await bench.type("(")
        await until(lambda: "✗" in words(screen))
        await bench.press("enter")
        assert bench.app.screen is screen
        await bench.press("ctrl+r")
        await until(lambda: "Nothing would change" in words(screen))
        screen.find.value = "PHOTOGRAPH"
        await until(lambda: "Nothing would change" in words(screen))
        await bench.press("ctrl+g")
        await until(lambda: "2 tasks" in words(screen))
        await bench.press("ctrl+n")
        await until(lambda: "size" in str(screen.query_one(".card").border_title))
        screen.find.value, screen.put.value = "1024x768", "nothing"
        await until(lambda: "1 cannot" in words(screen))
        await bench.press("escape")
        await until(lambda: bench.app.screen is bench.screen)
        assert bench.values("size")[0] == "1024x768"


# --- clipboard -------------------------------------------------------------------------------------------

CSV = "name,prompt,size\noak,An oak,640x480\npine,A pine,\n"


async def asked(bench: Bench) -> AskScreen:
    await until(lambda: isinstance(bench.app.screen, AskScreen) and bench.app.screen.query(".card"))
    screen = bench.app.screen
    assert isinstance(screen, AskScreen)
    return screen


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (CSV, ["oak", "pine"]),
        ("name\tprompt\noak\tAn oak\npine\tA pine\n", ["oak", "pine"]),
        ('{"name": "oak", "prompt": "An oak"}\n{"name": "pine", "prompt": "A pine"}\n', ["oak", "pine"]),
        ("An oak\nA pine\n", ["an-oak", "a-pine"]),
    ],
)
async def test_what_is_pasted_is_shown_and_added_below_the_cursor(workspace: Path, text: str, names: list[str]) -> None:
    async with opened(workspace) as bench:
        bench.paste(text)
        screen = await asked(bench)
        assert "2 tasks" in str(screen.query_one(".card").border_title)
        assert len(bench.names) == 6
        await bench.press("a")
        await until(lambda: len(bench.names) == 8)
        assert bench.names[1:3] == names
        assert bench.here == names[0]
        await bench.press("ctrl+z")
        assert tuple(bench.names) == NAMES


async def test_what_is_pasted_takes_the_place_of_the_marked_rows(workspace: Path) -> None:
    async with opened(workspace) as bench:
        await bench.press("down", "space", "space", "space")
        bench.paste(CSV)
        await asked(bench)
        await bench.press("r")
        await until(lambda: "oak" in bench.names)
        assert bench.names == ["ash", "oak", "pine", "elm", "fir"]
        assert bench.values("size")[1] == "640x480"


async def test_a_paste_that_holds_no_task_says_why(workspace: Path) -> None:
    async with opened(workspace) as bench:
        bench.paste("name,size\noak,640x480\n")
        await until(lambda: isinstance(bench.app.screen, AskScreen) or told(bench))
        assert len(bench.names) == 6


@presses("sheet.copy", "sheet.paste", "dialog.back")
async def test_rows_are_copied_as_a_table_and_pasted_here(workspace: Path) -> None:
    async with opened(workspace) as bench:
        await bench.press("p")
        assert "Nothing was copied" in told(bench)
        await bench.press("space", "space", "y")
        await until(lambda: bench.app.clipboard)
        assert "ash,A photograph of tree 0" in bench.app.clipboard
        await bench.press("G", "p")
        await asked(bench)
        await bench.press("escape")
        await until(lambda: bench.app.screen is bench.screen)
        assert len(bench.names) == 6
        await bench.press("p")
        await asked(bench)
        await bench.press("a")
        await until(lambda: len(bench.names) == 8)
        assert bench.values("seed")[-2:] == [0, 1]
