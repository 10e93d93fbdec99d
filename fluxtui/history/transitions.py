"""Writing the life of a job: claims, transitions, receipts, attempts, images.

A transition is one conditional UPDATE that also writes the attempt and the receipt; the table in
`domain/jobs.py` says which exist. Operations for `Journal.write`.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fluxtui.domain.jobs import JobKind, JobState, RunState, Ticket, may_become
from fluxtui.domain.money import Certainty, Micros
from fluxtui.domain.problems import Acceptance, Problem
from fluxtui.domain.request import Adaptation, ImageRequest
from fluxtui.domain.values import JsonValue, canonical_json
from fluxtui.history.journal import Transaction

_LARGEST_INTEGER = 2**63 - 1
"""The largest number that SQLite keeps whole."""


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job as the runner works on it: everything a lane needs, read once."""

    id: int
    run_id: int
    cell_id: int
    kind: JobKind
    state: JobState
    task: str
    target: str
    provider: str
    lane: str
    request: ImageRequest
    stem: str
    attempts: int
    throttled: int
    quoted: Micros
    reserved: Micros
    ticket: Ticket | None
    started_at: float
    folder: str
    layout: str
    in_doubt: str


@dataclass(frozen=True, slots=True)
class Claim:
    """What a claim brought: jobs now in `sending`, and whether the cap kept more from being sent.

    `next_at` is when the earliest job that waits for its time may be sent.
    """

    jobs: tuple[ClaimedJob, ...]
    capped: bool = False
    next_at: float | None = None


_COLUMNS = (
    "jobs.id, jobs.run_id, jobs.cell_id, jobs.kind, jobs.state, cells.task, jobs.target, jobs.lane,"
    " cells.provider, cells.request, cells.stem, jobs.attempts, jobs.throttled, jobs.quoted, jobs.reserved,"
    " jobs.ticket, jobs.started_at, runs.folder, runs.layout, runs.in_doubt"
)
_FROM = "FROM jobs JOIN cells ON cells.id = jobs.cell_id JOIN runs ON runs.id = jobs.run_id"


def _job(row: tuple[Any, ...]) -> ClaimedJob:
    (
        job_id, run_id, cell_id, kind, state, task, target, lane, provider, request, stem,
        attempts, throttled, quoted, reserved, ticket, started_at, folder, layout, in_doubt,
    ) = row  # fmt: skip
    return ClaimedJob(
        id=job_id,
        run_id=run_id,
        cell_id=cell_id,
        kind=JobKind(kind),
        state=JobState(state),
        task=task,
        target=target,
        provider=provider,
        lane=lane,
        request=ImageRequest.from_json(json.loads(request)),
        stem=stem,
        attempts=attempts,
        throttled=throttled,
        quoted=quoted,
        reserved=reserved,
        ticket=None if ticket is None else Ticket(json.loads(ticket)),
        started_at=started_at if started_at is not None else time.time(),
        folder=folder,
        layout=layout,
        in_doubt=in_doubt,
    )


def committed(transaction: Transaction, run_id: int) -> Micros:
    """Return what a run has spent, may have spent and has reserved."""
    row = transaction.connection.execute(
        "SELECT coalesce(sum(reserved + billed + uncertain), 0) FROM tallies WHERE run_id = ?", (run_id,)
    ).fetchone()
    return Micros(int(row[0]))


