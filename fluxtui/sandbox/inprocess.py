"""An httpx transport that answers from a sandbox in the same process, without a port."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import httpx

from fluxtui.sandbox.core import Sandbox
from fluxtui.sandbox.messages import Hangup, SandboxRequest, SandboxResponse

_PIECE = 64 * 1024


class SandboxTransport(httpx.AsyncBaseTransport):
    """Hands requests to a sandbox as a network would: a service goes on with what it accepted even when the client
    gives up, and answers arrive in pieces.

    Raises httpx.ConnectError for a refused connection, httpx.ReadError for one that is cut and httpx.ReadTimeout when
    the answer takes longer than the request's read timeout.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._under_way: set[asyncio.Task[SandboxResponse]] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        headers = {name.lower(): value for name, value in request.headers.items()}
        message = SandboxRequest(request.method, str(request.url), headers, body)
        task = asyncio.create_task(self._sandbox.handle(message))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        answer = await self._in_time(task, request)
        if answer.hangup is Hangup.REFUSED:
            raise httpx.ConnectError("All connection attempts failed", request=request)
        if answer.hangup is Hangup.CUT:
            raise httpx.ReadError("Connection reset by peer", request=request)
        if isinstance(answer.body, bytes):
            answer.headers.setdefault("content-length", str(len(answer.body)))
        else:
            answer.headers.setdefault("transfer-encoding", "chunked")
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer, request), request=request)

    async def _in_time(self, task: "asyncio.Task[SandboxResponse]", request: httpx.Request) -> SandboxResponse:
        timeout = request.extensions.get("timeout", {}).get("read")
        done, _ = await asyncio.wait({task}, timeout=timeout)
        if not done:
            raise httpx.ReadTimeout("The sandbox did not answer in time", request=request)
        return task.result()

    async def aclose(self) -> None:
        """Stop answering: what is still under way is dropped, as when the service's process ends."""
        tasks = list(self._under_way)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Body(httpx.AsyncByteStream):
    """The body of an answer in pieces; tells the sandbox once all of it was read."""

    def __init__(self, answer: SandboxResponse, request: httpx.Request) -> None:
        self._answer = answer
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = self._answer.cut_after
        for piece in _pieces(self._answer.body):
            if left is not None:
                piece, left = piece[:left], left - len(piece[:left])
            if piece:
                yield piece
            if left == 0:
                raise httpx.ReadError("Connection reset by peer", request=self._request)
            await asyncio.sleep(0)
        if self._answer.on_sent is not None:
            self._answer.on_sent()


def _pieces(body: bytes | Iterator[bytes]) -> Iterator[bytes]:
    if isinstance(body, bytes):
        for start in range(0, len(body), _PIECE):
            yield body[start : start + _PIECE]
    else:
        yield from body
