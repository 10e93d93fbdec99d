"""fal.ai: recorded shapes of its queue, its three kinds of failures, black frames, and where the key travels."""

import base64
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from fluxtui.domain.jobs import Bill, Pending, Refusal, Ticket
from fluxtui.domain.money import Micros, usd
from fluxtui.domain.problems import Acceptance, ProblemKind, ServiceError
from fluxtui.domain.request import Adaptation, Change, ImageRequest
from fluxtui.domain.size import Size
from fluxtui.providers import fal
from fluxtui.providers.base import Accepted, CheckState, EncodedImage, Images, LinkedImage, Provider

from .wire import Wire, answering

KEY = "canary-fal-id:canary-fal-secret-0123"
ID = "764cabcf-b745-4b3e-ae38-1200304cf45b"
BASE = f"https://queue.fal.run/fal-ai/flux/requests/{ID}"
URLS = {"response_url": BASE, "status_url": f"{BASE}/status", "cancel_url": f"{BASE}/cancel"}
QUEUED = {"status": "IN_QUEUE", "request_id": ID, "queue_position": 0, **URLS}
FOX = ImageRequest("fal-ai/flux/schnell", "a red fox", size=Size(1024, 768), seed=42, count=2, output_format="png")
COMPLETED = {"status": "COMPLETED", "request_id": ID, "logs": None, "metrics": {"inference_time": 0.46}}
PICTURE = {"url": "https://v3.fal.media/files/rabbit/abc123.png", "width": 1024, "height": 768}
RESULT = {
    "images": [PICTURE, {**PICTURE, "url": "https://v3.fal.media/files/rabbit/def456.png"}],
    "timings": {"inference": 0.3713},
    "seed": 1763412345,
    "has_nsfw_concepts": [False, False],
    "prompt": "a red fox",
}
BLACK = {**RESULT, "has_nsfw_concepts": [True, True]}


def service(url: str | None = None, key: str | None = KEY) -> Provider:
    settings = {"FAL_AI_API_KEY": key, "FAL_QUEUE_URL": url}
    return fal.make(fal.SETTINGS.model_validate({k: v for k, v in settings.items() if v is not None}))


def ticket(**more: Any) -> Ticket:
    data: dict[str, Any] = {
        "id": ID,
        **URLS,
        "base": "https://queue.fal.run",
        "model": FOX.model,
        "count": 2,
        "price": 6000,
    }
    return Ticket({**data, **more})


