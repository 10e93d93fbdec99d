"""The client over real sockets: what each failure proves, limits, and keys that never show."""

import asyncio
import contextlib
import gzip
import logging
import traceback
import zlib
from collections.abc import AsyncIterator

import httpx
import pytest

from fluxtui.domain.problems import Acceptance, ProblemKind, ServiceError
from fluxtui.providers.http import SMALL_BODY, BodyGate, Http, Reply, open_client

from .loopback import answering, closed_port, raw, resetting, serving, silent

KEY = "canary-key-0123456789"
MEGABYTE = 1_048_576


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@contextlib.asynccontextmanager
async def opened(bodies: BodyGate | None = None) -> AsyncIterator[Http]:
    client = open_client()
    try:
        yield Http(client, bodies=bodies)
    finally:
        await client.aclose()


async def post(http: Http, url: str, *, paid: bool = True, timeout: float = 5.0, max_bytes: int = MEGABYTE) -> Reply:
    return await http.send(
        "POST", url, headers={"x-key": KEY}, json={"prompt": "a fox"}, timeout=timeout, max_bytes=max_bytes, paid=paid
    )


async def failing(http: Http, url: str, *, paid: bool = True, timeout: float = 5.0) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        await post(http, url, paid=paid, timeout=timeout)
    error = caught.value
    told = "".join(traceback.format_exception(error)) + repr(error) + str(error.problem.as_json())
    assert KEY not in told
    assert error.__cause__ is None
    assert error.__context__ is None
    return error


async def test_a_refused_connection_proves_that_nothing_was_sent() -> None:
    async with opened() as http:
        error = await failing(http, f"http://127.0.0.1:{closed_port()}/v1/flux-dev")
    assert (error.problem.kind, error.acceptance) == (ProblemKind.NETWORK, Acceptance.NO)


async def test_an_unknown_host_proves_that_nothing_was_sent() -> None:
    async with opened() as http:
        error = await failing(http, "http://no-such-host.invalid/v1/flux-dev")
    assert (error.problem.kind, error.acceptance) == (ProblemKind.NETWORK, Acceptance.NO)


async def test_a_failed_tls_handshake_proves_that_nothing_was_sent() -> None:
    async def no_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(no_tls, "127.0.0.1", 0)
    async with server, opened() as http:
        error = await failing(http, f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    assert (error.problem.kind, error.acceptance) == (ProblemKind.NETWORK, Acceptance.NO)


async def test_a_connection_that_takes_too_long_proves_that_nothing_was_sent() -> None:
    async with serving(answering("200 OK", b"{}")) as server, opened() as http:
        # The server waits for a request while the client waits for a handshake.
        error = await failing(http, server.url.replace("http:", "https:"), timeout=0.2)
    assert (error.problem.kind, error.acceptance) == (ProblemKind.NETWORK, Acceptance.NO)


async def test_a_proxy_from_the_environment_is_used_and_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(answering("200 OK", b'{"via": "proxy"}')) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        async with opened() as http:
            assert (await post(http, "http://api.example/v1")).json() == {"via": "proxy"}
        assert proxy.requests[0].startswith(b"POST http://api.example/v1 ")
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port()}")
        async with opened() as http:
            error = await failing(http, "http://api.example/v1")
    assert (error.problem.kind, error.acceptance) == (ProblemKind.NETWORK, Acceptance.NO)


