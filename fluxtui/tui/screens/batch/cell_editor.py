"""One cell being edited, in its place over the sheet."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.widgets import Input, Static

from fluxtui.tui import keymap

_LEAST, _USUAL = 20, 40  # cells: room to type in, however narrow the column


Done = Callable[[str, int, int], Awaitable[None]]
"""Takes over the text; then the cell so many columns to the right, so many rows below, is edited next.

The line's keys await it: what is typed next is for what is there then.
"""


class CellLine(Input):
    """The line being typed into. It tells the cell what its keys mean."""

    BINDINGS = keymap.bindings(keymap.CELL)
    HELP = (
        "A cell being edited. Enter takes it over, tab also goes on to the next column, the arrows up and down to the"
        " next row; esc leaves it as it was. An empty cell takes the value away."
    )

    def __init__(self, done: Done) -> None:
        super().__init__(compact=True, select_on_focus=False)
        self._done = done

    def action_leave(self) -> None:
        self.post_message(CellEditor.Left())

    async def action_take_over(self) -> None:
        await self._done(self.value, 0, 0)

    async def action_next(self, step: int) -> None:
        await self._done(self.value, step, 0)

    async def action_below(self, step: int) -> None:
        await self._done(self.value, 0, step)


class CellEditor(Vertical):
    """A line of text over a cell, and below it what is wrong with that text."""

    line = getters.query_one(CellLine)
    said = getters.query_one(Static)

    @dataclass
    class Left(Message):
        """The cell stays as it was."""

    def __init__(self, done: Done) -> None:
        super().__init__(id="cell")
        self._done = done
        self._check: Callable[[str], str | None] = lambda _: None
        self._note = ""

    def compose(self) -> ComposeResult:
        yield CellLine(self._done)
        yield Static("", markup=False)

    @property
    def open(self) -> bool:
        return self.has_class("-open")

    def edit(self, text: str, place: Region, room: int, check: Callable[[str], str | None], note: str) -> None:
        """Show `text` over the cell at `place` in a sheet `room` cells wide. `check` says what is wrong with a text."""
        width = min(max(place.width + 2, min(_USUAL, room - place.x + 1), _LEAST), room)
        self.styles.width = width
        self.styles.offset = (max(0, min(place.x - 1, room - width)), place.y)
        self._check, self._note = check, note
        with self.prevent(Input.Changed):
            self.line.value = text
        self.line.cursor_position = len(text)
        self._say(None)
        self.add_class("-open")
        self.screen.set_focus(self.line)

    def close(self) -> None:
        self.remove_class("-open")

    def refuse(self, sentence: str) -> None:
        """Say why the text cannot be taken over."""
        self._say(sentence)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._say(self._check(event.value))

    def _say(self, wrong: str | None) -> None:
        self.set_class(bool(wrong or self._note), "-saying")
        self.said.update(Content.styled(f"✗ {wrong}", "$error") if wrong else Content.styled(self._note, "$muted"))
