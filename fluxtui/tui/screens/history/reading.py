"""What the History screen reads, in the feed's thread: the order of the list, pages of it, one run in full."""

import sqlite3
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

from fluxtui.domain.jobs import JobState
from fluxtui.history import queries, run_list
from fluxtui.history.deleting import unfinished
from fluxtui.history.records import JobRow, RunRow, TargetRow
from fluxtui.history.run_list import DiskUse, RunFilter
from fluxtui.history.search import PromptMatch, matching_prompts, search_runs, search_words

_NEED_A_PERSON = (JobState.FAILED, JobState.IN_DOUBT, JobState.REFUSED)
_FAILURES = 4
_MATCHES = 12


@dataclass(frozen=True, slots=True)
class Look:
    """What the list shows: which runs, in which order."""

    run_filter: RunFilter = field(default_factory=RunFilter)
    sort: str = "newest"
    descending: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of the list, what their pictures weigh, the first prompt of each that a search found.

    `changed` is the revision at which a job of each changed last.
    """

    rows: dict[int, RunRow]
    use: dict[int, DiskUse]
    matches: dict[int, PromptMatch]
    changed: dict[int, int]


@dataclass(frozen=True, slots=True)
class Listing:
    """The list as it is now, with the rows in view. `every` counts the runs that no filter kept out."""

    ids: "array[int]"
    every: int
    page: Page
    use: DiskUse
    broken_off: bool


@dataclass(frozen=True, slots=True)
class RunFacts:
    """One run in full."""

    run: RunRow
    targets: tuple[TargetRow, ...]
    use: DiskUse
    failures: tuple[JobRow, ...]
    matches: tuple[PromptMatch, ...]


class Searches:
    """Remembers what the last search found: prompts change only when runs are made, amended or deleted."""

    def __init__(self) -> None:
        self._key: tuple[object, ...] = ()
        self._found: dict[int, PromptMatch] = {}

    def found(self, connection: sqlite3.Connection, text: str, runs: int) -> dict[int, PromptMatch]:
        (newest,) = connection.execute("SELECT max(id) FROM prompts").fetchone()
        key = (text, newest, runs)
        if key != self._key:
            self._key, self._found = key, search_runs(connection, text)
        return self._found


def read_listing(connection: sqlite3.Connection, look: Look, view: range, searches: Searches) -> Listing:
    """Return the list in the order asked for, with the rows of the places in `view`."""
    (every,) = connection.execute("SELECT count(*) FROM runs WHERE deleting IS NULL").fetchone()
    ids = run_list.run_ids(connection, look.run_filter, sort=look.sort, descending=look.descending, searched=False)
    found: dict[int, PromptMatch] = {}
    if search_words(look.run_filter.text):
        found = searches.found(connection, look.run_filter.text, every)
        ids = array("q", (run_id for run_id in ids if run_id in found))
    page = read_page(connection, ids[view.start : view.stop], found)
    return Listing(ids, every, page, run_list.total_disk_use(connection), bool(unfinished(connection)))


def read_page(connection: sqlite3.Connection, ids: Sequence[int], found: dict[int, PromptMatch]) -> Page:
    """Return the rows of some runs."""
    return Page(
        run_list.run_rows(connection, ids),
        run_list.disk_use(connection, ids),
        {run_id: found[run_id] for run_id in ids if run_id in found},
        run_list.last_changes(connection, ids),
    )


def read_facts(connection: sqlite3.Connection, run_id: int, text: str) -> RunFacts | None:
    """Return one run in full, None when it is gone; `text` is what is searched."""
    run = queries.run(connection, run_id)
    if run is None:
        return None
    failures: tuple[JobRow, ...] = ()
    if any(run.counts.get(state) for state in _NEED_A_PERSON):
        marks = ",".join("?" * len(_NEED_A_PERSON))
        first = connection.execute(
            f"SELECT id FROM jobs WHERE run_id = ? AND state IN ({marks}) ORDER BY position LIMIT ?",
            (run_id, *_NEED_A_PERSON, _FAILURES),
        )
        rows = queries.jobs(connection, [row[0] for row in first])
        failures = tuple(sorted(rows.values(), key=lambda row: row.position))
    return RunFacts(
        run,
        tuple(queries.targets(connection, run_id)),
        run_list.disk_use(connection, [run_id]).get(run_id, DiskUse()),
        failures,
        tuple(matching_prompts(connection, run_id, text, limit=_MATCHES)),
    )


def read_names(connection: sqlite3.Connection) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of batches and targets that the filter line completes."""
    batches = connection.execute(
        "SELECT batch FROM runs WHERE deleting IS NULL GROUP BY batch ORDER BY max(id) DESC LIMIT 200"
    )
    targets = connection.execute("SELECT DISTINCT target FROM tallies WHERE jobs > 0 ORDER BY target LIMIT 500")
    return tuple(row[0] for row in batches), tuple(row[0] for row in targets)
