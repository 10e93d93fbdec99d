"""Replicate's own client (1.0) against the sandbox."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from tests.conformance.conftest import Open, Town

if sys.version_info >= (3, 14):
    pytest.skip("the client's models need pydantic 1, which ends with Python 3.13", allow_module_level=True)
replicate = pytest.importorskip("replicate")

SCHNELL = "black-forest-labs/flux-schnell"
Connect = Callable[..., Any]


@pytest.fixture
async def connect(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Connect]:
    monkeypatch.setenv("REPLICATE_POLL_INTERVAL", "0.02")
    clients: list[Any] = []

    def make(town: Town, token: str | None = None) -> Any:
        # The client writes the version of the API into every path itself.
        base = town["REPLICATE_API_URL"].removesuffix("/v1")
        clients.append(replicate.Client(api_token=token or town["REPLICATE_API_TOKEN"], base_url=base))
        return clients[-1]

    yield make
    for client in clients:
        await client._async_client.aclose()  # noqa: SLF001  # it offers no other way to close its connections


async def test_running_by_name(open_town: Open, connect: Connect) -> None:
    town = await open_town(latency=(0.2, 0.2), picture_bytes=20_000)
    output = await connect(town).async_run(SCHNELL, {"prompt": "a fox", "num_outputs": 2})
    assert len(output) == 2
    async with httpx.AsyncClient() as anybody:
        picture = await anybody.get(str(output[0]))
    assert len(picture.content) == 20_000
    assert (town.summary["collected"], town.summary["violations"]) == (1, 0)


async def test_running_by_version(town: Town, connect: Connect) -> None:
    client = connect(town)
    model = await client.models.async_get("stability-ai/sdxl")
    version = model.latest_version
    assert version.openapi_schema["components"]["schemas"]["Output"]["type"] == "array"
    output = await client.async_run(f"stability-ai/sdxl:{version.id}", {"prompt": "a fox"})
    assert len(output) == 1


async def test_a_single_output_is_no_list(town: Town, connect: Connect) -> None:
    output = await connect(town).async_run("black-forest-labs/flux-1.1-pro", {"prompt": "a fox"})
    assert str(output).endswith(".webp")


async def test_creating_and_polling(open_town: Open, connect: Connect) -> None:
    town = await open_town(latency=(0.3, 0.3))
    client = connect(town)
    prediction = await client.models.predictions.async_create(model=SCHNELL, input={"prompt": "a fox", "seed": 9})
    assert prediction.status == "starting"
    seen = {prediction.status}
    async with asyncio.timeout(10):
        while prediction.status not in ("succeeded", "failed", "canceled"):
            await prediction.async_reload()
            seen.add(prediction.status)
    assert seen == {"starting", "processing", "succeeded"}
    assert "Using seed: 9" in prediction.logs
    assert prediction.progress.percentage == 1.0
    listed = await client.predictions.async_list()
    assert [one.id for one in listed] == [prediction.id]


async def test_waiting_gives_an_output_that_is_still_processing(town: Town, connect: Connect) -> None:
    created = await connect(town).models.predictions.async_create(model=SCHNELL, input={"prompt": "x"}, wait=True)
    assert (created.status, len(created.output)) == ("processing", 1)


async def test_cancelling(open_town: Open, connect: Connect) -> None:
    client = connect(await open_town(latency=(30, 30)))
    prediction = await client.models.predictions.async_create(model=SCHNELL, input={"prompt": "x"})
    await prediction.async_cancel()
    assert prediction.status == "canceled"


@pytest.mark.parametrize(
    ("marker", "sentence"),
    [("content-moderate", "NSFW content detected"), ("moderate", "(E005)"), ("error", "Prediction interrupted")],
)
async def test_moderation_and_failure_end_a_prediction(
    town: Town, connect: Connect, marker: str, sentence: str
) -> None:
    with pytest.raises(replicate.exceptions.ModelError) as failed:
        await connect(town).async_run(SCHNELL, {"prompt": f"x [sandbox:{marker}]"})
    assert sentence in str(failed.value)


async def test_errors_are_problems(open_town: Open, connect: Connect) -> None:
    async def told(town: Town, given: dict[str, Any], *, model: str = SCHNELL, token: str | None = None) -> Any:
        with pytest.raises(replicate.exceptions.ReplicateError) as caught:
            await connect(town, token).models.predictions.async_create(model=model, input=given)
        return caught.value

    town = await open_town()
    assert (await told(town, {"prompt": "x"}, token="wrong")).status == 401
    assert (await told(town, {"prompt": "x"}, model="nobody/nothing")).status == 404
    invalid = await told(town, {})
    assert (invalid.status, invalid.title) == (422, "Input validation failed")
    assert invalid.detail == "- input.prompt is required\n"
    assert (await told(await open_town(credits=0), {"prompt": "x"})).status == 402
    throttled = await told(town, {"prompt": "x [sandbox:429=always]"})
    assert (throttled.status, throttled.detail) == (429, "Request was throttled. Your rate limit resets in ~1s.")
    assert town.summary["refused_by_reason"] == {"429": 1}, "the client never repeats a POST"


async def test_the_account(town: Town, connect: Connect) -> None:
    account = await connect(town).accounts.async_current()
    assert (account.type, account.username) == ("user", "sandbox")
    models = await connect(town).models.async_list()
    assert SCHNELL in [model.id for model in models]
