"""Axes, repeat and defaults: what every task of the batch is drawn with."""

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Label, Static

from fluxtui.domain.batch import Axis, Batch, Target
from fluxtui.domain.values import JsonValue
from fluxtui.engine.files import KNOWN_PARAMETERS
from fluxtui.tui import faces
from fluxtui.tui.editing import axes, fields
from fluxtui.tui.editing.edits import Edited
from fluxtui.tui.editing.fields import FieldError
from fluxtui.tui.screens.batch.fields_screen import FieldsScreen
from fluxtui.tui.screens.batch.pairs import Pairs


def read_parameter(name: str, text: str) -> tuple[str, JsonValue, str]:
    """Read a line of a parameter; the note is the doubt there is about its name. Raises FieldError."""
    own, value = axes.parameter_of(name, text)
    return own, value, "▲ unknown" if fields.remark_on_parameter(own) else ""


class FrameScreen(FieldsScreen[Edited]):
    """Answers with the edit."""

    HELP = (
        "Every task is drawn once for each combination of the axes' values, and repeat times. Values are written"
        " 1..4, or 2.5, 5, or anime, manga. An axis that a prompt names in braces, like {style}, puts its values there;"
        " any other is a parameter. A default holds for every task that says nothing else. Tab and the arrows go from"
        " field to field; nothing is changed before enter."
    )

    def __init__(self, batch: Batch, targets: tuple[Target, ...]) -> None:
        super().__init__()
        self._batch, self._targets = batch, targets
        self._repeat = batch.repeat

    def compose(self) -> ComposeResult:
        batch = self._batch
        words = axes.words_in_braces(batch)
        with Vertical(classes="card") as card:
            card.border_title = Content(" Axes and defaults ")
            card.border_subtitle = Content(" tab next   ↵ take over   ctrl+r remove   esc back ")
            with VerticalScroll(can_focus=False):
                names = ", ".join(axes.suggested(batch, {axis.name for axis in batch.axes})[:6])
                yield self._heading("axes", f"for example {names}" if names else "")
                yield Pairs(
                    [(axis.name, axes.values_text(axis.values), axis) for axis in batch.axes],
                    self._read_axis,
                    ("add an axis", "1..4"),
                    suggestions=(*words, *axes.USUAL),
                    id="axes",
                )
                with Horizontal(classes="field"):
                    yield Label("repeat", classes="label", markup=False)
                    yield Input(str(batch.repeat), placeholder="1", id="repeat", compact=True)
                    yield Static(Content.styled("times each", "$muted"), classes="note wide", markup=False)
                yield self._heading("defaults", "for tasks that say nothing else")
                yield Pairs(
                    [(name, fields.value_text(value), value) for name, value in batch.defaults.items()],
                    read_parameter,
                    ("add a default", "1024x768"),
                    suggestions=sorted(KNOWN_PARAMETERS),
                    id="defaults",
                )
            yield Static("", id="sum", markup=False)

    def _heading(self, title: str, note: str) -> Static:
        return Static(
            Content.assemble((title, "bold $primary"), (f"  {faces.one_line(note, 120)}", "$muted")),
            classes="heading",
            markup=False,
        )

    def _read_axis(self, name: str, text: str) -> tuple[str, Axis, str]:
        axis = axes.axis_of(name, text)
        said = "word" if axis.name in axes.words_in_braces(self._batch) else "value"
        return axis.name, axis, axes.many(len(axis.values), said)

    def _axes(self) -> tuple[Axis, ...]:
        return tuple(axis for _, axis in self.query_one("#axes", Pairs).good)

    def check(self) -> str:
        wrong = ""
        try:
            self._repeat = axes.repeat_of(self.query_one("#repeat", Input).value)
        except FieldError as error:
            wrong = f"repeat: {error.sentence()}"
        bad = sum(len(pairs.bad) for pairs in self.query(Pairs))
        if bad and not wrong:
            wrong = "1 line cannot be taken over as it is." if bad == 1 else f"{bad} lines cannot be taken over so."
        if wrong:
            self.say(Content.assemble(("✗ ", "$error"), wrong))
        else:
            self.say(Content(axes.product_words(self._batch, self._targets, self._axes(), self._repeat)))
        return wrong

    def take_over(self) -> None:
        defaults = self.query_one("#defaults", Pairs).good
        self.dismiss(axes.framed(self._batch, self._axes(), self._repeat, defaults))
