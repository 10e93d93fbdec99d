"""Checks of request bodies that answer as FastAPI with pydantic v2 does: the same types, places and sentences."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fluxtui.domain.values import JsonObject, JsonValue

_MISSING = object()


@dataclass(frozen=True, slots=True)
class Rule:
    """What one field of a body may hold. `kind` is `int`, `number`, `bool`, `str` or `any`."""

    kind: str
    default: Any = None
    required: bool = False
    nullable: bool = False
    low: float | None = None
    high: float | None = None
    multiple_of: int | None = None
    choices: tuple[str, ...] = ()
    longest: int | None = None
    shortest: int | None = None
    pattern: str | None = None
    also: tuple[float, ...] = ()
    """Single values that are good although the range leaves them out (0 for an automatic size)."""


@dataclass(frozen=True, slots=True)
class Schema:
    """The fields of a body. A strict one refuses fields it does not know, any other ignores them."""

    rules: Mapping[str, Rule]
    strict: bool = False

    def plus(self, **rules: Rule) -> "Schema":
        return Schema({**self.rules, **rules}, self.strict)

    def without(self, *names: str) -> "Schema":
        return Schema({name: rule for name, rule in self.rules.items() if name not in names}, self.strict)

    def check(self, body: Mapping[str, JsonValue]) -> tuple[dict[str, Any], list[JsonObject]]:
        """Return the values with defaults filled in, and what is wrong (empty when all is well)."""
        values: dict[str, Any] = {}
        errors: list[JsonObject] = []
        for name, rule in self.rules.items():
            given = body.get(name, _MISSING)
            if given is _MISSING:
                if rule.required:
                    errors.append(fault("missing", name, "Field required", dict(body)))
                values[name] = rule.default
            elif given is None and rule.nullable:
                values[name] = rule.default
            else:
                values[name], error = _checked(name, rule, given)
                if error is not None:
                    errors.append(error)
        if self.strict:
            errors += [
                fault("extra_forbidden", name, "Extra inputs are not permitted", body[name])
                for name in body
                if name not in self.rules
            ]
        return values, errors


def fault(
    kind: str, name: str | int, message: str, given: Any = None, place: str = "body", **context: Any
) -> JsonObject:
    """Return one entry of a validation answer."""
    entry: JsonObject = {"type": kind, "loc": [place, name], "msg": message, "input": given}
    if context:
        entry["ctx"] = context
    return entry


def _checked(name: str, rule: Rule, given: Any) -> tuple[Any, JsonObject | None]:
    value: Any
    match rule.kind:
        case "int":
            value, error = _integer(name, given)
        case "number":
            value, error = _number(name, given)
        case "bool":
            value, error = _boolean(name, given)
        case "str":
            value, error = (given, None) if isinstance(given, str) else (None, _type(name, "string", given))
        case _:
            value, error = given, None
    if error is None:
        error = _text(name, rule, value) if rule.kind == "str" else _bounds(name, rule, value)
    return value, error


def _type(name: str, kind: str, given: Any) -> JsonObject:
    return fault(f"{kind}_type", name, f"Input should be a valid {kind}", given)


def _integer(name: str, given: Any) -> tuple[int | None, JsonObject | None]:
    if isinstance(given, bool):
        return int(given), None
    if isinstance(given, int):
        return given, None
    if isinstance(given, float):
        if given.is_integer():
            return int(given), None
        message = "Input should be a valid integer, got a number with a fractional part"
        return None, fault("int_from_float", name, message, given)
    if isinstance(given, str):
        if re.fullmatch(r"\s*[+-]?\d{1,40}\s*", given):
            return int(given), None
        message = "Input should be a valid integer, unable to parse string as an integer"
        return None, fault("int_parsing", name, message, given)
    return None, fault("int_type", name, "Input should be a valid integer", given)


def _number(name: str, given: Any) -> tuple[float | None, JsonObject | None]:
    if isinstance(given, int | float):
        return (given, None) if math.isfinite(given) else (None, _type(name, "finite_number", given))
    if isinstance(given, str):
        try:
            return float(given), None
        except ValueError:
            message = "Input should be a valid number, unable to parse string as a number"
            return None, fault("float_parsing", name, message, given)
    return None, fault("float_type", name, "Input should be a valid number", given)


def _boolean(name: str, given: Any) -> tuple[bool | None, JsonObject | None]:
    if isinstance(given, bool):
        return given, None
    if isinstance(given, str | int | float):
        text = str(given).lower()
        if text in {"1", "true", "t", "yes", "y", "on", "1.0"}:
            return True, None
        if text in {"0", "false", "f", "no", "n", "off", "0.0"}:
            return False, None
        message = "Input should be a valid boolean, unable to interpret input"
        return None, fault("bool_parsing", name, message, given)
    return None, fault("bool_type", name, "Input should be a valid boolean", given)


def _bounds(name: str, rule: Rule, value: Any) -> JsonObject | None:
    if not isinstance(value, int | float) or isinstance(value, bool) or value in rule.also:
        return None
    if rule.high is not None and value > rule.high:
        text = f"Input should be less than or equal to {_plain(rule.high)}"
        return fault("less_than_equal", name, text, value, le=rule.high)
    if rule.low is not None and value < rule.low:
        text = f"Input should be greater than or equal to {_plain(rule.low)}"
        return fault("greater_than_equal", name, text, value, ge=rule.low)
    if rule.multiple_of is not None and value % rule.multiple_of:
        text = f"Input should be a multiple of {rule.multiple_of}"
        return fault("multiple_of", name, text, value, multiple_of=rule.multiple_of)
    return None


def _text(name: str, rule: Rule, value: str) -> JsonObject | None:
    if rule.choices and value not in rule.choices:
        expected = _alternatives(rule.choices)
        return fault("enum", name, f"Input should be {expected}", value, expected=expected)
    if rule.shortest is not None and len(value) < rule.shortest:
        message = f"String should have at least {rule.shortest} character{'s' * (rule.shortest != 1)}"
        return fault("string_too_short", name, message, value, min_length=rule.shortest)
    if rule.longest is not None and len(value) > rule.longest:
        message = f"String should have at most {rule.longest} characters"
        return fault("string_too_long", name, message, value, max_length=rule.longest)
    if rule.pattern is not None and not re.fullmatch(rule.pattern, value):
        message = f"String should match pattern '^{rule.pattern}$'"
        return fault("string_pattern_mismatch", name, message, value, pattern=f"^{rule.pattern}$")
    return None


def _alternatives(choices: Iterable[str]) -> str:
    *first, last = [f"'{choice}'" for choice in choices]
    return f"{', '.join(first)} or {last}" if first else last


def _plain(number: float) -> str:
    return str(int(number)) if float(number).is_integer() else str(number)
