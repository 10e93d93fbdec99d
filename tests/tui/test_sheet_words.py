"""The sheet's pure pieces: its columns, sorting, the filter line."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from fluxtui.domain.batch import Batch, Task
from fluxtui.tui.editing import edits, ordering, searching
from fluxtui.tui.editing.difference import Difference
from fluxtui.tui.screens.batch.replace_screen import common_start
from fluxtui.tui.screens.batch.sheet_columns import GAP, SheetColumns
from tests.tui.trees import trees

LEFT = 10


def columns(batch: Batch | None = None) -> SheetColumns:
    found = SheetColumns()
    found.open(batch or trees().batch)
    return found


def keys(found: SheetColumns) -> list[str]:
    return [column.key for column in found.shown]


def test_columns_come_with_their_first_value_and_stay() -> None:
    found, batch = columns(), trees().batch
    after = edits.set_text(batch, [2], "steps", "30").batch
    found.follow(Difference(batch, after))
    assert keys(found) == ["name", "prompt", "size", "steps", "seed", "context.mood"]
    found.follow(Difference(after, batch))
    assert "steps" in keys(found)
    found.drop("steps")
    found.drop("name")
    assert keys(found) == ["name", "prompt", "size", "seed", "context.mood"]


def test_a_width_grows_and_never_shrinks() -> None:
    found, batch = columns(), trees().batch
    before = found.width("name", 200)
    longer = edits.set_text(batch, [0], "name", "a-name-of-some-length").batch
    found.follow(Difference(batch, longer))
    grown = found.width("name", 200)
    assert grown > before
    found.follow(Difference(longer, batch))
    assert found.width("name", 200) == grown


@given(st.integers(30, 240), st.integers(0, 4), st.integers(1, 4))
def test_the_columns_in_view_never_overlap_and_the_cursors_is_among_them(room: int, index: int, first: int) -> None:
    found = columns()
    first = found.reveal(index, first, LEFT, room)
    placed = found.place(first, LEFT, room)
    assert placed[0].column.key == "name"
    for one, next_one in pairwise(placed):
        assert one.x + one.width + GAP == next_one.x
    assert all(place.x + place.width <= room for place in placed)
    shown = [place.column.key for place in placed]
    narrow = LEFT + found.width("name", room) + GAP >= room
    assert keys(found)[index] in shown or narrow


def test_numbers_are_sorted_as_numbers_also_within_words() -> None:
    tasks = tuple(Task(name, "x", parameters=p) for name, p in (
        ("fox-10", {"seed": 9}), ("fox-2", {"seed": 10}), ("bear", {}), ("Ant", {"seed": 1.5}),
    ))  # fmt: skip
    batch = Batch("b", tasks)
    by_name = ordering.sort(batch, "name").batch
    assert [task.name for task in by_name.tasks] == ["Ant", "bear", "fox-2", "fox-10"]
    by_seed = ordering.sort(batch, "seed").batch
    assert [task.name for task in by_seed.tasks] == ["Ant", "fox-10", "fox-2", "bear"]
    down = ordering.sort(by_seed, "seed").batch
    assert [task.name for task in down.tasks] == ["fox-2", "fox-10", "Ant", "bear"], "what has no value comes last"


@given(st.lists(st.text(max_size=8)))
def test_sorting_loses_nothing_and_a_second_time_turns_it_round(prompts: list[str]) -> None:
    batch = Batch("b", tuple(Task(f"t{i}", prompt) for i, prompt in enumerate(prompts)))
    once = ordering.sort(batch, "prompt").batch
    assert sorted(task.name for task in once.tasks) == sorted(task.name for task in batch.tasks)
    valued = [task.prompt for task in once.tasks if task.prompt.strip()]
    turned = ordering.sort(once, "prompt").batch
    assert sorted(valued) == sorted(task.prompt for task in turned.tasks if task.prompt.strip())
    assert ordering.sort(turned, "prompt").batch.tasks == once.tasks


def test_a_filter_line() -> None:
    wanted = searching.parse("Calm  is:marked is:w")
    assert (wanted.words, wanted.asks, wanted.wrong) == (("calm",), frozenset({"is:marked"}), None)
    assert searching.parse("is:lost").wrong == "is:marked is:warning is:wrong"
    assert searching.parse("   ").empty


def test_a_filter_finds_words_anywhere_in_a_task() -> None:
    searcher, tasks = searching.Searcher(), trees().batch.tasks
    assert searcher.rows(tasks, searching.parse("calm"), lambda *_: True) == [1]
    assert searcher.rows(tasks, searching.parse("tree 1024x"), lambda *_: True) == [0, 2, 4]
    changed = edits.set_text(trees().batch, [1], "context.mood", "").batch.tasks
    assert searcher.rows(changed, searching.parse("calm"), lambda *_: True) == []


@given(st.text(), st.text(), st.text())
def test_what_two_texts_have_in_common(start: str, one: str, other: str) -> None:
    found = common_start(start + one, start + other)
    assert found >= len(start)
    assert (start + one)[:found] == (start + other)[:found]
