"""Accepted work at BFL: how far it is, how much of it is active, what is left of the credits."""

import heapq
from dataclasses import asdict, dataclass

from fluxtui.domain.values import JsonObject
from fluxtui.sandbox.gate import CONTENT_MODERATED, ERROR, PICTURE, REQUEST_MODERATED
from fluxtui.sandbox.pictures import PictureSpec
from fluxtui.sandbox.world import World

CREDIT_MICROS = 10_000
"""A credit in millionths of a dollar."""

_FINAL = {
    PICTURE: "Ready",
    REQUEST_MODERATED: "Request Moderated",
    CONTENT_MODERATED: "Content Moderated",
    ERROR: "Error",
}


@dataclass(slots=True)
class Task:
    """One accepted submission. `created` in seconds since the epoch, `seconds` until the end, cost in credits."""

    id: str
    endpoint: str
    role: str
    fingerprint: str
    created: float
    seconds: float
    outcome: str
    error: str
    cost: float
    tells_cost: bool
    input_mp: float
    picture: PictureSpec
    prompt: str
    tells_seed: bool
    polls: int = 0
    downloads: int = 0

    def as_json(self) -> JsonObject:
        return asdict(self)

    @classmethod
    def from_json(cls, data: JsonObject) -> "Task":
        picture = data["picture"]
        assert isinstance(picture, dict)
        return cls(**{**data, "picture": PictureSpec(**picture)})  # type: ignore[arg-type]

    @property
    def ended(self) -> float:
        return self.created + self.seconds

    def status(self, now: float) -> tuple[str, float | None]:
        """Return the status and the progress at a moment."""
        if now >= self.ended:
            return _FINAL[self.outcome], None
        done = max(0.0, (now - self.created) / self.seconds)
        if self.endpoint == "flux-3-image":
            return ("Pending" if done < 0.15 else "Reasoning" if done < 0.45 else "Generating"), None
        return "Pending", None if done < 0.15 else 0.1 if done < 0.55 else 0.5


class TaskBook:
    """All tasks of the account."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tasks: dict[str, Task] = {}
        self._running: list[tuple[float, str]] = []
        self._active: dict[str, int] = {}
        self._spent = 0.0

    def add(self, task: Task) -> None:
        self._tasks[task.id] = task
        self._spent += task.cost
        heapq.heappush(self._running, (task.ended, task.id))
        self._active[task.endpoint] = self._active.get(task.endpoint, 0) + 1

    def get(self, task_id: str) -> Task | None:
        return self._tasks.get(task_id)

    def active(self, endpoint: str | None = None) -> int:
        """Return how many tasks (of one endpoint) are not finished yet."""
        self._settle()
        return sum(self._active.values()) if endpoint is None else self._active.get(endpoint, 0)

    def balance(self) -> float:
        """Return the credits that are left. Finished work without a picture has been refunded."""
        self._settle()
        return self._world.faults.of("bfl").credits - self._spent

    def _settle(self) -> None:
        now = self._world.clock()
        while self._running and self._running[0][0] <= now:
            task = self._tasks[heapq.heappop(self._running)[1]]
            self._active[task.endpoint] -= 1
            if task.outcome != PICTURE:
                self._spent -= task.cost
