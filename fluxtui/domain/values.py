"""JSON values: the one type for parameters that travel from a file to a provider unchanged."""

import hashlib
import json
from collections.abc import Mapping
from typing import TypeAlias

JsonValue: TypeAlias = bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"] | None
JsonObject: TypeAlias = dict[str, JsonValue]


def canonical_json(value: object) -> str:
    """Return the one spelling of `value` as JSON: sorted keys, no spaces, non-ASCII kept."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(value: object) -> str:
    """Return the SHA-256 of the canonical JSON of `value`, in hexadecimal (64 characters)."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def merged(*layers: Mapping[str, JsonValue]) -> JsonObject:
    """Return the layers laid over each other; a later layer wins, key by key, at the top level."""
    result: JsonObject = {}
    for layer in layers:
        result.update(layer)
    return result
