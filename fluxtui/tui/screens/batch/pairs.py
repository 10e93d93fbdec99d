"""Lines of a name and a value, to be filled in: axes, defaults, a target's own parameters."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from fluxtui.tui.editing.fields import FieldError

T = TypeVar("T")

Reading = Callable[[str, str], tuple[str, T, str]]
"""Makes of a name and a value: the name as it is known here, what they mean, and a note. Raises FieldError."""


class PairLine(Vertical):
    """One name with its value, a note behind, and below what is wrong."""

    def __init__(self, name: str, value: str, hints: tuple[str, str], suggestions: Sequence[str]) -> None:
        super().__init__(classes="pair")
        self.first = (name, value)
        completing = SuggestFromList(suggestions) if suggestions else None
        self.key = Input(name, placeholder=hints[0], compact=True, classes="key", suggester=completing)
        self.value = Input(value, placeholder=hints[1], compact=True, classes="value")
        self.note = Static("", classes="note", markup=False)
        self.wrong = Static("", classes="wrong", markup=False)

    def compose(self) -> ComposeResult:
        with Horizontal(classes="field"):
            yield self.key
            yield self.value
            yield self.note
        yield self.wrong

    @property
    def texts(self) -> tuple[str, str]:
        return self.key.value.strip(), self.value.value.strip()

    @property
    def empty(self) -> bool:
        return self.texts == ("", "")

    def say(self, note: str, wrong: str = "") -> None:
        """Show what the line means, or what is wrong with it."""
        self.note.update(Content.styled("✗" if wrong else note, "$error" if wrong else "$muted"))
        self.wrong.update(Content.styled(wrong, "$error"))
        self.wrong.display = bool(wrong)


class Pairs(Vertical, Generic[T]):
    """Any number of lines, an empty one last. `read` checks each while it is typed."""

    @dataclass
    class Edited(Message):
        """Another text stands in a line, or there are other lines."""

        pairs: "Pairs[object]"

    def __init__(
        self,
        pairs: Iterable[tuple[str, str, T]],
        read: Reading[T],
        hints: tuple[str, str],
        *,
        suggestions: Sequence[str] = (),
        id: str,  # noqa: A002 - Textual's name
    ) -> None:
        super().__init__(id=id, classes="pairs")
        self._given = tuple(pairs)
        self._kept = {(name, text.strip()): value for name, text, value in self._given}
        self._read, self._hints, self._suggestions = read, hints, suggestions
        self.good: tuple[tuple[str, T], ...] = ()
        self.bad: tuple[PairLine, ...] = ()

    def compose(self) -> ComposeResult:
        for name, text, _ in self._given:
            yield self._line(name, text)
        yield self._line("", "")

    def on_mount(self) -> None:
        self.check()

    def _line(self, name: str, text: str) -> PairLine:
        return PairLine(name, text, self._hints, self._suggestions)

    @property
    def lines(self) -> tuple[PairLine, ...]:
        return tuple(self.query(PairLine))

    def check(self) -> None:
        """Read every line; `good` is what they mean, `bad` those that mean nothing."""
        good: dict[str, T] = {}
        bad = []
        for line in self.lines:
            if line.empty:
                line.say("")
                continue
            try:
                name, value, note = self._meaning(*line.texts)
                if name in good:
                    raise FieldError(f"{name} stands there twice", "Keep one of the two lines")
            except FieldError as error:
                sentence = error.sentence()
                line.say("", f"{sentence[:1].upper()}{sentence[1:]}")
                bad.append(line)
            else:
                good[name] = value
                line.say(note)
        self.good, self.bad = tuple(good.items()), tuple(bad)

    def _meaning(self, name: str, text: str) -> tuple[str, T, str]:
        known = self._kept.get((name, text))
        own, value, note = self._read(name, text)
        # What was not touched stays as it is, also where its text could mean something else.
        return own, value if known is None else known, note

    @on(Input.Changed)
    async def _typed(self, event: Input.Changed) -> None:
        event.stop()
        lines = self.lines
        if lines and not lines[-1].empty:
            await self.mount(self._line("", ""))
        self.check()
        self.post_message(self.Edited(self))  # type: ignore[arg-type]  # whatever it means

    async def take_out(self, line: PairLine) -> None:
        """Take a line out; the one that comes into its place has the focus then."""
        lines = self.lines
        index = lines.index(line)
        if line is lines[-1]:
            line.key.value = line.value.value = ""
            return
        lines[index + 1].key.focus()
        await line.remove_children()
        await line.remove()
        self.check()
        self.post_message(self.Edited(self))  # type: ignore[arg-type]  # whatever it means
