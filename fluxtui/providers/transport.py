"""The connections under the client: httpx over aiohttp, and what its errors prove.

httpx's own pool scans every connection for every request and collapses past 16-32 of them, so the
client's transport is `httpx-aiohttp`. That adapter maps aiohttp's errors to httpx's by inheritance,
and an answer that never came (`ServerDisconnectedError`) comes out as `httpx.ConnectTimeout`. Money
hangs on the difference, so errors are judged here by the aiohttp error that caused them.
"""

import logging
import ssl
from collections.abc import AsyncGenerator
from functools import lru_cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport, HttpxAiohttpClient
from yarl import URL

from fluxtui import __version__

IDLE_CONNECTION = 4.0
"""Seconds an unused connection is kept. Servers drop idle ones after 5 s or more; a paid request
that races with such a drop would be in doubt, so ours are dropped first."""

_NEVER_SENT = (
    aiohttp.ClientConnectorError,  # refused, no route, DNS, TLS handshake, certificate, proxy unreachable
    aiohttp.ConnectionTimeoutError,
    aiohttp.ServerFingerprintMismatch,
    aiohttp.ClientHttpProxyError,  # the proxy would not open the tunnel
    aiohttp.InvalidURL,
    aiohttp.NonHttpUrlClientError,
)
_NEVER_SENT_BY_HTTPX = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)

TRANSPORT_ERRORS: tuple[type[Exception], ...] = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpx.StreamError,
    aiohttp.ClientError,
    OSError,  # TimeoutError included
)
"""Everything that a broken exchange raises: the adapter lets some errors of aiohttp through."""


def _origin(error: BaseException) -> BaseException:
    """Return the error of aiohttp (or of the system) that `error` was made from, or itself."""
    cause = error.__cause__
    if isinstance(error, httpx.HTTPError) and isinstance(cause, aiohttp.ClientError | OSError):
        return cause
    return error


def never_sent(error: BaseException) -> bool:
    """Return whether `error` proves that no byte of the request reached the service."""
    origin = _origin(error)
    if isinstance(origin, _NEVER_SENT):
        return True
    return origin is error and isinstance(error, _NEVER_SENT_BY_HTTPX)


def is_timeout(error: BaseException) -> bool:
    """Return whether `error` means that the service was too slow, not that a connection broke."""
    origin = _origin(error)
    if origin is error and isinstance(error, httpx.TimeoutException):
        return True
    return isinstance(origin, TimeoutError)


class _Direct(httpx.AsyncClient):
    """Hands a request straight to its transport.

    What httpx does around that (redirects, cookies, authentication, hooks) is nothing that anybody here
    wants, and it costs as much as a request itself when hundreds are under way.
    """

    async def send(self, request: httpx.Request, **_options: Any) -> httpx.Response:
        response = await self._transport_for_url(request.url).handle_async_request(request)
        response.request = request
        return response


class _Client(_Direct, HttpxAiohttpClient):
    """The adapter's client with unlimited connections, no cookies, and one TLS context for all."""

    def _init_transport(self, *args: Any, **kwargs: Any) -> httpx.AsyncBaseTransport:
        return _transport(self._tls, None)

    def _init_proxy_transport(self, proxy: httpx.Proxy, *args: Any, **kwargs: Any) -> httpx.AsyncBaseTransport:
        return _transport(self._tls, proxy)

    def __init__(self, tls: ssl.SSLContext, **kwargs: Any) -> None:
        self._tls = tls  # making one takes 70 ms, so the transports share it
        super().__init__(**kwargs)


class _Transport(AiohttpTransport):
    """The adapter, for requests whose content is in memory and answers that are not decompressed.

    It lets the errors of aiohttp through as they are, asks for no piece smaller than what has
    arrived, and opens an address to the letter: aiohttp would rewrite escapes that mean the same
    (`%3A` to `:`), and the services sign their links.
    """

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not isinstance(self.client, aiohttp.ClientSession):
            self.client = self.get_client()
        address = str(request.url)
        times = request.extensions.get("timeout", {})
        response = await self.client.request(
            request.method,
            URL(address, encoded=True) if address.isascii() else address,
            headers=[(name.decode("ascii"), value.decode("ascii")) for name, value in request.headers.raw],
            data=request.content or None,
            allow_redirects=False,
            auto_decompress=False,
            timeout=_timeout(times.get("connect"), times.get("read"), times.get("pool")),
            **self._proxied(),
        )
        return httpx.Response(response.status, headers=response.raw_headers, stream=_Body(response), request=request)

    def _proxied(self) -> dict[str, Any]:
        if self.proxy is None:
            return {}
        auth = aiohttp.BasicAuth(*self.proxy.auth) if self.proxy.auth else None
        return {"proxy": str(self.proxy.url), "proxy_auth": auth, "proxy_headers": self.proxy.headers}


@lru_cache(maxsize=32)
def _timeout(connect: float | None, read: float | None, pool: float | None) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(connect=pool, sock_connect=connect, sock_read=read)


class _Body(httpx.AsyncByteStream):
    """An answer's body, in pieces as they arrive."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        async for piece in self._response.content.iter_any():
            yield piece

    async def aclose(self) -> None:
        """Give the connection back; one whose answer was not read to its end is closed."""
        self._response.release()
        await self._response.wait_for_close()


def _transport(tls: ssl.SSLContext, proxy: httpx.Proxy | None) -> AiohttpTransport:
    def session() -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=tls, keepalive_timeout=IDLE_CONNECTION),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    return _Transport(verify=tls, proxy=proxy, client=session)


def new_client(transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """Return the one client of a process. It follows no redirects and retries no submission.

    `transport` replaces the network (tests, the sandbox in the same process). Proxies come from the
    environment, credentials in ~/.netrc are not read. Timeouts are given with each request.
    """
    # httpx writes every URL it opens at INFO, signatures of delivery links included.
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    common: dict[str, Any] = {
        "headers": {"user-agent": f"fluxtui/{__version__}"},
        "cookies": CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        "follow_redirects": False,
    }
    if transport is not None:
        return _Direct(transport=transport, trust_env=False, **common)
    return _Client(httpx.create_ssl_context(), **common)