def claim(transaction: Transaction, *, run_id: int, lane: str, most: int) -> Claim:
    """Take up to `most` queued jobs of a run and lane into `sending`, and reserve their money.

    The reservation is part of the claim, so no concurrency can overshoot the cap.
    """
    connection, now = transaction.connection, time.time()
    run = connection.execute("SELECT state, cap FROM runs WHERE id = ?", (run_id,)).fetchone()
    if run is None or run[0] != RunState.RUNNING:
        return Claim(())
    cap = run[1]
    room = None if cap is None else cap - committed(transaction, run_id)
    rows = connection.execute(
        f"SELECT jobs.certainty = 'unknown' AND jobs.quoted = 0, {_COLUMNS} {_FROM}"
        " WHERE jobs.run_id = ? AND jobs.lane = ? AND jobs.state = 'queued' AND jobs.held = 0"
        " AND (jobs.not_before IS NULL OR jobs.not_before <= ?) ORDER BY jobs.priority DESC, jobs.position LIMIT ?",
        (run_id, lane, now, most),
    ).fetchall()
    jobs: list[ClaimedJob] = []
    capped = False
    for unpriced, *row in rows:
        job = _job(tuple(row))
        if room is not None and (unpriced or job.quoted > room):  # no cap holds what has no price
            capped = True
            continue  # a cheaper one may still fit
        if room is not None:
            room -= job.quoted
        jobs.append(_begin(transaction, job, now))
    next_at = None
    if not jobs:
        row = connection.execute(
            "SELECT min(not_before) FROM jobs WHERE run_id = ? AND lane = ? AND state = 'queued' AND held = 0"
            " AND not_before > ?",
            (run_id, lane, now),
        ).fetchone()
        next_at = row[0]
    return Claim(tuple(jobs), capped, next_at)


def _begin(transaction: Transaction, job: ClaimedJob, now: float) -> ClaimedJob:
    transaction.connection.execute(
        "UPDATE jobs SET state = 'sending', attempts = attempts + 1, reserved = ?, started_at = ?, ended_at = NULL,"
        " not_before = NULL, ticket = NULL, revision = ? WHERE id = ? AND state = 'queued'",
        (job.quoted, now, transaction.revision, job.id),
    )
    transaction.connection.execute(
        "INSERT INTO attempts (job_id, number, started_at) VALUES (?, ?, ?)", (job.id, job.attempts + 1, now)
    )
    return replace(
        job,
        state=JobState.SENDING,
        attempts=job.attempts + 1,
        reserved=job.quoted,
        ticket=None,
        started_at=now,
    )


def under_way(transaction: Transaction) -> list[ClaimedJob]:
    """Return every job that a dead runner left on the network, oldest attempt first."""
    rows = transaction.connection.execute(
        f"SELECT {_COLUMNS} {_FROM} WHERE jobs.state IN ('sending', 'waiting', 'fetching')"
        " AND runs.deleting IS NULL ORDER BY jobs.started_at"
    ).fetchall()
    return [_job(row) for row in rows]


def job(transaction: Transaction, job_id: int) -> ClaimedJob | None:
    """Return one job as a lane would get it."""
    row = transaction.connection.execute(f"SELECT {_COLUMNS} {_FROM} WHERE jobs.id = ?", (job_id,)).fetchone()
    return None if row is None else _job(row)


@dataclass(frozen=True, slots=True)
class SavedPicture:
    """A picture that is safely on disk. `path` is relative to the workspace."""

    path: str
    sha256: str
    size_bytes: int
    width: int
    height: int
    format: str
    seed: int | None = None
    prompt_used: str | None = None
    details: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Transition:
    """One step in a job's life, with all that is to be written with it.

    `billed` is what the service said it charged (None: it did not say); `acceptance` says what
    becomes of the reservation when the step ends the attempt without a picture.
    """

    job_id: int
    before: JobState
    after: JobState
    ticket: Ticket | None = None
    problem: Problem | None = None
    not_before: float | None = None
    billed: Micros | None = None
    acceptance: Acceptance = Acceptance.NO
    request_id: str | None = None
    throttled: bool = False
    adaptations: tuple[Adaptation, ...] = ()
    pictures: tuple[SavedPicture, ...] = ()


def apply(transaction: Transaction, *, step: Transition) -> bool:
    """Do one transition; False when the job was no longer in the state the step begins from.

    Raises ValueError for a transition that does not exist.
    """
    if not may_become(step.before, step.after):
        raise ValueError(f"a job never goes from {step.before} to {step.after}")
    if step == Transition(step.job_id, JobState.WAITING, JobState.FETCHING):
        return _begin_fetching(transaction, step.job_id)
    connection, now = transaction.connection, time.time()
    row = connection.execute(
        "SELECT run_id, attempts, quoted, reserved, billed, uncertain, certainty, adaptations FROM jobs"
        " WHERE id = ? AND state = ?",
        (step.job_id, step.before),
    ).fetchone()
    if row is None:
        return False
    run_id, attempts, quoted, reserved, billed, uncertain, certainty, observed = row
    money = _settle(step, Receipt(quoted, reserved, billed, uncertain, certainty))
    if step.adaptations:
        observed = canonical_json([*json.loads(observed), *(a.as_json() for a in step.adaptations)])
    problem = None if step.problem is None else canonical_json(step.problem.as_json())
    _write_job(transaction, step, money, observed, problem, now)
    _write_attempt(transaction, step, attempts, now, problem, _ends(step))
    _insert_images(transaction, run_id, step, now)
    return True


