"""Made-up verdicts: the same for the same question, and true to any schema."""

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxtui.sandbox.judging import Brief, answer, plain_answer, refined

VERDICT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "score": {"type": "integer", "minimum": 0, "maximum": 100},
        "confidence": {"type": "number"},
        "passed": {"type": "boolean"},
        "has_issues": {"type": "boolean"},
        "verdict": {"enum": ["pass", "fail"]},
        "why": {"type": "string", "maxLength": 60},
        "issues": {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 4},
        "refined_prompt": {"type": "string"},
    },
    "required": ["score", "passed", "verdict", "why", "issues", "refined_prompt"],
    "additionalProperties": False,
}

_numbers = st.integers(-50, 50)


@st.composite
def _bounded(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["integer", "number"]))
    low = draw(_numbers)
    schema: dict[str, Any] = {"type": kind}
    if draw(st.booleans()):
        schema[draw(st.sampled_from(["minimum", "exclusiveMinimum"]))] = low
    if draw(st.booleans()):
        schema[draw(st.sampled_from(["maximum", "exclusiveMaximum"]))] = low + draw(st.integers(2, 40))
    return schema


@st.composite
def _strings(draw: st.DrawFn) -> dict[str, Any]:
    low = draw(st.integers(0, 30))
    schema: dict[str, Any] = {"type": "string", "minLength": low}
    return {**schema, "maxLength": low + draw(st.integers(0, 200))} if draw(st.booleans()) else schema


_leaves = st.one_of(
    _bounded(),
    _strings(),
    st.just({"type": "boolean"}),
    st.just({"type": "null"}),
    st.just({}),
    st.lists(_numbers | st.text(max_size=5), min_size=1, max_size=4).map(lambda values: {"enum": values}),
    _numbers.map(lambda value: {"const": value}),
    st.just({"type": ["string", "null"]}),
)
_names = st.sampled_from(["score", "why", "issues", "prompt", "ok", "confidence", "title", "x"])


def _grown(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    objects = st.dictionaries(_names, inner, max_size=4).map(
        lambda properties: {
            "type": "object",
            "properties": properties,
            "required": sorted(properties),
            "additionalProperties": False,
        }
    )
    arrays = st.tuples(inner, st.integers(0, 3), st.integers(0, 3)).map(
        lambda parts: {"type": "array", "items": parts[0], "minItems": parts[1], "maxItems": parts[1] + parts[2]}
    )
    either = st.lists(inner, min_size=1, max_size=3).map(lambda options: {"anyOf": options})
    return objects | arrays | either


SCHEMAS = st.recursive(_leaves, _grown, max_leaves=8)


@given(SCHEMAS, st.text(max_size=40), st.binary(max_size=20))
def test_every_answer_fits_its_schema(schema: dict[str, Any], text: str, picture: bytes) -> None:
    value = answer(Brief(text, (picture,)), schema)
    jsonschema.validate(json.loads(json.dumps(value)), schema)


@given(st.dictionaries(st.text(max_size=12), st.none() | st.integers() | st.text(max_size=4) | st.lists(st.integers())))
def test_no_schema_breaks_it(schema: dict[str, Any]) -> None:
    json.dumps(answer(Brief("x"), {**schema, "properties": {"a": schema}}))


def test_a_schema_that_holds_itself_comes_to_an_end() -> None:
    node = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
            "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
        },
        "required": ["name", "children", "next"],
    }
    schema = {"$ref": "#/$defs/node", "$defs": {"node": node}}
    jsonschema.validate(answer(Brief("x"), schema), schema)
    assert answer(Brief("x"), {"$ref": "#"})


def test_the_same_question_has_the_same_answer_and_another_picture_another() -> None:
    first, same = (answer(Brief("Prompt: a fox", (b"picture",), "judge"), VERDICT) for _ in range(2))
    assert first == same
    scores = {json.dumps(answer(Brief("Prompt: a fox", (bytes([n]),)), VERDICT)) for n in range(20)}
    assert len(scores) > 10


@pytest.mark.parametrize("number", range(20))
def test_the_parts_of_a_verdict_agree(number: int) -> None:
    brief = Brief("Prompt: a fox in the snow", (bytes([number]),))
    verdict = answer(brief, VERDICT)
    assert isinstance(verdict, dict)
    jsonschema.validate(verdict, VERDICT)
    assert isinstance(verdict["score"], int)
    assert abs(verdict["score"] - 100 * brief.merit) <= 9
    assert (verdict["verdict"] == "pass") == (brief.merit > 0.5)
    assert verdict["has_issues"] is not (verdict["verdict"] == "pass")
    assert str(verdict["refined_prompt"]).startswith("a fox in the snow, ")


def test_refining_leads_somewhere() -> None:
    prompt, merits = "a fox", []
    for _ in range(4):
        brief = Brief(f"Judge the picture.\nPrompt: {prompt}", (b"picture",))
        merits.append(brief.merit)
        prompt = refined(brief)
    assert max(merits[1:]) > merits[0]
    assert prompt.startswith("a fox, ")
    assert prompt.count("soft directional light") == 1


def test_answers_in_plain_words() -> None:
    assert plain_answer(Brief("Please improve it. Prompt: a fox")).startswith("a fox, ")
    assert "Score: " in plain_answer(Brief("How good is it?", (b"x",)))
    assert Brief("[sandbox:429] a fox").prompt == "a fox"
    assert Brief("").prompt


def test_markers_do_not_change_a_verdict() -> None:
    assert answer(Brief("Prompt: a fox [sandbox:slow]"), VERDICT) == answer(Brief("Prompt: a fox"), VERDICT)