def queue(status: Any, result: Any = None, result_status: int = 200, **headers: str) -> Wire:
    """Return a queue that answers the status with `status`, and the result with `result`."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/status"):
            return httpx.Response(200 if status["status"] == "COMPLETED" else 202, json=status)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if isinstance(result, bytes):
            return httpx.Response(result_status, content=result, headers=named)
        return httpx.Response(result_status, json=result, headers=named)

    return Wire(handler=answer)


async def collected(wire: Wire, **more: Any) -> Pending | Images | Refusal:
    return await service().collect(ticket(**more), wire.http)


async def collecting_fails(wire: Wire, **more: Any) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        await collected(wire, **more)
    return caught.value


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


LOCKED = "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing."
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


# --- collecting ---


@pytest.mark.parametrize(
    ("body", "stage"),
    [
        ({**QUEUED, "queue_position": 2}, "queued, 2 before it"),
        ({"status": "IN_PROGRESS", "logs": None}, "IN_PROGRESS"),
        ({"status": "SOMETHING_NEW"}, "SOMETHING_NEW"),
    ],
)
async def test_work_under_way(body: dict[str, Any], stage: str) -> None:
    assert await collected(queue(body)) == Pending(None, stage)


async def test_finished_pictures() -> None:
    wire = queue(COMPLETED, RESULT, x_fal_billable_units="2")
    answer = await collected(wire)
    assert isinstance(answer, Images)
    assert [item.url for item in answer.items if isinstance(item, LinkedImage)] == [
        "https://v3.fal.media/files/rabbit/abc123.png",
        "https://v3.fal.media/files/rabbit/def456.png",
    ]
    assert {item.facts.seed for item in answer.items} == {1763412345}
    assert answer.items[0].facts.details == {"duration": 0.3713}
    assert answer.bill == Bill(usd("0.006"))
    assert (answer.adaptations, answer.reply) == ((), None)
    assert [request.url.path.rpartition("/")[2] for request in wire.requests] == ["status", ID]


async def test_all_black_frames_are_a_refusal_and_charged() -> None:
    answer = await collected(queue(COMPLETED, BLACK))
    assert isinstance(answer, Refusal)
    assert answer.problem.kind is ProblemKind.MODERATION
    assert answer.bill == Bill(Micros(6000))
    billed = await collected(queue(COMPLETED, BLACK, x_fal_billable_units="3"))
    assert isinstance(billed, Refusal)
    assert billed.bill == Bill(Micros(9000))


async def test_good_pictures_among_black_frames_are_kept() -> None:
    answer = await collected(queue(COMPLETED, {**RESULT, "has_nsfw_concepts": [True, False]}))
    assert isinstance(answer, Images)
    (item,) = answer.items
    assert isinstance(item, LinkedImage)
    assert "def456" in item.url
    assert answer.adaptations == (Adaptation("n", Change.OBSERVED, 2, 1, "the safety checker blacked out 1"),)


async def test_fewer_pictures_than_asked_for_are_told() -> None:
    answer = await collected(queue(COMPLETED, {"images": [PICTURE], "seed": None}))
    assert isinstance(answer, Images)
    assert [adaptation.given for adaptation in answer.adaptations] == [1]
    assert answer.bill is None


@pytest.mark.parametrize("length", [30, 9000])
async def test_pictures_inside_the_answer_need_no_network(length: int) -> None:
    data = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * (length // 256)
    uri = f"data:image/png;base64,{base64.b64encode(data).decode()}"
    answer = await collected(queue(COMPLETED, {"images": [{"url": uri}], "seed": 2**64 - 1}), count=1)
    assert isinstance(answer, Images)
    (item,) = answer.items
    assert isinstance(item, EncodedImage)
    assert base64.b64decode(bytes(item.base64)) == data
    assert item.facts.seed == 2**64 - 1
    assert answer.reply is not None
    answer.reply.release()


async def test_other_models_have_one_image_or_bare_links() -> None:
    for result in ({"image": PICTURE}, {"images": [PICTURE["url"]]}):
        answer = await collected(queue(COMPLETED, result), count=1)
        assert isinstance(answer, Images)
        assert isinstance(answer.items[0], LinkedImage)


@pytest.mark.parametrize("result", [{"images": []}, {"video": {"url": "https://x.example/v.mp4"}}, {"images": [{}]}])
async def test_a_result_without_a_picture_stays_so(result: dict[str, Any]) -> None:
    error = await collecting_fails(queue(COMPLETED, result))
    assert (error.problem.kind, error.permanent) == (ProblemKind.BAD_ANSWER, True)
    assert error.acceptance is Acceptance.YES


POLICY = {"detail": [{"loc": ["body", "prompt"], "msg": "flagged", "type": "content_policy_violation"}]}
NO_MEDIA = {"detail": [{"loc": ["body"], "msg": "No media was generated.", "type": "no_media_generated"}]}


@pytest.mark.parametrize("body", [POLICY, NO_MEDIA])
async def test_what_its_filter_withholds_is_a_refusal(body: dict[str, Any]) -> None:
    answer = await collected(queue(COMPLETED, body, 422))
    assert isinstance(answer, Refusal)
    assert answer.problem.kind is ProblemKind.MODERATION


def model_error(kind: str, **more: Any) -> dict[str, Any]:
    return {"detail": [{"loc": ["body", "num_inference_steps"], "msg": "too many", "type": kind, **more}]}


@pytest.mark.parametrize(
    ("status", "body", "kind", "acceptance"),
    [
        (422, model_error("less_than_equal"), ProblemKind.INVALID_REQUEST, Acceptance.YES),
        (422, model_error("file_download_error"), ProblemKind.INVALID_REQUEST, Acceptance.YES),
        (400, model_error("downstream_service_error"), ProblemKind.SERVER_ERROR, Acceptance.YES),
        (500, model_error("internal_server_error"), ProblemKind.SERVER_ERROR, Acceptance.NO),
        (504, model_error("generation_timeout"), ProblemKind.TIMEOUT, Acceptance.NO),
        (503, {"detail": "x", "error_type": "runner_disconnected"}, ProblemKind.SERVER_ERROR, Acceptance.NO),
        (404, {"detail": "Path /nonsense not found"}, ProblemKind.NOT_FOUND, Acceptance.NO),
    ],
)
async def test_the_models_own_failure_is_final(
    status: int, body: dict[str, Any], kind: ProblemKind, acceptance: Acceptance
) -> None:
    error = await collecting_fails(queue(COMPLETED, body, status))
    assert (error.problem.kind, error.acceptance, error.permanent) == (kind, acceptance, True)
    if kind is ProblemKind.INVALID_REQUEST:
        assert "num_inference_steps" in error.problem.what


@pytest.mark.parametrize(
    ("kind", "problem", "acceptance"),
    [
        ("request_timeout", ProblemKind.TIMEOUT, Acceptance.NO),
        ("runner_disconnected", ProblemKind.SERVER_ERROR, Acceptance.NO),
        ("client_cancelled", ProblemKind.SERVER_ERROR, Acceptance.NO),
        ("bad_request", ProblemKind.INVALID_REQUEST, Acceptance.YES),
        (None, ProblemKind.SERVER_ERROR, Acceptance.YES),
    ],
)
async def test_completed_may_mean_failed(kind: str | None, problem: ProblemKind, acceptance: Acceptance) -> None:
    wire = queue({**COMPLETED, "error": "It broke", "error_type": kind})
    error = await collecting_fails(wire)
    assert (error.problem.kind, error.acceptance, error.permanent) == (problem, acceptance, True)
    assert error.problem.cause == "It broke"
    assert len(wire.requests) == 1


@pytest.mark.parametrize(
    ("status", "body", "kind", "permanent"),
    [
        (503, {"detail": "Service Unavailable"}, ProblemKind.SERVER_ERROR, False),
        (502, b"<html>nginx</html>", ProblemKind.SERVER_ERROR, False),
        (429, {"detail": "slow down"}, ProblemKind.RATE_LIMITED, False),
        (401, {"detail": "no"}, ProblemKind.AUTHENTICATION, False),
        (403, {"detail": LOCKED}, ProblemKind.CREDITS, False),
        (404, {"detail": "Request not found"}, ProblemKind.EXPIRED, True),
        (200, b"<html>", ProblemKind.BAD_ANSWER, False),
    ],
)
async def test_what_stands_before_the_queue_is_not_final(
    status: int, body: Any, kind: ProblemKind, permanent: bool
) -> None:
    for wire in (queue(COMPLETED, body, status), answering(status, body)):
        error = await collecting_fails(wire)
        assert (error.problem.kind, error.permanent, error.acceptance) == (kind, permanent, Acceptance.YES)


async def test_a_result_that_is_not_there_yet() -> None:
    answer = await collected(queue(COMPLETED, {"detail": "Request is still in progress"}, 400))
    assert isinstance(answer, Pending)


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
