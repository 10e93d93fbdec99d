"""The Batch screen: what the file says, ticking targets, the quote, the one question before money."""

from pathlib import Path

from fluxtui.domain.money import usd
from fluxtui.tui.app import Cockpit
from fluxtui.tui.screens.batch.screen import BatchScreen
from fluxtui.tui.screens.dialogs.screen import AskScreen, PaperScreen
from fluxtui.tui.screens.run.screen import RunScreen
from tests.conditions import until
from tests.tui.harness import AZURE, BFL, FakeEngine, Studio, cockpit, running, sheet
from tests.tui.keys import presses


def batch_screen(app: Cockpit) -> BatchScreen:
    screen = app.screen
    assert isinstance(screen, BatchScreen)
    return screen


def priced(app: Cockpit) -> bool:
    return isinstance(app.screen, BatchScreen) and app.screen.desk.live is not None and not app.screen.desk.pricing


async def test_a_batch_is_read_and_priced(workspace: Path) -> None:
    app = cockpit(workspace, batch=Path("city.yaml"))
    async with running(app):
        await until(lambda: priced(app))
        screen = batch_screen(app)
        assert screen.tasks.row_count == 4
        assert screen.desk.live is not None
        assert screen.desk.live.quote.pictures == 8
        assert screen.desk.live.quote.price.low == usd("0.32")


async def test_a_target_is_ticked_off_and_the_price_follows(workspace: Path) -> None:
    app = cockpit(workspace, batch=Path("city.yaml"))
    async with running(app) as pilot:
        await until(lambda: priced(app))
        screen = batch_screen(app)
        screen.targets.focus()
        await until(lambda: app.focused is screen.targets)
        await pilot.press("space")
        await until(lambda: priced(app) and screen.desk.live is not None and screen.desk.live.quote.pictures == 4)
        assert screen.targets.ticked == {BFL}


async def test_nothing_is_sent_before_the_question_is_answered(studio: Studio) -> None:
    run_id = studio.new_run()
    engine = FakeEngine.made(starts=run_id)
    app = cockpit(studio.workspace, engine, batch=Path("city.yaml"))
    async with running(app) as pilot:
        await until(lambda: priced(app))
        await pilot.press("s")
        await until(lambda: isinstance(app.screen, AskScreen))
        assert engine.started == []
        await pilot.press("n")
        await until(lambda: isinstance(app.screen, BatchScreen))
        assert engine.started == []
        await pilot.press("s", "y")
        await until(lambda: len(engine.started) == 1)
        await until(lambda: isinstance(app.screen, RunScreen))
        assert [line.target for line in engine.started[0].quote.lines] == [AZURE, BFL]


async def test_start_asks_nothing_in_the_sandbox_only(studio: Studio) -> None:
    run_id = studio.new_run(sandbox=True)
    engine = FakeEngine.made(sandbox=True, starts=run_id)
    app = cockpit(studio.workspace, engine, batch=Path("city.yaml"), start=True)
    async with running(app):
        await until(lambda: isinstance(app.screen, RunScreen) and app.live.shown is not None)
        assert len(engine.started) == 1


async def test_start_outside_the_sandbox_asks(workspace: Path) -> None:
    engine = FakeEngine()
    app = cockpit(workspace, engine, batch=Path("city.yaml"), start=True)
    async with running(app):
        await until(lambda: isinstance(app.screen, AskScreen))
        assert engine.started == []


@presses("batch.findings")
async def test_a_broken_file_says_why_and_cannot_start(workspace: Path) -> None:
    finding = "city.yaml, line 12, size: 99999x1 is too large. Write for example 1024x768."
    app = cockpit(workspace, FakeEngine.made(sheet=sheet(findings=(finding,), broken=True)), batch=Path("city.yaml"))
    async with running(app) as pilot:
        await until(lambda: isinstance(app.screen, BatchScreen) and app.screen.desk.sheet is not None)
        screen = batch_screen(app)
        assert screen.tasks.row_count == 4
        await pilot.press("s")
        assert app.screen is screen
        await pilot.press("w")
        await until(lambda: isinstance(app.screen, PaperScreen))


async def test_without_a_batch_it_says_how_to_open_one(workspace: Path) -> None:
    app = cockpit(workspace)
    async with running(app) as pilot:
        await pilot.press("f2")
        await until(lambda: isinstance(app.screen, BatchScreen) and app.screen.has_class("-nothing"))
