"""Azure OpenAI: both paths, deployments with names of their own, refusals in every spelling."""

import base64
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from fluxtui.domain.jobs import Bill, Refusal
from fluxtui.domain.money import Micros, Price, usd
from fluxtui.domain.problems import Acceptance, ProblemKind, ServiceError
from fluxtui.domain.request import Change, ImageRequest
from fluxtui.domain.size import Size
from fluxtui.providers import azure_openai, catalog
from fluxtui.providers.azure_openai import AzureOpenAI, endpoint
from fluxtui.providers.base import CheckState, Images, LinkedImage, Provider

from .wire import answering

KEY = "canary-azure-openai-0123456789"
RES = "https://res.openai.azure.com"
CLASSIC = f"{RES}/openai/deployments/pictures/images/generations?api-version=2025-04-01-preview"
V1 = f"{RES}/openai/v1/images/generations"
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"\x00" * 40).decode()
SAFE = {"sexual": {"severity": "safe", "filtered": False}, "profanity": {"detected": False, "filtered": False}}
FILTERED = {"violence": {"severity": "medium", "filtered": True}, "jailbreak": {"detected": False, "filtered": False}}
CAPTURED = {
    "created": 1698342300,
    "data": [{"b64_json": PNG, "prompt_filter_results": SAFE, "content_filter_results": SAFE}],
    "usage": {"input_tokens": 10, "output_tokens": 196},
}
FOX = ImageRequest("pictures", "a red fox", size=Size(1024, 1024), parameters={"quality": "low"})


def service(address: str = RES, **more: str) -> AzureOpenAI:
    values = {"AZURE_OPENAI_ENDPOINT": address, "AZURE_OPENAI_API_KEY": KEY, **more}
    return azure_openai.make(azure_openai.SETTINGS.model_validate(values))


@pytest.mark.parametrize(
    ("address", "version", "url", "named"),
    [
        (RES, None, CLASSIC, False),
        (f"{RES}/", "2024-10-21", CLASSIC.replace("2025-04-01-preview", "2024-10-21"), False),
        ("res.openai.azure.com/openai", None, CLASSIC, False),
        (CLASSIC.replace("pictures", "other"), None, CLASSIC, False),
        (CLASSIC.replace("2025-04-01-preview", "2024-10-21"), "2025-03-01", CLASSIC.replace("04-01-preview", "03-01"),
         False),
        ("https://res.services.ai.azure.com/api/projects/mine", None,
         CLASSIC.replace("res.openai", "res.services.ai"), False),
        ("https://gw.example/team/openai/deployments/x/images/edits?api-version=2024-10-21", None,
         "https://gw.example/team/openai/deployments/pictures/images/generations?api-version=2024-10-21", False),
        ("https://gw.example/team", None, CLASSIC.replace(RES, "https://gw.example/team"), False),
        (f"{RES}/openai/v1/", None, V1, True),
        (f"{RES}/openai/v1/images/generations", "v1", V1, True),
        (f"{RES}/openai/v1", "preview", f"{V1}?api-version=preview", True),
        (f"{RES}/openai/v1", "2025-04-01-preview", V1, True),
        (RES, "v1", V1, True),
        (RES, "preview", f"{V1}?api-version=preview", True),
        ("https://gw.example/team/openai/v1", None, V1.replace(RES, "https://gw.example/team"), True),
    ],
)  # fmt: skip
async def test_where_a_deployment_is_reached(address: str, version: str | None, url: str, named: bool) -> None:
    wire = answering(200, CAPTURED)
    more = {"AZURE_OPENAI_API_VERSION": version} if version else {}
    answer = await service(address, **more).submit(FOX, wire.http)
    assert isinstance(answer, Images)
    assert str(wire.last.url) == url
    assert wire.body.get("model") == ("pictures" if named else None)
    assert wire.last.headers["api-key"] == KEY
    assert "authorization" not in wire.last.headers


