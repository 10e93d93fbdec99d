"""The targets of the Batch screen, to tick."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from textual.message import Message

from fluxtui.domain.batch import Target
from fluxtui.domain.money import Price
from fluxtui.engine.quote import QuoteLine
from fluxtui.tui import faces, keymap
from fluxtui.tui.ink import Ink, Part, fit
from fluxtui.tui.widgets.rows import Rows

if TYPE_CHECKING:
    from fluxtui.tui.screens.batch.targets_pane import TargetsPane


def price_of_one(quote: QuoteLine | None) -> str:
    """Return the price of one picture as a narrow column: `.040`, `.040+` when it varies, `?` when unknown."""
    if quote is None or not quote.pictures:
        return ""
    if not quote.price.known:
        return "?"
    low, high = quote.price.low // quote.pictures, quote.price.high // quote.pictures
    return price_text(Price(type(quote.price.low)(low), type(quote.price.low)(high)))


def price_text(price: Price) -> str:
    text = faces.short_money(price.low)
    return text if price.low == price.high else f"{text}+"


def fit_end(title: str, room: int) -> str:
    """Return a name in so many cells; of one that is too long the end, which tells models apart."""
    cut = len(title) - room + 1
    return fit(f"…{title[cut:]}" if title.isascii() and cut > 1 and room > 1 else title, room)


class TargetList(Rows):
    """Who can draw. A tick means: this target draws every task. A target is known by its title."""

    BINDINGS = keymap.bindings(keymap.TARGETS)
    HELP = (
        "Who draws. Space ticks a target on or off; the quote follows. The number is the price of one picture in"
        " dollars; ▲ means that something will not be honoured as asked, ✗ that something cannot be drawn at all. Enter"
        " gives a target a label, parameters and fallbacks of its own. One that is off was switched off on the"
        " Providers screen: its jobs stay queued until it is switched on there."
    )

    @dataclass
    class Ticked(Message):
        """Other targets are ticked than before."""

        targets: "TargetList"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.every: tuple[Target, ...] = ()
        self.targets: tuple[Target, ...] = ()
        self.ticked: frozenset[str] = frozenset()
        self.unusable: tuple[tuple[str, str], ...] = ()
        self.off: frozenset[str] = frozenset()
        self.words = ""
        self._known: tuple[tuple[str, str], ...] = ()
        self._quotes: Mapping[str, QuoteLine] = {}

    @property
    def pane(self) -> "TargetsPane":
        """What is around the list. It is called, not sent messages: the next key may be for what it opens."""
        return cast("TargetsPane", self.parent)

    @property
    def row_count(self) -> int:
        return len(self.targets) + len(self.unusable)

    @property
    def current(self) -> Target | None:
        return self.targets[self.cursor] if self.cursor < len(self.targets) else None

    @property
    def ticked_off(self) -> tuple[str, ...]:
        """The names of the ticked targets that a person switched off."""
        return tuple(dict.fromkeys(target.name for target in self.chosen() if target.name in self.off))

    @property
    def refused(self) -> tuple[str, str] | None:
        """The name of the unusable target under the cursor, and why it is."""
        index = self.cursor - len(self.targets)
        return self.unusable[index] if 0 <= index < len(self.unusable) else None

    def nothing(self) -> str:
        return "No target has these words." if self.words else ""

    def show(
        self, targets: tuple[Target, ...], ticked: frozenset[str], unusable: tuple[tuple[str, str], ...] = ()
    ) -> None:
        """Show targets, in this order; the cursor stays on its own."""
        self.every, self.ticked, self._known = targets, ticked, unusable
        self.find(self.words)

    def find(self, words: str) -> None:
        """Show those only whose names have all of these words."""
        here = self.current
        self.words = words
        parts = words.casefold().split()

        def found(*texts: str) -> bool:
            return all(part in " ".join(texts).casefold() for part in parts)

        self.targets = tuple(target for target in self.every if found(target.title, target.name))
        self.unusable = tuple((name, why) for name, why in self._known if found(name))
        if here is not None:
            same = (index for index, target in enumerate(self.targets) if target.title == here.title)
            self.set_reactive(Rows.cursor, next(same, 0 if words else self.cursor))
        self.rows_changed()
        self.reveal()

    def go_to(self, title: str) -> None:
        """Put the cursor on the target of this title."""
        self.cursor = next((i for i, target in enumerate(self.targets) if target.title == title), self.cursor)

    def show_quotes(self, quotes: Mapping[str, QuoteLine]) -> None:
        self._quotes = quotes
        self.refresh()

    def show_off(self, names: frozenset[str]) -> None:
        """Mark the targets that a person switched off."""
        if names != self.off:
            self.off = names
            self.refresh()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("tick", "edit"):
            return self.current is not None
        return bool(self.words) if action == "back" else True

    def action_tick(self) -> None:
        """Tick the target under the cursor, or take its tick away."""
        if self.current is not None:
            self.ticked = self.ticked ^ {self.current.title}
            self._ticked()

    def action_tick_all(self) -> None:
        """Tick every target that is shown, or none of them when every one is ticked."""
        shown = frozenset(target.title for target in self.targets)
        self.ticked = self.ticked - shown if shown <= self.ticked else self.ticked | shown
        self._ticked()

    def action_edit(self) -> None:
        self.pane.edit()

    def action_find(self) -> None:
        self.pane.find_some()

    def action_back(self) -> None:
        self.pane.find_no_more()

    def on_rows_chosen(self) -> None:
        self.action_tick()

    def _ticked(self) -> None:
        self.refresh()
        self.post_message(self.Ticked(self))

    def chosen(self) -> tuple[Target, ...]:
        return tuple(target for target in self.every if target.title in self.ticked)

    def draw_row(self, index: int, width: int, ink: Ink) -> list[Part]:
        if index >= len(self.targets):
            name, why = self.unusable[index - len(self.targets)]
            return [(fit(f" ✗   {faces.one_line(name, 80)}: {faces.one_line(why)}", width), ink("warning"))]
        target = self.targets[index]
        on = target.title in self.ticked
        off = " off" if target.name in self.off else ""
        quote = self._quotes.get(target.name)
        flag, color = " ", "muted"
        if quote is not None and quote.impossible:
            flag, color = "✗", "error"
        elif quote is not None and quote.adaptations:
            flag, color = "▲", "warning"
        price = price_of_one(quote)
        room = width - 5 - len(off) - 2 - 7
        return [
            (" [", ink("muted")),
            ("x" if on else " ", ink("primary", bold=True)),
            ("] ", ink("muted")),
            (fit_end(faces.one_line(target.title, 200), room), ink("foreground") if on and not off else ink("muted")),
            (off, ink("warning")),
            (f" {flag}", ink(color)),
            (fit(price, 7, right=True), ink("foreground") if on else ink("muted")),
        ]
