"""What one target of a batch has of its own: a label, parameters, and who draws in its place."""

from collections.abc import Collection
from dataclasses import replace

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.suggester import SuggestFromList
from textual.widgets import Input, Label, Static

from fluxtui.domain.batch import Target
from fluxtui.engine.files import KNOWN_PARAMETERS
from fluxtui.tui import faces
from fluxtui.tui.editing import fields
from fluxtui.tui.screens.batch.fields_screen import FieldsScreen
from fluxtui.tui.screens.batch.frame_screen import read_parameter
from fluxtui.tui.screens.batch.pairs import Pairs

_LONGEST_LABEL = 120  # characters


class TargetScreen(FieldsScreen[Target]):
    """Answers with the target as it is to be."""

    AUTO_FOCUS = "#label"
    HELP = (
        "A label is what the target is called here and in its files' names; with labels one model can draw twice. Its"
        " own parameters go before those of the tasks, and an axis goes before both. Fallbacks, with commas between"
        " them, draw in its place when it stands still, the first that can."
    )

    def __init__(self, target: Target, titles: Collection[str], names: Collection[str]) -> None:
        """`titles` are those that other targets have, `names` the targets on offer."""
        super().__init__()
        self._target, self._titles, self._names = target, frozenset(titles), frozenset(names)

    def compose(self) -> ComposeResult:
        target = self._target
        with Vertical(classes="card") as card:
            card.border_title = Content(f" {faces.one_line(target.name, 60)} ")
            card.border_subtitle = Content(" tab next   ↵ take over   ctrl+r remove   esc back ")
            with VerticalScroll(can_focus=False):
                with Horizontal(classes="field"):
                    yield Label("label", classes="label", markup=False)
                    yield Input(target.label or "", placeholder=target.name, id="label", compact=True, classes="value")
                with Horizontal(classes="field"):
                    yield Label("fallback", classes="label", markup=False)
                    yield Input(
                        ", ".join(target.fallback),
                        placeholder="who draws when it cannot",
                        id="fallback",
                        compact=True,
                        classes="value",
                        suggester=SuggestFromList(sorted(self._names - {target.name})),
                    )
                yield Static(
                    Content.assemble(("parameters", "bold $primary"), ("  before those of the tasks", "$muted")),
                    classes="heading",
                    markup=False,
                )
                yield Pairs(
                    [(name, fields.value_text(value), value) for name, value in target.parameters.items()],
                    read_parameter,
                    ("add a parameter", "28"),
                    suggestions=sorted(KNOWN_PARAMETERS),
                    id="parameters",
                )
            yield Static("", id="sum", markup=False)

    @property
    def _label(self) -> str:
        return self.query_one("#label", Input).value.strip()

    def _fallback(self) -> tuple[str, ...]:
        names = (text.strip() for text in self.query_one("#fallback", Input).value.split(","))
        return tuple(dict.fromkeys(Target.parse(name).name for name in names if name.strip("/ ")))

    def check(self) -> str:
        wrong = self._wrong()
        if wrong:
            self.say(Content.assemble(("✗ ", "$error"), wrong))
        else:
            own = len(self.query_one("#parameters", Pairs).good)
            words = "draws with what the tasks say" if not own else f"draws with {own} of its own"
            self.say(Content.styled(words, "$muted"))
        return wrong

    def _wrong(self) -> str:
        if len(self._label) > _LONGEST_LABEL:
            return f"The label has {len(self._label)} characters; at most {_LONGEST_LABEL} can be."
        if (self._label or self._target.name) in self._titles:
            return f"Another target is called {faces.one_line(self._label or self._target.name, 60)}; give one a label."
        for name in self._fallback():
            if name == self._target.name:
                return "A target cannot draw in its own place."
            if name not in self._names and name not in self._target.fallback:
                return f"{faces.one_line(name, 60)} is none of the targets here. Write provider/model."
        bad = len(self.query_one("#parameters", Pairs).bad)
        return "A parameter cannot be taken over as it is." if bad else ""

    def take_over(self) -> None:
        own = dict(self.query_one("#parameters", Pairs).good)
        self.dismiss(replace(self._target, label=self._label or None, parameters=own, fallback=self._fallback()))