async def test_reference_pictures_take_the_way_of_edits() -> None:
    for address, url in ((RES, CLASSIC), (f"{RES}/openai/v1", V1)):
        wire = answering(200, CAPTURED)
        await service(address, AZURE_OPENAI_MODEL="gpt-image-2").submit(replace(FOX, references=(PNG,)), wire.http)
        assert str(wire.last.url) == url.replace("generations", "edits")
        assert wire.last.headers["content-type"].startswith("multipart/form-data; boundary=")
        assert (b'name="model"' in wire.last.content) == (url == V1)


def test_a_deployments_name_is_made_safe() -> None:
    assert "/deployments/my%20fox%2F1/images" in endpoint(RES, None).images("my fox/1", "generations")
    assert endpoint(CLASSIC.replace("pictures", "my%20fox"), None).deployment == "my fox"


@pytest.mark.parametrize(
    ("deployment", "model"),
    [
        ("gpt-image-2", "gpt-image-2"),
        ("GPT-Image-2.5-Flare", "gpt-image-2.5-flare"),
        ("team7-gpt-image-2-5-sunburst-eu", "gpt-image-2.5-sunburst"),
        ("our_gpt_image_1_mini", "gpt-image-1-mini"),
        ("Dalle3", "dall-e-3"),
        ("gptimage2", "gpt-image-2"),
        ("gpt-image-25", None),
        ("pictures", None),
    ],
)
def test_the_model_by_the_deployments_name(deployment: str, model: str | None) -> None:
    found = service().assess(replace(FOX, model=deployment, parameters={}))
    if model is None:
        assert not found.price.known
        assert "nobody said which model" in found.notes[0]
        assert service().max_count(deployment) == 1
        return
    named = service().assess(replace(FOX, model=model, parameters={}))
    assert (found.price, found.adaptations) == (named.price, named.adaptations)


async def test_the_model_by_the_setting_and_by_the_target() -> None:
    provider = service(AZURE_OPENAI_MODEL="dall-e-3", AZURE_OPENAI_DEPLOYMENT_NAME="pictures")
    assert provider.models()[0] == "pictures"
    assert provider.assess(FOX).price == Price.exactly(usd("0.04"))
    assert not provider.assess(replace(FOX, model="others")).price.known  # it is said of one deployment only
    request = replace(FOX, parameters={"model": "gpt-image-2.5-flare", "quality": "xhigh"})
    wire = answering(200, {**CAPTURED, "quality": "xhigh"})
    assessment = provider.assess(request)
    assert not assessment.adaptations
    assert assessment.price == Price.exactly(usd("0.0937"))
    answer = await provider.submit(request, wire.http)
    assert wire.body == {"prompt": "a red fox", "size": "1024x1024", "quality": "xhigh"}
    assert isinstance(answer, Images)
    assert answer.bill == Bill(Micros(10 * 5 + 196 * 30))


def test_azure_retires_on_days_of_its_own() -> None:
    assert "retired on 2026-12-16" in service().assess(replace(FOX, model="gpt-image-1.5")).notes[0]
    model = catalog.service("azure-openai").models["gpt-image-2"]
    assert model.life(date(2026, 11, 21)) == ()
    assert model.life(date(2027, 8, 1)) == ("gpt-image-2 will be retired on 2027-10-21",)
    assert model.life(date(2027, 10, 21)) == ("gpt-image-2 was retired on 2027-10-21",)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"error": {"code": "content_policy_violation", "message": "Blocked.", "param": None, "type": None,
                         "inner_error": {"code": "ResponsibleAIPolicyViolation", "revised_prompt": "A fox",
                                         "content_filter_results": FILTERED}}}),
        (400, {"error": {"code": "content_filter", "message": "Blocked.", "status": 400,
                         "innererror": {"code": "ResponsibleAIPolicyViolation", "content_filter_result": FILTERED}}}),
        (400, {"created": 1698435368, "error": {"code": "contentFilter", "message": "violence (medium)"}}),
        (400, {"error": {"code": "moderation_blocked", "type": "image_generation_user_error",
                         "message": "Contact us with an Azure support ticket. safety_violations=[violence (medium)]"}}),
        (400, {"error": {"code": "moderation_blocked", "message": "No.", "moderation_details":
                         {"moderation_stage": "output", "categories": ["violence (medium)"]}}}),
        (200, {"created": 1, "data": [{"b64_json": None, "content_filter_results": FILTERED}]}),
    ],
)  # fmt: skip
async def test_every_spelling_of_the_content_filter(status: int, body: Any) -> None:
    answer = await service().submit(FOX, answering(status, body, apim_request_id="r-1").http)
    assert isinstance(answer, Refusal)
    assert answer.problem.kind is ProblemKind.MODERATION
    assert "violence (medium)" in answer.problem.what + answer.problem.cause
    assert answer.problem.request_id == "r-1"


