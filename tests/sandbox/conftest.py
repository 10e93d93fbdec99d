"""A sandbox with a clock that tests move, and clients that talk to it in the same process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from fluxtui.sandbox import IN_PROCESS, Faults, environment, transport
from fluxtui.sandbox.core import Sandbox

VARIABLES = environment(IN_PROCESS)
BFL = VARIABLES["BFL_FLUX_API_URL"]
BFL_HEADERS = {"x-key": VARIABLES["BFL_FLUX_API_KEY"]}
AZURE = VARIABLES["AZURE_FLUX_ENDPOINT"]
AZURE_HEADERS = {"api-key": VARIABLES["AZURE_FLUX_API_KEY"]}


@dataclass
class Clock:
    """Time that passes only when a test or a sleeping service says so."""

    now: float = 1_800_000_000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


@dataclass
class Bench:
    """A sandbox, its clock and a client of it."""

    sandbox: Sandbox
    clock: Clock
    client: httpx.AsyncClient

    async def submit(self, model: str, **body: Any) -> httpx.Response:
        return await self.client.post(f"{BFL}/v1/{model}", headers=BFL_HEADERS, json=body)

    async def azure(self, url: str = AZURE, **body: Any) -> httpx.Response:
        return await self.client.post(url, headers=AZURE_HEADERS, json=body)

    async def finished(self, submitted: httpx.Response) -> dict[str, Any]:
        """Let a task finish and return what its poll says."""
        self.clock.now += 60
        polled: dict[str, Any] = (await self.client.get(submitted.json()["polling_url"])).json()
        return polled

    @property
    def summary(self) -> dict[str, Any]:
        return dict(self.sandbox.ledger.summary())


MakeBench = Callable[..., Bench]


@pytest.fixture
async def make_bench() -> AsyncIterator[MakeBench]:
    clients: list[httpx.AsyncClient] = []
    sandboxes: list[Sandbox] = []

    def make(faults: Faults | None = None, *, state: Path | None = None, clock: Clock | None = None) -> Bench:
        clock = clock or Clock()
        chosen = faults or Faults.none(picture_bytes=4096)
        sandbox = Sandbox(faults=chosen, state=state, clock=clock, sleep=clock.sleep)
        client = httpx.AsyncClient(transport=transport(sandbox))
        clients.append(client)
        sandboxes.append(sandbox)
        return Bench(sandbox, clock, client)

    yield make
    for client in clients:
        await client.aclose()
    for sandbox in sandboxes:
        sandbox.close()


@pytest.fixture
def bench(make_bench: MakeBench) -> Bench:
    return make_bench()
