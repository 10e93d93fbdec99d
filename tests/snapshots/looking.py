"""What every snapshot shares: sizes, themes, and waiting until a screen shows all that it is going to show."""

from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot

from fluxtui.tui.app import Cockpit
from fluxtui.tui.themes import DARK, LIGHT
from tests.conditions import until
from tests.tui.harness import shown

Compare = Callable[..., bool]
Before = Callable[[Pilot[int]], Awaitable[None]]

SIZES = [(80, 24), (120, 40), (200, 60)]
SMALL_SIZES = SIZES[:2]

sizes = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
small_sizes = pytest.mark.parametrize("size", SMALL_SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
dark_and_light = pytest.mark.parametrize("theme", [DARK, LIGHT])


def run_is_shown(app: Cockpit, *keys: str) -> Before:
    """Return what waits for the Run screen, presses `keys`, and waits again after each."""

    async def before(pilot: Pilot[int]) -> None:
        await until(lambda: app.live.runner_alive == app.engine.runs.runner_alive())
        await shown(app, pilot)
        for key in keys:
            await pilot.press(key)
            await shown(app, pilot)

    return before


def when(condition: Callable[[], bool], *keys: str) -> Before:
    """Return what presses `keys` and waits until `condition` holds."""

    async def before(pilot: Pilot[int]) -> None:
        await pilot.press(*keys)
        await until(condition)
        await pilot.pause()

    return before
