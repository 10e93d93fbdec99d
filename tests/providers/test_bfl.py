"""Black Forest Labs: recorded shapes of answers, where the key travels, and what every status means."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from fluxtui.domain.jobs import Bill, Pending, Refusal, Ticket
from fluxtui.domain.money import ZERO, Micros, usd
from fluxtui.domain.problems import Acceptance, ProblemKind, ServiceError
from fluxtui.domain.request import ImageRequest
from fluxtui.domain.size import Size
from fluxtui.providers import bfl
from fluxtui.providers.base import Accepted, CheckState, Images, LinkedImage, Provider

from .wire import Wire, answering

KEY = "canary-bfl-0123456789"
TASK = "2fa25140-4a3b-4d0e-9f57-0c1f6a8b7e11"
CLUSTER = f"https://api.eu2.bfl.ai/v1/get_result?id={TASK}"
FOX = ImageRequest("flux-2-pro", "a red fox in snow", size=Size(1440, 1440), seed=42, output_format="png")
SUBMITTED = {"id": TASK, "polling_url": CLUSTER, "cost": 4.5, "input_mp": 0, "output_mp": 1.98}
SAMPLE = (
    "https://delivery-eu1.bfl.ai/results/25/00aa11bb22cc33/7d0c/sample.png"
    "?se=2025-07-14T07%3A46%3A43Z&sp=r&sv=2024-11-04&sr=b&rsct=image/png&sig=AbC%3D"
)
READY = {
    "id": TASK,
    "status": "Ready",
    "result": {
        "sample": SAMPLE,
        "prompt": "a red fox in snow, detailed",
        "seed": 1752478609715,
        "start_time": 1752478598.0,
        "end_time": 1752478603.0,
        "duration": 5.0,
    },
    "progress": None,
    "details": None,
    "preview": None,
}


def service(url: str | None = None, key: str | None = KEY) -> Provider:
    settings = {"BFL_FLUX_API_KEY": key, "BFL_FLUX_API_URL": url}
    return bfl.make(bfl.SETTINGS.model_validate({k: v for k, v in settings.items() if v is not None}))


def ticket(url: str = CLUSTER) -> Ticket:
    return Ticket({"id": TASK, "polling_url": url, "model": "flux-2-pro"})


async def collected(body: Any, status: int = 200) -> Pending | Images | Refusal:
    return await service().collect(ticket(), answering(status, body).http)


async def collecting_fails(body: Any, status: int = 200) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        await collected(body, status)
    assert caught.value.acceptance is Acceptance.YES
    return caught.value


# --- submitting ---


async def test_a_request_goes_to_its_endpoint_and_comes_back_as_a_ticket() -> None:
    wire = answering(200, SUBMITTED)
    answer = await service().submit(FOX, wire.http)
    assert answer == Accepted(ticket(), Bill(usd("0.045")))
    assert (wire.last.method, str(wire.last.url)) == ("POST", "https://api.bfl.ai/v1/flux-2-pro")
    assert wire.last.headers["x-key"] == KEY
    assert "authorization" not in wire.last.headers
    assert wire.body == {"prompt": FOX.prompt, "width": 1440, "height": 1440, "seed": 42, "output_format": "png"}


async def test_older_endpoints_tell_no_cost() -> None:
    for body in ({"id": TASK, "polling_url": CLUSTER, "cost": None}, {"id": TASK, "polling_url": CLUSTER}):
        answer = await service().submit(ImageRequest("flux-dev", "a fox"), answering(200, body).http)
        assert isinstance(answer, Accepted)
        assert answer.bill is None


@pytest.mark.parametrize(
    ("told", "polled"),
    [
        (CLUSTER, CLUSTER),
        (f"{CLUSTER}&region=eu%2F2", f"{CLUSTER}&region=eu%2F2"),
        ("https://api.eu2.bfl.ai/v1/get_result", CLUSTER),
        ("https://api.eu2.bfl.ai/v1/get_result?a=1", f"https://api.eu2.bfl.ai/v1/get_result?a=1&id={TASK}"),
        (None, f"https://api.bfl.ai/v1/get_result?id={TASK}"),
        ("javascript:alert(1)", f"https://api.bfl.ai/v1/get_result?id={TASK}"),
    ],
)
async def test_the_polling_address_is_taken_as_it_is(told: str | None, polled: str) -> None:
    answer = await service().submit(FOX, answering(200, {"id": TASK, "polling_url": told}).http)
    assert isinstance(answer, Accepted)
    assert answer.ticket.data["polling_url"] == polled


@pytest.mark.parametrize(
    ("status", "body", "kind", "acceptance", "permanent"),
    [
        (400, {"detail": "Finetune not found or not ready"}, ProblemKind.INVALID_REQUEST, Acceptance.NO, True),
        (402, {"detail": "Insufficient credits"}, ProblemKind.CREDITS, Acceptance.NO, False),
        (403, {"detail": "Not authenticated"}, ProblemKind.AUTHENTICATION, Acceptance.NO, False),
        (404, {"detail": "Not Found"}, ProblemKind.NOT_FOUND, Acceptance.NO, True),
        (429, {"detail": "Too many active tasks"}, ProblemKind.RATE_LIMITED, Acceptance.NO, False),
        (500, {"detail": "Internal Server Error"}, ProblemKind.SERVER_ERROR, Acceptance.MAYBE, False),
        (503, b"<html><title>503</title></html>", ProblemKind.SERVER_ERROR, Acceptance.MAYBE, False),
        (200, {"status": "ok"}, ProblemKind.BAD_ANSWER, Acceptance.MAYBE, False),
        (200, b"<html>", ProblemKind.BAD_ANSWER, Acceptance.MAYBE, False),
        (200, b"", ProblemKind.BAD_ANSWER, Acceptance.MAYBE, False),
    ],
)
async def test_submissions_that_fail(
    status: int, body: Any, kind: ProblemKind, acceptance: Acceptance, permanent: bool
) -> None:
    with pytest.raises(ServiceError) as caught:
        await service().submit(FOX, answering(status, body, cf_ray="ray-1").http)
    error = caught.value
    assert (error.problem.kind, error.acceptance, error.permanent) == (kind, acceptance, permanent)
    assert error.problem.request_id == "ray-1"


async def test_validation_names_the_field() -> None:
    detail = [{"type": "less_than_equal", "loc": ["body", "width"], "msg": "Input should be less", "input": 2000}]
    with pytest.raises(ServiceError) as caught:
        await service().submit(FOX, answering(422, {"detail": detail}).http)
    assert "width" in caught.value.problem.what


async def test_nothing_is_sent_that_cannot_work() -> None:
    wire = answering(200, SUBMITTED)
    requests = [
        (service(key=None), FOX, ProblemKind.CONFIGURATION),
        (service(), ImageRequest("flux-pro-1.0-fill", "a fox"), ProblemKind.INVALID_REQUEST),
        (service(), ImageRequest("flux-2-pro", "a fox", references=("photos/fox.png",)), ProblemKind.INVALID_REQUEST),
    ]
    for provider, request, kind in requests:
        with pytest.raises(ServiceError) as caught:
            await provider.submit(request, wire.http)
        assert (caught.value.problem.kind, caught.value.acceptance) == (kind, Acceptance.NO)
    assert wire.requests == []


# --- where the key travels ---


@pytest.mark.parametrize(
    ("base", "url", "with_key"),
    [
        (None, CLUSTER, True),
        (None, "https://api.isr.bfl.ai/v1/get_result?id=1", True),
        (None, "https://delivery-eu1.bfl.ai/x?id=1", False),
        (None, "https://delivery.eu1.bfl.ai/x?id=1", False),
        (None, "http://api.eu2.bfl.ai/v1/get_result?id=1", False),
        (None, "https://api.eu2.bfl.ai:8443/v1/get_result?id=1", False),
        (None, "https://bfl.ai.evil.example/v1/get_result?id=1", False),
        (None, "https://evilbfl.ai/v1/get_result?id=1", False),
        (None, "https://api.bfl.ai@evil.example/?id=1", False),
        ("http://127.0.0.1:8701", "http://127.0.0.1:8701/v1/get_result?id=1", True),
        ("http://127.0.0.1:8701", "http://127.0.0.1:8702/v1/get_result?id=1", False),
        ("http://127.0.0.1:8701", CLUSTER, False),
    ],
)
async def test_the_key_goes_only_to_whom_it_belongs(base: str | None, url: str, with_key: bool) -> None:
    wire = answering(200, {"id": TASK, "status": "Pending"})
    await service(base).collect(ticket(url), wire.http)
    assert ("x-key" in wire.last.headers) == with_key
    assert (KEY in str(wire.last.headers.raw)) == with_key


# --- collecting ---


async def test_a_finished_picture() -> None:
    answer = await collected(READY)
    assert isinstance(answer, Images)
    (image,) = answer.items
    assert isinstance(image, LinkedImage)
    assert image.url == SAMPLE
    assert (image.facts.seed, image.facts.prompt_used) == (1752478609715, "a red fox in snow, detailed")
    assert image.facts.details["duration"] == 5.0
    assert image.expires_at == datetime(2025, 7, 14, 7, 46, 43, tzinfo=UTC).timestamp()
    assert answer.bill is None
    assert answer.reply is None


async def test_the_settled_cost_of_a_finished_picture() -> None:
    answer = await collected({**READY, "cost": 1.4})
    assert isinstance(answer, Images)
    assert answer.bill == Bill(Micros(14_000))


async def test_a_link_without_an_end_lives_ten_minutes() -> None:
    result = {"sample": "http://127.0.0.1:9/x.png", "end_time": 1000.0, "seed": None}
    answer = await collected({"id": TASK, "status": "Ready", "result": result})
    assert isinstance(answer, Images)
    (image,) = answer.items
    assert isinstance(image, LinkedImage)
    assert image.expires_at == 1600.0
    assert image.facts.seed is None


@pytest.mark.parametrize(
    ("status", "progress", "expected"),
    [
        ("Pending", None, Pending(None, "Pending")),
        ("Pending", 0.1, Pending(0.1, "Pending")),
        ("Reasoning", 7, Pending(1.0, "Reasoning")),
        ("Generating", "half", Pending(None, "Generating")),
        ("Dreaming", 0.5, Pending(0.5, "Dreaming")),
    ],
)
async def test_work_under_way(status: str, progress: Any, expected: Pending) -> None:
    body = {"id": TASK, "status": status, "result": None, "progress": progress, "details": None}
    assert await collected(body) == expected


@pytest.mark.parametrize("status", ["Request Moderated", "Content Moderated"])
@pytest.mark.parametrize("http_status", [200, 422])
async def test_moderation_is_a_refusal_and_free(status: str, http_status: int) -> None:
    details = {"Moderation Reasons": ["Derivative Works Filter"]}
    answer = await collected({"id": TASK, "status": status, "result": None, "details": details}, http_status)
    assert isinstance(answer, Refusal)
    assert answer.problem.kind is ProblemKind.MODERATION
    assert "Derivative Works Filter" in answer.problem.what
    assert answer.bill == Bill(ZERO)
    assert isinstance(await collected({"id": TASK, "status": status, "details": None}), Refusal)


@pytest.mark.parametrize("http_status", [200, 422, 503])
async def test_a_failed_task_counts_before_the_status_of_its_answer(http_status: int) -> None:
    error = {"error": "Invalid or corrupted image input"}
    failed = await collecting_fails({"id": TASK, "status": "Error", "details": error}, http_status)
    assert failed.permanent
    assert failed.problem.kind is ProblemKind.INVALID_REQUEST
    assert "corrupted" in failed.problem.cause
    silent = await collecting_fails({"id": TASK, "status": "Failed", "details": None}, http_status)
    assert (silent.problem.kind, silent.permanent) == (ProblemKind.SERVER_ERROR, True)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"id": TASK, "status": "Task not found", "result": None}),
        (404, {"id": TASK, "status": "Task not found"}),
        (404, {"detail": "Task not found"}),
        (404, b""),
    ],
)
async def test_a_task_that_is_gone(status: int, body: Any) -> None:
    gone = await collecting_fails(body, status)
    assert (gone.problem.kind, gone.permanent) == (ProblemKind.EXPIRED, True)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (429, {"detail": "Slow down"}, ProblemKind.RATE_LIMITED),
        (500, {"detail": "Oops"}, ProblemKind.SERVER_ERROR),
        (502, b"<html><title>Bad gateway</title></html>", ProblemKind.SERVER_ERROR),
        (503, {"status": "unavailable"}, ProblemKind.SERVER_ERROR),
        (200, b"<html>", ProblemKind.BAD_ANSWER),
        (200, {"id": TASK}, ProblemKind.BAD_ANSWER),
        (403, {"detail": "Not authenticated"}, ProblemKind.AUTHENTICATION),
    ],
)
async def test_polls_that_fail_are_asked_again(status: int, body: Any, kind: ProblemKind) -> None:
    error = await collecting_fails(body, status)
    assert (error.problem.kind, error.permanent) == (kind, False)


@pytest.mark.parametrize("result", [{}, {"sample": "file:///etc/passwd"}])
async def test_a_finished_task_without_a_picture_is_not_asked_for_again(result: Any) -> None:
    error = await collecting_fails({"id": TASK, "status": "Ready", "result": result})
    assert (error.problem.kind, error.acceptance, error.permanent) == (
        ProblemKind.BAD_ANSWER,
        Acceptance.YES,
        True,
    )


async def test_a_poll_is_told_how_long_to_wait() -> None:
    with pytest.raises(ServiceError) as caught:
        await service().collect(ticket(), answering(429, {}, retry_after="3").http)
    assert caught.value.retry_after == 3


# --- the account ---


@pytest.mark.parametrize(
    ("status", "body", "state"),
    [
        (200, {"credits": 1234.5}, CheckState.OK),
        (200, {"credits": 0}, CheckState.PROBLEM),
        (200, {}, CheckState.UNKNOWN),
        (403, {"detail": "Not authenticated - Invalid Authentication"}, CheckState.PROBLEM),
        (404, b"", CheckState.UNKNOWN),
        (500, b"", CheckState.PROBLEM),
    ],
)
async def test_checking_the_key(status: int, body: Any, state: CheckState) -> None:
    wire = answering(status, body)
    result = await service().check(wire.http)
    assert result.state is state
    assert (wire.last.method, str(wire.last.url)) == ("GET", "https://api.bfl.ai/v1/credits")
    assert wire.last.headers["x-key"] == KEY
    if state is CheckState.OK:
        assert result.credits == 1234.5
        assert result.message == "1,234.5 credits ($12.35)"


async def test_checking_an_unreachable_service() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    result = await service().check(Wire(handler=refuse).http)
    assert result.state is CheckState.PROBLEM
    assert result.problem is not None
    assert result.problem.kind is ProblemKind.NETWORK
    assert (await service(key=None).check(answering(200).http)).state is CheckState.UNCONFIGURED


async def test_there_is_no_cancelling() -> None:
    wire = answering(200)
    assert not await service().cancel(ticket(), wire.http)
    assert wire.requests == []


# --- settings ---


@pytest.mark.parametrize(
    ("text", "base", "corrected"),
    [
        ("https://api.bfl.ai", "https://api.bfl.ai", False),
        ("https://api.bfl.ai/", "https://api.bfl.ai", False),
        ("https://api.bfl.ai/v1", "https://api.bfl.ai", False),
        ("https://api.bfl.ai/v1/", "https://api.bfl.ai", False),
        ("api.eu.bfl.ai", "https://api.eu.bfl.ai", False),
        ("https://api.us1.bfl.ai/scalar", "https://api.us1.bfl.ai", True),
        ("https://api.us1.bfl.ai/scalar#tag/tasks/POST/v1/finetune", "https://api.us1.bfl.ai", True),
        ("https://api.bfl.ai/v1/flux-pro-1.1", "https://api.bfl.ai", True),
        ("https://gateway.example/bfl/v1", "https://gateway.example/bfl", False),
        ("http://127.0.0.1:8701/v1", "http://127.0.0.1:8701", False),
        ("http://gateway.example", "http://gateway.example", True),
    ],
)
async def test_addresses_as_people_paste_them(text: str, base: str, corrected: bool) -> None:
    settings = bfl.SETTINGS.model_validate({"FLUX_API_KEY": f" {KEY}\n", "FLUX_API_ENDPOINT": text})
    assert bfl.missing(settings) == ()
    assert bool(bfl.notes(settings)) == corrected
    wire = answering(200, SUBMITTED)
    provider = bfl.make(settings)
    await provider.submit(FOX, wire.http)
    assert str(wire.last.url) == f"{base}/v1/flux-2-pro"
    assert wire.last.headers["x-key"] == KEY
    assert bool(provider.assess(FOX).notes) == corrected


@pytest.mark.parametrize(
    "text", ["ftp://api.bfl.ai", "https://", "https://user:pw@api.bfl.ai", "https://a b", "http://x:y"]
)
def test_addresses_that_cannot_be_meant(text: str) -> None:
    with pytest.raises(ValidationError) as caught:
        bfl.SETTINGS.model_validate({"BFL_FLUX_API_URL": text})
    assert "pw@" not in str(caught.value)


def test_what_is_missing_and_what_is_hidden() -> None:
    assert bfl.missing(bfl.SETTINGS.model_validate({})) == ("BFL_FLUX_API_KEY",)
    assert bfl.missing(bfl.SETTINGS.model_validate({"BFL_FLUX_API_KEY": "  "})) == ("BFL_FLUX_API_KEY",)
    settings = bfl.SETTINGS.model_validate({"BFL_FLUX_API_KEY": KEY})
    assert KEY not in repr(settings) + str(bfl.make(settings).__dict__)


def test_pace_and_models() -> None:
    provider = service()
    assert provider.models()[0] == "flux-pro-1.1"
    assert provider.pace("flux-pro-1.1").account_in_flight == 24
    assert provider.pace("flux-kontext-max").in_flight == 6
    assert provider.max_count("flux-pro-1.1") == 1
    assert isinstance(provider, Provider)
