"""Black Forest Labs' own client against the sandbox.

It pins an old Pillow, which it does not need for any of this, so it is in none of our extras: install it with
`pip install --no-deps blackforest requests` to run these tests.
"""

import asyncio
import warnings
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from tests.conformance.conftest import Open, Town

with warnings.catch_warnings():
    # Its models describe their fields in a way that pydantic means to give up.
    warnings.filterwarnings("ignore", message="Using extra keyword arguments on `Field` is deprecated")
    blackforest = pytest.importorskip("blackforest")
    config = pytest.importorskip("blackforest.types.general.client_config")

Connect = Callable[..., Any]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    clients: list[Any] = []

    def make(town: Town, key: str | None = None) -> Any:
        clients.append(blackforest.BFLClient(key or town["BFL_FLUX_API_KEY"], base_url=town["BFL_FLUX_API_URL"]))
        return clients[-1]

    yield make
    for client in clients:
        client.session.close()


def _waiting(tries: int = 100) -> Any:
    return config.ClientConfig(sync=True, polling_interval=0.1, max_retries=tries)


@pytest.mark.parametrize("model", ["flux-pro-1.1", "flux-dev", "flux-pro-1.1-ultra", "flux-kontext-pro"])
async def test_generating(open_town: Open, connect: Connect, model: str) -> None:
    town = await open_town(latency=(0.3, 0.3), picture_bytes=60_000)
    answer = await asyncio.to_thread(connect(town).generate, model, {"prompt": "a fox", "seed": 42}, _waiting())
    assert answer.result["seed"] == 42
    async with httpx.AsyncClient() as anybody:
        picture = await anybody.get(answer.result["sample"])
    assert len(picture.content) >= 60_000
    assert (town.summary["collected"], town.summary["violations"]) == (1, 0)


async def test_polling_by_hand(town: Town, connect: Connect) -> None:
    client = connect(town)
    ticket = await asyncio.to_thread(client.generate, "flux-dev", {"prompt": "a fox"})
    assert ticket.polling_url.startswith("http://")
    status = await asyncio.to_thread(client.get_task_status, ticket.id)
    assert (status.status, "sample" in status.result) == ("Ready", True)


@pytest.mark.parametrize("marker", ["moderate", "content-moderate", "error"])
async def test_it_never_hears_of_an_end_without_a_picture(town: Town, connect: Connect, marker: str) -> None:
    """The client knows neither moderation nor `Error`: it asks until it loses patience, or stumbles over a 422."""
    with pytest.raises(blackforest.BFLError, match=r"maximum retries|API request failed"):
        await asyncio.to_thread(connect(town).generate, "flux-dev", {"prompt": f"x [sandbox:{marker}]"}, _waiting(2))


async def test_refusals(open_town: Open, connect: Connect) -> None:
    async def said(town: Town, prompt: str = "x", key: str | None = None) -> str:
        with pytest.raises(blackforest.BFLError) as refused:
            await asyncio.to_thread(connect(town, key).generate, "flux-dev", {"prompt": prompt})
        return str(refused.value)

    town = await open_town()
    assert "403" in await said(town, key="wrong")
    assert "429" in await said(town, "x [sandbox:429]")
    assert "402" in await said(await open_town(credits=0))
