"""What the keys of the Providers screen do to lanes and services. What was asked for is shown at once."""

import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import partial
from typing import Any

from textual.content import Content

from fluxtui.domain.money import show
from fluxtui.domain.problems import FluxtuiError
from fluxtui.history import wishes
from fluxtui.history.wishes import LaneWish, Waiting
from fluxtui.tui.screens.base import CockpitScreen
from fluxtui.tui.screens.dialogs.screen import AskScreen, Choice
from fluxtui.tui.screens.providers.health import Card, ServiceCard, Signs, TargetCard
from fluxtui.tui.store import NoHistoryYet
from fluxtui.tui.work import begin

_LONGEST_TEST = 90.0
"""Seconds after which a test that nobody answered is no longer shown as going on."""

_LONGEST_WRITE = 3.0
"""Seconds for which a wish is shown that is not read back: by then another person has wished otherwise."""


class SteeringScreen(CockpitScreen):
    """Acts on the card under the cursor; the list is a subclass's."""

    def __init__(self) -> None:
        super().__init__()
        self._tests: dict[str, tuple[float, float | None]] = {}
        """When a service's test was asked for, and the time of the answer that was there before."""
        self._wished: dict[str, tuple[float, LaneWish]] = {}

    @property
    def chosen_card(self) -> Card | None:
        """The card under the cursor."""
        return None

    @property
    def chosen(self) -> list[TargetCard]:
        """The target under the cursor, or all of the service that is."""
        return []

    def show_cards(self) -> None:
        """Draw everything as it is known now."""

    async def read_signs(self) -> None:
        """Read what the history knows, and show it."""

    # --- what is on its way ----------------------------------------------------------------------

    def foreseen(self, signs: Signs) -> Signs:
        """Return the signs with what was asked for here and is not written yet."""
        known = {wish.lane: wish for wish in signs.wishes}
        self._wished = {
            lane: (at, wish)
            for lane, (at, wish) in self._wished.items()
            if known.get(lane) != wish and time.monotonic() - at < _LONGEST_WRITE
        }
        return replace(signs, wishes=tuple({**known, **{k: wish for k, (_, wish) in self._wished.items()}}.values()))

    def still_tested(self, signs: Signs) -> frozenset[str]:
        """Return the services whose test has not been answered."""
        answers = {check.provider: check.checked_at for check in signs.checks if check.sandbox is self.app.sandbox}
        self._tests = {
            service: (at, before)
            for service, (at, before) in self._tests.items()
            if time.monotonic() - at < _LONGEST_TEST and answers.get(service) == before
        }
        return frozenset(self._tests)

    def _wish(self, targets: list[TargetCard], **changes: bool | int | None) -> None:
        for card in targets:
            self._wished[card.model.lane] = time.monotonic(), replace(card.wish, **changes)  # type: ignore[arg-type]
        self.show_cards()

    def _steer(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        begin(self, partial(self._steered, work), group="steer")

    async def _steered(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await work()
        except FluxtuiError as error:
            self._wished.clear()
            self._tests.clear()
            self.app.tell_problem(error.problem)
        await self.read_signs()

    # --- the keys --------------------------------------------------------------------------------

    def action_check(self) -> None:
        card = self.chosen_card
        if card is None:
            return
        above = card if isinstance(card, ServiceCard) else card.service
        service = above.service
        if service.missing:
            self.app.tell(f"{service.title} needs {', '.join(service.missing)}. K says more.", severity="warning")
        elif service.state != "ready":
            self.app.tell(f"{service.title} cannot be used as it is set up.", severity="warning")
        elif service.id not in self._tests:
            self._tests[service.id] = time.monotonic(), None if above.check is None else above.check.checked_at
            self.show_cards()
            self._steer(partial(self.app.engine.services.check, service.id))

    def action_switch(self) -> None:
        targets = self.chosen
        lanes = [card.model.lane for card in targets]
        if any(card.wish.enabled for card in targets):
            self._wish(targets, enabled=False)
            self._steer(partial(self.app.engine.services.enable, lanes, False))
        elif targets:
            self._steer(partial(self._go_on, targets, "enable"))

    def action_reset(self) -> None:
        if self.chosen:
            self._steer(partial(self._go_on, self.chosen, "reset"))

    async def _go_on(self, targets: list[TargetCard], what: str) -> None:
        """Enable or reset lanes; asks first where that would have jobs of waiting runs sent."""
        lanes = [card.model.lane for card in targets]
        try:
            waiting = await self.app.feed.ask(lambda connection: wishes.waiting(connection, lanes))
        except NoHistoryYet:
            waiting = None
        if waiting is None or not waiting.jobs:
            await self._let_go(targets, what, None)
            return
        choices = [Choice("g", "go", "Go on", "its jobs are sent")]
        if what == "enable":
            choices.append(Choice("e", "only", "Enable only", "for later runs; r lets the waiting ones go on"))
        choices.append(Choice("n", "no", "Leave it as it is"))
        answered = partial(self._answered, targets, what)
        question = AskScreen("Go on with what waits for it?", _question(waiting), choices, index=len(choices) - 1)
        self.app.push_screen(question, answered)

    def _answered(self, targets: list[TargetCard], what: str, answer: str | None) -> None:
        if answer in ("go", "only"):
            self._steer(partial(self._let_go, targets, what, answer))

    async def _let_go(self, targets: list[TargetCard], what: str, answer: str | None) -> None:
        services, lanes = self.app.engine.services, [card.model.lane for card in targets]
        if what == "enable":
            self._wish(targets, enabled=True)
            await services.enable(lanes, True, go_on=answer == "go")
        else:
            await services.reset(lanes)

    def action_limit(self, step: int) -> None:
        for card in self.chosen:
            most = min(max(1, card.limit + step), wishes.LARGEST_LIMIT)
            self._wish([card], limit=most)
            self._steer(partial(self.app.engine.services.limit, [card.model.lane], most))

    def action_automatic(self) -> None:
        targets = [card for card in self.chosen if card.wish.limit is not None]
        if targets:
            self._wish(targets, limit=None)
            self._steer(partial(self.app.engine.services.limit, [card.model.lane for card in targets], None))


def _question(waiting: Waiting) -> Content:
    runs = f"{len(waiting.runs)} runs" if len(waiting.runs) > 1 else f"Run {waiting.runs[0]}"
    return Content.assemble(
        f"{runs} stood still because of it. To be sent: ",
        (f"{waiting.jobs:,} {'picture' if waiting.jobs == 1 else 'pictures'}", "bold"),
        ", up to ",
        (show(waiting.quoted), "bold $warning"),
        ".",
    )
