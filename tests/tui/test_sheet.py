"""The sheet of tasks by keys: the cursor, marks, cells edited in place, the filter, what is drawn."""

from pathlib import Path

import pytest
from textual.widgets import Input

from fluxtui.domain.batch import Batch, Task
from fluxtui.engine.live_quote import LiveQuote, Severity
from fluxtui.tui.doors.batches import Sheet
from fluxtui.tui.screens.batch.desk import Priced
from tests.conditions import until
from tests.tui.harness import sheet as usual_sheet
from tests.tui.keys import presses
from tests.tui.trees import Bench, opened, trees


@presses("sheet.left", "sheet.right", "sheet.home", "sheet.end", "sheet.top", "sheet.bottom", "rows.up", "rows.down")
async def test_the_cursor_is_on_one_cell(workspace: Path) -> None:
    async with opened(workspace) as bench:
        shown = [column.key for column in bench.sheet.columns.shown]
        assert shown == ["name", "prompt", "size", "seed", "context.mood"]
        await bench.press("down", "down", "up", "right", "right")
        assert (bench.here, bench.desk.key) == ("birch", "size")
        await bench.press("left")
        assert bench.desk.key == "prompt"
        await bench.press("end", "G")
        assert (bench.here, bench.desk.key) == ("fir", "context.mood")
        await bench.press("right", "home", "g")
        assert (bench.here, bench.desk.key) == ("ash", "name")


@presses("rows.page-down", "rows.page-up")
async def test_a_page_down_and_up(workspace: Path) -> None:
    async with opened(workspace, trees(500)) as bench:
        await bench.press("pagedown", "pagedown")
        assert bench.desk.row == 2 * (bench.sheet.body_height - 1)
        await bench.press("pageup")
        assert bench.desk.row == bench.sheet.body_height - 1


async def test_columns_out_of_view_come_in_and_the_name_stays(workspace: Path) -> None:
    async with opened(workspace, size=(80, 24)) as bench:
        assert "mood" not in bench.line(-1)
        assert bench.line(-1).rstrip().endswith("›")
        await bench.press("end")
        heading = bench.line(-1)
        assert "mood" in heading
        assert "name" in heading
        assert "‹" in heading
        assert "ash" in bench.line(0)


async def test_a_click_goes_to_the_cell_and_two_edit_it(workspace: Path) -> None:
    async with opened(workspace) as bench:
        place = bench.sheet.cell(2, "seed")
        assert place is not None
        await bench.pilot.click(bench.sheet, offset=(place.x, place.y))
        assert (bench.here, bench.desk.key) == ("cedar", "seed")
        await bench.pilot.click(bench.sheet, offset=(place.x, place.y), times=2)
        await until(lambda: bench.pane.cell.open)


class Said(LiveQuote):
    """Two pictures a row, a remark on the second, a mistake in the fifth."""

    def pictures(self, row: int) -> int:
        return 2

    def worst(self, row: int) -> Severity | None:
        return {1: Severity.ADAPTED, 4: Severity.WRONG}.get(row)


def price(bench: Bench) -> None:
    assert bench.desk.live is not None
    bench.desk.price(Priced(Said(bench.desk.live.quote), bench.desk.batch), pricing=False)


@presses("sheet.warning", "sheet.warning-back")
async def test_the_gutter_tells_what_the_quote_says_of_a_row_and_n_goes_there(workspace: Path) -> None:
    async with opened(workspace) as bench:
        price(bench)
        assert "▲" in bench.line(1)
        assert "✗" in bench.line(4)
        assert [glyph for glyph in "▲✗" if glyph in bench.line(0)] == []
        assert bench.line(0)[:10].split()[-1] == "2"
        await bench.press("n")
        assert bench.here == "birch"
        await bench.press("n")
        assert bench.here == "elm"
        await bench.press("n")
        assert bench.here == "birch"
        await bench.press("N")
        assert bench.here == "elm"


async def test_what_is_said_of_a_row_goes_with_its_task(workspace: Path) -> None:
    """The quote of rows that moved is not that of the rows that stand there now."""
    async with opened(workspace) as bench:
        price(bench)
        bench.screen.pricing.want = lambda: None  # type: ignore[method-assign]  # the next quote is on its way for ever
        await bench.press("o")
        assert "✗" in bench.line(5)
        assert "✗" not in bench.line(4)


