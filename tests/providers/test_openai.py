"""OpenAI's picture models: both calls, every answer on record, money by tokens, and what is never sent."""

import base64
from dataclasses import replace
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from fluxtui.domain.jobs import Bill, Refusal, Ticket
from fluxtui.domain.money import Micros, Price, usd
from fluxtui.domain.problems import Acceptance, ProblemKind, ServiceError
from fluxtui.domain.request import Change, ImageRequest
from fluxtui.domain.size import Size
from fluxtui.domain.values import JsonObject
from fluxtui.providers import openai
from fluxtui.providers.base import CheckState, EncodedImage, Images, LinkedImage, Provider
from fluxtui.providers.openai import OpenAI, api_base

from .wire import Wire, answering

KEY = "sk-canary-0123456789"
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"\x00" * 40).decode()
JPEG = base64.b64encode(b"\xff\xd8\xff\xe0" + b"\x00" * 40).decode()
FOX = ImageRequest("gpt-image-2", "a red fox", size=Size(1024, 1024), parameters={"quality": "medium"})
USAGE = {
    "input_tokens": 14,
    "input_tokens_details": {"text_tokens": 14, "image_tokens": 0},
    "output_tokens": 1756,
    "output_tokens_details": {"image_tokens": 1756, "text_tokens": 0},
    "total_tokens": 1770,
}
CAPTURED = {
    "created": 1795132800,
    "background": "opaque",
    "output_format": "png",
    "quality": "medium",
    "size": "1024x1024",
    "data": [{"b64_json": PNG}],
    "usage": USAGE,
}


def service(**more: str) -> OpenAI:
    return openai.make(openai.SETTINGS.model_validate({"OPENAI_API_KEY": KEY, **more}))


