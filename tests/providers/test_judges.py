"""Both judges: the same protocol over two wires, strict answers, and every way in which none comes."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from fluxtui.domain.jobs import Bill
from fluxtui.domain.money import Micros
from fluxtui.domain.problems import Acceptance, ProblemKind, ServiceError
from fluxtui.domain.verdict import CRITERIA, Verdict, schema
from fluxtui.providers import gemini, openai_judge, registry
from fluxtui.providers.base import CheckState
from fluxtui.providers.judging import Judge, JudgeEntry

from .wire import Wire, answering

KEY = "canary-judge-0123456789"
PICTURE = b"\xff\xd8\xff\xe0 picture"
GOOD = {
    "overall": 7.5,
    "adherence": 8,
    "criteria": dict.fromkeys(CRITERIA, 7),
    "strengths": ["soft light"],
    "problems": ["five legs"],
    "suggestion": "Name the number of legs.",
}
VERDICT = Verdict.from_json(GOOD)


def of_gemini(model: str | None = None, **more: str) -> Judge:
    return gemini.make_judge(gemini.SETTINGS.model_validate({"GEMINI_API_KEY": KEY, **more}), model)


def of_openai(model: str | None = None, **more: str) -> Judge:
    return openai_judge.make_judge(openai_judge.SETTINGS.model_validate({"OPENAI_API_KEY": KEY, **more}), model)


def by_gemini(text: str | None, reason: str = "STOP", **more: Any) -> dict[str, Any]:
    parts = [
        {"text": "Let me look.", "thought": True},
        *([] if text is None else [{"text": text[:9]}, {"text": text[9:]}]),
    ]
    return {
        "candidates": [{"index": 0, "content": {"role": "model", "parts": parts}, "finishReason": reason, **more}],
        "usageMetadata": {"promptTokenCount": 1000, "candidatesTokenCount": 200, "thoughtsTokenCount": 100},
        "modelVersion": "gemini-3.8-flash",
    }


def by_openai(text: str | None, reason: str = "stop", **more: Any) -> dict[str, Any]:
    return {
        "model": "gpt-5.4-mini-2026-03-17",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text, **more}, "finish_reason": reason}],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 300},
    }


both = pytest.mark.parametrize(
    ("judge", "said"), [(of_gemini, by_gemini), (of_openai, by_openai)], ids=["gemini", "openai"]
)
Make = Callable[..., Judge]
Said = Callable[..., dict[str, Any]]


async def fails(judge: Judge, wire: Wire) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        await judge.evaluate(PICTURE, "image/jpeg", "a fox", wire.http)
    assert KEY not in caught.value.problem.sentence() + str(caught.value.problem.detail)
    return caught.value


# --- what is sent ---


async def test_what_gemini_is_asked() -> None:
    wire = answering(200, by_gemini(json.dumps(GOOD)))
    judgement = await of_gemini().evaluate(PICTURE, "image/jpeg", "a fox", wire.http)
    assert judgement.verdict == VERDICT
    assert judgement.model == "gemini-3.8-flash"
    assert judgement.bill == Bill(Micros(round(1000 * 0.75 + 300 * 3.75)))
    url = "https://generativelanguage.googleapis.com/v1beta/models/gemini-3.8-flash:generateContent"
    assert str(wire.last.url) == url
    assert wire.last.headers["x-goog-api-key"] == KEY
    (content,) = wire.body["contents"]
    assert content["parts"][0]["text"].endswith("Prompt: a fox")
    picture = content["parts"][1]["inlineData"]
    assert (picture["mimeType"], base64.b64decode(picture["data"])) == ("image/jpeg", PICTURE)
    config = wire.body["generationConfig"]
    assert config["responseMimeType"] == "application/json"
    assert config["responseJsonSchema"] == schema()
    assert config["thinkingConfig"] == {"thinkingLevel": "LOW"}
    assert not {"temperature", "topP", "topK"} & config.keys()
    old = answering(200, by_gemini(json.dumps(GOOD)))
    await of_gemini("models/gemini-2.5-flash").evaluate(PICTURE, "image/jpeg", "a fox", old.http)
    assert "thinkingConfig" not in old.body["generationConfig"]
    assert old.last.url.path.endswith("/models/gemini-2.5-flash:generateContent")


async def test_what_openai_is_asked() -> None:
    wire = answering(200, by_openai(json.dumps(GOOD)))
    judgement = await of_openai("my-vision", OPENAI_BASE_URL="http://127.0.0.1:9/v1").evaluate(
        PICTURE, "image/jpeg", "a fox", wire.http
    )
    assert judgement.verdict == VERDICT
    assert (judgement.model, judgement.bill) == ("gpt-5.4-mini-2026-03-17", None)
    assert str(wire.last.url) == "http://127.0.0.1:9/v1/chat/completions"
    assert wire.last.headers["authorization"] == f"Bearer {KEY}"
    assert wire.body["model"] == "my-vision"
    text, picture = wire.body["messages"][1]["content"]
    assert text["text"].endswith("Prompt: a fox")
    assert picture["image_url"]["url"] == f"data:image/jpeg;base64,{base64.b64encode(PICTURE).decode()}"
    form = wire.body["response_format"]
    assert (form["type"], form["json_schema"]["strict"], form["json_schema"]["schema"]) == (
        "json_schema",
        True,
        schema(),
    )


@both
async def test_a_better_prompt(judge: Make, said: Said) -> None:
    wire = answering(200, said(json.dumps({"prompt": " a fox with\x1b[2J four legs "})))
    better = await judge().refine("a fox", VERDICT, wire.http)
    assert better.prompt == "a fox with four legs"
    assert "five legs" in wire.last.content.decode()
    assert better.model


@both
@pytest.mark.parametrize("text", ["{}", '{"prompt": ""}', '{"prompt": 5}', "[]", "", "{"])
async def test_no_better_prompt(judge: Make, said: Said, text: str) -> None:
    with pytest.raises(ServiceError) as caught:
        await judge().refine("a fox", VERDICT, answering(200, said(text)).http)
    assert (caught.value.problem.kind, caught.value.acceptance) == (ProblemKind.BAD_ANSWER, Acceptance.YES)


# --- answers ---


@both
async def test_json_in_a_fence_is_json(judge: Make, said: Said) -> None:
    fenced = f"```json\n{json.dumps(GOOD)}\n```"
    judgement = await judge().evaluate(PICTURE, "image/png", "a fox", answering(200, said(fenced)).http)
    assert judgement.verdict == VERDICT


@both
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("I like it.", "no JSON"),
        ("", "no text at all"),
        (None, "no text at all"),
        (json.dumps({**GOOD, "overall": 75}), "overall is 75"),
        (json.dumps({"overall": 7}), "lacks"),
        ("[" * 100_000, "no JSON"),
    ],
)
async def test_an_answer_that_keeps_to_no_form_was_paid(judge: Make, said: Said, text: str | None, told: str) -> None:
    error = await fails(judge(), answering(200, said(text)))
    assert (error.problem.kind, error.acceptance, error.permanent) == (ProblemKind.BAD_ANSWER, Acceptance.YES, True)
    assert told in error.problem.what


@pytest.mark.parametrize(
    ("judge", "body"),
    [
        (of_gemini, by_gemini(json.dumps(GOOD)[:40], "MAX_TOKENS")),
        (of_gemini, by_gemini(None, "MAX_TOKENS")),
        (of_gemini, {"candidates": [{"content": {"role": "model"}, "finishReason": "MAX_TOKENS"}]}),
        (of_openai, by_openai(json.dumps(GOOD)[:40], "length")),
        (of_openai, by_openai("", "length")),
    ],
)
async def test_an_answer_that_was_cut_off(judge: Make, body: Any) -> None:
    error = await fails(judge(), answering(200, body))
    assert (error.problem.kind, error.acceptance) == (ProblemKind.BAD_ANSWER, Acceptance.YES)
    assert "tokens ran out" in error.problem.what


async def test_an_answer_that_just_fits_is_used() -> None:
    wire = answering(200, by_gemini(json.dumps(GOOD), "MAX_TOKENS"))
    assert (await of_gemini().evaluate(PICTURE, "image/png", "a fox", wire.http)).verdict == VERDICT


@pytest.mark.parametrize(
    ("judge", "status", "body", "told"),
    [
        (of_gemini, 200, {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {}},
         "PROHIBITED_CONTENT"),
        (of_gemini, 200, {"candidates": [], "promptFeedback": {"blockReason": "SAFETY"}}, "SAFETY"),
        (of_gemini, 200, {"candidates": [{"finishReason": "IMAGE_SAFETY", "finishMessage": "No."}]}, "IMAGE_SAFETY"),
        (of_gemini, 200, by_gemini(None, "SOMETHING_NEW"), "SOMETHING_NEW"),
        (of_gemini, 200, by_gemini('{"overall"', "SAFETY"), "SAFETY"),
        (of_openai, 200, by_openai(None, refusal="I can't help with that."), "would not judge"),
        (of_openai, 200, by_openai("", "content_filter"), "content_filter"),
        (of_openai, 400, {"error": {"code": "invalid_prompt", "message": "Flagged.", "type": "invalid_request_error"}},
         "would not judge"),
    ],
)  # fmt: skip
async def test_a_judge_that_declines(judge: Make, status: int, body: Any, told: str) -> None:
    error = await fails(judge(), answering(status, body))
    assert (error.problem.kind, error.permanent) == (ProblemKind.MODERATION, True)
    assert told in error.problem.what
    assert error.acceptance is (Acceptance.YES if status == 200 else Acceptance.NO)


@both
@pytest.mark.parametrize("body", [b"<html>", {}, [], {"candidates": "x", "choices": "x"}])
async def test_a_success_of_somebody_else(judge: Make, said: Said, body: Any) -> None:
    error = await fails(judge(), answering(200, body))
    assert error.problem.kind is ProblemKind.BAD_ANSWER
    assert error.acceptance is (Acceptance.YES if isinstance(body, dict) and body else Acceptance.MAYBE)


def google(status: int, name: str, message: str, *details: dict[str, Any]) -> Any:
    return [{"error": {"code": status, "message": message, "status": name, "details": list(details)}}]


TYPE = "type.googleapis.com/google.rpc."


@pytest.mark.parametrize(
    ("judge", "status", "body", "kind", "acceptance"),
    [
        (of_gemini, 400, google(400, "INVALID_ARGUMENT", f"API key not valid: {KEY}",
                                {"@type": TYPE + "ErrorInfo", "reason": "API_KEY_INVALID"}),
         ProblemKind.AUTHENTICATION, Acceptance.NO),
        (of_gemini, 400, google(400, "INVALID_ARGUMENT", "Unknown name."), ProblemKind.INVALID_REQUEST, Acceptance.NO),
        (of_gemini, 403, google(403, "PERMISSION_DENIED", "Disabled."), ProblemKind.AUTHENTICATION, Acceptance.NO),
        (of_gemini, 404, google(404, "NOT_FOUND", "models/x is not found"), ProblemKind.NOT_FOUND, Acceptance.NO),
        (of_gemini, 429, google(429, "RESOURCE_EXHAUSTED", "Exceeded.",
                                {"@type": TYPE + "RetryInfo", "retryDelay": "31s"}),
         ProblemKind.RATE_LIMITED, Acceptance.NO),
        (of_gemini, 429, google(429, "RESOURCE_EXHAUSTED", "Exceeded, limit: 0"), ProblemKind.QUOTA, Acceptance.NO),
        (of_gemini, 503, google(503, "UNAVAILABLE", "The model is overloaded."),
         ProblemKind.SERVER_ERROR, Acceptance.NO),
        (of_gemini, 500, google(500, "INTERNAL", "Oops."), ProblemKind.SERVER_ERROR, Acceptance.MAYBE),
        (of_gemini, 504, google(504, "DEADLINE_EXCEEDED", "Late."), ProblemKind.TIMEOUT, Acceptance.MAYBE),
        (of_openai, 401, {"error": {"message": KEY, "code": "invalid_api_key"}},
         ProblemKind.AUTHENTICATION, Acceptance.NO),
        (of_openai, 404, {"error": {"message": "The model does not exist", "code": "model_not_found"}},
         ProblemKind.NOT_FOUND, Acceptance.NO),
        (of_openai, 429, {"error": {"message": "Please try again in 31s.", "code": "rate_limit_exceeded"}},
         ProblemKind.RATE_LIMITED, Acceptance.NO),
        (of_openai, 500, {"error": {"message": "Oops", "type": "server_error"}},
         ProblemKind.SERVER_ERROR, Acceptance.MAYBE),
    ],
)  # fmt: skip
async def test_errors(judge: Make, status: int, body: Any, kind: ProblemKind, acceptance: Acceptance) -> None:
    error = await fails(judge(), answering(status, body))
    assert (error.problem.kind, error.acceptance) == (kind, acceptance)
    assert error.retry_after == (31 if kind is ProblemKind.RATE_LIMITED else None)


# --- settings, registry, checking ---


@pytest.mark.parametrize(
    ("given", "base"),
    [
        (None, "https://generativelanguage.googleapis.com/v1beta"),
        ("https://gw.example", "https://gw.example/v1beta"),
        ("https://gw.example/google/v1beta/", "https://gw.example/google/v1beta"),
        ("https://gw.example/v1/models/x:generateContent", "https://gw.example/v1"),
        ("http://127.0.0.1:8080/v1alpha", "http://127.0.0.1:8080/v1alpha"),
    ],
)
def test_addresses(given: str | None, base: str) -> None:
    assert gemini.api_base(given) == base


@both
async def test_checking_and_keys(judge: Make, said: Said) -> None:
    assert (await judge().check(answering(200, {"data": []}).http)).state is CheckState.OK
    assert (await judge().check(answering(401, b"").http)).state is CheckState.PROBLEM
    for entry in registry.judges():
        module = registry.load_judge(entry.id)
        assert module.missing(module.SETTINGS.model_validate({})) == (entry.variables[0],)
        unset, wire = module.make_judge(module.SETTINGS.model_validate({}), None), answering(200, {})
        assert isinstance(unset, Judge)
        assert (await unset.check(wire.http)).state is CheckState.UNCONFIGURED
        with pytest.raises(ServiceError):
            await unset.refine("a fox", VERDICT, wire.http)
        assert not wire.requests


def test_the_registry_knows_the_judges() -> None:
    assert [entry.id for entry in registry.judges()] == ["gemini", "openai"]
    assert all(isinstance(entry, JudgeEntry) for entry in registry.judges())
    google = gemini.SETTINGS.model_validate({"GOOGLE_API_KEY": KEY})
    assert gemini.missing(google) == ()
    with pytest.raises(KeyError):
        registry.load_judge("bfl")
