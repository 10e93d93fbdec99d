"""Automatic1111 and Forge by recorded shapes: what is sent, what silence hides, and what every error means."""

import base64
import json
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from fluxtui.domain.jobs import Bill, ImageFacts, Pending, Ticket
from fluxtui.domain.money import ZERO, Price
from fluxtui.domain.problems import Acceptance, ProblemKind, ServiceError
from fluxtui.domain.request import Change, ImageRequest
from fluxtui.domain.size import Size
from fluxtui.domain.values import JsonValue
from fluxtui.providers import a1111
from fluxtui.providers.base import CheckState, EncodedImage, Images, Provider

from .wire import Wire, answering

FOX = ImageRequest("default", "a red fox", "blurry", Size(768, 512), steps=20, guidance=6.5, seed=42)
PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(3000)).decode()


def service(url: str | None = "http://box:7860", auth: str | None = None) -> a1111.Automatic1111:
    settings = {"A1111_API_URL": url, "A1111_API_AUTH": auth}
    return a1111.make(a1111.SETTINGS.model_validate({k: v for k, v in settings.items() if v is not None}))


def asking(**parameters: JsonValue) -> ImageRequest:
    return ImageRequest("default", "a red fox", parameters=parameters)


def answer(pictures: int = 1, *, text: str = "", **info: Any) -> dict[str, Any]:
    """Return an answer as the source makes it; `text` goes into the infotexts behind the sampler."""
    told = {
        "prompt": "a red fox",
        "all_prompts": ["a red fox"] * pictures,
        "seed": 7,
        "all_seeds": [7 + i for i in range(pictures)],
        "sampler_name": "Euler",
        "sd_model_name": "sdxl",
        "sd_model_hash": "31e35c80fc",
        "index_of_first_image": 0,
        "infotexts": [f"a red fox\nSteps: 20, Sampler: Euler, {text or 'Schedule type: Automatic'}"] * pictures,
        "version": "v1.10.1",
        **info,
    }
    return {"images": [PIXEL] * pictures, "parameters": {"seed": -1}, "info": json.dumps(told)}


async def drawn(body: Any, request: ImageRequest = FOX) -> Images:
    answered = await service().submit(request, answering(200, body).http)
    assert isinstance(answered, Images)
    return answered


async def fails(wire: Wire, request: ImageRequest = FOX) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        await service().submit(request, wire.http)
    return caught.value


def changes(images: Images) -> dict[str, JsonValue]:
    assert all(said.change is Change.OBSERVED for said in images.adaptations)
    return {said.parameter: said.given for said in images.adaptations}


# --- what is sent ---


async def test_a_request_in_the_words_of_the_api() -> None:
    wire = answering(200, answer())
    await service().submit(FOX, wire.http)
    assert str(wire.last.url) == "http://box:7860/sdapi/v1/txt2img"
    assert "authorization" not in wire.last.headers
    body = wire.body
    assert body.pop("force_task_id").startswith("task(fluxtui-")
    assert body == {
        "prompt": "a red fox",
        "negative_prompt": "blurry",
        "width": 768,
        "height": 512,
        "steps": 20,
        "cfg_scale": 6.5,
        "seed": 42,
    }


async def test_the_password_is_sent_unasked() -> None:
    wire = answering(200, answer())
    await service(auth="fox:k\u00f6nig").submit(FOX, wire.http)
    assert wire.last.headers["authorization"] == f"Basic {base64.b64encode('fox:könig'.encode()).decode()}"


async def test_settings_hold_for_one_request() -> None:
    wire = answering(200, answer())
    request = ImageRequest(
        "sdxl.safetensors [31e35c80fc]",
        "x",
        parameters={"clip_skip": 2, "vae": "ae", "override_settings": {"eta_noise_seed_delta": 3}},
        extra={"save_images": True},
    )
    await service().submit(request, wire.http)
    assert wire.body["override_settings"] == {
        "sd_model_checkpoint": "sdxl.safetensors [31e35c80fc]",
        "CLIP_stop_at_last_layers": 2,
        "sd_vae": "ae",
        "eta_noise_seed_delta": 3,
    }
    assert wire.body["save_images"] is True
    assert "clip_skip" not in wire.body
    assert "vae" not in wire.body


