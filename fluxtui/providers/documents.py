"""JSON answers with pictures inside: megabytes of base64 are cut out by position, not parsed.

Parsing a body of 1.9 MB takes 8-10 ms of the event loop; finding its long strings takes a tenth of
that, and the base64 stays where it is in memory until a thread decodes it.
"""

import json
import secrets
from typing import Any, Final

LONG: Final = 2048
"""Bytes. Strings longer than this are cut out before the rest is parsed."""

_MOST_STRINGS: Final = 10_000
"""With more strings than this, looking at each costs more than parsing everything."""

_MARK: Final = secrets.token_hex(8)
"""Of this process, and never sent: no service can know it, so none can forge a placeholder."""

PICTURE_KEYS: Final = frozenset({"b64_json"})


def parse(body: bytes, pictures: frozenset[str] = PICTURE_KEYS) -> Any:
    """Return the JSON in `body`; long strings under the keys `pictures` become views into `body`.

    A list of strings under such a key counts too. A view holds the characters between the quotes;
    where these contain escapes (`\\/`), it is a copy with the escapes resolved. Everything else is
    what `json.loads` returns. Raises ValueError when the body is no JSON.
    """
    try:
        # UTF-16 has zero bytes at its start; json.loads knows it, positions of quotes do not.
        if len(body) <= LONG or b"\x00" in body[:4]:
            return json.loads(body)
        cuts = _Cuts(body, pictures)
        rest = cuts.rest()
        return cuts.restored(json.loads(rest)) if rest is not None else json.loads(body)
    except RecursionError as error:
        raise ValueError("JSON nested too deeply") from error


def answer(body: bytes, pictures: frozenset[str] = PICTURE_KEYS) -> dict[str, Any]:
    """Return the JSON object in `body` as `parse` does, an empty one for anything else."""
    try:
        value = parse(body, pictures)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def picture_bytes(value: object) -> bytes | memoryview | None:
    """Return the base64 under a picture key, None when there is none (null, empty, another type)."""
    if isinstance(value, str):
        value = value.encode("ascii", "replace")
    if isinstance(value, bytes | memoryview) and len(value):
        return value
    return None


class _Cuts:
    """The long strings of one body: what stands for them, and how they come back."""

    def __init__(self, body: bytes, pictures: frozenset[str]) -> None:
        self.body = body
        self.pictures = pictures
        self.spans: dict[str, tuple[int, int]] = {}

    def rest(self) -> bytes | None:
        """Return the body with a placeholder in every long string, None when cutting does not pay."""
        body, view = self.body, memoryview(self.body)
        pieces: list[bytes | memoryview] = []
        done = strings = 0
        start = body.find(b'"') + 1
        while start:
            strings += 1
            if strings > _MOST_STRINGS:
                return None
            end = _end_of_string(body, start)
            if end - start > LONG:
                name = f"{_MARK}:{len(self.spans)}"
                self.spans[name] = (start, end)
                pieces += (view[done:start], name.encode())
                done = end
            start = body.find(b'"', end + 1) + 1
        return b"".join((*pieces, view[done:])) if self.spans else None

    def restored(self, value: Any, *, picture: bool = False) -> Any:
        if isinstance(value, dict):
            return {
                (self._text(key) if key in self.spans else key): self.restored(item, picture=key in self.pictures)
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [self.restored(item, picture=picture) for item in value]
        if isinstance(value, str) and value in self.spans:
            return self._picture(value) if picture else self._text(value)
        return value

    def _text(self, name: str) -> str:
        start, end = self.spans[name]
        text: str = json.loads(self.body[start - 1 : end + 1])
        return text

    def _picture(self, name: str) -> bytes | memoryview:
        start, end = self.spans[name]
        if self.body.find(b"\\", start, end) >= 0:
            return self._text(name).encode("utf-8", "replace")
        return memoryview(self.body)[start:end]


def _end_of_string(body: bytes, start: int) -> int:
    """Return where the quote stands that closes the string whose text begins at `start`."""
    end = body.find(b'"', start)
    while end >= 0:
        first = end
        while first > start and body[first - 1] == 0x5C:
            first -= 1
        if (end - first) % 2 == 0:  # an odd number of backslashes escapes the quote
            return end
        end = body.find(b'"', end + 1)
    raise ValueError("a string in the JSON is not closed")
