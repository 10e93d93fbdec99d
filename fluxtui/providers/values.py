"""Values of single parameters: brought to the type, range or choice that a model takes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from fluxtui.domain.request import Change
from fluxtui.domain.values import JsonValue
from fluxtui.providers.catalog import Parameter


class WrongValueError(ValueError):
    """A value that no adaptation can make right; the text says what would be."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """What is sent, and how it departs from what was asked (None: not at all)."""

    value: JsonValue
    change: Change | None = None
    reason: str = ""


def fitted(parameter: Parameter, value: JsonValue) -> Fitted:
    """Return `value` as `parameter` takes it. Raises WrongValueError."""
    match parameter.kind:
        case "integer" | "number":
            return _number(parameter, value)
        case "boolean":
            return Fitted(_boolean(parameter, value))
        case "choice":
            return _choice(parameter, value)
        case "string":
            return Fitted(_text(parameter, value))
        case "loras":
            return Fitted(_loras(parameter, value))
        case "json":
            return Fitted(value)


def _number(parameter: Parameter, value: JsonValue) -> Fitted:
    wanted = "a whole number" if parameter.kind == "integer" else "a number"
    number: int | float
    if isinstance(value, str):
        try:
            number = int(value) if value.strip().lstrip("+-").isdigit() else float(value)
        except ValueError as error:
            raise _wrong(parameter, wanted) from error
    elif isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(parameter, wanted)
    else:
        number = value
    if isinstance(number, float):
        if not math.isfinite(number):
            raise _wrong(parameter, wanted)
        if parameter.kind == "integer":
            whole = round(number)
            if whole != number:
                inside = _inside(parameter, whole)
                sent = f"{inside:g}" if parameter.as_text else inside
                return Fitted(sent, Change.BUCKETED, "whole numbers only")
            number = whole
    inside = _inside(parameter, number)
    sent = f"{inside:g}" if parameter.as_text else inside
    return Fitted(sent) if inside == number else Fitted(sent, Change.CLAMPED, _range(parameter))


def _inside(parameter: Parameter, number: float) -> int | float:
    if parameter.low is not None and number < parameter.low:
        return parameter.low
    if parameter.high is not None and number > parameter.high:
        return parameter.high
    return number


def _range(parameter: Parameter) -> str:
    if parameter.low is None:
        return f"at most {parameter.high:g}"
    if parameter.high is None:
        return f"at least {parameter.low:g}"
    return f"{parameter.low:g} to {parameter.high:g}"


def _boolean(parameter: Parameter, value: JsonValue) -> bool:
    if isinstance(value, str):
        value = {"true": True, "false": False}.get(value.strip().lower(), value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    raise _wrong(parameter, "true or false")


def _choice(parameter: Parameter, value: JsonValue) -> Fitted:
    if isinstance(value, int | float) and f"{value:g}" in parameter.choices:
        value = f"{value:g}"
    spelled = _spelled(value) if isinstance(value, str) else value
    if (known := next((choice for choice in parameter.choices if _spelled(choice) == spelled), None)) is not None:
        return Fitted(known)
    if isinstance(spelled, str) and spelled in parameter.instead:
        return Fitted(parameter.instead[spelled], Change.BUCKETED, f"{', '.join(parameter.choices)} only")
    if parameter.name == "output_format" and isinstance(spelled, str):
        # A file format is a wish about storage: lossless is the safest stand-in for any of them.
        instead = "png" if "png" in parameter.choices else parameter.choices[0]
        return Fitted(instead, Change.BUCKETED, f"{' or '.join(parameter.choices)} only")
    raise _wrong(parameter, f"one of {', '.join(parameter.choices)}")


def _spelled(text: str) -> str:
    text = text.strip().lower()
    return "jpeg" if text == "jpg" else text


def _text(parameter: Parameter, value: JsonValue) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise _wrong(parameter, "text")


def _loras(parameter: Parameter, value: JsonValue) -> JsonValue:
    """Return additional weights as a list of `{path, scale}`, from that, from paths, or from `{path: scale}`."""
    items: list[JsonValue] = []
    if isinstance(value, str):
        value = [value]
    if isinstance(value, dict):
        items = [{"path": path, "scale": scale} for path, scale in value.items()]
    elif isinstance(value, list):
        items = [{"path": item} if isinstance(item, str) else item for item in value]
    if not all(isinstance(item, dict) and _is_lora(item) for item in items) or not isinstance(value, dict | list):
        raise _wrong(parameter, "names and weights, for example {https://host/style.safetensors: 0.8}")
    return items


def _is_lora(item: Mapping[str, JsonValue]) -> bool:
    scale = item.get("scale", 1)
    number = isinstance(scale, int | float) and not isinstance(scale, bool) and math.isfinite(scale)
    return number and isinstance(item.get("path"), str) and bool(item["path"])


def _wrong(parameter: Parameter, wanted: str) -> WrongValueError:
    limits = f" ({_range(parameter)})" if parameter.low is not None or parameter.high is not None else ""
    return WrongValueError(f"{parameter.name} has to be {wanted}{limits}")