async def test_loras_become_tags_and_that_is_said() -> None:
    request = asking(loras={"add_detail.safetensors": 0.8, "pixel": 1})
    wire = answering(200, answer(text='Schedule type: Automatic, Lora hashes: "add_detail: ab12, pixel: cd34"'))
    images = await service().submit(request, wire.http)
    tags = "<lora:add_detail:0.8> <lora:pixel:1>"
    assert wire.body["prompt"] == f"a red fox {tags}"
    assert "loras" not in wire.body
    assert isinstance(images, Images)
    assert images.adaptations == ()
    (said,) = service().assess(request).adaptations
    assert (said.parameter, said.change, said.given) == ("loras", Change.REWRITTEN, tags)


@pytest.mark.parametrize("name", ["https://host/a.safetensors", "a>b", "a:b"])
async def test_a_lora_that_no_tag_can_name_is_impossible(name: str) -> None:
    request = asking(loras={name: 1})
    assert service().assess(request).impossible is not None
    wire = answering(200, answer())
    assert (await fails(wire, request)).acceptance is Acceptance.NO
    assert wire.requests == []


async def test_the_second_pass() -> None:
    plain = asking(hr_scale=2, hr_upscaler="Latent", denoising_strength=0.4)
    assert {said.parameter for said in service().assess(plain).adaptations} == {
        "hr_scale",
        "hr_upscaler",
        "denoising_strength",
    }
    wire = Wire(handler=lambda r: httpx.Response(404 if r.method == "GET" else 200, json=answer()))
    await service().submit(plain, wire.http)
    assert not wire.body.keys() & {"hr_scale", "hr_upscaler", "denoising_strength", "enable_hr"}
    asked = ImageRequest("default", "x", size=Size(512, 768), parameters={"enable_hr": True, "hr_scale": 1.5})
    assert service().assess(asked).expected_size == Size(768, 1152)
    await service().submit(asked, wire.http)
    assert wire.body["hr_upscaler"] == "Latent"
    assert not wire.body.keys() & {"hr_additional_modules", "hr_cfg"}
    resized = ImageRequest("default", "x", size=Size(512, 768), parameters={"enable_hr": True, "hr_resize_x": 1000})
    assert service().assess(resized).expected_size == Size(1000, 1496)


async def test_forge_gets_what_it_would_crash_without() -> None:
    wire = Wire(handler=lambda r: httpx.Response(200, json=[] if r.method == "GET" else answer()))
    provider = service()
    request = ImageRequest("default", "x", guidance=1, parameters={"enable_hr": True, "distilled_cfg_scale": 3})
    for _ in range(2):
        images = await provider.submit(request, wire.http)
    assert isinstance(images, Images)
    assert wire.body["hr_additional_modules"] == ["Use same choices"]
    assert (wire.body["distilled_cfg_scale"], wire.body["hr_cfg"], wire.body["hr_distilled_cfg"]) == (3, 1, 3)
    assert [r.url.path for r in wire.requests] == ["/sdapi/v1/sd-modules", *["/sdapi/v1/txt2img"] * 2]


async def test_what_only_forge_has_is_not_sent_to_a1111() -> None:
    wire = Wire(handler=lambda r: httpx.Response(404 if r.method == "GET" else 200, json=answer()))
    images = await service().submit(asking(distilled_cfg_scale=3), wire.http)
    assert "distilled_cfg_scale" not in wire.body
    assert isinstance(images, Images)
    assert changes(images) == {"distilled_cfg_scale": "nothing"}


def test_nothing_costs_anything() -> None:
    provider: Provider = service()
    assert provider.resend_is_free
    assert provider.assess(FOX).price == Price.exactly(ZERO)
    assert provider.assess(FOX).price.known
    assert provider.max_count("default") == 8


def test_sizes_and_formats_are_foreseen() -> None:
    request = ImageRequest("default", "x", size=Size(1001, 777), output_format="jpeg")
    assessment = service().assess(request)
    assert assessment.expected_size == Size(1000, 776)
    assert {said.parameter for said in assessment.adaptations} == {"size", "output_format"}


async def test_several_pictures_are_one_batch() -> None:
    wire = answering(200, answer(3))
    images = await service().submit(ImageRequest("default", "x", count=3), wire.http)
    assert wire.body["batch_size"] == 3
    assert isinstance(images, Images)
    assert [item.facts.seed for item in images.items] == [7, 8, 9]


# --- what is answered ---


async def test_pictures_and_their_facts() -> None:
    images = await drawn(answer())
    (item,) = images.items
    assert isinstance(item, EncodedImage)
    assert bytes(item.base64) == PIXEL.encode()
    assert images.bill == Bill(ZERO)
    assert (item.facts.seed, item.facts.prompt_used) == (7, "a red fox")
    assert item.facts.details["sd_model_name"] == "sdxl"


