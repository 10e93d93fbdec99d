"""Services and program: every variable, what holds, and where it was set."""

from typing import TypeAlias

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from fluxtui.domain.problems import Problem
from fluxtui.domain.text import plain
from fluxtui.tui import faces
from fluxtui.tui.doors.settings import Report, Variable
from fluxtui.tui.ink import Ink, Part, fit
from fluxtui.tui.screens.settings.pane import FilteredPane
from fluxtui.tui.widgets.rows import Rows

Line: TypeAlias = Variable | str
"""A variable, or the heading of a group."""

_NAME = 30
_CHOSEN = {"FLUXTUI_THEME": "theme", "FLUXTUI_IMAGES": "images"}
"""Variables that a choice of this screen stands in for, by the preference's name."""


class VariableList(Rows):
    """Variables under the headings of their groups."""

    HELP = (
        "Every variable, by service. A key is never shown, only where it was set. Variables are set in .env,"
        " fluxtui.toml or the environment; r reads them again."
    )

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.lines: tuple[Line, ...] = ()

    @property
    def row_count(self) -> int:
        return len(self.lines)

    @property
    def current(self) -> Line | None:
        return self.lines[self.cursor] if self.cursor < len(self.lines) else None

    def show(self, variables: tuple[Variable, ...]) -> None:
        before = self.current
        lines: list[Line] = []
        group = ""
        for variable in variables:
            if variable.group != group:
                group = variable.group
                lines.append(group)
            lines.append(variable)
        self.lines = tuple(lines)
        name = before.name if isinstance(before, Variable) else before
        same = (at for at, line in enumerate(lines) if name == (line.name if isinstance(line, Variable) else line))
        self.set_reactive(Rows.cursor, next(same, min(1, max(len(lines) - 1, 0))))
        self.rows_changed()
        self.reveal()
        self.post_message(self.Moved(self, self.cursor))

    def draw_row(self, index: int, width: int, ink: Ink) -> list[Part]:
        line = self.lines[index]
        if isinstance(line, str):
            return [(fit(faces.one_line(line, 100), width), ink("primary", bold=True))]
        name = min(_NAME, max(18, width // 2))
        place = 26 if width >= 78 else 0
        value, color = value_of(line)
        parts: list[Part] = [
            ("  " + fit(faces.one_line(line.name, 80), name - 2), ink("foreground" if line.is_set else "muted")),
            ("  ", ink("muted")),
            (fit(value, width - name - 3 - place), ink(color)),
        ]
        if place:
            parts.append((fit(faces.one_line(line.place or line.origin, 200), place, right=True), ink("muted")))
        return [*parts, (" ", ink("muted"))]


def value_of(variable: Variable) -> tuple[str, str]:
    """Return what the list shows as a value, and its theme variable."""
    if variable.secret:
        return ("✓ set", "success") if variable.is_set else ("– missing", "muted")
    return faces.one_line(variable.value, 300) or "empty", "foreground" if variable.is_set else "muted"


class VariablesPane(FilteredPane):
    """Where each value comes from."""

    TITLE = "Services & program"
    CAN_CHOOSE = False

    def __init__(self) -> None:
        super().__init__(id="variables")
        self._report: Report | None = None

    def compose(self) -> ComposeResult:
        with Container(classes="pane list") as pane:
            pane.border_title = Content("services & program")
            yield from self.compose_filter()
            yield Static("", classes="trouble", markup=False)
            yield VariableList(id="variable-list")
        with VerticalScroll(classes="pane detail short", can_focus=False):
            yield Static("", id="variable", markup=False)

    @property
    def variables(self) -> VariableList:
        return self.query_one(VariableList)

    def summary(self) -> str:
        if self._report is None:
            return ""
        return f"{sum(variable.is_set for variable in self._report.variables)} set"

    def show(self, report: Report) -> None:
        """Show what was read, with the choices of this screen where no variable says."""
        preferences = self.app.preferences
        chosen = {"theme": preferences.theme, "images": preferences.images}
        variables = tuple(_as_chosen(variable, chosen) for variable in report.variables)
        self._report = Report(variables, report.problems)
        self._trouble([plain(problem, limit=300, newlines=False) for problem in report.problems])
        self.narrow()

    def show_problem(self, problem: Problem) -> None:
        """Nothing could be read: say why, and what to do."""
        self._trouble([line for line in (problem.what, problem.cause, problem.advice) if line])

    def _trouble(self, sentences: list[str]) -> None:
        static = self.query_one(".trouble", Static)
        static.display = bool(sentences)
        static.update(Content("\n").join(Content.assemble(("▲ ", "$warning"), each) for each in sentences[:6]))

    def narrow(self) -> None:
        if self._report is None:
            return
        wanted = self.wanted
        found = tuple(
            variable
            for variable in self._report.variables
            if all(
                word in f"{variable.name} {variable.group} {variable.value} {variable.place}".lower() for word in wanted
            )
        )
        self.variables.show(found)
        count = f"{len(found)} of {len(self._report.variables)}" if wanted else f"{len(found)}"
        self.query_one(".list").border_subtitle = Content(f" {count} variables ")

    @on(Rows.Moved)
    def _moved(self, event: Rows.Moved) -> None:
        event.stop()
        line = self.variables.current
        if isinstance(line, Variable):
            self.describe("#variable", variable_words(line))
        else:
            self.describe("#variable", Content.styled(faces.one_line(line or "nothing matches"), "$muted"))


def _as_chosen(variable: Variable, chosen: dict[str, str | None]) -> Variable:
    value = chosen.get(_CHOSEN.get(variable.name, ""))
    if variable.is_set or value is None:
        return variable
    return Variable(
        variable.name, value, False, False, "chosen", "chosen on this screen", variable.group, variable.help
    )


def variable_words(variable: Variable) -> Content:
    """Return a variable in full."""
    blocks = [Content.styled(faces.one_line(variable.name), "bold")]
    if variable.secret:
        where = "given as an option" if variable.origin == "option" else f"set in {variable.place}"
        state = f"{where}; it is never shown" if variable.is_set else "missing"
        blocks.append(Content.assemble(("key    ", "$muted"), (state, "$success" if variable.is_set else "$warning")))
    else:
        value = plain(variable.value, limit=600, newlines=False)
        blocks.append(Content.assemble(("value  ", "$muted"), value))
        blocks.append(Content.assemble(("from   ", "$muted"), variable.place or "the default"))
    if variable.help:
        blocks.append(Content(plain(variable.help, limit=1000, newlines=False)))
    return Content("\n").join(blocks)
