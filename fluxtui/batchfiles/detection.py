"""Which format a text is in, by what it says and not by what the file is called."""

import re
import tomllib
from dataclasses import dataclass

from fluxtui.batchfiles.jsontext import JsonDocument, JsonSyntaxError, parse
from fluxtui.batchfiles.native import FIELDS
from fluxtui.batchfiles.table import header_of

FORMATS = ("comparator", "scenes", "native-yaml", "native-json", "native-toml", "csv", "jsonl", "text")

_FIELD = "|".join(FIELDS)
_TOML_START = re.compile(rf"\[\[?\s*(?:{_FIELD})[\s.\]]|(?:{_FIELD})\s*=")
_TOML_TABLE = re.compile(r"\[\[?[\w. -]+\]\]?\s*(?:#.*)?|[\w\"$-]+\s*=\s*(?:[\"'\[{\d+-].*|(?:true|false)\s*(?:#.*)?)")
_YAML_START = re.compile(rf"(?:---|%YAML|[\"']?(?:{_FIELD})[\"']?\s*:(?:\s|$)|- +(?:name|prompt|payload)\s*:(?:\s|$))")
_YAML_TASKS = re.compile(r"^[\"']?(?:tasks|prompts)[\"']?[ \t]*:[ \t]*(?:$|[\[#&\r])", re.MULTILINE)
_YAML_FLOW = re.compile(r"\{\s*[\w-]+\s*:\s")
_JSON_MAPPING = re.compile(r'\{\s*["}]|\{\s*$')
_JSON_LIST = re.compile(r"\[\s*(?:[{\[\"\]]|//|'|$)")
_MARKUP = re.compile(r"<(?:!doctype|html|\?xml|svg|head|body)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Detected:
    """The format of a text. Of JSON also the document, or why it is none: it is parsed only once."""

    format: str
    document: JsonDocument | None = None
    syntax: JsonSyntaxError | None = None


def detect(text: str) -> Detected | None:
    """Return the format of `text`, None when it is no batch at all (a web page)."""
    first = first_line(text)
    if first[:1] in ("{", "["):
        found = _json(text, first)
        if found:
            return found
    if _MARKUP.match(first):
        return None
    if _TOML_START.match(first) or (_TOML_TABLE.fullmatch(first) and _is_native_toml(text)):
        return Detected("native-toml")
    if _YAML_START.match(first) or _YAML_FLOW.match(first):
        return Detected("native-yaml")
    if header_of(first):
        return Detected("csv")
    return Detected("native-yaml" if _YAML_TASKS.search(text) else "text")


def first_line(text: str) -> str:
    """Return the first line that is neither blank nor a comment, without the space around it."""
    position = 0
    while position < len(text):
        end = text.find("\n", position)
        end = len(text) if end < 0 else end
        line = text[position:end].strip()
        if line and not line.startswith("#"):
            return line
        position = end + 1
    return ""


def _json(text: str, first: str) -> Detected | None:
    if not text.lstrip().startswith(first[0]):  # a comment stands before it: YAML or TOML
        return None
    try:
        document = parse(text)
    except JsonSyntaxError as error:
        return _broken_json(text, first, error)
    return Detected(_format_of(document.value), document)


def _format_of(value: object) -> str:
    if isinstance(value, list):
        return "comparator"
    fields = value if isinstance(value, dict) else {}
    if "tasks" not in fields:
        if "prompts" in fields:
            return "scenes"
        if "prompt" in fields or "payload" in fields:
            return "jsonl"
    return "native-json"


def _broken_json(text: str, first: str, error: JsonSyntaxError) -> Detected | None:
    if first[0] == "{" and _has_lines_of_json(text):
        return Detected("jsonl")
    if _TOML_START.match(first) or _YAML_FLOW.match(first):
        return None
    start = text.lstrip()[:1000]
    if first[0] == "[":
        return Detected("comparator", syntax=error) if _JSON_LIST.match(start) else None
    if not _JSON_MAPPING.match(start):
        return None
    head = text[:100_000]
    is_scenes = '"prompts"' in head and '"tasks"' not in head
    return Detected("scenes" if is_scenes else "native-json", syntax=error)


def _has_lines_of_json(text: str) -> bool:
    """Return whether one of the first two lines is a JSON mapping by itself and the second starts like one."""
    lines = [line.strip() for line in text[:1_000_000].split("\n", 20) if line.strip()][:2]
    if len(lines) == 2 and not lines[1].startswith("{"):
        return False
    for line in lines:
        try:
            if isinstance(parse(line).value, dict):
                return len(lines) == 2
        except JsonSyntaxError:
            continue
    return False


def _is_native_toml(text: str) -> bool:
    try:
        value = tomllib.loads(text)
    except (ValueError, RecursionError):
        return bool(re.search(r"^\[\[tasks\]\]", text, re.MULTILINE))
    return any(field in value for field in FIELDS)
