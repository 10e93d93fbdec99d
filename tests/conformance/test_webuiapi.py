"""The A1111 client `webuiapi` against the sandbox, as A1111 and as Forge."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.conditions import until
from tests.conformance.conftest import Open, Town

webuiapi = pytest.importorskip("webuiapi")

Connect = Callable[..., Awaitable[Any]]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Make clients. They are blocking ones: every call of theirs belongs into a thread."""
    clients: list[Any] = []

    async def make(town: Town, **options: Any) -> Any:
        address = urlsplit(town["A1111_API_URL"])
        client = await asyncio.to_thread(webuiapi.WebUIApi, host=address.hostname, port=address.port, **options)
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.session.close()


@pytest.mark.parametrize("forge", [False, True])
async def test_generating(open_town: Open, connect: Connect, forge: bool) -> None:
    town = await open_town(forge=forge)
    client = await connect(town)
    result = await asyncio.to_thread(
        client.txt2img,
        prompt="a fox",
        negative_prompt="blur",
        seed=1003,
        steps=4,
        width=640,
        batch_size=2,
        sampler_name="DPM++ 2M",
        scheduler="karras",
    )
    assert [image.size for image in result.images] == [(640, 512)] * 2
    assert result.info["all_seeds"] == [1003, 1004]
    assert result.info["sampler_name"] == "DPM++ 2M"
    assert result.parameters["seed"] == 1003
    assert "Steps: 4" in result.image.info["parameters"]
    read = await asyncio.to_thread(client.png_info, result.image)
    assert read.info == result.info["infotexts"][0]
    assert town.summary["collected"] == 1


async def test_the_second_pass_and_the_extras(town: Town, connect: Connect) -> None:
    client = await connect(town)
    upscaler = webuiapi.HiResUpscaler.ESRGAN_4x
    made = await asyncio.to_thread(client.txt2img, prompt="x", enable_hr=True, hr_scale=1.5, hr_upscaler=upscaler)
    assert made.image.size == (768, 768)
    larger = await asyncio.to_thread(
        client.extra_single_image, made.image, upscaler_1=webuiapi.Upscaler.ESRGAN_4x, upscaling_resize=1.5
    )
    assert larger.image.size == (1152, 1152)


async def test_lists_and_models(town: Town, connect: Connect) -> None:
    client = await connect(town)
    titles = await asyncio.to_thread(client.util_get_model_names)
    assert len(titles) == 3
    await asyncio.to_thread(client.util_set_model, "sdxl")
    assert (await asyncio.to_thread(client.util_get_current_model)).startswith("sdxl")
    made = await asyncio.to_thread(client.txt2img, prompt="x", steps=2)
    assert made.info["sd_model_name"] == "sdxl"
    assert "Euler a" in await asyncio.to_thread(client.util_get_sampler_names)
    assert "karras" in await asyncio.to_thread(client.util_get_scheduler_names)
    assert await asyncio.to_thread(client.get_loras)
    assert await asyncio.to_thread(client.get_upscalers)


async def test_it_falls_back_in_silence(town: Town, connect: Connect) -> None:
    client = await connect(town)
    settings = {"sd_model_checkpoint": "not-installed"}
    made = await asyncio.to_thread(client.txt2img, prompt="x", sampler_name="Eular", override_settings=settings)
    assert (made.info["sampler_name"], made.info["sd_model_name"]) == ("DPM++ 2M", "v1-5-pruned-emaonly")


@pytest.mark.parametrize("forge", [False, True])
async def test_failing(open_town: Open, connect: Connect, forge: bool) -> None:
    client = await connect(await open_town(forge=forge))
    with pytest.raises(RuntimeError) as memory:
        await asyncio.to_thread(client.txt2img, prompt="x [sandbox:error]")
    assert memory.value.args[0] == 500
    assert ('"message":"CUDA' if forge else '"errors":"CUDA') in memory.value.args[1]
    with pytest.raises(RuntimeError) as key:
        await asyncio.to_thread(client.txt2img, prompt="x", override_settings={"bad": 1})
    assert '"error":"KeyError"' in key.value.args[1]


async def test_passwords(open_town: Open, connect: Connect) -> None:
    town = await open_town(services={"a1111": {"key": "me:secret"}})
    client = await connect(town, username="me", password="secret")
    assert (await asyncio.to_thread(client.txt2img, prompt="x", steps=1)).image.size == (512, 512)
    nobody = await connect(town)
    with pytest.raises(RuntimeError) as refused:
        await asyncio.to_thread(nobody.txt2img, prompt="x")
    assert refused.value.args[0] == 401


async def test_nothing_is_moderated_and_nobody_is_told_to_come_later(open_town: Open, connect: Connect) -> None:
    client = await connect(await open_town(rate_429=1, moderation=1, content_moderation=1))
    made = await asyncio.to_thread(client.txt2img, prompt="x", steps=1)
    assert made.image.size == (512, 512)


async def test_progress_and_interrupt(open_town: Open, connect: Connect) -> None:
    client = await connect(await open_town(latency=(60, 60)))
    running = asyncio.create_task(asyncio.to_thread(client.txt2img, prompt="x", n_iter=2))
    other = await connect(await open_town())
    other.baseurl = client.baseurl
    progress: dict[str, Any] = {}

    async def busy() -> bool:
        progress.update(await asyncio.to_thread(other.get_progress))
        return bool(progress["state"]["job"])

    async with asyncio.timeout(20):
        while not await busy():
            pass
    assert 0 <= progress["progress"] < 1
    assert await asyncio.to_thread(other.interrupt) == {}
    await until(running.done)
    assert len((await running).images) == 1, "a success with fewer pictures than were asked for"
