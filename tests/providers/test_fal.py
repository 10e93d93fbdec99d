"""fal.ai: what is sent, what becomes of the ticket, and where the key travels."""

from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from fluxtui.domain.jobs import Pending
from fluxtui.domain.problems import Acceptance, ProblemKind, ServiceError
from fluxtui.domain.request import ImageRequest
from fluxtui.domain.size import Size
from fluxtui.providers import fal
from fluxtui.providers.base import Accepted, CheckState, Provider

from .fal_shapes import BASE, FOX, ID, KEY, LOCKED, QUEUED, URLS, queue, service, ticket
from .wire import Wire, answering

# --- submitting ---


@pytest.mark.parametrize("status", [200, 202])
async def test_a_request_goes_into_the_queue(status: int) -> None:
    wire = answering(status, QUEUED)
    answer = await service().submit(FOX, wire.http)
    assert answer == Accepted(ticket())
    assert (wire.last.method, str(wire.last.url)) == ("POST", "https://queue.fal.run/fal-ai/flux/schnell")
    assert wire.last.headers["authorization"] == f"Key {KEY}"
    assert wire.body == {
        "prompt": "a red fox",
        "image_size": {"width": 1024, "height": 768},
        "seed": 42,
        "num_images": 2,
        "output_format": "png",
    }


@pytest.mark.parametrize(
    ("model", "more", "body"),
    [
        ("fal-ai/flux/dev", {"steps": 60, "guidance": 2.0}, {"num_inference_steps": 50, "guidance_scale": 2.0}),
        ("fal-ai/flux/dev", {"parameters": {"image_size": "portrait_16_9"}}, {"image_size": "portrait_16_9"}),
        (
            "fal-ai/flux/dev",
            {"parameters": {"aspect_ratio": "3:4"}},
            {"image_size": {"width": 768, "height": 1024}},
        ),
        (
            "fal-ai/flux-pro/v1.1",
            {"parameters": {"safety_tolerance": 5, "enhance_prompt": True}},
            {"safety_tolerance": "5", "enhance_prompt": True},
        ),
        (
            "fal-ai/flux-pro/v1.1-ultra",
            {"size": Size(1920, 1080), "parameters": {"raw": True, "safety_tolerance": 9}},
            {"aspect_ratio": "16:9", "raw": True, "safety_tolerance": "6"},
        ),
        (
            "fal-ai/fast-sdxl",
            {"negative_prompt": "blur", "output_format": "png", "guidance": 7, "count": 8},
            {"negative_prompt": "blur", "format": "png", "guidance_scale": 7, "num_images": 8},
        ),
        (
            "fal-ai/flux-lora",
            {"parameters": {"loras": {"https://host/style.safetensors": 0.8}}},
            {"loras": [{"path": "https://host/style.safetensors", "scale": 0.8}]},
        ),
        (
            "fal-ai/flux-lora",
            {"parameters": {"loras": ["owner/style", {"path": "owner/other", "scale": 2}]}},
            {"loras": [{"path": "owner/style"}, {"path": "owner/other", "scale": 2}]},
        ),
        (
            "somebody/something/new",
            {"size": Size(640, 480), "steps": 9, "parameters": {"mood": "calm"}},
            {"image_size": {"width": 640, "height": 480}, "num_inference_steps": 9, "mood": "calm"},
        ),
        ("fal-ai/nano-banana-2", {"parameters": {"aspect_ratio": "3:2"}}, {"aspect_ratio": "3:2"}),
    ],
)
async def test_each_model_has_fields_of_its_own(model: str, more: dict[str, Any], body: dict[str, Any]) -> None:
    wire = answering(200, QUEUED)
    request = ImageRequest(model, "a fox", **more)
    await service().submit(request, wire.http)
    assert wire.body == {"prompt": "a fox", **body}
    assert str(wire.last.url) == f"https://queue.fal.run/{model}"


@pytest.mark.parametrize(
    ("model", "parameters"),
    [
        ("fal-ai/flux/dev", {"image_size": "enormous"}),
        ("fal-ai/flux/dev", {"acceleration": "ludicrous"}),
        ("fal-ai/flux-lora", {"loras": [{"scale": 1}]}),
        ("fal-ai/flux-lora", {"loras": {"owner/style": "strong"}}),
        ("flux", {}),
        ("fal-ai/../../account", {}),
        ("", {}),
    ],
)
async def test_what_cannot_work_is_not_sent(model: str, parameters: dict[str, Any]) -> None:
    wire = answering(200, QUEUED)
    request = ImageRequest(model, "a fox", parameters=parameters)
    assert service().assess(request).impossible is not None
    with pytest.raises(ServiceError) as caught:
        await service().submit(request, wire.http)
    assert (caught.value.acceptance, caught.value.permanent) == (Acceptance.NO, True)
    assert wire.requests == []


