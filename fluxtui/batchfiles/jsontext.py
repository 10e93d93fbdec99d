"""JSON with what a batch file needs beyond the standard library: lines of values, repeated keys, remains.

Parsing is the standard library's. Where a value stands is found by a second walk over the text, which
is made only when there is something to say about it.
"""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from fluxtui.batchfiles.findings import Place, Report

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
_WHITE = re.compile(r"[ \t\r\n]*")
_LIST_OF_TASKS = re.compile(r'"(tasks|prompts)"\s*:\s*\[')


class JsonSyntaxError(Exception):
    """Text that is no JSON: where it stops making sense (line and column from 1), and what would be right."""

    def __init__(self, message: str, advice: str, line: int, column: int) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice
        self.line = line
        self.column = column


@dataclass(slots=True)
class _Hook:
    repeated: bool = False

    def __call__(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) != len(pairs):
            self.repeated = True
        return result


@dataclass(frozen=True, slots=True)
class JsonDocument:
    """A parsed text. `repeats` says that some mapping in it has a key twice; `walk` finds which."""

    text: str
    value: Any
    repeats: bool = False

    def lines(self, places: Collection[Place]) -> Mapping[Place, int]:
        return walk(self.text, frozenset(places)).lines

    def report_repeats(self, report: Report, row: int | None = None, line: int | None = None) -> None:
        """Report every key that stands twice in one mapping: the earlier value would be lost silently.

        `row` (from 0) and `line` say where the text stands, when it is one line of a file.
        """
        if self.repeats:
            for place, own_line in walk(self.text, frozenset()).repeats:
                where = place if row is None else (row, *place)
                report.error(
                    where, f"the key {place[-1]} stands there twice", "Keep one of them", line=line or own_line
                )


class Parser:
    """Parses one text after another: making a decoder for each line of a file costs as much as the line."""

    def __init__(self) -> None:
        self._hook = _Hook()
        self._decoder = json.JSONDecoder(object_pairs_hook=self._hook)

    def parse(self, text: str) -> JsonDocument:
        """Parse `text`. Raises JsonSyntaxError. NaN and Infinity are left for the checks to report."""
        self._hook.repeated = False
        return _parse(text, self._decoder, self._hook)


def parse(text: str) -> JsonDocument:
    """Parse one text, as `Parser.parse` does."""
    return Parser().parse(text)


def _parse(text: str, decoder: json.JSONDecoder, hook: _Hook) -> JsonDocument:
    try:
        return JsonDocument(text, decoder.decode(text), hook.repeated)
    except json.JSONDecodeError as error:
        # A text that is never closed is reported where it starts; the file ends inside it all the same.
        at_end = not text[error.pos :].strip() or error.msg.startswith("Unterminated string")
        message = "the file ends in the middle" if at_end else f"not valid JSON: {error.msg.lower()}"
        raise JsonSyntaxError(message, _advice(text, error, at_end), error.lineno, error.colno) from error
    except RecursionError as error:
        raise JsonSyntaxError("the file is nested too deeply", "Make it flatter", 1, 1) from error
    except ValueError as error:  # an integer of more digits than Python reads
        raise JsonSyntaxError("a number has too many digits", "Write shorter numbers", 1, 1) from error


def _advice(text: str, error: json.JSONDecodeError, at_end: bool) -> str:
    if at_end:
        return "Something is cut off: a closing quote, } or ] is missing. Copy the whole file again"
    character = text[error.pos]
    if character in "'‘’“”":
        return "Use straight double quotes"
    if character in "]}" or text[: error.pos].rstrip().endswith(","):
        return "Remove the comma before the closing bracket"
    if error.msg.startswith("Expecting ',' delimiter"):
        return "A comma is missing before this, or a quote inside a text needs a backslash"
    if error.msg.startswith("Extra data"):
        return "Remove what follows the closing bracket"
    if character in "#/":
        return "JSON has no comments; remove it"
    return "Put texts and names of fields in double quotes"


@dataclass(slots=True)
class Walk:
    """What a walk over the text found: lines of the places asked for, keys that stand twice."""

    lines: dict[Place, int] = field(default_factory=dict)
    repeats: list[tuple[Place, int]] = field(default_factory=list)


@dataclass(slots=True)
class _Level:
    is_mapping: bool
    step: str | int
    keys: set[str] = field(default_factory=set)
    expects_key: bool = True


def walk(text: str, wanted: frozenset[Place]) -> Walk:
    """Walk valid JSON once, for the lines of the `wanted` places and all repeated keys."""
    found = Walk()
    levels: list[_Level] = []
    line, counted_to = 1, 0
    for match in _TOKEN.finditer(text):
        token = match[0]
        line += text.count("\n", counted_to, match.start())
        counted_to = match.start()
        level = levels[-1] if levels else None
        if token in ("}", "]"):
            levels.pop()
        elif token == ",":
            _next_item(level)
        elif token == ":":
            continue
        elif level is not None and level.is_mapping and level.expects_key:
            key = json.loads(token)
            level.step, level.expects_key = key, False
            if key in level.keys:
                found.repeats.append((tuple(part.step for part in levels), line))
            level.keys.add(key)
            _remember(levels, wanted, line, found)
        else:
            if level is None or not level.is_mapping:
                _remember(levels, wanted, line, found)
            if token in ("{", "["):
                levels.append(_Level(token == "{", 0))
    return found


def _next_item(level: _Level | None) -> None:
    if level is not None and level.is_mapping:
        level.expects_key = True
    elif level is not None and isinstance(level.step, int):
        level.step += 1


def _remember(levels: list[_Level], wanted: frozenset[Place], line: int, found: Walk) -> None:
    if wanted:
        place = tuple(part.step for part in levels)
        if place in wanted:
            found.lines[place] = line


def salvage(text: str) -> Any:
    """Return what stands before the point where broken JSON breaks: whole entries of its list of tasks.

    None when there is no such list. A mapping keeps its other fields out: they may be incomplete.
    """
    start = _WHITE.match(text).end()  # type: ignore[union-attr]
    if text[start : start + 1] == "[":
        return _salvage_list(text, start + 1)
    found = _LIST_OF_TASKS.search(text)
    return {found[1]: _salvage_list(text, found.end())} if found else None


def _salvage_list(text: str, position: int) -> list[Any]:
    decoder = json.JSONDecoder()
    items: list[Any] = []
    while True:
        position = _WHITE.match(text, position).end()  # type: ignore[union-attr]
        try:
            item, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            return items
        items.append(item)
        position = _WHITE.match(text, position).end()  # type: ignore[union-attr]
        if text[position : position + 1] != ",":
            return items
        position += 1
