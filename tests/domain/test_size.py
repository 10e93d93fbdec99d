"""Sizes as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxtui.domain.size import LARGEST_SIDE, Size

sides = st.integers(1, LARGEST_SIDE)


@given(sides, sides, st.sampled_from(["x", "X", "×", "*", " x "]))
def test_every_spelling_reads_back(width: int, height: int, sign: str) -> None:
    size = Size.parse(f" {width}{sign}{height} ")
    assert (size.width, size.height) == (width, height)
    assert Size.parse(str(size)) == size


@given(st.text(max_size=20).filter(lambda text: not any(character.isdecimal() for character in text)))
def test_anything_else_says_what_is_right(text: str) -> None:
    with pytest.raises(ValueError, match="WIDTHxHEIGHT, for example"):
        Size.parse(text)


@pytest.mark.parametrize(
    "text", ["0x1024", "1024x0", "16385x1", "999999x999999", "1024", "x", "-1x5", "1e3x5", "1024x"]
)
def test_impossible_sizes_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a size"):
        Size.parse(text)


def test_the_nearest_has_the_shape_first() -> None:
    choices = (Size(1024, 1024), Size(1792, 1024), Size(1024, 1792), Size(256, 256))
    assert Size(1920, 1080).nearest(choices) == Size(1792, 1024)
    assert Size(300, 300).nearest(choices) == Size(256, 256)