# --- marks -----------------------------------------------------------------------------------------------


@presses("sheet.mark", "sheet.mark-all", "sheet.back")
async def test_rows_are_marked_one_by_one_and_all(workspace: Path) -> None:
    async with opened(workspace) as bench:
        await bench.press("space", "down", "space")
        assert bench.marked == ["ash", "cedar"]
        assert "2 marked" in bench.title
        assert "●" in bench.line(0)
        await bench.press("up", "space")
        assert bench.marked == ["ash"]
        await bench.press("A")
        assert len(bench.marked) == 6
        await bench.press("A")
        assert bench.marked == []
        await bench.press("space", "escape")
        assert bench.marked == []


@presses("sheet.range", "sheet.range-down", "sheet.range-up", "sheet.back")
async def test_a_range_follows_the_cursor(workspace: Path) -> None:
    async with opened(workspace) as bench:
        await bench.press("down", "v", "down", "down")
        assert bench.marked == ["birch", "cedar", "dogwood"]
        assert "v ends" in bench.title
        await bench.press("up")
        assert bench.marked == ["birch", "cedar"]
        await bench.press("v", "G")
        assert bench.marked == ["birch", "cedar"]
        await bench.press("shift+up")
        assert bench.marked == ["birch", "cedar", "elm", "fir"]
        await bench.press("up", "up", "up", "escape", "shift+down", "shift+down")
        assert bench.marked == ["birch", "cedar", "dogwood"]
        await bench.press("down", "v", "escape")
        assert "v ends" not in bench.title


# --- cells -----------------------------------------------------------------------------------------------


@presses("sheet.edit", "cell.take-over", "cell.leave")
async def test_a_cell_is_edited_in_its_place(workspace: Path) -> None:
    async with opened(workspace) as bench:
        await bench.press("right", "right", "enter")
        await until(lambda: bench.pane.cell.open)
        assert bench.pane.cell.line.value == "1024x768"
        await bench.type("000")
        assert "16384" in str(bench.pane.cell.said.render())
        await bench.press("enter")
        assert bench.pane.cell.open, "a text that cannot be stays to be corrected"
        await bench.press(*["backspace"] * 6)
        await bench.type("640")
        await bench.press("enter")
        await until(lambda: not bench.pane.cell.open)
        assert bench.values("size")[0] == "1024x640"
        assert bench.sheet.has_focus
        await bench.press("e")
        await until(lambda: bench.pane.cell.open)
        await bench.type("9")
        await bench.press("escape")
        await until(lambda: not bench.pane.cell.open)
        assert bench.values("size")[0] == "1024x640"


@presses("cell.next", "cell.previous", "cell.down", "cell.up")
async def test_from_cell_to_cell_without_leaving(workspace: Path) -> None:
    async with opened(workspace) as bench:
        await bench.press("down", "right", "right", "enter")
        for typed, key, where in (
            ("512x512", "tab", ("birch", "seed")),
            ("", "shift+tab", ("birch", "size")),
            ("", "down", ("cedar", "size")),
            ("", "up", ("birch", "size")),
        ):
            await until(lambda: bench.pane.cell.open and bench.pane.cell.line.has_focus)
            await bench.type(typed)
            await bench.press(key)
            assert (bench.here, bench.desk.key) == where
        assert bench.values("size")[1] == "512x512"
        assert bench.values("seed")[1] == 1


async def test_a_cell_of_the_marked_rows_is_that_of_them_all(workspace: Path) -> None:
    async with opened(workspace) as bench:
        await bench.press("space", "space", "down", "space", "up", "right", "right", "right", "enter")
        await until(lambda: bench.pane.cell.open)
        assert "3 tasks" in str(bench.pane.cell.said.render())
        bench.pane.cell.line.value = "77"
        await bench.press("enter")
        assert bench.values("seed") == [77, 77, 2, 77, 4, 5]
        await bench.press("ctrl+z")
        assert bench.values("seed") == [0, 1, 2, 3, 4, 5]


async def test_a_cell_outside_the_marked_rows_is_alone(workspace: Path) -> None:
    async with opened(workspace) as bench:
        await bench.press("space", "space", "right", "right", "right", "enter")
        await until(lambda: bench.pane.cell.open)
        bench.pane.cell.line.value = "77"
        await bench.press("enter")
        assert bench.values("seed") == [0, 1, 77, 3, 4, 5]


