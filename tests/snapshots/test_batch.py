"""The Batch screen (F2): nothing open, a small sheet, a thousand rows, a strange prompt, a file that cannot be used."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from fluxtui.domain.batch import Task
from fluxtui.tui.app import Cockpit
from fluxtui.tui.doors.batches import Sheet
from fluxtui.tui.screens.batch.frame_screen import FrameScreen
from fluxtui.tui.screens.batch.replace_screen import ReplaceScreen
from fluxtui.tui.screens.batch.screen import BatchScreen
from tests.conditions import until
from tests.snapshots.looking import Before, Compare, dark_and_light, sizes, small_sizes
from tests.snapshots.scenes import STRANGE_PROMPT
from tests.tui.harness import FakeEngine, cockpit, sheet
from tests.tui.trees import trees


def few() -> Sheet:
    return sheet()


def strange() -> Sheet:
    odd = Task(
        "雨 🚋 [b]tram[/b] حافلة",
        STRANGE_PROMPT,
        negative_prompt="[red]no[/] 絵文字 🙅",
        parameters={"size": "1024x768", "steps": 28},
        context={"mood 🎭": "[red]calm[/]"},
    )
    usual = sheet()
    return replace(usual, batch=replace(usual.batch, tasks=(odd, *usual.batch.tasks)))


def broken() -> Sheet:
    findings = (
        "city.yaml, line 4, steps: it should be a whole number from 1 to 150, not 'many'. Write steps: 28.",
        "city.yaml, line 9: this task has no prompt, and is left out.",
    )
    return replace(sheet(), findings=findings, broken=True, chosen=(), offered=())


SHEETS: dict[str, Callable[[], Sheet]] = {
    "few": few,
    "thousand": lambda: trees(1000),
    "strange": strange,
    "broken": broken,
}


def priced(app: Cockpit) -> bool:
    screen = app.screen
    if not isinstance(screen, BatchScreen) or screen.desk.document is None:
        return False
    known = screen.desk.broken or (screen.desk.live is not None and screen.offers_priced)
    return known and not screen.desk.pricing


def settled(app: Cockpit, *keys: str, then: Callable[[], bool] = lambda: True) -> Before:
    async def before(pilot: Pilot[int]) -> None:
        await until(lambda: priced(app))
        await pilot.press(*keys)
        await until(then)
        await pilot.pause()

    return before


@sizes
@dark_and_light
@pytest.mark.parametrize("name", SHEETS)
def test_sheet(workspace: Path, snap_compare: Compare, size: tuple[int, int], theme: str, name: str) -> None:
    engine = FakeEngine.made(alive=False, sheet=SHEETS[name]())
    app = cockpit(workspace, engine, batch=Path("city.yaml"), theme=theme)
    assert snap_compare(app, terminal_size=size, run_before=settled(app))


@sizes
def test_nothing_open(workspace: Path, snap_compare: Compare, size: tuple[int, int]) -> None:
    app = cockpit(workspace, FakeEngine.made(alive=False))

    async def before(pilot: Pilot[int]) -> None:
        await pilot.press("f2")
        await until(lambda: isinstance(app.screen, BatchScreen) and app.screen.has_class("-nothing"))
        await until(lambda: app.screen.query("#beginnings:focus"))
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=before)


@small_sizes
@pytest.mark.parametrize("key", ["s", "R", "a"])
def test_dialog(workspace: Path, snap_compare: Compare, size: tuple[int, int], key: str) -> None:
    app = cockpit(workspace, FakeEngine.made(alive=False), batch=Path("city.yaml"))

    def open_now() -> bool:
        if isinstance(app.screen, ReplaceScreen | FrameScreen):
            return bool(app.screen.query("Input:focus"))
        return app.screen.is_modal and bool(app.screen.query(".card"))

    assert snap_compare(app, terminal_size=size, run_before=settled(app, key, then=open_now))
