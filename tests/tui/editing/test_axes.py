"""Axes, repeat and defaults as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxtui.domain.batch import Axis, Batch, Target, Task
from fluxtui.tui.editing import axes
from fluxtui.tui.editing.fields import FieldError

VALUES = st.one_of(
    st.integers(-5, 50), st.sampled_from([2.5, "anime", "a, b", 'say "so"', "28", "x; y", "1024x768", True, ""])
)


@given(st.lists(VALUES, min_size=1, max_size=5, unique_by=repr))
def test_the_values_of_an_axis_read_back_as_they_were(values: list[int | float | str | bool]) -> None:
    assert list(map(repr, axes.axis_of("style", axes.values_text(values)).values)) == list(map(repr, values))


@pytest.mark.parametrize(
    ("name", "text"),
    [("", "1"), ("seed", ""), ("seed", "1.."), ("seed", "1,,2"), ("size", "q"), ("seed", "1, 1"), ("prompt", "a")],
)
def test_an_axis_that_cannot_be_is_refused_in_words(name: str, text: str) -> None:
    with pytest.raises(FieldError) as error:
        axes.axis_of(name, text)
    assert error.value.sentence().endswith((".", "!", "?"))


@pytest.mark.parametrize("text", ["0", "x", "-1", "1001", "²", "99999999999999999999"])
def test_a_repeat_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(FieldError, match="cannot be"):
        axes.repeat_of(text)


def test_another_tools_name_is_the_one_used_here() -> None:
    assert axes.axis_of("cfg", "2.5, 5") == Axis("guidance", (2.5, 5))
    assert axes.parameter_of("num_inference_steps", "28") == ("steps", 28)


def test_words_in_braces_are_suggested_first() -> None:
    batch = Batch("b", (Task("t", "A {style} cat, {light} {}", negative_prompt="{not here}{what}"),))
    assert axes.suggested(batch, {"seed"}) == ("style", "light", "what", "steps", "guidance", "size", "quality")


def test_a_change_of_one_part_is_named_after_it() -> None:
    batch = Batch("b", (Task("t", "x"),), axes=(Axis("seed", (1,)),))
    assert axes.framed(batch, batch.axes, 1, ()).batch is batch
    assert axes.framed(batch, batch.axes, 3, ()).label == "change the repeat"
    assert axes.framed(batch, (), 1, [("size", "8x8")]).label == "change axes and defaults"


def test_the_product_is_told_in_words() -> None:
    batch = Batch("b", (Task("t", "x"),) * 4)
    swept = (Axis("seed", (1, 2, 3, 4)), Axis("guidance", (1, 2)), Axis("steps", (1,)))
    told = axes.product_words(batch, (Target("bfl", "a"),) * 3, swept, 2)
    assert told == "4 tasks × 3 targets × 4 seeds × 2 guidance values × 1 steps × 2 repeats = 192 cells"
