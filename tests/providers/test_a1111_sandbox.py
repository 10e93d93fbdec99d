"""What is said about a request beforehand, and what the simulated machine then really did with it."""

import asyncio
import base64
import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fluxtui import sandbox
from fluxtui.domain.imagefile import sniff
from fluxtui.domain.jobs import Pending
from fluxtui.domain.problems import ProblemKind, ServiceError
from fluxtui.domain.request import Change, ImageRequest
from fluxtui.domain.size import Size
from fluxtui.domain.values import JsonValue
from fluxtui.providers import a1111
from fluxtui.providers.base import CheckState, EncodedImage, Images
from fluxtui.providers.http import Http, open_client
from fluxtui.sandbox.faults import Faults


@asynccontextmanager
async def machine(auth: str | None = None, **faults: object) -> AsyncIterator[tuple[a1111.Automatic1111, Http]]:
    values = {**sandbox.environment(), **({"A1111_API_AUTH": auth} if auth else {})}
    simulated = sandbox.Sandbox(faults=Faults.none(services={"a1111": faults} if faults else {}))
    client = open_client(sandbox.transport(simulated))
    try:
        yield a1111.make(a1111.SETTINGS.model_validate(values)), Http(client)
    finally:
        await client.aclose()


def picture(item: object) -> bytes:
    assert isinstance(item, EncodedImage)
    return base64.b64decode(bytes(item.base64))


async def drawn(provider: a1111.Automatic1111, request: ImageRequest, http: Http) -> Images:
    answer = await provider.submit(request, http)
    assert isinstance(answer, Images)
    return answer


_NAMES: dict[str, st.SearchStrategy[JsonValue]] = {
    "sampler": st.sampled_from(["Euler", "Euler a", "DPM++ 2M", "DPM++ 2M Karras", "Nonsense", "Euler Exponential"]),
    "scheduler": st.sampled_from(["karras", "Karras", "simple", "sgm_uniform", "automatic", "nonsense"]),
    "loras": st.dictionaries(
        st.sampled_from(["add_detail", "pixel-art-xl", "ghost"]), st.sampled_from([0.5, 1]), min_size=1
    ).map(lambda found: dict[str, JsonValue](found)),
    "enable_hr": st.booleans(),
    "hr_scale": st.sampled_from([1, 1.3, 1.5, 2]),
    "hr_resize_x": st.sampled_from([0, 500, 600]),
    "hr_upscaler": st.sampled_from(["Latent", "SwinIR 4x"]),
    "denoising_strength": st.sampled_from([0.3, 7]),
    "clip_skip": st.integers(1, 3),
    "distilled_cfg_scale": st.sampled_from([2.5, 3.5]),
    "raw": st.booleans(),
}


@st.composite
def _requests(draw: Callable[[st.SearchStrategy[Any]], Any]) -> ImageRequest:
    names = draw(st.sets(st.sampled_from(sorted(_NAMES)), max_size=6))
    return ImageRequest(
        draw(st.sampled_from(["default", "sdxl", "dreamshaper_8.safetensors", "not-installed"])),
        "a red fox",
        draw(st.sampled_from([None, "blurry"])),
        draw(st.none() | st.builds(Size, st.integers(60, 400), st.integers(60, 400))),
        steps=draw(st.none() | st.integers(1, 200)),
        guidance=draw(st.none() | st.sampled_from([1.0, 6.5, 50.0])),
        seed=draw(st.none() | st.integers(0, 1000)),
        count=draw(st.integers(1, 2)),
        output_format=draw(st.sampled_from([None, "png", "jpeg"])),
        parameters={name: draw(_NAMES[name]) for name in sorted(names)},
    )


@pytest.mark.parametrize("forge", [False, True])
@given(request=_requests())
@settings(max_examples=15, deadline=None)
async def test_what_was_said_is_what_was_done(forge: bool, request: ImageRequest) -> None:
    async with machine(forge=forge) as (provider, http):
        said = provider.assess(request)
        assert said.impossible is None
        images = await drawn(provider, request, http)
        assert len(images.items) == request.count
        with Image.open(io.BytesIO(picture(images.items[0]))) as image:
            assert said.expected_size == Size(*image.size)
        seeds = [item.facts.seed for item in images.items]
        if request.seed is not None:
            assert seeds == [request.seed + i for i in range(request.count)]
        seen = {one.parameter: one for one in images.adaptations}
        assert all(one.change is Change.OBSERVED for one in images.adaptations)
        assert set(seen) == _fallbacks(request, forge=forge)


