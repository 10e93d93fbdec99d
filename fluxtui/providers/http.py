"""The client that providers are handed: timeouts, size limits, redaction, and honest errors.

Every failure leaves as a ServiceError that says whether the service may have accepted the request.
Nothing here retries, follows a redirect with a key, or lets a key into an error.
"""

import asyncio
import contextlib
import json as json_module
import zlib
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import httpx

from fluxtui.domain.problems import Acceptance, Problem, ProblemKind, ServiceError
from fluxtui.domain.text import plain
from fluxtui.domain.values import JsonValue
from fluxtui.providers.redaction import scrubbed, secrets_in
from fluxtui.providers.transport import TRANSPORT_ERRORS, is_timeout, never_sent, new_client

CONNECT_TIMEOUT = 10.0
"""Seconds for name, connection and TLS together."""

SMALL_BODY: Final = 64 * 1024
"""Bytes. A larger body takes one of the few places for bodies in memory."""

LARGEST_ERROR_BODY: Final = 64 * 1024
"""Bytes of an error's body that are read; the rest is of no use to anyone."""

_REQUEST_ID_HEADERS = ("x-request-id", "x-fal-request-id", "x-trace-id", "cf-ray", "apim-request-id", "x-ms-request-id")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 3


@dataclass(frozen=True, slots=True)
class Content:
    """A body that is no JSON, and what it is: a form with files."""

    type: str
    body: bytes


class BodyGate(asyncio.Semaphore):
    """How many large bodies may be in memory at once."""


class Reply:
    """A whole answer. `headers` have lower-case names; `body` is decompressed.

    Whoever gets a reply releases it when its body is of no more use.
    """

    __slots__ = ("_gate", "_secrets", "body", "headers", "status")

    def __init__(
        self,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        *,
        secrets: tuple[str, ...] = (),
        gate: BodyGate | None = None,
    ) -> None:
        self.status = status
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.body = body
        self._secrets = secrets
        self._gate = gate

    @property
    def request_id(self) -> str | None:
        """The id to quote to the service's support, None when it gave none."""
        for name in _REQUEST_ID_HEADERS:
            if value := self.headers.get(name):
                return plain(self.scrub(value), limit=200, newlines=False)
        return None

    def json(self) -> JsonValue:
        """Return the body's JSON. Raises ValueError when it is none."""
        try:
            value: JsonValue = json_module.loads(self.body)
        except RecursionError as error:
            raise ValueError("JSON nested too deeply") from error
        return value

    def text(self, limit: int = 2000) -> str:
        """Return the start of the body as plain text without the keys that were sent."""
        # Cut after scrubbing, so that half a key cannot survive at the end.
        return plain(self.scrub(self.body[: limit * 4 + 4096].decode("utf-8", "replace")), limit=limit)

    def scrub(self, text: str) -> str:
        """Return `text` from the service without the keys that were sent to it."""
        return scrubbed(text, self._secrets)

    def release(self) -> None:
        """Let the body go. Views into it that are still held keep its bytes. Idempotent."""
        self.body = b""
        gate, self._gate = self._gate, None
        if gate is not None:
            gate.release()

    def __repr__(self) -> str:
        return f"<Reply {self.status}, {len(self.body)} bytes>"


Listener = Callable[[Mapping[str, str]], None]
"""Hears the headers of an answer, their names in lower case."""


