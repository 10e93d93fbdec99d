"""The targets of the Batch screen, to tick."""

from collections.abc import Mapping
from dataclasses import dataclass

from textual.message import Message

from fluxtui.domain.batch import Target
from fluxtui.domain.money import Price
from fluxtui.engine.quote import QuoteLine
from fluxtui.tui import faces, keymap
from fluxtui.tui.ink import Ink, Part, fit
from fluxtui.tui.widgets.rows import Rows


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


class TargetList(Rows):
    """Who can draw. A tick means: this target draws every task."""

    BINDINGS = keymap.bindings(keymap.TARGETS)
    HELP = (
        "Who draws. Space ticks a target on or off; the quote follows. The number is the price of one picture in"
        " dollars; ▲ means that something will not be honoured as asked, ✗ that something cannot be drawn at all."
    )

    @dataclass
    class Ticked(Message):
        """Other targets are ticked than before."""

        targets: "TargetList"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.targets: tuple[Target, ...] = ()
        self.ticked: frozenset[str] = frozenset()
        self.unusable: tuple[tuple[str, str], ...] = ()
        self._quotes: Mapping[str, QuoteLine] = {}

    @property
    def row_count(self) -> int:
        return len(self.targets) + len(self.unusable)

    @property
    def current(self) -> Target | None:
        return self.targets[self.cursor] if self.cursor < len(self.targets) else None

    def show(
        self, targets: tuple[Target, ...], ticked: frozenset[str], unusable: tuple[tuple[str, str], ...] = ()
    ) -> None:
        self.targets, self.ticked, self.unusable = targets, ticked, unusable
        self.rows_changed()

    def show_quotes(self, quotes: Mapping[str, QuoteLine]) -> None:
        self._quotes = quotes
        self.refresh()

    def action_tick(self) -> None:
        """Tick the target under the cursor, or take its tick away."""
        if self.current is not None:
            self.ticked = self.ticked ^ {self.current.name}
            self._ticked()

    def action_tick_all(self) -> None:
        """Tick every target, or none when every one is ticked."""
        every = frozenset(target.name for target in self.targets)
        self.ticked = frozenset() if self.ticked == every else every
        self._ticked()

    def on_rows_chosen(self) -> None:
        self.action_tick()

    def _ticked(self) -> None:
        self.refresh()
        self.post_message(self.Ticked(self))

    def chosen(self) -> tuple[Target, ...]:
        return tuple(target for target in self.targets if target.name in self.ticked)

    def draw_row(self, index: int, width: int, ink: Ink) -> list[Part]:
        if index >= len(self.targets):
            name, why = self.unusable[index - len(self.targets)]
            return [(fit(f" ✗   {faces.one_line(name, 80)}: {why}", width), ink("warning"))]
        target = self.targets[index]
        on = target.name in self.ticked
        quote = self._quotes.get(target.name)
        flag, color = " ", "muted"
        if quote is not None and quote.impossible:
            flag, color = "✗", "error"
        elif quote is not None and quote.adaptations:
            flag, color = "▲", "warning"
        price = price_of_one(quote)
        room = width - 5 - 2 - 7
        return [
            (" [", ink("muted")),
            ("x" if on else " ", ink("primary", bold=True)),
            ("] ", ink("muted")),
            (fit(faces.one_line(target.title, 200), room), ink("foreground") if on else ink("muted")),
            (f" {flag}", ink(color)),
            (fit(price, 7, right=True), ink("foreground") if on else ink("muted")),
        ]
