"""Reading a run as it changes: every change of a state in order, and where it stands."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fluxtui.domain.jobs import JobState, RunState
from fluxtui.history import job_list, queries
from fluxtui.history.database import database_path, open_reader
from fluxtui.history.listing import images_of
from fluxtui.history.records import EventRow, ImageRow, JobFilter, JobRow, LaneRow, RunRow, TargetRow

UNDER_WAY = frozenset({RunState.READY, RunState.RUNNING})
"""States in which a run has not settled; in every other one nothing moves without a person."""

_EVENTS = 400


@dataclass(frozen=True, slots=True)
class Step:
    """One change of a job. `row` is the job now, `images` its pictures when it became done."""

    event: EventRow
    row: JobRow | None
    images: tuple[ImageRow, ...] = ()


@dataclass(frozen=True, slots=True)
class News:
    """What changed since the last look; `more` when there is more to read at once."""

    run: RunRow
    targets: tuple[TargetRow, ...]
    lanes: Mapping[str, LaneRow]
    steps: tuple[Step, ...]
    more: bool


class Watch:
    """Looks at one run. `after` is the last event that is known already."""

    def __init__(self, workspace: Path, run_id: int, *, after: int = 0) -> None:
        self.run_id = run_id
        self._connection = open_reader(database_path(workspace))
        self._after = after
        self._seen: int | None = None

    def close(self) -> None:
        self._connection.close()

    def look(self) -> News | None:
        """Return what is new, None when nothing was written since, or the run is gone. Takes milliseconds."""
        version = queries.data_version(self._connection)
        if version == self._seen:
            return None
        run = queries.run(self._connection, self.run_id)
        if run is None:
            return None
        events = queries.events(self._connection, self.run_id, self._after, limit=_EVENTS)
        more = len(events) == _EVENTS
        if events:
            self._after = events[-1].id
        if not more:
            self._seen = version
        lanes = {lane.key: lane for lane in queries.lanes(self._connection)}
        return News(run, tuple(queries.targets(self._connection, self.run_id)), lanes, self._steps(events), more)

    def _steps(self, events: list[EventRow]) -> tuple[Step, ...]:
        ids = sorted({event.job_id for event in events})
        rows = queries.jobs(self._connection, ids)
        done = [event.job_id for event in events if event.state is JobState.DONE]
        images = images_of(self._connection, done)
        return tuple(
            Step(
                event,
                rows.get(event.job_id),
                tuple(images.get(event.job_id, ())) if event.state is JobState.DONE else (),
            )
            for event in events
        )

    def settled(self) -> RunRow | None:
        """Return the run when nothing more will happen to it by itself, and no wish about it is open."""
        run = queries.run(self._connection, self.run_id)
        if run is None or run.state in UNDER_WAY:
            return None
        return None if any(wish.run_id == self.run_id for wish in queries.open_controls(self._connection)) else run

    def runner_pid(self) -> int | None:
        """Return the pid that a runner last wrote here; None after one that ended in order."""
        row = queries.runner(self._connection)
        return None if row is None else row.pid


def never_sent(connection: sqlite3.Connection, run_id: int) -> tuple[Step, ...]:
    """Return the jobs of a new run that can never be sent (impossible, or forbidden), as changes of state.

    They have ended as they are recorded, so no event tells of them.
    """
    ids = list(job_list.job_ids(connection, run_id, JobFilter(states=frozenset({JobState.FAILED, JobState.REFUSED}))))
    steps = []
    for job_id in ids:
        detail = queries.job_detail(connection, job_id)
        if detail is None or detail.row.attempts:
            continue
        row = detail.row
        run = queries.run(connection, run_id)
        at = 0.0 if run is None else run.created_at
        event = EventRow(0, job_id, 0, row.state, at, row.task, row.target, detail.problem)
        steps.append(Step(event, row))
    return tuple(steps)
