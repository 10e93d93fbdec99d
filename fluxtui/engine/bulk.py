"""What a person decides about jobs, however many they are: some hundreds share a commit."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from fluxtui.domain.jobs import JobState, RunState
from fluxtui.domain.problems import Acceptance, FluxtuiError
from fluxtui.domain.values import JsonValue
from fluxtui.engine.adoption import adopt
from fluxtui.history import runs, steering
from fluxtui.history.journal import Transaction
from fluxtui.history.transitions import Transition

if TYPE_CHECKING:
    from fluxtui.engine.runner import Runner

AT_ONCE = 400
"""Transitions in one commit: tens of milliseconds, in which the journal serves nobody else."""


def ids(payload: Mapping[str, JsonValue]) -> list[int]:
    """Return the jobs that a control names, as `jobs` or `job`."""
    named = payload.get("jobs", payload.get("job"))
    if isinstance(named, int):
        return [named]
    return [i for i in named if isinstance(i, int)] if isinstance(named, list) else []


async def move(runner: "Runner", steps: Sequence[Transition]) -> list[int]:
    """Do many transitions; returns the ids of the jobs that were in the state their step begins from."""
    moved: list[int] = []
    for begin in range(0, len(steps), AT_ONCE):
        moved += await runner.journal.write(partial(steering.move, steps=steps[begin : begin + AT_ONCE]))
    return moved


async def retry(runner: "Runner", run_id: int | None, payload: Mapping[str, JsonValue]) -> str:
    """Put settled jobs back; what has a ticket is collected, not bought again."""
    states = payload.get("states")
    wanted = [JobState(str(s)) for s in states] if isinstance(states, list) else None
    find = partial(steering.retryable, run_id=run_id, job_ids=ids(payload), states=wanted)
    jobs = await runner.journal.write(find)
    collected = {job for job, state, has_ticket in jobs if has_ticket and state is not JobState.REFUSED}
    steps = [
        Transition(job, state, JobState.WAITING if job in collected else JobState.QUEUED) for job, state, _ in jobs
    ]
    for begin in range(0, len(steps), AT_ONCE):
        for job_id in await move(runner, steps[begin : begin + AT_ONCE]):
            if job_id in collected:
                await runner.adopt(job_id)
    await revive(runner, run_id, [job for job, _, _ in jobs])
    return f"{len(jobs)} jobs"


async def in_doubt(runner: "Runner", job_ids: Sequence[int], choice: str, path: JsonValue) -> str:
    """Do a person's word on jobs in doubt: resend, abandon, or adopt the picture at `path`."""
    if choice == "adopt" and isinstance(path, str):
        try:
            return f"{sum([await adopt(runner, job_id, Path(path)) for job_id in job_ids])} jobs"
        except FluxtuiError as error:
            return error.problem.sentence()
    after = {"resend": JobState.QUEUED, "abandon": JobState.CANCELLED}.get(choice)
    if after is None:
        return f"not understood: {choice}"
    moved = await move(runner, [Transition(job_id, JobState.IN_DOUBT, after) for job_id in job_ids])
    if after is JobState.QUEUED:
        await revive(runner, None, moved)
    return f"{len(moved)} jobs"


async def cancel(runner: "Runner", job_ids: Sequence[int]) -> str:
    """Cancel jobs, wherever they stand."""
    works = {job_id: work for lane in runner.lanes.values() for job_id, work in lane.works.items()}
    for job_id in job_ids:
        if job_id in works:
            works[job_id].cancel()  # it may be on its way back into the queue, hence also what follows
    for before in (JobState.QUEUED, JobState.IN_DOUBT):
        await move(runner, [Transition(job_id, before, JobState.CANCELLED) for job_id in job_ids])
    return f"{len(job_ids)} jobs"


def cancel_stranded(transaction: Transaction, *, run_id: int, held: frozenset[int]) -> int:
    """Cancel accepted jobs that no lane holds, since their service is not configured any more."""
    rows = transaction.connection.execute(
        "SELECT id, state FROM jobs WHERE run_id = ? AND state IN ('waiting', 'fetching')", (run_id,)
    ).fetchall()
    steps = [
        Transition(job_id, JobState(state), JobState.CANCELLED, acceptance=Acceptance.YES)
        for job_id, state in rows
        if job_id not in held
    ]
    return len(steering.move(transaction, steps=steps))


async def revive(runner: "Runner", run_id: int | None, job_ids: Sequence[int]) -> None:
    """Take a settled run up again after jobs of it were put back."""
    of_jobs = partial(steering.runs_of, job_ids=job_ids)
    for each in {run_id} if run_id is not None else await runner.journal.write(of_jobs):
        await runner.journal.write(partial(runs.mark_cancelled, run_id=each, cancelled=False))
        # Also one that runs: its lanes may have had nothing left to do, and be unknown to the runner by now.
        settled = frozenset({RunState.FINISHED, RunState.CANCELLED, RunState.RUNNING})
        ready = partial(runs.set_run_state, run_id=each, state=RunState.READY, only_from=settled)
        await runner.journal.write(ready)
