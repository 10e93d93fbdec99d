"""The errors of the Gemini API, in Google's envelope."""

from fluxtui.domain.values import JsonObject, JsonValue
from fluxtui.sandbox.desk import Limit
from fluxtui.sandbox.messages import SandboxResponse, json_response

_DOMAIN = "googleapis.com"


def error(status: int, name: str, message: str, details: list[JsonValue] | None = None) -> SandboxResponse:
    body: JsonObject = {"code": status, "message": message, "status": name}
    if details:
        body["details"] = details
    return json_response(status, {"error": body}, {"content-type": "application/json; charset=UTF-8"})


def invalid(message: str, field: str = "") -> SandboxResponse:
    """Answer for a request that cannot be read; `field` is its place."""
    if not field:
        return error(400, "INVALID_ARGUMENT", message)
    violations: list[JsonValue] = [{"field": field, "description": message}]
    kind = "type.googleapis.com/google.rpc.BadRequest"
    return error(400, "INVALID_ARGUMENT", message, [{"@type": kind, "fieldViolations": violations}])


def unknown_name(name: str, place: str) -> SandboxResponse:
    where = f" at '{place}'" if place else ""
    return invalid(f'Invalid JSON payload received. Unknown name "{name}"{where}: Cannot find field.', place or name)


def wrong_key() -> SandboxResponse:
    """Answer for a bad key: 400, not 401."""
    details: list[JsonValue] = [
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "API_KEY_INVALID",
            "domain": _DOMAIN,
            "metadata": {"service": "generativelanguage.googleapis.com"},
        },
        {
            "@type": "type.googleapis.com/google.rpc.LocalizedMessage",
            "locale": "en-US",
            "message": "API key not valid. Please pass a valid API key.",
        },
    ]
    return error(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", details)


def no_key() -> SandboxResponse:
    message = (
        "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other "
        "form of API consumer identity to call this API."
    )
    return error(403, "PERMISSION_DENIED", message)


def no_model(name: str, method: str = "generateContent") -> SandboxResponse:
    message = (
        f"models/{name} is not found for API version v1beta, or is not supported for {method}. Call ModelService."
        "ListModels to see the list of available models and their supported methods."
    )
    return error(404, "NOT_FOUND", message)


def withdrawn(name: str) -> SandboxResponse:
    message = (
        f"This model models/{name} is no longer available. Please update your code to use a newer model for the latest "
        "features and improvements."
    )
    return error(404, "NOT_FOUND", message)


def no_page() -> SandboxResponse:
    """Answer a path that nobody serves: a page, not JSON."""
    page = b"<!DOCTYPE html><html lang=en><title>Error 404 (Not Found)!!1</title><p><b>404.</b> That's an error.</html>"
    return SandboxResponse(404, {"content-type": "text/html; charset=UTF-8"}, page)


def too_many(model: str, limit: Limit) -> SandboxResponse:
    """Answer a spent minute; the wait stands in RetryInfo alone, and not always there."""
    advice, retry = "", None
    if limit.seconds is not None:
        advice = f"\nPlease retry in {limit.seconds:g}s."
        retry = _retry_info(limit.seconds)
    return _exhausted(model, "GenerateRequestsPerMinutePerProjectPerModel", str(limit.limit), advice, retry)


def _retry_info(seconds: float) -> JsonObject:
    return {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{round(seconds, 3):g}s"}


def spent_for_today(model: str) -> SandboxResponse:
    """Answer when there is no quota at all: nothing will change before tomorrow."""
    metric = "generativelanguage.googleapis.com/generate_content_free_tier_requests"
    advice = f"\n* Quota exceeded for metric: {metric}, limit: 0, model: {model}"
    return _exhausted(model, "GenerateRequestsPerDayPerProjectPerModel-FreeTier", "0", advice)


def _exhausted(model: str, quota: str, value: str, advice: str, retry: JsonObject | None = None) -> SandboxResponse:
    message = (
        "You exceeded your current quota, please check your plan and billing details. For more information on this "
        f"error, head to: https://ai.google.dev/gemini-api/docs/rate-limits. {advice}"
    )
    violation: JsonObject = {
        "quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_requests",
        "quotaId": quota,
        "quotaDimensions": {"location": "global", "model": model},
        "quotaValue": value,
    }
    link: JsonObject = {
        "description": "Learn more about Gemini API quotas",
        "url": "https://ai.google.dev/gemini-api/docs/rate-limits",
    }
    details: list[JsonValue] = [
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]},
        {"@type": "type.googleapis.com/google.rpc.Help", "links": [link]},
    ]
    if retry is not None:
        details.append(retry)
    return error(429, "RESOURCE_EXHAUSTED", message, details)


def internal() -> SandboxResponse:
    message = (
        "An internal error has occurred. Please retry or report in "
        "https://developers.generativeai.google/guide/troubleshooting"
    )
    return error(500, "INTERNAL", message)


def overloaded() -> SandboxResponse:
    return error(503, "UNAVAILABLE", "The model is overloaded. Please try again later.")