def _write_job(
    transaction: Transaction, step: Transition, money: "Receipt", observed: str, problem: str | None, now: float
) -> None:
    transaction.connection.execute(
        "UPDATE jobs SET state = ?, ticket = CASE WHEN ? THEN NULL ELSE coalesce(?, ticket) END, problem = ?,"
        " not_before = ?, reserved = ?, billed = ?, uncertain = ?, certainty = ?, adaptations = ?,"
        " throttled = throttled + ?, ended_at = CASE WHEN ? THEN ? ELSE NULL END, pictures = pictures + ?,"
        " held = CASE WHEN ? THEN held ELSE 0 END, revision = ? WHERE id = ? AND state = ?",
        (
            step.after,
            step.after in (JobState.QUEUED, JobState.DONE) or _came_to_nothing(step),
            None if step.ticket is None else canonical_json(step.ticket.as_json()),
            problem,
            step.not_before,
            money.reserved,
            money.billed,
            money.uncertain,
            money.certainty,
            observed,
            step.throttled,
            _ends(step),
            now,
            len(step.pictures),
            (step.before, step.after) == (JobState.SENDING, JobState.QUEUED),  # held while it was on its way
            transaction.revision,
            step.job_id,
            step.before,
        ),
    )


def _ends(step: Transition) -> bool:
    """Return whether the attempt is over with this step."""
    return step.after not in (JobState.WAITING, JobState.FETCHING, JobState.SENDING)


def _came_to_nothing(step: Transition) -> bool:
    """Return whether there is nothing left to collect by the ticket, and nothing to pay."""
    return step.after is JobState.FAILED and step.acceptance is Acceptance.NO


def _begin_fetching(transaction: Transaction, job_id: int) -> bool:
    """The step that brings no news, neither for the receipt nor for the attempt: the state alone."""
    cursor = transaction.connection.execute(
        "UPDATE jobs SET state = 'fetching', problem = NULL, not_before = NULL, ended_at = NULL, revision = ?"
        " WHERE id = ? AND state = 'waiting'",
        (transaction.revision, job_id),
    )
    return cursor.rowcount == 1


@dataclass(slots=True)
class Receipt:
    """The money of a job, all in micros."""

    quoted: int
    reserved: int
    billed: int
    uncertain: int
    certainty: str | None


def _settle(step: Transition, money: Receipt) -> Receipt:
    """Return the receipt after `step`. Billed money never shrinks; a reservation always ends somewhere."""
    match step.after:
        case JobState.WAITING | JobState.FETCHING:
            if step.before in (JobState.FAILED, JobState.CANCELLED):
                # Collected again: what was uncertain is awaited again.
                money.reserved = min(money.uncertain, money.quoted)
                money.uncertain -= money.reserved
            elif step.billed is not None:
                money.reserved = step.billed
        case JobState.DONE:
            if step.before is JobState.IN_DOUBT:
                paid = min(money.uncertain, money.quoted)
                money.uncertain -= paid
                money.billed += paid
                money.certainty = Certainty.ESTIMATED
            else:
                money.billed += step.billed if step.billed is not None else money.reserved
                # Nobody told a price, before or after: that is unknown, not nothing.
                unknown = money.certainty == Certainty.UNKNOWN and not money.quoted
                guess = Certainty.UNKNOWN if unknown else Certainty.ESTIMATED
                money.certainty = Certainty.SETTLED if step.billed is not None else guess
                money.reserved = 0
        case JobState.REFUSED:
            money.billed += step.billed or 0
            money.certainty = Certainty.SETTLED if step.billed is not None else Certainty.ESTIMATED
            money.reserved = 0
        case JobState.IN_DOUBT | JobState.FAILED | JobState.CANCELLED | JobState.QUEUED:
            if step.acceptance is not Acceptance.NO and money.reserved:
                money.uncertain += money.reserved
                money.certainty = Certainty.UNKNOWN
            money.reserved = 0
        case JobState.SENDING:
            raise ValueError("only a claim begins sending")
    return money