class Http:
    """One shared client and the bound on bodies in memory."""

    def __init__(
        self, client: httpx.AsyncClient, *, bodies: BodyGate | None = None, listener: Listener | None = None
    ) -> None:
        self._client = client
        self._bodies = bodies
        self._listener = listener
        self._common = dict(client.headers)

    def heard_by(self, listener: Listener) -> "Http":
        """Return the same client, of which `listener` hears the headers of what `send` is answered."""
        return Http(self._client, bodies=self._bodies, listener=listener)

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: JsonValue = None,
        content: Content | None = None,
        params: Mapping[str, str] | None = None,
        timeout: float,
        max_bytes: int,
        paid: bool,
    ) -> Reply:
        """Send one request with `json` or `content`, once, and return the answer whatever its status.

        `timeout` (seconds) bounds the wait for the answer and, again, its body; `max_bytes` bounds the
        decompressed body. `params` are added to the URL's own. `paid` says that this submits work:
        then a failure after the request may have left has acceptance MAYBE. Without it the failure has
        acceptance YES: the request asks about work accepted before and can buy nothing.
        Raises ServiceError.
        """
        secrets = secrets_in(headers)
        request = self._request(method, url, headers, json if content is None else content, params, timeout)
        reply = await self._exchange(request, secrets, timeout=timeout, max_bytes=max_bytes, paid=paid)
        if self._listener is not None:
            self._listener(reply.headers)
        return reply

    async def download(self, url: str, *, max_bytes: int, timeout: float) -> Reply:
        """Fetch a finished picture from its delivery URL, with no key and no header of a service.

        Raises ServiceError, acceptance YES: kind `expired` for 403, 404 and 410, `server_error` for any
        other status that is not success.
        """
        for _ in range(_MOST_REDIRECTS + 1):
            request = self._request("GET", url, None, None, None, timeout)
            reply = await self._exchange(request, (), timeout=timeout, max_bytes=max_bytes, paid=False)
            if 200 <= reply.status < 300:
                return reply
            location = reply.headers.get("location") if reply.status in _REDIRECTS else None
            reply.release()
            if location is None:
                raise _delivery_failed(reply, request.url.host)
            url = _followed(request.url, location)
        raise _failure(ProblemKind.SERVER_ERROR, "The picture's address redirects in circles.", Acceptance.YES)

    def _request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        given: JsonValue | Content,
        params: Mapping[str, str] | None,
        timeout: float,
    ) -> httpx.Request:
        problem: Problem
        # What could not be sent is reported after the handler, so that the error keeps no headers alive.
        try:
            target = _opened(url)
            content = _content(given)
            sent = {**self._common, "accept-encoding": "identity", **(headers or {})}
            if content is not None:
                sent["content-type"] = content.type
            if not all(value.isascii() and value.isprintable() for value in sent.values()):
                problem = _unsendable_header()
            else:
                connect = min(CONNECT_TIMEOUT, timeout)
                return httpx.Request(
                    method,
                    target.copy_merge_params(params) if params else target,
                    headers=sent,
                    content=None if content is None else content.body,
                    extensions={"timeout": {"connect": connect, "read": timeout, "write": timeout, "pool": connect}},
                )
        except httpx.InvalidURL:
            problem = Problem(
                ProblemKind.CONFIGURATION,
                "The address of the service is not a URL that can be opened.",
                advice="It has to start with http:// or https:// and name a host.",
            )
        except (ValueError, TypeError, RecursionError):
            problem = Problem(
                ProblemKind.INVALID_REQUEST,
                "The request holds something that JSON cannot say.",
                "A number that is not finite, or a value nested too deeply.",
                "Look at the parameters and `extra` of this task.",
            )
        raise ServiceError(problem, acceptance=Acceptance.NO, permanent=True)

    async def _exchange(
        self, request: httpx.Request, secrets: tuple[str, ...], *, timeout: float, max_bytes: int, paid: bool
    ) -> Reply:
        failure: Exception
        try:
            async with asyncio.timeout(min(CONNECT_TIMEOUT, timeout) + timeout):
                response = await self._client.send(request, stream=True, follow_redirects=False)
            try:
                return await self._receive(response, secrets, timeout=timeout, max_bytes=max_bytes, paid=paid)
            finally:
                with contextlib.suppress(*TRANSPORT_ERRORS):
                    await response.aclose()
        except ServiceError:
            raise
        except TRANSPORT_ERRORS as error:
            failure = error
        # Raised out here: httpx's errors carry the request, and with it the key.
        raise _translated(failure, request.url.host, secrets, paid=paid, timeout=timeout)

    async def _receive(
        self, response: httpx.Response, secrets: tuple[str, ...], *, timeout: float, max_bytes: int, paid: bool
    ) -> Reply:
        headers = _plain_headers(response)
        failed = not 200 <= response.status_code < 300
        limit = LARGEST_ERROR_BODY if failed else max_bytes
        announced = headers.get("content-length", "")
        if not failed and announced.isdecimal() and int(announced) > limit:
            raise _too_large(limit, paid=paid)
        gate: BodyGate | None = None
        chunks: list[bytes] = []
        size = int(announced) if announced.isdecimal() and not failed else 0
        try:
            async with asyncio.timeout(timeout) as clock, contextlib.aclosing(_decoded(response, headers)) as pieces:
                if size > SMALL_BODY:
                    gate = await self._place(clock)
                size = 0
                async for piece in pieces:
                    chunks.append(piece)
                    size += len(piece)
                    if size > limit:
                        break
                    if gate is None and size > SMALL_BODY:
                        gate = await self._place(clock)
            if size > limit and not failed:
                raise _too_large(limit, paid=paid)
        except BaseException as error:
            if gate is not None:
                gate.release()
            # The status of a failure counts, even when the connection breaks in its explanation.
            if not (failed and isinstance(error, TRANSPORT_ERRORS)):
                raise
            gate = None
        return Reply(response.status_code, headers, b"".join(chunks)[:limit], secrets=secrets, gate=gate)

    async def _place(self, clock: asyncio.Timeout) -> BodyGate | None:
        """Take a place in memory. The wait for it is not the service's, so the clock stands still."""
        if self._bodies is not None:
            now, due = asyncio.get_running_loop().time, clock.when()
            before = now()
            clock.reschedule(None)
            await self._bodies.acquire()
            clock.reschedule(None if due is None else due + now() - before)
        return self._bodies


def _content(given: JsonValue | Content) -> Content | None:
    """Return the body to send. Raises ValueError or TypeError for what JSON cannot say."""
    if given is None or isinstance(given, Content):
        return given
    text = json_module.dumps(given, allow_nan=False, separators=(",", ":"))
    return Content("application/json", text.encode("ascii"))


