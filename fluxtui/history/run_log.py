"""What happened in a run, line by line: the changes of its jobs, and what people asked for.

A line is known by a number: an event's id, or the negative id of a control. Lines are read in chunks from
the newest back, so a run of a million events is there as quickly as one of ten.
"""

import json
import sqlite3
from array import array
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fluxtui.domain.jobs import JobState
from fluxtui.domain.problems import Problem
from fluxtui.domain.values import JsonValue

TROUBLE = frozenset({JobState.REFUSED, JobState.FAILED, JobState.IN_DOUBT, JobState.QUEUED})
"""States that an event leads to only when something went wrong (a queued one: it is sent again)."""


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which lines: of one job, or only those that tell of trouble."""

    job_id: int | None = None
    trouble: bool = False


@dataclass(frozen=True, slots=True)
class LogLine:
    """A change of a job: `problem` is what its attempt met; `seconds` what that took, once it is over."""

    at: float
    job_id: int
    attempt: int
    state: JobState
    task: str
    target: str
    problem: Problem | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class AskedLine:
    """What a person asked for, and what came of it; `outcome` is None while no runner has taken it."""

    at: float
    kind: str
    payload: Mapping[str, JsonValue]
    outcome: str | None


CHUNK = 5000


def chunk(
    connection: sqlite3.Connection,
    run_id: int,
    wanted: LogFilter,
    before: int | None = None,
    *,
    limit: int = CHUNK,
) -> "tuple[array[int], bool]":
    """Return the newest lines before the event `before` (None: the newest of all), oldest first.

    With them comes whether the first of them is the first of the run. What people asked for is among
    them, each wish in one chunk only; a filter leaves it out.
    """
    where, values = _conditions(run_id, wanted)
    older = "" if before is None else " AND id < ?"
    rows = connection.execute(
        f"SELECT id FROM events WHERE {where}{older} ORDER BY id DESC LIMIT ?",
        [*values, *([] if before is None else [before]), limit],
    )
    events = array("q", (row[0] for row in rows))
    events.reverse()
    whole = len(events) < limit
    since = -1.0 if whole else _moment(connection, events[0])
    until = float("inf") if before is None else _moment(connection, before)
    return _woven(connection, events, _asked(connection, run_id, wanted, since, until)), whole


def news(
    connection: sqlite3.Connection, run_id: int, wanted: LogFilter, event: int, control: int, *, limit: int = CHUNK
) -> "array[int]":
    """Return up to `limit` lines after the event and the control that were the last ones seen, oldest first."""
    where, values = _conditions(run_id, wanted)
    rows = connection.execute(
        f"SELECT id FROM events WHERE {where} AND id > ? ORDER BY id LIMIT ?", [*values, event, limit]
    )
    events = array("q", (row[0] for row in rows))
    controls = [each for each in _asked(connection, run_id, wanted, -1.0, float("inf")) if each[0] > control]
    return _woven(connection, events, controls)


def last_control(connection: sqlite3.Connection) -> int:
    """Return the id of the newest control, 0 when there is none."""
    return int(connection.execute("SELECT coalesce(max(id), 0) FROM controls").fetchone()[0])


def _moment(connection: sqlite3.Connection, event: int) -> float:
    row = connection.execute("SELECT at FROM events WHERE id = ?", (event,)).fetchone()
    return -1.0 if row is None else float(row[0])


def _asked(
    connection: sqlite3.Connection, run_id: int, wanted: LogFilter, since: float, until: float
) -> list[tuple[int, float]]:
    """Return (id, moment) of the controls that speak of a run, from `since` on and before `until`, in order.

    What was asked for lanes speaks of every run of that time; a check of credentials of none.
    """
    if wanted != LogFilter():
        return []
    return connection.execute(
        "SELECT controls.id, controls.created_at FROM controls JOIN runs ON runs.id = ?1"
        " WHERE controls.created_at >= ?2 AND controls.created_at < ?3"
        " AND (run_id = ?1 OR (run_id IS NULL AND kind <> 'check' AND controls.created_at >= runs.created_at"
        " AND controls.created_at <= coalesce(runs.finished_at, 1e18))) ORDER BY controls.id",
        (run_id, since, until),
    ).fetchall()


def _woven(connection: sqlite3.Connection, events: "array[int]", controls: Sequence[tuple[int, float]]) -> "array[int]":
    """Return the events with each control at its moment, as the negative of its id."""
    result = array("q", events)
    for control_id, moment in reversed(controls):
        # Events are in the order of time: the place is found with a few questions, not by reading all of them.
        result.insert(bisect_left(_Moments(connection, events), moment), -control_id)
    return result


class _Moments(Sequence[float]):
    """When events happened, asked for one at a time."""

    def __init__(self, connection: sqlite3.Connection, events: "array[int]") -> None:
        self._connection = connection
        self._events = events

    def __len__(self) -> int:
        return len(self._events)

    def __getitem__(self, index: int) -> float:  # type: ignore[override]  # bisect asks for single ones only
        return _moment(self._connection, self._events[index])


def lines(connection: sqlite3.Connection, numbers: Sequence[int]) -> dict[int, LogLine | AskedLine]:
    """Return a page of lines by number; what is gone is missing."""
    events = [number for number in numbers if number > 0]
    found: dict[int, LogLine | AskedLine] = {}
    marks = ",".join("?" * len(events))
    for number, at, job_id, attempt, state, task, target, problem, began, ended in connection.execute(
        "SELECT events.id, events.at, events.job_id, events.attempt, events.state, cells.task, jobs.target,"
        " attempts.problem, attempts.started_at, attempts.ended_at FROM events JOIN jobs ON jobs.id = events.job_id"
        " JOIN cells ON cells.id = jobs.cell_id LEFT JOIN attempts ON attempts.job_id = events.job_id"
        f" AND attempts.number = events.attempt WHERE events.id IN ({marks})",
        events,
    ):
        moved = JobState(state)
        told = Problem.from_json(json.loads(problem)) if problem is not None and moved in TROUBLE else None
        took = ended - began if ended is not None and moved is JobState.DONE else None
        found[number] = LogLine(at, job_id, attempt, moved, task, target, told, took)
    controls = [-number for number in numbers if number < 0]
    marks = ",".join("?" * len(controls))
    for control_id, at, kind, payload, outcome in connection.execute(
        f"SELECT id, created_at, kind, payload, outcome FROM controls WHERE id IN ({marks})", controls
    ):
        found[-control_id] = AskedLine(at, kind, json.loads(payload), outcome)
    return found


def _conditions(run_id: int, wanted: LogFilter) -> tuple[str, list[int]]:
    where, values = "run_id = ?", [run_id]
    if wanted.job_id is not None:
        where, values = "+run_id = ? AND job_id = ?", [run_id, wanted.job_id]
    if wanted.trouble:
        # The very words of the partial index, or it is not used.
        where += " AND state IN ('queued', 'refused', 'failed', 'in_doubt')"
    return where, values
