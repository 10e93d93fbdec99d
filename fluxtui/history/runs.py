"""Writing runs: creating one from its cells, changing its state. Operations for `Journal.write`."""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass

from fluxtui.domain.jobs import JobKind, JobState, RunState
from fluxtui.domain.money import Certainty, Micros
from fluxtui.domain.problems import Problem, ProblemKind
from fluxtui.domain.request import Cell
from fluxtui.domain.values import JsonObject, canonical_json
from fluxtui.history.journal import Transaction
from fluxtui.history.search import PromptsOfRun


@dataclass(frozen=True, slots=True)
class NewRun:
    """What a run is created from. `folder` is relative to the workspace."""

    batch: str
    source: str | None
    frozen: JsonObject
    sandbox: bool
    folder: str
    layout: str
    metadata: bool
    quoted: Micros
    cap: Micros | None = None
    concurrency: int | None = None
    in_doubt: str = "leave"
    paused: bool = False
    created_at: float | None = None


def lane_key(target: str, sandbox: bool) -> str:
    """Return the lane's name: a sandboxed target never shares a lane with the real one."""
    return f"sandbox:{target}" if sandbox else target


def create_run(transaction: Transaction, *, run: NewRun, cells: Iterable[Cell]) -> int:
    """Insert a run with all its cells and queued jobs; returns its id.

    A cell that its provider declared impossible gets a job that has already failed, with the reason;
    one that the person's own rules forbid, a job that is refused.
    """
    connection = transaction.connection
    state = RunState.PAUSED if run.paused else RunState.READY
    cursor = connection.execute(
        "INSERT INTO runs (batch, source, state, sandbox, folder, layout, metadata, in_doubt, concurrency,"
        " cap, quoted, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            run.batch,
            run.source,
            state,
            run.sandbox,
            run.folder,
            run.layout,
            run.metadata,
            run.in_doubt,
            run.concurrency,
            run.cap,
            run.quoted,
            run.created_at if run.created_at is not None else time.time(),
        ),
    )
    run_id = cursor.lastrowid
    assert run_id is not None
    connection.execute(
        "INSERT INTO frozen_batches (run_id, batch) VALUES (?, ?)",
        (run_id, json.dumps(run.frozen, ensure_ascii=False)),
    )
    insert_cells(transaction, run_id, 0, cells, batch=run.batch, sandbox=run.sandbox)
    return run_id


def insert_cells(
    transaction: Transaction, run_id: int, position: int, cells: Iterable[Cell], *, batch: str, sandbox: bool
) -> None:
    """Write cells and their jobs from `position` on, and what can be searched of them."""
    prompts = PromptsOfRun(transaction, run_id, batch)
    for place, cell in enumerate(cells, position):
        _insert_cell(transaction, run_id, place, cell, sandbox)
        prompts.add(cell)
    prompts.write()


def _insert_cell(transaction: Transaction, run_id: int, position: int, cell: Cell, sandbox: bool) -> None:
    connection = transaction.connection
    cursor = connection.execute(
        "INSERT INTO cells (run_id, key, task, task_index, target, provider, request, context, axis_point, repeat,"
        " stem, adaptations, fallback) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            run_id,
            cell.key,
            cell.task,
            cell.task_index,
            cell.target,
            cell.provider,
            json.dumps(cell.request.as_json(), ensure_ascii=False),
            canonical_json(dict(cell.context)),
            canonical_json(dict(cell.axis_point)),
            cell.repeat,
            cell.stem,
            canonical_json([a.as_json() for a in cell.assessment.adaptations]),
            canonical_json([fallback.as_json() for fallback in cell.fallbacks]),
        ),
    )
    impossible = cell.assessment.impossible
    connection.execute(
        "INSERT INTO jobs (run_id, cell_id, kind, target, lane, position, state, problem, quoted, certainty, revision)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            run_id,
            cursor.lastrowid,
            JobKind.GENERATE,
            cell.target,
            lane_key(cell.target, sandbox),
            position,
            _first_state(impossible),
            None if impossible is None else canonical_json(impossible.as_json()),
            cell.assessment.price.high if impossible is None else 0,
            None if cell.assessment.price.known or impossible is not None else Certainty.UNKNOWN,
            transaction.revision,
        ),
    )