async def test_a_grid_and_what_scripts_append_are_left_out() -> None:
    body = answer(2, index_of_first_image=1)
    body["images"] = [f"grid{i}" for i in range(4)]
    images = await drawn(body, ImageRequest("default", "x", count=2))
    assert [bytes(item.base64) for item in images.items if isinstance(item, EncodedImage)] == [b"grid1", b"grid2"]


async def test_the_head_of_a_data_uri_is_taken_off() -> None:
    body = answer()
    body["images"] = [f"data:image/png;base64,{PIXEL}"]
    (item,) = (await drawn(body)).items
    assert isinstance(item, EncodedImage)
    assert bytes(item.base64) == PIXEL.encode()


@pytest.mark.parametrize("info", [None, "not json", "[]", {"all_seeds": "x"}, "{}"])
async def test_info_may_be_anything(info: Any) -> None:
    images = await drawn({"images": [PIXEL], "info": info})
    assert [item.facts.seed for item in images.items] == [None]
    assert images.items[0].facts == ImageFacts()


@pytest.mark.parametrize(
    ("asked", "info", "found"),
    [
        ({"sampler": "Nonsense"}, {"sampler_name": "DPM++ 2M"}, {"sampler": "DPM++ 2M"}),
        ({"sampler": "Euler"}, {}, {}),
        ({"sampler": "DPM++ 2M Karras"}, {"sampler_name": "DPM++ 2M"}, {}),
        ({"sampler": "Euler Karras"}, {"text": "Schedule type: Karras"}, {}),
        ({"scheduler": "karras"}, {"text": "Schedule type: Karras"}, {}),
        ({"scheduler": "sgm_uniform"}, {"text": "Schedule type: SGM Uniform"}, {}),
        ({"scheduler": "karras"}, {}, {"scheduler": "Automatic"}),
        ({"scheduler": "karras", "sampler": "DPM++ 2M"}, {"sampler_name": "DPM++ 2M"}, {}),
        ({"loras": {"ghost": 1}}, {}, {"loras": "none"}),
        ({"loras": {"a": 1, "ghost": 1}}, {"text": 'Lora hashes: "a: 12ab34"'}, {"loras": "a"}),
    ],
)
async def test_silent_fallbacks_are_seen(
    asked: dict[str, JsonValue], info: dict[str, Any], found: dict[str, JsonValue]
) -> None:
    assert changes(await drawn(answer(**info), asking(**asked))) == found


@pytest.mark.parametrize(
    ("model", "same"),
    [
        ("default", True),
        ("sdxl", True),
        ("SDXL.safetensors", True),
        ("sdxl.safetensors [31e35c80fc]", True),
        ("folder/sdxl.safetensors", True),
        ("31e35c80fc", True),
        ("31e35c80fc" + "0" * 54, True),
        ("sdxl.safetensors [0000000000]", False),
        ("dreamshaper_8", False),
        ("0000000000", False),
    ],
)
async def test_another_checkpoint_is_seen(model: str, same: bool) -> None:
    images = await drawn(answer(), ImageRequest(model, "a red fox"))
    assert changes(images) == ({} if same else {"checkpoint": "sdxl [31e35c80fc]"})


async def test_an_interrupt_leaves_fewer_pictures() -> None:
    images = await drawn(answer(2), ImageRequest("default", "x", count=4))
    assert changes(images) == {"n": 2}
    nothing = await fails(answering(200, {"images": [], "info": "{}"}))
    assert (nothing.problem.kind, nothing.acceptance) == (ProblemKind.BAD_ANSWER, Acceptance.MAYBE)
    assert not nothing.permanent


# --- errors of both dialects ---


def a1111_error(name: str, text: str, detail: str = "") -> dict[str, str]:
    return {"error": name, "detail": detail, "body": "", "errors": text}


def forge_error(name: str, text: str) -> dict[str, str]:
    return {"error": name, "detail": "", "body": "", "message": text}


