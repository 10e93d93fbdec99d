"""Azure OpenAI as the reference page describes it: both paths, both keys, and every spelling of a refusal."""

import base64
import io
from typing import Any

import httpx
import pytest
from PIL import Image

from fluxtui.sandbox import IN_PROCESS, Faults, environment
from tests.sandbox.conftest import Bench, MakeBench

VARIABLES = environment(IN_PROCESS)
BASE = VARIABLES["AZURE_OPENAI_ENDPOINT"]
NAME = VARIABLES["AZURE_OPENAI_DEPLOYMENT_NAME"]
HEADERS = {"api-key": VARIABLES["AZURE_OPENAI_API_KEY"]}
VERSION = "api-version=2025-04-01-preview"


def _url(name: str = NAME, action: str = "images/generations") -> str:
    return f"{BASE}/openai/deployments/{name}/{action}?{VERSION}"


async def _post(bench: Bench, url: str, **body: Any) -> httpx.Response:
    return await bench.client.post(url, headers=HEADERS, json=body)


def _code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def test_the_classic_path_ignores_the_model_and_adds_what_the_filters_found(bench: Bench) -> None:
    answer = await _post(bench, _url("sandbox-pictures"), prompt="a fox", model="whatever", size="1536x1024")
    (item,) = answer.json()["data"]
    assert Image.open(io.BytesIO(base64.b64decode(item["b64_json"]))).size == (1536, 1024)
    assert item["content_filter_results"]["violence"] == {"severity": "safe", "filtered": False}
    assert item["prompt_filter_results"]["profanity"] == {"detected": False, "filtered": False}
    assert answer.headers["apim-request-id"]
    assert bench.summary["collected"] == 1
    assert bench.sandbox.ledger.submissions[0].model == "sandbox-pictures"


async def test_the_path_of_v1_takes_the_deployment_from_the_body(bench: Bench) -> None:
    url = f"{BASE}/openai/v1/images/generations"
    bearer = {"authorization": f"Bearer {HEADERS['api-key']}"}
    answer = await bench.client.post(url, headers=bearer, json={"prompt": "a fox", "model": NAME})
    assert answer.json()["data"][0]["b64_json"]
    assert (await _post(bench, f"{url}?api-version=preview", prompt="a fox", model=NAME)).status_code == 200
    assert _code(await _post(bench, url, prompt="a fox")) == (404, "DeploymentNotFound")


async def test_an_edit(bench: Bench) -> None:
    file = io.BytesIO()
    Image.new("RGB", (64, 64)).save(file, "png")
    for url, data in (
        (_url(action="images/edits"), {"prompt": "snow"}),
        (f"{BASE}/openai/v1/images/edits", {"prompt": "snow", "model": NAME}),
    ):
        files = {"image": ("a.png", file.getvalue(), "image/png")}
        answer = await bench.client.post(url, headers=HEADERS, data=data, files=files)
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("url", "status", "code"),
    [
        (_url().partition("?")[0], 404, "404"),
        (_url().replace(VERSION, "api-version=latest"), 404, "404"),
        (_url("gpt-image-9"), 404, "DeploymentNotFound"),
        (_url("dall-e-3"), 404, "DeploymentNotFound"),
        (_url("sandbox-judge"), 400, "OperationNotSupported"),
        (_url(action="chat/completions"), 400, "OperationNotSupported"),
        (f"{BASE}/openai/images/generations?{VERSION}", 404, "404"),
    ],
)
async def test_wrong_addresses(bench: Bench, url: str, status: int, code: str) -> None:
    assert _code(await _post(bench, url, prompt="x")) == (status, code)
    assert bench.summary["submissions"] == 0


async def test_keys(bench: Bench) -> None:
    for headers in ({}, {"api-key": "wrong"}, {"authorization": "Bearer wrong"}):
        answer = await bench.client.post(_url(), headers=headers, json={"prompt": "x"})
        assert _code(answer) == (401, "401")


