"""The targets and the preflight of the Batch screen."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from textual.widgets import Input, Static

from fluxtui.domain.batch import Axis, Batch, Target, Task
from fluxtui.domain.money import Price, usd
from fluxtui.engine.files import batch_text
from fluxtui.engine.quote import Quote
from fluxtui.history import wishes
from fluxtui.tui.app import Cockpit
from fluxtui.tui.doors.door import RealEngine
from fluxtui.tui.preferences import PreferenceFile
from fluxtui.tui.previews.probe import Mode, Terminal
from fluxtui.tui.screens.batch import words
from fluxtui.tui.screens.batch.lists import TargetList
from fluxtui.tui.screens.batch.pairs import Pairs
from fluxtui.tui.screens.batch.preflight import PreflightPane, RemarkList, remarks
from fluxtui.tui.screens.batch.screen import BatchScreen
from fluxtui.tui.screens.batch.target_screen import TargetScreen
from fluxtui.tui.screens.batch.targets_pane import FindLine, TargetsPane
from fluxtui.tui.screens.dialogs.screen import AskScreen
from tests.conditions import until
from tests.tui.harness import AZURE, BFL, Studio, cockpit, running, sheet
from tests.tui.keys import presses
from tests.tui.trees import Bench, opened, trees

TASKS = (
    Task("plain", "A street"),
    Task("wide", "A lane", parameters={"size": "4000x100"}),
    Task("low", "A road", parameters={"guidance": 90}),
    Task("wider", "A way", parameters={"size": "4000x100"}),
)


@asynccontextmanager
async def real(workspace: Path, batch: Batch, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Bench]:
    """Show a batch on made-up services; it is read and priced."""
    path = workspace.parent / "streets.yaml"
    path.write_text(batch_text(batch, "native-yaml"), "utf-8")
    app = Cockpit(
        workspace,
        RealEngine(workspace, sandbox=True),
        batch=path,
        terminal=Terminal(Mode.CELLS, "a test"),
        preferences=PreferenceFile(workspace.parent / "cockpit.toml"),
    )
    app.animation_level = "none"
    async with running(app, size) as pilot:
        await until(lambda: isinstance(app.screen, BatchScreen) and app.screen.desk.live is not None)
        screen = app.screen
        assert isinstance(screen, BatchScreen)
        await until(lambda: not screen.desk.pricing and screen.tasks.has_focus)
        yield Bench(app, pilot, screen)


def streets(*targets: Target) -> Batch:
    return Batch("streets", TASKS, targets or (Target.parse(AZURE),))


def text(bench: Bench, selector: str) -> str:
    return str(bench.screen.query_one(selector, Static).visual)


@presses("preflight.go")
async def test_enter_leads_from_a_remark_to_its_rows_one_after_the_other(workspace: Path) -> None:
    async with real(workspace, streets()) as bench:
        notices = bench.screen.query_one(RemarkList)
        sizes = next(i for i, r in enumerate(notices.remarks) if r.sentence.startswith("size"))
        assert notices.remarks[sizes].rows == (1, 3)
        notices.focus()
        notices.cursor = sizes
        await until(lambda: notices.has_focus and "2 rows" in text(bench, "#remark"))
        for name in ("wide", "wider", "wide"):
            await bench.press("enter")
            assert bench.here == name
        assert "1 of 2 rows" in text(bench, "#remark")
        assert notices.has_focus
        row = notices.render_line(sizes).text
        assert "▲" in row
        assert row.rstrip().endswith("2")


async def test_the_preflight_follows_what_is_edited(workspace: Path) -> None:
    async with real(workspace, streets()) as bench:
        notices = bench.screen.query_one(RemarkList)
        assert text(bench, "#sums").split()[:2] == ["pictures", "4"]
        await bench.press("down", "x", "down", "x", "x")
        await until(lambda: not bench.desk.pricing and notices.row_count == 0)
        assert notices.render_line(0).text.strip() == "✓ all is drawn as asked"
        await bench.press("x")
        await until(lambda: text(bench, "#sums") == "Add a task to see what it costs.")
        await bench.press("ctrl+z")
        await until(lambda: text(bench, "#sums").startswith("pictures"))


async def test_what_concerns_no_row_is_told_first(workspace: Path) -> None:
    usual = trees()
    given = replace(usual, findings=("trees.yaml: a doubt.",), unusable=(("nowhere/x", "There is no such service."),))
    async with opened(workspace, given) as bench:
        pane = bench.screen.query_one(PreflightPane)
        assert [(r.glyph, r.about) for r in pane.notices.remarks[:2]] == [("▲", "the file"), ("✗", "nowhere/x")]
        assert str(pane.border_title) == "preflight 1 ✗"
        assert remarks(replace(sheet(), findings=("broken.",), broken=True), None)[0].glyph == "✗"


async def test_too_many_cells_are_told_of_in_the_preflight(workspace: Path) -> None:
    batch = replace(streets(), axes=(Axis("seed", tuple(range(1000))),), repeat=1000)
    async with real(workspace, batch) as bench:
        assert "more than 1,000,000" in bench.screen.query_one(RemarkList).remarks[0].sentence


async def focused(bench: Bench) -> TargetList:
    bench.screen.targets.focus()
    await until(lambda: bench.screen.targets.has_focus)
    return bench.screen.targets


@presses("targets.find", "find.done", "targets.back", "find.leave", "targets.toggle", "targets.all")
async def test_targets_are_found_by_words_and_ticked_ones_come_first(workspace: Path) -> None:
    async with opened(workspace) as bench:
        targets = await focused(bench)
        await bench.press("slash")
        await until(lambda: bench.screen.query_one(FindLine).has_focus)
        await bench.type("fill bfl")
        await until(lambda: [t.name for t in targets.targets] == ["bfl/flux-pro-1.0-fill"])
        await bench.press("enter")
        await until(lambda: targets.has_focus)
        await bench.press("A")
        assert len(bench.desk.targets) == 3
        await bench.press("A", "space", "escape")
        assert [t.name for t in targets.targets] == [AZURE, BFL, "bfl/flux-pro-1.0-fill"]
        await bench.press("home", "space", "tab")
        await until(lambda: [t.name for t in targets.targets][-1] == AZURE)
        assert [t.name for t in bench.desk.targets] == [BFL, "bfl/flux-pro-1.0-fill"]
        await focused(bench)
        await bench.press("slash")
        await bench.type("zzz")
        await until(lambda: targets.render_line(0).text.strip() == "No target has these words.")
        await bench.press("escape")
        await until(lambda: len(targets.targets) == 3 and targets.has_focus)


@presses("targets.edit", "fields.apply", "fields.down")
async def test_a_target_gets_values_of_its_own_that_an_undo_takes_back(workspace: Path) -> None:
    async with opened(workspace) as bench:
        targets = await focused(bench)
        await bench.press("down", "enter")
        await until(lambda: isinstance(bench.app.screen, TargetScreen) and bench.app.screen.query("Input:focus"))
        screen = bench.app.screen
        assert isinstance(screen, TargetScreen)
        await bench.type("best")
        await bench.press("down")
        await bench.type("bfl/flux-2-pro")
        assert "its own place" in str(screen.query_one("#sum", Static).visual)
        await bench.press("enter")
        assert bench.app.screen is screen
        screen.query_one("#fallback", Input).value = AZURE
        line = screen.query_one("#parameters", Pairs).lines[0]
        line.key.value, line.value.value = "steps", "40"
        await bench.press("enter")
        await until(lambda: bench.app.screen is bench.screen)
        best = Target("bfl", "flux-2-pro", {"steps": 40}, "best", (AZURE,))
        assert bench.desk.targets == (Target.parse(AZURE), best)
        assert bench.desk.batch.targets == bench.desk.targets
        assert [t.title for t in targets.targets] == [AZURE, "best", BFL, "bfl/flux-pro-1.0-fill"]
        assert text(bench, "#target-said") == f"{BFL} · steps 40 · else {AZURE}"
        await bench.press("space")
        await until(lambda: len(bench.desk.targets) == 1)
        assert best in targets.every, "a target that was given values is not lost with its tick"
        await bench.press("space")
        assert bench.desk.targets[1] == best
        await bench.press("ctrl+z", "ctrl+z", "ctrl+z")
        assert [t.title for t in bench.desk.targets] == [AZURE, BFL]


async def test_a_target_may_not_be_called_like_another(workspace: Path) -> None:
    async with opened(workspace) as bench:
        await focused(bench)
        await bench.press("down", "enter")
        await until(lambda: isinstance(bench.app.screen, TargetScreen) and bench.app.screen.query("Input:focus"))
        bench.app.screen.query_one("#label", Input).value = AZURE
        await until(lambda: "Another target" in str(bench.app.screen.query_one("#sum", Static).visual))
        bench.app.screen.query_one("#label", Input).value = "x"
        bench.app.screen.query_one("#fallback", Input).value = "nobody/here"
        await until(lambda: "none of the targets" in str(bench.app.screen.query_one("#sum", Static).visual))
        await bench.press("enter")
        assert isinstance(bench.app.screen, TargetScreen)


async def test_a_target_that_was_switched_off_says_so(studio: Studio) -> None:
    studio.journal.write_now(partial(wishes.enable, lanes=[AZURE], enabled=False))
    app = cockpit(studio.workspace, batch=Path("city.yaml"))
    async with running(app) as pilot:
        await until(lambda: isinstance(app.screen, BatchScreen) and bool(app.screen.targets.off))
        screen = app.screen
        assert isinstance(screen, BatchScreen)
        assert screen.targets.off == {AZURE}
        assert " off " in screen.targets.render_line(0).text
        assert " off " not in screen.targets.render_line(1).text
        assert "Switched off" in str(screen.query_one(TargetsPane).query_one("#target-said", Static).visual)
        remarked = screen.query_one(RemarkList)
        await until(lambda: any("switched off" in remark.sentence for remark in remarked.remarks))
        assert "F6 switches it on" in next(r.sentence for r in remarked.remarks if r.about == AZURE)
        await until(lambda: screen.desk.live is not None and not screen.desk.pricing)
        await pilot.press("s")
        await until(lambda: isinstance(app.screen, AskScreen) and app.screen.query(".body Static"))
        asked = str(app.screen.query_one(".body Static", Static).visual)
        assert f"{AZURE} is switched off" in asked
        assert f"{BFL} is switched off" not in asked
        await pilot.press("escape")
        await until(lambda: app.screen is screen)
        studio.journal.write_now(partial(wishes.enable, lanes=[AZURE], enabled=True))
        await until(lambda: not screen.targets.off)
        assert not any("switched off" in remark.sentence for remark in remarked.remarks)


def test_what_it_costs_stays_on_its_line_in_a_narrow_pane() -> None:
    quoted = Quote(24, 24, Price.exactly(usd("0.91")), 120.0, ())
    wide, narrow = (str(words.sums(quoted, True, width)) for width in (60, 24))
    assert "play money" in wide
    assert "(play)" in narrow
    assert all(len(line) <= 24 for line in narrow.splitlines())
    assert "play" not in str(words.sums(quoted, False, 24))
