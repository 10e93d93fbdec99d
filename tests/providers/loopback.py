"""Servers on real sockets that answer with the bytes a test tells them to, or break off."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Loopback:
    """A listening server and every request that reached it."""

    port: int
    requests: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextlib.asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[Loopback]:
    """Serve: read each request whole, then let `answer` write; the connection closes after it."""

    handlers: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers.add(asyncio.current_task())  # type: ignore[arg-type]
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                (
                    int(line.split(b":")[1])
                    for line in head.split(b"\r\n")
                    if line.lower().startswith(b"content-length")
                ),
                0,
            )
            loopback.requests.append(head + await reader.readexactly(length))
            await answer(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client went away, which is what some tests are about
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    loopback = Loopback(server.sockets[0].getsockname()[1])
    async with server:
        yield loopback
    await asyncio.gather(*handlers, return_exceptions=True)


def raw(data: bytes) -> Answer:
    """Answer with exactly `data`, then close."""

    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()

    return write


def answering(status: str, body: bytes, *headers: str) -> Answer:
    lines = [f"HTTP/1.1 {status}", "connection: close", f"content-length: {len(body)}", *headers]
    return raw("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def resetting(data: bytes = b"") -> Answer:
    """Answer with `data`, then reset the connection (RST instead of FIN)."""

    async def write(writer: asyncio.StreamWriter) -> None:
        if data:
            writer.write(data)
            await writer.drain()
        connection: socket.socket = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    return write


def silent(until: asyncio.Event, data: bytes = b"") -> Answer:
    """Answer with `data` and nothing more until `until` is set."""

    async def write(writer: asyncio.StreamWriter) -> None:
        if data:
            writer.write(data)
            await writer.drain()
        await until.wait()

    return write


def closed_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
