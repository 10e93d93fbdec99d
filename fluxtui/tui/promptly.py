"""Keys in lists are answered at once, and nothing avoidable holds a key up.

On Textual's own way a key passes through the queue of the focused widget and of every widget around it before its
binding is looked up, and what it changed waits for three more queues and a timer before it is drawn: a dozen turns of
the event loop, and between any two of them the loop may draw what a live run has told meanwhile.
"""

import gc
import time

from textual.app import App
from textual.events import Event, Key

from fluxtui.tui.compositor import draw_now
from fluxtui.tui.widgets.rows import Rows

_TIDY = 0.5
"""Seconds between two looks whether garbage can be collected now, and of rest before it is."""
_THOROUGH = 20.0
"""Seconds between two collections of all garbage."""
_NEVER_MIND = (100_000, 20, 20)
"""New objects after which it is collected though keys keep coming: ten a second make some thousands."""


class Promptly(App[int]):
    """An app that does what a key is bound to, and draws it, before anything else."""

    _pressed = 0.0
    """When the last key came (monotonic)."""
    _swept = 0.0
    """When all garbage was collected last (monotonic)."""

    def on_ready(self) -> None:
        """The first frame is painted: collect garbage from now on between keys, and none of what the start has made."""
        if not gc.isenabled():
            gc.freeze()  # a full collection over it holds the screen up for 40 ms, and one after it for up to 10
            gc.set_threshold(*_NEVER_MIND)
            gc.enable()
            self.set_interval(_TIDY, self._tidy)

    def _tidy(self) -> None:
        now = time.monotonic()
        if now - self._pressed >= _TIDY:
            thorough = now - self._swept >= _THOROUGH
            if thorough:
                self._swept = now
            gc.collect(2 if thorough else 1)

    async def on_event(self, event: Event) -> None:
        if isinstance(event, Key):
            self._pressed = time.monotonic()
        if not (isinstance(event, Key) and not event.is_forwarded and await self._answer(event.key)):
            await super().on_event(event)

    async def _answer(self, key: str) -> bool:
        """Do what a key in a list means; False where it means nothing or is not for a list."""
        rows = self.focused
        if not (isinstance(rows, Rows) and self.app_focus) or self.screen.maximized is not None:
            return False
        screen = self.screen
        if not (await self._check_bindings(key, priority=True) or await self._check_bindings(key)):
            return False
        if rows.is_attached and screen is self.screen:
            draw_now(*((rows, rows.vertical_scrollbar) if rows.show_vertical_scrollbar else (rows,)))
        return True
