"""What frames the tasks on the Batch screen: axes, repeat, defaults, recipe."""

from dataclasses import replace
from pathlib import Path

from textual.widgets import Input, Static

from fluxtui.domain.batch import Axis, Batch, Task
from fluxtui.domain.values import JsonValue
from fluxtui.tui.doors.batches import Sheet
from fluxtui.tui.screens.batch.frame_screen import FrameScreen
from fluxtui.tui.screens.batch.pairs import PairLine, Pairs
from fluxtui.tui.screens.batch.recipe_screen import RecipeScreen
from tests.conditions import until
from tests.tui.keys import presses
from tests.tui.trees import Bench, opened, trees


def with_batch(batch: Batch) -> Sheet:
    return replace(trees(), batch=batch)


async def frame_of(bench: Bench) -> FrameScreen:
    """Open the dialog of axes and defaults."""
    await bench.press("a")
    await until(lambda: isinstance(bench.app.screen, FrameScreen) and bench.app.screen.query("Input:focus"))
    assert isinstance(bench.app.screen, FrameScreen)
    return bench.app.screen


async def recipe_of(bench: Bench) -> RecipeScreen:
    await bench.press("Y")
    await until(lambda: isinstance(bench.app.screen, RecipeScreen) and bench.app.screen.query("TextArea:focus"))
    assert isinstance(bench.app.screen, RecipeScreen)
    return bench.app.screen


def frame(bench: Bench) -> tuple[list[Axis], int, dict[str, JsonValue]]:
    batch = bench.desk.batch
    return list(batch.axes), batch.repeat, dict(batch.defaults)


def recipe(bench: Bench) -> dict[str, JsonValue] | None:
    found = bench.desk.batch.recipe
    return None if found is None else dict(found)


def said(screen: FrameScreen | RecipeScreen) -> str:
    return str(screen.query_one("#sum", Static).visual)


def lines(screen: FrameScreen, which: str) -> tuple[PairLine, ...]:
    return screen.query_one(f"#{which}", Pairs).lines


@presses("batch.axes", "fields.apply")
async def test_an_axis_is_added_with_its_product_shown_and_undone_as_one(workspace: Path) -> None:
    async with opened(workspace) as bench:
        screen = await frame_of(bench)
        assert said(screen) == "6 tasks × 2 targets = 12 cells"
        await bench.type("seed")
        await bench.press("tab")
        await bench.type("1..4")
        await until(lambda: said(screen) == "6 tasks × 2 targets × 4 seeds = 48 cells")
        assert str(lines(screen, "axes")[0].note.visual) == "4 values"
        screen.query_one("#repeat", Input).value = "2"
        screen.query_one("#defaults", Pairs).lines[0].key.value = "cfg"
        screen.query_one("#defaults", Pairs).lines[0].value.value = "2.5"
        await until(lambda: said(screen).endswith("× 2 repeats = 96 cells"))
        await bench.press("enter")
        await until(lambda: bench.app.screen is bench.screen)
        assert frame(bench) == ([Axis("seed", (1, 2, 3, 4))], 2, {"guidance": 2.5})
        await bench.press("ctrl+z")
        assert frame(bench) == ([], 1, {})


@presses("fields.apply", "dialog.back")
async def test_what_cannot_be_is_said_below_its_line_and_nothing_is_taken_over(workspace: Path) -> None:
    async with opened(workspace) as bench:
        screen = await frame_of(bench)
        await bench.type("steps")
        await bench.press("tab")
        await bench.type("0, 5")
        wrong = lines(screen, "axes")[0].wrong
        await until(lambda: wrong.display and "out of range" in str(wrong.visual))
        await bench.press("enter")
        assert bench.app.screen is screen
        await bench.press("escape")
        assert "leave again to lose it" in said(screen), "what was typed is not lost by one key"
        await bench.press("escape")
        await until(lambda: bench.app.screen is bench.screen)
        assert not bench.desk.batch.axes


