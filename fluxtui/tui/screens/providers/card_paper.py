"""The card of a target or a service, large, over everything: it follows what happens while it is open."""

from collections.abc import Sequence

from fluxtui.tui.screens.dialogs.screen import PaperScreen
from fluxtui.tui.screens.providers.health import Card, ServiceCard
from fluxtui.tui.screens.providers.words import card_words

_WIDTH = 72  # cells


class CardPaper(PaperScreen):
    """Everything about one card."""

    def __init__(self, card: Card, every: Sequence[Card], now: float) -> None:
        title = card.service.title if isinstance(card, ServiceCard) else card.key
        super().__init__(title, card_words(card, every, now, _WIDTH, large=True))
        self._key = card.key

    def follow(self, every: Sequence[Card], now: float) -> None:
        """Show its card as it is by now; one that is gone stays as it was last."""
        card = next((card for card in every if card.key == self._key), None)
        if card is not None:
            self.rewrite(card_words(card, every, now, _WIDTH, large=True))
