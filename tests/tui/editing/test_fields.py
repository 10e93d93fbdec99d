"""Columns as text: what is shown reads back the same, and what is wrong is said in words."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxtui.domain.batch import Batch, Task
from fluxtui.domain.values import canonical_json
from fluxtui.tui.editing import fields
from fluxtui.tui.editing.fields import FieldError
from tests.batchfiles.strategies import tasks

TASK = Task("oak", "An oak", parameters={"steps": 28, "quality": "high"}, context={"mood": "calm"})


@given(tasks().map(lambda drawn: drawn[0]))
def test_every_column_of_any_task_reads_back_the_same(task: Task) -> None:
    empty = Task("x", "x")
    for column in fields.columns_of(Batch("b", (task,)), every=False):
        text = fields.text_of(task, column.key)
        again = fields.with_text(empty, column.key, text)
        assert fields.text_of(again, column.key) == text
        copied = fields.with_value_of(empty, column.key, task) if column.key != "name" else again
        assert canonical_json(copied.as_json()) == canonical_json(again.as_json())


@pytest.mark.parametrize(
    ("key", "text", "words"),
    [
        ("steps", "many", "is text, not a whole number"),
        ("seed", "1.5", "is a number, not a whole number"),
        ("size", "9x", "is not a size"),
        ("name", " ", "the name is empty"),
        ("extra", "{", "not valid JSON"),
        ("extra", "[1]", "extra is a list"),
        ("references", "[1]", "is no text"),
        ("guidance", "200", "out of range"),
        ("prompt", "a\0b", "NUL"),
        ("context. ", "calm", "the name is empty"),
    ],
)
def test_what_cannot_be_is_said(key: str, text: str, words: str) -> None:
    with pytest.raises(FieldError) as caught:
        fields.with_text(TASK, key, text)
    assert words in caught.value.sentence()


def test_an_empty_text_takes_a_value_away() -> None:
    assert fields.with_text(TASK, "steps", "").parameters == {"quality": "high"}
    assert fields.with_text(TASK, "context.mood", " ").context == {}
    assert fields.with_text(TASK, "prompt", "").prompt == ""
    assert fields.with_text(TASK, "steps", "28") is TASK


def test_columns_follow_what_the_tasks_have() -> None:
    used = [column.key for column in fields.columns_of(Batch("b", (TASK,)), every=False)]
    assert used == ["name", "prompt", "steps", "quality", "context.mood"]
    every = [column.key for column in fields.columns_of(Batch("b", (TASK,)))]
    assert every[:4] == ["name", "prompt", "negative_prompt", "size"]
    assert every[-2:] == ["references", "extra"]


KEYS = ("name", "prompt", "negative_prompt", "references", "extra", "steps", "seed", "cfg", "context.mood", "context. ")
TEXTS = ("", " ", "4", "04", "x", "[1]", '["a.png"]', '{"raw": true}', "calm", "a\0b")


@given(st.sampled_from(KEYS), st.sampled_from(TEXTS), st.lists(tasks().map(lambda drawn: drawn[0]), max_size=3))
def test_what_is_written_into_many_tasks_is_what_is_written_into_each(key: str, text: str, given_: list[Task]) -> None:
    write = fields.writer(key, text)
    for task in (TASK, *given_):
        try:
            alone = fields.with_text(task, key, text)
        except FieldError as error:
            with pytest.raises(FieldError, match=re.escape(error.message)):
                write(task)
        else:
            assert canonical_json(write(task).as_json()) == canonical_json(alone.as_json())
            assert (write(task) is task) == (alone is task)
            assert list(write(task).parameters) == list(alone.parameters)
