"""The jobs of a run as a table lists them: which pass a filter, in what order, in which groups.

These read a whole run (0.1 s for 100,000 jobs, searching prompts 0.3 s): call them in a thread.
"""

import sqlite3
from array import array
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from fluxtui.domain.jobs import JobState
from fluxtui.domain.money import Micros
from fluxtui.history.records import JobFilter, Measure, Term

SORTS = (
    "position",
    "state",
    "task",
    "target",
    "seconds",
    "cost",
    "attempts",
    "started",
    "priority",
    "newest",
)
GROUPINGS = ("task", "target", "state")

_ATTENTION = (
    JobState.IN_DOUBT,
    JobState.FAILED,
    JobState.REFUSED,
    JobState.SENDING,
    JobState.WAITING,
    JobState.FETCHING,
    JobState.QUEUED,
    JobState.DONE,
    JobState.CANCELLED,
)
"""The order of states for a person: what needs one comes first."""

_SORTS: Mapping[str, tuple[str, ...]] = {
    "position": ("jobs.position",),
    "state": (
        "CASE jobs.state " + " ".join(f"WHEN '{s.value}' THEN {i}" for i, s in enumerate(_ATTENTION)) + " END",
        "jobs.position",
    ),
    "task": ("cells.task", "jobs.position"),
    "target": ("jobs.target", "jobs.position"),
    "seconds": ("jobs.ended_at - jobs.started_at", "jobs.position"),
    "cost": ("jobs.billed + jobs.uncertain", "jobs.position"),
    "attempts": ("jobs.attempts", "jobs.position"),
    "started": ("jobs.started_at", "jobs.position"),
    "priority": ("jobs.priority", "jobs.position"),
    "newest": ("jobs.revision", "jobs.id"),
}

_FIELDS = {
    "task": "cells.task",
    "target": "jobs.target",
    "prompt": "json_extract(cells.request, '$.prompt')",
}

_MEASURES = {
    Measure.COST: "(jobs.billed + jobs.uncertain)",
    Measure.TIME: "(jobs.ended_at - jobs.started_at)",
    Measure.TRY: "jobs.attempts",
}


@dataclass(frozen=True, slots=True)
class GroupTally:
    """The jobs of one group by state, and their money."""

    counts: Mapping[JobState, int]
    billed: Micros
    uncertain: Micros

    @property
    def jobs(self) -> int:
        return sum(self.counts.values())


def job_ids(
    connection: sqlite3.Connection,
    run_id: int,
    wanted: JobFilter | None = None,
    *,
    sort: str = "position",
    descending: bool = False,
) -> "array[int]":
    """Return the ids of a run's jobs that pass the filter, in the order of the table.

    `sort` is one of SORTS.
    """
    where, values, needs_cells = _conditions(run_id, wanted)
    join = _JOIN if needs_cells or sort == "task" else ""
    # As one text in one step: a hundred thousand rows would hand the interpreter back and forth as often, and each
    # time wait for the thread that draws.
    row = connection.execute(
        f"SELECT group_concat(id) FROM"
        f" (SELECT jobs.id AS id FROM jobs{join} WHERE {where} ORDER BY {_order(sort, descending)})",
        values,
    ).fetchone()
    return array("q", map(int, row[0].split(",")) if row[0] else ())


def grouped_ids(
    connection: sqlite3.Connection,
    run_id: int,
    wanted: JobFilter | None = None,
    *,
    by: str,
    sort: str = "position",
    descending: bool = False,
) -> "dict[str, array[int]]":
    """Return the same ids by group (one of GROUPINGS), sorted within each.

    Tasks come in the order of the batch, targets by name, states with what needs a person first.
    """
    where, values, needs_cells = _conditions(run_id, wanted)
    join = _JOIN if needs_cells or by == "task" or sort == "task" else ""
    first = {"task": "cells.task_index", "target": "jobs.target", "state": _SORTS["state"][0]}[by]
    rows = connection.execute(
        f"SELECT jobs.id, {_key(by)} FROM jobs{join} WHERE {where} ORDER BY {first}, {_order(sort, descending)}", values
    )
    found: dict[str, array[int]] = {}
    for job_id, name in rows:
        members = found.get(name)
        if members is None:
            members = found[name] = array("q")
        members.append(job_id)
    return found