@pytest.mark.parametrize(
    ("status", "code", "message", "kind", "acceptance"),
    [
        (401, "401", "Access denied due to invalid subscription key.", ProblemKind.AUTHENTICATION, Acceptance.NO),
        (403, "Forbidden", "Your resource has been temporarily blocked.", ProblemKind.AUTHENTICATION, Acceptance.NO),
        (404, "DeploymentNotFound", "The API deployment does not exist.", ProblemKind.NOT_FOUND, Acceptance.NO),
        (400, "OperationNotSupported", "It does not work with chat.", ProblemKind.INVALID_REQUEST, Acceptance.NO),
        (429, "429", "Please retry after 10 seconds.", ProblemKind.RATE_LIMITED, Acceptance.NO),
        (429, "insufficient_quota", "You exceeded your quota.", ProblemKind.QUOTA, Acceptance.NO),
        (500, "InternalServerError", "An error.", ProblemKind.SERVER_ERROR, Acceptance.MAYBE),
        (503, "ServiceUnavailable", "Temporarily.", ProblemKind.SERVER_ERROR, Acceptance.NO),
    ],
)
async def test_errors(status: int, code: str, message: str, kind: ProblemKind, acceptance: Acceptance) -> None:
    with pytest.raises(ServiceError) as caught:
        await service().submit(FOX, answering(status, {"error": {"code": code, "message": message}}).http)
    assert (caught.value.problem.kind, caught.value.acceptance) == (kind, acceptance)
    assert caught.value.retry_after == (10 if "10 seconds" in message else None)
    if status == 403:
        assert "blocked" in caught.value.problem.cause


async def test_old_deployments_answer_with_links() -> None:
    link = {"url": "https://dalleprod.blob.core.windows.net/x.png?se=1&sig=2", "revised_prompt": "A red fox"}
    answer = await service().submit(replace(FOX, model="dall-e-3"), answering(200, {"data": [link]}).http)
    assert isinstance(answer, Images)
    assert isinstance(answer.items[0], LinkedImage)
    assert answer.items[0].facts.prompt_used == "A red fox"


@pytest.mark.parametrize(
    ("address", "url"),
    [(RES, f"{RES}/openai/models?api-version=2025-04-01-preview"), (f"{RES}/openai/v1", f"{RES}/openai/v1/models")],
)
async def test_checking(address: str, url: str) -> None:
    wire = answering(200, {"data": []})
    assert (await service(address).check(wire.http)).state is CheckState.OK
    assert str(wire.last.url) == url
    refused = answering(401, {"error": {"code": "401", "message": "Access denied."}})
    assert (await service(address).check(refused.http)).state is CheckState.PROBLEM


def test_settings() -> None:
    assert isinstance(service(), Provider)
    assert azure_openai.missing(azure_openai.SETTINGS.model_validate({})) == (
        "AZURE_OPENAI_ENDPOINT",
        "AZURE_OPENAI_API_KEY",
    )
    assert service().models()[0] == "gpt-image-2"
    assert service(CLASSIC).models()[0] == "pictures"
    with pytest.raises(ValidationError):
        azure_openai.SETTINGS.model_validate({"AZURE_OPENAI_ENDPOINT": "ftp://host"})
    with pytest.raises(ValueError, match="AZURE_OPENAI_ENDPOINT"):
        azure_openai.make(azure_openai.SETTINGS.model_validate({}))
    told = azure_openai.SETTINGS.model_validate({"AZURE_OPENAI_ENDPOINT": "http://gpu.example/openai/v1?api-version=x"})
    assert len(azure_openai.notes(told)) == 2
    changed = {a.change for a in service().assess(replace(FOX, model="gpt-image-2", seed=1)).adaptations}
    assert changed == {Change.DROPPED}
