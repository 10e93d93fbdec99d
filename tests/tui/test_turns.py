"""Edits worked out in a thread: in their order, of the batch as it is then, and of no other."""

import asyncio
import threading
from collections.abc import Callable
from functools import partial

import pytest

from fluxtui.tui.editing import edits
from fluxtui.tui.editing.edits import Edited
from fluxtui.tui.editing.fields import FieldError
from fluxtui.tui.screens.batch import turns
from fluxtui.tui.screens.batch.desk import Desk
from fluxtui.tui.screens.batch.turns import Turns
from tests.conditions import until
from tests.tui.trees import NAMES, trees


@pytest.fixture(autouse=True)
def _always_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "AT_ONCE", -1)


class Slow:
    """An edit that takes as long as it is told to."""

    def __init__(self, desk: Desk, edit: Callable[[], Edited]) -> None:
        self.desk, self.edit = desk, edit
        self.begun, self.gate = threading.Event(), threading.Event()
        self.times = 0

    def ask(self) -> Callable[[], Edited]:
        self.times += 1
        return partial(self._work, self.edit())

    def _work(self, edit: Edited) -> Edited:
        self.begun.set()
        assert self.gate.wait(30)
        return edit


def bench() -> tuple[Desk, Turns, list[bool]]:
    desk, said = Desk(), list[bool]()
    desk.open(trees())
    return desk, Turns(desk, said.append), said


def names(desk: Desk) -> list[str]:
    return [task.name for task in desk.batch.tasks]


async def test_what_is_asked_for_meanwhile_waits_and_is_done_to_what_is_there_then() -> None:
    desk, line, said = bench()
    slow = Slow(desk, lambda: edits.delete(desk.batch, [0]))
    first = asyncio.create_task(line.do(slow.ask))
    await until(slow.begun.is_set)
    rest = [asyncio.create_task(line.do(lambda: partial(edits.delete, desk.batch, [0]))) for _ in range(3)]
    back = asyncio.create_task(line.undo())
    await asyncio.sleep(0)
    assert said == [True]
    assert names(desk) == list(NAMES)
    slow.gate.set()
    assert await asyncio.gather(first, *rest) == [True] * 4
    assert await back == "delete 1 task"
    assert names(desk) == list(NAMES[3:])
    assert await line.redo() == "delete 1 task"
    assert names(desk) == list(NAMES[4:])
    assert said[-1] is False


async def test_what_is_typed_meanwhile_is_kept() -> None:
    desk, line, _ = bench()
    slow = Slow(desk, lambda: edits.fill_down(desk.batch, range(6), "seed"))
    work = asyncio.create_task(line.do(slow.ask))
    await until(slow.begun.is_set)
    desk.apply(edits.set_text(desk.batch, [2], "prompt", "typed"))
    slow.gate.set()
    assert await work
    assert slow.times == 2
    assert desk.batch.tasks[2].prompt == "typed"
    assert [task.parameters["seed"] for task in desk.batch.tasks] == [0] * 6
    assert await line.undo() == "fill seed down of 6 tasks"
    assert desk.batch.tasks[2].prompt == "typed"


async def test_an_edit_of_a_batch_that_was_closed_is_done_to_no_other() -> None:
    desk, line, said = bench()
    slow = Slow(desk, lambda: edits.delete(desk.batch, [0]))
    both = [asyncio.create_task(line.do(slow.ask)) for _ in range(2)]
    await until(slow.begun.is_set)
    desk.open(trees(5))
    slow.gate.set()
    assert await asyncio.gather(*both) == [False, False]
    assert names(desk) == list(NAMES[:5])
    assert await line.undo() is None
    desk.open(None)
    assert not await line.do(slow.ask)
    assert await line.redo() is None
    assert said[-1] is False


async def test_what_cannot_be_says_so_and_leaves_the_turn_to_the_next() -> None:
    desk, line, _ = bench()
    with pytest.raises(FieldError, match="name of its own"):
        await line.do(lambda: partial(edits.fill_down, desk.batch, [0, 1], "name"))
    assert await line.do(lambda: partial(edits.delete, desk.batch, [0]))
    assert desk.document is not None
    assert desk.document.dirty
    await line.undo()
    assert not desk.document.dirty