@pytest.mark.parametrize(
    ("spelling", "status", "code", "inner"),
    [
        ("content_policy_violation", 400, "content_policy_violation", "inner_error"),
        ("contentFilter", 400, "contentFilter", ""),
        ("content_filter", 400, "content_filter", "innererror"),
        ("moderation_blocked", 400, "moderation_blocked", "moderation_details"),
        ("forbidden", 403, "Forbidden", ""),
    ],
)
@pytest.mark.parametrize("stage", ["moderate", "content-moderate"])
async def test_refusals_in_every_spelling(
    bench: Bench, stage: str, spelling: str, status: int, code: str, inner: str
) -> None:
    answer = await _post(bench, _url(), prompt=f"x [sandbox:{stage}={spelling}]")
    assert _code(answer) == (status, code)
    assert not inner or inner in answer.json()["error"]
    assert bench.summary["billed_usd"] == 0


async def test_a_run_meets_all_spellings(make_bench: MakeBench) -> None:
    bench = make_bench(Faults.none(moderation=1))
    codes = {_code(await _post(bench, _url(), prompt=f"fox {number}"))[1] for number in range(40)}
    assert codes == {"content_policy_violation", "contentFilter", "content_filter", "moderation_blocked"}


async def test_the_call_rate(make_bench: MakeBench) -> None:
    bench = make_bench(Faults.none(rpm=6, picture_bytes=4096))
    answers = [await _post(bench, _url(), prompt=str(number)) for number in range(7)]
    assert [answer.status_code for answer in answers] == [200] * 6 + [429]
    assert _code(answers[-1])[1] == "429"
    assert answers[-1].headers["retry-after"] == "10"
    assert "Please retry after 10 seconds" in answers[-1].json()["error"]["message"]
    assert "2025-04-01-preview" in answers[-1].json()["error"]["message"]


async def test_trouble(bench: Bench) -> None:
    assert _code(await _post(bench, _url(), prompt="[sandbox:500]")) == (503, "ServiceUnavailable")
    assert _code(await _post(bench, _url(), prompt="[sandbox:error]")) == (500, "InternalServerError")
    assert _code(await _post(bench, _url(), prompt="[sandbox:quota]")) == (429, "insufficient_quota")
    assert _code(await _post(bench, _url(), prompt="x", n=11)) == (400, "integer_above_max_value")


async def test_dalle_answers_with_a_link(make_bench: MakeBench) -> None:
    bench = make_bench(Faults.none(historic=True, picture_bytes=4096))
    (item,) = (await _post(bench, _url("dall-e-3"), prompt="a fox")).json()["data"]
    assert item["revised_prompt"]
    assert item["content_filter_results"]
    assert (await bench.client.get(item["url"], headers=HEADERS)).status_code == 400
    assert (await bench.client.get(item["url"])).headers["content-type"] == "image/png"


async def test_a_judge_and_its_filters(bench: Bench) -> None:
    def asked(text: str) -> dict[str, Any]:
        return {"messages": [{"role": "user", "content": text}]}

    url = _url("sandbox-judge", "chat/completions")
    body = (await _post(bench, url, **asked("Rate it. Prompt: a fox"))).json()
    assert body["prompt_filter_results"][0]["content_filter_results"]["jailbreak"]["detected"] is False
    assert body["choices"][0]["content_filter_results"]["hate"]["filtered"] is False
    blocked = await _post(bench, url, **asked("[sandbox:moderate]"))
    assert _code(blocked) == (400, "content_filter")
    assert blocked.json()["error"]["innererror"]["code"] == "ResponsibleAIPolicyViolation"
    withheld = (await _post(bench, url, **asked("[sandbox:content-moderate]"))).json()["choices"][0]
    assert withheld["finish_reason"] == "content_filter"
    assert withheld["content_filter_results"]["violence"]["filtered"] is True
    v1 = await _post(bench, f"{BASE}/openai/v1/chat/completions", model="sandbox-judge", **asked("hi"))
    assert v1.status_code == 200


async def test_models(bench: Bench) -> None:
    for url in (f"{BASE}/openai/v1/models", f"{BASE}/openai/models?{VERSION}"):
        listed = (await bench.client.get(url, headers=HEADERS)).json()["data"]
        assert "gpt-image-2" in {model["id"] for model in listed}
