"""The runner's connections: one client for the real services, one for the sandbox, made when needed."""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx

    from fluxtui.providers.http import Http

SANDBOX_STATE = "sandbox.jsonl"
"""What the in-process sandbox accepted, in the workspace, so that a killed run can be resumed."""


class Connections:
    """Opens each client once; close them at the end. `workspace` holds the sandbox's memory."""

    def __init__(self, workspace: Path, *, transport: "httpx.AsyncBaseTransport | None" = None) -> None:
        self.workspace = workspace
        self._transport = transport
        self._clients: dict[bool, httpx.AsyncClient] = {}
        self._https: dict[bool, Http] = {}
        self._closing = contextlib.AsyncExitStack()

    def http(self, *, sandbox: bool) -> "Http":
        """Return what providers send through: the network, or the sandbox in this process."""
        if sandbox not in self._https:
            from fluxtui.engine.pool import BODIES
            from fluxtui.providers.http import BodyGate, Http, open_client

            client = open_client(self._sandbox() if sandbox else self._transport)
            self._clients[sandbox] = client
            self._https[sandbox] = Http(client, bodies=BodyGate(BODIES))
        return self._https[sandbox]

    def _sandbox(self) -> "httpx.AsyncBaseTransport":
        from fluxtui import sandbox

        simulated = sandbox.Sandbox(state=self.workspace / SANDBOX_STATE)
        return sandbox.transport(simulated)

    async def close(self) -> None:
        for client in self._clients.values():
            await client.aclose()
        await self._closing.aclose()
