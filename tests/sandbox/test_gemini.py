"""Gemini as the reference page describes it: judging, drawing, and refusals that are successes."""

import base64
import io
import json
from typing import Any

import httpx
import pytest
from PIL import Image

from fluxtui.sandbox import IN_PROCESS, Faults, environment
from tests.sandbox.conftest import Bench, MakeBench

VARIABLES = environment(IN_PROCESS)
BASE = f"{VARIABLES['GEMINI_API_URL']}/v1beta/models"
HEADERS = {"x-goog-api-key": VARIABLES["GEMINI_API_KEY"]}
JUDGE = "gemini-3.8-flash"
PAINTER = "gemini-nano-banana-2.1"
SCHEMA = {
    "type": "OBJECT",
    "properties": {"score": {"type": "INTEGER", "minimum": 0, "maximum": 10}, "why": {"type": "STRING"}},
    "required": ["score", "why"],
    "propertyOrdering": ["why", "score"],
}


def _picture(kind: str = "png") -> str:
    file = io.BytesIO()
    Image.new("RGB", (64, 64)).save(file, kind)
    return base64.b64encode(file.getvalue()).decode()


async def _ask(
    bench: Bench, text: str = "Judge it. Prompt: a fox", model: str = JUDGE, picture: str = "", **body: Any
) -> httpx.Response:
    parts: list[dict[str, Any]] = [{"text": text}]
    if picture:
        parts.append({"inlineData": {"mimeType": "image/png", "data": picture}})
    full = {"contents": [{"role": "user", "parts": parts}], **body}
    return await bench.client.post(f"{BASE}/{model}:generateContent", headers=HEADERS, json=full)


def _error(answer: httpx.Response) -> tuple[int, str]:
    error = answer.json()["error"]
    assert error["code"] == answer.status_code
    return answer.status_code, error["status"]


def _json(**config: Any) -> dict[str, Any]:
    return {"responseMimeType": "application/json", **config}


# -- judging ------------------------------------------------------------------------------------


async def test_a_verdict_fits_the_schema_and_its_order(bench: Bench) -> None:
    config = _json(responseSchema=SCHEMA, thinkingConfig={"thinkingLevel": "LOW"}, maxOutputTokens=2048)
    answer = await _ask(
        bench, picture=_picture(), generationConfig=config, systemInstruction={"parts": [{"text": "x"}]}
    )
    body = answer.json()
    (candidate,) = body["candidates"]
    verdict = json.loads(candidate["content"]["parts"][0]["text"])
    assert list(verdict) == ["why", "score"]
    assert 0 <= verdict["score"] <= 10
    assert (candidate["finishReason"], body["modelVersion"]) == ("STOP", JUDGE)
    usage = body["usageMetadata"]
    assert usage["promptTokensDetails"][1] == {"modality": "IMAGE", "tokenCount": 258}
    assert usage["thoughtsTokenCount"] == 64
    total = usage["promptTokenCount"] + usage["candidatesTokenCount"] + 64
    assert usage["totalTokenCount"] == total
    assert (await _ask(bench, picture=_picture(), generationConfig=config)).json()["candidates"][0] != candidate
    cost = usage["promptTokenCount"] * 0.75 + (usage["candidatesTokenCount"] + 64) * 3.75
    assert bench.sandbox.ledger.submissions[0].cost_micros == round(cost)
    assert not [name for name in answer.headers if name.startswith(("x-ratelimit", "retry"))]


async def test_a_standard_schema(bench: Bench) -> None:
    schema = {
        "type": "object",
        "properties": {"verdict": {"$ref": "#/$defs/verdict"}},
        "required": ["verdict"],
        "additionalProperties": False,
        "$defs": {"verdict": {"enum": ["pass", "fail"]}},
    }
    answer = await _ask(bench, generationConfig=_json(responseJsonSchema=schema))
    text = answer.json()["candidates"][0]["content"]["parts"][0]["text"]
    assert json.loads(text)["verdict"] in ("pass", "fail")
    word = {"type": "STRING", "enum": ["good", "bad"]}
    config = {"responseMimeType": "text/x.enum", "responseSchema": word}
    answer = await _ask(bench, generationConfig=config)
    assert answer.json()["candidates"][0]["content"]["parts"][0]["text"] in ("good", "bad")


