"""A loopback server that plays the two services as fast as one core allows: raw asyncio, answers made once.

A web framework would be slower than the clients that are measured here. It checks nothing and keeps
no state but its counts. A prompt that begins with `large` gets the large picture, any other the tiny one.

    POST .../images/generations      the picture as base64 in JSON, after the delay
    POST /v1/<model>                 a ticket, after the delay
    GET  /v1/get_result?id=...       ready at the first poll, or (every other ticket) at the second
    GET  /delivery/...               the picture
    GET  /counts                     what was submitted and delivered since the last time this was asked
"""

import argparse
import asyncio
import base64
import json
from collections import Counter
from collections.abc import Callable

from benchmarks import pictures

_SLICE = 256 * 1024
"""Bytes written at a time, so that hundreds of large answers wait as views, not as copies."""


def _answer(body: bytes, kind: bytes = b"application/json", status: bytes = b"200 OK") -> bytes:
    head = b"HTTP/1.1 %b\r\ncontent-type: %b\r\ncontent-length: %d\r\n\r\n" % (status, kind, len(body))
    return head + body


def _encoded(picture: bytes) -> bytes:
    """Return the image route's answer, in the shape that was captured from the service."""
    safe = {"filtered": False, "severity": "safe"}
    filters = dict.fromkeys(("sexual", "violence", "hate", "self_harm"), safe)
    item = {
        "url": None,
        "b64_json": base64.b64encode(picture).decode(),
        "revised_prompt": None,
        "content_filter_results": filters,
    }
    return _answer(json.dumps({"created": 1_759_252_456, "data": [item]}, separators=(",", ":")).encode())


class Service:
    """What all connections share: the prepared answers, the counts and the tickets' polls."""

    def __init__(self, delay: float) -> None:
        self.delay = delay
        self.base = ""
        self.counts: Counter[str] = Counter()
        self.encoded = {size: _encoded(data) for size, data in self._pictures()}
        self.delivered = {size: _answer(data, b"image/png") for size, data in self._pictures()}
        self._tickets = 0
        self._pending: set[bytes] = set()

    @staticmethod
    def _pictures() -> tuple[tuple[str, bytes], ...]:
        return ("tiny", pictures.tiny()), ("large", pictures.large())

    def handle(self, head: bytes, body: bytes, send: Callable[[bytes], None]) -> None:
        """Answer one request, now or after the delay."""
        method, path, _ = head.split(b" ", 2)
        if method == b"POST":
            size = "large" if b'"prompt":"large' in body or b'"prompt": "large' in body else "tiny"
            self.counts["submitted"] += 1
            answer = self.encoded[size] if b"/images/generations" in path else self._ticket(size)
            asyncio.get_running_loop().call_later(self.delay, send, answer)
        elif path.startswith(b"/v1/get_result"):
            send(self._result(path.rpartition(b"=")[2]))
        elif path.startswith(b"/delivery/"):
            self.counts["delivered"] += 1
            send(self.delivered["large" if b"/large-" in path else "tiny"])
        elif path == b"/counts":
            counts = {name: self.counts[name] for name in ("submitted", "polled", "delivered")}
            self.counts.clear()
            send(_answer(json.dumps(counts).encode()))
        else:
            send(_answer(b'{"detail":"Not Found"}', status=b"404 Not Found"))

    def _ticket(self, size: str) -> bytes:
        self._tickets += 1
        ticket = f"{size}-{self._tickets}"
        if self._tickets % 2:
            self._pending.add(ticket.encode())
        polling = f"{self.base}/v1/get_result?id={ticket}"
        body = {"id": ticket, "polling_url": polling, "cost": None, "input_mp": None, "output_mp": None}
        return _answer(json.dumps(body).encode())

    def _result(self, ticket: bytes) -> bytes:
        self.counts["polled"] += 1
        name = ticket.decode()
        body: dict[str, object] = {"id": name, "status": "Pending", "result": None, "progress": 0.5}
        if ticket in self._pending:
            self._pending.remove(ticket)
        else:
            sample = f"{self.base}/delivery/{name}/sample.png?se=2099-01-01T00%3A00%3A00Z&sig=benchmark"
            result = {"sample": sample, "prompt": "drawn", "seed": 7, "duration": 0.05}
            body |= {"status": "Ready", "result": result, "progress": None}
        return _answer(json.dumps(body).encode())


class Connection(asyncio.Protocol):
    """One keep-alive connection: requests one after the other, answers in slices as the client reads."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._rest = memoryview(b"")
        self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=_SLICE)

    def data_received(self, data: bytes) -> None:
        received = self._received
        received += data
        end = received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(received[:end])
        length = _content_length(head)
        if len(received) < end + 4 + length:
            return
        body = bytes(received[end + 4 : end + 4 + length])
        del received[: end + 4 + length]
        self._service.handle(head, body, self._send)

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self._write_on()

    def _send(self, answer: bytes) -> None:
        self._rest = memoryview(answer)
        self._write_on()

    def _write_on(self) -> None:
        transport = self._transport
        assert transport is not None
        while self._rest and not self._paused and not transport.is_closing():
            piece, self._rest = self._rest[:_SLICE], self._rest[_SLICE:]
            transport.write(piece)


def _content_length(head: bytes) -> int:
    start = head.lower().find(b"\r\ncontent-length:")
    if start < 0:
        return 0
    return int(head[start + 17 :].split(b"\r\n", 1)[0])


async def serve(delay: float) -> None:
    """Serve on a free port of the loopback until the process is ended; the port is printed first."""
    service = Service(delay)
    server = await asyncio.get_running_loop().create_server(lambda: Connection(service), "127.0.0.1", 0, backlog=1024)
    service.base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    print(service.base, flush=True)
    async with server:
        await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description="the server of benchmarks/throughput.py")
    parser.add_argument("--delay", type=float, default=0.05, help="seconds before a submission is answered")
    asyncio.run(serve(parser.parse_args().delay))


if __name__ == "__main__":
    main()
