"""Sorting the tasks of a batch by a column, as one step that can be undone."""

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

from fluxtui.domain.batch import Batch, Task
from fluxtui.tui.editing import fields
from fluxtui.tui.editing.edits import Edited

_DIGITS = re.compile(r"(\d+)")
_LONGEST = 400  # characters of a text that decide its place

SortKey = tuple[int, float, tuple[tuple[int, int, str], ...]]


def sort(batch: Batch, key: str) -> Edited:
    """Sort by a column: upwards, or downwards when it is upwards already. Tasks without a value come last.

    Numbers are ordered as numbers, also within texts (`fox-2` before `fox-10`). `rows` of the answer is empty:
    every task may have moved.
    """
    place = _place(key)
    valued = [task for task in batch.tasks if fields.text_of(task, key).strip()]
    empty = [task for task in batch.tasks if not fields.text_of(task, key).strip()]
    places = {id(task): place(task) for task in valued}
    upwards = sorted(valued, key=lambda task: places[id(task)])
    title = fields.column(key).title
    rising = all(places[id(a)] <= places[id(b)] for a, b in pairwise(valued))
    if [id(task) for task in (*upwards, *empty)] != [id(task) for task in batch.tasks]:
        return Edited(replace(batch, tasks=(*upwards, *empty)), f"sort by {title}")
    downwards = sorted(valued, key=lambda task: places[id(task)], reverse=True)
    if not rising or [id(task) for task in downwards] == [id(task) for task in upwards]:
        return Edited(batch, f"sort by {title}")
    return Edited(replace(batch, tasks=(*downwards, *empty)), f"sort by {title}, downwards")


def _place(key: str) -> Callable[[Task], SortKey]:
    def place(task: Task) -> SortKey:
        text = fields.text_of(task, key).strip()[:_LONGEST].casefold()
        try:
            number = float(text)
        except ValueError:
            parts = tuple((0, int(p), "") if p.isdecimal() else (1, 0, p) for p in _DIGITS.split(text) if p)
            return (1, 0.0, parts)
        return (0, number, ()) if number == number else (1, 0.0, ((1, 0, text),))

    return place
