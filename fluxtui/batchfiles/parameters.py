"""Checks of values: parameters with known meaning, axes, and anything that travels verbatim."""

import csv
import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from fluxtui.batchfiles.findings import Place, Report
from fluxtui.domain.batch import PARAMETER_ALIASES
from fluxtui.domain.imagefile import ImageFormat
from fluxtui.domain.size import LARGEST_SIDE, Size
from fluxtui.domain.values import JsonValue, canonical_json

DEEPEST = 32
"""Levels of lists and mappings inside one value; more is an accident or an attack."""
LONGEST_PROMPT = 100_000
"""Characters. The largest limit of a service is 32,000."""
MOST_IMAGES = 100
"""Pictures of one task (`n`); no service makes more than 10 a request."""
MOST_AXIS_VALUES = 10_000
LARGEST_SEED = 2**63 - 1
"""The largest whole number that the history can hold in a column."""

_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?")
_RANGE = re.compile(r"([-+]?\d{1,19})\s*\.\.\s*([-+]?\d{1,19})")
_WORDS: Mapping[str, JsonValue] = {"true": True, "TRUE": True, "false": False, "FALSE": False, "null": None}


class WrongValueError(ValueError):
    """A value that cannot be used: what is wrong, and what would be right."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice


def shown(value: object) -> str:
    """Return a value as it is quoted in a message: short, as it would stand in JSON."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        text = type(value).__name__
    return text if len(text) <= 60 else f"{text[:59]}…"


def kind_of(value: object) -> str:
    """Return what a value is, in the words of someone who writes files."""
    match value:
        case None:
            return "nothing (null)"
        case bool():
            return "true or false"
        case int():
            return "a whole number"
        case float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case dict():
            return "a mapping"
        case _:
            return f"a {type(value).__name__}"


def text_problem(text: str) -> tuple[str, str] | None:
    """Return what makes `text` unusable anywhere: NUL characters, halves of surrogate pairs."""
    if text.isascii() and "\x00" not in text:
        return None
    if "\x00" in text:
        return "the text holds a NUL character", "Remove it"
    try:
        text.encode()
    except UnicodeEncodeError as error:
        code = f"\\u{ord(text[error.start]):04x}"
        return f"the text holds {code}, one half of a character", "Write both halves, or the character itself"
    return None


def _whole(low: int, high: int, example: int) -> Callable[[JsonValue], JsonValue]:
    advice = f"Write a whole number from {low} to {high}, without quotes, for example {example}"

    def check(value: JsonValue) -> JsonValue:
        if isinstance(value, bool) or not isinstance(value, int):
            raise WrongValueError(f"{shown(value)} is {kind_of(value)}, not a whole number", advice)
        if not low <= value <= high:
            raise WrongValueError(f"{_digits(value)} is out of range", advice)
        return value

    return check


def _digits(value: int) -> str:
    # Printing an integer of very many digits is refused by Python itself.
    return str(value) if value.bit_length() <= 200 else "a number of very many digits"


def _guidance(value: JsonValue) -> JsonValue:
    advice = "Write a number from 0 to 100, without quotes, for example 3.5"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WrongValueError(f"{shown(value)} is {kind_of(value)}, not a number", advice)
    if isinstance(value, float) and not math.isfinite(value):
        raise WrongValueError("the number is not finite", advice)
    if not 0 <= value <= 100:
        raise WrongValueError(f"{shown(value)} is out of range", advice)
    return value


def _size(value: JsonValue) -> JsonValue:
    advice = f"Write WIDTHxHEIGHT in pixels, sides of 1 to {LARGEST_SIDE}, for example 1024x768"
    if not isinstance(value, str):
        raise WrongValueError(f"{shown(value)} is {kind_of(value)}, not a size", advice)
    if value == "auto":  # the service's own choice
        return value
    try:
        return str(Size.parse(value))
    except ValueError as error:
        raise WrongValueError(f"{shown(value)} is not a size that can be made", advice) from error


def _output_format(value: JsonValue) -> JsonValue:
    formats = [image_format.value for image_format in ImageFormat]
    lowered = value.strip().lower() if isinstance(value, str) else None
    lowered = "jpeg" if lowered == "jpg" else lowered
    if lowered not in formats:
        raise WrongValueError(f"{shown(value)} is not a format of pictures", f"Write one of {', '.join(formats)}")
    return lowered


