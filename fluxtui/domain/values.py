"""JSON values: the one type for parameters that travel from a file to a provider unchanged."""

import hashlib
import json
from collections.abc import Mapping
from typing import TypeAlias

JsonValue: TypeAlias = bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"] | None
JsonObject: TypeAlias = dict[str, JsonValue]


def canonical_json(value: object) -> str:
    """Return the one spelling of `value` as JSON: sorted keys, no spaces, non-ASCII kept.

    A lone surrogate (JSON can escape one) has no UTF-8, so no database takes it: it becomes a question mark.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def digest(value: object) -> str:
    """Return the SHA-256 of the canonical JSON of `value`, in hexadecimal (64 characters)."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def merged(*layers: Mapping[str, JsonValue]) -> JsonObject:
    """Return the layers laid over each other; a later layer wins, key by key, at the top level."""
    result: JsonObject = {}
    for layer in layers:
        result.update(layer)
    return result
