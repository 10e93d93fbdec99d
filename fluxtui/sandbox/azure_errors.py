"""The errors of Azure, word for word where they were recorded."""

import math

from fluxtui.domain.values import JsonObject
from fluxtui.sandbox.markers import without_markers
from fluxtui.sandbox.messages import SandboxResponse, json_response


def _error(status: int, code: str, message: str, **more: object) -> SandboxResponse:
    return json_response(status, {"error": {"code": code, "message": message, **more}})  # type: ignore[dict-item]


def no_resource() -> SandboxResponse:
    """Answer a wrong path or a missing api-version."""
    return _error(404, "404", "Resource not found")


def no_deployment() -> SandboxResponse:
    message = (
        "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, "
        "please wait a moment and try again."
    )
    return _error(404, "DeploymentNotFound", message)


def wrong_key() -> SandboxResponse:
    message = (
        "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an "
        "active subscription and use a correct regional API endpoint for your resource."
    )
    return _error(401, "401", message)


def no_content_length() -> SandboxResponse:
    answer = _error(400, "no_content_length_header", "The request must carry a Content-Length header.")
    answer.headers["x-ms-error-code"] = "no_content_length_header"
    return answer


def no_model_name() -> SandboxResponse:
    message = (
        "Could not find a reference to a model in the request. Please provide a model name as a string under the "
        "'model' parameter in the request body."
    )
    return _error(400, "no_model_name", message)


def wrong_api() -> SandboxResponse:
    return _error(400, "invalid_request_error", "Model not supported with Responses API")


def unsupported_operation(action: str, name: str) -> SandboxResponse:
    message = (
        f"The images_{action} operation does not work with the specified model, {name}. Please choose different "
        "model and try again."
    )
    return _error(400, "OperationNotSupported", message)


def invalid_json() -> SandboxResponse:
    return _error(400, "BadRequest", "The request body is not a valid JSON object.")


def invalid_value(parameter: str | None, message: str) -> SandboxResponse:
    return _error(400, "invalid_value", message, param=parameter, type="invalid_request_error")


def validation(details: list[JsonObject]) -> SandboxResponse:
    return _error(422, "Invalid input", "invalid input error", details=list(details))


def server_error() -> SandboxResponse:
    message = "The server had an error processing your request. Sorry about that! You can retry your request."
    return _error(500, "InternalServerError", message)


def unavailable() -> SandboxResponse:
    return _error(
        503, "ServiceUnavailable", "The service is temporarily unable to process your request. Please try again later."
    )


def too_many(deployment: str, api_version: str, seconds: float) -> SandboxResponse:
    """Answer a spent call rate; whole seconds, rounded up, as the service counts them."""
    whole = max(0, math.ceil(seconds))
    message = (
        f"Your requests to {deployment} for {deployment} in East US 2 have exceeded the call rate limit for your "
        f"current AIServices S0 pricing tier. This request was for ImageGenerations_Create under Azure OpenAI API "
        f"version {api_version}. Please retry after {whole} second{'s' * (whole != 1)}. To increase your default "
        "rate limit, visit https://aka.ms/oai/quotaincrease."
    )
    answer = _error(429, "RateLimitReached", message)
    answer.headers["retry-after"] = str(whole)
    return answer


def filtered_prompt(prompt: str) -> SandboxResponse:
    message = (
        "Your request was rejected as a result of our safety system. Your prompt may contain text that is not allowed "
        "by our safety system."
    )
    results: JsonObject = {
        "jailbreak": {"detected": False, "filtered": False},
        "violence": {"filtered": True, "severity": "medium"},
    }
    inner: JsonObject = {
        "code": "ResponsibleAIPolicyViolation",
        "content_filter_results": results,
        "revised_prompt": without_markers(prompt),
    }
    kind = "invalid_request_error"
    return _error(400, "content_policy_violation", message, type=kind, param=None, inner_error=inner)


def filtered_picture(created: int) -> SandboxResponse:
    message = "Generated image was filtered as a result of our safety system."
    return json_response(400, {"created": created, "error": {"code": "contentFilter", "message": message}})