def _negative_prompt(value: JsonValue) -> JsonValue:
    if not isinstance(value, str) or not value.strip():
        raise WrongValueError(f"{shown(value)} is not text", "Write what should not be in the picture, or leave it out")
    return value


_RULES: Final[Mapping[str, Callable[[JsonValue], JsonValue]]] = {
    "size": _size,
    "steps": _whole(1, 1000, 28),
    "guidance": _guidance,
    "seed": _whole(-1, LARGEST_SEED, 42),
    "n": _whole(1, MOST_IMAGES, 4),
    "output_format": _output_format,
    "negative_prompt": _negative_prompt,
}

KNOWN_PARAMETERS = frozenset({"size", "steps", "guidance", "seed", "n", "output_format", "quality"})
_SPELLINGS = (
    *sorted(KNOWN_PARAMETERS | PARAMETER_ALIASES.keys()),
    "prompt",
    "negative_prompt",
    "references",
    "context",
)
_familiar: dict[str, str | None] = {}


def near_miss(name: str) -> str | None:
    """Return the known name that `name` is probably a slip of, None when it is known or far from any."""
    if name not in _familiar:
        if len(_familiar) > 10_000:
            _familiar.clear()
        if name in _SPELLINGS or len(name) < 3 or len(name) > 30:
            _familiar[name] = None
        else:
            import difflib

            _familiar[name] = next(iter(difflib.get_close_matches(name.lower(), _SPELLINGS, 1, 0.82)), None)
    return _familiar[name]


def check_value(value: Any, place: Place, report: Report) -> bool:
    """Report whatever in `value` cannot travel as JSON: dates, NaN, deep nesting, broken text."""
    if isinstance(value, str):
        problem = text_problem(value)
        if problem:
            report.error(place, *problem)
        return problem is None
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, int):
        if value.bit_length() > 1024:  # more than JSON readers take as a number
            report.error(place, "the number has too many digits", "Write a shorter number")
            return False
        return True
    if isinstance(value, float):
        if not math.isfinite(value):
            report.error(place, "the number is not finite", "Write an ordinary number")
            return False
        return True
    if not isinstance(value, list | dict):
        report.error(place, f"a value of kind {type(value).__name__} cannot be sent to a service", "Put it in quotes")
        return False
    return _check_container(value, place, report, 1)


def _check_container(value: list[Any] | dict[str, Any], place: Place, report: Report, depth: int) -> bool:
    if depth > DEEPEST:
        report.error(place[:-DEEPEST], f"the value is nested more than {DEEPEST} levels deep", "Make it flatter")
        return False
    good = True
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(key, str) and text_problem(key):
            report.error(place, "a key holds characters that cannot be sent", "Rename it")
            good = False
        elif isinstance(item, list | dict):
            good = _check_container(item, (*place, key), report, depth + 1) and good
        else:
            good = check_value(item, (*place, key), report) and good
    return good


def check_parameters(
    values: Mapping[str, Any], place: Place, report: Report, reserved: frozenset[str]
) -> dict[str, JsonValue]:
    """Return the parameters under this project's names, leaving out (and reporting) the wrong ones.

    `width` and `height` together become `size`. `reserved` are names that mean something else here.
    """
    result: dict[str, JsonValue] = {}
    origin: dict[str, str] = {}
    for key, value in values.items():
        where = (*place, key)
        name = PARAMETER_ALIASES.get(key, key)
        if key in reserved:
            report.error(where, f"{key} is no parameter", "Put it beside the parameters, not among them")
        elif key not in KNOWN_PARAMETERS and not _is_name(key):
            report.error(where, f"{shown(key)} is no name for a parameter", "Write a short name without line breaks")
        elif name in origin:
            report.error(where, f"{origin[name]} and {key} mean the same", "Keep one of them")
        elif check_value(value, where, report):
            origin[name] = key
            try:
                result[name] = value if value is None else _RULES[name](value) if name in _RULES else value
            except WrongValueError as wrong:
                report.error(where, wrong.message, wrong.advice)
            else:
                _warn_about_slips(key, where, report)
    _fold_width_and_height(result, place, report)
    return result


def _is_name(key: str) -> bool:
    return bool(key) and key == key.strip() and len(key) <= 100 and key.isprintable()


def _warn_about_slips(key: str, where: Place, report: Report) -> None:
    meant = near_miss(key)
    if meant:
        report.warn(where, f"{key} is sent as it is: no parameter of that name is known", f"Did you mean {meant}?")


