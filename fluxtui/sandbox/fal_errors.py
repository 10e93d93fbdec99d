"""The errors of fal.ai: model errors are lists, request errors are sentences.

Sources: fal.ai/docs/model-apis/errors and /request-errors; answers in public issues (fal-ai/fal 1068, fal-ai/fal-swift
8) for the account's errors; where neither says anything the wording is ours and the place says so.
"""

from typing import Any

from fluxtui.domain.values import JsonObject, JsonValue
from fluxtui.sandbox.messages import SandboxResponse, json_response

_DOCS = "https://docs.fal.ai/errors#"
_OWN_NAMES = {"enum": "one_of", "string_too_short": "sequence_too_short", "string_too_long": "sequence_too_long"}


def entry(kind: str, place: list[JsonValue], message: str, given: Any = None, **context: Any) -> JsonObject:
    """Return one item of a model error."""
    item: JsonObject = {"loc": place, "msg": message, "type": kind, "url": f"{_DOCS}{kind}", "input": given}
    if context:
        item["ctx"] = context
    return item


def translated(fault: JsonObject) -> JsonObject:
    """Return a fault of `validation` under fal's own name for it. Pydantic's other types go out as they are."""
    kind = _OWN_NAMES.get(str(fault["type"]), str(fault["type"]))
    place = fault["loc"]
    assert isinstance(place, list)
    context = fault.get("ctx")
    return entry(
        kind, list(place), str(fault["msg"]), fault.get("input"), **(context if isinstance(context, dict) else {})
    )


def content_policy(arguments: JsonObject) -> JsonObject:
    message = "The content could not be processed because it contained material flagged by a content checker."
    return entry("content_policy_violation", ["body", "prompt"], message, arguments)


def no_media() -> JsonObject:
    return entry("no_media_generated", ["body"], "No media was generated.")


def internal() -> JsonObject:
    return entry("internal_server_error", ["body"], "Internal server error")


def model_error(status: int, items: list[JsonObject], *, retryable: bool = False) -> SandboxResponse:
    """Return what a model itself answered."""
    first = str(items[0]["type"]) if items else ""
    headers = {"x-fal-error-type": first, "x-fal-retryable": str(retryable).lower()}
    return json_response(status, {"detail": list(items)}, headers)


def request_error(status: int, kind: str, message: str, *, retryable: bool) -> SandboxResponse:
    """Return what the queue or the gateway answered in the model's place."""
    headers = {"x-fal-error-type": kind, "x-fal-retryable": str(retryable).lower()}
    return json_response(status, {"detail": message, "error_type": kind}, headers)


def not_authenticated() -> SandboxResponse:
    # The wording for a missing header is ours.
    return json_response(401, {"detail": "Authentication is required to access this application."})


def wrong_format() -> SandboxResponse:
    message = "Invalid Key Authorization header format. Expected '<key_id>:<key_secret>'."
    return json_response(401, {"detail": message})


def wrong_key() -> SandboxResponse:
    return json_response(401, {"detail": "No user found for Key ID and Secret"})


def locked() -> SandboxResponse:
    message = "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing."
    return json_response(403, {"detail": message})


def unknown_application(name: str) -> SandboxResponse:
    return json_response(404, {"detail": f"Application '{name}' not found"})


def unknown_request() -> SandboxResponse:
    # The wording is ours.
    return json_response(404, {"detail": "Request not found"})


def too_many(retry_after: float | None) -> SandboxResponse:
    # The queue takes everything; the synchronous host does not. The wording is ours.
    headers = {} if retry_after is None else {"retry-after": f"{retry_after:g}"}
    return json_response(429, {"detail": "Too many requests. Please try again later."}, headers)


def unavailable() -> SandboxResponse:
    return json_response(503, {"detail": "Service Unavailable"})


def server_error() -> SandboxResponse:
    return request_error(500, "internal_error", "Internal Server Error", retryable=False)
