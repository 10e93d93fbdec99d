"""Every provider's API, simulated faithfully, with faults on demand.

`Sandbox` is the whole of it, without a socket. `transport` gives it to an httpx client in the same process, `serve`
puts it behind loopback ports, `environment` returns the variables that point a client there.
"""

from typing import TYPE_CHECKING

from fluxtui.sandbox.bases import IN_PROCESS, ROLES, Bases, environment
from fluxtui.sandbox.faults import Faults, FaultsError, read_faults

if TYPE_CHECKING:
    from collections.abc import Awaitable

    import httpx

    from fluxtui.sandbox.core import Sandbox
    from fluxtui.sandbox.ledger import Ledger
    from fluxtui.sandbox.server import Served

__all__ = [
    "IN_PROCESS",
    "ROLES",
    "Bases",
    "Faults",
    "FaultsError",
    "Ledger",
    "Sandbox",
    "environment",
    "read_faults",
    "serve",
    "transport",
]


def transport(sandbox: "Sandbox") -> "httpx.AsyncBaseTransport":
    """Return a transport for an httpx.AsyncClient that answers from `sandbox`, without a port."""
    from fluxtui.sandbox.inprocess import SandboxTransport

    return SandboxTransport(sandbox)


def serve(sandbox: "Sandbox", host: str = "127.0.0.1", port: int = 0) -> "Awaitable[Served]":
    """Answer on loopback ports; see `fluxtui.sandbox.server.serve`."""
    from fluxtui.sandbox.server import serve as bind

    return bind(sandbox, host, port)


def __getattr__(name: str) -> object:
    # The core brings asyncio along: those who only want the variables do not pay for it.
    if name == "Sandbox":
        from fluxtui.sandbox.core import Sandbox

        return Sandbox
    if name == "Ledger":
        from fluxtui.sandbox.ledger import Ledger

        return Ledger
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
