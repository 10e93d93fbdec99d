"""The question for a new key: shows what the terminal sent, and what would become of it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.events import Key as KeyPress
from textual.screen import ModalScreen
from textual.widgets import Static

from fluxtui.tui import keymap
from fluxtui.tui.keymap.base import Key
from fluxtui.tui.keymap.editing import Keymap, Proposal, spoken
from fluxtui.tui.keymap.settings import CAPTURE

if TYPE_CHECKING:
    from fluxtui.tui.app import Cockpit


class CaptureScreen(ModalScreen[Mapping[str, str | None] | None]):
    """Waits for a key press. Its answer are the entries of the keymap to keep, None when it was left."""

    CSS_PATH = "capture.tcss"
    BINDINGS = keymap.bindings((*keymap.DIALOG, *CAPTURE))

    def __init__(self, key: Key, now: Keymap, *, more: bool) -> None:
        super().__init__()
        self._key, self._now, self._more = key, now, more
        self._proposal: Proposal | None = None

    @property
    def app(self) -> "Cockpit":  # type: ignore[override]  # the one app that this lives in
        return cast("Cockpit", super().app)

    def compose(self) -> ComposeResult:
        with Vertical(classes="card") as card:
            card.border_title = Content(f" {self._key.area}: {self._key.name} ")
            card.border_subtitle = Content(" ↵ keep   esc back ")
            wanted = "one more key" if self._more else "the new key"
            yield Static(Content.assemble(f"Press {wanted}. ", (self._key.tip, "$muted")), markup=False)
            yield Static("", id="pressed", markup=False)

    def on_mount(self) -> None:
        self.app.keys_rest = True

    def on_unmount(self) -> None:
        self.app.keys_rest = False

    def on_key(self, event: KeyPress) -> None:
        if event.key in ("escape", "enter"):
            return  # they are bound: back, and keep
        event.stop()
        event.prevent_default()
        self._proposal = self._now.propose(self._key.id, event.key, more=self._more)
        self.query_one("#pressed", Static).update(proposal_words(event.key, self._proposal))
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "keep":
            return self._proposal is not None and self._proposal.changes is not None
        return True

    def action_keep(self) -> None:
        if self._proposal is not None and self._proposal.changes is not None:
            self.dismiss(self._proposal.changes)

    def action_leave(self) -> None:
        self.dismiss(None)


def proposal_words(pressed: str, proposal: Proposal) -> Content:
    """Return what the terminal sent, and what it would mean."""
    lines = [Content.assemble(("the terminal sent  ", "$muted"), (spoken(pressed), "bold $primary"))]
    if spoken(pressed) != pressed:
        lines[0] += Content.styled(f"  ({pressed})", "$muted")
    if proposal.problem:
        lines.append(Content.assemble(("✗ ", "$error"), proposal.problem))
    else:
        lines.append(Content.assemble(("✓ ", "$success"), "it can be had"))
        if proposal.note:
            lines.append(Content.assemble(("▲ ", "$warning"), f"It is taken from another action. {proposal.note}"))
    return Content("\n").join(lines)