@pytest.mark.parametrize(
    ("status", "body", "kind", "permanent"),
    [
        (500, a1111_error("OutOfMemoryError", "CUDA out of memory. Tried 2 GiB"), ProblemKind.INVALID_REQUEST, True),
        (500, forge_error("OutOfMemoryError", "CUDA out of memory. Tried"), ProblemKind.INVALID_REQUEST, True),
        (500, a1111_error("KeyError", "'badkey'"), ProblemKind.INVALID_REQUEST, True),
        (500, forge_error("KeyError", "'badkey'"), ProblemKind.INVALID_REQUEST, True),
        (500, forge_error("Exception", "could not find upscaler named X"), ProblemKind.INVALID_REQUEST, True),
        (500, a1111_error("RuntimeError", "model 'x' not found"), ProblemKind.NOT_FOUND, True),
        (
            500,
            forge_error("TypeError", "'NoneType' is not iterable"),
            ProblemKind.INVALID_REQUEST,
            True,
        ),
        (500, a1111_error("HTTPException", "", "Invalid encoded image"), ProblemKind.INVALID_REQUEST, True),
        (500, b"Internal Server Error", ProblemKind.SERVER_ERROR, False),
        (500, a1111_error("RuntimeError", "CUDA error: device-side assert"), ProblemKind.SERVER_ERROR, False),
        (502, b"<html><title>Bad Gateway</title></html>", ProblemKind.SERVER_ERROR, False),
        (504, b"", ProblemKind.TIMEOUT, False),
        (401, a1111_error("HTTPException", "", "Incorrect username or password"), ProblemKind.AUTHENTICATION, False),
        (401, {"detail": "Not authenticated"}, ProblemKind.AUTHENTICATION, False),
        (422, a1111_error("HTTPException", "", "Script 'x' not found"), ProblemKind.INVALID_REQUEST, True),
        (404, {"detail": "Init image not found"}, ProblemKind.INVALID_REQUEST, True),
        (404, a1111_error("HTTPException", "", "Init image not found"), ProblemKind.INVALID_REQUEST, True),
        (404, {"detail": "Not Found"}, ProblemKind.CONFIGURATION, True),
        (404, b"<html>nothing</html>", ProblemKind.CONFIGURATION, True),
        (405, {"detail": "Method Not Allowed"}, ProblemKind.CONFIGURATION, True),
        (200, b"<html><title>Stable Diffusion</title></html>", ProblemKind.CONFIGURATION, True),
        (200, b"", ProblemKind.CONFIGURATION, True),
    ],
)
async def test_what_errors_mean(status: int, body: Any, kind: ProblemKind, permanent: bool) -> None:
    error = await fails(answering(status, body))
    assert (error.problem.kind, error.permanent) == (kind, permanent)
    assert error.acceptance is not Acceptance.YES
    if kind is ProblemKind.CONFIGURATION:
        assert "--api" in error.problem.advice
    if kind is ProblemKind.AUTHENTICATION:
        assert "A1111_API_AUTH" in error.problem.advice


@pytest.mark.parametrize(
    "fault",
    [
        {"loc": ["body", "steps"], "msg": "value is not a valid integer", "type": "type_error.integer"},
        {"type": "int_parsing", "loc": ["body", "steps"], "msg": "Input should be a valid integer", "input": "x"},
    ],
)
async def test_both_dialects_of_validation_name_the_field(fault: dict[str, Any]) -> None:
    error = await fails(answering(422, {"detail": [fault]}))
    assert error.problem.kind is ProblemKind.INVALID_REQUEST
    assert "steps" in error.problem.what


# --- machines ---


async def test_every_machine_gets_a_request_before_any_gets_two() -> None:
    provider = service("http://a:1, b:2,http://c:3/sdapi/v1/")
    assert (provider.pace("x").in_flight, provider.pace("y").account_in_flight) == (3, 3)
    wire = answering(200, answer())
    for _ in range(3):
        await provider.submit(FOX, wire.http)
    assert {str(r.url) for r in wire.requests} == {f"http://{h}/sdapi/v1/txt2img" for h in ("a:1", "b:2", "c:3")}


async def test_a_machine_that_is_gone_is_left_alone() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.host == "a":
            raise httpx.ConnectError("refused", request=request)
        return httpx.Response(200, json=answer())

    provider, wire = service("http://a,http://b"), Wire(handler=handle)
    with pytest.raises(ServiceError) as caught:
        await provider.submit(FOX, wire.http)
    assert caught.value.acceptance is Acceptance.NO
    for _ in range(3):
        await provider.submit(FOX, wire.http)
    assert [r.url.host for r in wire.requests] == ["a", "b", "b", "b"]


async def test_progress_is_asked_where_the_task_is() -> None:
    provider = service("http://a,http://b")
    seen: list[Pending | None] = []

    async def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/internal/progress":
            told = {"active": True, "queued": False, "progress": 1.2, "textinfo": None}
            return httpx.Response(200, json=told)
        (task,) = provider.drawing()
        assert json.loads(request.content)["force_task_id"] == task
        seen.append(await provider.progress(task, http))
        return httpx.Response(200, json=answer())

    from fluxtui.providers.http import Http, open_client

    http = Http(open_client(httpx.MockTransport(handle)))
    await provider.submit(FOX, http)
    assert seen == [Pending(1.0, "drawing")]
    assert await provider.progress("task(other)", http) is None
    assert provider.drawing() == ()