async def test_thoughts_eat_the_answer(bench: Bench) -> None:
    config = _json(responseSchema=SCHEMA, maxOutputTokens=64, thinkingConfig={"thinkingLevel": "LOW"})
    body = (await _ask(bench, generationConfig=config)).json()
    assert body["candidates"][0]["finishReason"] == "MAX_TOKENS"
    assert "parts" not in body["candidates"][0]["content"]
    config["maxOutputTokens"] = 70
    (candidate,) = (await _ask(bench, generationConfig=config)).json()["candidates"]
    assert candidate["finishReason"] == "MAX_TOKENS"
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        json.loads(candidate["content"]["parts"][0]["text"])
    cut = await _ask(bench, "[sandbox:truncate]", generationConfig=_json(responseSchema=SCHEMA))
    assert cut.json()["candidates"][0]["finishReason"] == "MAX_TOKENS"


async def test_thoughts_that_are_shown(bench: Bench) -> None:
    config = {"thinkingConfig": {"includeThoughts": True, "thinkingLevel": "HIGH"}}
    parts = (await _ask(bench, generationConfig=config)).json()["candidates"][0]["content"]["parts"]
    assert [part.get("thought", False) for part in parts] == [True, False]


async def test_names_with_underscores_are_understood(bench: Bench) -> None:
    body = {
        "contents": {"parts": {"inline_data": {"mime_type": "image/png", "data": _picture()}}},
        "generation_config": {"response_mime_type": "application/json", "response_schema": SCHEMA},
    }
    answer = await bench.client.post(f"{BASE}/{JUDGE}:generateContent", headers=HEADERS, json=body)
    assert answer.status_code == 200, answer.text


# -- blocks -------------------------------------------------------------------------------------


async def test_blocks_are_successes(bench: Bench) -> None:
    blocked = await _ask(bench, "x [sandbox:moderate]")
    assert blocked.status_code == 200
    assert "candidates" not in blocked.json()
    assert blocked.json()["promptFeedback"]["blockReason"] == "PROHIBITED_CONTENT"
    named = await _ask(bench, "x [sandbox:moderate=blocklist]")
    assert named.json()["promptFeedback"]["blockReason"] == "BLOCKLIST"
    (withheld,) = (await _ask(bench, "x [sandbox:content-moderate]")).json()["candidates"]
    assert (withheld["finishReason"], "content" in withheld) == ("SAFETY", False)
    (recited,) = (await _ask(bench, "x [sandbox:content-moderate=recitation]")).json()["candidates"]
    assert recited["finishReason"] == "RECITATION"
    (picture,) = (await _ask(bench, "x [sandbox:content-moderate]", PAINTER)).json()["candidates"]
    assert picture["finishReason"] == "IMAGE_SAFETY"
    assert bench.summary["billed_usd"] == 0


async def test_a_refusal_in_words(bench: Bench) -> None:
    (candidate,) = (await _ask(bench, "x [sandbox:no-image]", PAINTER)).json()["candidates"]
    assert candidate["finishReason"] == "STOP"
    assert all("inlineData" not in part for part in candidate["content"]["parts"])
    (judged,) = (await _ask(bench, "x [sandbox:refuse-answer]", generationConfig=_json())).json()["candidates"]
    assert judged["content"]["parts"][0]["text"].startswith("I am not able")


# -- pictures -----------------------------------------------------------------------------------


async def test_a_picture_among_words(bench: Bench) -> None:
    config = {"imageConfig": {"aspectRatio": "16:9", "imageSize": "2K"}}
    answer = await _ask(bench, "a fox", PAINTER, generationConfig=config)
    words, picture = answer.json()["candidates"][0]["content"]["parts"]
    assert words["text"]
    opened = Image.open(io.BytesIO(base64.b64decode(picture["inlineData"]["data"])))
    assert opened.size == (2736, 1536)
    assert (bench.summary["collected"], bench.summary["billed_usd"]) == (1, pytest.approx(0.101, abs=1e-5))
    only = await _ask(bench, "a fox", PAINTER, generationConfig={"responseModalities": ["IMAGE"]})
    assert len(only.json()["candidates"][0]["content"]["parts"]) == 1
    assert only.json()["usageMetadata"]["candidatesTokenCount"] == 1120


async def test_drafts_are_thoughts_and_some_models_send_jpeg(bench: Bench) -> None:
    parts = (await _ask(bench, "a fox", "gemini-3-pro-image")).json()["candidates"][0]["content"]["parts"]
    pictures = [part for part in parts if "inlineData" in part]
    assert [part.get("thought", False) for part in pictures] == [True, False]
    (part,) = [
        part
        for part in (await _ask(bench, "x", "gemini-3.1-flash-lite-image")).json()["candidates"][0]["content"]["parts"]
        if "inlineData" in part
    ]
    assert part["inlineData"]["mimeType"] == "image/jpeg"
    assert base64.b64decode(part["inlineData"]["data"])[:2] == b"\xff\xd8"


