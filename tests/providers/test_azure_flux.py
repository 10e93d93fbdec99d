"""FLUX on Azure: both routes, deployments, every answer on record, and where the key travels."""

import base64
import json
from typing import Any

import pytest
from pydantic import ValidationError

from fluxtui.domain.jobs import Bill, Pending, Refusal, Ticket
from fluxtui.domain.money import Micros, Price, usd
from fluxtui.domain.problems import Acceptance, ProblemKind, ServiceError
from fluxtui.domain.request import Change, ImageRequest
from fluxtui.domain.size import Size
from fluxtui.providers import azure_flux
from fluxtui.providers.azure_flux import AzureFlux
from fluxtui.providers.base import Accepted, CheckState, EncodedImage, Images, LinkedImage, Provider
from fluxtui.providers.http import SMALL_BODY, BodyGate, Http, open_client

from .loopback import answering as served
from .loopback import serving
from .wire import answering

KEY = "canary-azure-0123456789"
RES = "https://res.services.ai.azure.com"
IMAGE = f"{RES}/openai/deployments/FLUX-1.1-pro/images/generations?api-version=2025-04-01-preview"
PROVIDER = f"{RES}/providers/blackforestlabs/v1/flux-2-pro?api-version=preview"
OPERATION = f"{RES}/openai/operations/images/op-1?api-version=2023-06-01-preview"
FOX = ImageRequest("FLUX-1.1-pro", "A photograph of a red fox", size=Size(1024, 1024), output_format="png")
SAFE = {"sexual": {"filtered": False, "severity": "safe"}, "jailbreak": {"filtered": False, "detected": False}}
JPEG = base64.b64encode(b"\xff\xd8\xff\xe0 picture").decode()
CAPTURED = {
    "created": 1759252456,
    "data": [{"url": None, "b64_json": JPEG, "revised_prompt": None, "content_filter_results": SAFE}],
}


def service(endpoint: str = IMAGE, **more: str) -> AzureFlux:
    values = {"AZURE_FLUX_ENDPOINT": endpoint, "AZURE_FLUX_API_KEY": KEY, **more}
    return azure_flux.make(azure_flux.SETTINGS.model_validate(values))


def ticket(url: str = OPERATION) -> Ticket:
    return Ticket({"operation": url, "id": "op-1", "model": "FLUX-1.1-pro"})


async def submitted(body: Any, status: int = 200, **headers: str) -> Accepted | Images | Refusal:
    return await service().submit(FOX, answering(status, body, **headers).http)


async def submitting_fails(body: Any, status: int = 200, **headers: str) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        await submitted(body, status, **headers)
    return caught.value


# --- the two routes ---


async def test_the_image_route() -> None:
    wire = answering(200, CAPTURED)
    answer = await service().submit(FOX, wire.http)
    assert isinstance(answer, Images)
    assert str(wire.last.url) == IMAGE
    assert wire.last.headers["api-key"] == KEY
    assert "authorization" not in wire.last.headers
    assert wire.body == {"prompt": FOX.prompt, "n": 1, "size": "1024x1024", "output_format": "png"}
    (image,) = answer.items
    assert isinstance(image, EncodedImage)
    assert bytes(image.base64).decode() == JPEG
    assert image.facts.seed is None
    assert answer.bill is None


async def test_the_provider_route() -> None:
    body = {"created": 1, "data": [{"b64_json": JPEG}], "request_meta": {"cost": 4.5, "output_mp": 0.38}}
    wire = answering(200, body)
    request = ImageRequest("FLUX.2-pro", "a fox", size=Size(1200, 630), seed=42, output_format="webp")
    provider = service(PROVIDER)
    answer = await provider.submit(request, wire.http)
    assert isinstance(answer, Images)
    assert answer.bill == Bill(usd("0.045"))
    assert str(wire.last.url) == PROVIDER
    assert wire.body == {
        "model": "FLUX.2-pro",
        "prompt": "a fox",
        "num_images": 1,
        "width": 1200,
        "height": 624,
        "seed": 42,
        "output_format": "png",
    }
    assessment = provider.assess(request)
    assert {(a.parameter, a.given) for a in assessment.adaptations} == {("size", "1200x624"), ("output_format", "png")}
    assert assessment.price == Price.exactly(usd("0.03"))
    assert assessment.expected_size == Size(1200, 624)


