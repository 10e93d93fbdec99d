"""YAML as batch files need it: JSON's types, lines of values, and no way to blow up.

Built from parser events, one at a time: nesting and aliases are bounded while they are read, and a
file that breaks in the middle leaves what came before. Plain scalars mean what YAML 1.2 says (its
core schema), since in YAML 1.1 `16:9` is the number 969 and `no` is false.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fluxtui.batchfiles.findings import Place, Report

if TYPE_CHECKING:
    import yaml

DEEPEST_FILE = 64
"""Levels of lists and mappings in a file."""
MOST_ALIASED = 100_000
"""Values that all aliases of a file together may stand for."""

_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_SPECIAL_FLOAT = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_WORDS: Mapping[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NOT_PRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAG = "tag:yaml.org,2002:"


def plain_scalar(text: str) -> Any:
    """Return what an unquoted scalar means. Raises ValueError for a number of too many digits."""
    if text in _WORDS:
        return _WORDS[text]
    first = text[0]
    if first in "+-.0123456789":
        if _INTEGER.fullmatch(text):
            return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
        if _FLOAT.fullmatch(text):
            return float(text)
        if _SPECIAL_FLOAT.fullmatch(text):
            return float(text.replace(".", "", 1))
    return text


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """A text and the value in it. When it `breaks`, the value is what stands before that place."""

    text: str
    value: Any
    breaks: bool = False

    def lines(self, places: Collection[Place]) -> Mapping[Place, int]:
        builder = _Builder(Report(""), frozenset(places))
        builder.build(self.text)
        return builder.lines


def parse(text: str, report: Report) -> YamlDocument:
    """Read the one document in `text`; whatever is wrong with its YAML goes to `report`, with lines."""
    builder = _Builder(report, frozenset())
    builder.build(text)
    return YamlDocument(text, builder.root, builder.breaks)


class _Stop(Exception):  # noqa: N818
    """Nothing more can be read."""

    def __init__(self, message: str, advice: str, line: int) -> None:
        super().__init__(message)
        self.message, self.advice, self.line = message, advice, line


@dataclass(slots=True)
class _Frame:
    """A container that is being read. `step` is where in it: None where a mapping waits for a key."""

    container: Any
    anchor: str | None
    visits: int
    step: str | int | None = None
    keys: set[str] = field(default_factory=set)
    merges: list[dict[str, Any]] = field(default_factory=list)
    merging: bool = False


class _Builder:
    """Turns events into values. The containers hang together from the start, so that a break leaves the rest."""

    def __init__(self, report: Report, wanted: frozenset[Place]) -> None:
        self.report = report
        self.wanted = wanted
        self.lines: dict[Place, int] = {}
        self.root: Any = None
        self._frames: list[_Frame] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._visits = 0
        self._aliased = 0
        self._documents = 0
        self.breaks = False

    def build(self, text: str) -> None:
        import yaml

        loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        bad = _NOT_PRINTABLE.search(text)
        if bad:
            line = text.count("\n", 0, bad.start()) + 1
            message = f"the character U+{ord(bad[0]):04X} may not stand in YAML"
            self.report.error((), message, f'Write it in double quotes, as "\\u{ord(bad[0]):04x}"', line=line)
            text = text[: bad.start()]
            self.breaks = True
        try:
            for event in yaml.parse(text, Loader=loader):
                self._take(event, yaml)
        except _Stop as stop:
            self.breaks = True
            self.report.error((), stop.message, stop.advice, line=stop.line)
        except yaml.YAMLError as error:
            self.breaks = True
            if not bad:  # else the cut itself is what the parser stumbles over
                self._syntax(error, text)

    def _syntax(self, error: "yaml.YAMLError", text: str) -> None:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        problem = str(getattr(error, "problem", None) or error)
        line = mark.line + 1 if mark else None
        column = f" at column {mark.column + 1}" if mark else ""
        source = text.split("\n")[mark.line] if mark and mark.line <= text.count("\n") else ""
        if problem.startswith("mapping values"):
            advice = "Put a text that holds a colon in quotes, and indent the fields of one mapping alike"
        elif "\t" in source[: len(source) - len(source.lstrip())] or "'\\t'" in problem:
            advice = "Indent with spaces, not tabs"
        elif line is not None and line > text.rstrip().count("\n") + 1:
            advice = "The file ends in the middle: a closing quote or bracket is missing"
        else:
            advice = "Check quotes, brackets and indentation around this line"
        self.report.error((), f"not valid YAML{column}: {problem}", advice, line=line)

    def _take(self, event: Any, module: Any) -> None:
        line = event.start_mark.line + 1 if event.start_mark else 1
        match event:
            case module.ScalarEvent():
                self._scalar(event, line)
            case module.MappingStartEvent():
                self._open({}, event, line)
            case module.SequenceStartEvent():
                self._open([], event, line)
            case module.MappingEndEvent() | module.SequenceEndEvent():
                self._close(line)
            case module.AliasEvent():
                self._alias(event.anchor, line)
            case module.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise _Stop("the file holds more than one YAML document", "Keep one; remove the --- line", line)
            case _:
                pass

    def _expects_key(self) -> bool:
        frame = self._frames[-1] if self._frames else None
        return frame is not None and frame.step is None and isinstance(frame.container, dict)

    def _place(self) -> Place:
        return tuple(frame.step for frame in self._frames if frame.step is not None)

    def _scalar(self, event: Any, line: int) -> None:
        self._visits += 1
        if self._expects_key():
            self._key(event, line)
            return
        self._begin(line)
        value = None
        try:
            value = self._value(event)
        except ValueError:
            message = "the value has too many digits, or is not what its tag says"
            self.report.error(self._place(), message, "Correct it, or put it in quotes", line=line)
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        self._attach(value)
        self._finish(value, line)

    def _value(self, event: Any) -> Any:
        tag = event.tag
        if tag is None or tag == "!":
            return plain_scalar(event.value) if event.implicit[0] else event.value
        kind = tag.removeprefix(_TAG)
        if kind == "str":
            return event.value
        expected: Any = {"int": int, "float": int | float, "bool": bool, "null": type(None)}.get(kind)
        if expected is None:
            raise _Stop(f"the tag {tag} is not known here", "Write the value without a tag", event.start_mark.line + 1)
        value = plain_scalar(event.value)
        if not isinstance(value, expected):
            raise ValueError(tag)
        return float(value) if kind == "float" else value

    def _key(self, event: Any, line: int) -> None:
        frame = self._frames[-1]
        frame.step = event.value
        if event.value == "<<" and event.implicit[0]:
            frame.merging = True
            return
        place = self._place()
        if event.value in frame.keys:
            self.report.error(place, f"the key {event.value} stands there twice", "Keep one of them", line=line)
        frame.keys.add(event.value)
        if place in self.wanted:
            self.lines[place] = line

    def _open(self, container: Any, event: Any, line: int) -> None:
        self._visits += 1
        if self._expects_key():
            raise _Stop("a key of a mapping is a list or a mapping", "Write text as the key", line)
        if event.tag not in (None, "!", f"{_TAG}map", f"{_TAG}seq"):
            raise _Stop(f"the tag {event.tag} is not known here", "Write the value without a tag", line)
        if len(self._frames) >= DEEPEST_FILE:
            raise _Stop(f"the file is nested more than {DEEPEST_FILE} levels deep", "Make it flatter", line)
        self._begin(line)
        self._attach(container)
        self._frames.append(_Frame(container, event.anchor, self._visits))

    def _close(self, line: int) -> None:
        frame = self._frames.pop()
        for merged in frame.merges:
            for key, value in merged.items():
                frame.container.setdefault(key, value)
        if frame.anchor:
            self._anchors[frame.anchor] = (frame.container, self._visits - frame.visits + 1)
        self._finish(frame.container, line)

    def _alias(self, anchor: str, line: int) -> None:
        if anchor not in self._anchors:
            raise _Stop(f"the alias *{anchor} has no anchor before it", "Put it in quotes if it is text", line)
        if self._expects_key():
            raise _Stop("a key of a mapping is an alias", "Write text as the key", line)
        value, size = self._anchors[anchor]
        self._visits += size
        self._aliased += size
        if self._aliased > MOST_ALIASED:
            raise _Stop(f"the aliases stand for more than {MOST_ALIASED:,} values", "Use fewer aliases", line)
        self._begin(line)
        self._attach(value)
        self._finish(value, line)

    def _begin(self, line: int) -> None:
        if self._frames and isinstance(self._frames[-1].container, list):
            frame = self._frames[-1]
            frame.step = len(frame.container)
            if self.wanted and self._place() in self.wanted:
                self.lines[self._place()] = line

    def _attach(self, value: Any) -> None:
        frame = self._frames[-1] if self._frames else None
        if frame is None:
            self.root = value
        elif isinstance(frame.container, list):
            frame.container.append(value)
        elif not frame.merging:
            frame.container[frame.step] = value

    def _finish(self, value: Any, line: int) -> None:
        frame = self._frames[-1] if self._frames else None
        if frame is None:
            return
        if frame.merging:
            parts = value if isinstance(value, list) else [value]
            if not all(isinstance(part, dict) for part in parts):
                raise _Stop("<< takes a mapping, or a list of mappings", "Write <<: *anchor", line)
            frame.merges.extend(parts)
            frame.merging = False
        frame.step = None
