"""What is sent to the terminal is what the screen shows: of random changes, under a clock that never suffices."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from rich.cells import cell_len
from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.geometry import Region
from textual.pilot import Pilot
from textual.screen import ModalScreen, Screen
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from fluxtui.tui import compositor
from fluxtui.tui.compositor import ExactCompositor, ExactScreen, StripsUpdate, draw_now
from tests.conditions import until

SIZE = (40, 16)
_LETTERS = "abcdefgh▌·日本"


class Painted(Widget):
    """Lines of letters that can be painted over."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.lines: dict[int, str] = {}
        self.asked: list[int] = []

    def paint(self, y: int, letter: str) -> None:
        self.lines[y] = letter
        self.refresh(Region(0, y, self.size.width, 1))

    def render_line(self, y: int) -> Strip:
        self.asked.append(y)
        letter = self.lines.get(y, ".")
        text = letter * (self.size.width // cell_len(letter))
        return Strip([Segment(text)]).adjust_cell_length(self.size.width)


class Layered(ExactScreen):
    """Widgets side by side, one that scrolls in another, and one that floats above all."""

    def compose(self) -> ComposeResult:
        yield Painted(id="top")
        yield Painted(id="left")
        with VerticalScroll():
            yield Painted(id="inner")
        yield Painted(id="low")
        yield Painted(id="float")

    @property
    def exact(self) -> ExactCompositor:
        return self._compositor


class Picture(App[None]):
    """An app whose screen is a `Layered`."""

    CSS = """
    Screen { layers: below above; }
    #top { dock: top; height: 2; }
    #left { width: 13; height: 1fr; border: solid red; dock: left; }
    #inner { height: 30; }
    VerticalScroll { height: 9; }
    #low { height: 1fr; }
    #float { layer: above; width: 11; height: 6; offset: 20 1; }
    """

    def get_default_screen(self) -> Layered:
        return Layered()


@asynccontextmanager
async def layered() -> AsyncIterator[tuple[Layered, Pilot[None]]]:
    """Open the app; everything is drawn once."""
    app = Picture()
    async with app.run_test(size=SIZE) as pilot:
        screen = app.screen
        assert isinstance(screen, Layered)
        await pilot.pause()
        yield screen, pilot


def whole(exact: ExactCompositor) -> list[str]:
    """Return the screen as Textual draws it anew."""
    return ["".join(cells_of(strip)) for strip in exact.render_strips()]


def cells_of(strip: Strip) -> Iterator[str]:
    """Yield a strip cell by cell; the second cell of a wide letter is empty."""
    for letter in strip.text:
        yield letter
        if cell_len(letter) == 2:
            yield ""


class Terminal:
    """What a terminal shows after the updates it was sent."""

    def __init__(self, strips: list[Strip]) -> None:
        self.cells = [list(cells_of(strip)) for strip in strips]

    def take(self, update: object) -> None:
        assert isinstance(update, StripsUpdate)
        for x, y, strip in update.pieces:
            drawn = list(cells_of(strip))
            self.cells[y][x : x + len(drawn)] = drawn

    @property
    def lines(self) -> list[str]:
        return ["".join(line) for line in self.cells]


def dirty(screen: Layered) -> ExactCompositor:
    """Hand what changed to the compositor, as the screen does at a tick."""
    screen.exact.update_widgets(set(screen.query("*")) & set(screen.exact.visible_widgets))
    return screen.exact


@pytest.mark.parametrize("frame", [0.0, 1000.0], ids=["never enough time", "always enough"])
async def test_what_is_sent_is_what_is_shown(monkeypatch: pytest.MonkeyPatch, frame: float) -> None:
    monkeypatch.setattr(compositor, "FRAME", frame)
    chance = random.Random(11)
    async with layered() as (screen, pilot):
        widgets = list(screen.query(Painted))
        terminal, updates = Terminal(screen.exact.render_strips()), 0
        for step in range(60):
            if step % 9 == 8:  # an area that was scrolled is another one
                screen.query_one(VerticalScroll).scroll_to(y=chance.randrange(20), animate=False, immediate=True)
                await pilot.pause()
                terminal = Terminal(screen.exact.render_strips())
            for _ in range(chance.randrange(1, 12)):
                widget = chance.choice(widgets)
                widget.paint(chance.randrange(widget.size.height), chance.choice(_LETTERS))
            if step % 5 == 4:
                chance.choice(widgets).refresh()
            exact = dirty(screen)
            while exact.unfinished:
                update = exact.render_partial_update()
                if update is not None:
                    terminal.take(update)
                    updates += 1
            assert terminal.lines == whole(screen.exact)
    assert updates > (60 if frame == 0 else 0)


@pytest.mark.parametrize("frame", [0.0, 1000.0], ids=["never enough time", "always enough"])
async def test_nothing_is_lost_on_the_way_to_the_terminal(monkeypatch: pytest.MonkeyPatch, frame: float) -> None:
    """Whatever changes while a frame is still being drawn, at every moment between two turns of the loop."""
    monkeypatch.setattr(compositor, "FRAME", frame)
    chance = random.Random(12)
    async with layered() as (screen, _):
        terminal = Terminal(screen.exact.render_strips())
        display = screen.app._display  # noqa: SLF001 - where every frame goes

        def keep(screen: Screen[object], update: object) -> None:
            if update is not None:
                terminal.take(update)
            display(screen, update)  # type: ignore[arg-type]  # as it came

        monkeypatch.setattr(screen.app, "_display", keep)
        widgets = list(screen.query(Painted))
        for _ in range(100):
            for widget in chance.sample(widgets, len(widgets)):  # each once: what is lost is not made good
                widget.refresh()
                widget.paint(chance.randrange(widget.size.height), chance.choice(_LETTERS))
                if chance.random() < 0.1:
                    draw_now(widget)
                for _ in range(chance.randrange(12)):
                    await asyncio.sleep(0)
            await until(lambda: not screen.exact.unfinished and terminal.lines == whole(screen.exact))


async def test_lines_between_those_that_changed_are_not_asked_for() -> None:
    async with layered() as (screen, _):
        top, low = screen.query_one("#top", Painted), screen.query_one("#low", Painted)
        for widget in screen.query(Painted):
            widget.asked.clear()
        top.paint(0, "x")
        low.paint(low.size.height - 1, "y")
        update = dirty(screen).render_partial_update()
        assert isinstance(update, StripsUpdate)
        assert {y for _, y, _ in update.pieces} == {0, SIZE[1] - 1}
        assert [(widget.id, widget.asked) for widget in screen.query(Painted) if widget.asked] == [
            ("top", [0]), ("low", [low.size.height - 1]),
        ]  # fmt: skip


async def test_what_is_urgent_comes_first_and_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compositor, "FRAME", 0.0)
    sent: list[StripsUpdate] = []
    async with layered() as (screen, pilot):
        left, top = screen.query_one("#left", Painted), screen.query_one("#top", Painted)
        take = screen.exact.render_partial_update

        def keep() -> object:
            update = take()
            if isinstance(update, StripsUpdate):
                sent.append(update)
            return update

        monkeypatch.setattr(screen.exact, "render_partial_update", keep)
        top.refresh()
        left.refresh()
        draw_now(left)
        assert [y for x, y, _ in sent[0].pieces if x == 0] == list(range(SIZE[1]))
        await pilot.pause()
        assert {y for update in sent for _, y, _ in update.pieces} == set(range(SIZE[1]))


class Front(ModalScreen[None]):
    """Another screen in front."""

    def compose(self) -> ComposeResult:
        yield Static("in front")


async def test_a_screen_behind_another_comes_to_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compositor, "FRAME", 0.0)
    async with layered() as (screen, pilot):
        for widget in screen.query(Painted):
            widget.refresh()
        screen.app.push_screen(Front())
        for widget in screen.query(Painted):
            widget.refresh()
        await pilot.pause()  # would not end while anything asks to be drawn again and again
        assert isinstance(screen.app.screen, Front)
