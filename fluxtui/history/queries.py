"""Reading the database: plain functions over a connection of `open_reader`.

All are fast: an index or a page each. What reads a whole run is in `job_list.py`.
"""

import json
import sqlite3
from collections.abc import Collection, Sequence
from typing import Any

from fluxtui.domain.jobs import JobKind, JobState, RunState, Ticket
from fluxtui.domain.money import Certainty, Micros
from fluxtui.domain.problems import Problem
from fluxtui.domain.request import Adaptation, ImageRequest
from fluxtui.domain.values import JsonObject
from fluxtui.history.records import (
    AttemptRow,
    CheckRow,
    Control,
    EventRow,
    ImageRow,
    JobDetail,
    JobEvent,
    JobRow,
    LaneRow,
    RunnerRow,
    RunRow,
    TargetRow,
)
from fluxtui.history.wishes import switched_off

_RECENT = 200
"""How many of a target's latest pictures its p50 and p95 are taken from."""


def data_version(connection: sqlite3.Connection) -> int:
    """Return a number that moves whenever another connection has committed (microseconds to ask)."""
    return int(connection.execute("PRAGMA data_version").fetchone()[0])


def revision(connection: sqlite3.Connection) -> int:
    """Return the newest revision; rows changed after it carry higher ones."""
    return int(connection.execute("SELECT value FROM meta WHERE name = 'revision'").fetchone()[0])


# --- runs ---------------------------------------------------------------------------------------

_RUN = (
    "SELECT id, batch, source, state, sandbox, created_at, started_at, finished_at, cap, folder, quoted, held_back,"
    " (SELECT value FROM meta WHERE name = 'revision') FROM runs"
)


def runs(connection: sqlite3.Connection, *, limit: int = 200, before: int | None = None) -> list[RunRow]:
    """Return the newest runs first; `before` pages on from the id of the last one seen."""
    rows = connection.execute(
        f"{_RUN} WHERE deleting IS NULL AND (? IS NULL OR id < ?) ORDER BY id DESC LIMIT ?", (before, before, limit)
    ).fetchall()
    return [_run(connection, row) for row in rows]


def run(connection: sqlite3.Connection, run_id: int) -> RunRow | None:
    """Return a run, None when there is none, or no more than what is left of one that is being deleted."""
    row = connection.execute(f"{_RUN} WHERE id = ? AND deleting IS NULL", (run_id,)).fetchone()
    return None if row is None else _run(connection, row)


def latest_run(connection: sqlite3.Connection) -> RunRow | None:
    row = connection.execute(f"{_RUN} WHERE deleting IS NULL ORDER BY id DESC LIMIT 1").fetchone()
    return None if row is None else _run(connection, row)


def heads(connection: sqlite3.Connection, also: Collection[int]) -> tuple[RunRow, ...]:
    """Return the runs that a runner works on, or will, and some others by id; oldest first."""
    live = runs_in(connection, RunState.READY, RunState.RUNNING)
    found = (run(connection, run_id) for run_id in sorted({*live, *also}))
    return tuple(row for row in found if row is not None)


def _run(connection: sqlite3.Connection, row: tuple[object, ...]) -> RunRow:
    (run_id, batch, source, state, sandbox, created, started, finished, cap, folder, quoted, held, newest) = row
    counts: dict[JobState, int] = {}
    targets: dict[str, None] = {}
    reserved = billed = uncertain = 0
    for target, job_state, jobs, r, b, u in connection.execute(
        "SELECT target, state, jobs, reserved, billed, uncertain FROM tallies WHERE run_id = ?", (run_id,)
    ):
        if jobs:
            counts[JobState(job_state)] = counts.get(JobState(job_state), 0) + jobs
            targets[target] = None
        reserved, billed, uncertain = reserved + r, billed + b, uncertain + u
    return RunRow(
        id=_integer(run_id),
        batch=str(batch),
        source=None if source is None else str(source),
        state=RunState(str(state)),
        sandbox=bool(sandbox),
        created_at=_number(created) or 0.0,
        started_at=_number(started),
        finished_at=_number(finished),
        cap=None if cap is None else Micros(_integer(cap)),
        folder=str(folder),
        counts=counts,
        spent=Micros(billed),
        committed=Micros(reserved + billed + uncertain),
        uncertain=Micros(uncertain),
        quoted=Micros(_integer(quoted)),
        targets=tuple(targets),
        revision=_integer(newest),
        held_back=bool(held),
    )


