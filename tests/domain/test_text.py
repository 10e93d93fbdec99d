"""Text from outside becomes harmless, and names become files."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fluxtui.domain.text import byte_size, file_stem, plain

hostile = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("\x1b\x9b\x9d\x90[]()#;?\x07\x9c\\mHJK0123\u202e\u2066\u2028\r\n\t\x85\ufe0f\u0301/.- ~"),
    ),
    max_size=120,
)


@given(hostile)
@example("\x1b]8;;https://evil\x1b\\link\x1b]8;;\x1b\\")
@example("\x1b\x1b[31m[31m")
def test_plain_strips_every_escape_and_control(text: str) -> None:
    shown = plain(text)
    for character in shown:
        assert character in "\n\t" or unicodedata.category(character) not in {"Cc", "Cs", "Co"}
        assert character not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
    shown.encode()  # nothing half is left that UTF-8 cannot say
    assert plain(shown) == shown


@given(hostile, st.integers(1, 50))
def test_plain_keeps_to_its_limit_and_stays_as_it_is(text: str, limit: int) -> None:
    shown = plain(text, limit=limit)
    assert len(shown) <= limit
    assert plain(shown, limit=limit) == shown


@given(hostile)
def test_without_newlines_it_is_one_line(text: str) -> None:
    assert len(plain(text, newlines=False).splitlines()) <= 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x9b31mred", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]52;c;c3RlYWw=\x1b\\text", "text"),
        ("\x1bPq#0;2;0;0;0\x1b\\after sixel", "after sixel"),
        ("a\x00b\x08c\x7f", "abc"),
        ("safe\u202egnp.exe", "safegnp.exe"),
        ("family 👨\u200d👩\u200d👧", "family 👨\u200d👩\u200d👧"),
        ("tab\tand\nline", "tab\tand\nline"),
    ],
)
def test_what_is_left(text: str, shown: str) -> None:
    assert plain(text) == shown


@given(st.one_of(hostile, st.text("con.aux-9 _", max_size=12)), st.integers(8, 300))
@example("é" * 99 + "😀.", 300)
@example("con." + "x" * 300, 80)
@example("a" * 79 + " b", 80)
def test_a_stem_is_always_safe_bounded_and_itself(name: str, limit: int) -> None:
    stem = file_stem(name, limit=limit)
    assert stem
    assert len(stem) <= limit
    assert len(stem.encode()) <= 200
    assert stem == stem.strip(" .-")
    assert stem.isprintable()
    assert not set(stem) & set("/\\\0:*?\"<>|~$`\n'")
    assert stem.lower().split(".")[0] not in {"con", "prn", "aux", "nul", "com1", "lpt9"}
    assert file_stem(stem, limit=limit) == stem
    assert unicodedata.is_normalized("NFC", stem)


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("Robot walking", "Robot walking"),
        ("../../etc/passwd", "etc-passwd"),
        (".hidden", "hidden"),
        ("", "unnamed"),
        ("///", "unnamed"),
        ("NUL", "_NUL"),
        ("con.png", "_con.png"),
        ("a: b? <c>", "a-b-c"),
        ("U\u0308bermut", "Übermut"),
        ("हिन्दी", "हिन्दी"),
        ("ไม้", "ไม้"),
        ("❤️ love", "love"),
        ("flux-pro-1.1_seed=4", "flux-pro-1.1_seed=4"),
        ("a \u0301b", "a-b"),
    ],
)
def test_stems_stay_readable(name: str, stem: str) -> None:
    assert file_stem(name) == stem


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0 B"), (812, "812 B"), (999, "999 B"), (1000, "1.0 kB"), (1_449_000, "1.4 MB"), (9_960_000, "10 MB")],
)
def test_bytes_are_told_as_people_read_them(count: int, shown: str) -> None:
    assert byte_size(count) == shown
    assert byte_size(count * 10**6).split()[1] in ("B", "MB", "GB", "TB")