def _first_state(impossible: Problem | None) -> JobState:
    if impossible is None:
        return JobState.QUEUED
    return JobState.REFUSED if impossible.kind is ProblemKind.MODERATION else JobState.FAILED


def set_run_state(
    transaction: Transaction,
    *,
    run_id: int,
    state: RunState,
    only_from: frozenset[RunState] | None = None,
    held_back: bool = False,
) -> bool:
    """Change a run's state, conditionally on the present one; returns whether it changed.

    `held_back` marks a pause that ends by itself, once a job or a lane is let go. A run that was
    cancelled and is taken up again is not a cancelled one any more.
    """
    now = time.time()
    allowed = only_from if only_from is not None else frozenset(RunState)
    marks = ",".join("?" * len(allowed))
    finished = now if state in (RunState.FINISHED, RunState.CANCELLED) else None
    cursor = transaction.connection.execute(
        f"UPDATE runs SET state = ?, finished_at = ?, started_at = CASE WHEN ? THEN coalesce(started_at, ?)"
        f" ELSE started_at END, held_back = ?, cancelled = CASE state WHEN 'cancelled' THEN 0 ELSE cancelled END"
        f" WHERE id = ? AND state <> ? AND state IN ({marks})",
        (state, finished, state is RunState.RUNNING, now, held_back, run_id, state, *allowed),
    )
    changed = cursor.rowcount > 0
    if changed:
        _ = transaction.revision
    return changed


def pause(transaction: Transaction, *, run_id: int) -> bool:
    """Pause a run by a person's word; also one that only waits for held jobs: letting them go changes nothing then."""
    if set_run_state(
        transaction, run_id=run_id, state=RunState.PAUSED, only_from=frozenset({RunState.RUNNING, RunState.READY})
    ):
        return True
    cursor = transaction.connection.execute(
        "UPDATE runs SET held_back = 0 WHERE id = ? AND state = 'paused' AND held_back", (run_id,)
    )
    return cursor.rowcount > 0


def mark_cancelled(transaction: Transaction, *, run_id: int, cancelled: bool) -> None:
    """Note that a run, once nothing of it moves any more, is cancelled and not finished; or take that back.

    One that has ended already stays what it is.
    """
    transaction.connection.execute(
        "UPDATE runs SET cancelled = ?1 WHERE id = ?2 AND NOT (?1 AND state IN ('finished', 'cancelled'))",
        (cancelled, run_id),
    )


def interrupt_running(transaction: Transaction, *, only: frozenset[int] | None = None) -> list[int]:
    """Mark running runs as interrupted; returns their ids. For a runner's start (a dead one left them) and end.

    With `only`, the other running runs become ready instead: the next runner takes them up by itself.
    """
    rows = transaction.connection.execute("SELECT id FROM runs WHERE state = ?", (RunState.RUNNING,)).fetchall()
    running = [int(row[0]) for row in rows]
    for run_id in running:
        state = RunState.INTERRUPTED if only is None or run_id in only else RunState.READY
        set_run_state(transaction, run_id=run_id, state=state)
    return [run_id for run_id in running if only is None or run_id in only]


def set_cap(transaction: Transaction, *, run_id: int, cap: Micros | None) -> None:
    """Set or lift the spending cap of a run."""
    transaction.connection.execute("UPDATE runs SET cap = ? WHERE id = ?", (cap, run_id))
    _ = transaction.revision


def set_options(
    transaction: Transaction, *, run_id: int, concurrency: int | None = None, in_doubt: str | None = None
) -> None:
    """Change what a resume may change: per-lane concurrency and the in-doubt policy."""
    transaction.connection.execute(
        "UPDATE runs SET concurrency = coalesce(?, concurrency), in_doubt = coalesce(?, in_doubt) WHERE id = ?",
        (concurrency, in_doubt, run_id),
    )