def error(message: str, kind: str, code: str | None, param: str | None = None, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": param, "code": code, **more}}


async def submitted(body: Any, status: int = 200, request: ImageRequest = FOX, **headers: str) -> Images | Refusal:
    return await service().submit(request, answering(status, body, **headers).http)


async def submitting_fails(body: Any, status: int = 200, request: ImageRequest = FOX, **headers: str) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        await submitted(body, status, request, **headers)
    return caught.value


# --- what is sent ---


async def test_a_picture_from_text() -> None:
    wire = answering(200, CAPTURED)
    answer = await service().submit(FOX, wire.http)
    assert isinstance(answer, Images)
    assert str(wire.last.url) == "https://api.openai.com/v1/images/generations"
    assert wire.last.headers["authorization"] == f"Bearer {KEY}"
    assert wire.body == {"model": "gpt-image-2", "prompt": "a red fox", "size": "1024x1024", "quality": "medium"}
    (image,) = answer.items
    assert isinstance(image, EncodedImage)
    assert bytes(image.base64).decode() == PNG
    assert answer.bill == Bill(Micros(14 * 5 + 1756 * 30))
    assert image.facts.details["quality"] == "medium"
    assert image.facts.details["output_tokens"] == 1756
    assert answer.adaptations == ()
    timeout = wire.last.extensions["timeout"]
    assert timeout["read"] >= 300


async def test_everything_that_the_newest_models_take() -> None:
    wire = answering(200, CAPTURED)
    parameters: JsonObject = {
        "quality": "xhigh",
        "background": "transparent",
        "output_compression": 80,
        "moderation": "low",
        "complexity": "high",
    }
    request = ImageRequest(
        "gpt-image-2.6-sunburst", "a fox", size=Size(1600, 912), count=4, output_format="WebP", parameters=parameters
    )
    assert not service().assess(request).adaptations
    await service().submit(request, wire.http)
    assert wire.body == {
        "model": "gpt-image-2.6-sunburst",
        "prompt": "a fox",
        "n": 4,
        "size": "1600x912",
        "output_format": "webp",
        **parameters,
    }


def test_what_the_models_do_not_have_is_told() -> None:
    request = ImageRequest(
        "gpt-image-1.5",
        "a fox",
        "blur",
        seed=1,
        steps=9,
        guidance=2.0,
        parameters={"quality": "xhigh", "style": "vivid"},
    )
    told = {a.parameter: a.change for a in service().assess(request).adaptations}
    assert told == {
        "negative_prompt": Change.DROPPED,
        "seed": Change.DROPPED,
        "steps": Change.DROPPED,
        "guidance": Change.DROPPED,
        "style": Change.DROPPED,
        "quality": Change.BUCKETED,
    }


@pytest.mark.parametrize(
    ("parameters", "output_format", "dropped"),
    [
        ({"output_compression": 50}, None, {"output_compression"}),
        ({"output_compression": 50}, "png", {"output_compression"}),
        ({"output_compression": 50}, "jpg", set()),
        ({"background": "transparent"}, None, set()),
        ({"background": "transparent"}, "jpeg", {"background"}),
        ({"background": "opaque"}, "jpeg", set()),
        ({"input_fidelity": "high"}, None, {"input_fidelity"}),
    ],
)
async def test_what_means_nothing_beside_the_rest_is_not_sent(
    parameters: dict[str, Any], output_format: str | None, dropped: set[str]
) -> None:
    request = replace(FOX, model="gpt-image-1.5", parameters=parameters, output_format=output_format)
    wire = answering(200, CAPTURED)
    assert {a.parameter for a in service().assess(request).adaptations} == dropped
    await service().submit(request, wire.http)
    assert not dropped & wire.body.keys()


async def test_extra_goes_last_and_may_make_up_for_what_is_missing() -> None:
    request = replace(FOX, parameters={"output_compression": 50}, extra={"output_format": "jpeg", "n": 2, "odd": 1})
    wire = answering(200, CAPTURED)
    assessment = service().assess(request)
    assert not assessment.adaptations
    answer = await service().submit(request, wire.http)
    assert (wire.body["output_compression"], wire.body["n"], wire.body["odd"]) == (50, 2, 1)
    assert isinstance(answer, Images)
    assert [(a.parameter, a.asked, a.given) for a in answer.adaptations] == [("n", 2, 1)]


@pytest.mark.parametrize(
    "more",
    [
        {"extra": {"stream": True}},
        {"extra": {"partial_images": 2}},
        {"parameters": {"stream": True}},
        {"extra": {"output_format": "svg"}},
    ],
)
async def test_what_could_not_be_read_is_never_paid(more: dict[str, Any]) -> None:
    request, wire = replace(FOX, **more), answering(200, CAPTURED)
    assert service().assess(request).impossible is not None
    with pytest.raises(ServiceError) as caught:
        await service().submit(request, wire.http)
    assert (caught.value.acceptance, caught.value.permanent) == (Acceptance.NO, True)
    assert not wire.requests


async def test_dall_e_3_keeps_the_prompt_that_it_made() -> None:
    request = ImageRequest(
        "dall-e-3", "a fox", size=Size(1920, 1080), count=1, parameters={"quality": "high", "style": "natural"}
    )
    wire = answering(200, {"created": 1, "data": [{"revised_prompt": "A red fox, vividly", "b64_json": PNG}]})
    assessment = service().assess(request)
    assert "retired on 2026-05-12" in assessment.notes[0]
    assert assessment.price == Price.exactly(usd("0.12"))
    assert service().max_count("dall-e-3") == 1
    answer = await service().submit(request, wire.http)
    assert wire.body == {
        "model": "dall-e-3",
        "prompt": "a fox",
        "n": 1,
        "response_format": "b64_json",
        "size": "1792x1024",
        "quality": "hd",
        "style": "natural",
    }
    assert isinstance(answer, Images)
    assert answer.items[0].facts.prompt_used == "A red fox, vividly"
    assert answer.bill is None  # it tells no usage: the catalog's price counts
    assert service().assess(replace(request, prompt="x" * 4001)).impossible is not None


async def test_links_of_old_servers_are_followed_without_their_answer() -> None:
    answer = await submitted({"data": [{"url": "https://files.example/x.png?sig=1"}]})
    assert isinstance(answer, Images)
    assert isinstance(answer.items[0], LinkedImage)
    assert answer.reply is None


def form_of(request: httpx.Request) -> tuple[dict[str, str], list[tuple[str, str, str, bytes]]]:
    head = b"Content-Type: " + request.headers["content-type"].encode() + b"\r\n\r\n"
    fields: dict[str, str] = {}
    files: list[tuple[str, str, str, bytes]] = []
    for part in BytesParser(policy=HTTP).parsebytes(head + request.content).iter_parts():
        name = str(part.get_param("name", header="content-disposition"))
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        if part.get_filename() is None:
            fields[name] = content.decode().removesuffix("\r\n")
        else:
            files.append((name, str(part.get_filename()), part.get_content_type(), content.removesuffix(b"\r\n")))
    return fields, files


async def test_reference_pictures_make_an_edit() -> None:
    wire = answering(200, CAPTURED)
    request = replace(FOX, prompt='a "fox"\nwith Ünïcode', references=(f"data:image/png;base64,{PNG}", JPEG), count=2)
    await service().submit(replace(request, extra={"tags": ["a", True]}), wire.http)
    assert str(wire.last.url) == "https://api.openai.com/v1/images/edits"
    assert wire.last.headers["content-length"] == str(len(wire.last.content))
    fields, files = form_of(wire.last)
    assert fields == {
        "model": "gpt-image-2",
        "prompt": request.prompt,
        "n": "2",
        "size": "1024x1024",
        "quality": "medium",
        "tags[]": "true",
    }
    assert files == [
        ("image[]", "reference-1.png", "image/png", base64.b64decode(PNG)),
        ("image[]", "reference-2.jpg", "image/jpeg", base64.b64decode(JPEG)),
    ]
    one = answering(200, CAPTURED)
    await service().submit(replace(request, references=(PNG,)), one.http)
    assert [name for name, *_ in form_of(one.last)[1]] == ["image"]


async def test_reference_pictures_that_cannot_be_sent() -> None:
    assessment = service().assess(replace(FOX, references=("https://example.com/a.png",)))
    assert assessment.impossible is not None
    assert service().assess(replace(FOX, references=("a.png",) * 17)).adaptations[0].given == 16
    dropped = service().assess(replace(FOX, model="dall-e-3", references=("a.png",))).adaptations
    assert [a.parameter for a in dropped] == ["quality", "references"]
    for reference in ("fox.png", "data:image/png;base64,###"):
        wire = answering(200, CAPTURED)
        with pytest.raises(ServiceError) as caught:
            await service().submit(replace(FOX, references=(reference,)), wire.http)
        assert caught.value.acceptance is Acceptance.NO
        assert not wire.requests


async def test_an_unknown_model_gets_everything_as_it_is() -> None:
    request = ImageRequest(
        "flux-at-home", "a fox", size=Size(640, 480), seed=7, steps=20, parameters={"quality": "hd", "odd": [1]}
    )
    wire = answering(200, {"data": [{"b64_json": PNG}], "usage": USAGE})
    assessment = service().assess(request)
    assert not assessment.price.known
    assert "not in the catalog" in assessment.notes[0]
    answer = await service().submit(request, wire.http)
    assert wire.body == {
        "model": "flux-at-home",
        "prompt": "a fox",
        "size": "640x480",
        "seed": 7,
        "steps": 20,
        "quality": "hd",
        "odd": [1],
    }
    assert isinstance(answer, Images)
    assert answer.bill is None


# --- answers ---


async def test_what_was_used_instead_is_told() -> None:
    answer = await submitted({**CAPTURED, "quality": "low", "background": None})
    assert isinstance(answer, Images)
    assert [(a.parameter, a.change, a.given) for a in answer.adaptations] == [("quality", Change.OBSERVED, "low")]


async def test_a_picture_of_several_that_the_filter_withholds() -> None:
    filtered = {"violence": {"filtered": True, "severity": "high"}}
    data = [{"b64_json": PNG}, {"b64_json": None, "content_filter_results": filtered}, {"b64_json": PNG}]
    answer = await submitted({**CAPTURED, "data": data}, request=replace(FOX, count=3))
    assert isinstance(answer, Images)
    assert len(answer.items) == 2
    (missing,) = answer.adaptations
    assert (missing.parameter, missing.asked, missing.given) == ("n", 3, 2)
    assert "violence (high)" in missing.reason


@pytest.mark.parametrize("body", [{"created": 1, "data": []}, {"created": 1, "data": [{}]}])
async def test_a_success_without_a_picture_was_accepted(body: Any) -> None:
    found = await submitting_fails(body)
    assert (found.problem.kind, found.acceptance) == (ProblemKind.BAD_ANSWER, Acceptance.YES)


@pytest.mark.parametrize("body", [{}, [], b"", b"<html><title>Login</title>", b"event: x\ndata: {}\n\n"])
async def test_a_success_of_somebody_else_leaves_a_doubt(body: Any) -> None:
    found = await submitting_fails(body)
    assert (found.problem.kind, found.acceptance) == (ProblemKind.BAD_ANSWER, Acceptance.MAYBE)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (
            error(
                "Rejected. safety_violations=[sexual].",
                "image_generation_user_error",
                "moderation_blocked",
                moderation_details={"moderation_stage": "input", "categories": ["sexual", "violence"]},
            ),
            "(sexual, violence)",
        ),
        (
            error("Rejected. safety_violations=[sexual].", "image_generation_user_error", "moderation_blocked"),
            "(sexual)",
        ),
        (error("Rejected.", "image_generation_user_error", "content_policy_violation"), "refused"),
    ],
)
async def test_refusals(body: Any, told: str) -> None:
    answer = await submitted(body, 400, x_request_id="req_1")
    assert isinstance(answer, Refusal)
    assert told in answer.problem.what
    assert answer.problem.request_id == "req_1"


