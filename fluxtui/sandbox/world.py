"""What all simulated services share: time, faults, the ledger, addresses and the painter."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol

from fluxtui.domain.values import JsonObject
from fluxtui.sandbox.bases import Bases
from fluxtui.sandbox.faults import Faults
from fluxtui.sandbox.gate import Gate
from fluxtui.sandbox.ledger import Identity, Ledger, Submission, key_fingerprint
from fluxtui.sandbox.markers import Markers
from fluxtui.sandbox.messages import SandboxRequest, SandboxResponse
from fluxtui.sandbox.pictures import Pictures


@dataclass
class World:
    """`clock` gives seconds since the epoch; `sleep` waits so many seconds of the same time."""

    faults: Faults
    ledger: Ledger
    bases: Bases
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    pictures: Pictures

    def gate(self, identity: Identity, markers: Markers) -> Gate:
        return Gate(self.faults.of(identity.service), identity, markers, self.ledger.tries(identity.fingerprint))

    async def wait(self, seconds: float) -> None:
        if seconds > 0:
            await self.sleep(seconds)

    def refuse(self, submission_id: str, identity: Identity, key: str, status: int, reason: str) -> Submission:
        """Write a refused submission into the ledger."""
        return self.ledger.record(
            self.submission(submission_id, identity, key, accepted=False, status=status, reason=reason)
        )

    def submission(
        self, submission_id: str, identity: Identity, key: str, *, accepted: bool, status: int, reason: str = ""
    ) -> Submission:
        return Submission(
            id=submission_id,
            service=identity.service,
            model=identity.model,
            fingerprint=identity.fingerprint,
            key=key_fingerprint(key),
            at=self.clock(),
            accepted=accepted,
            status=status,
            reason=reason,
            prompt=identity.prompt[:200],
            seed=identity.seed,
            size=identity.size,
        )


def default_sleep(seconds: float) -> Awaitable[None]:
    return asyncio.sleep(seconds)


class Service(Protocol):
    """One simulated service. `roles` are the doors it answers at."""

    id: ClassVar[str]
    roles: ClassVar[tuple[str, ...]]
    key: ClassVar[str]

    def __init__(self, world: World) -> None: ...

    async def handle(self, role: str, request: SandboxRequest) -> SandboxResponse: ...

    def restore(self, work: JsonObject) -> None:
        """Take back accepted work that an earlier process wrote down."""
        ...