# --- settings, check, options, upscaling ---


def test_settings() -> None:
    assert a1111.missing(a1111.SETTINGS.model_validate({})) == ("A1111_API_URL",)
    assert a1111.missing(a1111.SETTINGS.model_validate({"A1111_API_URL": " , "})) == ("A1111_API_URL",)
    for wrong in ({"A1111_API_URL": "ftp://x"}, {"A1111_API_URL": "http://u:p@x"}, {"A1111_API_AUTH": "nocolon"}):
        with pytest.raises(ValidationError):
            a1111.SETTINGS.model_validate(wrong)
    assert service("http://192.168.1.5:7860", "a:b").notes
    assert not service("http://127.0.0.1:7860", "a:b").notes
    assert not service("http://192.168.1.5:7860").notes
    assert isinstance(service(), Provider)


async def test_check_asks_every_machine() -> None:
    settings = {"sd_model_checkpoint": "sdxl.safetensors [31e35c80fc]"}
    result = await service().check(answering(200, settings).http)
    assert (result.state, result.message) == (CheckState.OK, "A1111 with sdxl.safetensors [31e35c80fc]")
    forge = {**settings, "forge_additional_modules": []}
    assert "Forge" in (await service().check(answering(200, forge).http)).message
    wire = Wire([httpx.Response(200, json=settings), httpx.Response(404, json={"detail": "Not Found"})])
    result = await service("http://a,http://b").check(wire.http)
    assert result.state is CheckState.PROBLEM
    assert result.problem is not None
    assert result.problem.kind is ProblemKind.CONFIGURATION
    assert "1 of 2" in result.message
    assert (await service(None).check(wire.http)).state is CheckState.UNCONFIGURED


async def test_options_are_what_machines_have_in_common() -> None:
    lists: dict[str, Any] = {
        "sd-models": [{"title": "sdxl.safetensors [31]", "model_name": "sdxl", "hash": None}],
        "samplers": [{"name": "Euler", "aliases": []}],
        "upscalers": [{"name": "R-ESRGAN 4x+", "scale": 4}],
        "latent-upscale-modes": [{"name": "Latent"}],
        "options": {"sd_model_checkpoint": "sdxl.safetensors [31]"},
    }

    def handle(request: httpx.Request) -> httpx.Response:
        name = request.url.path.rpartition("/")[2]
        if name not in lists:
            return httpx.Response(404, json={"detail": "Not Found"})
        more = [{"name": "DDIM"}] if name == "samplers" and request.url.host == "b" else []
        return httpx.Response(200, json=more + lists[name] if isinstance(lists[name], list) else lists[name])

    found = await service("http://b,http://a").options(Wire(handler=handle).http)
    assert [one.name for one in found.checkpoints] == ["sdxl"]
    assert (found.samplers, found.loras, found.schedulers) == (("Euler",), (), ())
    assert found.upscalers[0].scale == 4
    assert (found.loaded, found.forge) == ("sdxl.safetensors [31]", False)
    with pytest.raises(ServiceError):
        await service().options(answering(404, {"detail": "Not Found"}).http)


async def test_upscaling() -> None:
    wire = answering(200, {"html_info": "", "image": PIXEL})
    images = await service().upscale(b"picture", wire.http, a1111.Upscale("SwinIR 4x", factor=3))
    assert wire.last.url.path == "/sdapi/v1/extra-single-image"
    assert (wire.body["upscaler_1"], wire.body["upscaling_resize"], wire.body["resize_mode"]) == ("SwinIR 4x", 3, 0)
    assert base64.b64decode(wire.body["image"]) == b"picture"
    assert len(images.items) == 1
    await service().upscale(b"picture", wire.http, a1111.Upscale(size=Size(100, 50)))
    assert (wire.body["resize_mode"], wire.body["upscaling_resize_w"]) == (1, 100)


async def test_there_is_nothing_to_collect_or_to_cancel() -> None:
    http = answering(200, {}).http
    assert not await service().cancel(Ticket({}), http)
    with pytest.raises(ServiceError) as caught:
        await service().collect(Ticket({}), http)
    assert caught.value.problem.kind is ProblemKind.EXPIRED
