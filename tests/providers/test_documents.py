"""Cutting pictures out of JSON agrees with parsing all of it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fluxtui.providers.documents import LONG, parse, picture_bytes

KEYS = st.sampled_from(["b64_json", "url", "data", 'say "b64_json', "b64_json\\", "revised_prompt", "é"])
TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["", "\\", '\\"', "/9j/4AAQ", "b64_json", '"b64_json":"x"']),
    st.builds(
        lambda piece, count, tail: piece * count + tail,
        st.sampled_from(["iVBORw0KGgo/", "a\\b", '"', "é\n", "/\\/", "\\\\"]),
        st.integers(LONG // 12, LONG + 5),
        st.sampled_from(["", "\\", '"', "=="]),
    ),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=8,
)


def restored(value: Any) -> Any:
    """Undo the views, so that the result can be compared with that of `json.loads`."""
    if isinstance(value, dict):
        return {key: restored(item) for key, item in value.items()}
    if isinstance(value, list):
        return [restored(item) for item in value]
    return bytes(value).decode() if isinstance(value, bytes | memoryview) else value


@settings(deadline=None)
@given(VALUES, st.booleans(), st.sampled_from([None, 1]), st.booleans())
def test_it_is_json_loads(value: Any, ascii_only: bool, indent: int | None, slashes: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    if slashes:
        text = text.replace("/", "\\/")  # as PHP writes them
    assert restored(parse(text.encode())) == value


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_what_is_no_json_is_a_value_error_or_what_json_says(body: bytes) -> None:
    try:
        expected = json.loads(body)
    except ValueError:
        with pytest.raises(ValueError, match=r"."):
            parse(body)
    else:
        assert parse(body) == expected


def test_a_picture_is_a_view_and_not_a_copy() -> None:
    base64 = "iVBORw0KGgo" * 1000
    body = json.dumps(
        {"created": 1, "data": [{"url": None, "b64_json": base64, "revised_prompt": "p" * 5000}]}
    ).encode()
    (item,) = parse(body)["data"]
    assert isinstance(item["b64_json"], memoryview)
    assert item["b64_json"].obj is body
    assert bytes(item["b64_json"]).decode() == base64
    assert item["revised_prompt"] == "p" * 5000


def test_escaped_slashes_are_resolved() -> None:
    body = ('{"data": [{"b64_json" : "' + "\\/9j\\/" * 1000 + '"}]}').encode()
    assert bytes(parse(body)["data"][0]["b64_json"]) == b"/9j/" * 1000


def test_an_escaped_key_and_a_list_of_pictures_are_found_too() -> None:
    long = "A" * (LONG + 1)
    assert isinstance(parse(f'{{"b64\\u005fjson": "{long}"}}'.encode())["b64_json"], memoryview)
    images = parse(json.dumps({"images": [long, long]}).encode(), frozenset({"images"}))["images"]
    assert [bytes(image).decode() for image in images] == [long, long]


def test_other_encodings_and_hostile_bodies() -> None:
    assert parse(json.dumps({"a": "é" * 3000}).encode("utf-16")) == {"a": "é" * 3000}
    assert parse(b"\xef\xbb\xbf" + json.dumps({"b64_json": "A" * 3000}).encode())["b64_json"] == b"A" * 3000
    assert parse(json.dumps([""] * 30_000).encode()) == [""] * 30_000
    for body in (b"", b'{"a": "', b'{"b64_json": "' + b"A" * 5000, b"[" * 100_000, b"<html>"):
        with pytest.raises(ValueError, match=r"."):
            parse(body)


@pytest.mark.parametrize("value", [None, "", b"", 7, {}, []])
def test_no_picture(value: object) -> None:
    assert picture_bytes(value) is None
    assert picture_bytes("abc") == b"abc"
