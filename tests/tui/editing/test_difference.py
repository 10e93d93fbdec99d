"""What is another after an edit, whatever was done: it says what comparing every task says."""

from hypothesis import given
from hypothesis import strategies as st

from fluxtui.domain.batch import Batch, Task
from fluxtui.tui.editing import edits, fields
from fluxtui.tui.editing.difference import Difference

OLD = tuple(Task(f"tree-{n}", f"Tree {n}", parameters={"seed": n}) for n in range(6))
NEW = (
    *(Task(f"new-{n}", "x" * n, parameters={"size": "9x9"}, context={"mood": "calm"}) for n in range(4)),
    Task("rich", "p", "no rain", references=("a.png",), extra={"raw": True}),
)
TASKS = st.lists(st.sampled_from((*OLD, *NEW)), unique_by=id, max_size=8).map(tuple)


@given(TASKS, TASKS)
def test_it_says_what_comparing_every_task_says(before: tuple[Task, ...], after: tuple[Task, ...]) -> None:
    found = Difference(Batch("b", before), Batch("b", after)).prepare()
    rows = range(min(len(before), len(after)))
    first = next((row for row in rows if before[row] is not after[row]), None)
    if first is None and len(before) != len(after):
        first = len(rows)
    assert found.first == first
    stayed = [task for task in before if any(task is other for other in after)]
    assert found.in_place == (
        len(before) == len(after) and all(before.index(task) == after.index(task) for task in stayed)
    )
    assert all(found.places.get(id(task), before.index(task)) == after.index(task) for task in stayed)
    changed = [task for task in after if not any(task is other for other in before)]
    needed = {column.key for column in fields.columns_of(Batch("b", tuple(changed)), every=False)} - {"name", "prompt"}
    assert needed <= set(found.keys)
    assert {task.name for task in changed} <= set(found.sample["name"])
    gone = [task for task in before if not any(task is other for other in after)]
    assert found.weight >= sum(len(task.prompt) for task in gone)
    assert set(found.keys) <= set(fields.keys_of(after))


def test_a_task_that_is_not_told_by_its_worth_but_by_itself() -> None:
    batch = Batch("b", (Task("a", "same"), Task("b", "same")))
    twin = edits.replace_task(batch, 0, Task("a", "same"), "").batch
    assert batch == twin
    assert Difference(batch, twin).first == 0
    assert Difference(batch, batch).first is None
    assert Difference(batch, batch).of(batch, batch)
    assert not Difference(batch, batch).of(batch, twin)
