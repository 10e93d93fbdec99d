"""How many requests of a lane may be under way at once: as many as the service bears.

Additive increase, multiplicative decrease, begun by a slow start: a bad key is met by a handful of
requests, not by a burst; a service that says 429 is asked less, and gradually more again.
"""

from collections.abc import Callable
from dataclasses import dataclass

FIRST = 4
"""Requests under way before the service has accepted anything."""


@dataclass(slots=True)
class AdaptiveLimit:
    """The limit of one lane. `clock` gives seconds since the epoch."""

    maximum: int
    clock: Callable[[], float]
    _limit: float = FIRST
    _threshold: float = float("inf")
    _last_cut: float = 0.0
    resume_at: float = 0.0

    @property
    def value(self) -> int:
        return max(1, min(int(self._limit), self.maximum))

    def allow(self, maximum: int) -> None:
        """Set what a person, or the catalog, allows at most."""
        self.maximum = max(1, maximum)

    def accepted(self) -> None:
        """The service took a request: allow more, quickly up to where it last complained, then slowly."""
        if self._limit >= self.maximum:
            return
        self._limit = min(self._limit + (1.0 if self._limit < self._threshold else 1.0 / self._limit), self.maximum)

    def throttled(self, wait: float) -> None:
        """The service complained: send nothing for `wait` seconds, then half as much.

        The requests that were under way together complain together; only the first of them cuts.
        """
        now = self.clock()
        self.pause(wait)
        if now - self._last_cut >= 1.0:
            self._last_cut = now
            self._limit = max(1.0, min(self._limit, self.maximum) / 2)
            self._threshold = self._limit

    def pause(self, wait: float) -> None:
        self.resume_at = max(self.resume_at, self.clock() + wait)

    def restart(self) -> None:
        """Begin anew, after a person has seen to what parked the lane."""
        self._limit, self._threshold, self.resume_at = float(FIRST), float("inf"), 0.0

    @property
    def waits(self) -> float:
        """Seconds until anything may be sent; 0 when now."""
        return max(0.0, self.resume_at - self.clock())
