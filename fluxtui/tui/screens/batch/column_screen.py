"""Which column to add: a parameter that the services know, one of one's own, or a word of context."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from fluxtui.domain.batch import PARAMETER_ALIASES, Batch
from fluxtui.tui import faces, keymap
from fluxtui.tui.editing import fields
from fluxtui.tui.editing.fields import CONTEXT
from fluxtui.tui.ink import Ink, Part, fit
from fluxtui.tui.widgets.rows import Rows

_SAID = {
    "negative_prompt": "what should not be in the picture",
    "size": "width x height: 1024x768",
    "steps": "how long it is worked on",
    "guidance": "how closely the prompt is followed",
    "seed": "the same number draws the same picture again",
    "n": "pictures a request",
    "output_format": "png, jpeg or webp",
    "quality": "low, medium or high, where there is such",
    "references": "pictures to start from: paths or links",
    "extra": "fields for a service, as JSON",
}
_LONGEST = 80  # characters of a name


@dataclass(frozen=True, slots=True)
class Offer:
    """A column that can be added, and what it is for."""

    key: str
    note: str


class Offers(Rows):
    """The columns on offer."""

    can_focus = False

    def __init__(self) -> None:
        super().__init__(id="offers")
        self.offers: tuple[Offer, ...] = ()

    @property
    def row_count(self) -> int:
        return len(self.offers)

    def show(self, offers: tuple[Offer, ...]) -> None:
        self.offers = offers
        self.set_reactive(Rows.cursor, 0)
        self.rows_changed()

    def draw_row(self, index: int, width: int, ink: Ink) -> list[Part]:
        offer = self.offers[index]
        name = min(24, width // 2)
        title = f" {faces.one_line(fields.column(offer.key).title, 60)}"
        return [(fit(title, name), ink("foreground", bold=True)), (fit(f"  {offer.note}", width - name), ink("muted"))]


def offers_for(typed: str, batch: Batch, shown: Collection[str]) -> tuple[Offer, ...]:
    """Return what can be added for what was typed: known columns first, then a parameter and a context of that name."""
    every = [Offer(column.key, _SAID.get(column.key, "")) for column in fields.columns_of(batch)]
    word = typed.strip()
    wanted = word.casefold()
    found = [
        Offer(offer.key, offer.note or ("context" if offer.key.startswith(CONTEXT) else "a parameter"))
        for offer in every
        if offer.key not in shown and (wanted in offer.key.casefold() or wanted in fields.column(offer.key).title)
    ]
    name = word.removeprefix(CONTEXT).strip()
    if not name or len(name) > _LONGEST:
        return tuple(found)
    own = PARAMETER_ALIASES.get(name, name)
    if CONTEXT + name not in shown and CONTEXT + name not in {offer.key for offer in found}:
        found.append(Offer(CONTEXT + name, "new context: told to people and judges, not to services"))
    free = " " not in own and not word.startswith(CONTEXT) and own not in shown
    if free and own not in {offer.key for offer in found} | {"name", "prompt"}:
        remark = fields.remark_on_parameter(own)
        found.append(Offer(own, remark or "a parameter of this name"))
    return tuple(found)


class ColumnScreen(ModalScreen[str | None]):
    """Answers with the key of the column."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS = keymap.bindings((*keymap.DIALOG, *keymap.PICK))
    HELP: ClassVar[str] = (
        "Type a part of a name, choose with the arrows, enter adds the column. It is empty until you write into it;"
        " F fills a value down."
    )

    line = getters.query_one(Input)
    offers = getters.query_one(Offers)

    def __init__(self, batch: Batch, shown: Collection[str]) -> None:
        super().__init__()
        self._batch, self._shown = batch, frozenset(shown)

    def compose(self) -> ComposeResult:
        with Vertical(classes="card") as card:
            card.border_title = Content(" Add a column ")
            card.border_subtitle = Content(" ↑↓ choose   ↵ add   esc back ")
            yield Input(placeholder="size, guidance, mood …", compact=True)
            yield Static("", id="said", markup=False)
            yield Offers()

    def on_mount(self) -> None:
        self._show("")
        self.line.focus()

    def _show(self, typed: str) -> None:
        self.offers.show(offers_for(typed, self._batch, self._shown))
        said = "" if self.offers.offers else "There is such a column already, or the name is too long."
        self.query_one("#said", Static).update(Content.styled(said, "$warning"))

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._show(event.value)

    @on(Input.Submitted)
    def _submitted(self) -> None:
        offers = self.offers
        if offers.offers:
            self.dismiss(offers.offers[offers.cursor].key)

    def action_move(self, step: int) -> None:
        self.offers.cursor += step

    def action_leave(self) -> None:
        self.dismiss(None)
