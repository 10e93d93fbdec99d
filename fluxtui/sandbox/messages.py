"""Requests and answers as the sandbox sees them, whatever carries them: a socket or a function call."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from urllib.parse import parse_qsl, urlsplit

from fluxtui.domain.values import JsonObject, JsonValue

JSON_HEADERS: Mapping[str, str] = {"content-type": "application/json"}


def read_json(body: bytes) -> JsonValue:
    """Return the value of a JSON text. Raises ValueError: no JSON, nested too deeply, halves of surrogate pairs."""
    try:
        value: JsonValue = json.loads(body)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if b"\\u" in body:
        json.dumps(value, ensure_ascii=False).encode()  # half a pair cannot be written anywhere later on
    return value


class Hangup(StrEnum):
    """How a connection ends without an answer."""

    REFUSED = "refused"  # before anything was taken: the client may safely try again
    CUT = "cut"  # after the request was read: the client cannot know what became of it


@dataclass(frozen=True)
class SandboxRequest:
    """One HTTP request. `url` is absolute; header names are lower case.

    `role` names the door it came through (`bfl-api`, `bfl-delivery` ...); None lets the sandbox find it by the
    origin of the URL.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    role: str | None = None

    @cached_property
    def path(self) -> str:
        return urlsplit(self.url).path or "/"

    @cached_property
    def origin(self) -> str:
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}".lower()

    @cached_property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))

    def json_object(self) -> JsonObject | None:
        """Return the body as a JSON object, None when it is anything else."""
        try:
            value = read_json(self.body)
        except ValueError:
            return None
        return value if isinstance(value, dict) else None


@dataclass
class SandboxResponse:
    """One answer, or the way the connection ends instead (`hangup`).

    `body` may be an iterator of pieces, for answers that are too large to hold. `cut_after` breaks the connection
    after so many bytes of the body. `on_sent` is called by whoever carries the answer once all of it has left.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | Iterator[bytes] = b""
    hangup: Hangup | None = None
    cut_after: int | None = None
    on_sent: Callable[[], None] | None = None


def json_response(
    status: int,
    value: JsonValue,
    headers: Mapping[str, str] | None = None,
    *,
    on_sent: Callable[[], None] | None = None,
) -> SandboxResponse:
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return SandboxResponse(status, {**JSON_HEADERS, **(headers or {})}, body, on_sent=on_sent)


def hang_up(how: Hangup) -> SandboxResponse:
    return SandboxResponse(0, hangup=how)


HTML_PAGE = (
    b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head>"
    b"<body><center><h1>502 Bad Gateway</h1></center><hr><center>nginx</center></body></html>"
)


def html_response(status: int) -> SandboxResponse:
    """Return what a gateway in front of a service answers: a page where JSON or a picture was expected."""
    return SandboxResponse(status, {"content-type": "text/html"}, HTML_PAGE)
