"""Answers of simulated judges: made up, but always the same for the same pictures and words, plausible, and true to
whatever JSON schema they are asked for.

Every answer has one merit from 0 to 1 behind it, drawn from the pictures and the words, so that its numbers, booleans
and sentences agree with each other. Words of improvement that the sandbox itself adds when it refines a prompt raise
it: a loop of judging and refining gets somewhere.
"""

import hashlib
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fluxtui.domain.values import JsonObject, JsonValue
from fluxtui.sandbox.markers import without_markers

DETAILS = (
    "soft directional light",
    "crisp focus on the subject",
    "balanced composition",
    "a calm, uncluttered background",
    "rich but natural colours",
    "fine surface texture",
)
_RAISE = 0.08
_DEEPEST = 8

_PRAISE = (
    "The subject is clear and follows the prompt closely.",
    "Light and composition support the idea well.",
    "Colours are convincing and the details hold up.",
)
_MIXED = (
    "The subject is there, but parts of the prompt are only hinted at.",
    "The composition works, yet some details look uncertain.",
    "A fair reading of the prompt with uneven light.",
)
_BLAME = (
    "The picture misses important parts of the prompt.",
    "The subject is hard to make out and details fall apart.",
    "Composition and light work against the idea.",
)
_FLAWS = ("flat light", "cluttered background", "soft edges", "odd proportions", "missing detail", "muted colours")
_STRENGTHS = ("clear subject", "good light", "strong composition", "pleasing colours", "fine detail", "convincing mood")
_BAD_WORDS = re.compile(r"issue|flaw|problem|blur|artifact|artefact|defect|missing|unsafe|nsfw|violat|fail|weak|wrong")
_GOOD_CHOICES = re.compile(r"^(pass|passed|yes|good|great|excellent|accept|accepted|approve|keep|high|better)$")
_BAD_CHOICES = re.compile(r"^(fail|failed|no|bad|poor|reject|rejected|redo|low|worse)$")
_PROMPT_LINE = re.compile(r"(?im)\bprompt[^\S\n]*:[^\S\n]*(?P<text>\S.*)$")


@dataclass(frozen=True, slots=True)
class Brief:
    """What a judge is shown: the pictures' bytes (or their digests) and all the words; `salt` tells models apart."""

    text: str
    pictures: tuple[bytes, ...] = ()
    salt: str = ""

    @property
    def merit(self) -> float:
        """Return how good the judge finds it, from 0 to 1."""
        drawn = 0.25 + 0.6 * _roll(self._key(), "merit")
        return min(0.98, drawn + _RAISE * sum(detail in self.text for detail in DETAILS))

    def _key(self) -> str:
        parts = [hashlib.sha256(data).digest() for data in self.pictures]
        plain = without_markers(self.text).encode()
        return hashlib.sha256(b"|".join([self.salt.encode(), plain, *parts])).hexdigest()

    def roll(self, *where: object) -> float:
        return _roll(self._key(), *where)

    @property
    def prompt(self) -> str:
        """Return the prompt that the words are about: what stands behind `prompt:`, else the last line."""
        found = list(_PROMPT_LINE.finditer(self.text))
        if found:
            return without_markers(found[-1]["text"]).strip(" \"'")
        lines = [line.strip() for line in without_markers(self.text).splitlines() if line.strip()]
        return lines[-1][:400].strip(" \"'") if lines else "a picture"


def _roll(*what: object) -> float:
    data = hashlib.blake2b("|".join(map(str, what)).encode(), digest_size=8).digest()
    return int.from_bytes(data) / 2.0**64


def refined(brief: Brief) -> str:
    """Return a better prompt: two details more than before."""
    prompt = brief.prompt.rstrip(" .,")
    added = [detail for detail in DETAILS if detail not in prompt][:2]
    return ", ".join([prompt, *added])


def sentence(brief: Brief, *where: object) -> str:
    """Return one sentence of judgement."""
    merit = brief.merit
    choices = _PRAISE if merit > 0.66 else _MIXED if merit > 0.4 else _BLAME
    return choices[int(brief.roll("sentence", *where) * len(choices))]


def plain_answer(brief: Brief) -> str:
    """Return an answer for which no schema was given."""
    wants_prompt = re.search(r"refine|rewrite|improve|better prompt", brief.text, re.IGNORECASE)
    if wants_prompt:
        return refined(brief)
    return f"{sentence(brief)} Score: {round(10 * brief.merit)}/10."


def answer(brief: Brief, schema: Mapping[str, Any]) -> JsonValue:
    """Return a value that fits `schema`: plausible where names and bounds allow it.

    Known are type, properties, required, items, prefixItems, enum, const, anyOf, oneOf, allOf, $ref, nullable,
    minimum, maximum (also exclusive), multipleOf, minItems, maxItems, uniqueItems, minLength, maxLength and common
    formats. A schema that contradicts itself gets the nearest value.
    """
    return _Writer(brief, schema).value(schema, "", 0)