INVALID, USER = "invalid_request_error", "image_generation_user_error"
RATE = "Rate limit reached for gpt-image-2 (for limit gpt-image) in organization org-1 on input-images per min: "


@pytest.mark.parametrize(
    ("status", "body", "kind", "acceptance", "permanent"),
    [
        (400, error("The model 'dall-e-3' does not exist.", USER, "invalid_value"), ProblemKind.NOT_FOUND, "no", True),
        (404, error("The model `x` does not exist.", INVALID, "model_not_found"), ProblemKind.NOT_FOUND, "no", True),
        (400, error("Invalid size.", USER, "invalid_value", "size"), ProblemKind.INVALID_REQUEST, "no", True),
        (400, error("Unknown.", INVALID, "unknown_parameter", "odd"), ProblemKind.INVALID_REQUEST, "no", True),
        (400, error("Reached.", "billing_limit_user_error", None), ProblemKind.QUOTA, "no", False),
        (400, error("Reached.", INVALID, "billing_hard_limit_reached"), ProblemKind.QUOTA, "no", False),
        (401, error(f"Incorrect API key provided: {KEY}", INVALID, "invalid_api_key"),
         ProblemKind.AUTHENTICATION, "no", False),
        (403, error("Your organization must be verified.", INVALID, None), ProblemKind.AUTHENTICATION, "no", False),
        (429, error("You exceeded your quota.", "insufficient_quota", "insufficient_quota"),
         ProblemKind.QUOTA, "no", False),
        (429, error(RATE + "Limit 5, Used 5, Requested 1. Please try again in 12s.", "input-images",
                    "rate_limit_exceeded"), ProblemKind.RATE_LIMITED, "no", False),
        (429, error(RATE + "Limit 5, Used 0, Requested 10.", "input-images", "rate_limit_exceeded"),
         ProblemKind.INVALID_REQUEST, "no", True),
        (500, error("The server had an error.", "server_error", None), ProblemKind.SERVER_ERROR, "maybe", False),
        (502, b"<html><title>Bad gateway</title>", ProblemKind.SERVER_ERROR, "maybe", False),
        (503, error("Overloaded.", "server_error", None), ProblemKind.SERVER_ERROR, "no", False),
        (504, b"", ProblemKind.TIMEOUT, "maybe", False),
    ],
)  # fmt: skip
async def test_errors(status: int, body: Any, kind: ProblemKind, acceptance: str, permanent: bool) -> None:
    found = await submitting_fails(body, status)
    assert (found.problem.kind, found.acceptance.value, found.permanent) == (kind, acceptance, permanent)
    assert KEY not in found.problem.sentence() + str(found.problem.detail)


