"""Pricing beside the keystrokes: always the newest batch, never two at once, off the event loop."""

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from fluxtui.domain.batch import Batch, Target
from fluxtui.domain.problems import FluxtuiError
from fluxtui.tui.screens.batch.desk import Priced
from fluxtui.tui.work import begin, in_thread

if TYPE_CHECKING:
    from fluxtui.tui.screens.batch.working import WorkingScreen

_TURN, _PAUSE = 0.002, 0.0002
"""Seconds that pricing works before it lets the event loop have a turn, and how long it steps aside."""


class Pricing:
    """Keeps the desk's quote up to date. A change while one is being worked out ends that one early."""

    def __init__(self, screen: "WorkingScreen") -> None:
        self._screen = screen
        self._wanted = 0
        self._working = False

    def want(self) -> None:
        """Something that the price depends on has changed."""
        self._wanted += 1
        desk = self._screen.desk
        if desk.document is None or desk.broken or not desk.targets:
            desk.price(None, pricing=False)
            return
        desk.price(desk.priced, pricing=True)
        if not self._working:
            self._working = True
            begin(self._screen, self._keep_up, group="price")

    async def _keep_up(self) -> None:
        desk = self._screen.desk
        try:
            done = -1
            while done != self._wanted and desk.document is not None and self._screen.standing:
                done = self._wanted
                price = partial(self._price, done, desk.batch, desk.targets)
                priced = await in_thread(price)
                if priced is not None and desk.document is not None and desk.targets:
                    desk.price(priced, pricing=done != self._wanted)
        except FluxtuiError as error:
            desk.price(None, pricing=False)
            self._screen.app.tell_problem(error.problem)
        finally:
            self._working = False

    def _price(self, number: int, batch: Batch, targets: tuple[Target, ...]) -> Priced | None:
        batches, path = self._screen.app.engine.batches, self._screen.desk.path
        source = None if path is None else str(path)
        live = batches.price(batch, targets, source, self._stopped(number))
        return None if live is None else Priced(live, batch).prepare()

    def _stopped(self, number: int) -> Callable[[], bool]:
        """Return what says whether a newer quote is wanted. It is asked at every task, and lets the screen in."""
        turn = time.perf_counter()

        def stopped() -> bool:
            nonlocal turn
            if time.perf_counter() - turn > _TURN:
                # A thread that computes keeps the interpreter for 5 ms at a time: keys would wait for each of them.
                time.sleep(_PAUSE)
                turn = time.perf_counter()
            return number != self._wanted

        return stopped
