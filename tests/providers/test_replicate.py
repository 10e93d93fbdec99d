"""Replicate: recorded shapes of predictions and errors, and where the token travels."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from fluxtui.domain.jobs import Pending, Refusal, Ticket
from fluxtui.domain.problems import Acceptance, ProblemKind, ServiceError
from fluxtui.domain.request import Change, ImageRequest
from fluxtui.domain.size import Size
from fluxtui.providers import replicate
from fluxtui.providers.base import Accepted, CheckState, EncodedImage, Images, LinkedImage, Provider

from .wire import Wire, answering

TOKEN = "r8_canary0123456789"
ID = "gm3qorzdhgbfurvjtvhg6dckhu"
GET = f"https://api.replicate.com/v1/predictions/{ID}"
URLS = {"get": GET, "cancel": f"{GET}/cancel", "web": f"https://replicate.com/p/{ID}"}
FOX = ImageRequest("black-forest-labs/flux-schnell", "a red fox", size=Size(1536, 1024), seed=12, output_format="jpeg")
STARTING: dict[str, Any] = {
    "id": ID,
    "model": FOX.model,
    "version": "hidden",
    "status": "starting",
    "created_at": "2026-11-20T10:00:00.000Z",
    "input": {"prompt": "a red fox"},
    "output": None,
    "logs": "",
    "error": None,
    "urls": URLS,
}
OUT = "https://replicate.delivery/xezq/abc/out-0.webp"
DONE = {
    **STARTING,
    "status": "succeeded",
    "output": [OUT],
    "logs": "Using seed: 12345\n100%|###| 4/4\n",
    "completed_at": "2026-11-20T10:00:01.500Z",
    "metrics": {"predict_time": 0.41, "total_time": 0.45},
}


def service(url: str | None = None, token: str | None = TOKEN) -> Provider:
    settings = {"REPLICATE_API_TOKEN": token, "REPLICATE_API_URL": url}
    return replicate.make(replicate.SETTINGS.model_validate({k: v for k, v in settings.items() if v is not None}))


def ticket(**more: Any) -> Ticket:
    data: dict[str, Any] = {
        "id": ID,
        "get": GET,
        "cancel": f"{GET}/cancel",
        "base": "https://api.replicate.com/v1",
        "model": FOX.model,
        "count": 1,
    }
    return Ticket({**data, **more})


async def collected(body: Any, status: int = 200, **more: Any) -> Pending | Images | Refusal:
    return await service().collect(ticket(**more), answering(status, body).http)


async def collecting_fails(body: Any, status: int = 200, **headers: str) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        await service().collect(ticket(), answering(status, body, **headers).http)
    return caught.value


# --- submitting ---


async def test_an_official_model_has_a_route_of_its_own() -> None:
    wire = answering(201, STARTING)
    assert await service().submit(FOX, wire.http) == Accepted(ticket())
    assert str(wire.last.url) == "https://api.replicate.com/v1/models/black-forest-labs/flux-schnell/predictions"
    assert wire.last.headers["authorization"] == f"Bearer {TOKEN}"
    assert "prefer" not in wire.last.headers
    assert wire.body == {
        "input": {"prompt": "a red fox", "aspect_ratio": "3:2", "megapixels": "1", "seed": 12, "output_format": "jpg"}
    }


async def test_a_version_is_named_in_the_body() -> None:
    wire = answering(201, STARTING)
    request = ImageRequest("stability-ai/sdxl:7762fd07", "a fox", size=Size(640, 480), steps=30, guidance=7.5)
    await service().submit(request, wire.http)
    assert str(wire.last.url) == "https://api.replicate.com/v1/predictions"
    given = {"prompt": "a fox", "width": 640, "height": 480, "num_inference_steps": 30, "guidance_scale": 7.5}
    assert wire.body == {"version": "7762fd07", "input": given}


async def test_a_version_of_a_known_model_takes_its_inputs() -> None:
    provider = service()
    assessment = provider.assess(ImageRequest(f"{FOX.model}:abc", "a fox", count=4, guidance=3.0))
    assert str(assessment.price) == "$0.012"
    assert [adaptation.parameter for adaptation in assessment.adaptations] == ["guidance"]
    assert provider.max_count(f"{FOX.model}:abc") == 4


@pytest.mark.parametrize(
    ("more", "given"),
    [
        ({"size": Size(512, 512)}, {"aspect_ratio": "1:1", "megapixels": "0.25"}),
        ({"parameters": {"megapixels": 0.25}}, {"megapixels": "0.25"}),
        ({"parameters": {"aspect_ratio": "21:9", "go_fast": False}}, {"aspect_ratio": "21:9", "go_fast": False}),
        ({"count": 3, "steps": 9}, {"num_outputs": 3, "num_inference_steps": 4}),
    ],
)
async def test_inputs(more: dict[str, Any], given: dict[str, Any]) -> None:
    wire = answering(201, STARTING)
    await service().submit(ImageRequest(FOX.model, "a fox", **more), wire.http)
    assert wire.body == {"input": {"prompt": "a fox", **given}}


@pytest.mark.parametrize("model", ["flux-schnell", "a/b/c", "a/../b", "", "a/b:"])
async def test_what_names_no_model_is_not_sent(model: str) -> None:
    wire = answering(201, STARTING)
    request = ImageRequest(model, "a fox")
    assert service().assess(request).impossible is not None
    with pytest.raises(ServiceError) as caught:
        await service().submit(request, wire.http)
    assert (caught.value.problem.kind, caught.value.acceptance) == (ProblemKind.NOT_FOUND, Acceptance.NO)
    assert wire.requests == []


INVALID = {
    "title": "Input validation failed",
    "detail": "- input.prompt is required\n",
    "status": 422,
    "invalid_fields": [{"type": "required", "field": "input.seed", "description": "Must be a number"}],
}


@pytest.mark.parametrize(
    ("status", "body", "kind", "acceptance", "permanent"),
    [
        (401, {"title": "Unauthenticated", "detail": "x"}, ProblemKind.AUTHENTICATION, Acceptance.NO, False),
        (402, {"title": "Insufficient credit", "detail": "x"}, ProblemKind.CREDITS, Acceptance.NO, False),
        (404, {"detail": "The requested resource could not be found."}, ProblemKind.NOT_FOUND, Acceptance.NO, True),
        (422, INVALID, ProblemKind.INVALID_REQUEST, Acceptance.NO, True),
        (429, {"detail": "Request was throttled."}, ProblemKind.RATE_LIMITED, Acceptance.NO, False),
        (500, {"detail": "x"}, ProblemKind.SERVER_ERROR, Acceptance.MAYBE, False),
        (503, {"detail": "x"}, ProblemKind.SERVER_ERROR, Acceptance.MAYBE, False),
        (201, {"status": "starting"}, ProblemKind.BAD_ANSWER, Acceptance.MAYBE, False),
        (200, b"<html>", ProblemKind.BAD_ANSWER, Acceptance.MAYBE, False),
    ],
)
async def test_submissions_that_fail(
    status: int, body: Any, kind: ProblemKind, acceptance: Acceptance, permanent: bool
) -> None:
    with pytest.raises(ServiceError) as caught:
        await service().submit(FOX, answering(status, body).http)
    error = caught.value
    assert (error.problem.kind, error.acceptance, error.permanent) == (kind, acceptance, permanent)
    if status == 404:
        assert "VERSION" in error.problem.advice
    if body is INVALID:
        assert "seed" in error.problem.what
        assert "Must be a number" in error.problem.cause


async def test_the_wait_stands_in_the_wording() -> None:
    body = {"detail": "Request was throttled. Your rate limit resets in ~30s."}
    with pytest.raises(ServiceError) as caught:
        await service().submit(FOX, answering(429, body).http)
    assert caught.value.retry_after == 30


# --- where the token travels ---


@pytest.mark.parametrize(
    ("base", "named", "asked"),
    [
        (None, GET, GET),
        (None, f"{GET}?x=%2F", f"{GET}?x=%2F"),
        (None, f"https://evil.example/v1/predictions/{ID}", GET),
        (None, f"http://api.replicate.com/v1/predictions/{ID}", GET),
        (None, "https://api.replicate.com@evil.example/x", GET),
        ("http://127.0.0.1:9", GET, f"http://127.0.0.1:9/v1/predictions/{ID}"),
        ("http://127.0.0.1:9/v1", "http://127.0.0.1:9/v1/x", "http://127.0.0.1:9/v1/x"),
    ],
)
async def test_the_token_goes_to_the_configured_origin_only(base: str | None, named: str, asked: str) -> None:
    provider = service(base)
    answer = await provider.submit(FOX, answering(201, {**STARTING, "urls": {"get": named}}).http)
    assert isinstance(answer, Accepted)
    wire = answering(200, STARTING)
    assert await provider.collect(answer.ticket, wire.http) == Pending(None, "starting")
    assert str(wire.last.url) == asked
    assert wire.last.headers["authorization"] == f"Bearer {TOKEN}"
    await provider.cancel(answer.ticket, wire.http)
    assert wire.last.url.host == httpx.URL(asked).host


async def test_a_ticket_of_another_address_waits_for_the_setting() -> None:
    wire = answering(200, STARTING)
    with pytest.raises(ServiceError) as caught:
        await service("http://127.0.0.1:9").collect(ticket(), wire.http)
    assert caught.value.problem.kind is ProblemKind.CONFIGURATION
    assert wire.requests == []


# --- collecting ---


@pytest.mark.parametrize("output", [OUT, [OUT], {"image": OUT}, [[OUT]]])
async def test_a_finished_picture(output: Any) -> None:
    answer = await collected({**DONE, "output": output})
    assert isinstance(answer, Images)
    (item,) = answer.items
    assert isinstance(item, LinkedImage)
    assert (item.url, item.facts.seed) == (OUT, 12345)
    assert item.facts.details == {"prediction": ID, "duration": 0.41}
    assert item.expires_at == datetime(2026, 11, 20, 11, 0, 1, 500_000, tzinfo=UTC).timestamp()
    assert (answer.bill, answer.adaptations) == (None, ())


async def test_finished_work_may_still_be_called_processing() -> None:
    whole = await collected({**DONE, "status": "processing", "completed_at": None})
    assert isinstance(whole, Images)
    part = await collected({**DONE, "status": "processing"}, count=2)
    assert part == Pending(None, "processing")


async def test_small_pictures_may_come_inside() -> None:
    answer = await collected({**DONE, "output": ["data:image/png;base64," + "QUJD" * 1000], "logs": ""})
    assert isinstance(answer, Images)
    (item,) = answer.items
    assert isinstance(item, EncodedImage)
    assert bytes(item.base64) == b"QUJD" * 1000
    assert item.facts.seed is None


async def test_fewer_pictures_are_told() -> None:
    answer = await collected(DONE, count=4)
    assert isinstance(answer, Images)
    assert [(a.parameter, a.change, a.asked, a.given) for a in answer.adaptations] == [("n", Change.OBSERVED, 4, 1)]


@pytest.mark.parametrize(
    "error",
    [
        "NSFW content detected. Try running it again, or try a different prompt.",
        "The input or output was flagged as sensitive. Please try again with different inputs. (E005)",
    ],
)
async def test_what_a_filter_ended_is_a_refusal(error: str) -> None:
    answer = await collected({**STARTING, "status": "failed", "error": error})
    assert isinstance(answer, Refusal)
    assert (answer.problem.kind, answer.problem.cause) == (ProblemKind.MODERATION, error)


@pytest.mark.parametrize(
    ("change", "kind", "acceptance"),
    [
        ({"status": "failed", "error": "CUDA out of memory"}, ProblemKind.SERVER_ERROR, Acceptance.YES),
        ({"status": "failed", "error": None}, ProblemKind.SERVER_ERROR, Acceptance.YES),
        ({"status": "canceled"}, ProblemKind.SERVER_ERROR, Acceptance.YES),
        ({"status": "aborted"}, ProblemKind.SERVER_ERROR, Acceptance.NO),
        ({"status": "succeeded", "output": []}, ProblemKind.BAD_ANSWER, Acceptance.YES),
        ({"status": "succeeded", "output": "a poem"}, ProblemKind.BAD_ANSWER, Acceptance.YES),
        ({"status": "succeeded", "output": None, "data_removed": True}, ProblemKind.EXPIRED, Acceptance.YES),
    ],
)
async def test_predictions_that_end_without_a_picture(
    change: dict[str, Any], kind: ProblemKind, acceptance: Acceptance
) -> None:
    error = await collecting_fails({**STARTING, **change})
    assert (error.problem.kind, error.acceptance, error.permanent) == (kind, acceptance, True)


@pytest.mark.parametrize(
    ("status", "body", "kind", "permanent"),
    [
        (404, {"detail": "The requested resource could not be found."}, ProblemKind.EXPIRED, True),
        (429, {"detail": "Request was throttled."}, ProblemKind.RATE_LIMITED, False),
        (502, b"<html>", ProblemKind.SERVER_ERROR, False),
        (401, {"title": "Unauthenticated", "detail": "x"}, ProblemKind.AUTHENTICATION, False),
        (200, b"<html>", ProblemKind.BAD_ANSWER, False),
        (200, {"id": ID}, ProblemKind.BAD_ANSWER, False),
    ],
)
async def test_polls_that_fail(status: int, body: Any, kind: ProblemKind, permanent: bool) -> None:
    error = await collecting_fails(body, status)
    assert (error.problem.kind, error.permanent, error.acceptance) == (kind, permanent, Acceptance.YES)


# --- cancelling, checking, settings ---


@pytest.mark.parametrize(
    ("status", "body", "stopped"),
    [(200, {"status": "canceled"}, True), (200, DONE, False), (404, {"detail": "no"}, False)],
)
async def test_cancelling(status: int, body: Any, stopped: bool) -> None:
    wire = answering(status, body)
    assert await service().cancel(ticket(), wire.http) is stopped
    assert (wire.last.method, str(wire.last.url)) == ("POST", f"{GET}/cancel")


@pytest.mark.parametrize(
    ("status", "body", "state"),
    [
        (200, {"type": "user", "username": "fox"}, CheckState.OK),
        (401, {"title": "Unauthenticated", "detail": "x"}, CheckState.PROBLEM),
        (404, {}, CheckState.UNKNOWN),
    ],
)
async def test_checking_the_token(status: int, body: Any, state: CheckState) -> None:
    wire = answering(status, body)
    result = await service().check(wire.http)
    assert result.state is state
    assert ("fox" in result.message) == (state is CheckState.OK)
    assert (wire.last.method, str(wire.last.url)) == ("GET", "https://api.replicate.com/v1/account")


async def test_without_a_token() -> None:
    wire = answering(200, {})
    assert (await service(token=None).check(wire.http)).state is CheckState.UNCONFIGURED
    with pytest.raises(ServiceError) as caught:
        await service(token=None).submit(FOX, wire.http)
    assert caught.value.problem.kind is ProblemKind.CONFIGURATION
    assert wire.requests == []


async def test_an_unreachable_service_is_no_doubt() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(ServiceError) as caught:
        await service().submit(FOX, Wire(handler=refuse).http)
    assert caught.value.acceptance is Acceptance.NO


def test_settings() -> None:
    assert replicate.missing(replicate.SETTINGS.model_validate({})) == ("REPLICATE_API_TOKEN",)
    with pytest.raises(ValidationError):
        replicate.SETTINGS.model_validate({"REPLICATE_API_URL": "https://user:pw@api.replicate.com"})
    exposed = replicate.SETTINGS.model_validate({"REPLICATE_API_URL": "http://gateway.example"})
    assert replicate.notes(exposed)
    assert TOKEN not in repr(replicate.SETTINGS.model_validate({"REPLICATE_API_TOKEN": TOKEN}))
    assert isinstance(service(), Provider)