@pytest.mark.parametrize(
    "answer",
    [
        raw(b""),
        resetting(),
        raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf"),
        resetting(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf"),
        raw(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel"),
        raw(b"this is not HTTP\r\n\r\n"),
    ],
    ids=["closed", "reset", "closed in the body", "reset in the body", "cut chunk", "no HTTP"],
)
async def test_a_connection_that_breaks_after_sending_leaves_doubt(answer: object) -> None:
    async with serving(answer) as server, opened() as http:  # type: ignore[arg-type]
        error = await failing(http, server.url)
        assert (error.problem.kind, error.acceptance) == (ProblemKind.NETWORK, Acceptance.MAYBE)
        assert len(server.requests) == 1, "a paid request is sent once"
        unpaid = await failing(http, server.url, paid=False)
    assert unpaid.acceptance is Acceptance.YES


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"])
async def test_a_service_that_falls_silent_leaves_doubt(start: bytes) -> None:
    over = asyncio.Event()
    async with serving(silent(over, start)) as server, opened() as http:
        error = await failing(http, server.url, timeout=0.1)
        over.set()
    assert (error.problem.kind, error.acceptance) == (ProblemKind.TIMEOUT, Acceptance.MAYBE)


@pytest.mark.parametrize(
    ("raised", "acceptance"),
    [
        (httpx.ConnectError("refused"), Acceptance.NO),
        (httpx.ConnectTimeout("slow"), Acceptance.NO),
        (httpx.PoolTimeout("full"), Acceptance.NO),
        (httpx.ReadError("reset"), Acceptance.MAYBE),
        (httpx.WriteError("reset"), Acceptance.MAYBE),
        (httpx.WriteTimeout("slow"), Acceptance.MAYBE),
        (httpx.ReadTimeout("slow"), Acceptance.MAYBE),
        (httpx.RemoteProtocolError("odd"), Acceptance.MAYBE),
    ],
)
async def test_errors_of_a_transport_in_memory_are_judged_too(raised: Exception, acceptance: Acceptance) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise raised

    async with open_client(httpx.MockTransport(answer)) as client:
        error = await failing(Http(client), "http://memory.invalid/")
    assert error.acceptance is acceptance


async def test_the_body_has_a_length_and_the_reply_its_request_id() -> None:
    answer = answering("200 OK", b'{"id": 1}', "X-Request-ID: abc-1", "set-cookie: a=b; path=/")
    async with serving(answer) as server, opened() as http:
        reply = await post(http, server.url)
        assert (reply.status, reply.json(), reply.request_id) == (200, {"id": 1}, "abc-1")
        await post(http, server.url)
    first, second = server.requests
    assert b"content-length: 18" in first.lower()
    assert b"transfer-encoding" not in first.lower()
    assert b"accept-encoding: identity" in first.lower()
    assert b"cookie" not in second.lower()


@pytest.mark.parametrize("name", ["x-request-id", "x-trace-id", "cf-ray", "apim-request-id", "x-ms-request-id"])
def test_request_ids_come_from_every_known_header(name: str) -> None:
    assert Reply(500, {name.title(): "id-\x1b[31m7"}, b"").request_id == "id-7"


def test_a_reply_shows_neither_body_nor_key() -> None:
    reply = Reply(401, {}, f"wrong key {KEY}\x1b[2J".encode(), secrets=(KEY,))
    assert KEY not in repr(reply)
    assert reply.text() == "wrong key ***"


async def test_keys_are_scrubbed_when_the_service_repeats_them() -> None:
    answer = answering("401 Unauthorized", f"bad key {KEY}".encode(), f"x-request-id: {KEY}")
    async with serving(answer) as server, opened() as http:
        reply = await post(http, server.url)
    assert reply.text() == "bad key ***"
    assert reply.request_id == "***"


@pytest.mark.parametrize("announced", [True, False])
async def test_an_answer_that_is_too_large_is_not_read(announced: bool) -> None:
    head = b"HTTP/1.1 200 OK\r\n" + (b"content-length: 3000000\r\n\r\n" if announced else b"\r\n")
    async with serving(raw(head + b"x" * 3_000_000)) as server, opened() as http:
        error = await failing(http, server.url)
    assert (error.problem.kind, error.acceptance) == (ProblemKind.BAD_ANSWER, Acceptance.MAYBE)
    assert "1 MB" in error.problem.what


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_the_limit_counts_decompressed_bytes(encoding: str) -> None:
    compress = gzip.compress if encoding == "gzip" else zlib.compress
    bomb, honest = compress(b"0" * 20_000_000), compress(b'{"ok": true}')
    async with opened() as http:
        async with serving(answering("200 OK", bomb, f"content-encoding: {encoding}")) as server:
            error = await failing(http, server.url)
        assert error.problem.kind is ProblemKind.BAD_ANSWER
        async with serving(answering("200 OK", honest, f"content-encoding: {encoding}")) as server:
            assert (await post(http, server.url)).json() == {"ok": True}
        async with serving(answering("200 OK", honest[:-6], f"content-encoding: {encoding}")) as server:
            assert (await failing(http, server.url)).acceptance is Acceptance.MAYBE
        async with serving(answering("200 OK", b"?", "content-encoding: br")) as server:
            assert (await failing(http, server.url)).problem.kind is ProblemKind.BAD_ANSWER


async def test_an_error_is_read_as_far_as_it_matters_and_counts_even_when_cut() -> None:
    async with opened() as http:
        async with serving(answering("500 Oops", b"x" * 3_000_000)) as server:
            assert len((await post(http, server.url)).body) == SMALL_BODY
        async with serving(raw(b"HTTP/1.1 429 Slow\r\ncontent-length: 99\r\n\r\nwait")) as server:
            assert (await post(http, server.url)).status == 429


async def test_redirects_are_reported_not_followed() -> None:
    async with (
        opened() as http,
        serving(answering("200 OK", b"{}")) as other,
        serving(answering("307 Moved", b"", f"location: {other.url}/")) as server,
    ):
        reply = await post(http, server.url)
    assert reply.status == 307
    assert other.requests == []


@pytest.mark.parametrize("address", ["", "api.bfl.ai", "ftp://host/", "http://", "/v1/flux"])
async def test_an_address_that_is_no_url_is_a_matter_of_configuration(address: str) -> None:
    async with opened() as http:
        error = await failing(http, address)
    assert (error.problem.kind, error.acceptance, error.permanent) == (
        ProblemKind.CONFIGURATION,
        Acceptance.NO,
        True,
    )


@pytest.mark.parametrize("key", ["bad\nkey-0123456789", "“quoted-key-0123”"])
async def test_a_key_that_no_header_can_carry_is_named_but_not_shown(key: str) -> None:
    async with opened() as http:
        with pytest.raises(ServiceError) as caught:
            await http.send("GET", "http://127.0.0.1/", headers={"x-key": key}, timeout=1, max_bytes=10, paid=True)
    assert caught.value.problem.kind is ProblemKind.CONFIGURATION
    assert "0123" not in "".join(traceback.format_exception(caught.value))


async def test_what_json_cannot_say_is_never_sent() -> None:
    async with opened() as http:
        with pytest.raises(ServiceError) as caught:
            await http.send(
                "POST", "http://127.0.0.1/", json={"guidance": float("nan")}, timeout=1, max_bytes=10, paid=True
            )
    assert caught.value.problem.kind is ProblemKind.INVALID_REQUEST
    assert caught.value.acceptance is Acceptance.NO


async def test_large_bodies_wait_for_a_place_and_small_ones_do_not() -> None:
    gate = BodyGate(1)
    big, small = answering("200 OK", b"x" * (SMALL_BODY + 1)), answering("200 OK", b"y")
    unannounced = raw(b"HTTP/1.1 200 OK\r\n\r\n" + b"z" * (SMALL_BODY + 1))
    async with opened(gate) as http, serving(big) as server, serving(small) as other, serving(unannounced) as third:
        held = await post(http, server.url)
        assert gate.locked()
        assert (await post(http, other.url)).body == b"y"
        waiting = asyncio.create_task(post(http, third.url, timeout=0.2))
        done, _ = await asyncio.wait({waiting}, timeout=0.4)
        assert not done, "the wait for a place is no timeout of the service"
        held.release()
        held.release()
        reply = await waiting
        assert reply.body == b"z" * (SMALL_BODY + 1)
        assert gate.locked()
        reply.release()
    assert not gate.locked()


async def test_a_failure_gives_its_place_back() -> None:
    gate = BodyGate(1)
    head = f"HTTP/1.1 200 OK\r\ncontent-length: {SMALL_BODY * 2}\r\n\r\n".encode()
    async with opened(gate) as http, serving(raw(head + b"x" * SMALL_BODY)) as server:
        await failing(http, server.url)
    assert not gate.locked()


async def test_a_download_carries_no_key_and_follows_plain_redirects() -> None:
    async with (
        opened() as http,
        serving(answering("200 OK", b"picture")) as store,
        serving(answering("302 Found", b"", f"location: {store.url}/sample.png?sig=a%2Bb%3D")) as server,
    ):
        reply = await http.download(server.url, max_bytes=MEGABYTE, timeout=5)
    assert reply.body == b"picture"
    (request,) = store.requests
    assert b"/sample.png?sig=a%2Bb%3D" in request
    assert b"key" not in request.lower()
    assert b"authorization" not in request.lower()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("403 Forbidden", ProblemKind.EXPIRED),
        ("404 Not Found", ProblemKind.EXPIRED),
        ("410 Gone", ProblemKind.EXPIRED),
        ("503 Busy", ProblemKind.SERVER_ERROR),
        ("429 Slow", ProblemKind.SERVER_ERROR),
    ],
)
async def test_a_link_that_no_longer_works(status: str, kind: ProblemKind) -> None:
    async with opened() as http, serving(answering(status, b"<Error/>")) as server:
        with pytest.raises(ServiceError) as caught:
            await http.download(server.url, max_bytes=MEGABYTE, timeout=5)
    assert (caught.value.problem.kind, caught.value.acceptance) == (kind, Acceptance.YES)