async def test_a_name_that_is_taken_is_refused_in_words(workspace: Path) -> None:
    async with opened(workspace) as bench:
        await bench.press("enter")
        await until(lambda: bench.pane.cell.open)
        bench.pane.cell.line.value = "birch"
        await bench.press("enter")
        assert bench.pane.cell.open
        assert "✗" in str(bench.pane.cell.said.render())
        assert bench.names[0] == "ash"


async def test_going_elsewhere_with_the_mouse_takes_the_cell_over(workspace: Path) -> None:
    async with opened(workspace) as bench:
        await bench.press("right", "right", "right", "enter")
        await until(lambda: bench.pane.cell.open)
        bench.pane.cell.line.value = "41"
        await bench.pilot.click(bench.sheet, offset=(20, 5))
        await until(lambda: not bench.pane.cell.open)
        assert bench.values("seed")[0] == 41


# --- the filter ------------------------------------------------------------------------------------------


@presses("sheet.filter", "sheet.back")
async def test_a_filter_shows_some_rows_and_esc_all(workspace: Path) -> None:
    async with opened(workspace, trees(30)) as bench:
        await bench.press("G", "slash")
        await bench.type("tree-1")
        await until(lambda: bench.sheet.row_count == 10)
        await bench.press("enter")
        assert bench.sheet.has_focus
        assert "10 of 30" in bench.title
        await bench.press("g", "space", "x")
        await until(lambda: bench.sheet.row_count == 9)
        bench.screen.query_one("#task-filter", Input).value = "no such tree"
        await until(lambda: "No row matches" in bench.line(0))
        bench.screen.query_one("#task-filter", Input).value = "tree-1"
        await until(lambda: bench.sheet.row_count == 9)
        assert "tree-10" not in bench.names
        assert len(bench.names) == 29
        await bench.press("escape")
        await until(lambda: bench.sheet.row_count == 29)


@pytest.mark.parametrize(
    ("line", "count"), [("is:marked", 2), ("is:warning", 2), ("is:wrong", 1), ("calm is:warning", 1)]
)
async def test_a_filter_asks_for_marks_and_warnings(workspace: Path, line: str, count: int) -> None:
    async with opened(workspace) as bench:
        price(bench)
        await bench.press("space", "space", "slash")
        bench.screen.query_one("#task-filter", Input).value = line
        await until(lambda: bench.sheet.row_count == count)


# --- what is drawn ---------------------------------------------------------------------------------------

STRANGE = "[bold]a [cat:dog:0.5] in (rain:1.2)[/foo]"


async def test_markup_escapes_and_wide_letters_are_drawn_as_they_are(workspace: Path) -> None:
    tasks = (
        Task("markup", STRANGE),
        Task("wide", "漢字と絵文字 🎨👩‍🚀 done"),
        Task("right-to-left", "שלום עולם"),
        Task("escape", "red \x1b[31mtext\x1b]0;title\x07 here\u202e"),
        Task("long", "word " * 800),
    )
    usual = usual_sheet()
    given = Sheet(Path("odd.yaml"), Batch("odd", tasks), "native-yaml", (), False, usual.chosen, usual.offered)
    async with opened(workspace, given) as bench:
        assert STRANGE[:40] in bench.line(0)
        assert "漢字と絵文字 🎨" in bench.line(1)
        assert "שלום" in bench.line(2)
        assert "red text here" in bench.line(3)
        assert "…" in bench.line(4)
        for index in range(-1, 6):
            assert bench.sheet.render_line(index + 1).cell_length == bench.sheet.size.width


async def test_a_default_is_shown_where_a_task_says_nothing(workspace: Path) -> None:
    given = trees()
    batch = Batch("trees", given.batch.tasks, defaults={"size": "640x480"})
    async with opened(workspace, Sheet(**{**_fields(given), "batch": batch})) as bench:  # type: ignore[arg-type]
        assert "1024x768" in bench.line(0)
        assert "640x480" in bench.line(1)


def _fields(given: Sheet) -> dict[str, object]:
    return {name: getattr(given, name) for name in given.__dataclass_fields__}