async def test_how_long_to_wait() -> None:
    told = error(RATE + "Limit 5, Used 5, Requested 1. Please try again in 12s.", "input-images", "rate_limit_exceeded")
    assert (await submitting_fails(told, 429)).retry_after == 12
    assert (await submitting_fails(told, 429, retry_after_ms="1500")).retry_after == 1.5


@pytest.mark.parametrize(
    ("raised", "acceptance"),
    [
        (httpx.ReadTimeout("slow"), Acceptance.MAYBE),
        (httpx.ReadError("reset"), Acceptance.MAYBE),
        (httpx.ConnectError("refused"), Acceptance.NO),
    ],
)
async def test_a_lost_answer_may_have_been_paid(raised: Exception, acceptance: Acceptance) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise raised

    with pytest.raises(ServiceError) as caught:
        await service().submit(FOX, Wire(handler=handler).http)
    assert caught.value.acceptance is acceptance


# --- settings, checking ---


@pytest.mark.parametrize(
    ("given", "base", "noted"),
    [
        (None, "https://api.openai.com/v1", False),
        ("https://api.openai.com/v1/", "https://api.openai.com/v1", False),
        ("api.openai.com", "https://api.openai.com/v1", True),
        ("https://gw.example/openai/v1/images/generations", "https://gw.example/openai/v1", True),
        ("https://gw.example/images/v1", "https://gw.example/images/v1", False),
        ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1", False),
        ("http://gpu.example:8080/v1", "http://gpu.example:8080/v1", True),
    ],
)
async def test_addresses(given: str | None, base: str, noted: bool) -> None:
    assert (api_base(given)[0], bool(api_base(given)[1])) == (base, noted)
    wire = answering(200, CAPTURED)
    await service(**({"OPENAI_BASE_URL": given} if given else {})).submit(FOX, wire.http)
    assert str(wire.last.url) == f"{base}/images/generations"