def _integer(value: object) -> int:
    assert isinstance(value, int)
    return value


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def frozen_batch(connection: sqlite3.Connection, run_id: int) -> JsonObject | None:
    """Return the batch that a run was made of, with all that was added to it since. May be many megabytes."""
    row = connection.execute("SELECT batch FROM frozen_batches WHERE run_id = ?", (run_id,)).fetchone()
    if row is None:
        return None
    value: JsonObject = json.loads(row[0])
    return value


def targets(connection: sqlite3.Connection, run_id: int) -> list[TargetRow]:
    """Return a run's targets with their counts, money and recent speed, by name."""
    found: dict[str, tuple[str, dict[JobState, int], int]] = {}
    for target, lane, state, jobs, billed in connection.execute(
        "SELECT target, lane, state, jobs, billed FROM tallies WHERE run_id = ? ORDER BY target", (run_id,)
    ):
        known_lane, counts, spent = found.get(target, (lane, {}, 0))
        if jobs:
            counts[JobState(state)] = counts.get(JobState(state), 0) + jobs
        found[target] = (known_lane, counts, spent + billed)
    result = []
    for target, (lane, counts, spent) in found.items():
        seconds = sorted(
            row[0]
            for row in connection.execute(
                "SELECT ended_at - started_at FROM jobs WHERE run_id = ? AND target = ? AND state = 'done'"
                " ORDER BY ended_at DESC LIMIT ?",
                (run_id, target, _RECENT),
            )
        )
        p50 = seconds[len(seconds) // 2] if seconds else None
        p95 = seconds[min(len(seconds) * 95 // 100, len(seconds) - 1)] if seconds else None
        result.append(TargetRow(target, lane, counts, Micros(spent), p50, p95))
    return result


# --- jobs ---------------------------------------------------------------------------------------

_JOB = (
    "SELECT jobs.id, jobs.run_id, jobs.position, jobs.kind, jobs.state, cells.task, jobs.target, jobs.attempts,"
    " jobs.started_at, jobs.ended_at, jobs.not_before, jobs.quoted, jobs.billed, jobs.uncertain, jobs.certainty,"
    " json_array_length(cells.adaptations) + json_array_length(jobs.adaptations), jobs.pictures, jobs.problem,"
    " jobs.revision, jobs.priority, jobs.held AND jobs.state = 'queued' FROM jobs JOIN cells ON cells.id = jobs.cell_id"
)


def _job(row: tuple[object, ...]) -> JobRow:
    (
        job_id, run_id, position, kind, state, task, target, attempts, started, ended, not_before,
        quoted, billed, uncertain, certainty, adapted, pictures, problem, changed,
        priority, held,
    ) = row  # fmt: skip
    begun, over = _number(started), _number(ended)
    line = None if problem is None else Problem.from_json(json.loads(str(problem))).what
    return JobRow(
        id=_integer(job_id),
        run_id=_integer(run_id),
        position=_integer(position),
        kind=JobKind(str(kind)),
        state=JobState(str(state)),
        task=str(task),
        target=str(target),
        attempts=_integer(attempts),
        seconds=over - begun if over is not None and begun is not None else None,
        started_at=begun,
        not_before=_number(not_before),
        quoted=Micros(_integer(quoted)),
        billed=Micros(_integer(billed)),
        uncertain=Micros(_integer(uncertain)),
        certainty=None if certainty is None else Certainty(str(certainty)),
        adapted=_integer(adapted),
        pictures=_integer(pictures),
        problem=line,
        revision=_integer(changed),
        priority=_integer(priority),
        held=bool(held),
    )


def jobs(connection: sqlite3.Connection, ids: Sequence[int]) -> dict[int, JobRow]:
    """Return the rows of a page of the table, by id; ids that are gone are missing."""
    marks = ",".join("?" * len(ids))
    return {row[0]: _job(row) for row in connection.execute(f"{_JOB} WHERE jobs.id IN ({marks})", tuple(ids))}


def jobs_changed(connection: sqlite3.Connection, run_id: int, since: int, *, limit: int = 2000) -> list[JobRow]:
    """Return the jobs of a run that changed after revision `since`, oldest change first."""
    rows = connection.execute(
        f"{_JOB} WHERE jobs.run_id = ? AND jobs.revision > ? ORDER BY jobs.revision LIMIT ?", (run_id, since, limit)
    )
    return [_job(row) for row in rows]


def job_detail(connection: sqlite3.Connection, job_id: int) -> JobDetail | None:
    """Return everything about one job, or None when it is gone."""
    row = connection.execute(f"{_JOB} WHERE jobs.id = ?", (job_id,)).fetchone()
    if row is None:
        return None
    more = connection.execute(
        "SELECT cells.key, cells.request, cells.context, cells.axis_point, cells.repeat, cells.adaptations,"
        " jobs.adaptations, jobs.problem, jobs.ticket, jobs.reserved, jobs.priority,"
        " (SELECT created_at FROM runs WHERE id = jobs.run_id)"
        " FROM jobs JOIN cells ON cells.id = jobs.cell_id WHERE jobs.id = ?",
        (job_id,),
    ).fetchone()
    key, request, context, axis_point, repeat, foreseen, observed, problem, ticket, reserved, priority, asked = more
    return JobDetail(
        row=_job(row),
        cell_key=key,
        request=ImageRequest.from_json(json.loads(request)),
        context=json.loads(context),
        axis_point=json.loads(axis_point),
        repeat=repeat,
        adaptations=tuple(Adaptation.from_json(a) for a in (*json.loads(foreseen), *json.loads(observed))),
        problem=None if problem is None else Problem.from_json(json.loads(problem)),
        ticket=None if ticket is None else Ticket(json.loads(ticket)),
        attempts=attempts(connection, job_id),
        images=tuple(images(connection, job_id=job_id)),
        reserved=Micros(reserved),
        priority=priority,
        events=job_events(connection, job_id),
        queued_at=asked,
    )


def job_events(connection: sqlite3.Connection, job_id: int) -> tuple[JobEvent, ...]:
    """Return the newest changes of a job's state (a thousand at most), first to last."""
    rows = connection.execute(
        "SELECT attempt, state, at FROM events WHERE job_id = ? ORDER BY id DESC LIMIT 1000", (job_id,)
    ).fetchall()
    return tuple(JobEvent(attempt, JobState(state), at) for attempt, state, at in reversed(rows))


def attempts(connection: sqlite3.Connection, job_id: int) -> tuple[AttemptRow, ...]:
    """Return every attempt of a job, first to last."""
    return tuple(
        AttemptRow(
            number, started, accepted, ended, outcome, request_id,
            None if problem is None else Problem.from_json(json.loads(problem)),
        )
        for number, started, accepted, ended, outcome, request_id, problem in connection.execute(
            "SELECT number, started_at, accepted_at, ended_at, outcome, request_id, problem FROM attempts"
            " WHERE job_id = ? ORDER BY number",
            (job_id,),
        )
    )  # fmt: skip


_IMAGE = (
    "SELECT id, job_id, ordinal, path, sha256, size_bytes, width, height, format, seed, prompt_used, thumbnail"
    " FROM images"
)


def images(
    connection: sqlite3.Connection, *, job_id: int | None = None, run_id: int | None = None, pending: bool = False
) -> list[ImageRow]:
    """Return pictures of a job or of a run, or those whose side steps are still to be done."""
    if job_id is not None:
        rows = connection.execute(f"{_IMAGE} WHERE job_id = ? ORDER BY ordinal, id", (job_id,))
    elif run_id is not None:
        rows = connection.execute(f"{_IMAGE} WHERE run_id = ? ORDER BY job_id, ordinal, id", (run_id,))
    elif pending:
        rows = connection.execute(
            f"{_IMAGE} WHERE side_steps = 'pending' AND (SELECT deleting FROM runs WHERE id = images.run_id) IS NULL"
            " ORDER BY id LIMIT 500"
        )
    else:
        raise ValueError("say which pictures: of a job, of a run, or pending ones")
    return [ImageRow(*row) for row in rows]


def events(connection: sqlite3.Connection, run_id: int, after: int, *, limit: int = 1000) -> list[EventRow]:
    """Return the state changes of a run's jobs after event `after`, in order: none is ever skipped."""
    rows = connection.execute(
        "SELECT events.id, events.job_id, events.attempt, events.state, events.at, cells.task, jobs.target,"
        " jobs.problem FROM events JOIN jobs ON jobs.id = events.job_id JOIN cells ON cells.id = jobs.cell_id"
        " WHERE events.run_id = ? AND events.id > ? ORDER BY events.id LIMIT ?",
        (run_id, after, limit),
    )
    return [
        EventRow(
            number, job_id, attempt, JobState(state), at, task, target,
            None if problem is None else Problem.from_json(json.loads(problem)),
        )
        for number, job_id, attempt, state, at, task, target, problem in rows
    ]  # fmt: skip


def last_event(connection: sqlite3.Connection, run_id: int) -> int:
    """Return the number of a run's newest event, 0 when it has none."""
    return int(connection.execute("SELECT coalesce(max(id), 0) FROM events WHERE run_id = ?", (run_id,)).fetchone()[0])


def side_steps_pending(connection: sqlite3.Connection, run_id: int) -> bool:
    """Return whether pictures of a run still wait for their thumbnail or sidecar."""
    row = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM images WHERE side_steps = 'pending' AND run_id = ?)", (run_id,)
    ).fetchone()
    return bool(row[0])


# --- the runner ---------------------------------------------------------------------------------


def lanes(connection: sqlite3.Connection, *, idle: bool = False) -> list[LaneRow]:
    """Return the lanes of the runner, and those that stand still; with `idle`, also how others last did."""
    rows = connection.execute(
        "SELECT key, lanes.provider, target, lanes.sandbox, lanes.state, in_flight, lanes.capacity, resume_at,"
        " problem, updated_at, p50, p95, errors, headroom, headroom_limit, checks.credits, succeeded_at, circuit,"
        " latencies, coalesce(enabled, 1), lane_wishes.capacity FROM lanes"
        " LEFT JOIN checks ON checks.provider = lanes.provider AND checks.sandbox = lanes.sandbox"
        " LEFT JOIN lane_wishes ON lane_wishes.lane = lanes.key ORDER BY key"
    )
    return [lane for lane in map(_lane, rows) if idle or lane.state != "idle"]


def _lane(row: tuple[Any, ...]) -> LaneRow:
    key, provider, target, sandbox, state, in_flight, capacity, resume_at, problem, updated_at = row[:10]
    p50, p95, errors, headroom, whole, left, succeeded, circuit, latencies, enabled, wished = row[10:]
    explained = None if problem is None else Problem.from_json(json.loads(problem))
    if not enabled and state != "parked":
        state, explained, resume_at = "disabled", switched_off(target), None
    elif enabled and state == "disabled":
        state = "idle"  # let go since the runner last wrote of it
    return LaneRow(
        key, provider, target, bool(sandbox), state, in_flight, capacity, resume_at, explained, updated_at,
        p50, p95, json.loads(errors), headroom, whole, left, succeeded, circuit,
        tuple(json.loads(latencies)), bool(enabled), wished,
    )  # fmt: skip


def checks(connection: sqlite3.Connection) -> list[CheckRow]:
    """Return what the last check of each service told."""
    rows = connection.execute(
        "SELECT provider, sandbox, state, message, credits, checked_at, seconds FROM checks ORDER BY 1, 2"
    )
    return [CheckRow(provider, bool(sandbox), *rest) for provider, sandbox, *rest in rows]


def runner(connection: sqlite3.Connection) -> RunnerRow | None:
    row = connection.execute("SELECT pid, started_at, heartbeat_at FROM runner").fetchone()
    return None if row is None else RunnerRow(*row)


def open_controls(connection: sqlite3.Connection) -> list[Control]:
    """Return the wishes that nobody took yet, in order."""
    return [
        Control(control_id, kind, run_id, json.loads(payload))
        for control_id, kind, run_id, payload in connection.execute(
            "SELECT id, kind, run_id, payload FROM controls WHERE taken_at IS NULL ORDER BY id"
        )
    ]


def control_outcome(connection: sqlite3.Connection, control_id: int) -> str | None:
    """Return what came of a wish, None while nobody has taken it."""
    row = connection.execute("SELECT outcome FROM controls WHERE id = ?", (control_id,)).fetchone()
    return None if row is None or row[0] is None else str(row[0])


def runs_in(connection: sqlite3.Connection, *states: RunState) -> list[int]:
    """Return the ids of the runs in any of `states`, oldest first."""
    marks = ",".join("?" * len(states))
    rows = connection.execute(f"SELECT id FROM runs WHERE state IN ({marks}) AND deleting IS NULL ORDER BY id", states)
    return [row[0] for row in rows]


def lanes_with_work(connection: sqlite3.Connection, run_id: int) -> list[tuple[str, str]]:
    """Return (lane, target) of a run's lanes that hold queued jobs, or jobs on the network."""
    return connection.execute(
        "SELECT DISTINCT lane, target FROM tallies WHERE run_id = ? AND jobs > 0"
        " AND state IN ('queued', 'sending', 'waiting', 'fetching')",
        (run_id,),
    ).fetchall()
