"""Token buckets: how many requests a minute a deployment takes."""

from collections.abc import Callable


class Buckets:
    """One bucket a name, holding a minute's worth of requests and refilled evenly."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._levels: dict[str, tuple[float, float]] = {}

    def take(self, name: str, per_minute: int | None, amount: int = 1) -> float:
        """Take `amount` requests out. Return 0 when there were so many, else the seconds until there will be.

        More than a minute's worth can never be taken: the wait is that for a full bucket, and in vain.
        """
        if per_minute is None:
            return 0.0
        now = self._clock()
        level = self._level(name, per_minute, now)
        if level >= amount:
            self._levels[name] = (level - amount, now)
            return 0.0
        self._levels[name] = (level, now)
        missing = min(amount, per_minute) - level
        return (missing if missing > 0 else 1.0) * 60 / per_minute

    def left(self, name: str, per_minute: int) -> int:
        """Return how many whole requests could be taken now."""
        return int(self._level(name, per_minute, self._clock()))

    def _level(self, name: str, per_minute: int, now: float) -> float:
        level, since = self._levels.get(name, (float(per_minute), now))
        return min(float(per_minute), level + (now - since) * per_minute / 60)
