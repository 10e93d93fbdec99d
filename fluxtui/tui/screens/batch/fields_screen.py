"""What the dialogs of fields on the Batch screen share: lines to go through, taking over, not losing what was typed."""

from typing import TYPE_CHECKING, Generic, TypeVar, cast

from textual import on
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from fluxtui.tui import keymap
from fluxtui.tui.screens.batch.pairs import PairLine, Pairs

if TYPE_CHECKING:
    from fluxtui.tui.app import Cockpit

T = TypeVar("T")


class FieldsScreen(ModalScreen[T | None], Generic[T]):
    """Answers with what the fields mean, None when it was left."""

    CSS_PATH = "frame.tcss"
    BINDINGS = keymap.bindings((*keymap.DIALOG, *keymap.FIELDS))
    AUTO_FOCUS = "PairLine .key"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (90, "-wide")]  # noqa: RUF012 - declared by Textual

    def __init__(self) -> None:
        super().__init__()
        self._began: tuple[str, ...] = ()
        self._warned = False

    @property
    def cockpit(self) -> "Cockpit":
        return cast("Cockpit", self.app)

    def on_mount(self) -> None:
        self._began = self._texts()
        self.check()

    def check(self) -> str:
        """Show what the fields mean; returns what is wrong with them, "" when nothing is."""
        return ""

    def take_over(self) -> None:
        """Nothing is wrong: answer with what the fields mean."""

    def _texts(self) -> tuple[str, ...]:
        return tuple(each.value for each in self.query(Input) if each.value)

    def say(self, content: Content) -> None:
        """Tell something below the fields."""
        self.query_one("#sum", Static).update(content)

    @on(Pairs.Edited)
    @on(Input.Changed)
    def _changed(self) -> None:
        self._warned = False
        if self._began or self.query_one(VerticalScroll).is_attached:
            self.check()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "remove":
            return self.is_mounted and self._line() is not None
        return True

    def _line(self) -> PairLine | None:
        focused = self.focused
        found = [each for each in focused.ancestors if isinstance(each, PairLine)] if focused is not None else []
        return found[0] if found else None

    async def action_remove(self) -> None:
        line = self._line()
        if line is not None:
            await line.query_ancestor(Pairs).take_out(line)

    def action_go(self, step: int) -> None:
        """Go to the same field of the line above or below."""
        focused = self.focused
        if not isinstance(focused, Input):
            return
        every = [each for each in self.query(Input) if not each.has_class("value") or each is focused]
        if focused.has_class("value"):
            every = [each for each in self.query(Input) if not each.has_class("key")]
        place = every.index(focused) + step
        if 0 <= place < len(every):
            every[place].focus()

    def action_apply(self) -> None:
        for pairs in self.query(Pairs):
            pairs.check()  # the last key may not have been told of yet
        if self.check():
            self.app.bell()
            bad = [line for pairs in self.query(Pairs) for line in pairs.bad]
            if bad and self._line() not in bad:
                bad[0].value.focus()
            return
        self.take_over()

    def action_leave(self) -> None:
        if self._texts() != self._began and not self._warned:
            self._warned = True
            lost = "Not taken over yet: enter does that; leave again to lose it."
            self.say(Content.assemble(("▲ ", "$warning"), lost))
            return
        self.dismiss(None)
