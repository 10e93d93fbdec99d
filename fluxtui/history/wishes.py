"""What people wish for lanes: on or off, paused, how many requests at once. It outlives every runner and run.

The runner reads the wishes ten times a second, so whoever writes one need not know whether it lives.
Operations for `Journal.write`, and readers.
"""

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass

from fluxtui.domain.jobs import RunState
from fluxtui.domain.money import Micros
from fluxtui.domain.problems import Problem, ProblemKind
from fluxtui.history.journal import Transaction
from fluxtui.history.runs import set_run_state

LARGEST_LIMIT = 1000
"""More requests at once than any service bears."""


@dataclass(frozen=True, slots=True)
class LaneWish:
    """What a person wishes for one lane. `limit` is the most requests at once, None for what the service bears.

    A lane that is not `enabled` (switched off), or `paused` (held back for now), sends nothing in any run.
    """

    lane: str
    enabled: bool = True
    paused: bool = False
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """What would be sent if lanes went on: queued jobs of runs that stand still because of them. `quoted` in micros."""

    runs: tuple[int, ...]
    jobs: int
    quoted: Micros


def lane_wishes(connection: sqlite3.Connection) -> dict[str, LaneWish]:
    """Return the wishes by lane; a lane without one is enabled, not paused, and unlimited."""
    rows = connection.execute("SELECT lane, enabled, paused, capacity FROM lane_wishes ORDER BY lane")
    return {lane: LaneWish(lane, bool(enabled), bool(paused), limit) for lane, enabled, paused, limit in rows}


def disabled_lanes(connection: sqlite3.Connection) -> frozenset[str]:
    """Return the keys of the lanes that a person switched off."""
    return frozenset(wish.lane for wish in lane_wishes(connection).values() if not wish.enabled)


def switched_off(target: str) -> Problem:
    """Return why a disabled lane sends nothing, and what to do about it."""
    return Problem(
        ProblemKind.CONFIGURATION,
        f"{target} is switched off in this workspace.",
        "Somebody disabled it on the Providers screen; its jobs stay queued.",
        "Enable it there (F6) to go on, or cancel what is queued.",
    )


def enable(transaction: Transaction, *, lanes: Sequence[str], enabled: bool) -> None:
    """Switch lanes on or off, for every run."""
    _write(transaction, "enabled", lanes, int(enabled))


def pause(transaction: Transaction, *, lanes: Sequence[str], paused: bool) -> None:
    """Hold lanes back, or let them go on."""
    _write(transaction, "paused", lanes, int(paused))


def limit(transaction: Transaction, *, lanes: Sequence[str], most: int | None) -> None:
    """Let lanes have so many requests at once; None for what the service bears."""
    _write(transaction, "capacity", lanes, None if most is None else min(max(1, most), LARGEST_LIMIT))


def _write(transaction: Transaction, column: str, lanes: Sequence[str], value: int | None) -> None:
    transaction.connection.executemany(
        f"INSERT INTO lane_wishes (lane, {column}, changed_at) VALUES (?, ?, ?)"
        f" ON CONFLICT (lane) DO UPDATE SET {column} = excluded.{column}, changed_at = excluded.changed_at",
        [(lane, value, time.time()) for lane in lanes],
    )
    _ = transaction.revision


# --- what stands still because of lanes ---------------------------------------------------------

_STILL = "(runs.state = 'parked' OR (runs.state = 'paused' AND runs.held_back))"
"""Runs that wait for a lane or a job to be let go, and not for a person's word about the run itself."""


def waiting(connection: sqlite3.Connection, lanes: Sequence[str]) -> Waiting:
    """Return what `go_on` would have sent. An index's work: milliseconds for a hundred thousand jobs."""
    marks = ",".join("?" * len(lanes))
    rows = connection.execute(
        "SELECT jobs.run_id, count(*), sum(jobs.quoted) FROM runs JOIN jobs ON jobs.run_id = runs.id"
        f" WHERE {_STILL} AND jobs.lane IN ({marks}) AND jobs.state = 'queued' AND jobs.held = 0"
        " GROUP BY jobs.run_id ORDER BY jobs.run_id",
        tuple(lanes),
    ).fetchall()
    return Waiting(tuple(row[0] for row in rows), sum(row[1] for row in rows), Micros(sum(row[2] for row in rows)))


def go_on(transaction: Transaction, *, lanes: Sequence[str]) -> list[int]:
    """Make the runs ready that stood still because of `lanes`, and have unfinished jobs there; returns their ids."""
    marks = ",".join("?" * len(lanes))
    rows = transaction.connection.execute(
        "SELECT DISTINCT runs.id FROM runs JOIN tallies ON tallies.run_id = runs.id"
        f" WHERE {_STILL} AND tallies.lane IN ({marks}) AND tallies.jobs > 0"
        " AND tallies.state IN ('queued', 'sending', 'waiting', 'fetching') ORDER BY runs.id",
        tuple(lanes),
    ).fetchall()
    for (run_id,) in rows:
        set_run_state(transaction, run_id=run_id, state=RunState.READY)
    return [row[0] for row in rows]


def forget_parked(transaction: Transaction, *, lanes: Sequence[str]) -> None:
    """Take back what a runner that has ended said of parked lanes: somebody has seen to it."""
    transaction.connection.executemany(
        "UPDATE lanes SET state = 'idle', problem = NULL, circuit = 'closed' WHERE key = ? AND state = 'parked'",
        [(lane,) for lane in lanes],
    )
    _ = transaction.revision