@presses("fields.remove", "fields.down", "fields.up")
async def test_lines_are_gone_through_and_taken_out(workspace: Path) -> None:
    framed = replace(trees().batch, axes=(Axis("seed", (1, 2)), Axis("style", ("ink", "oil"))), defaults={"steps": 28})
    async with opened(workspace, with_batch(framed)) as bench:
        screen = await frame_of(bench)
        first, second, _ = lines(screen, "axes")
        assert second.texts == ("style", "ink, oil")
        await bench.press("down")
        await until(lambda: second.key.has_focus)
        await bench.press("up")
        await until(lambda: first.key.has_focus)
        await bench.press("ctrl+r")
        await until(lambda: said(screen) == "6 tasks × 2 targets × 2 styles = 24 cells" and second.key.has_focus)
        await bench.press("enter")
        await until(lambda: bench.app.screen is bench.screen)
        assert [axis.name for axis in bench.desk.batch.axes] == ["style"]
        assert dict(bench.desk.batch.defaults) == {"steps": 28}


async def test_two_lines_of_one_meaning_are_refused(workspace: Path) -> None:
    async with opened(workspace, with_batch(replace(trees().batch, defaults={"guidance": 3}))) as bench:
        screen = await frame_of(bench)
        line = lines(screen, "defaults")[1]
        line.key.value, line.value.value = "cfg_scale", "4"
        await until(lambda: "stands there twice" in str(line.wrong.visual))
        await bench.press("enter")
        assert bench.app.screen is screen


async def test_what_is_not_touched_stays_as_it_is(workspace: Path) -> None:
    axis = Axis("style", ("1..3", "a, b", "28", True, 2.0))
    framed = Batch("b", (Task("t", "A {style} {mood} tree"),), axes=(axis,), defaults={"note": "28"})
    async with opened(workspace, with_batch(framed)) as bench:
        screen = await frame_of(bench)
        assert "mood" in str(screen.query(".heading").first(Static).visual), "a word of the prompts is suggested"
        await bench.press("enter")
        await until(lambda: bench.app.screen is bench.screen)
        assert bench.desk.batch is framed


@presses("batch.recipe", "recipe.keep")
async def test_a_recipe_is_checked_with_its_line_and_kept(workspace: Path) -> None:
    async with opened(workspace) as bench:
        screen = await recipe_of(bench)
        screen.text.text = "upscale:\n  by: 2\n  to: [4k\n"
        await until(lambda: said(screen).startswith("✗ Line"))
        await bench.press("ctrl+s")
        assert bench.app.screen is screen
        screen.text.text = "- upscale\n"
        await until(lambda: "not a mapping" in said(screen))
        screen.text.text = "upscale:\n  by: 2\n  when: no\n"
        await until(lambda: said(screen) == "1 step")
        await bench.press("ctrl+s")
        await until(lambda: bench.app.screen is bench.screen)
        assert recipe(bench) == {"upscale": {"by": 2, "when": "no"}}
        screen = await recipe_of(bench)
        assert screen.text.text == "upscale:\n  by: 2\n  when: 'no'\n"
        screen.text.text = "# nothing\n"
        await until(lambda: said(screen) == "no recipe")
        await bench.press("ctrl+s")
        await until(lambda: bench.app.screen is bench.screen)
        assert recipe(bench) is None
        await bench.press("ctrl+z")
        assert recipe(bench) == {"upscale": {"by": 2, "when": "no"}}


async def test_a_recipe_that_is_only_looked_at_stays_as_it_is(workspace: Path) -> None:
    with_recipe = replace(trees().batch, recipe={"steps": [1, "1", None, {"to": "a: b\nc"}]})
    async with opened(workspace, with_batch(with_recipe), size=(80, 24)) as bench:
        await recipe_of(bench)
        await bench.press("ctrl+s")
        await until(lambda: bench.app.screen is bench.screen)
        assert bench.desk.batch is with_recipe
        screen = await recipe_of(bench)
        await bench.type("x")
        await bench.press("escape")
        assert bench.app.screen is screen
        assert "leave again" in said(screen)
        await bench.press("escape")
        await until(lambda: bench.app.screen is bench.screen)
        assert bench.desk.batch is with_recipe


async def test_what_comes_of_the_fields_is_in_view_however_many_there_are(workspace: Path) -> None:
    crowded = replace(trees().batch, defaults={f"p{number}": number for number in range(40)})
    async with opened(workspace, with_batch(crowded), size=(80, 24)) as bench:
        screen = await frame_of(bench)
        for _ in range(12):
            await bench.press("down")
        here = screen.focused
        assert isinstance(here, Input)
        assert here.value == "p10"
        await until(lambda: 0 < here.region.y < here.region.bottom <= 20)
        told = screen.query_one("#sum", Static)
        assert told.region.height >= 1
        assert told.region.bottom < screen.query_one(".card").region.bottom <= 24
