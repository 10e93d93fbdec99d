"""Deleting a run piece by piece, so that nobody else waits long for the database.

The run is marked first, which hides it everywhere; its cells go in chunks with all that hangs on
them; the run itself goes last, so that whoever finds the mark can finish what a crash broke off.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from fluxtui.domain.jobs import ACTIVE, RunState
from fluxtui.history.journal import Transaction


class Extent(StrEnum):
    """What is deleted of a run: what is recorded of it, or its pictures as well."""

    RECORDS = "records"
    PICTURES = "pictures"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a run cannot be deleted now: its state, and how many of its requests are being answered."""

    state: RunState
    under_way: int


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A run that is marked. `folder` is relative to the workspace."""

    run_id: int
    extent: Extent
    folder: str


@dataclass(frozen=True, slots=True)
class Leaving:
    """A picture that is to go: paths relative to the workspace, bytes. `shared`: others show the thumbnail too."""

    path: str
    size_bytes: int
    thumbnail: str | None
    thumbnail_bytes: int
    shared: bool


def mark(transaction: Transaction, *, run_id: int, extent: Extent, runner_alive: bool) -> Obstacle | None:
    """Mark a run as being deleted; returns what is in the way, if anything is. A run that is gone is in nobody's way.

    While a runner lives, a run that it works on cannot go.
    """
    connection = transaction.connection
    run = connection.execute("SELECT state FROM runs WHERE id = ?", (run_id,)).fetchone()
    if run is None:
        return None
    if runner_alive:
        state = RunState(run[0])
        marks = ",".join("?" * len(ACTIVE))
        (under_way,) = connection.execute(
            f"SELECT coalesce(sum(jobs), 0) FROM tallies WHERE run_id = ? AND state IN ({marks})", (run_id, *ACTIVE)
        ).fetchone()
        if under_way or state in (RunState.RUNNING, RunState.READY):
            return Obstacle(state, int(under_way))
    connection.execute(
        "UPDATE runs SET deleting = CASE deleting WHEN 'pictures' THEN deleting ELSE ? END WHERE id = ?",
        (extent, run_id),
    )
    connection.execute("DELETE FROM controls WHERE run_id = ? AND taken_at IS NULL", (run_id,))
    _ = transaction.revision
    return None


def unfinished(connection: sqlite3.Connection) -> list[Unfinished]:
    """Return the runs that are being deleted, or whose deletion broke off."""
    rows = connection.execute("SELECT id, deleting, folder FROM runs WHERE deleting IS NOT NULL ORDER BY id")
    return [Unfinished(run_id, Extent(extent), folder) for run_id, extent, folder in rows]


def next_cells(connection: sqlite3.Connection, run_id: int, most: int) -> list[int]:
    """Return the ids of up to `most` cells that are left of a run."""
    return [row[0] for row in connection.execute("SELECT id FROM cells WHERE run_id = ? LIMIT ?", (run_id, most))]


def leaving(connection: sqlite3.Connection, run_id: int, cells: Sequence[int]) -> list[Leaving]:
    """Return the pictures of some cells of a run."""
    marks = ",".join("?" * len(cells))
    rows = connection.execute(
        "SELECT path, size_bytes, thumbnail, thumbnail_bytes, EXISTS"
        " (SELECT 1 FROM images AS others WHERE others.sha256 = images.sha256 AND others.run_id <> ?)"
        f" FROM images JOIN jobs ON jobs.id = images.job_id WHERE jobs.cell_id IN ({marks})",
        (run_id, *cells),
    )
    return [Leaving(path, size, thumbnail, weight, bool(shared)) for path, size, thumbnail, weight, shared in rows]


def delete_cells(transaction: Transaction, *, cells: Sequence[int]) -> None:
    """Delete cells with their jobs, attempts, events and pictures' rows."""
    marks = ",".join("?" * len(cells))
    transaction.connection.execute(f"DELETE FROM cells WHERE id IN ({marks})", tuple(cells))


def delete_prompts(transaction: Transaction, *, run_id: int, most: int) -> int:
    """Delete up to `most` of a run's prompts from what is searched; returns how many there were."""
    cursor = transaction.connection.execute(
        "DELETE FROM prompts WHERE id IN (SELECT id FROM prompts WHERE run_id = ? LIMIT ?)", (run_id, most)
    )
    return cursor.rowcount


def delete_run(transaction: Transaction, *, run_id: int) -> None:
    """Delete the run itself, with what little may be left of it, and the wishes that concerned it."""
    transaction.connection.execute("DELETE FROM controls WHERE run_id = ?", (run_id,))
    transaction.connection.execute("DELETE FROM runs WHERE id = ?", (run_id,))
    _ = transaction.revision
