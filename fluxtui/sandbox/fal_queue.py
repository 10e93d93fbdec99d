"""fal's queue: what was submitted, what is being worked on, what is done.

Nothing runs between two questions: `Queue.settle` replays what has happened since the last one from the clock. Only
work under way takes one of the account's places; everything else waits, however much of it there is.
"""

import heapq
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from fluxtui.domain.values import JsonObject
from fluxtui.sandbox.pictures import PictureSpec

_PICK_UP_SHARE = 0.15
_LONGEST_PICK_UP = 0.5


@dataclass(slots=True)
class Request:
    """One accepted submission. `created` in seconds since the epoch, `seconds` of work; cost in millionths of a dollar.

    `complaints` are those of the model about its input, `flagged` the pictures that its safety checker blackened.
    `limit` is how long the client lets it wait for its start. `outcome` as in `Submission`.
    """

    id: str
    application: str
    path: str
    fingerprint: str
    created: float
    seconds: float
    outcome: str
    arguments: JsonObject
    complaints: list[JsonObject]
    seed: int
    pictures: tuple[PictureSpec, ...]
    flagged: int
    flags: bool
    inline: bool
    cost: int
    units: float
    limit: float | None
    media_seconds: float
    number: int = 0
    started: float | None = None
    ended: float | None = None
    error_type: str = ""
    polls: int = 0
    files: tuple[str, ...] = field(default=())

    def as_json(self) -> JsonObject:
        return asdict(self)

    @classmethod
    def from_json(cls, data: JsonObject) -> "Request":
        specs, files = data["pictures"], data["files"]
        assert isinstance(specs, list)
        assert isinstance(files, list)
        pictures = tuple(PictureSpec(**spec) for spec in specs if isinstance(spec, dict))  # type: ignore[arg-type]
        return cls(**{**data, "pictures": pictures, "files": tuple(files)})  # type: ignore[arg-type]

    @property
    def ready(self) -> float:
        """The moment from which a place would be taken."""
        return self.created + min(_PICK_UP_SHARE * self.seconds, _LONGEST_PICK_UP)

    def status(self, now: float) -> str:
        """Return one of the three statuses; `Queue.settle` comes first."""
        if self.ended is not None and now >= self.ended:
            return "COMPLETED"
        return "IN_QUEUE" if self.started is None else "IN_PROGRESS"


class Queue:
    """All requests of the account.

    `places` returns how many may be worked on at once, None for any number; `on_late` hears of requests that waited
    longer for their start than their client allowed.
    """

    def __init__(
        self, clock: Callable[[], float], places: Callable[[], int | None], on_late: Callable[[Request], None]
    ) -> None:
        self._clock = clock
        self._places = places
        self._on_late = on_late
        self._requests: dict[str, Request] = {}
        self._waiting: list[tuple[float, int, str]] = []
        self._running: list[tuple[float, str]] = []
        self._active: set[str] = set()
        self._moment = 0.0
        self._left = 0
        self._spent = 0

    def add(self, request: Request) -> None:
        self._settle()
        self.restore(request)

    def restore(self, request: Request) -> None:
        """Take back a request of an earlier process; what became of it is replayed once all of them are there."""
        request.number = len(self._requests)
        self._requests[request.id] = request
        self._spent += request.cost
        heapq.heappush(self._waiting, (request.ready, request.number, request.id))

    def restore_end(self, request_id: str, at: float, error_type: str) -> None:
        """Take back that a request was ended before its time."""
        self._end(self._requests[request_id], at, error_type)

    def get(self, request_id: str) -> Request | None:
        self._settle()
        request = self._requests.get(request_id)
        if request is not None and request.started is None and request.ended is None:
            self._give_up(request, self._clock())
        return request

    @property
    def spent(self) -> int:
        """What was charged so far, in millionths of a dollar; work under way is charged already."""
        return self._spent

    @property
    def full(self) -> bool:
        """Whether every place is taken."""
        self._settle()
        places = self._places()
        return places is not None and len(self._active) >= places

    def position(self, request: Request) -> int:
        """Return how many wait before this one. Not exact among those that overtake each other by short pick-ups."""
        return max(0, request.number - self._left)

    def cancel(self, request: Request, at: float) -> bool:
        """End a request. Return whether there was anything left to end."""
        self._settle()
        if request.status(at) == "COMPLETED":
            return False
        self._end(request, at, "client_cancelled")
        return True

    def _settle(self) -> None:
        """Let everything happen that has become due, in the order in which it became so."""
        now = self._clock()
        while True:
            start, end = self._next_start(), self._running[0][0] if self._running else None
            if end is not None and end <= now and (start is None or end <= start):
                self._finish(*heapq.heappop(self._running))
            elif start is not None and start <= now:
                self._start(start)
            else:
                break

    def _next_start(self) -> float | None:
        while self._waiting and self._requests[self._waiting[0][2]].ended is not None:
            heapq.heappop(self._waiting)
        places = self._places()
        if not self._waiting or (places is not None and len(self._active) >= places):
            return None
        return max(self._waiting[0][0], self._moment)

    def _start(self, at: float) -> None:
        request = self._requests[heapq.heappop(self._waiting)[2]]
        if self._give_up(request, at):
            return
        self._left += 1
        request.started = at
        request.ended = at + max(0.0, request.seconds - (request.ready - request.created))
        self._active.add(request.id)
        heapq.heappush(self._running, (request.ended, request.id))
        self._moment = max(self._moment, at)

    def _finish(self, at: float, request_id: str) -> None:
        request = self._requests[request_id]
        if request_id in self._active and request.ended is not None and request.ended <= at:
            self._active.discard(request_id)
            self._moment = max(self._moment, at)

    def _give_up(self, request: Request, now: float) -> bool:
        """End a request whose client did not want to wait so long. Return whether it did."""
        if request.limit is None or now <= request.created + request.limit:
            return False
        self._end(request, request.created + request.limit, "request_timeout")
        self._on_late(request)
        return True

    def _end(self, request: Request, at: float, error_type: str) -> None:
        if request.started is None:
            self._left += 1
        request.ended, request.error_type = at, error_type
        self._spent -= request.cost
        if request.id in self._active:
            heapq.heappush(self._running, (at, request.id))