def test_settings() -> None:
    assert openai.missing(openai.SETTINGS.model_validate({"OPENAI_API_KEY": " "})) == ("OPENAI_API_KEY",)
    assert openai.missing(openai.SETTINGS.model_validate({"OPENAI_API_KEY": f" {KEY}\n"})) == ()
    with pytest.raises(ValidationError) as caught:
        openai.SETTINGS.model_validate({"OPENAI_BASE_URL": "https://user:pass@host/v1"})
    assert "pass@" not in str(caught.value)
    assert isinstance(service(), Provider)
    assert KEY not in repr(service().__dict__)
    assert service().models()[0] == "gpt-image-2.5-flare"
    assert service().models()[-1] == "dall-e-3"


async def test_without_a_key_nothing_is_sent() -> None:
    provider, wire = openai.make(openai.SETTINGS.model_validate({})), answering(200, CAPTURED)
    with pytest.raises(ServiceError):
        await provider.submit(FOX, wire.http)
    assert (await provider.check(wire.http)).state is CheckState.UNCONFIGURED
    assert not wire.requests
    with pytest.raises(ServiceError) as caught:
        await provider.collect(Ticket({}), wire.http)
    assert caught.value.problem.kind is ProblemKind.EXPIRED
    assert not await provider.cancel(Ticket({}), wire.http)


@pytest.mark.parametrize(
    ("status", "body", "state", "said"),
    [
        (200, {"data": [{"id": "gpt-image-2"}, {"id": "gpt-5"}]}, CheckState.OK, "lists gpt-image-2"),
        (200, {"data": [{"id": "gpt-5"}]}, CheckState.OK, "no picture model"),
        (200, b"<html>", CheckState.UNKNOWN, "no models"),
        (401, error("Incorrect API key provided", INVALID, "invalid_api_key"), CheckState.PROBLEM, "key"),
        (404, b"", CheckState.UNKNOWN, "no way to check"),
    ],
)
async def test_checking(status: int, body: Any, state: CheckState, said: str) -> None:
    wire = answering(status, body)
    result = await service().check(wire.http)
    assert str(wire.last.url) == "https://api.openai.com/v1/models"
    assert result.state is state
    assert said in result.message
