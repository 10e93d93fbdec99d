import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxtui.domain.blocklist import blocked_word


@pytest.mark.parametrize(
    "text",
    ["a gun on a table", "A GUN!", "gun", "(gun)", "ｇｕｎ", "g\u200bun", "gün", "a\ngun"],
)
def test_a_blocked_word_is_found_however_it_is_written(text: str) -> None:
    assert blocked_word(text, ["knife", "gun"]) == "gun"


@pytest.mark.parametrize("text", ["the gunner", "begun", "gun_metal", "", "a g u n"])
def test_a_word_inside_another_is_not_it(text: str) -> None:
    assert blocked_word(text, ["gun"]) is None


def test_phrases_are_found_across_white_space() -> None:
    assert blocked_word("a very  bad\tthing here", ["bad thing"]) == "bad thing"


def test_scripts_without_spaces_are_searched_anywhere() -> None:
    assert blocked_word("美しい武器の絵", ["武器"]) == "武器"


def test_an_empty_entry_blocks_nothing() -> None:
    assert blocked_word("anything", ["", "  "]) is None


@given(st.text(), st.from_regex(r"[a-z]{3,8}", fullmatch=True))
def test_a_word_that_stands_alone_is_always_found(text: str, word: str) -> None:
    assert blocked_word(f"{text} . {word} . {text}", [word]) == word
