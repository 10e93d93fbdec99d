"""The sandbox behind real sockets: one loopback port for every door."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType

from aiohttp import web

from fluxtui.domain.problems import FluxtuiError, Problem, ProblemKind
from fluxtui.sandbox.bases import ROLES, Bases
from fluxtui.sandbox.core import Sandbox
from fluxtui.sandbox.messages import SandboxRequest, SandboxResponse

LARGEST_BODY = 256 * 1024 * 1024
"""Bytes of a request; ten reference pictures as base64 fit."""

_log = logging.getLogger(__name__)


class ServeError(FluxtuiError):
    """The ports cannot be taken."""


class Served:
    """A sandbox that answers. Close it, or use it in `async with`."""

    def __init__(self, sandbox: Sandbox, runners: list[web.AppRunner], bases: Bases) -> None:
        self.sandbox = sandbox
        self.bases = bases
        self._runners = runners

    async def close(self) -> None:
        """Free the ports. Answers that are still being made are dropped."""
        for runner in self._runners:
            await runner.cleanup()
        self._runners.clear()
        self.sandbox.close()

    async def __aenter__(self) -> "Served":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


async def serve(sandbox: Sandbox, host: str = "127.0.0.1", port: int = 0) -> Served:
    """Answer on `host`: the doors of `ROLES` take `port`, `port` + 1 ... in order, or free ports when `port` is 0.

    Sets the sandbox's bases to what was bound. Raises ServeError when a port is taken or the host is none of ours.
    """
    runners: list[web.AppRunner] = []
    origins: dict[str, str] = {}
    try:
        for number, role in enumerate(ROLES):
            wanted = port + number if port else 0
            runners.append(await _bind(sandbox, role, host, wanted))
            bound = runners[-1].addresses[0][1]
            origins[role] = f"http://{_reachable(host)}:{bound}"
    except (OSError, OverflowError) as error:
        for runner in runners:
            await runner.cleanup()
        raise ServeError(_cannot_bind(host, wanted, error)) from error
    sandbox.bases = Bases(origins)
    return Served(sandbox, runners, sandbox.bases)


def _cannot_bind(host: str, port: int, error: Exception) -> Problem:
    return Problem(
        ProblemKind.CONFIGURATION,
        f"The sandbox cannot listen on {host}, port {port}",
        cause=str(error),
        advice=f"It takes {len(ROLES)} ports in a row: choose another first one with --port, or 0 for any free ones.",
    )


def _reachable(host: str) -> str:
    """Return how clients on this machine reach a listening address."""
    if host in ("", "0.0.0.0", "::"):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


async def _bind(sandbox: Sandbox, role: str, host: str, port: int) -> web.AppRunner:
    application = web.Application(client_max_size=LARGEST_BODY)
    application.router.add_route("*", "/{path:.*}", _handler(sandbox, role))
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except (OSError, OverflowError):
        await runner.cleanup()
        raise
    return runner


def _handler(sandbox: Sandbox, role: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        url = f"{request.scheme}://{request.host}{request.path_qs}"
        body = await request.read()
        answer = await sandbox.handle(SandboxRequest(request.method, url, headers, body, role))
        if answer.hangup is not None:
            return _broken(request)
        return await _send(request, answer)

    return handle


def _broken(request: web.Request) -> web.StreamResponse:
    """Cut the connection; what is returned goes nowhere."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _send(request: web.Request, answer: SandboxResponse) -> web.StreamResponse:
    headers: Mapping[str, str] = answer.headers
    response = web.StreamResponse(status=answer.status, headers=headers)
    if isinstance(answer.body, bytes):
        if request.method != "HEAD":
            response.content_length = len(answer.body)
    else:
        response.enable_chunked_encoding()
    try:
        await response.prepare(request)
        if isinstance(answer.body, bytes):
            await response.write(answer.body[: answer.cut_after])
        else:
            for piece in answer.body:
                await response.write(piece)
        if answer.cut_after is not None:
            return _broken(request)
        await response.write_eof()
    except ConnectionError as error:
        _log.debug("the client left before the answer was sent: %s", error)
        return response
    if answer.on_sent is not None:
        answer.on_sent()
    return response
