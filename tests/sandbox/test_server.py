"""The sandbox behind real sockets, and in the same process: one behaviour."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator

import httpx
import pytest

from fluxtui.sandbox import IN_PROCESS, ROLES, Bases, Faults, environment, serve, transport
from fluxtui.sandbox.core import Sandbox
from fluxtui.sandbox.server import Served, ServeError

QUICK = Faults.none(latency=(0.02, 0.02), picture_bytes=40_000)


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    async with await serve(Sandbox(faults=QUICK)) as running:
        yield running


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as made:
        yield made


async def _ready(client: httpx.AsyncClient, url: str) -> dict[str, dict[str, str]]:
    async with asyncio.timeout(10):
        while True:
            answer: dict[str, dict[str, str]] = (await client.get(url)).json()
            if str(answer["status"]) != "Pending":
                return answer


async def _whole_way(client: httpx.AsyncClient, bases: Bases) -> bytes:
    variables = environment(bases)
    headers = {"x-key": variables["BFL_FLUX_API_KEY"]}
    url = f"{variables['BFL_FLUX_API_URL']}/v1/flux-pro-1.1"
    submitted = await client.post(url, headers=headers, json={"prompt": "a fox", "seed": 1})
    assert submitted.headers["x-request-id"]
    ready = await _ready(client, submitted.json()["polling_url"])
    picture = await client.get(ready["result"]["sample"])
    assert int(picture.headers["content-length"]) == len(picture.content)
    azure_headers = {"api-key": variables["AZURE_FLUX_API_KEY"]}
    azure = await client.post(variables["AZURE_FLUX_ENDPOINT"], headers=azure_headers, json={"prompt": "a fox"})
    assert azure.json()["data"][0]["b64_json"]
    return picture.content


async def test_both_ways_give_the_same(served: Served, client: httpx.AsyncClient) -> None:
    over_sockets = await _whole_way(client, served.bases)
    sandbox = Sandbox(faults=QUICK)
    async with httpx.AsyncClient(transport=transport(sandbox)) as inside:
        assert await _whole_way(inside, IN_PROCESS) == over_sockets
    assert served.sandbox.ledger.summary() == sandbox.ledger.summary()
    summary = (await client.get(f"{served.bases['azure']}/sandbox/ledger")).json()
    assert (summary["accepted"], summary["collected"], summary["violations"]) == (2, 2, 0)


async def test_every_door_has_its_own_port_on_loopback(served: Served) -> None:
    urls = [httpx.URL(served.bases[role]) for role in ROLES]
    assert {url.host for url in urls} == {"127.0.0.1"}
    assert len({url.port for url in urls}) == len(ROLES)


@pytest.mark.parametrize("marker", ["reset", "refuse"])
async def test_connections_break(served: Served, client: httpx.AsyncClient, marker: str) -> None:
    variables = environment(served.bases)
    with pytest.raises(httpx.TransportError):
        await client.post(
            f"{variables['BFL_FLUX_API_URL']}/v1/flux-dev",
            headers={"x-key": variables["BFL_FLUX_API_KEY"]},
            json={"prompt": f"[sandbox:{marker}]"},
        )
    assert served.sandbox.ledger.summary()["accepted"] == (marker == "reset")


async def test_a_cut_download(served: Served, client: httpx.AsyncClient) -> None:
    variables = environment(served.bases)
    submitted = await client.post(
        f"{variables['BFL_FLUX_API_URL']}/v1/flux-dev",
        headers={"x-key": variables["BFL_FLUX_API_KEY"]},
        json={"prompt": "[sandbox:cut]"},
    )
    ready = await _ready(client, submitted.json()["polling_url"])
    with pytest.raises(httpx.TransportError):
        await client.get(ready["result"]["sample"])
    assert served.sandbox.ledger.summary()["uncollected"] == 1
    assert (await client.head(ready["result"]["sample"])).headers["content-length"] == "40000"
    await client.get(ready["result"]["sample"])
    assert served.sandbox.ledger.summary()["uncollected"] == 0


async def test_a_huge_answer_stops_when_the_client_leaves(served: Served, client: httpx.AsyncClient) -> None:
    variables = environment(served.bases)
    body = {"prompt": "[sandbox:huge]"}
    headers = {"api-key": variables["AZURE_FLUX_API_KEY"]}
    async with client.stream("POST", variables["AZURE_FLUX_ENDPOINT"], headers=headers, json=body) as answer:
        await anext(answer.aiter_raw())
    assert (await client.get(f"{served.bases['azure']}/sandbox/ledger")).status_code == 200


async def test_a_taken_port_is_told(served: Served) -> None:
    port = httpx.URL(served.bases["bfl-api"]).port
    assert port is not None
    with pytest.raises(ServeError, match=f"port {port}"):
        await serve(Sandbox(), "127.0.0.1", port)
    with pytest.raises(ServeError):
        await serve(Sandbox(), "127.0.0.1", 65_534)


async def test_ports_in_a_row_and_free_again_after_closing() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    first = 20_000 + free % 10_000  # below the ports that systems hand out to connections
    served = await serve(Sandbox(), "127.0.0.1", first)
    assert [httpx.URL(served.bases[role]).port for role in ROLES] == list(range(first, first + len(ROLES)))
    await served.close()
    await (await serve(Sandbox(), "127.0.0.1", first)).close()


async def test_hosts_that_nobody_plays_refuse_the_connection() -> None:
    async with httpx.AsyncClient(transport=transport(Sandbox())) as inside:
        with pytest.raises(httpx.ConnectError):
            await inside.get("https://api.bfl.ai/v1/credits")


def test_the_variables_name_every_setting() -> None:
    assert environment(IN_PROCESS) == {
        "AZURE_FLUX_ENDPOINT": (
            "http://azure.sandbox.invalid/openai/deployments/FLUX-1.1-pro/images/generations"
            "?api-version=2025-04-01-preview"
        ),
        "AZURE_FLUX_API_KEY": "sandbox-azure-key",
        "AZURE_FLUX_DEPLOYMENT": "FLUX-1.1-pro",
        "BFL_FLUX_API_URL": "http://bfl-api.sandbox.invalid",
        "BFL_FLUX_API_KEY": "sandbox-bfl-key",
        "OPENAI_BASE_URL": "http://openai.sandbox.invalid/v1",
        "OPENAI_API_KEY": "sandbox-openai-key",
        "AZURE_OPENAI_ENDPOINT": "http://azure-openai.sandbox.invalid",
        "AZURE_OPENAI_API_KEY": "sandbox-azure-openai-key",
        "AZURE_OPENAI_DEPLOYMENT_NAME": "gpt-image-2",
        "GEMINI_API_URL": "http://gemini.sandbox.invalid",
        "GEMINI_API_KEY": "sandbox-gemini-key",
        "FAL_QUEUE_URL": "http://fal-queue.sandbox.invalid",
        "FAL_AI_API_KEY": "sandbox-fal-id:sandbox-fal-secret",
        "REPLICATE_API_URL": "http://replicate.sandbox.invalid/v1",
        "REPLICATE_API_TOKEN": "sandbox-replicate-token",
        "A1111_API_URL": "http://a1111.sandbox.invalid",
    }


def test_importing_the_sandbox_is_cheap() -> None:
    heavy = "{'PIL', 'aiohttp', 'httpx'}"
    for module in ("fluxtui.sandbox", "fluxtui.sandbox.core"):
        code = f"import sys, {module}; print(sorted({heavy} & set(sys.modules)))"
        result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert result.stdout.strip() == "[]"
