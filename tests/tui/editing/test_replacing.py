"""Search and replace: shown first, never for ever, never two tasks of one name."""

import pytest

from fluxtui.domain.batch import Batch, Task
from fluxtui.tui.editing import replacing

BATCH = Batch("trees", tuple(Task(f"tree-{number}", f"Tree {number} in Fog") for number in range(3)))
EVERY = range(3)


def test_groups_are_put_back() -> None:
    shown = replacing.preview(BATCH, EVERY, "prompt", r"(\w+) (\d)", r"\2 \1")
    assert [change.after for change in shown.changes][:1] == ["0 Tree in Fog"]
    done = replacing.replaced(BATCH, shown)
    assert done.batch.tasks[2].prompt == "2 Tree in Fog"
    assert done.rows == (0, 1, 2)


def test_a_text_is_taken_literally_and_case_may_be_ignored() -> None:
    assert not replacing.preview(BATCH, EVERY, "prompt", ".", "!", regex=False).changes
    shown = replacing.preview(BATCH, [1], "prompt", "fog", r"\1", regex=False, ignore_case=True)
    assert [change.after for change in shown.changes] == [r"Tree 1 in \1"]


@pytest.mark.parametrize(
    ("find", "put", "words"),
    [
        ("(", "", "cannot be used"),
        ("Tree", r"\2", "invalid group"),
        ("Tree", "\\", "bad escape"),
        ("a" * 3000, "", "at most"),
    ],
)
def test_a_wrong_pattern_is_said(find: str, put: str, words: str) -> None:
    error = replacing.preview(BATCH, EVERY, "prompt", find, put).error
    assert words in (error or "")


def test_a_pattern_without_end_is_ended() -> None:
    batch = Batch("b", (Task("t", "a" * 40 + "!"),))
    error = replacing.preview(batch, [0], "prompt", "(a+)+$", "", seconds=0.3).error
    assert "takes longer" in (error or "")


def test_values_are_checked_as_if_they_were_typed() -> None:
    batch = Batch("b", tuple(Task(f"t{n}", "p", parameters={"steps": n}) for n in (4, 28)))
    shown = replacing.preview(batch, [0, 1], "steps", "4", "many")
    assert "not a whole number" in (shown.changes[0].problem or "")
    assert replacing.replaced(batch, shown).batch is batch


def test_no_two_tasks_get_one_name() -> None:
    shown = replacing.preview(BATCH, EVERY, "name", r"-\d", "")
    assert all(change.problem for change in shown.changes)
    one = replacing.preview(BATCH, EVERY, "name", "tree-0", "tree-1")
    assert one.changes[0].problem is not None


def test_rows_that_changed_since_are_left_alone() -> None:
    shown = replacing.preview(BATCH, EVERY, "prompt", "Tree", "Oak")
    other = Batch("trees", (Task("tree-0", "An elm"), *BATCH.tasks[1:]))
    done = replacing.replaced(other, shown)
    assert [task.prompt for task in done.batch.tasks] == ["An elm", "Oak 1 in Fog", "Oak 2 in Fog"]
