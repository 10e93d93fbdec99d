"""The machines behind A1111_API_URL: where they are, which one is free, and how far one's own request is."""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from fluxtui.domain.problems import ProblemKind, ServiceError
from fluxtui.providers import addresses

VARIABLE = "A1111_API_URL"

_REST = 30.0
"""Seconds for which a machine that failed is only asked when no other is there."""

_TROUBLES = frozenset(
    {
        ProblemKind.NETWORK,
        ProblemKind.TIMEOUT,
        ProblemKind.SERVER_ERROR,
        ProblemKind.CONFIGURATION,
        ProblemKind.AUTHENTICATION,
    }
)
_PAGES = ("/sdapi/v1", "/sdapi", "/docs")


def bases(text: str | None) -> tuple[str, ...]:
    """Return the addresses that `/sdapi/v1/...` follows, one a machine. Raises ValueError.

    http is assumed where no scheme stands: these servers speak no TLS of their own. The addresses of the API and of
    its documentation page are understood.
    """
    found = []
    for part in (text or "").split(","):
        if not part.strip():
            continue
        address = part.strip() if "://" in part else f"http://{part.strip()}"
        parts = addresses.pasted(address)
        path = parts.path.rstrip("/")
        for page in _PAGES:
            path = path.removesuffix(page)
        found.append(f"{parts.scheme}://{parts.netloc}{path.rstrip('/')}")
    return tuple(dict.fromkeys(found))


@dataclass(slots=True, eq=False)
class Machine:
    """One server. `forge` is None until it was asked what it is."""

    base: str
    forge: bool | None = None
    busy: int = 0
    used: int = 0
    rests_until: float = 0.0
    tasks: list[str] = field(default_factory=list)


class Machines:
    """All servers of one provider; who is free is known to this process alone. `clock` counts seconds."""

    def __init__(self, found: tuple[str, ...], clock: Callable[[], float] = time.monotonic) -> None:
        self.all = tuple(Machine(base) for base in found)
        self._clock = clock
        self._turns = itertools.count(1)

    @contextmanager
    def free(self, task: str) -> Iterator[Machine]:
        """Lend the machine with the least to do; one that just failed comes last, then who waited longest."""
        now = self._clock()
        machine = min(self.all, key=lambda one: (one.rests_until > now, one.busy, one.used))
        machine.busy += 1
        machine.used = next(self._turns)
        machine.tasks.append(task)
        try:
            yield machine
        except ServiceError as error:
            if error.problem.kind in _TROUBLES:
                machine.rests_until = self._clock() + _REST
                machine.forge = None  # who comes back may be another
            raise
        else:
            machine.rests_until = 0.0
        finally:
            machine.busy -= 1
            machine.tasks.remove(task)

    def drawing(self, task: str) -> Machine | None:
        """Return the machine that has `task` now."""
        return next((machine for machine in self.all if task in machine.tasks), None)

    def tasks(self) -> tuple[str, ...]:
        """Return the tasks that machines have now."""
        return tuple(task for machine in self.all for task in machine.tasks)