async def test_a_delivery_cannot_lead_in_circles_or_to_a_file() -> None:
    async with opened() as http:
        for location in ("file:///etc/passwd", "/again"):
            async with serving(answering("302 Found", b"", f"location: {location}")) as server:
                with pytest.raises(ServiceError):
                    await http.download(server.url, max_bytes=MEGABYTE, timeout=5)


async def test_urls_and_keys_stay_out_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with opened() as http, serving(answering("200 OK", b"{}")) as server:
        await http.download(f"{server.url}/?sig=secret-signature", max_bytes=MEGABYTE, timeout=5)
        await post(http, server.url)
    assert "secret-signature" not in caplog.text
    assert KEY not in caplog.text


async def test_a_signed_address_is_opened_to_the_letter() -> None:
    path = "/a%2Fb%20c/x.png?se=2025-07-14T07%3A46%3A43Z&rsct=image/png&sig=Ab%2FC%2B%3D&t=%7E"
    async with opened() as http, serving(answering("200 OK", b"{}")) as server:
        await http.download(f"{server.url}{path}", max_bytes=99, timeout=5)
    assert server.requests[0].startswith(f"GET {path} HTTP/1.1\r\n".encode())


async def test_parameters_join_the_query_of_the_address() -> None:
    async with opened() as http, serving(answering("200 OK", b"{}")) as server:
        await http.send(
            "GET", f"{server.url}/x?a=1", params={"api-version": "preview"}, timeout=5, max_bytes=99, paid=False
        )
    assert server.requests[0].startswith(b"GET /x?a=1&api-version=preview ")


async def test_hundreds_of_connections_are_open_at_once() -> None:
    arrived, everyone = 0, asyncio.Event()

    async def answer(writer: asyncio.StreamWriter) -> None:
        nonlocal arrived
        arrived += 1
        if arrived == 150:
            everyone.set()
        await everyone.wait()
        await answering("200 OK", b"{}")(writer)

    async with serving(answer) as server, opened() as http:
        replies = await asyncio.gather(*(post(http, server.url, timeout=30) for _ in range(150)))
    assert [reply.status for reply in replies] == [200] * 150