def test_the_image_route_has_few_parameters() -> None:
    request = ImageRequest("FLUX-1.1-pro", "a fox", "blur", seed=1, steps=9, guidance=2.0, count=3)
    dropped = {a.parameter: a.change for a in service().assess(request).adaptations}
    assert dropped == {
        "negative_prompt": Change.DROPPED,
        "seed": Change.DROPPED,
        "steps": Change.DROPPED,
        "guidance": Change.DROPPED,
        "n": Change.CLAMPED,
    }
    kontext = ImageRequest("FLUX.1-Kontext-pro", "a hat", references=("https://example.com/a.png",))
    impossible = service().assess(kontext).impossible
    assert impossible is not None
    assert "provider route" in impossible.advice


@pytest.mark.parametrize(
    ("endpoint", "deployment", "url", "named_in_body"),
    [
        (IMAGE, "FLUX-1.1-pro", IMAGE, False),
        (IMAGE, "my fox/1", IMAGE.replace("FLUX-1.1-pro", "my%20fox%2F1"), False),
        (IMAGE.replace("2025-04-01-preview", "x").replace("?api-version=x", ""), "FLUX-1.1-pro",
         IMAGE.replace("2025-04-01-preview", "2024-12-01-preview"), False),
        (f"{RES}/openai/images/generations?api-version=preview", "FLUX-1.1-pro",
         f"{RES}/openai/images/generations?api-version=preview", True),
        (PROVIDER, "FLUX.2-pro", PROVIDER, True),
        (PROVIDER, "FLUX.1-Kontext-pro", PROVIDER.replace("flux-2-pro", "flux-kontext-pro"), True),
        (PROVIDER, "my-own-name", PROVIDER, True),
        (RES, "FLUX-1.1-pro", PROVIDER.replace("flux-2-pro", "flux-pro-1.1"), True),
        (f"{RES}/", "FLUX.2-flex-eu", PROVIDER.replace("flux-2-pro", "flux-2-flex"), True),
        ("res.services.ai.azure.com", "FLUX.9", PROVIDER.replace("flux-2-pro", "flux-9"), True),
        ("http://127.0.0.1:8706/azure/openai/deployments/d/images/generations?api-version=p", "e",
         "http://127.0.0.1:8706/azure/openai/deployments/e/images/generations?api-version=p", False),
        ("http://127.0.0.1:8706/az/providers/blackforestlabs/v1/flux-2-pro?api-version=p", "FLUX.2-flex",
         "http://127.0.0.1:8706/az/providers/blackforestlabs/v1/flux-2-flex?api-version=p", True),
    ],
)  # fmt: skip
async def test_where_a_deployment_is_reached(endpoint: str, deployment: str, url: str, named_in_body: bool) -> None:
    wire = answering(200, CAPTURED)
    await service(endpoint).submit(ImageRequest(deployment, "a fox"), wire.http)
    assert str(wire.last.url) == url
    assert wire.body.get("model") == (deployment if named_in_body else None)
    assert wire.last.headers["api-key"] == KEY


async def test_the_version_setting_wins() -> None:
    wire = answering(200, CAPTURED)
    await service(AZURE_FLUX_API_VERSION="2030-01-01").submit(FOX, wire.http)
    assert str(wire.last.url) == IMAGE.replace("2025-04-01-preview", "2030-01-01")


@pytest.mark.parametrize(
    ("endpoint", "setting", "default"),
    [
        (IMAGE, None, "FLUX-1.1-pro"),
        (IMAGE, "mine", "mine"),
        (IMAGE.replace("FLUX-1.1-pro", "my%20fox"), None, "my fox"),
        (PROVIDER, None, "FLUX.2-pro"),
        (RES, None, "FLUX.2-pro"),
    ],
)
def test_the_default_deployment(endpoint: str, setting: str | None, default: str) -> None:
    more = {"AZURE_FLUX_DEPLOYMENT": setting} if setting else {}
    models = service(endpoint, **more).models()
    assert models[0] == default
    assert len(models) == len(set(models))