def group_tallies(
    connection: sqlite3.Connection,
    run_id: int,
    wanted: JobFilter | None = None,
    *,
    by: str,
    names: Collection[str] | None = None,
) -> dict[str, GroupTally]:
    """Return what each group (of `names`, else every one) holds by state, and its money."""
    where, values, needs_cells = _conditions(run_id, wanted)
    join = _JOIN if needs_cells or by == "task" else ""
    key = _key(by)
    source, jobs = f"jobs{join}", "count(*)"
    if by != "task" and (wanted is None or wanted.empty):  # already counted, in the transaction of each change
        source, jobs = "tallies AS jobs", "sum(jobs.jobs)"
        where = f"{where} AND jobs.jobs > 0"
    if names is not None:
        where = f"{where} AND {key} IN ({','.join('?' * len(names))})"
        values = [*values, *names]
    counts: dict[str, dict[JobState, int]] = {}
    money: dict[str, tuple[int, int]] = {}
    for name, state, held, billed, uncertain in connection.execute(
        f"SELECT {key}, jobs.state, {jobs}, sum(jobs.billed), sum(jobs.uncertain) FROM {source}"
        f" WHERE {where} GROUP BY {key}, jobs.state",
        values,
    ):
        counts.setdefault(name, {})[JobState(state)] = held
        before = money.get(name, (0, 0))
        money[name] = before[0] + billed, before[1] + uncertain
    return {name: GroupTally(held, Micros(money[name][0]), Micros(money[name][1])) for name, held in counts.items()}


def task_names(connection: sqlite3.Connection, run_id: int, *, limit: int = 2000) -> tuple[str, ...]:
    """Return the first tasks of a run by name, in the order of the batch."""
    rows = connection.execute("SELECT task FROM cells WHERE run_id = ? LIMIT ?", (run_id, limit))
    return tuple(dict.fromkeys(str(row[0]) for row in rows))


_JOIN = " JOIN cells ON cells.id = jobs.cell_id"


def _key(by: str) -> str:
    return {"task": "cells.task", "target": "jobs.target", "state": "jobs.state"}[by]


def _order(sort: str, descending: bool) -> str:
    # What has no value yet (a time, before it is over) comes last in either direction.
    direction = "DESC" if descending else "ASC"
    nulls = " NULLS LAST" if sort in ("seconds", "started") else ""
    return ", ".join(f"{expression} {direction}{nulls}" for expression in _SORTS[sort])


def _conditions(run_id: int, wanted: JobFilter | None) -> tuple[str, list[object], bool]:
    """Return (WHERE without the word, its values, whether it speaks of cells)."""
    where, values, needs_cells = ["jobs.run_id = ?"], [run_id], False
    parameters: list[object] = list(values)
    if wanted is None:
        return where[0], parameters, False
    if wanted.states is not None:
        where.append(f"jobs.state IN ({','.join('?' * len(wanted.states))})")
        parameters.extend(state.value for state in wanted.states)
    if wanted.held is not None:
        where.append("jobs.held" if wanted.held else "NOT jobs.held")
    for bound in wanted.bounds:
        where.append(f"{_MEASURES[bound.measure]} {bound.comparison.value} ?")
        parameters.append(bound.value)
    for term in wanted.terms:
        condition, more = _term(term)
        where.append(f"NOT ({condition})" if term.absent else f"({condition})")
        parameters += more
        needs_cells |= term.within != "target"
    return " AND ".join(where), parameters, needs_cells


def _term(term: Term) -> tuple[str, list[object]]:
    fields = (term.within,) if term.within is not None else ("task", "target", "prompt")
    parts: list[str] = []
    values: list[object] = []
    patterns = [_pattern(text) for text in _spellings(term.text)]
    for name in fields:
        found = " OR ".join([f"{_FIELDS[name]} LIKE ? ESCAPE '\\'"] * len(patterns))
        if name == "prompt" and not set(term.text) & set('"\\') and term.text.isprintable():
            # The whole request holds the prompt as it is: where it is not in there, nothing needs to be parsed.
            raw = " OR ".join(["cells.request LIKE ? ESCAPE '\\'"] * len(patterns))
            parts.append(f"(({raw}) AND ({found}))")
            values += [*patterns, *patterns]
        else:
            parts.append(found)
            values += patterns
    return " OR ".join(parts), values


def _spellings(text: str) -> tuple[str, ...]:
    """Return the text as it may be written: LIKE knows capitals of ASCII letters only."""
    if text.isascii():
        return (text,)
    return tuple(dict.fromkeys((text, text.lower(), text.upper(), text.capitalize())))


def _pattern(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
