"""Keys go before everything else: they are answered, and drawn, whatever waits in the queues."""

import asyncio
import gc
from collections.abc import Iterator

import pytest
from textual.app import App
from textual.events import Key
from textual.screen import Screen
from textual.widget import Widget

from fluxtui.tui.compositor import StripsUpdate
from tests.conditions import until
from tests.tui.harness import TASKS, Studio, cells, cockpit, run_screen, running, shown


def press(app: App[int], key: str, character: str | None = None) -> None:
    """Send a key as the terminal does, and wait for nothing."""
    app.post_message(Key(key, character))


def sent_by(app: App[int], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that what the app hands to its terminal is added to."""
    sent: list[str] = []
    display = app._display  # noqa: SLF001 - where every frame goes

    def keep(screen: Screen[object], update: object) -> None:
        if isinstance(update, StripsUpdate):
            sent.append(update.render_segments(app.console))
        display(screen, update)  # type: ignore[arg-type]  # as it came

    monkeypatch.setattr(app, "_display", keep)
    return sent


class Busy:
    """Keeps the queue of a widget from moving on."""

    def __init__(self, widget: Widget) -> None:
        self.over = asyncio.Event()
        self.begun = asyncio.Event()
        widget.call_later(self._hold)

    async def _hold(self) -> None:
        self.begun.set()
        await self.over.wait()


async def test_the_cursor_moves_and_is_drawn_while_the_table_is_busy(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.new_run()
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        table = run_screen(app).table
        before = table.cursor
        await pilot.pause()
        busy = Busy(table)
        await busy.begun.wait()
        drawn = sent_by(app, monkeypatch)
        press(app, "down")
        await until(lambda: table.cursor == before + 1 and any("▌" in text for text in drawn))
        busy.over.set()


async def test_a_letter_is_drawn_before_what_it_finds(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    studio.new_run()
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        screen = run_screen(app)
        await pilot.press("slash")
        busy = Busy(screen.jobs)  # which would look for it
        await busy.begun.wait()
        drawn = sent_by(app, monkeypatch)
        press(app, "q", "q")
        await until(lambda: any("q" in text for text in drawn))
        assert screen.table.view.job_filter.empty
        busy.over.set()
        await until(lambda: not screen.table.view.job_filter.empty)


async def test_the_filter_line_is_there_as_soon_as_it_is_opened(studio: Studio) -> None:
    """In a table that fills its pane, too, it has a line of its own."""
    studio.multiply(studio.new_run(cells(TASKS[:1])), 400)
    app = cockpit(studio.workspace)
    async with running(app, size=(120, 40)) as pilot:
        await shown(app, pilot)
        screen = run_screen(app)
        await until(lambda: screen.table.row_count >= 400)
        await pilot.press("slash")
        line = screen.jobs.line
        await until(lambda: line.region.height == 1 and app.get_widget_at(*line.region.offset)[0] is line)
        await pilot.press("escape")
        await until(lambda: line.region.height == 0 or not line.display)


@pytest.fixture
def collector() -> Iterator[None]:
    """As at the start of the real cockpit; afterwards everything is as before."""
    before = gc.get_threshold()
    gc.disable()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)
    gc.enable()


@pytest.mark.usefixtures("collector")
async def test_garbage_is_collected_between_keys(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    studio.new_run()
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        assert gc.isenabled()
        assert gc.get_freeze_count() > 0
        collected: list[int] = []
        monkeypatch.setattr(gc, "collect", collected.append)
        await until(lambda: len(collected) >= 2)  # nothing is pressed
        assert 2 in collected
        assert 1 in collected
