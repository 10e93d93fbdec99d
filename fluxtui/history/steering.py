"""Steering jobs: hold and release them, send some sooner, put many back at once. Operations for `Journal.write`.

Lists of jobs travel as one JSON text, so that tens of thousands cost one statement.
"""

import json
import sqlite3
from collections.abc import Sequence

from fluxtui.domain.jobs import JobState, RunState
from fluxtui.history import transitions
from fluxtui.history.journal import Transaction
from fluxtui.history.runs import set_run_state
from fluxtui.history.transitions import Transition

HIGHEST_PRIORITY = 1000
"""Priorities go from minus this to this; what is higher is sent first."""

_CHOSEN = "id IN (SELECT value FROM json_each(?))"


def hold(transaction: Transaction, *, job_ids: Sequence[int]) -> int:
    """Hold jobs back that are queued, or that may be queued again; returns how many are held by this."""
    cursor = transaction.connection.execute(
        f"UPDATE jobs SET held = 1, revision = ? WHERE {_CHOSEN} AND held = 0 AND state IN ('queued', 'sending')",
        (transaction.revision, json.dumps(job_ids)),
    )
    return cursor.rowcount


def release(
    transaction: Transaction, *, job_ids: Sequence[int] | None = None, run_id: int | None = None
) -> tuple[int, list[int]]:
    """Let held jobs go (the given ones, or all of a run).

    Returns how many there were, and the runs that stood still for them, which are ready now.
    """
    chosen, value = (_CHOSEN, json.dumps(job_ids)) if job_ids is not None else ("run_id = ?", run_id)
    rows = transaction.connection.execute(
        f"UPDATE jobs SET held = 0, revision = ? WHERE held = 1 AND {chosen} RETURNING run_id",
        (transaction.revision, value),
    ).fetchall()
    ready = [each for each in sorted({row[0] for row in rows}) if _stands_still(transaction, each)]
    for each in ready:
        set_run_state(transaction, run_id=each, state=RunState.READY)
    return len(rows), ready


def _stands_still(transaction: Transaction, run_id: int) -> bool:
    row = transaction.connection.execute(
        "SELECT 1 FROM runs WHERE id = ? AND state = 'paused' AND held_back", (run_id,)
    ).fetchone()
    return row is not None


def prioritise(transaction: Transaction, *, job_ids: Sequence[int], by: int = 0, to: int | None = None) -> int:
    """Set the priority of queued jobs, or move it by so much; returns how many it is another of."""
    wanted = "priority + ?" if to is None else "?"
    value = by if to is None else to
    cursor = transaction.connection.execute(
        f"UPDATE jobs SET priority = min(max({wanted}, ?), ?), revision = ?"
        f" WHERE {_CHOSEN} AND state = 'queued' AND priority <> min(max({wanted}, ?), ?)",
        (
            value,
            -HIGHEST_PRIORITY,
            HIGHEST_PRIORITY,
            transaction.revision,
            json.dumps(job_ids),
            value,
            -HIGHEST_PRIORITY,
            HIGHEST_PRIORITY,
        ),
    )
    return cursor.rowcount


def move(transaction: Transaction, *, steps: Sequence[Transition]) -> list[int]:
    """Do many transitions in one commit; returns the ids of the jobs that were in the state their step begins from."""
    return [step.job_id for step in steps if transitions.apply(transaction, step=step)]


def forget_waits(transaction: Transaction, *, run_ids: Sequence[int], lane: str) -> None:
    """Let queued jobs of a lane be sent at once that were to wait for their time."""
    for run_id in run_ids:
        transaction.connection.execute(
            "UPDATE jobs SET not_before = NULL, revision = ?"
            " WHERE run_id = ? AND lane = ? AND state = 'queued' AND not_before IS NOT NULL",
            (transaction.revision, run_id, lane),
        )


def unheld(connection: sqlite3.Connection, run_id: int, lane: str) -> bool:
    """Return whether a run has jobs in a lane that are not held: queued ones, or any on the network."""
    row = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM jobs WHERE run_id = ?1 AND lane = ?2 AND state = 'queued' AND held = 0)"
        " OR EXISTS (SELECT 1 FROM tallies WHERE run_id = ?1 AND lane = ?2 AND jobs > 0"
        " AND state IN ('sending', 'waiting', 'fetching'))",
        (run_id, lane),
    ).fetchone()
    return bool(row[0])


def runs_of(transaction: Transaction, *, job_ids: Sequence[int]) -> set[int]:
    """Return the ids of the runs that jobs belong to."""
    rows = transaction.connection.execute(f"SELECT DISTINCT run_id FROM jobs WHERE {_CHOSEN}", (json.dumps(job_ids),))
    return {int(row[0]) for row in rows}


def retryable(
    transaction: Transaction, *, run_id: int | None, job_ids: Sequence[int], states: Sequence[JobState] | None
) -> list[tuple[int, JobState, bool]]:
    """Return the settled jobs that can be put back, with their state and whether a ticket is worth asking for.

    Of `states` (failed, refused and cancelled if None), those of `job_ids`, or all of the run without any.
    """
    settled = (JobState.FAILED, JobState.REFUSED, JobState.CANCELLED)
    allowed = [state for state in settled if states is None or state in states]
    marks = ",".join("?" * len(allowed))
    chosen, value = (_CHOSEN, json.dumps(job_ids)) if job_ids else ("run_id = ?", run_id)
    rows = transaction.connection.execute(
        # What was impossible or forbidden from the start was never sent, and never can be.
        # A ticket that the service did not know when it was asked for once more is worth nothing: draw anew.
        "SELECT id, state, ticket IS NOT NULL AND NOT (problem IS NOT NULL AND json_extract(problem, '$.kind')"
        " = 'expired' AND (SELECT count(*) FROM events WHERE job_id = jobs.id AND attempt = jobs.attempts"
        f" AND events.state = 'waiting') > 1) FROM jobs WHERE state IN ({marks})"
        f" AND NOT (state IN ('failed', 'refused') AND attempts = 0) AND {chosen}",
        (*allowed, value),
    ).fetchall()
    return [(row[0], JobState(row[1]), bool(row[2])) for row in rows]