class _Writer:
    def __init__(self, brief: Brief, root: Mapping[str, Any]) -> None:
        self._brief = brief
        self._root = root

    def value(self, schema: Any, path: str, depth: int) -> JsonValue:
        schema = self._resolved(schema)
        if "const" in schema:
            constant: JsonValue = schema["const"]
            return constant
        choices = schema.get("enum")
        if isinstance(choices, list) and choices:
            return self._choice(choices, path)
        for name in ("anyOf", "oneOf"):
            options = schema.get(name)
            if isinstance(options, list) and options:
                rest = {key: value for key, value in schema.items() if key != name}
                return self.value({**rest, **self._option(options, depth)}, path, depth)
        return self._of_type(_kind(schema), schema, path, depth)

    def _of_type(self, kind: str, schema: Mapping[str, Any], path: str, depth: int) -> JsonValue:
        match kind:
            case "object":
                return self._object(schema, path, depth)
            case "array":
                return self._array(schema, path, depth)
            case "integer":
                return self._integer(schema, path)
            case "number":
                return self._number(schema, path)
            case "boolean":
                return self._brief.merit <= 0.5 if _BAD_WORDS.search(_leaf(path)) else self._brief.merit > 0.45
            case "null":
                return None
            case _:
                return self._text(schema, path)

    def _resolved(self, schema: Any, hops: int = 0) -> Mapping[str, Any]:
        """Return the schema with `$ref` followed and `allOf` laid together."""
        if not isinstance(schema, Mapping):
            return {}
        target = schema.get("$ref")
        if isinstance(target, str) and hops < 32:
            found: Any = self._root
            for part in target.lstrip("#/").split("/") if target not in ("#", "") else ():
                found = found.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(found, Mapping) else None
            beside = {key: value for key, value in schema.items() if key != "$ref"}
            return {**self._resolved(found, hops + 1), **beside}
        parts = schema.get("allOf")
        if isinstance(parts, list):
            merged: dict[str, Any] = {key: value for key, value in schema.items() if key != "allOf"}
            for part in parts:
                merged = _laid_over(merged, self._resolved(part, hops + 1) if hops < 32 else {})
            return merged
        return schema

    def _option(self, options: list[Any], depth: int) -> Mapping[str, Any]:
        resolved = [self._resolved(option) for option in options]
        if depth >= _DEEPEST:  # whatever ends soonest: a schema that holds itself must come to an end
            order = ("null", "boolean", "integer", "number", "string")
            simple = [option for name in order for option in resolved if _kind(option) == name]
            return simple[0] if simple else resolved[-1]
        return next((option for option in resolved if _kind(option) != "null"), resolved[0])

    def _choice(self, choices: list[Any], path: str) -> JsonValue:
        wanted = _GOOD_CHOICES if self._brief.merit > 0.5 else _BAD_CHOICES
        fitting = [choice for choice in choices if isinstance(choice, str) and wanted.match(choice.lower())]
        pool = fitting or [choice for choice in choices if choice is not None] or choices
        chosen: JsonValue = pool[int(self._brief.roll("choice", path) * len(pool))]
        return chosen

    def _object(self, schema: Mapping[str, Any], path: str, depth: int) -> JsonObject:
        properties = schema.get("properties")
        properties = properties if isinstance(properties, Mapping) else {}
        required = [str(name) for name in schema.get("required") or ()]
        ordering = [name for name in schema.get("propertyOrdering") or () if name in properties]
        result: JsonObject = {}
        for name in dict.fromkeys([*ordering, *properties]):
            if depth < _DEEPEST or name in required:
                result[name] = self.value(properties[name], f"{path}/{name}", depth + 1)
        for name in required:
            if name not in result:
                result[name] = self.value(schema.get("additionalProperties"), f"{path}/{name}", depth + 1)
        return result

    def _array(self, schema: Mapping[str, Any], path: str, depth: int) -> list[JsonValue]:
        first = schema.get("prefixItems")
        first = first if isinstance(first, list) else []
        low = max(_whole(schema.get("minItems"), 0), 0)
        high = _whole(schema.get("maxItems"), max(low, len(first), 3))
        drawn = 0 if depth >= _DEEPEST else max(len(first), 1 + round(2 * self._brief.roll("count", path)))
        if schema.get("items") is False:
            drawn = min(drawn, len(first))
        result: list[JsonValue] = []
        for number in range(max(low, min(drawn, high))):
            member = first[number] if number < len(first) else schema.get("items")
            value = self.value(member, f"{path}/{number}", depth + 1)
            if not (schema.get("uniqueItems") and value in result):
                result.append(value)
        return result

    def _span(self, schema: Mapping[str, Any], path: str, *, whole: bool) -> tuple[float, float]:
        """Return the bounds of a number; without any, those that its name suggests."""
        low, high = _bound(schema, "minimum"), _bound(schema, "maximum")
        above, below = _bound(schema, "exclusiveMinimum"), _bound(schema, "exclusiveMaximum")
        step = 1.0 if whole else 1e-6
        if above is not None:
            low = max(above + step, low if low is not None else -math.inf)
        if below is not None:
            high = min(below - step, high if high is not None else math.inf)
        unit = not whole and re.search(r"confidence|probab|similar|ratio|weight", _leaf(path))
        usual = 1.0 if unit else 10.0
        if low is None:
            low = 0.0 if high is None or high > 0 else high - usual
        return low, low + usual if high is None else high

    def _graded(self, low: float, high: float, path: str) -> float:
        """Return a number between bounds as high as the merit is, a little apart from its neighbours."""
        share = self._brief.merit + 0.16 * (self._brief.roll("number", path) - 0.5)
        share = 1 - share if _BAD_WORDS.search(_leaf(path)) else share
        return low + (high - low) * min(1.0, max(0.0, share))

    def _integer(self, schema: Mapping[str, Any], path: str) -> int:
        low, high = self._span(schema, path, whole=True)
        lowest, highest = math.ceil(low), math.floor(high)
        step = _whole(schema.get("multipleOf"), 1)
        value = round(self._graded(lowest, max(lowest, highest), path))
        if step > 1:
            value = _nearest_multiple(value, step, lowest, highest)
        return min(max(value, lowest), max(lowest, highest))

    def _number(self, schema: Mapping[str, Any], path: str) -> float:
        low, high = self._span(schema, path, whole=False)
        step = _bound(schema, "multipleOf")
        value = self._graded(low, max(low, high), path)
        if step is not None and step > 0:
            near = round(value / step) * step
            return near if low <= near <= high else math.ceil(low / step) * step
        return min(max(round(value, 2), low), max(low, high))

    def _text(self, schema: Mapping[str, Any], path: str) -> str:
        special = _FORMATS.get(str(schema.get("format")))
        text = special(self._brief) if special is not None else self._words(_leaf(path), path)
        pattern = schema.get("pattern")
        if isinstance(pattern, str):
            text = _matching(pattern, text)
        shortest = max(0, _whole(schema.get("minLength"), 0))
        while len(text) < shortest:
            text += f" {sentence(self._brief, path, len(text))}"
        longest = _whole(schema.get("maxLength"), len(text))
        return text[: max(longest, 0)]

    def _words(self, name: str, path: str) -> str:
        parent = _leaf(path.rpartition("/")[0])
        if "prompt" in name or "prompt" in parent:
            return refined(self._brief)
        pool = _FLAWS if _BAD_WORDS.search(name + parent) or "improve" in name + parent else None
        if pool is None and re.search(r"strength|tag|keyword|pro$|pros$|title|label", name + parent):
            pool = _STRENGTHS
        if pool is None:
            return sentence(self._brief, path)
        number = int(name) if name.isdigit() else 0
        return pool[(int(self._brief.roll("pool", parent) * len(pool)) + number) % len(pool)]


