"""Names for new tasks: none twice, whatever is taken and however many are asked for."""

from hypothesis import given
from hypothesis import strategies as st

from fluxtui.tui.editing.naming import Names, wish_for

WISHES = st.one_of(
    st.text(min_size=1, max_size=20),
    st.sampled_from(["a", "b", "a-1", "a-0", "a-2", "a-02", "a-9", "a-1234567", "-", "-2", "a--2", "long" * 50]),
    st.builds(lambda stem, number: f"{stem}-{number}", st.sampled_from(["a", "a-1", "long" * 49]), st.integers(0, 12)),
)


def one_by_one(wish: str, taken: set[str]) -> str:
    """Return the name that trying every number would find."""
    if wish not in taken:
        return wish
    stem, dash, digits = wish.rpartition("-")
    number = int(digits) if dash and stem and digits.isdecimal() and len(digits) < 7 else 1
    stem = stem if number > 1 or (dash and digits == "1" and stem) else wish
    while True:
        number += 1
        name = f"{stem[: 199 - len(str(number))]}-{number}"
        if name not in taken:
            return name


@given(st.lists(WISHES, max_size=40), st.sets(WISHES, max_size=5))
def test_many_names_are_those_that_trying_every_number_finds(wishes: list[str], taken: set[str]) -> None:
    names, known = Names(taken), set(taken)
    for wish in wishes:
        expected = one_by_one(wish, known)
        assert names.claim(wish) == expected
        assert Names(known).claim(wish) == expected
        assert expected not in known
        known.add(expected)


def test_names_that_count_are_copied_without_trying_every_number_for_each() -> None:
    count = 30_000  # trying every number for each would take half an hour
    names = Names(f"tree-{number}" for number in range(1, count + 1))
    assert [names.claim(f"tree-{number}") for number in range(1, count + 1)] == [
        f"tree-{number}" for number in range(count + 1, 2 * count + 1)
    ]


def test_a_name_is_made_of_a_prompt() -> None:
    assert wish_for("A red fox\nin the snow at dusk, oil") == "a-red-fox-in-the-snow"
    assert wish_for("  ") == "task"
