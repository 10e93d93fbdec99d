"""Token buckets: how many requests a minute a deployment takes."""

from collections.abc import Callable


class Buckets:
    """One bucket a name, holding a minute's worth of requests and refilled evenly."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._levels: dict[str, tuple[float, float]] = {}

    def take(self, name: str, per_minute: int | None) -> float:
        """Take one request out. Return 0 when there was one, else the seconds until there will be."""
        if per_minute is None:
            return 0.0
        now = self._clock()
        level, since = self._levels.get(name, (float(per_minute), now))
        level = min(float(per_minute), level + (now - since) * per_minute / 60)
        if level >= 1:
            self._levels[name] = (level - 1, now)
            return 0.0
        self._levels[name] = (level, now)
        return (1 - level) * 60 / per_minute
