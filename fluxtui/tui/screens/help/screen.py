"""Screens to read: help for what is focused (F1), and the keys of a screen (?), which can be searched."""

from typing import TYPE_CHECKING, cast

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widgets import Input, Static

from fluxtui.tui import keymap
from fluxtui.tui.screens.dialogs.screen import PaperScreen
from fluxtui.tui.screens.help.words import bound_keys, help_text, keys_text, matching, pane_of

if TYPE_CHECKING:
    from fluxtui.tui.app import Cockpit

_PAPER = 80
"""Cells of a line of help."""


def help_screen(screen: Screen[object], app: "Cockpit") -> PaperScreen:
    """Return what F1 opens over a screen."""
    width = min(_PAPER, app.size.width * 96 // 100 - 8)
    pane = pane_of(screen.focused)
    named = (
        next((node for node in pane.ancestors_with_self if getattr(node, "border_title", "")), None) if pane else None
    )
    title = Content.from_markup(str(getattr(named, "border_title", ""))).plain if named is not None else ""
    return PaperScreen(f"Help · {title}" if title else "Help", help_text(screen, app, width))


class KeysScreen(ModalScreen[None]):
    """The keys that do something on the screen below, as they are bound. What is typed filters them."""

    CSS_PATH = "screen.tcss"
    BINDINGS = keymap.bindings(keymap.KEYS)
    AUTO_FOCUS = "Input"

    def __init__(self, screen: Screen[object], app: "Cockpit") -> None:
        super().__init__()
        self._bound = sorted(bound_keys(screen, app), key=lambda each: each.node is app)  # what is near comes first

    def compose(self) -> ComposeResult:
        with Vertical(classes="card") as card:
            card.border_title = Content(" Keys ")
            card.border_subtitle = Content(" ↑↓ scroll   esc back ")
            yield Input(placeholder="type to find a key", compact=True)
            with VerticalScroll(classes="body", can_focus=False):
                yield Static("", markup=False)

    def on_mount(self) -> None:
        self._show()

    def on_resize(self) -> None:
        self._show()

    @on(Input.Changed)
    def _show(self) -> None:
        if not self.query(Static):
            return
        found = matching(self._bound, self.query_one(Input).value)
        width = cast("Cockpit", self.app).size.width * 96 // 100 - 8
        text = keys_text(found, max(20, width)) if found else Content.styled("no key is called that here", "$muted")
        self.query_one(Static).update(text)

    def action_scroll_keys(self, lines: int) -> None:
        self.query_one(".body", VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_leave(self) -> None:
        self.dismiss(None)
