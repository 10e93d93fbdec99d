from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxtui.domain.batch import Axis, Batch, Target, Task
from fluxtui.domain.money import usd
from fluxtui.domain.problems import FluxtuiError, ProblemKind
from fluxtui.domain.request import Change
from fluxtui.domain.size import Size
from fluxtui.engine.plan import plan
from fluxtui.engine.rules import OwnRules
from tests.engine.fakes import FakeProvider, FakeServices, picture

ONE, TWO = Target("fake", "one"), Target("fake", "two")


@pytest.fixture
def services() -> FakeServices:
    return FakeServices(FakeProvider())


def test_a_batch_is_task_times_axis_points_times_targets_times_repeats(services: FakeServices) -> None:
    batch = Batch("b", (Task("fox", "a fox"), Task("owl", "an owl")), (ONE, TWO), (Axis("seed", (1, 2, 3)),), repeat=2)
    planned = plan(batch, services)
    assert len(planned.cells) == 2 * 2 * 3 * 2
    assert planned.quote.pictures == 24
    assert planned.quote.price.high == 24 * usd("0.04")
    assert {cell.request.seed for cell in planned.cells} == {1, 2, 3}


def test_file_names_are_readable_and_say_what_differs(services: FakeServices) -> None:
    batch = Batch("b", (Task("fox", "a fox"),), (ONE, TWO), (Axis("seed", (1, 2)),), repeat=2)
    stems = [cell.stem for cell in plan(batch, services).cells]
    assert stems[:4] == ["fox_one_seed-1_1", "fox_one_seed-1_2", "fox_two_seed-1_1", "fox_two_seed-1_2"]


def test_one_plain_task_keeps_its_plain_name(services: FakeServices) -> None:
    assert [cell.stem for cell in plan(Batch("b", (Task("fox", "a fox"),)), services).cells] == ["fox"]


@given(st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=12, unique=True))
def test_whatever_tasks_are_called_no_two_pictures_share_a_file(names: list[str]) -> None:
    batch = Batch("b", tuple(Task(name, "p") for name in names), (ONE,), (Axis("seed", (1, 2)),))
    stems = [cell.stem.casefold() for cell in plan(batch, FakeServices(FakeProvider())).cells]
    assert len(set(stems)) == len(stems)
    assert not any("/" in stem or stem.startswith(".") for stem in stems)


def test_nearer_values_win(services: FakeServices) -> None:
    batch = Batch(
        "b",
        (Task("fox", "a fox", parameters={"steps": 20, "size": "512x768"}),),
        (Target("fake", "one", {"guidance": 3}),),
        (Axis("guidance", (4.5,)),),
        defaults={"steps": 10, "guidance": 2, "output_format": "PNG", "seed": 9},
    )
    request = plan(batch, services).cells[0].request
    assert (request.steps, request.guidance, request.seed, request.size) == (20, 4.5, 9, Size(512, 768))
    assert request.output_format == "png"


def test_an_axis_that_the_prompt_names_is_a_word_in_it(services: FakeServices) -> None:
    batch = Batch("b", (Task("fox", "a fox, {style}, {not an axis}"),), (ONE,), (Axis("style", ("anime", "oil")),))
    cells = plan(batch, services).cells
    assert [cell.request.prompt for cell in cells] == ["a fox, anime, {not an axis}", "a fox, oil, {not an axis}"]
    assert all(cell.request.parameters == {} for cell in cells)


def test_more_pictures_than_a_request_makes_become_several_requests(services: FakeServices) -> None:
    batch = Batch("b", (Task("fox", "a fox", parameters={"n": 3, "seed": 7}),), (ONE,))
    cells = plan(batch, services).cells
    assert [(cell.request.count, cell.request.seed) for cell in cells] == [(1, 7), (1, 8), (1, 9)]
    assert [cell.assessment.adaptations[0].change for cell in cells] == [Change.REWRITTEN] * 3
    assert len({cell.key for cell in cells}) == 3


def test_the_same_batch_gives_the_same_keys(services: FakeServices) -> None:
    batch = Batch("b", (Task("fox", "a fox"),), (ONE,), (Axis("seed", (1, 2)),))
    first, second = plan(batch, services), plan(batch, services)
    assert [c.key for c in first.cells] == [c.key for c in second.cells]


def test_extra_reaches_only_whom_it_is_for(services: FakeServices) -> None:
    task = Task("fox", "a fox", extra={"raw": True, "fake": {"hidden": 1}, "bfl": {"other": 2}})
    request = plan(Batch("b", (task,), (ONE,)), services).cells[0].request
    assert request.extra["hidden"] == 1
    assert request.extra["raw"] is True