def test_what_is_known_about_a_deployment_with_a_name_of_its_own() -> None:
    assert service(PROVIDER).assess(ImageRequest("team-7", "a fox")).price == Price.exactly(usd("0.03"))
    assert service(RES).assess(ImageRequest("our-flux-2-flex", "a fox")).price == Price.exactly(usd("0.05"))
    unknown = service(IMAGE).assess(ImageRequest("team-7", "a fox", size=Size(999, 999)))
    assert not unknown.price.known
    assert unknown.expected_size == Size(999, 999)
    assert "team-7" in unknown.notes[0]


async def test_the_body_has_a_length_on_the_wire_and_large_bodies_hold_a_place() -> None:
    gate = BodyGate(1)
    body = {"created": 1, "data": [{"b64_json": "A" * 2 * SMALL_BODY}]}
    async with serving(served("200 OK", json.dumps(body).encode())) as server:
        client = open_client()
        endpoint = f"{server.url}/openai/deployments/d/images/generations?api-version=p"
        answer = await service(endpoint).submit(FOX, Http(client, bodies=gate))
        await client.aclose()
    assert isinstance(answer, Images)
    assert answer.reply is not None
    assert isinstance(answer.items[0], EncodedImage)
    assert isinstance(answer.items[0].base64, memoryview)
    assert gate.locked()
    answer.reply.release()
    assert not gate.locked()
    assert b"content-length: " in server.requests[0].lower()


# --- answers ---


async def test_base64_counts_before_a_link() -> None:
    both = await submitted({"data": [{"b64_json": JPEG, "url": "https://blob.example/x.png"}]})
    assert isinstance(both, Images)
    assert isinstance(both.items[0], EncodedImage)
    link = await submitted({"data": [{"url": "https://blob.example/x.png?sig=1", "revised_prompt": "A fox"}]})
    assert isinstance(link, Images)
    assert isinstance(link.items[0], LinkedImage)
    assert link.items[0].facts.prompt_used == "A fox"
    assert link.reply is None


@pytest.mark.parametrize("body", [{"data": []}, {"data": [{}]}, {"data": [{"url": "x"}]}])
async def test_a_success_without_a_picture_was_accepted_and_is_no_success(body: Any) -> None:
    error = await submitting_fails(body)
    assert (error.problem.kind, error.acceptance) == (ProblemKind.BAD_ANSWER, Acceptance.YES)


@pytest.mark.parametrize("body", [{}, [], b"", b"<html>"])
async def test_a_success_that_is_not_the_services_own_leaves_a_doubt(body: Any) -> None:
    error = await submitting_fails(body)
    assert (error.problem.kind, error.acceptance) == (ProblemKind.BAD_ANSWER, Acceptance.MAYBE)


FILTERED = {**SAFE, "violence": {"filtered": True, "severity": "medium"}}


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"data": [{"b64_json": JPEG, "content_filter_results": FILTERED}]}),
        (200, {"data": [{"b64_json": None, "content_filter_results": FILTERED}]}),
        (200, {"created": 1, "error": {"code": "contentFilter", "message": "violence (medium)"}}),
        (400, {"error": {"code": "content_policy_violation", "message": "No.", "param": None,
                         "inner_error": {"code": "ResponsibleAIPolicyViolation", "content_filter_results": FILTERED}}}),
        (400, {"error": {"code": "content_filter", "message": "No.",
                         "innererror": {"content_filter_result": FILTERED}}}),
        (400, {"error": {"code": "contentFilter", "message": "violence (medium)"}}),
    ],
)  # fmt: skip
async def test_every_spelling_of_the_content_filter(status: int, body: Any) -> None:
    answer = await submitted(body, status)
    assert isinstance(answer, Refusal)
    assert answer.problem.kind is ProblemKind.MODERATION
    assert "violence (medium)" in answer.problem.what + answer.problem.cause


