"""The pictures: the sides, formats and sizes that were asked for, the same ones every time, different by model."""

import asyncio
import io
import time
import warnings
from dataclasses import replace
from itertools import combinations

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fluxtui.domain.imagefile import ImageFormat, is_complete, sniff
from fluxtui.sandbox import Faults
from fluxtui.sandbox.painter import paint, paint_image
from fluxtui.sandbox.painter.finishes import TRAITS
from fluxtui.sandbox.painter.hands import HANDS, PALETTES, hand_of
from fluxtui.sandbox.painter.scenes import WORDS
from fluxtui.sandbox.pictures import Pictures, PictureSpec, bomb, plain_picture
from tests.sandbox.conftest import AZURE, AZURE_HEADERS, Bench, MakeBench

SPEC = PictureSpec("flux-pro-1.1", "a red fox", 1, 256, 192)


@pytest.mark.parametrize("image_format", ["png", "jpeg", "webp"])
@pytest.mark.parametrize("size", [(64, 64), (64, 640), (640, 64), (333, 257)])
def test_painted_pictures_are_what_was_asked_for(image_format: str, size: tuple[int, int]) -> None:
    data = paint(replace(SPEC, width=size[0], height=size[1], format=image_format))
    assert sniff(data) is ImageFormat(image_format)
    assert is_complete(data, ImageFormat(image_format))
    image = Image.open(io.BytesIO(data))
    image.load()
    assert (image.size, image.mode) == (size, "RGB")


def test_the_largest_picture() -> None:
    assert paint_image(replace(SPEC, width=4096, height=4096)).size == (4096, 4096)


@pytest.mark.parametrize("words", WORDS)
def test_every_scene_paints_the_same_twice_and_another_with_another_seed(words: str) -> None:
    for word in words.split()[:3]:
        spec = replace(SPEC, prompt=f"one {word}", width=128, height=96)
        assert paint(spec) == paint(spec)
        assert paint(spec) != paint(replace(spec, seed=2))


@pytest.mark.parametrize("model", [*HANDS, "somebody/elses-model"])
def test_every_hand(model: str) -> None:
    hand = hand_of(model)
    assert set(hand.traits) <= TRAITS.keys()
    assert set(hand.palettes) <= PALETTES.keys()
    assert paint_image(replace(SPEC, model=model)).size == (256, 192)


def test_models_can_be_told_apart() -> None:
    """No two models give pictures that are close: their means over 16 parts differ visibly."""
    small = {model: paint_image(replace(SPEC, model=model)).resize((4, 4)).tobytes() for model in HANDS}
    for first, second in combinations(small.values(), 2):
        assert max(abs(a - b) for a, b in zip(first, second, strict=True)) > 12


def test_guidance_and_steps_show() -> None:
    pictures = {paint(replace(SPEC, guidance=guidance, steps=steps)) for guidance in (1.5, 5) for steps in (5, 50)}
    assert len(pictures) == 4


@settings(max_examples=15, deadline=None)
@given(st.text(max_size=60), st.integers(0, 2**63), st.integers(64, 200), st.integers(64, 200))
def test_any_prompt_can_be_painted(prompt: str, seed: int, width: int, height: int) -> None:
    assert paint_image(PictureSpec("flux-2-max", prompt, seed, width, height)).size == (width, height)


@settings(deadline=None)
@given(st.sampled_from(["png", "jpeg", "webp"]), st.integers(4096, 300_000))
def test_plain_pictures_have_exactly_the_size(image_format: str, size: int) -> None:
    data = plain_picture(replace(SPEC, format=image_format), size)
    assert size - len(data) in ((0, 1) if image_format == "webp" else (0,))
    assert is_complete(data, ImageFormat(image_format))
    image = Image.open(io.BytesIO(data))
    image.load()
    assert image.size == (256, 192)
    assert data != plain_picture(replace(SPEC, format=image_format, seed=2), size)


async def test_painting_does_not_hold_up_the_loop() -> None:
    pictures = Pictures()
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0)
            longest = max(longest, time.perf_counter() - before)

    watcher = asyncio.create_task(watch())
    await pictures.make(replace(SPEC, width=1024, height=1024))
    watcher.cancel()
    assert longest < 0.25


async def test_the_last_pictures_are_kept() -> None:
    pictures = Pictures()
    assert await pictures.make(SPEC) is await pictures.make(SPEC)


async def test_bytes_are_those_of_the_spec_whatever_way_they_come(make_bench: MakeBench) -> None:
    bench = make_bench(Faults.none())
    same = [await bench.finished(await bench.submit("flux-dev", prompt="a fox", seed=1)) for _ in range(2)]
    pictures = [(await bench.client.get(ready["result"]["sample"])).content for ready in same]
    assert pictures[0] == pictures[1]


async def _download(bench: Bench, marker: str) -> httpx.Response:
    ready = await bench.finished(await bench.submit("flux-dev", prompt=f"x [sandbox:{marker}]", output_format="png"))
    return await bench.client.get(ready["result"]["sample"])


async def test_spoiled_pictures_at_bfl(bench: Bench) -> None:
    page = await _download(bench, "html")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html")
    assert (await _download(bench, "bomb")).content == bomb()
    assert sniff((await _download(bench, "jpeg")).content) is ImageFormat.JPEG
    ready = await bench.finished(await bench.submit("flux-dev", prompt="x [sandbox:no-image]"))
    assert (ready["status"], "sample" in ready["result"]) == ("Ready", False)
    assert bench.summary["uncollected"] == 0, "what is no picture need not be collected"


async def test_spoiled_pictures_at_azure(bench: Bench) -> None:
    assert (await bench.azure(prompt="[sandbox:no-image]")).json()["data"] == []
    assert (await bench.azure(prompt="[sandbox:html]")).headers["content-type"] == "text/html"
    assert len((await bench.azure(prompt="[sandbox:bomb]")).content) > 50_000
    body = {"prompt": "[sandbox:huge]"}
    async with bench.client.stream("POST", AZURE, headers=AZURE_HEADERS, json=body) as answer:
        assert "content-length" not in answer.headers
        size = 0
        async for piece in answer.aiter_raw():
            size += len(piece)
            if size > 2_000_000:
                break
    assert size > 2_000_000
    assert bench.summary["uncollected"] == 0


async def test_a_download_breaks_half_way_once(bench: Bench) -> None:
    ready = await bench.finished(await bench.submit("flux-dev", prompt="x [sandbox:cut]"))
    with pytest.raises(httpx.ReadError):
        await bench.client.get(ready["result"]["sample"])
    assert bench.summary["uncollected"] == 1
    assert (await bench.client.get(ready["result"]["sample"])).status_code == 200
    assert bench.summary["uncollected"] == 0


def test_the_bomb_is_one() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(Image.DecompressionBombError):
            Image.open(io.BytesIO(bomb()))
    assert len(bomb()) < 100_000
