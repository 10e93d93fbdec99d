"""Moving, copying and deleting keep everything else; names stay unique."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxtui.domain.batch import Axis, Batch, Target, Task
from fluxtui.tui.editing import edits
from fluxtui.tui.editing.edits import Edited
from fluxtui.tui.editing.fields import FieldError

TASKS = tuple(Task(f"tree-{number}", f"Tree {number}") for number in range(6))
BATCH = Batch("trees", TASKS)
rows = st.lists(st.integers(-2, 8), max_size=6)


def names(batch: Batch) -> list[str]:
    return [task.name for task in batch.tasks]


@given(rows, st.integers(-8, 8))
def test_moving_keeps_every_task_and_the_order_among_both_kinds(chosen: list[int], step: int) -> None:
    moved = edits.move(BATCH, chosen, step)
    marked = [TASKS[row] for row in sorted(set(chosen)) if 0 <= row < len(TASKS)]
    rest = [task for task in TASKS if task not in marked]
    assert [task for task in moved.batch.tasks if task in marked] == marked
    assert [task for task in moved.batch.tasks if task not in marked] == rest
    assert [moved.batch.tasks[row] for row in moved.rows] == marked


@given(rows, st.integers(-1, 8))
def test_moving_to_a_place_puts_the_block_together(chosen: list[int], before: int) -> None:
    moved = edits.move_to(BATCH, chosen, before)
    marked = [TASKS[row] for row in sorted(set(chosen)) if 0 <= row < len(TASKS)]
    assert sorted(names(moved.batch)) == sorted(names(BATCH))
    assert [moved.batch.tasks[row] for row in moved.rows] == marked


@given(rows)
def test_copies_stand_below_and_all_names_are_unique(chosen: list[int]) -> None:
    copied = edits.duplicate(BATCH, chosen)
    assert len(set(names(copied.batch))) == len(copied.batch.tasks)
    kept = [task for row, task in enumerate(copied.batch.tasks) if row not in copied.rows]
    assert kept == list(TASKS)
    marked = [TASKS[row].prompt for row in sorted(set(chosen)) if 0 <= row < len(TASKS)]
    assert [copied.batch.tasks[row].prompt for row in copied.rows] == marked


@given(rows)
def test_deleting_takes_out_exactly_those(chosen: list[int]) -> None:
    left = edits.delete(BATCH, chosen)
    assert left.batch.tasks == tuple(task for row, task in enumerate(TASKS) if row not in chosen)
    assert all(0 <= row < len(left.batch.tasks) for row in left.rows)


@pytest.mark.parametrize(("after", "place"), [(None, 6), (-1, 0), (2, 3), (99, 6)])
def test_a_task_is_added_below_a_row(after: int | None, place: int) -> None:
    added = edits.add(BATCH, after, Task("tree-0", "One more"))
    assert added.rows == (place,)
    assert added.batch.tasks[place].prompt == "One more"
    assert len(set(names(added.batch))) == 7


def test_a_value_is_filled_down_also_where_there_is_none() -> None:
    batch = edits.set_text(BATCH, [0, 1, 2], "steps", "4").batch
    batch = edits.set_text(batch, [0], "steps", "28").batch
    filled = edits.fill_down(batch, [0, 1, 2], "steps").batch
    assert [task.parameters.get("steps") for task in filled.tasks] == [28, 28, 28, None, None, None]
    emptied = edits.fill_down(filled, [3, 2, 4], "steps").batch
    assert [task.parameters.get("steps") for task in emptied.tasks] == [28, 28, 28, 28, 28, None]
    alone = edits.fill_down(emptied, [5], "steps").batch
    assert alone.tasks[5].parameters["steps"] == 28


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: edits.set_text(BATCH, [0], "name", "tree-1"),
        lambda: edits.set_text(BATCH, [0, 1], "name", "tree"),
        lambda: edits.fill_down(BATCH, [0, 1], "name"),
        lambda: edits.set_texts(BATCH, {0: "tree-1"}, "name", "rename"),
    ],
)
def test_names_cannot_be_shared(wrong: Callable[[], Edited]) -> None:
    with pytest.raises(FieldError, match="name"):
        wrong()


def test_names_can_be_exchanged() -> None:
    swapped = edits.set_texts(BATCH, {0: "tree-1", 1: "tree-0"}, "name", "swap")
    assert names(swapped.batch)[:2] == ["tree-1", "tree-0"]


def test_the_frame_changes_only_when_it_changes() -> None:
    batch = edits.set_axes(BATCH, [Axis("seed", (1, 2))]).batch
    assert edits.set_axes(batch, [Axis("seed", (1, 2))]).batch is batch
    assert edits.set_axes(batch, [Axis("seed", (1, 2.0))]).batch is not batch
    assert edits.set_targets(batch, [Target("bfl")]).batch.targets == (Target("bfl"),)
    with pytest.raises(FieldError, match="0 cannot be"):
        edits.set_repeat(batch, 0)