@pytest.mark.parametrize(
    ("status", "code", "kind", "acceptance"),
    [
        (400, "no_model_name", ProblemKind.INVALID_REQUEST, Acceptance.NO),
        (401, "401", ProblemKind.AUTHENTICATION, Acceptance.NO),
        (403, "Forbidden", ProblemKind.AUTHENTICATION, Acceptance.NO),
        (404, "DeploymentNotFound", ProblemKind.NOT_FOUND, Acceptance.NO),
        (429, "RateLimitReached", ProblemKind.RATE_LIMITED, Acceptance.NO),
        (500, "InternalServerError", ProblemKind.SERVER_ERROR, Acceptance.MAYBE),
        (503, "ServiceUnavailable", ProblemKind.SERVER_ERROR, Acceptance.NO),
        (504, "Timeout", ProblemKind.TIMEOUT, Acceptance.MAYBE),
    ],
)
async def test_errors(status: int, code: str, kind: ProblemKind, acceptance: Acceptance) -> None:
    message = f"Something about {KEY}. Please retry after 16 seconds."
    error = await submitting_fails({"error": {"code": code, "message": message}}, status, apim_request_id="id-1")
    assert (error.problem.kind, error.acceptance) == (kind, acceptance)
    assert error.problem.request_id == "id-1"
    assert KEY not in error.problem.sentence()
    assert error.retry_after == 16


async def test_nothing_is_sent_that_cannot_work() -> None:
    wire = answering(200, CAPTURED)
    with pytest.raises(ServiceError) as caught:
        await service().submit(ImageRequest("FLUX.1-Kontext-pro", "a hat", references=("a/b.png",)), wire.http)
    assert caught.value.acceptance is Acceptance.NO
    assert wire.requests == []


# --- operations ---


async def test_an_operation_is_followed() -> None:
    wire = answering(202, {"id": "op-1", "status": "notRunning"}, operation_location=OPERATION)
    answer = await service().submit(FOX, wire.http)
    assert answer == Accepted(ticket())
    made = await submitted({"id": "op-1", "status": "notRunning"}, 202)
    assert isinstance(made, Accepted)
    assert made.ticket.data["operation"] == f"{RES}/openai/operations/images/op-1?api-version=2025-04-01-preview"
    lost = await submitting_fails({}, 202)
    assert (lost.problem.kind, lost.acceptance) == (ProblemKind.BAD_ANSWER, Acceptance.MAYBE)


async def collected(body: Any, status: int = 200, **headers: str) -> Pending | Images | Refusal:
    return await service().collect(ticket(), answering(status, body, **headers).http)


async def test_an_operation_from_beginning_to_end() -> None:
    assert await collected({"id": "op-1", "status": "notRunning"}) == Pending(stage="notrunning")
    assert await collected({"status": "running"}, 202, retry_after="3") == Pending(stage="running", poll_after=3)
    done = await collected({"status": "succeeded", "result": {"data": [{"url": "https://blob.example/x.png"}]}})
    assert isinstance(done, Images)
    assert isinstance(done.items[0], LinkedImage)
    bare = await collected(CAPTURED)
    assert isinstance(bare, Images)
    refused = await collected({"status": "failed", "error": {"code": "contentFilter", "message": "No."}})
    assert isinstance(refused, Refusal)


@pytest.mark.parametrize(
    ("status", "body", "kind", "permanent"),
    [
        (200, {"status": "failed", "error": {"code": "Oops", "message": "Broken."}}, ProblemKind.SERVER_ERROR, True),
        (200, {"status": "canceled"}, ProblemKind.SERVER_ERROR, True),
        (200, {"status": "succeeded", "result": {"data": []}}, ProblemKind.BAD_ANSWER, False),
        (404, {"error": {"code": "404", "message": "Resource not found"}}, ProblemKind.EXPIRED, True),
        (429, b"", ProblemKind.RATE_LIMITED, False),
        (500, b"<html>", ProblemKind.SERVER_ERROR, False),
    ],
)
async def test_operations_that_fail(status: int, body: Any, kind: ProblemKind, permanent: bool) -> None:
    with pytest.raises(ServiceError) as caught:
        await collected(body, status)
    error = caught.value
    assert (error.problem.kind, error.permanent, error.acceptance) == (kind, permanent, Acceptance.YES)


