"""The Providers screen (F6): from settings alone, and with lanes in every state."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from textual.pilot import Pilot

from fluxtui.history import presence
from fluxtui.history.records import CheckRow, LaneRow
from fluxtui.tui.app import Cockpit
from fluxtui.tui.screens.providers.screen import ProvidersScreen
from fluxtui.tui.widgets.fitted import Fitted
from tests.conditions import until
from tests.snapshots.looking import Before, Compare, dark_and_light, sizes, small_sizes
from tests.tui.harness import AZURE, BAD_KEY, BFL, NOW, FakeEngine, Studio, cockpit

_LATENCIES = (4.0, 4.4, 3.9, 5.1, 8.8, 4.2, 4.0, 12.5, 6.1, 4.3)


def lanes(studio: Studio) -> None:
    """One lane that draws and one that waits for its key."""
    run_id = studio.new_run()
    studio.send(run_id, AZURE, 2)
    row = LaneRow(AZURE, "azure-flux", AZURE, False, "ok", 2, 6, None, None, NOW)
    well = replace(
        row, p50=4.3, p95=12.5, latencies=_LATENCIES, headroom=41, headroom_limit=50, succeeded_at=NOW - 5,
        errors={"rate_limited": 2, "timeout": 1},
    )  # fmt: skip
    parked = LaneRow(BFL, "bfl", BFL, False, "parked", 0, 24, None, BAD_KEY, NOW)
    check = CheckRow("azure-flux", False, "ok", "the key works", None, NOW - 60, 0.4)
    studio.journal.write_now(partial(presence.tell, lanes=(well, parked)))
    studio.journal.write_now(partial(presence.keep_checks, checks=[check]))


def shown(app: Cockpit, ready: Callable[[ProvidersScreen], bool]) -> Before:
    async def before(pilot: Pilot[int]) -> None:
        await until(lambda: app.live.runner_alive == app.engine.runs.runner_alive())
        await pilot.press("f6")
        await until(lambda: isinstance(app.screen, ProvidersScreen) and app.screen.table.row_count > 0)
        await until(lambda: isinstance(app.screen, ProvidersScreen) and ready(app.screen) and fitted(app.screen))
        await pilot.pause()

    return before


def fitted(screen: ProvidersScreen) -> bool:
    """Whether the card, where there is room for one, is made for the width that it has."""
    card = screen.query_one("#card", Fitted)
    return screen.size.width < 120 or 0 < card.size.width == card.made_for


def states(screen: ProvidersScreen) -> set[str]:
    return {card.state for card in screen.table.cards}


@sizes
@dark_and_light
def test_lanes(studio: Studio, snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    lanes(studio)
    app = cockpit(studio.workspace, theme=theme)
    assert snap_compare(app, terminal_size=size, run_before=shown(app, lambda screen: "parked" in states(screen)))


@small_sizes
@pytest.mark.parametrize("scene", ["empty"], indirect=True)
def test_without_a_run(scene: Path, snap_compare: Compare, size: tuple[int, int]) -> None:
    app = cockpit(scene, FakeEngine.made(alive=False))
    assert snap_compare(app, terminal_size=size, run_before=shown(app, lambda _: True))
