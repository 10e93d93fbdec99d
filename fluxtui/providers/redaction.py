"""Keys never show: which headers hold them, and how they are taken out of texts."""

from collections.abc import Mapping

SECRET_HEADERS = frozenset({"x-key", "api-key", "authorization", "proxy-authorization", "x-goog-api-key", "cookie"})

SHORTEST_SECRET = 4
"""Characters; replacing anything shorter would only garble texts."""


def secrets_in(headers: Mapping[str, str] | None) -> tuple[str, ...]:
    """Return the keys in `headers`, longest first; `Bearer abc` counts as `abc` too."""
    found: set[str] = set()
    for name, value in (headers or {}).items():
        if name.lower() in SECRET_HEADERS:
            found.update({value, value.rpartition(" ")[2]})
    return tuple(sorted((s for s in found if len(s) >= SHORTEST_SECRET), key=len, reverse=True))


def scrubbed(text: str, secrets: tuple[str, ...]) -> str:
    """Return `text` with every one of `secrets` replaced by `***`."""
    for secret in secrets:
        text = text.replace(secret, "***")
    return text
