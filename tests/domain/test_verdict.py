"""Verdicts: one strict shape, read back as written, and what a judge gets wrong is named."""

from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxtui.domain.verdict import CRITERIA, Verdict, schema

SCORES = st.floats(0, 10).map(lambda score: round(score, 2))
TEXTS = st.lists(st.text("abc äß.", min_size=1, max_size=20).map(str.strip).filter(bool), max_size=5).map(tuple)
VERDICTS = st.builds(
    Verdict,
    overall=SCORES,
    adherence=SCORES,
    criteria=st.fixed_dictionaries(dict.fromkeys(CRITERIA, SCORES)),
    strengths=TEXTS,
    problems=TEXTS,
    suggestion=st.text("abc äß.", max_size=40).map(str.strip),
)


def good(**changes: Any) -> dict[str, Any]:
    criteria = dict.fromkeys(CRITERIA, 7)
    plain = {
        "overall": 8,
        "adherence": 6.5,
        "criteria": criteria,
        "strengths": ["light"],
        "problems": [],
        "suggestion": "x",
    }
    return {**plain, **changes}


@given(VERDICTS)
def test_a_verdict_reads_back_and_fits_its_schema(verdict: Verdict) -> None:
    assert Verdict.from_json(verdict.as_json()) == verdict
    jsonschema.validate(verdict.as_json(), schema())


def test_every_object_of_the_schema_is_closed() -> None:
    """What strict modes want: no property optional, none besides."""

    def check(part: dict[str, Any]) -> None:
        if part["type"] == "object":
            assert part["additionalProperties"] is False
            assert part["required"] == list(part["properties"])
            for inner in part["properties"].values():
                check(inner)

    check(schema())


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([], "no object"),
        (None, "no object"),
        ({"overall": 5}, "lacks adherence, criteria"),
        (good(extra=1), "holds extra"),
        (good(overall=85), "overall is 85, not between 0 and 10"),
        (good(overall=-0.1), "not between"),
        (good(overall="8"), "overall is no number"),
        (good(adherence=True), "adherence is no number"),
        (good(adherence=float("nan")), "adherence is no number"),
        (good(criteria={"light": 5}), "criteria lacks"),
        (good(criteria={**dict.fromkeys(CRITERIA, 5), "smell": 3}), "criteria holds smell"),
        (good(criteria=[]), "criteria is no object"),
        (good(strengths="light"), "strengths is no list of texts"),
        (good(problems=[1]), "problems is no list of texts"),
        (good(suggestion=None), "suggestion is no text"),
    ],
)
def test_what_a_judge_gets_wrong_is_named(data: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Verdict.from_json(data)


def test_what_a_judge_writes_is_hostile_too() -> None:
    verdict = Verdict.from_json(
        good(strengths=["\x1b[31mlight\x1b[0m\nand more", " "] + ["x" * 999] * 20, suggestion="a\x07b" + "y" * 5000)
    )
    assert verdict.strengths[0] == "light and more"
    assert len(verdict.strengths) == 12
    assert len(verdict.strengths[1]) == 300
    assert verdict.suggestion.startswith("ab")
    assert len(verdict.suggestion) == 1000