def _fallbacks(request: ImageRequest, *, forge: bool) -> set[str]:
    """Return what has to be seen afterwards, by what is installed on the simulated machine."""
    parameters = request.parameters
    found = set()
    if request.model == "not-installed":
        found.add("checkpoint")
    if parameters.get("sampler") == "Nonsense":
        found.add("sampler")
    # A scheduler at the end of the sampler's name goes over the one that stands alone.
    named = str(parameters.get("sampler", "")).endswith((" Karras", " Exponential"))
    if parameters.get("scheduler") == "nonsense" and not named:
        found.add("scheduler")
    loras = parameters.get("loras")
    if isinstance(loras, dict) and "ghost" in loras:
        found.add("loras")
    if "distilled_cfg_scale" in parameters and not forge:
        found.add("distilled_cfg_scale")
    return found


async def test_check_and_options() -> None:
    for forge in (False, True):
        async with machine(forge=forge) as (provider, http):
            result = await provider.check(http)
            assert result.state is CheckState.OK
            assert ("Forge" in result.message) is forge
            found = await provider.options(http)
            assert found.forge is forge
            assert "add_detail" in found.loras
            assert {"Euler", "DPM++ 2M"} <= set(found.samplers)
            assert "Karras" in found.schedulers
            assert found.loaded == found.checkpoints[0].title


async def test_upscaling() -> None:
    async with machine() as (provider, http):
        small = picture((await drawn(provider, ImageRequest("default", "x", size=Size(64, 64)), http)).items[0])
        large = picture((await provider.upscale(small, http, a1111.Upscale(factor=2))).items[0])
        assert sniff(large) is not None
        with Image.open(io.BytesIO(large)) as image:
            assert image.size == (128, 128)
        with pytest.raises(ServiceError) as caught:
            await provider.upscale(small, http, a1111.Upscale("no such upscaler"))
        assert caught.value.problem.kind is ProblemKind.INVALID_REQUEST
        assert caught.value.permanent


@pytest.mark.parametrize("forge", [False, True])
async def test_errors_of_both_dialects(forge: bool) -> None:
    wrong: list[tuple[ImageRequest, ProblemKind]] = [
        (ImageRequest("default", "x", size=Size(8192, 8192)), ProblemKind.INVALID_REQUEST),
        (ImageRequest("default", "x", parameters={"override_settings": {"bad": 1}}), ProblemKind.INVALID_REQUEST),
        (ImageRequest("default", "x", extra={"steps": "many"}), ProblemKind.INVALID_REQUEST),
        (ImageRequest("default", "x", extra={"script_name": "none such"}), ProblemKind.INVALID_REQUEST),
        (
            ImageRequest("default", "x", parameters={"enable_hr": True, "hr_upscaler": "none such"}),
            ProblemKind.INVALID_REQUEST,
        ),
    ]
    async with machine(forge=forge) as (provider, http):
        for request, kind in wrong:
            with pytest.raises(ServiceError) as caught:
                await provider.submit(request, http)
            assert (caught.value.problem.kind, caught.value.permanent) == (kind, True), caught.value


@pytest.mark.parametrize("forge", [False, True])
async def test_passwords(forge: bool) -> None:
    for auth, right in (("fox:hen", True), ("fox:wolf", False), (None, False)):
        async with machine(auth, forge=forge, key="fox:hen") as (provider, http):
            assert ((await provider.check(http)).state is CheckState.OK) is right
            if right:
                await drawn(provider, ImageRequest("default", "x"), http)
                continue
            with pytest.raises(ServiceError) as caught:
                await provider.submit(ImageRequest("default", "x"), http)
            assert caught.value.problem.kind is ProblemKind.AUTHENTICATION


async def test_spoiled_answers() -> None:
    async with machine() as (provider, http):
        with pytest.raises(ServiceError) as caught:
            await provider.submit(ImageRequest("default", "x [sandbox:500]"), http)
        assert caught.value.problem.kind is ProblemKind.SERVER_ERROR
        assert not caught.value.permanent


async def test_progress_and_an_interrupt() -> None:
    async with machine(latency=[20, 20]) as (provider, http):
        request = ImageRequest("default", "x", size=Size(64, 64), extra={"n_iter": 3})
        drawing = asyncio.create_task(drawn(provider, request, http))
        progress: Pending | None = None
        async with asyncio.timeout(20):
            while progress is None or progress.stage != "drawing":
                await asyncio.sleep(0.01)
                for task in provider.drawing():
                    progress = await provider.progress(task, http)
        assert progress.progress is not None
        url = sandbox.environment()["A1111_API_URL"] + "/sdapi/v1/interrupt"
        reply = await http.send("POST", url, timeout=5, max_bytes=1000, paid=False)
        assert reply.status == 200
        images = await asyncio.wait_for(drawing, 20)
        assert 1 <= len(images.items) < 3
        (said,) = images.adaptations
        assert (said.parameter, said.change, said.asked, said.given) == ("n", Change.OBSERVED, 3, len(images.items))