async def test_without_a_key_nothing_is_sent() -> None:
    wire = answering(200, QUEUED)
    with pytest.raises(ServiceError) as caught:
        await service(key=None).submit(FOX, wire.http)
    assert caught.value.problem.kind is ProblemKind.CONFIGURATION
    assert wire.requests == []


UNTAKEN = {"detail": "No runner available", "error_type": "runner_scheduling_failure"}


@pytest.mark.parametrize(
    ("status", "body", "kind", "acceptance", "permanent"),
    [
        (401, {"detail": "No user found for Key ID and Secret"}, ProblemKind.AUTHENTICATION, Acceptance.NO, False),
        (403, {"detail": LOCKED}, ProblemKind.CREDITS, Acceptance.NO, False),
        (403, {"detail": "Access denied"}, ProblemKind.AUTHENTICATION, Acceptance.NO, False),
        (404, {"detail": "Application 'x' not found"}, ProblemKind.NOT_FOUND, Acceptance.NO, True),
        (422, {"detail": [{"loc": ["body"], "type": "missing"}]}, ProblemKind.INVALID_REQUEST, Acceptance.NO, True),
        (429, {"detail": "Too many requests"}, ProblemKind.RATE_LIMITED, Acceptance.NO, False),
        (503, {"detail": "Service Unavailable"}, ProblemKind.SERVER_ERROR, Acceptance.NO, False),
        (503, UNTAKEN, ProblemKind.SERVER_ERROR, Acceptance.NO, False),
        (504, {"detail": "x", "error_type": "startup_timeout"}, ProblemKind.TIMEOUT, Acceptance.NO, False),
        (500, {"detail": "x", "error_type": "internal_error"}, ProblemKind.SERVER_ERROR, Acceptance.MAYBE, False),
        (502, b"<html><title>502 nginx</title></html>", ProblemKind.SERVER_ERROR, Acceptance.MAYBE, False),
        (503, b"<html><title>503 nginx</title></html>", ProblemKind.SERVER_ERROR, Acceptance.MAYBE, False),
        (200, {"status": "IN_QUEUE"}, ProblemKind.BAD_ANSWER, Acceptance.MAYBE, False),
        (200, b"<html>", ProblemKind.BAD_ANSWER, Acceptance.MAYBE, False),
    ],
)
async def test_submissions_that_fail(
    status: int, body: Any, kind: ProblemKind, acceptance: Acceptance, permanent: bool
) -> None:
    with pytest.raises(ServiceError) as caught:
        await service().submit(FOX, answering(status, body, x_fal_request_id="req-1").http)
    error = caught.value
    assert (error.problem.kind, error.acceptance, error.permanent) == (kind, acceptance, permanent)
    assert error.problem.request_id == "req-1"
    assert KEY not in error.problem.sentence()


# --- the ticket, and where the key travels ---


async def test_another_origin_is_asked_for_nothing() -> None:
    foreign = {name: url.replace("queue.fal.run", "evil.example") for name, url in URLS.items()}
    answer = await service().submit(FOX, answering(200, {**QUEUED, **foreign}).http)
    assert isinstance(answer, Accepted)
    assert {name: answer.ticket.data[name] for name in URLS} == foreign
    wire = queue(QUEUED)
    await service().collect(answer.ticket, wire.http)
    assert str(wire.last.url) == f"{BASE}/status"
    await service().cancel(answer.ticket, wire.http)
    assert str(wire.last.url) == f"{BASE}/cancel"


@pytest.mark.parametrize(
    ("base", "url", "asked"),
    [
        (None, f"{BASE}/status", f"{BASE}/status"),
        (None, "https://eu.queue.fal.run/x/status?a=%2F", "https://eu.queue.fal.run/x/status?a=%2F"),
        (None, "http://queue.fal.run/x/status", f"{BASE}/status"),
        (None, "https://queue.fal.run.evil.example/x/status", f"{BASE}/status"),
        (None, "https://queue.fal.run:8443/x/status", f"{BASE}/status"),
        (None, "https://queue.fal.run@evil.example/x/status", f"{BASE}/status"),
        ("http://127.0.0.1:9", "http://127.0.0.1:9/x/status", "http://127.0.0.1:9/x/status"),
        ("http://127.0.0.1:9", f"{BASE}/status", f"http://127.0.0.1:9/fal-ai/flux/requests/{ID}/status"),
        (
            "https://gateway.example/fal",
            f"{BASE}/status",
            f"https://gateway.example/fal/fal-ai/flux/requests/{ID}/status",
        ),
    ],
)
async def test_addresses_are_followed_verbatim_where_the_key_may_go(base: str | None, url: str, asked: str) -> None:
    wire = queue(QUEUED)
    held = ticket(status_url=url, base=base or "https://queue.fal.run")
    assert isinstance(await service(base).collect(held, wire.http), Pending)
    assert str(wire.last.url) == asked
    assert wire.last.headers["authorization"] == f"Key {KEY}"