_FORMATS: Mapping[str, Callable[[Brief], str]] = {
    "date-time": lambda _: "2026-11-20T10:00:00Z",
    "date": lambda _: "2026-11-20",
    "time": lambda _: "10:00:00Z",
    "email": lambda _: "judge@sandbox.invalid",
    "uri": lambda _: "https://sandbox.invalid/",
    "uuid": lambda _: "00000000-0000-4000-8000-000000000000",
}


def _kind(schema: Mapping[str, Any]) -> str:
    """Return the type to answer with: the first that is not null, or the one that the other words imply."""
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((str(one) for one in kind if str(one).lower() != "null"), "null" if kind else None)
    if isinstance(kind, str):
        return kind.lower()
    implied = {
        "properties": "object",
        "required": "object",
        "items": "array",
        "prefixItems": "array",
        "minItems": "array",
        "minimum": "number",
        "maximum": "number",
        "multipleOf": "number",
    }
    return next((implied[name] for name in implied if name in schema), "string")


def _laid_over(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**first, **second}
    if isinstance(first.get("properties"), Mapping) and isinstance(second.get("properties"), Mapping):
        merged["properties"] = {**first["properties"], **second["properties"]}
    if isinstance(first.get("required"), list) and isinstance(second.get("required"), list):
        merged["required"] = [*first["required"], *second["required"]]
    return merged


def _leaf(path: str) -> str:
    return path.rpartition("/")[2].lower()


def _whole(value: Any, default: int) -> int:
    """Return a bound as a whole number; the proto spelling of Gemini's schemas has them as texts."""
    try:
        return default if value is None or isinstance(value, bool) else int(value)
    except (TypeError, ValueError, OverflowError):
        return default


def _bound(schema: Mapping[str, Any], name: str) -> float | None:
    value = schema.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _nearest_multiple(value: int, step: int, low: int, high: int) -> int:
    near = round(value / step) * step
    if near < low:
        near = -(-low // step) * step
    return near if near <= high else high // step * step


def _matching(pattern: str, text: str) -> str:
    """Return `text`, or the first of some short texts, that the pattern finds itself in."""
    try:
        known = re.compile(pattern)
    except re.error:
        return text
    candidates = (text, "a", "A", "0", "1", "10", "abc", "ABC", "a-b", "2026-11-20", "#808080", "")
    return next((candidate for candidate in candidates if known.search(candidate)), text)
