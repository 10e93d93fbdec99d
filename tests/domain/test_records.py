"""What is stored as JSON comes back equal; `extra` reaches the right provider."""

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxtui.domain.batch import Target, extra_for
from fluxtui.domain.problems import FluxtuiError, Problem, ProblemKind
from fluxtui.domain.request import Adaptation, Change, ImageRequest
from fluxtui.domain.size import Size
from fluxtui.domain.values import JsonObject, JsonValue, canonical_json, digest, merged

texts = st.text(max_size=40)
values: st.SearchStrategy[JsonValue] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=8,
)
objects: st.SearchStrategy[JsonObject] = st.dictionaries(texts, values, max_size=4)

requests = st.builds(
    ImageRequest,
    model=texts,
    prompt=texts,
    negative_prompt=st.none() | texts,
    size=st.none() | st.builds(Size, st.integers(1, 4096), st.integers(1, 4096)),
    steps=st.none() | st.integers(1, 100),
    guidance=st.none() | st.floats(0, 30),
    seed=st.none() | st.integers(0, 2**63),
    count=st.integers(1, 10),
    output_format=st.none() | st.sampled_from(["png", "jpeg", "webp"]),
    parameters=objects,
    references=st.lists(texts, max_size=3).map(tuple),
    extra=objects,
)
problems = st.builds(
    Problem,
    st.sampled_from(ProblemKind),
    st.text(max_size=700),
    st.text(max_size=700),
    texts,
    st.none() | texts,
    st.none() | st.integers(100, 599),
    st.none() | st.text(max_size=2500),
)
adaptations = st.builds(Adaptation, texts, st.sampled_from(Change), values, values, texts)


def stored(value: JsonObject) -> JsonObject:
    result: JsonObject = json.loads(json.dumps(value))
    return result


@given(requests)
def test_a_request_comes_back_equal(request: ImageRequest) -> None:
    assert ImageRequest.from_json(stored(request.as_json())) == request


@given(problems)
def test_a_problem_comes_back_equal_and_is_plain(problem: Problem) -> None:
    assert Problem.from_json(stored(problem.as_json())) == problem
    assert "\x1b" not in problem.sentence()
    assert len(problem.what) <= 500


@given(adaptations)
def test_an_adaptation_comes_back_equal(adaptation: Adaptation) -> None:
    assert Adaptation.from_json(stored(adaptation.as_json())) == adaptation
    assert adaptation.reason in adaptation.sentence()


def test_a_request_that_was_not_written_here_is_refused() -> None:
    with pytest.raises(KeyError):
        ImageRequest.from_json({"prompt": "a robot"})


def test_a_problem_is_said_in_sentences() -> None:
    problem = Problem(ProblemKind.CREDITS, "No credits are left", "The account is empty.", "Top it up", "req-7")
    assert problem.sentence() == "No credits are left. The account is empty. Top it up. Request id: req-7."
    assert str(FluxtuiError(problem)) == problem.sentence()
    assert problem.with_advice("Wait").advice == "Wait"


PROVIDERS = frozenset({"azure-flux", "bfl"})


@pytest.mark.parametrize(
    ("provider", "given_fields"),
    [
        ("azure-flux", {"quality": "hd", "style": "natural", "raw": False}),
        ("bfl", {"quality": "hd", "raw": True, "safety_tolerance": 6}),
    ],
)
def test_extra_of_one_provider_reaches_it_alone_and_wins(provider: str, given_fields: JsonObject) -> None:
    extra: JsonObject = {
        "azure": {"style": "natural"},
        "bfl": {"raw": True},
        "bfl_flux": {"safety_tolerance": 6},
        "raw": False,
        "quality": "hd",
    }
    assert extra_for(extra, provider, PROVIDERS) == given_fields


def test_a_general_field_that_shares_a_providers_name_stays_general() -> None:
    assert extra_for({"bfl": "not a table", "other": {"a": 1}}, "azure-flux", PROVIDERS) == {
        "bfl": "not a table",
        "other": {"a": 1},
    }


def test_a_provider_nobody_listed_has_its_part_by_its_own_id() -> None:
    extra: Mapping[str, JsonValue] = {"my_box": {"sampler": "euler"}, "bfl": {"raw": True}}
    assert extra_for(extra, "my-box", PROVIDERS) == {"sampler": "euler"}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("bfl/flux-pro-1.1", "bfl/flux-pro-1.1"),
        ("Azure_Flux/FLUX.1", "azure-flux/FLUX.1"),
        ("fal/a/b", "fal/a/b"),
        ("bfl", "bfl"),
    ],
)
def test_targets_are_written_provider_slash_model(text: str, name: str) -> None:
    assert Target.parse(text).name == name


def test_a_target_needs_a_provider() -> None:
    with pytest.raises(ValueError, match="provider/model"):
        Target.parse(" /flux")


@given(objects)
def test_one_value_has_one_spelling(value: JsonObject) -> None:
    turned = dict(reversed(list(value.items())))
    assert canonical_json(turned) == canonical_json(value)
    assert json.loads(canonical_json(value)) == value
    assert len(digest(value)) == 64


def test_later_layers_win() -> None:
    assert merged({"a": 1, "b": 1}, {"b": 2}, {}) == {"a": 1, "b": 2}
