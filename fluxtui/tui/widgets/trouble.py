"""What is wrong with the workspace, where nobody can overlook it: a band above the screen, or all of it."""

from typing import TYPE_CHECKING, cast

from textual.content import Content
from textual.widgets import Static

from fluxtui.domain.problems import Problem
from fluxtui.tui import faces
from fluxtui.tui.widgets.quietly import say

if TYPE_CHECKING:
    from fluxtui.tui.app import Cockpit


class Trouble(Static):
    """Says what happened, the likely cause and what to do, for as long as it lasts."""

    DEFAULT_CSS = """
    Trouble {
        display: none;
        height: auto;
        max-height: 6;
        padding: 0 1;
        background: $panel;
        border-left: thick $error;
    }
    Trouble.-shown { display: block; }
    """

    def __init__(self) -> None:
        super().__init__("", id="trouble", markup=False)

    def on_mount(self) -> None:
        self.renew()
        cast("Cockpit", self.app).news.subscribe(self, lambda _: self.renew())

    def renew(self) -> None:
        """Show the present trouble, or nothing."""
        live = cast("Cockpit", self.app).live
        problem = live.problem or live.place
        self.set_class(problem is not None, "-shown")
        nothing_else = problem is not None and not live.history_read and getattr(self.screen, "OF_HISTORY", False)
        if nothing_else != self.screen.has_class("-broken"):
            self.screen.set_class(nothing_else, "-broken")
            self.screen.refresh_bindings()  # keys of what is not shown mean nothing
        say(self, Content("") if problem is None else trouble_words(problem))


def trouble_words(problem: Problem) -> Content:
    """Return a problem as three lines."""
    lines = [Content.assemble(("✗ ", "bold $error"), (faces.one_line(problem.what, 300), "bold"))]
    if problem.cause:
        lines.append(Content(f"  {faces.one_line(problem.cause, 300)}"))
    if problem.advice:
        lines.append(Content.assemble("  ", (faces.one_line(problem.advice, 300), "$primary")))
    return Content("\n").join(lines)
