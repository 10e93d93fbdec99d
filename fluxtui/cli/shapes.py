"""The JSON that commands print: documented in docs/commands.md, and stable."""

import json
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from fluxtui.domain.jobs import JobState
from fluxtui.domain.money import Certainty, dollars
from fluxtui.domain.values import JsonObject
from fluxtui.history.listing import ListedJob
from fluxtui.history.records import EventRow, ImageRow, JobRow, LaneRow, RunRow

_WITH_REASON = frozenset(
    {JobState.QUEUED, JobState.FAILED, JobState.REFUSED, JobState.IN_DOUBT, JobState.CANCELLED, JobState.WAITING}
)


def line(value: JsonObject) -> str:
    """Return JSON on one line. Non-ASCII is escaped: it must survive any locale, and lone surrogates any pipe."""
    return json.dumps(value, allow_nan=False)


def instant(seconds: float | None) -> str | None:
    """Return seconds since the epoch as ISO 8601 in UTC, to the millisecond."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def run_json(run: RunRow) -> JsonObject:
    """Return a run. Money in US dollars; `counts` has every state, zeros included."""
    return {
        "id": run.id,
        "batch": run.batch,
        "state": run.state.value,
        "created_at": instant(run.created_at),
        "counts": {state.value: run.counts.get(state, 0) for state in JobState},
        "cost": dollars(run.spent),
        "uncertain": dollars(run.uncertain),
        "quoted": dollars(run.quoted),
        "cap": None if run.cap is None else dollars(run.cap),
        "sandbox": run.sandbox,
        "targets": list(run.targets),
        "started_at": instant(run.started_at),
        "finished_at": instant(run.finished_at),
    }


def job_json(job: ListedJob, workspace: Path) -> JsonObject:
    row = job.row
    return {
        "id": row.id,
        "task": row.task,
        "target": row.target,
        "kind": row.kind.value,
        "state": row.state.value,
        "attempts": row.attempts,
        "cost": None if _untold(row) else dollars(row.billed),
        "uncertain": dollars(row.uncertain),
        "certainty": None if row.certainty is None else row.certainty.value,
        "seconds": None if row.seconds is None else round(row.seconds, 3),
        "error": None if job.problem is None else job.problem.as_json(),
        "adaptations": [adaptation.as_json() for adaptation in job.adaptations],
        "images": [image_json(image, workspace) for image in job.images],
    }


def _untold(row: JobRow) -> bool:
    """Return whether nobody ever told a price: then the cost is null, not 0."""
    return row.certainty is Certainty.UNKNOWN and not row.billed and not row.uncertain


def image_json(image: ImageRow, workspace: Path) -> JsonObject:
    """Return a picture; the path is absolute, so that a script may stand anywhere."""
    return {
        "path": str(workspace / image.path),
        "sha256": image.sha256,
        "width": image.width,
        "height": image.height,
        "format": image.format,
        "seed": image.seed,
    }


def event_json(event: EventRow, run_id: int, images: tuple[ImageRow, ...], workspace: Path) -> JsonObject:
    """Return a change of a job's state; `error` where the state has a reason, `images` with `done`."""
    problem = event.problem if event.state in _WITH_REASON else None
    return {
        "event": "job",
        "run": run_id,
        "job": event.job_id,
        "task": event.task,
        "target": event.target,
        "state": event.state.value,
        "attempt": event.attempt,
        "at": instant(event.at),
        "error": None if problem is None else problem.as_json(),
        "images": [image_json(image, workspace) for image in images],
    }


def lane_json(lane: LaneRow) -> JsonObject:
    return {
        "key": lane.key,
        "provider": lane.provider,
        "target": lane.target,
        "sandbox": lane.sandbox,
        "state": lane.state,
        "in_flight": lane.in_flight,
        "limit": lane.limit,
        "enabled": lane.enabled,
        "wished_limit": lane.wished,
        "resume_at": instant(lane.resume_at),
        "error": None if lane.problem is None else lane.problem.as_json(),
        "circuit": lane.circuit.replace(" ", "_"),
        "latency": {"p50": lane.p50, "p95": lane.p95},
        "errors": dict(lane.errors),
        "headroom": None if lane.headroom is None else {"left": lane.headroom, "limit": lane.headroom_limit},
        "credits": lane.credits,
        "last_success_at": instant(lane.succeeded_at),
    }


def print_list(head: str, items: Iterable[JsonObject], tail: str) -> None:
    """Print a JSON document whose list is written item by item, one a line, so that it never is in memory whole."""
    sys.stdout.write(head)
    separator = "\n"
    for item in items:
        sys.stdout.write(f"{separator}{line(item)}")
        separator = ",\n"
    sys.stdout.write(f"{tail}\n")
