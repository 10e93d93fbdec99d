"""Reading the list of all runs: which ones, in which order, a page of them, and what they weigh.

As with the jobs of a run, the order is read as ids, and rows only for the page that is looked at.
`run_ids` may read every run and every prompt: call it in a thread.
"""

import sqlite3
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from fluxtui.domain.jobs import RunState
from fluxtui.history import queries
from fluxtui.history.records import RunRow
from fluxtui.history.search import search_runs, search_words


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs a list shows. `text` is searched in the prompts; `batch` and `target` are parts of names.

    `sandbox` None shows both. `failed` keeps runs with failed jobs, `doubtful` those with jobs in doubt.
    """

    text: str = ""
    states: frozenset[RunState] = frozenset()
    batch: str = ""
    target: str = ""
    sandbox: bool | None = None
    failed: bool = False
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class DiskUse:
    """What the pictures of a run weigh, or those of all runs: bytes."""

    pictures: int = 0
    picture_bytes: int = 0
    thumbnail_bytes: int = 0

    @property
    def total(self) -> int:
        return self.picture_bytes + self.thumbnail_bytes


SORTS = {
    "newest": "runs.id",
    "batch": "runs.batch COLLATE NOCASE",
    "state": "runs.state",
    "jobs": "(SELECT sum(jobs) FROM tallies WHERE run_id = runs.id)",
    "cost": "(1 - runs.sandbox) * (SELECT sum(billed + uncertain) FROM tallies WHERE run_id = runs.id)",
    "size": "(SELECT picture_bytes + thumbnail_bytes FROM disk_use WHERE run_id = runs.id)",
}
"""What the list can be sorted by."""


def run_ids(
    connection: sqlite3.Connection,
    filter: RunFilter | None = None,  # noqa: A002 - the screens' word
    *,
    sort: str = "newest",
    descending: bool = True,
    searched: bool = True,
) -> "array[int]":
    """Return the ids of the runs that pass `filter`, in the order of the list. `sort` is one of SORTS.

    Without `searched` the text of the filter is left to whoever asks.
    """
    where, values = _where(filter or RunFilter())
    direction = "DESC" if descending else "ASC"
    rows = connection.execute(
        f"SELECT runs.id FROM runs WHERE {where} ORDER BY {SORTS[sort]} {direction}, runs.id {direction}", values
    )
    ids = array("q", (row[0] for row in rows))
    if searched and filter is not None and search_words(filter.text):
        found = search_runs(connection, filter.text)
        ids = array("q", (run_id for run_id in ids if run_id in found))
    return ids


def _where(filter: RunFilter) -> tuple[str, list[object]]:  # noqa: A002
    where, values = ["runs.deleting IS NULL"], list[object]()
    if filter.states:
        where.append(f"runs.state IN ({','.join('?' * len(filter.states))})")
        values += filter.states
    if filter.sandbox is not None:
        where.append("runs.sandbox = ?")
        values.append(filter.sandbox)
    if filter.batch:
        where.append("runs.batch LIKE ? ESCAPE '\\'")
        values.append(_part(filter.batch))
    if filter.target:
        where.append(f"{_TALLY} target LIKE ? ESCAPE '\\')")
        values.append(_part(filter.target))
    if filter.failed:
        where.append(f"{_TALLY} state = 'failed')")
    if filter.doubtful:
        where.append(f"{_TALLY} state = 'in_doubt')")
    return " AND ".join(where), values


_TALLY = "EXISTS (SELECT 1 FROM tallies WHERE run_id = runs.id AND jobs > 0 AND"


def _part(text: str) -> str:
    """Return the LIKE pattern of what holds `text`."""
    return "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


def run_rows(connection: sqlite3.Connection, ids: Sequence[int]) -> dict[int, RunRow]:
    """Return the rows of a page of the list, by id; runs that are gone are missing."""
    rows = ((run_id, queries.run(connection, run_id)) for run_id in ids)
    return {run_id: row for run_id, row in rows if row is not None}


def last_changes(connection: sqlite3.Connection, ids: Sequence[int]) -> dict[int, int]:
    """Return the revision at which a job of each run changed last; runs without jobs are missing."""
    newest = "SELECT max(revision) FROM jobs WHERE run_id = ?"  # the end of an index
    found = ((run_id, connection.execute(newest, (run_id,)).fetchone()[0]) for run_id in ids)
    return {run_id: revision for run_id, revision in found if revision is not None}


def disk_use(connection: sqlite3.Connection, ids: Sequence[int]) -> dict[int, DiskUse]:
    """Return what the pictures of some runs weigh, by run; one without pictures is missing."""
    marks = ",".join("?" * len(ids))
    rows = connection.execute(
        f"SELECT run_id, pictures, picture_bytes, thumbnail_bytes FROM disk_use WHERE run_id IN ({marks})", tuple(ids)
    )
    return {run_id: DiskUse(*numbers) for run_id, *numbers in rows}


def total_disk_use(connection: sqlite3.Connection) -> DiskUse:
    """Return what the pictures of all runs weigh."""
    row = connection.execute(
        "SELECT coalesce(sum(pictures), 0), coalesce(sum(picture_bytes), 0), coalesce(sum(thumbnail_bytes), 0)"
        " FROM disk_use JOIN runs ON runs.id = run_id WHERE runs.deleting IS NULL"
    ).fetchone()
    return DiskUse(*row)
