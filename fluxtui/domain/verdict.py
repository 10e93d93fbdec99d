"""What a judge says of a picture: scores and sentences in one strict shape, whoever the judge is."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from fluxtui.domain.text import plain
from fluxtui.domain.values import JsonObject, JsonValue

HIGHEST = 10
"""Scores go from 0 (useless) to this (could not be better)."""

CRITERIA: Mapping[str, str] = {
    "composition": "arrangement, framing, balance, where the eye is led",
    "light": "light, shadow and colour",
    "detail": "sharpness, texture, freedom from artefacts",
    "plausibility": "anatomy, perspective, physics, readable lettering where there is any",
    "style": "whether mood and style fit the prompt and hold together",
}
"""What is scored besides the whole, and what each word means."""

_MOST_POINTS, _LONGEST_POINT, _LONGEST_TEXT = 12, 300, 1000


@dataclass(frozen=True, slots=True)
class Verdict:
    """One judge's evaluation of one picture. Scores from 0 to 10; texts are plain and capped.

    `adherence` is how well the picture follows its prompt; `suggestion` what to change in the prompt.
    """

    overall: float
    adherence: float
    criteria: Mapping[str, float]
    strengths: tuple[str, ...]
    problems: tuple[str, ...]
    suggestion: str

    def as_json(self) -> JsonObject:
        return {
            "overall": self.overall,
            "adherence": self.adherence,
            "criteria": dict(self.criteria),
            "strengths": list(self.strengths),
            "problems": list(self.problems),
            "suggestion": self.suggestion,
        }

    @classmethod
    def from_json(cls, data: object) -> "Verdict":
        """Read what a judge answered, or what `as_json` wrote.

        Raises ValueError that names what is wrong: every field has to be there, none besides.
        """
        fields = _object(data, "the verdict", _FIELDS)
        criteria = _object(fields["criteria"], "criteria", frozenset(CRITERIA))
        suggestion = fields["suggestion"]
        if not isinstance(suggestion, str):
            raise ValueError("suggestion is no text")
        return cls(
            overall=_score(fields["overall"], "overall"),
            adherence=_score(fields["adherence"], "adherence"),
            criteria={name: _score(criteria[name], name) for name in CRITERIA},
            strengths=_points(fields["strengths"], "strengths"),
            problems=_points(fields["problems"], "problems"),
            suggestion=plain(suggestion, limit=_LONGEST_TEXT).strip(),
        )


_FIELDS = frozenset({"overall", "adherence", "criteria", "strengths", "problems", "suggestion"})


def _object(data: object, what: str, names: frozenset[str]) -> Mapping[str, object]:
    if not isinstance(data, Mapping):
        raise ValueError(f"{what} is no object")
    if absent := sorted(names - data.keys()):
        raise ValueError(f"{what} lacks {', '.join(absent)}")
    if besides := sorted(str(name) for name in data.keys() - names):
        raise ValueError(f"{what} holds {plain(', '.join(besides), limit=100)}, which nobody asked for")
    return data


def _score(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{name} is no number")
    if not 0 <= value <= HIGHEST:
        raise ValueError(f"{name} is {value:g}, not between 0 and {HIGHEST}")
    return round(float(value), 2)


def _points(value: object, name: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"{name} is no list of texts")
    texts = (plain(item, limit=_LONGEST_POINT, newlines=False).strip() for item in value)
    return tuple(text for text in texts if text)[:_MOST_POINTS]


def schema() -> JsonObject:
    """Return the JSON Schema of a verdict, in the words that every service's strict mode knows."""

    def score(description: str) -> JsonObject:
        return {"type": "number", "minimum": 0, "maximum": HIGHEST, "description": description}

    def points(description: str) -> JsonObject:
        return {"type": "array", "items": {"type": "string"}, "description": description}

    return closed_object(
        {
            "overall": score("the picture as a whole, as a demanding art director sees it"),
            "adherence": score("how completely and exactly the picture shows what the prompt says"),
            "criteria": closed_object({name: score(meaning) for name, meaning in CRITERIA.items()}),
            "strengths": points("what succeeded, a few words each, at most five"),
            "problems": points("what failed or is missing, a few words each, at most five, worst first"),
            "suggestion": {"type": "string", "description": "one sentence: what to change in the prompt"},
        }
    )


def closed_object(properties: Mapping[str, JsonValue]) -> JsonObject:
    """Return the schema of an object with exactly these properties."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }
