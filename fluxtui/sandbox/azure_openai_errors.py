"""The errors of Azure OpenAI: OpenAI's own where the models answer, Azure's where its gateway or its filters do.

Refusals come in every spelling that was recorded; a client has to know them all.
"""

import math

from fluxtui.domain.values import JsonObject, JsonValue
from fluxtui.sandbox.desk import Limit, Order
from fluxtui.sandbox.markers import without_markers
from fluxtui.sandbox.messages import SandboxResponse, json_response
from fluxtui.sandbox.openai_errors import USER_ERROR

SPELLINGS = ("content_policy_violation", "contentfilter", "content_filter", "moderation_blocked")
"""How a refusal may be spelled, in lower case as markers have it; `forbidden` is a resource that was blocked."""

_SEVERITY = ("sexual", "violence", "hate", "self_harm")


def error(status: int, code: str, message: str, **more: JsonValue) -> SandboxResponse:
    return json_response(status, {"error": {"code": code, "message": message, **more}})


def no_resource() -> SandboxResponse:
    return error(404, "404", "Resource not found")


def no_deployment() -> SandboxResponse:
    message = (
        "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, "
        "please wait a moment and try again."
    )
    return error(404, "DeploymentNotFound", message)


def wrong_key() -> SandboxResponse:
    message = (
        "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an "
        "active subscription and use a correct regional API endpoint for your resource."
    )
    return error(401, "401", message)


def unsupported_operation(operation: str, model: str) -> SandboxResponse:
    message = (
        f"The {operation} operation does not work with the specified model, {model}. Please choose different model and "
        "try again. You can learn more about which models can be used with each operation here: "
        "https://go.microsoft.com/fwlink/?linkid=2197993."
    )
    return error(400, "OperationNotSupported", message)


def too_many(order: Order, limit: Limit) -> SandboxResponse:
    operation = "ImageGenerations_Create" if order.pictures else "ChatCompletions_Create"
    wait = None if limit.seconds is None else max(0, math.ceil(limit.seconds))
    advice = "" if wait is None else f" Please retry after {wait} second{'s' * (wait != 1)}."
    message = (
        f"Requests to the {operation} Operation under Azure OpenAI API version {order.version} have exceeded call rate "
        f"limit of your current OpenAI S0 pricing tier.{advice} Please go here: https://aka.ms/oai/quotaincrease if "
        "you would like to further increase the default rate limit."
    )
    answer = error(429, "429", message)
    if wait is not None:
        answer.headers["retry-after"] = str(wait)
    return answer


def out_of_quota() -> SandboxResponse:
    message = (
        "You exceeded your current quota for this deployment, please check your plan and billing details. Visit "
        "https://aka.ms/oai/quotaincrease."
    )
    return error(429, "insufficient_quota", message, type="insufficient_quota", param=None)


def server_error() -> SandboxResponse:
    message = "The server had an error processing your request. Sorry about that! You can retry your request."
    return error(500, "InternalServerError", message)


def unavailable() -> SandboxResponse:
    message = "The service is temporarily unable to process your request. Please try again later."
    return error(503, "ServiceUnavailable", message)


# -- filters ------------------------------------------------------------------------------------


def picture_findings() -> JsonObject:
    """Return what the filters say of a picture that passed, and of its prompt."""
    prompt = {**_findings(), "profanity": _unseen()}
    return {"prompt_filter_results": prompt, "content_filter_results": _findings()}


def _unseen() -> JsonObject:
    return {"detected": False, "filtered": False}


def _findings(filtered: str = "") -> JsonObject:
    return {
        name: {"severity": "medium" if name == filtered else "safe", "filtered": name == filtered} for name in _SEVERITY
    }


def text_findings(filtered: str = "") -> JsonObject:
    """Return what the filters say of an answer in words."""
    return {**_findings(filtered), "protected_material_text": _unseen(), "protected_material_code": _unseen()}


def prompt_findings() -> list[JsonValue]:
    return [{"prompt_index": 0, "content_filter_results": {**_findings(), "jailbreak": _unseen()}}]


def refused(order: Order, stage: str, category: str, spelling: str, created: int, request_id: str) -> SandboxResponse:
    """Answer for a refused prompt (`stage` input) or picture (output), in one of `SPELLINGS` or `forbidden`."""
    match spelling:
        case "contentfilter":
            return _old_filter(stage, created)
        case "content_filter":
            return _chat_filter(category)
        case "moderation_blocked":
            return _blocked(stage, category, request_id)
        case "forbidden":
            message = (
                "Your resource has been temporarily blocked because we detected behavior that may violate our content "
                "policy. Please contact support."
            )
            return error(403, "Forbidden", message)
        case _:
            return _policy_violation(order, stage, category)


def _policy_violation(order: Order, stage: str, category: str) -> SandboxResponse:
    thing = "This request has been blocked by our content filters."
    if stage == "output":
        thing = "Generated image was filtered as a result of our safety system."
    inner: JsonObject = {
        "code": "ResponsibleAIPolicyViolation",
        "revised_prompt": without_markers(order.identity.prompt),
        "content_filter_results": {**_findings(category), "jailbreak": _unseen()},
    }
    return error(400, "content_policy_violation", thing, param=None, type=None, inner_error=inner)


def _old_filter(stage: str, created: int) -> SandboxResponse:
    message = "Your task failed as a result of our safety system."
    if stage == "output":
        message = "Generated image was filtered as a result of our safety system."
    return json_response(400, {"created": created, "error": {"code": "contentFilter", "message": message}})


def _chat_filter(category: str) -> SandboxResponse:
    message = (
        "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please "
        "modify your prompt and retry. To learn more about our content filtering policies please read our "
        "documentation: https://go.microsoft.com/fwlink/?linkid=2198766"
    )
    inner: JsonObject = {
        "code": "ResponsibleAIPolicyViolation",
        "content_filter_result": {**_findings(category), "jailbreak": _unseen()},
    }
    body: JsonObject = {"message": message, "type": None, "param": "prompt", "code": "content_filter"}
    return json_response(400, {"error": {**body, "status": 400, "innererror": inner}})


def _blocked(stage: str, category: str, request_id: str) -> SandboxResponse:
    message = (
        "Your request was rejected by the safety system. If you believe this is an error, please file an Azure support "
        f"ticket and include the request ID {request_id}. safety_violations=[{category}]."
    )
    details: JsonObject = {"moderation_stage": stage, "categories": [category]}
    return error(400, "moderation_blocked", message, type=USER_ERROR, param=None, moderation_details=details)
