"""Undo gives back exactly what was there; typing in one field is one step."""

from hypothesis import given
from hypothesis import strategies as st

from fluxtui.domain.batch import Batch, Task
from fluxtui.tui.editing import edits
from fluxtui.tui.editing.document import Document, same
from fluxtui.tui.editing.edits import Edited

BATCH = Batch("trees", tuple(Task(f"tree-{number}", f"Tree {number}") for number in range(5)))

rows = st.lists(st.integers(-1, 7), max_size=4)
steps = st.one_of(
    st.tuples(st.just("delete"), rows, st.just("")),
    st.tuples(st.just("duplicate"), rows, st.just("")),
    st.tuples(st.sampled_from(["up", "down"]), rows, st.just("")),
    st.tuples(st.just("steps"), rows, st.sampled_from(["", "4", "28"])),
    st.tuples(st.just("prompt"), rows, st.text(max_size=5)),
    st.tuples(st.just("fill"), rows, st.just("prompt")),
)


def done(batch: Batch, step: tuple[str, list[int], str]) -> Edited:
    what, where, text = step
    match what:
        case "delete":
            return edits.delete(batch, where)
        case "duplicate":
            return edits.duplicate(batch, where)
        case "up" | "down":
            return edits.move(batch, where, -1 if what == "up" else 1)
        case "fill":
            return edits.fill_down(batch, where, text)
        case _:
            return edits.set_text(batch, where, what, text)


@given(st.lists(steps, max_size=12))
def test_undo_and_redo_give_back_the_very_same_batches(script: list[tuple[str, list[int], str]]) -> None:
    document = Document(BATCH)
    past = [document.batch]
    for step in script:
        if document.apply(done(document.batch, step)):
            past.append(document.batch)
    for earlier in reversed(past[:-1]):
        assert document.undo() is not None
        assert document.batch is earlier
    assert document.undo() is None
    assert not document.dirty
    for later in past[1:]:
        assert document.redo() is not None
        assert document.batch is later
    assert document.redo() is None


def test_typing_in_a_field_is_one_step_until_it_settles() -> None:
    document = Document(BATCH)
    for text in ("O", "Oa", "Oak"):
        document.apply(edits.set_text(document.batch, [0], "prompt", text), merge="prompt of 0")
    document.settle()
    document.apply(edits.set_text(document.batch, [0], "prompt", "Oaks"), merge="prompt of 0")
    document.undo()
    assert document.batch.tasks[0].prompt == "Oak"
    document.undo()
    assert document.batch is BATCH


def test_what_is_typed_and_taken_back_is_not_unsaved() -> None:
    document = Document(BATCH)
    seen = []
    for text in ("Tree 0!", "Tree 0"):
        document.apply(edits.set_text(document.batch, [0], "prompt", text))
        seen.append(document.dirty)
    document.mark_unsaved()
    seen.append(document.dirty)
    document.mark_saved()
    seen.append(document.dirty)
    assert seen == [True, False, True, False]


def test_what_was_saved_meanwhile_leaves_later_edits_unsaved() -> None:
    document = Document(BATCH)
    document.apply(edits.delete(document.batch, [0]))
    written = document.batch
    document.apply(edits.delete(document.batch, [0]))
    document.mark_saved(written)
    assert document.dirty
    document.undo()
    assert not document.dirty


def test_a_new_edit_ends_what_could_be_done_again() -> None:
    document = Document(BATCH)
    document.apply(edits.delete(document.batch, [0]))
    document.undo()
    assert document.redo_label == "delete 1 task"
    document.apply(edits.delete(document.batch, [1]))
    assert document.redo_label is None


def test_one_and_one_point_zero_are_two_things_in_a_file() -> None:
    whole, real = (Batch("b", (Task("t", "p", parameters={"seed": value}),)) for value in (1, 1.0))
    assert whole == real
    assert not same(whole, real)