def open_client(transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """Return the one client of this process; close it with `aclose()`.

    `transport` replaces the network: a mock in tests, the sandbox in this process.
    """
    return new_client(transport)


@lru_cache(maxsize=256)
def _opened(url: str) -> httpx.URL:
    """Return `url` taken apart; every submission goes to the same few. Raises httpx.InvalidURL."""
    target = httpx.URL(url)
    if target.scheme not in ("http", "https") or not target.host:
        raise httpx.InvalidURL("no host")
    return target


def _plain_headers(response: httpx.Response) -> dict[str, str]:
    """Return the headers with lower-case names; what came several times is joined by commas."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in response.headers.raw:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("utf-8", "replace")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


async def _decoded(response: httpx.Response, headers: Mapping[str, str]) -> AsyncGenerator[bytes, None]:
    """Yield the body, decompressed in bounded steps: a small answer must not become gigabytes."""
    if response.is_stream_consumed:  # a transport in memory answered with its whole content
        yield response.content
        return
    stream = response.stream
    assert isinstance(stream, httpx.AsyncByteStream), "the client is asynchronous"
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        async for chunk in stream:
            yield chunk
        return
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise httpx.DecodingError(f"unknown content-encoding {plain(encoding, limit=40)}")
    decompressor = zlib.decompressobj(wbits=47)  # recognises gzip and zlib by their headers
    async for chunk in stream:
        for piece in _inflated(decompressor, chunk):
            yield piece
    if not decompressor.eof:
        raise httpx.RemoteProtocolError("the compressed body ended too early")


def _inflated(decompressor: "zlib._Decompress", chunk: bytes) -> Iterator[bytes]:
    while chunk:
        try:
            piece = decompressor.decompress(chunk, SMALL_BODY)
        except zlib.error as error:
            raise httpx.DecodingError("the compressed body is damaged") from error
        if piece:
            yield piece
        chunk = decompressor.unconsumed_tail


def _failure(kind: ProblemKind, what: str, acceptance: Acceptance, cause: str = "", advice: str = "") -> ServiceError:
    return ServiceError(Problem(kind, what, cause, advice), acceptance=acceptance)


def _unsendable_header() -> Problem:
    return Problem(
        ProblemKind.CONFIGURATION,
        "A key holds characters that no HTTP header can carry.",
        "It was probably copied with a line break, quotes or other text around it.",
        "Copy the key again.",
    )


def _too_large(limit: int, *, paid: bool) -> ServiceError:
    return _failure(
        ProblemKind.BAD_ANSWER,
        f"The answer is larger than {limit / 1_048_576:.0f} MB and was not read.",
        Acceptance.MAYBE if paid else Acceptance.YES,
    )


def _translated(error: Exception, host: str, secrets: tuple[str, ...], *, paid: bool, timeout: float) -> ServiceError:
    """Return what a broken exchange means, with nothing of `error` attached but its words."""
    detail = plain(scrubbed(f"{type(error).__name__}: {error}", secrets), limit=300, newlines=False)
    unsent = never_sent(error)
    if unsent:
        kind, what = ProblemKind.NETWORK, f"No connection to {host}."
        cause = "The host's name, the network, a proxy, or the host itself."
        advice = "Check the address and the network; nothing was sent."
    elif is_timeout(error):
        kind, what = ProblemKind.TIMEOUT, f"{host} did not answer within {timeout:g} seconds."
        cause = "The service is slow or overloaded."
        advice = "Look at the service's own list of requests before paying again." if paid else ""
    elif isinstance(error, httpx.DecodingError):
        kind, what = ProblemKind.BAD_ANSWER, f"The answer of {host} could not be decompressed."
        cause, advice = "Something between here and the service damaged it.", ""
    else:
        kind, what = ProblemKind.NETWORK, f"The connection to {host} broke before the answer was complete."
        cause = "The service, a proxy or the network closed it."
        advice = "Look at the service's own list of requests before paying again." if paid else ""
    sent = Acceptance.NO if unsent else Acceptance.MAYBE
    acceptance = sent if paid else Acceptance.YES
    return ServiceError(Problem(kind, what, cause, advice, detail=detail), acceptance=acceptance)


def _delivery_failed(reply: Reply, host: str) -> ServiceError:
    if reply.status in (403, 404, 410):
        problem = Problem(
            ProblemKind.EXPIRED,
            "The link to the finished picture no longer works.",
            "Services keep finished pictures for minutes to hours only.",
            request_id=reply.request_id,
            http_status=reply.status,
        )
    else:
        problem = Problem(
            ProblemKind.SERVER_ERROR,
            f"{host} answered {reply.status} instead of the finished picture.",
            request_id=reply.request_id,
            http_status=reply.status,
        )
    return ServiceError(problem, acceptance=Acceptance.YES)


def _followed(here: httpx.URL, location: str) -> str:
    problem = Problem(ProblemKind.BAD_ANSWER, "The picture's address redirects to one that cannot be opened.")
    try:
        target = here.join(location)
    except httpx.InvalidURL:
        target = httpx.URL("")
    safe = target.scheme == "https" or (target.scheme == "http" and here.scheme == "http")
    if not safe:
        raise ServiceError(problem, acceptance=Acceptance.YES)
    return str(target)
