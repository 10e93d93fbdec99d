"""The native format in TOML."""

import re
import tomllib
from collections.abc import Collection, Mapping
from typing import Any

from fluxtui.batchfiles.findings import Place, ReadResult, Report
from fluxtui.batchfiles.native import check_native, native_mapping
from fluxtui.domain.batch import Batch

_POSITION = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")
_LINE = re.compile(
    r'(?P<text>"""(?:[^\\]|\\.)*?"""' + r"|'''.*?''')"
    r"|^[ \t]*\[\[[ \t]*(?P<entry>[\w.-]+)[ \t]*\]\]"
    r"|^[ \t]*\[[ \t]*(?P<table>[\w.-]+)[ \t]*\]"
    r'|^[ \t]*(?P<key>[\w-]+|"[^"\n]*")[ \t]*=',
    re.DOTALL | re.MULTILINE,
)


def read(text: str, file: str, stem: str) -> ReadResult:
    """Read a native batch. Raises BatchFileError."""
    report = Report(file, lambda places: find_lines(text, places))
    value: Any = None
    try:
        value = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        _report_syntax(error, text, report)
    except RecursionError:
        report.error((), "the file is nested too deeply", "Make it flatter")
    except ValueError:
        report.error((), "a number has too many digits", "Write shorter numbers")
    if value is None:
        report.stop_on_errors(_remains(text, stem))
    return report.result(check_native(value, report, stem), "native-toml")


def _report_syntax(error: tomllib.TOMLDecodeError, text: str, report: Report) -> None:
    message = str(error)
    found = _POSITION.search(message)
    line = text.count("\n") + 1 if found and not found[1] else int(found[1]) if found else None
    column = f" at column {found[2]}" if found and found[2] else ""
    reason = _POSITION.sub("", message)
    advice = "Put texts in quotes, and write key = value"
    if "overwrite" in reason or "twice" in reason or "redefine" in reason.lower():
        advice = "A key or table stands there twice; keep one"
    elif found and not found[1]:
        advice = "The file ends in the middle: a closing quote or bracket is missing"
    report.error((), f"not valid TOML{column}: {reason}", advice, line=line)


def _remains(text: str, stem: str) -> Batch | None:
    """Return what can be read of a broken file: everything before the last table that makes it break."""
    starts = [match.start() for match in _LINE.finditer(text) if match["entry"] or match["table"]]
    for start in reversed(starts[-50:]):
        try:
            value = tomllib.loads(text[:start])
        except (ValueError, RecursionError):
            continue
        return check_native(value, Report(""), stem) if value.get("tasks") else None
    return None


def find_lines(text: str, places: Collection[Place]) -> Mapping[Place, int]:
    """Return the lines of the places that have a table or a line of their own."""
    wanted = frozenset(places)
    found: dict[Place, int] = {}
    counts: dict[str, int] = {}
    table: Place = ()
    line, counted_to = 1, 0
    for match in _LINE.finditer(text):
        if match["text"]:
            continue
        line += text.count("\n", counted_to, match.start())
        counted_to = match.start()
        if match["entry"]:
            name = match["entry"]
            index = counts[name] = counts.get(name, -1) + 1
            place: Place = (*_within(name.split("."), counts)[:-1], index)
            table = place
        elif match["table"]:
            table = place = _within(match["table"].split("."), counts)
        else:
            place = (*table, match["key"].strip('"'))
        if place in wanted:
            found.setdefault(place, line)
    return found


def _within(parts: list[str], counts: Mapping[str, int]) -> Place:
    """Return the place of a table: after the name of an array of tables comes the index of its latest entry."""
    place: list[str | int] = []
    for depth, part in enumerate(parts, 1):
        place.append(part)
        index = counts.get(".".join(parts[:depth]))
        if index is not None:
            place.append(index)
    return tuple(place)


def write(batch: Batch) -> str:
    """Return the batch as TOML. TOML has no null: `writing` refuses batches that hold one."""
    import tomlkit

    mapping = native_mapping(batch)
    tasks = mapping.pop("tasks")
    entries = tasks if isinstance(tasks, list) else []
    # One task at a time: tomlkit's time grows with the square of what one document holds.
    return "\n".join([tomlkit.dumps(mapping), *(tomlkit.dumps({"tasks": [task]}) for task in entries)])