@pytest.mark.parametrize(
    ("url", "with_key"),
    [
        (OPERATION, True),
        ("https://res.openai.azure.com/openai/operations/images/1", True),
        ("https://other.openai.azure.com/openai/operations/images/1", False),
        ("http://res.openai.azure.com/openai/operations/images/1", False),
        ("https://res.openai.azure.com.evil.example/1", False),
        ("https://evil.example/1", False),
    ],
)
async def test_the_key_goes_only_to_its_resource(url: str, with_key: bool) -> None:
    wire = answering(200, {"status": "running"})
    await service().collect(ticket(url), wire.http)
    assert (KEY in str(wire.last.headers.raw)) == with_key


# --- settings, health ---


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (200, CheckState.OK),
        (401, CheckState.PROBLEM),
        (404, CheckState.UNKNOWN),
        (503, CheckState.PROBLEM),
    ],
)
async def test_checking_costs_nothing(status: int, state: CheckState) -> None:
    wire = answering(status, {"data": []})
    assert (await service().check(wire.http)).state is state
    assert (wire.last.method, wire.last.url.path) == ("GET", "/openai/models")
    assert wire.last.headers["api-key"] == KEY


def test_polling_ends_when_the_settings_say() -> None:
    usual = service().pace("FLUX-1.1-pro")
    assert (usual.poll_interval, usual.collect_for) == (2.0, 120.0)
    slow = service(AZURE_FLUX_POLL_INTERVAL="5", AZURE_FLUX_MAX_POLL_ATTEMPTS="10").pace("x")
    assert (slow.poll_interval, slow.collect_for) == (5.0, 50.0)


def test_what_is_missing_and_what_is_hidden() -> None:
    both = ("AZURE_FLUX_ENDPOINT", "AZURE_FLUX_API_KEY")
    assert azure_flux.missing(azure_flux.SETTINGS.model_validate({})) == both
    blank = azure_flux.SETTINGS.model_validate({"AZURE_FLUX_ENDPOINT": "", "AZURE_FLUX_API_KEY": " "})
    assert azure_flux.missing(blank) == both
    with pytest.raises(ValueError, match="AZURE_FLUX_ENDPOINT"):
        azure_flux.make(blank)
    provider = service()
    assert KEY not in str(provider.__dict__)
    assert isinstance(provider, Provider)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AZURE_FLUX_ENDPOINT", "ftp://x"),
        ("AZURE_FLUX_POLL_INTERVAL", "0"),
        ("AZURE_FLUX_POLL_INTERVAL", "often"),
        ("AZURE_FLUX_MAX_POLL_ATTEMPTS", "-1"),
    ],
)
def test_settings_that_cannot_be_meant(name: str, value: str) -> None:
    with pytest.raises(ValidationError):
        azure_flux.SETTINGS.model_validate({name: value})


def test_addresses_worth_a_note() -> None:
    def notes(endpoint: str) -> tuple[str, ...]:
        return azure_flux.notes(azure_flux.SETTINGS.model_validate({"AZURE_FLUX_ENDPOINT": endpoint}))

    assert notes(IMAGE) == notes(PROVIDER) == notes(RES) == ()
    assert "not https" in notes(IMAGE.replace("https", "http"))[0]
    assert "no image route" in notes(f"{RES}/openai/deployments/gpt/chat/completions")[0]


async def test_costs_that_make_no_sense_are_no_bill() -> None:
    for cost in (None, True, -1, "3"):
        answer = await submitted({**CAPTURED, "request_meta": {"cost": cost}})
        assert isinstance(answer, Images)
        assert answer.bill is None
    answer = await submitted({**CAPTURED, "request_meta": {"cost": 3}})
    assert isinstance(answer, Images)
    assert answer.bill == Bill(Micros(30_000))