def _write_attempt(
    transaction: Transaction, step: Transition, number: int, now: float, problem: str | None, ended: bool
) -> None:
    if number == 0 or step.before not in (JobState.SENDING, JobState.WAITING, JobState.FETCHING):
        return
    transaction.connection.execute(
        "UPDATE attempts SET accepted_at = CASE WHEN ? THEN coalesce(accepted_at, ?) ELSE accepted_at END,"
        " ended_at = CASE WHEN ? THEN ? ELSE NULL END, outcome = ?, request_id = coalesce(?, request_id),"
        " ticket = coalesce(?, ticket), problem = ? WHERE job_id = ? AND number = ?",
        (
            step.before is JobState.SENDING and step.after in (JobState.WAITING, JobState.FETCHING, JobState.DONE),
            now,
            ended,
            now,
            step.after if ended else None,
            step.request_id,
            None if step.ticket is None else canonical_json(step.ticket.as_json()),
            problem,
            step.job_id,
            number,
        ),
    )


def _insert_images(transaction: Transaction, run_id: int, step: Transition, now: float) -> None:
    transaction.connection.executemany(
        "INSERT INTO images (run_id, job_id, ordinal, path, sha256, size_bytes, width, height, format, seed,"
        " prompt_used, details, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [_image(run_id, step.job_id, ordinal, picture, now) for ordinal, picture in enumerate(step.pictures, 1)],
    )


def _image(run_id: int, job_id: int, ordinal: int, picture: SavedPicture, now: float) -> tuple[object, ...]:
    seed, details = picture.seed, dict(picture.details)
    if seed is not None and abs(seed) > _LARGEST_INTEGER:
        seed, details["seed"] = None, str(seed)  # fal.ai draws them larger than the database's numbers
    return (
        run_id,
        job_id,
        ordinal,
        picture.path,
        picture.sha256,
        picture.size_bytes,
        picture.width,
        picture.height,
        picture.format,
        seed,
        # The service's own words may hold lone surrogates, which have no UTF-8.
        picture.prompt_used and picture.prompt_used.encode("utf-8", "replace").decode(),
        canonical_json(details),
        now,
    )


def cancel_queued(transaction: Transaction, *, run_id: int, job_ids: Sequence[int] | None = None) -> int:
    """Cancel the jobs of a run that were not sent (all, or the given ones); returns how many."""
    chosen = "" if job_ids is None else f" AND id IN ({','.join(str(int(i)) for i in job_ids)})"
    cursor = transaction.connection.execute(
        "UPDATE jobs SET state = 'cancelled', ended_at = ?, revision = ?"
        f" WHERE run_id = ? AND state = 'queued'{chosen}",
        (time.time(), transaction.revision, run_id),
    )
    return cursor.rowcount


@dataclass(frozen=True, slots=True)
class SideStepsEnd:
    """How a picture's side steps (thumbnail, sidecar) ended: `done` or `failed`."""

    image_id: int
    job_id: int
    thumbnail: str | None
    outcome: str
    thumbnail_bytes: int = 0


def end_side_steps(transaction: Transaction, *, ends: Sequence[SideStepsEnd]) -> None:
    """Record that the side steps of some pictures are over."""
    connection = transaction.connection
    connection.executemany(
        "UPDATE images SET thumbnail = coalesce(?, thumbnail), thumbnail_bytes = max(?, thumbnail_bytes),"
        " side_steps = ? WHERE id = ?",
        [(end.thumbnail, end.thumbnail_bytes, end.outcome, end.image_id) for end in ends],
    )
    revision = transaction.revision
    connection.executemany("UPDATE jobs SET revision = ? WHERE id = ?", [(revision, end.job_id) for end in ends])
