"""The errors of A1111 v1.10.1 and of Forge: one API, two dialects.

A1111's middleware wraps every exception and drops its headers; Forge has only a handler for unhandled ones.
"""

from typing import Any

from fluxtui.domain.values import JsonObject, JsonValue
from fluxtui.sandbox.messages import SandboxResponse, json_response


class CrashError(Exception):
    """An exception inside the server: `kind` is its class, the message its text."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class HttpError(Exception):
    """An answer that the server means: `detail` says what is wrong."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


def crashed(error: CrashError, *, forge: bool) -> SandboxResponse:
    said = "message" if forge else "errors"
    body: JsonObject = {"error": error.kind, "detail": "", "body": "", said: str(error)}
    return json_response(500, body)


def meant(error: HttpError, *, forge: bool) -> SandboxResponse:
    detail = str(error)
    if forge:
        headers = {"www-authenticate": "Basic"} if error.status == 401 else {}
        return json_response(error.status, {"detail": detail}, headers)
    return json_response(error.status, {"error": "HTTPException", "detail": detail, "body": "", "errors": ""})


def not_found() -> SandboxResponse:
    return json_response(404, {"detail": "Not Found"})


def wrong_method() -> SandboxResponse:
    return json_response(405, {"detail": "Method Not Allowed"})


def invalid(faults: list[JsonObject]) -> SandboxResponse:
    details: list[JsonValue] = list(faults)
    return json_response(422, {"detail": details})


_OLD = {
    "int": ("value is not a valid integer", "type_error.integer"),
    "float": ("value is not a valid float", "type_error.float"),
    "bool": ("value could not be parsed to a boolean", "type_error.bool"),
    "str": ("str type expected", "type_error.str"),
    "list": ("value is not a valid list", "type_error.list"),
    "dict": ("value is not a valid dict", "type_error.dict"),
}
_NEW = {
    "int": ("Input should be a valid integer", "int"),
    "float": ("Input should be a valid number", "float"),
    "bool": ("Input should be a valid boolean", "bool"),
    "str": ("Input should be a valid string", "string"),
    "list": ("Input should be a valid list", "list"),
    "dict": ("Input should be a valid dictionary", "dict"),
}
_UNREADABLE = {
    "int": ", unable to parse string as an integer",
    "float": ", unable to parse string as a number",
    "bool": ", unable to interpret input",
}


def fault(name: str, kind: str, given: Any, *, forge: bool) -> JsonObject:
    """Return what pydantic says of a value of the wrong type: version 1 at A1111, version 2 at Forge."""
    if not forge:
        message, old = _OLD[kind]
        return {"loc": ["body", name], "msg": message, "type": old}
    message, new = _NEW[kind]
    parsing = isinstance(given, str) and kind in _UNREADABLE
    new = f"{new}_parsing" if parsing else f"{new}_type"
    message += _UNREADABLE[kind] if parsing else ""
    url = f"https://errors.pydantic.dev/2.8/v/{new}"
    return {"type": new, "loc": ["body", name], "msg": message, "input": given, "url": url}


def missing(name: str, *, forge: bool) -> JsonObject:
    if not forge:
        return {"loc": ["body", name], "msg": "field required", "type": "value_error.missing"}
    url = "https://errors.pydantic.dev/2.8/v/missing"
    return {"type": "missing", "loc": ["body", name], "msg": "Field required", "input": {}, "url": url}


def no_json(*, forge: bool) -> JsonObject:
    if forge:
        message = "JSON decode error"
        return {"type": "json_invalid", "loc": ["body", 0], "msg": message, "input": {}, "ctx": {"error": message}}
    return {"loc": ["body", 0], "msg": "Expecting value: line 1 column 1 (char 0)", "type": "value_error.jsondecode"}
