"""The desk of the Batch screen: cursor, marks, targets and quote follow the batch, whatever is done to it."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from fluxtui.domain.batch import Target
from fluxtui.domain.money import Micros, Price
from fluxtui.engine.live_quote import LiveQuote
from fluxtui.engine.quote import Quote
from fluxtui.tui.editing import edits, ordering
from fluxtui.tui.screens.batch.desk import Changed, Desk, Priced
from tests.tui.trees import trees


def opened(count: int = 6) -> Desk:
    desk = Desk()
    desk.open(trees(count))
    return desk


def names(desk: Desk) -> list[str]:
    return [task.name for task in desk.batch.tasks]


def test_an_empty_desk_has_nothing_and_bears_everything() -> None:
    desk = Desk()
    assert desk.batch.tasks == ()
    assert desk.rows == ()
    desk.go(3)
    desk.mark([1, 2])
    assert desk.undo() is None
    assert not desk.apply(edits.add(desk.batch))
    assert (desk.row, desk.marked) == (-1, frozenset())


EDITS = st.sampled_from(["add", "duplicate", "delete", "up", "down", "sort", "set", "undo", "redo"])


@given(st.lists(st.tuples(EDITS, st.integers(0, 8)), max_size=12), st.sets(st.integers(0, 5)), st.integers(0, 5))
def test_cursor_and_marks_stay_in_the_batch_and_on_their_tasks(
    steps: list[tuple[str, int]], marked: set[int], row: int
) -> None:
    desk = opened()
    desk.go(row)
    desk.mark(marked)
    for what, where in steps:
        before = {names(desk)[row] for row in desk.marked}
        match what:
            case "add":
                desk.apply(edits.add(desk.batch, where))
            case "duplicate":
                desk.apply(edits.duplicate(desk.batch, [where]))
            case "delete":
                desk.apply(edits.delete(desk.batch, [where]))
            case "up" | "down":
                desk.apply(edits.move(desk.batch, [where], 1 if what == "down" else -1))
            case "sort":
                desk.apply(ordering.sort(desk.batch, "name"))
            case "set":
                desk.apply(edits.set_text(desk.batch, [where], "prompt", f"another {where}"))
            case "undo":
                desk.undo()
            case "redo":
                desk.redo()
        count = len(desk.batch.tasks)
        assert all(0 <= row < count for row in desk.marked)
        assert -1 <= desk.row < count
        assert (desk.row == -1) == (count == 0) or desk.row >= 0
        if what in ("add", "duplicate", "up", "down", "sort", "set"):
            assert {names(desk)[row] for row in desk.marked} == before
        if what == "delete":
            assert {names(desk)[row] for row in desk.marked} <= before


def test_the_cursor_stays_on_its_task_when_others_come_above_it() -> None:
    desk = opened()
    desk.go(3)
    desk.apply(edits.add(desk.batch, 0))
    assert (desk.row, desk.task and desk.task.name) == (4, "dogwood")


def test_undo_goes_to_where_something_changed() -> None:
    desk = opened()
    desk.apply(edits.set_text(desk.batch, [4], "prompt", "another"))
    desk.go(0)
    assert desk.undo() is not None
    assert desk.row == 4


def test_the_targets_follow_undo_and_the_file_keeps_those_that_cannot_draw_here() -> None:
    desk = Desk()
    away = Target.parse("fal/flux")
    sheet = trees()
    batch = sheet.batch.with_targets((*sheet.chosen, away))
    desk.open(replace(sheet, batch=batch, unusable=((away.name, "it has no key"),)))
    assert desk.targets == sheet.chosen
    desk.choose(sheet.chosen[:1])
    assert desk.batch.targets == (sheet.chosen[0], away)
    desk.choose(())
    assert desk.targets == ()
    desk.undo()
    assert desk.targets == sheet.chosen[:1]
    desk.undo()
    assert desk.targets == sheet.chosen


def test_what_is_changed_while_telling_is_told_afterwards() -> None:
    desk = opened()
    heard: list[Changed] = []

    def first(what: Changed) -> None:
        if what & Changed.TASKS:
            desk.mark([0])

    desk.subscribe(first)
    desk.subscribe(heard.append)
    desk.apply(edits.add(desk.batch))
    assert heard == [Changed.TASKS, Changed.MARKS]


def test_a_quote_holds_for_the_tasks_that_it_is_of() -> None:
    class Said(LiveQuote):
        def pictures(self, row: int) -> int:
            return row + 1

    desk = opened()
    quote = Quote(0, 0, Price.exactly(Micros(0)), None, ())
    desk.price(Priced(Said(quote), desk.batch).prepare(), pricing=False)
    desk.apply(edits.add(desk.batch, 0))
    assert [desk.pictures(row) for row in range(4)] == [1, None, 2, 3]
    desk.undo()
    desk.apply(edits.set_text(desk.batch, [2], "prompt", "being typed"))
    assert desk.pictures(2) == 3, "it would flicker at every keystroke"
