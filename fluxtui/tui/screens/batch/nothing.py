"""The Batch screen with no batch: what can be done now, each one key away."""

from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from fluxtui.tui import keymap
from fluxtui.tui.ink import Ink, Part, fit
from fluxtui.tui.screens.batch.desk_part import bound_key
from fluxtui.tui.widgets.rows import Rows


@dataclass(frozen=True, slots=True)
class Beginning:
    """One way to begin: an action of the screen or the app, under its key's id."""

    key_id: str
    action: str
    what: str
    note: str
    example: str = ""


BEGINNINGS = (
    Beginning("batch.new", "new_batch", "a new batch", "write prompts, or paste them"),
    Beginning("app.open", "app.open_file", "open a file", "YAML, JSON, TOML, CSV, JSON Lines, or lines of text"),
    Beginning("", "", "an example", "a city in four tasks, two targets and a seed", "city.yaml"),
    Beginning("", "", "an example", "the same prompt swept over guidance and style", "sweep.toml"),
)


class Beginnings(Rows):
    """The ways to begin."""

    BINDINGS = keymap.bindings(keymap.NOTHING)
    HELP: ClassVar[str] = "No batch is open. Begin a new one, open a file, look at an example, or just paste prompts."

    @dataclass
    class Begun(Message):
        """One was chosen."""

        beginning: Beginning

    @property
    def row_count(self) -> int:
        return len(BEGINNINGS)

    def draw_row(self, index: int, width: int, ink: Ink) -> list[Part]:
        one = BEGINNINGS[index]
        what = f"{one.what} {one.example}".rstrip()
        key = bound_key(self.screen, one.key_id)
        here = index == self.cursor
        parts = [
            (fit(f" {key}", 9), ink("primary", bold=True)),
            (fit(what, 24), ink("foreground", bold=here)),
        ]
        return [*parts, (fit(one.note, max(width - 33, 0)), ink("muted"))]

    def action_choose(self) -> None:
        self.post_message(self.Begun(BEGINNINGS[self.cursor]))

    def on_rows_chosen(self) -> None:
        self.action_choose()


class Nothing(Vertical):
    """The face of the screen while no batch is open."""

    def compose(self) -> ComposeResult:
        yield Static(
            Content.assemble(
                ("No batch is open\n", "bold"),
                (
                    "A batch is a list of prompts, and who draws them. It shows its price before anything is sent.",
                    "$muted",
                ),
            ),
            markup=False,
            classes="lead",
        )
        yield Beginnings(id="beginnings")
        yield Static(
            Content.styled("Or paste: prompts one a line, cells of a spreadsheet, CSV, JSON Lines.", "$muted"),
            markup=False,
            classes="tail",
        )
