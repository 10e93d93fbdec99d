"""How a lane does, for the screens: latency, troubles, what the service still allows. Kept in memory."""

import math
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice

from fluxtui.domain.problems import ProblemKind

MOST_LATENCIES = 100
"""Successes that p50 and p95 are taken from."""

MEMORY = 3600.0
"""Seconds for which a trouble is counted."""

MOST_TOLD = 40
"""Latencies that are told to the screens, for a line of blocks."""

_MOST_TROUBLES = 10_000

_HEADROOM = (
    ("x-ratelimit-remaining-requests", "x-ratelimit-limit-requests"),  # OpenAI, Azure OpenAI
    ("x-ratelimit-remaining", "x-ratelimit-limit"),
    ("ratelimit-remaining", "ratelimit-limit"),  # the IETF's draft, up to its version 07
)


@dataclass(slots=True)
class Health:
    """One lane's window on its service. `clock` gives seconds since the epoch."""

    clock: Callable[[], float]
    succeeded_at: float | None = None
    headroom: int | None = None
    headroom_limit: int | None = None
    _latencies: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_LATENCIES))
    _troubles: deque[tuple[float, ProblemKind]] = field(default_factory=deque)
    _counts: Counter[ProblemKind] = field(default_factory=Counter)

    def succeeded(self, seconds: float | None) -> None:
        """A picture is saved; `seconds` is how long that took from sending, None when nobody knows."""
        self.succeeded_at = round(self.clock(), 3)
        if seconds is not None:
            self._latencies.append(seconds)

    def troubled(self, kind: ProblemKind) -> None:
        self._troubles.append((self.clock(), kind))
        self._counts[kind] += 1
        if len(self._troubles) > _MOST_TROUBLES:
            self._forget()

    def remember(self, latencies: Iterable[float], succeeded_at: float | None) -> None:
        """Begin with what another runner has seen of the lane."""
        self._latencies.extend(latencies)
        self.succeeded_at = succeeded_at

    def heard(self, headers: Mapping[str, str]) -> None:
        """Read from an answer's headers (names in lower case) how much more the service allows now."""
        for remaining, limit in _HEADROOM:
            left = headers.get(remaining, "")
            if left.isdecimal():
                whole = headers.get(limit, "")
                self.headroom, self.headroom_limit = _number(left), _number(whole) if whole.isdecimal() else None
                return

    def percentile(self, share: float) -> float | None:
        """Return the seconds within which `share` (0 to 1) of the last successes came, None without any."""
        if not self._latencies:
            return None
        ordered = sorted(self._latencies)
        return round(ordered[max(0, math.ceil(share * len(ordered)) - 1)], 2)

    @property
    def latencies(self) -> tuple[float, ...]:
        """The seconds of the newest successes, oldest first."""
        untold = max(0, len(self._latencies) - MOST_TOLD)
        return tuple(round(seconds, 2) for seconds in islice(self._latencies, untold, None))

    @property
    def errors(self) -> dict[str, int]:
        """Troubles of the last hour by kind, the most frequent first."""
        while self._troubles and self._troubles[0][0] <= self.clock() - MEMORY:
            self._forget()
        return {kind.value: count for kind, count in self._counts.most_common() if count}

    def _forget(self) -> None:
        _, kind = self._troubles.popleft()
        self._counts[kind] -= 1


def _number(digits: str) -> int:
    """Return what fits into a column, whatever a service says."""
    return int(digits[:15])
