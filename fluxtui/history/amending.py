"""Appending cells to a run that is there already: only those that it lacks, and nothing of it is changed.

A cell is known by its key; two tasks with the very same request share one, so keys are counted.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from fluxtui.domain.batch import Batch
from fluxtui.domain.frozen import freeze, grown, thaw
from fluxtui.domain.jobs import RunState
from fluxtui.domain.request import Cell
from fluxtui.domain.text import unique_stem
from fluxtui.history.journal import Transaction
from fluxtui.history.runs import insert_cells, set_run_state

Present = Counter[tuple[str, str]]
"""How many cells a run has, by key and task."""


def present_cells(connection: sqlite3.Connection, run_id: int) -> Present:
    """Return the cells of a run, whatever became of them. Reads all of them: call it in a thread."""
    rows = connection.execute("SELECT key, task, count(*) FROM cells WHERE run_id = ? GROUP BY key, task", (run_id,))
    return Counter({(key, task): count for key, task, count in rows})


def missing_cells(cells: Sequence[Cell], present: Present) -> list[Cell]:
    """Return the cells that are not among `present`, in order.

    A task that was only renamed has its cells; a second task with the same request does not.
    """
    left = present.copy()
    unmatched: list[Cell] = []
    for cell in cells:
        if left[cell.key, cell.task] > 0:
            left[cell.key, cell.task] -= 1
        else:
            unmatched.append(cell)
    by_key: Counter[str] = Counter()
    for (key, _), count in left.items():
        by_key[key] += count
    missing: list[Cell] = []
    for cell in unmatched:
        if by_key[cell.key] > 0:
            by_key[cell.key] -= 1
        else:
            missing.append(cell)
    return missing


def amend_run(transaction: Transaction, *, run_id: int, batch: Batch, cells: Sequence[Cell]) -> int | None:
    """Append those of `cells`, all cells of the amended `batch`, that the run lacks; returns how many.

    The run's frozen batch grows, so does what it was to cost, and it is ready to go on. Without
    anything missing nothing is written. None when there is no such run any more.
    """
    connection = transaction.connection
    run = connection.execute(
        "SELECT runs.batch, sandbox, frozen_batches.batch FROM runs JOIN frozen_batches ON run_id = id"
        " WHERE id = ? AND deleting IS NULL",
        (run_id,),
    ).fetchone()
    if run is None:
        return None
    missing = missing_cells(cells, present_cells(connection, run_id))
    if not missing:
        return 0
    name, sandbox, frozen = run
    (position,) = connection.execute("SELECT max(position) FROM jobs WHERE run_id = ?", (run_id,)).fetchone()
    placed = _placed(connection, run_id, missing)
    insert_cells(transaction, run_id, -1 if position is None else position + 1, placed, batch=name, sandbox=sandbox)
    connection.execute(
        "UPDATE frozen_batches SET batch = ? WHERE run_id = ?",
        (json.dumps(freeze(grown(thaw(json.loads(frozen)), batch)), ensure_ascii=False), run_id),
    )
    price = sum(cell.assessment.price.high for cell in missing if cell.assessment.impossible is None)
    connection.execute("UPDATE runs SET quoted = quoted + ? WHERE id = ?", (price, run_id))
    set_run_state(transaction, run_id=run_id, state=RunState.READY)
    return len(missing)


def _placed(connection: sqlite3.Connection, run_id: int, cells: Iterable[Cell]) -> Iterator[Cell]:
    """Yield cells with file names that no cell of the run has, and with the places of their tasks in the run."""
    stems: dict[str, set[str]] = {}
    for provider, stem in connection.execute("SELECT provider, stem FROM cells WHERE run_id = ?", (run_id,)):
        stems.setdefault(provider, set()).add(stem.casefold())
    tasks: dict[str, int] = dict(
        connection.execute("SELECT task, min(task_index) FROM cells WHERE run_id = ? GROUP BY task", (run_id,))
    )
    (last,) = connection.execute("SELECT max(task_index) FROM cells WHERE run_id = ?", (run_id,)).fetchone()
    following = 0 if last is None else last + 1
    for cell in cells:
        if cell.task not in tasks:
            tasks[cell.task] = following
            following += 1
        stem = unique_stem(cell.stem, stems.setdefault(cell.provider, set()))
        yield replace(cell, stem=stem, task_index=tasks[cell.task])
