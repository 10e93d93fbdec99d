"""The circuit breaker of a lane: a service in trouble is left alone for a while, then probed once.

closed → (several troubles in a row) → open → (time) → half open → (one probe) → closed, or open for longer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from fluxtui.domain.problems import ProblemKind

TROUBLES = frozenset({ProblemKind.NETWORK, ProblemKind.SERVER_ERROR, ProblemKind.TIMEOUT})
"""What says that the service, not the request, is in trouble."""

MOST_IN_A_ROW = 6
FIRST_REST = 5.0
LONGEST_REST = 300.0
MOST_OPENINGS = 4
"""Openings without a success in between; then only a person can help, and the lane is parked."""


class Circuit(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half open"


@dataclass(slots=True)
class Breaker:
    """Counts troubles in a row. `clock` gives seconds since the epoch."""

    clock: Callable[[], float]
    in_a_row: int = 0
    openings: int = 0
    open_until: float = 0.0
    _open: bool = False

    @property
    def state(self) -> Circuit:
        if not self._open:
            return Circuit.CLOSED
        return Circuit.OPEN if self.waits > 0 else Circuit.HALF_OPEN

    @property
    def waits(self) -> float:
        """Seconds until the next probe; 0 when anything may be sent now."""
        return max(0.0, self.open_until - self.clock()) if self._open else 0.0

    def room(self, in_flight: int) -> int:
        """Return how many more requests may be sent beside `in_flight`: all, none, or the one probe."""
        match self.state:
            case Circuit.CLOSED:
                return 1_000_000
            case Circuit.OPEN:
                return 0
            case Circuit.HALF_OPEN:
                return max(0, 1 - in_flight)

    def succeeded(self) -> None:
        self.in_a_row = self.openings = 0
        self._open = False

    def failed(self, kind: ProblemKind) -> bool:
        """Note a failed request; returns whether the circuit has opened (again) by it."""
        if kind not in TROUBLES:
            if kind is not ProblemKind.RATE_LIMITED:
                self.in_a_row = 0  # it answered, if only to say no
            return False
        self.in_a_row += 1
        probe_failed = self.state is Circuit.HALF_OPEN
        if not probe_failed and (self._open or self.in_a_row < MOST_IN_A_ROW):
            return False
        self._open = True
        self.open_until = self.clock() + min(FIRST_REST * 2**self.openings, LONGEST_REST)
        self.openings += 1
        return True

    @property
    def hopeless(self) -> bool:
        return self.openings >= MOST_OPENINGS

    def reset(self) -> None:
        """Begin anew: a person has seen to it."""
        self.succeeded()
