"""fal's own client against the sandbox.

The client makes its addresses from two constants and wants them to be https; pointed at the served sandbox it follows
the URLs of the queue's tickets by itself.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from tests.conformance.conftest import Open, Town

fal_client = pytest.importorskip("fal_client")

SCHNELL = "fal-ai/flux/schnell"
Connect = Callable[..., Any]


@pytest.fixture
async def connect(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Connect]:
    clients: list[Any] = []

    def make(town: Town, key: str | None = None) -> Any:
        monkeypatch.setattr("fal_client.client.QUEUE_URL_FORMAT", f"{town['FAL_QUEUE_URL']}/")
        monkeypatch.setattr("fal_client.client.RUN_URL_FORMAT", f"{town.sandbox.bases['fal-run']}/")
        # Half a minute of tries and pauses is more than a test needs.
        monkeypatch.setattr("fal_client.client.MAX_ATTEMPTS", 3)
        monkeypatch.setattr("fal_client.client.MAX_DELAY", 0.01)
        clients.append(fal_client.AsyncClient(key=key or town["FAL_AI_API_KEY"]))
        return clients[-1]

    yield make
    for client in clients:
        await (await client._client).aclose()  # noqa: SLF001  # it offers no other way to close its connections


async def _fetch(url: str) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.get(url)


async def test_subscribing(open_town: Open, connect: Connect) -> None:
    town = await open_town(latency=(0.3, 0.3), picture_bytes=20_000)
    seen: list[Any] = []
    result = await connect(town).subscribe(
        SCHNELL,
        {"prompt": "a fox", "seed": 3, "image_size": "square", "num_images": 2},
        with_logs=True,
        interval=0.02,
        on_queue_update=seen.append,
    )
    assert [image["width"] for image in result["images"]] == [512, 512]
    assert (result["seed"], result["has_nsfw_concepts"]) == (3, [False, False])
    kinds = {type(status) for status in seen}
    assert kinds == {fal_client.Queued, fal_client.InProgress, fal_client.Completed}
    assert seen[-1].metrics["inference_time"] == 0.3
    picture = await _fetch(result["images"][1]["url"])
    assert (picture.headers["content-type"], len(picture.content)) == ("image/jpeg", 20_000)
    assert (town.summary["collected"], town.summary["violations"]) == (1, 0)


async def test_by_request_id(town: Town, connect: Connect) -> None:
    client = connect(town)
    handle = await client.submit(SCHNELL, {"prompt": "a fox"})
    assert "schnell" not in handle.status_url
    status = await client.status(SCHNELL, handle.request_id)
    assert isinstance(status, fal_client.Completed)
    assert (await client.result(SCHNELL, handle.request_id))["prompt"] == "a fox"


async def test_running_without_the_queue(town: Town, connect: Connect) -> None:
    result = await connect(town).run(SCHNELL, {"prompt": "a fox", "sync_mode": True})
    assert result["images"][0]["url"].startswith("data:image/jpeg;base64,")


async def test_cancelling(open_town: Open, connect: Connect) -> None:
    client = connect(await open_town(latency=(30, 30)))
    handle = await client.submit(SCHNELL, {"prompt": "a fox"})
    await handle.cancel()
    status = await handle.status()
    assert (type(status), status.error_type) == (fal_client.Completed, "client_cancelled")
    with pytest.raises(fal_client.FalClientHTTPError) as again:
        await handle.cancel()
    assert again.value.status_code == 400


async def test_a_failure_is_completed_and_raised_at_the_result(town: Town, connect: Connect) -> None:
    client = connect(town)
    kinds = set()
    for seed in range(8):
        handle = await client.submit(SCHNELL, {"prompt": "x [sandbox:error]", "seed": seed})
        status = await handle.status()
        assert isinstance(status, fal_client.Completed)
        with pytest.raises(fal_client.FalClientHTTPError) as failed:
            await handle.get()
        kinds.add((failed.value.status_code, failed.value.error_type, status.error_type))
    assert kinds == {(503, "runner_disconnected", "runner_disconnected"), (500, "internal_server_error", None)}


async def test_moderation(town: Town, connect: Connect) -> None:
    client = connect(town)
    with pytest.raises(fal_client.FalClientHTTPError) as refused:
        await client.subscribe(SCHNELL, {"prompt": "x [sandbox:moderate]"})
    assert (refused.value.status_code, refused.value.error_type) == (422, "content_policy_violation")
    black = await client.subscribe(SCHNELL, {"prompt": "x [sandbox:content-moderate]"})
    assert black["has_nsfw_concepts"] == [True], "a success as far as HTTP can tell"


async def test_what_the_model_does_not_take(town: Town, connect: Connect) -> None:
    with pytest.raises(fal_client.FalClientHTTPError) as invalid:
        await connect(town).subscribe(SCHNELL, {"prompt": "x", "num_inference_steps": 99})
    assert invalid.value.status_code == 422
    assert invalid.value.message[0]["ctx"] == {"le": 12}


async def test_being_told_to_come_later(town: Town, connect: Connect) -> None:
    client = connect(town)
    await client.submit(SCHNELL, {"prompt": "x [sandbox:429=2]"})
    assert town.summary["refused_by_reason"] == {"429": 2}, "the client tries again by itself"
    with pytest.raises(fal_client.FalClientHTTPError) as throttled:
        await client.submit(SCHNELL, {"prompt": "x [sandbox:429=always]"})
    assert throttled.value.status_code == 429


async def test_keys_money_and_names(open_town: Open, connect: Connect) -> None:
    async def refused(town: Town, model: str, key: str | None = None) -> int:
        with pytest.raises(fal_client.FalClientHTTPError) as caught:
            await connect(town, key).submit(model, {"prompt": "x"})
        status: int = caught.value.status_code
        return status

    town = await open_town()
    assert await refused(town, SCHNELL, "wrong:key") == 401
    assert await refused(town, "fal-ai/no-such-model") == 404
    assert await refused(await open_town(credits=0), SCHNELL) == 403


async def test_a_start_that_comes_too_late(open_town: Open, connect: Connect) -> None:
    town = await open_town(latency=(30, 30), concurrency=1)
    client = connect(town)
    await client.submit(SCHNELL, {"prompt": "first"})
    with pytest.raises(fal_client.FalClientHTTPError) as late:
        await client.subscribe(SCHNELL, {"prompt": "second"}, start_timeout=1.1)
    assert late.value.status_code == 504
    assert late.value.response_headers["x-fal-request-timeout-type"] == "user"