def test_the_quote_counts_adaptations_and_leaves_out_what_is_impossible(services: FakeServices) -> None:
    tasks = (
        Task("a", "a", negative_prompt="rain"),
        Task("b", "b", negative_prompt="rain"),
        Task("c", "c", parameters={"impossible": True}),
    )
    (line,) = plan(Batch("b", tasks, (ONE,)), services).quote.lines
    assert line.adaptations == (("negative_prompt is ignored: no such field", 2),)
    assert line.impossible == (("It cannot do that.", 1),)
    assert (line.pictures, line.price.high) == (2, 2 * usd("0.04"))


def test_a_missing_reference_is_impossible_before_anything_is_sent(services: FakeServices, tmp_path: Path) -> None:
    folder = tmp_path
    (folder / "there.png").write_bytes(picture())
    tasks = (
        Task("a", "a", references=(str(folder / "there.png"),)),
        Task("b", "b", references=(str(folder / "gone.png"),)),
    )
    first, second = plan(Batch("b", tasks, (ONE,)), services).cells
    assert first.assessment.impossible is None
    assert second.assessment.impossible is not None
    assert "gone.png" in second.assessment.impossible.what


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"size": "big"}, "WIDTHxHEIGHT"),
        ({"steps": "many"}, "whole number"),
        ({"seed": True}, "whole number"),
        ({"guidance": float("inf")}, "a number"),
        ({"output_format": 3}, "a word"),
    ],
)
def test_a_value_of_the_wrong_type_names_task_and_target(
    services: FakeServices, parameters: dict[str, object], message: str
) -> None:
    batch = Batch("b", (Task("fox", "a fox", parameters=parameters),), (ONE,))  # type: ignore[arg-type]
    with pytest.raises(FluxtuiError, match=message) as caught:
        plan(batch, services)
    assert "'fox' for fake/one" in caught.value.problem.what


def test_an_unknown_service_names_the_nearest(services: FakeServices) -> None:
    with pytest.raises(FluxtuiError, match="Did you mean fake"):
        plan(Batch("b", (Task("fox", "a fox"),), (Target("fkae", "one"),)), services)


def test_a_service_without_a_key_says_which_variable_is_missing() -> None:
    with pytest.raises(FluxtuiError, match="FAKE_KEY"):
        plan(Batch("b", (Task("fox", "a fox"),), (ONE,)), FakeServices(None))


def test_too_many_cells_are_a_mistake(services: FakeServices) -> None:
    axes = tuple(Axis(name, tuple(range(200))) for name in ("seed", "steps", "guidance"))
    with pytest.raises(FluxtuiError, match="8,000,000 jobs"):
        plan(Batch("b", (Task("fox", "a fox"),), (ONE,), axes), services)


def test_a_blocked_word_refuses_the_cell_and_names_the_word(services: FakeServices) -> None:
    services.rules = OwnRules(blocked_words=("fox",))
    cell, other = plan(Batch("b", (Task("a", "A Fox."), Task("b", "an owl")), (ONE,)), services).cells
    assert cell.assessment.impossible is not None
    assert (cell.assessment.impossible.kind, "'fox'" in cell.assessment.impossible.what) == (
        ProblemKind.MODERATION,
        True,
    )
    assert other.assessment.impossible is None


def test_our_own_limit_of_pictures_a_request_splits_further(services: FakeServices) -> None:
    provider = services.provider("fake")
    assert isinstance(provider, FakeProvider)
    provider.max_count = lambda model: 4  # type: ignore[method-assign]
    batch = Batch("b", (Task("fox", "a fox", parameters={"n": 4, "seed": 1}),), (ONE,))
    assert [c.request.count for c in plan(batch, services).cells] == [4]
    services.rules = OwnRules(most_in_a_request=2)
    assert [(c.request.count, c.request.seed) for c in plan(batch, services).cells] == [(2, 1), (2, 3)]


def test_a_fallback_is_worked_out_beforehand(services: FakeServices) -> None:
    target = Target("fake", "one", fallback=("fake/two",))
    (cell,) = plan(Batch("b", (Task("fox", "a fox"),), (target,)), services).cells
    assert [(f.target, f.request.model) for f in cell.fallbacks] == [("fake/two", "two")]


def test_a_fallback_that_cannot_be_used_is_a_mistake(services: FakeServices) -> None:
    target = Target("fake", "one", fallback=("nobody/x",))
    with pytest.raises(FluxtuiError, match="nobody"):
        plan(Batch("b", (Task("fox", "a fox"),), (target,)), services)