def _fold_width_and_height(result: dict[str, JsonValue], place: Place, report: Report) -> None:
    width, height = result.get("width"), result.get("height")
    if width is None or height is None:
        return
    if "size" in result:
        report.error((*place, "size"), "size and width with height mean the same", "Keep one of them")
        return
    try:
        size = _size(f"{width}x{height}")
    except WrongValueError as wrong:
        report.error((*place, "width"), f"width and height: {wrong.message}", wrong.advice)
        return
    del result["width"], result["height"]
    result["size"] = size


def parse_cell(text: str) -> JsonValue:
    """Return what a cell of a table, or one value of an axis, means.

    Numbers, true, false and null are what they look like; JSON lists, mappings and quoted strings
    too; anything else is text. Raises WrongValueError for a number too long to read.
    """
    if text in _WORDS:
        return _WORDS[text]
    match = _NUMBER.fullmatch(text)
    if match:
        try:
            return float(text) if match[1] or match[2] else int(text)
        except ValueError as error:
            raise WrongValueError("the number has too many digits", "Write a shorter number") from error
    if text[:1] in ('"', "[", "{") and text[-1:] in ('"', "]", "}"):
        try:
            value: JsonValue = json.loads(text)
        except (ValueError, RecursionError):
            return text
        return value
    return text


def format_cell(value: JsonValue) -> str:
    """Return `value` so that `parse_cell` reads it back the same."""
    if isinstance(value, str) and value and value == value.strip() and parse_cell(value) == value:
        return value
    return json.dumps(value, ensure_ascii=False)


def parse_axis_values(name: str, text: str) -> tuple[JsonValue, ...]:
    """Read the values of an axis: `1..4` (both ends included), `2.5, 5`, `anime,manga`.

    A value that holds a comma is put in double quotes. Raises BatchFileError.
    """
    report = Report(f"axis {name}")
    values = expand_axis(text, (name,), report)
    checked = check_axis(name, values, (name,), report) if not report.has_errors else ()
    report.stop_on_errors()
    return checked


def expand_axis(text: str, place: Place, report: Report) -> list[JsonValue]:
    """Return the values that `text` lists, as `parse_axis_values` does, reporting what is wrong."""
    values: list[JsonValue] = []
    try:
        items = next(csv.reader([text], skipinitialspace=True, strict=True), [])
        for item in items:
            stripped = item.strip()
            span = _RANGE.fullmatch(stripped)
            if span:
                first, last = int(span[1]), int(span[2])
                if abs(last - first) >= MOST_AXIS_VALUES:
                    raise WrongValueError(f"{stripped} is too many values", f"An axis has at most {MOST_AXIS_VALUES}")
                values.extend(range(first, last + 1) if first <= last else range(first, last - 1, -1))
            elif stripped:
                values.append(parse_cell(stripped))
            else:
                raise WrongValueError("a value between the commas is missing", "Write for example 1..4 or 2.5, 5")
    except csv.Error as error:
        report.error(place, f"the quotes do not match ({error})", 'Write for example "a, b", c')
    except WrongValueError as wrong:
        report.error(place, wrong.message, wrong.advice)
    return values


_NO_AXIS = frozenset({"name", "id", "prompt", "parameters", "context", "references", "extra"})


def check_axis(name: str, values: list[JsonValue], place: Place, report: Report) -> tuple[JsonValue, ...]:
    """Return the values of an axis as they will be used, reporting wrong and repeated ones."""
    canonical = PARAMETER_ALIASES.get(name, name)
    if canonical in _NO_AXIS or not _is_name(name):
        report.error(place, f"{shown(name)} cannot be swept", "Name a parameter, for example seed or guidance")
        return ()
    if not values:
        report.error(place, "the axis has no values", "Write for example 1..4, [2.5, 5] or anime, manga")
    if len(values) > MOST_AXIS_VALUES:
        report.error(place, f"{len(values)} values are too many", f"An axis has at most {MOST_AXIS_VALUES}")
        return ()
    result: dict[str, JsonValue] = {}
    for index, value in enumerate(values):
        where = (*place, index)
        if not check_value(value, where, report):
            continue
        try:
            checked = _RULES[canonical](value) if canonical in _RULES and value is not None else value
        except WrongValueError as wrong:
            report.error(where, wrong.message, wrong.advice)
            continue
        if canonical_json(checked) in result:
            report.error(where, f"the value {shown(checked)} stands there twice", "Keep one of them")
        result[canonical_json(checked)] = checked
    return tuple(result.values())