async def test_a_ticket_of_another_address_waits_for_the_setting() -> None:
    wire = queue(QUEUED)
    with pytest.raises(ServiceError) as caught:
        await service("http://127.0.0.1:9").collect(ticket(), wire.http)
    assert caught.value.problem.kind is ProblemKind.CONFIGURATION
    assert (caught.value.acceptance, caught.value.permanent) == (Acceptance.YES, True)
    assert wire.requests == []


async def test_namespaces_keep_three_parts() -> None:
    request = ImageRequest("workflows/owner/name/variant", "a fox")
    answer = await service().submit(request, answering(200, {"request_id": ID}).http)
    assert isinstance(answer, Accepted)
    wire = queue({"status": "IN_PROGRESS"})
    await service().collect(answer.ticket, wire.http)
    assert str(wire.last.url) == f"https://queue.fal.run/workflows/owner/name/requests/{ID}/status"


# --- cancelling, checking ---


@pytest.mark.parametrize(
    ("status", "body", "cancelled"),
    [
        (202, {"status": "CANCELLATION_REQUESTED"}, True),
        (400, {"status": "ALREADY_COMPLETED"}, False),
        (404, {"status": "NOT_FOUND"}, False),
    ],
)
async def test_cancelling(status: int, body: Any, cancelled: bool) -> None:
    wire = answering(status, body)
    assert await service().cancel(ticket(), wire.http) is cancelled
    assert (wire.last.method, str(wire.last.url)) == ("PUT", f"{BASE}/cancel")


@pytest.mark.parametrize(
    ("status", "body", "state"),
    [
        (404, {"detail": "Request not found"}, CheckState.OK),
        (404, b"<html>", CheckState.UNKNOWN),
        (401, {"detail": "No user found for Key ID and Secret"}, CheckState.PROBLEM),
        (403, {"detail": LOCKED}, CheckState.PROBLEM),
        (500, b"", CheckState.PROBLEM),
    ],
)
async def test_checking_the_key(status: int, body: Any, state: CheckState) -> None:
    wire = answering(status, body)
    assert (await service().check(wire.http)).state is state
    assert wire.last.method == "GET"
    assert wire.last.headers["authorization"] == f"Key {KEY}"


async def test_checking_nothing() -> None:
    assert (await service(key=None).check(answering(200).http)).state is CheckState.UNCONFIGURED

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    assert (await service().check(Wire(handler=refuse).http)).state is CheckState.PROBLEM


# --- settings ---


@pytest.mark.parametrize(
    ("text", "base", "told"),
    [
        ("https://queue.fal.run/", "https://queue.fal.run", False),
        ("https://fal.run", "https://queue.fal.run", True),
        ("queue.falrun.com", "https://queue.falrun.com", False),
        ("http://127.0.0.1:8701", "http://127.0.0.1:8701", False),
        ("http://gateway.example/fal/", "http://gateway.example/fal", True),
    ],
)
async def test_addresses_as_people_paste_them(text: str, base: str, told: bool) -> None:
    settings = fal.SETTINGS.model_validate({"FAL_KEY": f" {KEY}\n", "FAL_QUEUE_URL": text})
    assert fal.missing(settings) == ()
    assert bool(fal.notes(settings)) == told
    wire = answering(200, QUEUED)
    await fal.make(settings).submit(FOX, wire.http)
    assert str(wire.last.url) == f"{base}/fal-ai/flux/schnell"


def test_settings_that_cannot_be_meant() -> None:
    with pytest.raises(ValidationError):
        fal.SETTINGS.model_validate({"FAL_QUEUE_URL": "ftp://queue.fal.run"})
    assert fal.missing(fal.SETTINGS.model_validate({"FAL_KEY": " "})) == ("FAL_AI_API_KEY",)
    assert KEY not in repr(fal.SETTINGS.model_validate({"FAL_KEY": KEY}))


def test_prices_and_limits() -> None:
    provider = service()
    assert provider.models()[0] == "fal-ai/flux/dev"
    assert provider.max_count("fal-ai/fast-sdxl") == 8
    assert provider.max_count("some/body") == 1
    assert str(provider.assess(FOX).price) == "$0.006"
    large = ImageRequest("fal-ai/flux/dev", "a fox", size=Size(1536, 1024))
    assert str(provider.assess(large).price) == "$0.05"
    assert provider.assess(large).expected_size == Size(1536, 1024)
    assert not provider.assess(ImageRequest("some/body", "a fox")).price.known
    assert isinstance(provider, Provider)
