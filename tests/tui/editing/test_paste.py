"""Whatever was copied becomes tasks, or says why not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxtui.domain.batch import Task
from fluxtui.domain.values import canonical_json
from fluxtui.tui.editing.paste import copy_text, read_paste
from tests.batchfiles.strategies import tasks


@pytest.mark.parametrize(
    ("text", "prompts"),
    [
        ("an oak\nan elm\n", ["an oak", "an elm"]),
        ("- an oak\n- an elm", ["an oak", "an elm"]),
        ("1. an oak\n2) an elm", ["an oak", "an elm"]),
        ("name\tprompt\noak\tan oak\n", ["an oak"]),
        ("oak\tan oak in fog\nelm\tan elm\n", ["an oak in fog", "an elm"]),
        ("prompt,steps\nan oak,4\n", ["an oak"]),
        ('{"prompt": "an oak"}\n{"prompt": "an elm"}\n', ["an oak", "an elm"]),
        ('[{"prompt": "an oak"}]', ["an oak"]),
        ('["an oak", "an elm"]', ["an oak", "an elm"]),
        ('[{"name": "oak", "payload": {"prompt": "an oak"}}]', ["an oak"]),
        ("- prompt: an oak\n- prompt: an elm\n  steps: 4\n", ["an oak", "an elm"]),
        ("name: oak\nprompt: an oak\n", ["an oak"]),
        ("tasks:\n  - prompt: an oak\n", ["an oak"]),
    ],
)
def test_tasks_come_from_anywhere(text: str, prompts: list[str]) -> None:
    assert [task.prompt for task in read_paste(text).tasks] == prompts


def test_what_is_left_out_or_wrong_is_said() -> None:
    framed = read_paste("tasks:\n - prompt: a\ntargets: [bfl]\n")
    assert "targets" in framed.findings[0]
    broken = read_paste('{"prompt":"x"}\n{"prompt":"y","steps":"a"}\n')
    assert [task.prompt for task in broken.tasks] == ["x"]
    assert "line 2" in broken.findings[0]
    shifted = read_paste("- prompt: a\n- prompt: b\n  steps: many\n")
    assert "line 3" in shifted.findings[0]
    assert read_paste(" \n").findings


@given(tasks())
def test_what_is_copied_is_pasted_the_same(copied: tuple[Task, ...]) -> None:
    back = read_paste(copy_text(copied)).tasks
    assert [canonical_json(task.as_json()) for task in back] == [canonical_json(task.as_json()) for task in copied]


@given(st.text(max_size=200))
def test_no_text_is_too_strange(text: str) -> None:
    read_paste(text)
