"""The errors of OpenAI, word for word where they were recorded."""

import math

from fluxtui.domain.values import JsonObject, JsonValue
from fluxtui.sandbox.desk import Limit, Order
from fluxtui.sandbox.messages import SandboxResponse, json_response

USER_ERROR = "image_generation_user_error"
INVALID = "invalid_request_error"
ORGANIZATION = "org-sandbox"
CATEGORIES = ("violence", "sexual", "self-harm", "hate")


def error(
    status: int, kind: str | None, code: str | None, message: str, param: str | None = None, **more: JsonValue
) -> SandboxResponse:
    body: JsonObject = {"message": message, "type": kind, "param": param, "code": code, **more}
    return json_response(status, {"error": body})


def no_key() -> SandboxResponse:
    message = (
        "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth "
        "(i.e. Authorization: Bearer YOUR_KEY)."
    )
    return error(401, INVALID, None, message)


def wrong_key(key: str) -> SandboxResponse:
    shown = f"{key[:3]}{'*' * 8}{key[-4:]}" if len(key) > 12 else "*" * len(key)
    message = (
        f"Incorrect API key provided: {shown}. You can find your API key at "
        "https://platform.openai.com/account/api-keys."
    )
    return error(401, INVALID, "invalid_api_key", message)


def unknown_url(method: str, path: str) -> SandboxResponse:
    return error(404, INVALID, "unknown_url", f"Unknown request URL: {method} {path}. Please check the URL for typos.")


def invalid_json() -> SandboxResponse:
    return error(400, INVALID, None, "We could not parse the JSON body of your request.")


def not_a_form() -> SandboxResponse:
    message = (
        "Unsupported content type: 'application/json'. This API method only accepts 'multipart/form-data' requests."
    )
    return error(400, INVALID, "unsupported_content_type", message)


def missing(param: str) -> SandboxResponse:
    return error(400, INVALID, "missing_required_parameter", f"Missing required parameter: '{param}'.", param)


def unknown_parameter(param: str) -> SandboxResponse:
    return error(400, INVALID, "unknown_parameter", f"Unknown parameter: '{param}'.", param)


def invalid_type(param: str, expected: str, given: JsonValue) -> SandboxResponse:
    names = {bool: "a boolean", int: "an integer", float: "a decimal number", str: "a string", list: "an array"}
    got = "null" if given is None else names.get(type(given), "an object")
    message = f"Invalid type for '{param}': expected {expected}, but got {got} instead."
    return error(400, INVALID, "invalid_type", message, param)


def invalid_choice(param: str, given: str, choices: tuple[str, ...]) -> SandboxResponse:
    *first, last = [f"'{choice}'" for choice in choices]
    listed = f"{', '.join(first)}, and {last}" if first else last
    message = f"Invalid value: '{given}'. Supported values are: {listed}."
    return error(400, INVALID, "invalid_value", message, param)


def out_of_range(param: str, given: int, low: int, high: int) -> SandboxResponse:
    above = given > high
    word, sign, bound = ("above maximum", "<=", high) if above else ("below minimum", ">=", low)
    message = f"Invalid '{param}': integer {word} value. Expected a value {sign} {bound}, but got {given} instead."
    return error(400, INVALID, f"integer_{'above_max' if above else 'below_min'}_value", message, param)


def too_long(param: str, length: int, longest: int) -> SandboxResponse:
    message = (
        f"Invalid '{param}': string too long. Expected a string with maximum length {longest}, but got a string with "
        f"length {length} instead."
    )
    return error(400, INVALID, "string_above_max_length", message, param)


def invalid_value(message: str, param: str | None = None) -> SandboxResponse:
    return error(400, USER_ERROR, "invalid_value", message, param)


def gone(model: str) -> SandboxResponse:
    """Answer for a retired picture model: 400, not 404, as eight independent logs have it."""
    return invalid_value(f"The model '{model}' does not exist.", "model")


def no_model(model: str) -> SandboxResponse:
    message = f"The model `{model}` does not exist or you do not have access to it."
    return error(404, INVALID, "model_not_found", message)


def unverified(model: str) -> SandboxResponse:
    message = (
        f"Your organization must be verified to use the model `{model}`. Please go to: "
        "https://platform.openai.com/settings/organization/general and click on Verify Organization. If you just "
        "verified, it can take up to 15 minutes for access to propagate."
    )
    return error(403, INVALID, None, message)


def bad_picture(number: int) -> SandboxResponse:
    message = f"Invalid image file or mode for image {number}, please check your image file."
    return error(400, USER_ERROR, "invalid_image_file", message)


def unsupported_picture() -> SandboxResponse:
    message = (
        "You uploaded an unsupported image. Please make sure your image has of one the following formats: "
        "['png', 'jpeg', 'gif', 'webp']."
    )
    return error(400, INVALID, "invalid_image_format", message)


def moderated(request_id: str, stage: str, category: str, spelling: str = "") -> SandboxResponse:
    """Answer for a refused prompt or picture, in the newer spelling or in that of DALL-E, which is still seen."""
    if spelling == "content_policy_violation":
        message = "Your request was rejected as a result of our safety system."
        return error(400, USER_ERROR, "content_policy_violation", message)
    message = (
        "Your request was rejected by the safety system. If you believe this is an error, contact us at "
        f"help.openai.com and include the request ID {request_id}. safety_violations=[{category}]."
    )
    details: JsonObject = {"moderation_stage": stage, "categories": [category]}
    answer = error(400, USER_ERROR, "moderation_blocked", message, moderation_details=details)
    answer.headers["x-request-id"] = request_id
    return answer


def billing_limit() -> SandboxResponse:
    """Answer when the money is spent at the picture API: a 400."""
    return error(400, "billing_limit_user_error", "billing_hard_limit_reached", "Billing hard limit has been reached.")


def insufficient_quota() -> SandboxResponse:
    message = (
        "You exceeded your current quota, please check your plan and billing details. For more information on this "
        "error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors."
    )
    return error(429, "insufficient_quota", "insufficient_quota", message)


def too_many(order: Order, limit: Limit) -> SandboxResponse:
    model, metric = order.identity.model, limit.metric
    group = " (for limit gpt-image)" if order.pictures else ""
    advice = "" if limit.seconds is None else f" Please try again in {span(limit.seconds)}."
    message = (
        f"Rate limit reached for {model}{group} in organization {ORGANIZATION} on {metric} per min: Limit "
        f"{limit.limit}, Used {limit.used}, Requested {limit.requested}.{advice} Visit "
        "https://platform.openai.com/account/rate-limits to learn more."
    )
    answer = error(429, metric, "rate_limit_exceeded", message)
    if limit.seconds is not None:
        answer.headers["retry-after"] = str(math.ceil(limit.seconds))
        answer.headers["retry-after-ms"] = str(round(limit.seconds * 1000))
    return answer


def server_error() -> SandboxResponse:
    message = "The server had an error while processing your request. Sorry about that!"
    return error(500, "server_error", None, message)


def overloaded() -> SandboxResponse:
    message = "The engine is currently overloaded, please try again later."
    return error(503, "server_error", None, message)


def span(seconds: float) -> str:
    """Return a duration as the rate-limit headers spell it: `120ms`, `1s`, `6m0s`."""
    if 0 < seconds < 1:
        return f"{round(seconds * 1000)}ms"
    whole = math.ceil(seconds)
    return f"{whole // 60}m{whole % 60}s" if whole >= 60 else f"{whole}s"
