"""What the sections of the Settings screen have in common."""

from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.widgets import Input, Static

from fluxtui.tui.doors.settings import Variable
from fluxtui.tui.widgets.rows import Rows

if TYPE_CHECKING:
    from fluxtui.tui.app import Cockpit


class SettingsPane(Container):
    """One section: a list, and what is said about the line under its cursor."""

    TITLE: ClassVar[str]
    CAN_CHOOSE: ClassVar[bool] = True
    """Whether Enter uses the line under the cursor."""
    WORDS: ClassVar[dict[str, str]] = {}
    """The footer's words for keys whose meaning is this section's, by id."""

    @property
    def app(self) -> "Cockpit":  # type: ignore[override]  # the one app that these live in
        return cast("Cockpit", super().app)

    @property
    def rows(self) -> Rows:
        return self.query_one(Rows)

    def summary(self) -> str:
        """Return a word or two for the list of sections."""
        return ""

    def enter(self) -> None:
        """The person goes into the section."""
        self.rows.focus()

    def leave(self) -> None:
        """The person goes elsewhere: what was shown in passing goes."""

    def back(self) -> bool:
        """Undo the innermost thing; returns False when there is none, and the sections are next."""
        return False

    def choose(self) -> None:
        """Use the line under the cursor."""

    def describe(self, selector: str, content: Content) -> None:
        self.query_one(selector, Static).update(content)


class FilteredPane(SettingsPane):
    """A section with a field that narrows its list. The field shows itself when it is wanted."""

    def compose_filter(self) -> ComposeResult:
        field = Input(placeholder="search", classes="filter", compact=True)
        field.display = False
        yield field

    @property
    def field(self) -> Input:
        return self.query_one(Input)

    @property
    def wanted(self) -> list[str]:
        """The words that a line must have, in lower case."""
        return self.field.value.lower().split()

    def filter(self) -> None:
        self.field.display = True
        self.screen.set_focus(self.field)  # at once: what is typed next is for it, and no key of the list

    def narrow(self) -> None:
        """The words changed: show the lines that have them."""

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.narrow()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.field.display = bool(event.value)
        self.rows.focus()

    def back(self) -> bool:
        if not self.field.display:
            return False
        self.field.value = ""
        self.field.display = False
        self.rows.focus()
        return True


def wins(variable: Variable | None, option: str) -> Content | None:
    """Return what is said when an option or a variable wins over a choice made here, None when none does."""
    if variable is None or not variable.is_set:
        return None
    if variable.origin == "option":
        words = f"{option} was given at this start: what you choose here holds from the next start without it."
    else:
        words = f"{variable.name} is set in {variable.place}: it wins at the next start."
    return Content.assemble(("▲ ", "$warning"), words)
