"""One reading of errors: bodies of every shape, waiting times, and what proves that nothing was accepted."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fluxtui.domain.jobs import Refusal
from fluxtui.domain.problems import Acceptance, ProblemKind, ServiceError
from fluxtui.providers.failures import Service, explain, failure, rejected
from fluxtui.providers.http import Reply
from fluxtui.providers.waiting import retry_after

SERVICE = Service("Test Service", "TEST_KEY", "TEST_URL", unbilled=frozenset({(503, "serviceunavailable")}))


def reply(status: int, body: Any = b"", **headers: str) -> Reply:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw)


def envelope(code: str, message: str = "Something.", **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, **more}}


@pytest.mark.parametrize(
    ("status", "kind", "acceptance", "permanent"),
    [
        (302, ProblemKind.CONFIGURATION, Acceptance.NO, True),
        (400, ProblemKind.INVALID_REQUEST, Acceptance.NO, True),
        (401, ProblemKind.AUTHENTICATION, Acceptance.NO, False),
        (402, ProblemKind.CREDITS, Acceptance.NO, False),
        (403, ProblemKind.AUTHENTICATION, Acceptance.NO, False),
        (404, ProblemKind.NOT_FOUND, Acceptance.NO, True),
        (408, ProblemKind.TIMEOUT, Acceptance.MAYBE, False),
        (422, ProblemKind.INVALID_REQUEST, Acceptance.NO, True),
        (429, ProblemKind.RATE_LIMITED, Acceptance.NO, False),
        (500, ProblemKind.SERVER_ERROR, Acceptance.MAYBE, False),
        (502, ProblemKind.SERVER_ERROR, Acceptance.MAYBE, False),
        (503, ProblemKind.SERVER_ERROR, Acceptance.MAYBE, False),
        (504, ProblemKind.TIMEOUT, Acceptance.MAYBE, False),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<html><title>Oops</title></html>", {"detail": "Something."}, b"\xff\x00"])
def test_statuses(status: int, kind: ProblemKind, acceptance: Acceptance, permanent: bool, body: Any) -> None:
    error = failure(reply(status, body), SERVICE, submitting=True)
    assert (error.problem.kind, error.acceptance, error.permanent) == (kind, acceptance, permanent)
    assert error.problem.http_status == status
    collecting = failure(reply(status, body), SERVICE, submitting=False)
    assert collecting.acceptance is Acceptance.YES
    assert collecting.permanent == (status == 404)
    assert (collecting.problem.kind is ProblemKind.EXPIRED) == (status == 404)


def test_only_a_documented_envelope_proves_that_a_server_error_is_unbilled() -> None:
    documented = failure(reply(503, envelope("ServiceUnavailable")), SERVICE, submitting=True)
    assert documented.acceptance is Acceptance.NO
    for body in (envelope("InternalServerError"), {"detail": "ServiceUnavailable"}, b"ServiceUnavailable"):
        assert failure(reply(503, body), SERVICE, submitting=True).acceptance is Acceptance.MAYBE
    assert failure(reply(500, envelope("ServiceUnavailable")), SERVICE, submitting=True).acceptance is Acceptance.MAYBE


def test_validation_names_the_field() -> None:
    detail = [{"type": "less_than_equal", "loc": ["body", "width"], "msg": "Too large, at most 1440", "input": 2}]
    problem = failure(reply(422, {"detail": detail}), SERVICE, submitting=True).problem
    assert "width" in problem.what
    assert problem.detail == "width: Too large, at most 1440"
    azure = {"error": {"code": "invalid", "message": "Bad.", "details": [{"loc": ["body", "height"], "msg": "No."}]}}
    assert explain(reply(422, azure)).fields == ("height",)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"detail": "Insufficient credits"}, "Insufficient credits"),
        ({"title": "Quota", "detail": "Free limit reached", "status": 402}, "Quota; Free limit reached"),
        ({"error": "Nope"}, "Nope"),
        ({"message": "Hello"}, "Hello"),
        ([{"error": {"code": 400, "message": "Bad key", "status": "INVALID"}}], "Bad key"),
        (b"<!DOCTYPE html><html><head><title>502 Bad\n Gateway</title>", "a web page: 502 Bad Gateway"),
        (b"<html>", "a web page"),
        (b"upstream connect error\n", "upstream connect error"),
        (b"", ""),
        ({"detail": [[[[[[[[["deep"]]]]]]]]]}, ""),
        (b"[" * 5000, "[" * 300),
    ],
)
def test_bodies_of_every_shape(body: Any, message: str) -> None:
    assert explain(reply(400, body)).message == message


FILTERED = {"jailbreak": {"detected": False, "filtered": False}, "violence": {"filtered": True, "severity": "medium"}}


@pytest.mark.parametrize(
    "body",
    [
        envelope("content_policy_violation", inner_error={"code": "ResponsibleAIPolicyViolation"}),
        envelope("contentFilter"),
        envelope("content_filter"),
        envelope("moderation_blocked"),
        envelope("400", innererror={"code": "ResponsibleAIPolicyViolation", "content_filter_result": FILTERED}),
        envelope("400", inner_error={"content_filter_results": FILTERED}),
        {
            "created": 1,
            "error": {"code": "contentFilter", "message": "Your task failed as a result of our safety system."},
        },
        {"detail": [{"loc": ["body", "prompt"], "msg": "Flagged.", "type": "content_policy_violation"}]},
    ],
)
def test_every_spelling_of_a_content_filter_is_a_refusal(body: Any) -> None:
    answer = rejected(reply(400, body, apim_request_id="r-1"), SERVICE, submitting=True)
    assert isinstance(answer, Refusal)
    assert answer.problem.kind is ProblemKind.MODERATION
    assert answer.problem.request_id == "r-1"
    if "filtered" in json.dumps(body):
        assert "violence (medium)" in answer.problem.what
        assert "jailbreak" not in answer.problem.what


def test_quota_is_not_haste() -> None:
    message = "Requests have exceeded the limit. Please retry after 86400 seconds."
    exhausted = failure(reply(429, envelope("RateLimitReached", message)), SERVICE, submitting=True)
    assert (exhausted.problem.kind, exhausted.retry_after) == (ProblemKind.QUOTA, 86400)
    by_header = failure(reply(429, b"", retry_after="86400"), SERVICE, submitting=True)
    assert by_header.problem.kind is ProblemKind.QUOTA
    by_code = failure(reply(429, envelope("insufficient_quota")), SERVICE, submitting=True)
    assert by_code.problem.kind is ProblemKind.QUOTA
    hurried = failure(reply(429, envelope("RateLimitReached"), retry_after="16"), SERVICE, submitting=True)
    assert (hurried.problem.kind, hurried.retry_after) == (ProblemKind.RATE_LIMITED, 16)


@pytest.mark.parametrize(
    ("headers", "message", "seconds"),
    [
        ({"retry-after": "16"}, "", 16),
        ({"retry-after": "1.5"}, "", 1.5),
        ({"retry-after": "-3"}, "", 0),
        ({"retry-after": "nan"}, "", None),
        ({"retry-after-ms": "250", "retry-after": "9"}, "", 0.25),
        ({"retry-after": "Sat, 21 Nov 2026 02:00:30 GMT", "date": "Sat, 21 Nov 2026 02:00:00 GMT"}, "", 30),
        ({"retry-after": "Sat, 21 Nov 2020 02:00:30 GMT"}, "", 0),
        ({"retry-after": "soon"}, "Please retry after 7 seconds.", 7),
        ({}, "Please retry after 1 second.", 1),
        ({}, "Please try again in 12s.", 12),
        ({}, "Please try again in 6m0s.", 360),
        ({}, "try again in 500ms", 0.5),
        ({}, "Retry after 2 hours", 7200),
        ({}, "Please retry after lunch.", None),
        ({}, "", None),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], message: str, seconds: float | None) -> None:
    assert retry_after(headers, message) == seconds


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=30)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["error", "detail", "code", "message", "loc", "msg", "inner_error", "param", "details"]),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=10,
)


@settings(deadline=None)
@given(st.integers(300, 599), st.one_of(JSON.map(lambda value: json.dumps(value).encode()), st.binary(max_size=80)))
def test_no_answer_breaks_the_reading(status: int, body: bytes) -> None:
    sentence = ""
    try:
        sentence = rejected(reply(status, body), SERVICE, submitting=True).problem.sentence()
    except ServiceError as error:
        sentence = error.problem.sentence()
    assert sentence
    assert "\x1b" not in sentence


def google(status: int, name: str, message: str, *details: dict[str, Any]) -> Reply:
    typed = [{**detail, "@type": f"type.googleapis.com/google.rpc.{detail['@type']}"} for detail in details]
    return reply(status, {"error": {"code": status, "message": message, "status": name, "details": typed}})


@pytest.mark.parametrize(("delay", "seconds"), [("31s", 31), ("0.1s", 0.1), ("31.288364752s", 31.288364752)])
def test_google_asks_to_wait_in_the_body_only(delay: str, seconds: float) -> None:
    answer = google(429, "RESOURCE_EXHAUSTED", "Too many.", {"@type": "RetryInfo", "retryDelay": delay})
    error = failure(answer, SERVICE, submitting=True)
    assert (error.problem.kind, error.retry_after) == (ProblemKind.RATE_LIMITED, seconds)


def test_google_says_400_of_a_bad_key_and_429_of_a_spent_day() -> None:
    bad_key = google(400, "INVALID_ARGUMENT", "API key not valid.", {"@type": "ErrorInfo", "reason": "API_KEY_INVALID"})
    error = failure(bad_key, SERVICE, submitting=True)
    assert (error.problem.kind, error.acceptance) == (ProblemKind.AUTHENTICATION, Acceptance.NO)
    for details, message in (
        ({"@type": "QuotaFailure", "violations": [{"quotaId": "GenerateRequestsPerDayPerProject"}]}, "Spent."),
        ({"@type": "QuotaFailure", "violations": [None, {"quotaId": None}]}, "Quota exceeded, limit: 0, model: x"),
    ):
        spent = failure(google(429, "RESOURCE_EXHAUSTED", message, details), SERVICE, submitting=True)
        assert spent.problem.kind is ProblemKind.QUOTA
    minute = google(429, "RESOURCE_EXHAUSTED", "limit: 10", {"@type": "QuotaFailure", "violations": [{"quotaId": "M"}]})
    assert failure(minute, SERVICE, submitting=True).problem.kind is ProblemKind.RATE_LIMITED


@pytest.mark.parametrize(
    ("more", "message", "what"),
    [
        (
            {"moderation_details": {"moderation_stage": "output", "categories": ["violence", "sexual"]}},
            "No. safety_violations=[violence].",
            "withholds the picture it drew (violence, sexual)",
        ),
        ({}, "Rejected by the safety system. safety_violations=[sexual].", "refused to draw this (sexual)"),
        ({"moderation_details": {"moderation_stage": "input", "categories": None}}, "No.", "refused to draw this."),
    ],
)
def test_a_refusal_names_its_categories_and_its_stage(more: dict[str, Any], message: str, what: str) -> None:
    answer = rejected(reply(400, envelope("moderation_blocked", message, **more)), SERVICE, submitting=True)
    assert isinstance(answer, Refusal)
    assert what in answer.problem.what


def test_a_retired_model_is_an_unknown_one_even_when_the_service_says_400() -> None:
    gone = failure(
        reply(400, envelope("invalid_value", "The model 'dall-e-3' does not exist.")), SERVICE, submitting=True
    )
    assert (gone.problem.kind, gone.permanent, gone.acceptance) == (ProblemKind.NOT_FOUND, True, Acceptance.NO)


def test_a_forbidden_account_hears_why() -> None:
    message = "Your organization must be verified to use the model."
    problem = failure(reply(403, envelope("Forbidden", message)), SERVICE, submitting=True).problem
    assert (problem.kind, problem.cause) == (ProblemKind.AUTHENTICATION, message)
    assert "denies access" in problem.what
