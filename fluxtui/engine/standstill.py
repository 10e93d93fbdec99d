"""What a run has come to when nothing of it moves: finished, cancelled, or standing still, and why."""

from typing import TYPE_CHECKING

from fluxtui.domain.jobs import ACTIVE, JobState, RunState
from fluxtui.history import queries, steering
from fluxtui.history.records import RunRow

if TYPE_CHECKING:
    from fluxtui.engine.runner import Runner


def outcome(runner: "Runner", run: RunRow) -> RunState | None:
    """Return the state that a running run has come to, None while something of it moves, or will by itself."""
    queued = run.counts.get(JobState.QUEUED, 0)
    active = sum(run.counts.get(state, 0) for state in ACTIVE)
    if not queued and not active:
        if queries.side_steps_pending(runner.reader, run.id):
            return None
        marked = runner.reader.execute("SELECT cancelled FROM runs WHERE id = ?", (run.id,)).fetchone()
        return RunState.CANCELLED if marked is not None and marked[0] else RunState.FINISHED
    if any(lane.busy(run.id) for lane in runner.lanes.values()):
        return None
    reasons = [_reason(runner, run.id, key) for key, _ in queries.lanes_with_work(runner.reader, run.id)]
    if None in reasons:
        return None
    # What needs a person most comes first. Paused: only held jobs and paused lanes are left.
    return next((state for state in (RunState.PARKED, RunState.CAPPED, RunState.PAUSED) if state in reasons), None)


def _reason(runner: "Runner", run_id: int, key: str) -> RunState | None:
    """Return what keeps a run's jobs in one lane from moving, None when they only wait for their time."""
    if not steering.unheld(runner.reader, run_id, key):
        return RunState.PAUSED
    lane = runner.lanes.get(key)
    if lane is None or lane.parked_by is not None or not lane.wish.enabled:
        return RunState.PARKED
    if run_id in lane.capped:
        return RunState.CAPPED
    return RunState.PAUSED if lane.wish.paused else None