# -- errors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"contents": []}, "contents is not specified"),
        ({"contents": [{"role": "assistant", "parts": [{"text": "x"}]}]}, "valid role"),
        ({"contents": [{"parts": []}]}, "must not be empty"),
        ({"contents": [{"parts": [{}]}]}, "initialized field"),
        ({"contents": [{"parts": [{"inlineData": {"mimeType": "image/gif", "data": ""}}]}]}, "MIME"),
        ({"contents": [{"parts": [{"inlineData": {"mimeType": "image/png", "data": "é"}}]}]}, "Base64"),
        ({"contents": [{"parts": [{"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]}]}, "input image"),
        ({"prompt": "x"}, "Cannot find field"),
        ({"generationConfig": {"steps": 4}}, "Cannot find field"),
        ({"generationConfig": {"responseSchema": SCHEMA}}, "response_mime_type"),
        ({"generationConfig": _json(responseSchema=SCHEMA, responseJsonSchema={})}, "Only one"),
        ({"generationConfig": _json(responseSchema={**SCHEMA, "additionalProperties": False})}, "additionalProperties"),
        ({"generationConfig": _json(responseSchema={"type": "OBJECT"})}, "non-empty"),
        ({"generationConfig": _json(responseSchema={"type": "ARRAY"})}, "missing field"),
        ({"generationConfig": _json(responseSchema={"type": "FLOAT"})}, "TYPE_ENUM"),
        ({"generationConfig": {"responseMimeType": "text/html"}}, "allowed mimetypes"),
        ({"generationConfig": {"responseModalities": ["IMAGE"]}}, "modalities"),
        ({"generationConfig": {"thinkingConfig": {"thinkingLevel": "DEEP"}}}, "TYPE_ENUM"),
        ({"generationConfig": {"thinkingConfig": {"thinkingLevel": "LOW", "thinkingBudget": 0}}}, "only one"),
        ({"generationConfig": {"candidateCount": 9}}, "candidates"),
        ({"safetySettings": [{"category": "HARM_CATEGORY_X", "threshold": "OFF"}]}, "TYPE_ENUM"),
        ({"safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "NEVER"}]}, "TYPE_ENUM"),
    ],
)
async def test_requests_that_are_refused(bench: Bench, body: dict[str, Any], word: str) -> None:
    answer = await _ask(bench, **body)
    assert _error(answer) == (400, "INVALID_ARGUMENT")
    assert word in answer.json()["error"]["message"]
    assert bench.summary["submissions"] == 0


@pytest.mark.parametrize("config", [{"aspectRatio": "2:7"}, {"imageSize": "1k"}, {"imageSize": "512"}, {"seed": 1}])
async def test_pictures_that_cannot_be_had(bench: Bench, config: dict[str, Any]) -> None:
    answer = await _ask(bench, "x", PAINTER, generationConfig={"imageConfig": config})
    assert _error(answer) == (400, "INVALID_ARGUMENT")


async def test_keys(bench: Bench) -> None:
    body = {"contents": [{"parts": [{"text": "x"}]}]}
    url = f"{BASE}/{JUDGE}:generateContent"
    assert _error(await bench.client.post(url, json=body)) == (403, "PERMISSION_DENIED")
    wrong = await bench.client.post(url, json=body, headers={"x-goog-api-key": "wrong"})
    assert _error(wrong) == (400, "INVALID_ARGUMENT")
    assert wrong.json()["error"]["details"][0]["reason"] == "API_KEY_INVALID"
    in_address = await bench.client.post(f"{url}?key={HEADERS['x-goog-api-key']}", json=body)
    assert in_address.status_code == 200
    await bench.client.post(url, json=body, headers={"x-goog-api-key": VARIABLES["OPENAI_API_KEY"]})
    assert bench.summary["violations"] == 1


async def test_quota_with_and_without_a_wait(make_bench: MakeBench) -> None:
    bench = make_bench(Faults.none(retry_after=31.0))
    limited = await _ask(bench, "[sandbox:429]")
    assert _error(limited) == (429, "RESOURCE_EXHAUSTED")
    assert "retry-after" not in limited.headers
    kinds = {detail["@type"].rpartition(".")[2]: detail for detail in limited.json()["error"]["details"]}
    assert kinds["RetryInfo"]["retryDelay"] == "31s"
    assert "PerMinute" in kinds["QuotaFailure"]["violations"][0]["quotaId"]
    bench = make_bench(Faults.none(retry_after=None))
    assert "RetryInfo" not in (await _ask(bench, "[sandbox:429]")).text
    spent = await _ask(bench, "[sandbox:quota]")
    assert _error(spent) == (429, "RESOURCE_EXHAUSTED")
    assert "PerDay" in spent.text
    assert "limit: 0" in spent.json()["error"]["message"]


async def test_server_trouble(bench: Bench) -> None:
    assert _error(await _ask(bench, "[sandbox:500]")) == (503, "UNAVAILABLE")
    assert _error(await _ask(bench, "[sandbox:error]")) == (500, "INTERNAL")
    with pytest.raises(httpx.ReadError):
        await _ask(bench, "[sandbox:reset]")
    assert bench.summary["unanswered"] == 1
    assert "<html>" in (await _ask(bench, "[sandbox:html]")).text


# -- models and streams -------------------------------------------------------------------------


async def test_models_that_answer_in_anothers_place(bench: Bench) -> None:
    for asked, answers in (("gemini-3.7-flash", JUDGE), ("gemini-pro-latest", "gemini-4-argon")):
        assert (await _ask(bench, model=asked)).json()["modelVersion"] == answers


@pytest.mark.parametrize("model", ["gemini-9", "imagen-4.0-generate-001", "gemini-2.5-flash"])
async def test_models_that_are_not_there(bench: Bench, model: str) -> None:
    assert _error(await _ask(bench, model=model)) == (404, "NOT_FOUND")


async def test_withdrawn_models_in_historic_mode(make_bench: MakeBench) -> None:
    bench = make_bench(Faults.none(historic=True))
    config = {"thinkingConfig": {"thinkingBudget": 0}}
    body = (await _ask(bench, model="gemini-2.5-flash", generationConfig=config)).json()
    assert "thoughtsTokenCount" not in body["usageMetadata"]
    level = await _ask(bench, model="gemini-2.5-flash", generationConfig={"thinkingConfig": {"thinkingLevel": "LOW"}})
    assert _error(level) == (400, "INVALID_ARGUMENT")


async def test_the_list_of_models_in_pages(bench: Bench) -> None:
    names: list[str] = []
    token = ""
    while True:
        page = await bench.client.get(f"{BASE}?pageSize=4&pageToken={token}", headers=HEADERS)
        names += [model["name"] for model in page.json()["models"]]
        token = page.json().get("nextPageToken", "")
        if not token:
            break
    assert f"models/{JUDGE}" in names
    assert len(names) == len(set(names)) > 8
    one = (await bench.client.get(f"{BASE}/{JUDGE}", headers=HEADERS)).json()
    assert "generateContent" in one["supportedGenerationMethods"]


async def test_counting_and_other_paths(bench: Bench) -> None:
    body = {"contents": [{"parts": [{"text": "x" * 40}]}]}
    counted = await bench.client.post(f"{BASE}/{JUDGE}:countTokens", headers=HEADERS, json=body)
    assert counted.json() == {"totalTokens": 10}
    assert _error(await bench.client.post(f"{BASE}/{JUDGE}:predict", headers=HEADERS, json=body))[0] == 404
    nowhere = await bench.client.post(f"{BASE.replace('v1beta', 'v9')}/{JUDGE}:generateContent", headers=HEADERS)
    assert (nowhere.status_code, nowhere.headers["content-type"]) == (404, "text/html; charset=UTF-8")


async def test_streams(bench: Bench) -> None:
    body = {"contents": [{"parts": [{"text": "Judge it. Prompt: a fox"}]}]}
    url = f"{BASE}/{JUDGE}:streamGenerateContent"
    events = await bench.client.post(f"{url}?alt=sse", headers=HEADERS, json=body)
    pieces = [json.loads(line.removeprefix("data: ")) for line in events.text.split("\r\n\r\n") if line]
    listed = (await bench.client.post(url, headers=HEADERS, json=body)).json()
    whole = (await _ask(bench)).json()["candidates"][0]["content"]["parts"][0]["text"]
    for stream in (pieces, listed):
        assert "".join(piece["candidates"][0]["content"]["parts"][0]["text"] for piece in stream) == whole
        assert [piece["candidates"][0].get("finishReason") for piece in stream] == [None, "STOP"]
    wrong = await bench.client.post(url, headers={"x-goog-api-key": "wrong"}, json=body)
    assert wrong.json()[0]["error"]["status"] == "INVALID_ARGUMENT"
