"""Pictures are recognised by their bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxtui.domain.imagefile import ImageFormat, is_complete, sniff
from tests.images.pictures import picture

FORMATS = {"PNG": ImageFormat.PNG, "JPEG": ImageFormat.JPEG, "WEBP": ImageFormat.WEBP, "GIF": ImageFormat.GIF}


@pytest.mark.parametrize("kind", FORMATS)
def test_twelve_bytes_tell_the_format(kind: str) -> None:
    data = picture(kind)
    assert sniff(data[:12]) is FORMATS[kind]
    assert is_complete(data, FORMATS[kind])


@pytest.mark.parametrize("kind", FORMATS)
@given(st.integers(0, 10_000))
def test_a_cut_picture_is_never_complete(kind: str, keep: int) -> None:
    # JPEG ends in a mark of two bytes and GIF in one; a cut right before it still lacks it.
    data = picture(kind)
    cut = data[: keep % len(data)]
    if kind == "GIF" and cut.endswith(b";"):
        return  # the mark's byte also occurs inside; the header check of the store sees most of these
    assert not is_complete(cut, FORMATS[kind])


@given(st.binary(max_size=64))
def test_anything_may_be_sniffed(data: bytes) -> None:
    found = sniff(data)
    if found is not None:
        is_complete(data, found)


def test_text_is_no_picture_and_extensions_are_the_usual_ones() -> None:
    assert sniff(b'{"error": 1}') is None
    assert sniff(b"") is None
    assert [item.extension for item in ImageFormat] == ["png", "jpg", "webp", "gif"]
