"""Small modal screens. Each returns its answer, None when it was left with Escape."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from fluxtui.tui import keymap


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer: pressed by `key`, or chosen with the arrows and Enter. `color` names a theme variable."""

    key: str
    value: str
    label: str
    note: str = ""
    color: str = "primary"


class _Choices(Static, can_focus=True):
    """The answers, one a line."""

    def __init__(self, choices: Sequence[Choice]) -> None:
        super().__init__("", markup=False)
        self.choices = tuple(choices)
        self.index = 0

    def on_mount(self) -> None:
        self._draw()

    def move(self, step: int) -> None:
        self.index = (self.index + step) % len(self.choices)
        self._draw()

    def _draw(self) -> None:
        widest = max(len(choice.label) for choice in self.choices)
        lines = []
        for index, choice in enumerate(self.choices):
            here = index == self.index
            lines.append(
                Content.assemble(
                    ("▌" if here else " ", "$primary"),
                    (f" {choice.key} ", f"bold ${choice.color}"),
                    (f" {choice.label:<{widest}} ", "bold" if here else ""),
                    (f" {choice.note}", "$muted"),
                )
            )
        self.update(Content("\n").join(lines))


class AskScreen(ModalScreen[str | None]):
    """A question with choices. Nothing is the answer until a person gives one."""

    CSS_PATH = "screen.tcss"
    BINDINGS = keymap.bindings((*keymap.DIALOG, *keymap.CHOICES))

    def __init__(
        self,
        title: str,
        body: Content,
        choices: Sequence[Choice],
        *,
        index: int = 0,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        super().__init__(id=id)
        self._title, self._body, self._choices = title, body, tuple(choices)
        self._index = index

    def compose(self) -> ComposeResult:
        with Vertical(classes="card") as card:
            card.border_title = Content(f" {self._title} ")
            card.border_subtitle = Content(" ↵ choose   esc back ")
            if self._body:
                with VerticalScroll(classes="body", can_focus=False):
                    yield Static(self._body, markup=False)
            choices = _Choices(self._choices)
            choices.index = self._index
            yield choices

    def on_mount(self) -> None:
        self.query_one(_Choices).focus()

    def on_key(self, event: Key) -> None:
        for choice in self._choices:
            if event.character == choice.key:
                event.stop()
                self.dismiss(choice.value)
                return

    def action_move(self, step: int) -> None:
        self.query_one(_Choices).move(step)

    def action_choose(self) -> None:
        self.dismiss(self._choices[self.query_one(_Choices).index].value)

    def action_leave(self) -> None:
        self.dismiss(None)


class LineScreen(ModalScreen[str | None]):
    """Asks for one line of text. `check` returns what is wrong with it, or nothing."""

    CSS_PATH = "screen.tcss"
    BINDINGS = keymap.bindings(keymap.DIALOG)

    def __init__(
        self,
        title: str,
        body: Content,
        *,
        value: str = "",
        placeholder: str = "",
        check: Callable[[str], str | None] = lambda _: None,
    ) -> None:
        super().__init__()
        self._title, self._body, self._placeholder, self._check = title, body, placeholder, check
        self._value = value

    def compose(self) -> ComposeResult:
        with Vertical(classes="card") as card:
            card.border_title = Content(f" {self._title} ")
            card.border_subtitle = Content(" ↵ go   esc back ")
            yield Static(self._body, markup=False)
            yield Input(self._value, placeholder=self._placeholder, select_on_focus=False)
            yield Static("", markup=False, classes="wrong")

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        text = event.value.strip()
        wrong = self._check(text) if text else "Write something, or leave with Escape."
        if wrong is None:
            self.dismiss(text)
        else:
            self.query_one(".wrong", Static).update(Content.styled(wrong, "$warning"))

    def action_leave(self) -> None:
        self.dismiss(None)


class PaperScreen(ModalScreen[None]):
    """Something to read: help, keys, warnings."""

    CSS_PATH = "screen.tcss"
    BINDINGS = keymap.bindings(keymap.PAPER)

    def __init__(self, title: str, body: Content) -> None:
        super().__init__()
        self._title, self._body = title, body

    def compose(self) -> ComposeResult:
        with Vertical(classes="card wide") as card:
            card.border_title = Content(f" {self._title} ")
            card.border_subtitle = Content(" esc back ")
            with VerticalScroll(classes="body", can_focus=False):
                yield Static(self._body, markup=False, id="paper")

    def rewrite(self, body: Content) -> None:
        """Show what it says by now; where one reads stays."""
        if not body.is_same(self._body):
            self._body = body
            for paper in self.query("#paper").results(Static):
                paper.update(body)

    def action_scroll(self, lines: int) -> None:
        self.query_one(".body", VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_leave(self) -> None:
        self.dismiss(None)


def facts_table(rows: Iterable[tuple[str, str, str]]) -> Content:
    """Return (label, value, theme variable) rows as aligned text for a question's body."""
    rows = list(rows)
    widest = max((len(label) for label, _, _ in rows), default=0)
    return Content("\n").join(
        Content.assemble((f"{label:<{widest}}   ", "$muted"), (value, f"bold ${color}" if color else "bold"))
        for label, value, color in rows
    )


def existing_file(text: str) -> str | None:
    """Return what is wrong with a path that should be a file, None when it is one."""
    path = Path(text).expanduser()
    try:
        if path.is_file():
            return None
        return f"There is no file at {path}."
    except OSError as error:
        return f"{path}: {error.strerror or error}."
