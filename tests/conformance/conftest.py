"""The sandbox behind real sockets, for the services' own clients."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from fluxtui.sandbox import Faults, environment, serve
from fluxtui.sandbox.core import Sandbox
from fluxtui.sandbox.server import Served


class Town:
    """A served sandbox and the variables that lead to it."""

    def __init__(self, served: Served) -> None:
        self.sandbox = served.sandbox
        self.variables = environment(served.bases)

    def __getitem__(self, variable: str) -> str:
        return self.variables[variable]

    @property
    def summary(self) -> dict[str, object]:
        return dict(self.sandbox.ledger.summary())


Open = Callable[..., Awaitable[Town]]


@pytest.fixture
async def open_town() -> AsyncIterator[Open]:
    """Serve a sandbox with given faults; small plain pictures and no waiting unless told otherwise."""
    opened: list[Served] = []

    async def open_one(**faults: object) -> Town:
        settings = Faults.none(**{"picture_bytes": 4096, **faults})
        opened.append(await serve(Sandbox(faults=settings)))
        return Town(opened[-1])

    yield open_one
    for served in opened:
        await served.close()


@pytest.fixture
async def town(open_town: Open) -> Town:
    return await open_town()
