"""What people ask of a running runner: rows of the `controls` table, taken in order.

| kind | payload | effect |
|---|---|---|
| pause_run, resume_run | - | send nothing more for the run; go on with it, also with its parked lanes |
| cancel_run | scope: queued or all | cancel what was not sent; or everything that can be |
| cancel_job | job | cancel one job |
| retry | jobs (ids), or states | put settled jobs back: what has a ticket is collected, not bought again |
| in_doubt | jobs, choice: resend, abandon, adopt; path | a person's word on jobs in doubt |
| set_cap | micros (null lifts it) | change the spending cap |
| set_limit | lane, limit | most requests at once |
| pause_lane, resume_lane | lane | hold one lane back |
| stop | - | stop the runner; the runs stay resumable |
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from fluxtui.domain.jobs import JobState, RunState
from fluxtui.domain.money import Micros
from fluxtui.domain.problems import Acceptance, FluxtuiError
from fluxtui.domain.values import JsonValue
from fluxtui.engine.adoption import adopt
from fluxtui.history import runs, transitions
from fluxtui.history.journal import Transaction
from fluxtui.history.records import Control
from fluxtui.history.transitions import Transition

if TYPE_CHECKING:
    from fluxtui.engine.runner import Runner

RESUMABLE = frozenset(
    {RunState.PAUSED, RunState.PARKED, RunState.CAPPED, RunState.INTERRUPTED, RunState.FINISHED, RunState.CANCELLED}
)
"""States that a resume (or anything that puts jobs back) moves to READY."""


async def obey(runner: "Runner", control: Control) -> str:
    """Do what `control` asks; returns the outcome as recorded. Unknown kinds are recorded, not raised."""
    payload, run_id = control.payload, control.run_id
    match control.kind:
        case "pause_run" if run_id is not None:
            return await _state(runner, run_id, RunState.PAUSED, frozenset({RunState.RUNNING, RunState.READY}))
        case "resume_run" if run_id is not None:
            # Also one that runs: what parks a lane of it may have been put right.
            return await _state(runner, run_id, RunState.READY, RESUMABLE | {RunState.RUNNING})
        case "cancel_run" if run_id is not None:
            return await _cancel_run(runner, run_id, str(payload.get("scope", "queued")))
        case "cancel_job":
            return await _cancel_jobs(runner, _ids(payload))
        case "retry":
            return await _retry(runner, run_id, payload)
        case "in_doubt":
            return await _in_doubt(runner, _ids(payload), str(payload.get("choice")), payload.get("path"))
        case "set_cap" if run_id is not None:
            cap = payload.get("micros")
            micros = Micros(cap) if isinstance(cap, int) else None
            await runner.journal.write(partial(runs.set_cap, run_id=run_id, cap=micros))
            return await _state(runner, run_id, RunState.READY, frozenset({RunState.CAPPED}))
        case "set_limit" | "pause_lane" | "resume_lane":
            return _steer_lane(runner, control.kind, payload)
        case "stop":
            runner.stop()
            return "done"
        case _:
            return f"not understood: {control.kind}"


async def _state(runner: "Runner", run_id: int, state: RunState, only_from: frozenset[RunState]) -> str:
    changed = await runner.journal.write(partial(runs.set_run_state, run_id=run_id, state=state, only_from=only_from))
    return "done" if changed else "nothing to do"


async def _cancel_run(runner: "Runner", run_id: int, scope: str) -> str:
    for lane in runner.lanes.values():
        for work in lane.works.values():
            if work.job.run_id == run_id:
                work.unwanted = True  # before the queue is emptied, or what is turned away slips back into it
    cancelled = await runner.journal.write(partial(transitions.cancel_queued, run_id=run_id))
    if scope == "all":
        for lane in runner.lanes.values():
            for work in lane.works.values():
                if work.job.run_id == run_id:
                    work.cancel()
                    cancelled += 1
        cancelled += await runner.journal.write(partial(_cancel_stranded, run_id=run_id, held=runner.held()))
    runner.cancelled.add(run_id)
    # A run that stands still has nobody to notice its end: take it up once more for that.
    await _state(runner, run_id, RunState.READY, RESUMABLE - {RunState.FINISHED, RunState.CANCELLED})
    return f"{cancelled} jobs"


def _cancel_stranded(transaction: Transaction, *, run_id: int, held: frozenset[int]) -> int:
    """Cancel accepted jobs that no lane holds, since their service is not configured any more."""
    rows = transaction.connection.execute(
        "SELECT id, state FROM jobs WHERE run_id = ? AND state IN ('waiting', 'fetching')", (run_id,)
    ).fetchall()
    stranded = [(job_id, JobState(state)) for job_id, state in rows if job_id not in held]
    for job_id, state in stranded:
        step = Transition(job_id, state, JobState.CANCELLED, acceptance=Acceptance.YES)
        transitions.apply(transaction, step=step)
    return len(stranded)


async def _cancel_jobs(runner: "Runner", ids: Sequence[int]) -> str:
    for job_id in ids:
        work = next((lane.works[job_id] for lane in runner.lanes.values() if job_id in lane.works), None)
        if work is not None:
            work.cancel()  # it may be on its way back into the queue, hence also what follows
        for before in (JobState.QUEUED, JobState.IN_DOUBT):
            await runner.journal.write(partial(transitions.apply, step=Transition(job_id, before, JobState.CANCELLED)))
    return f"{len(ids)} jobs"


async def _retry(runner: "Runner", run_id: int | None, payload: Mapping[str, JsonValue]) -> str:
    states = payload.get("states")
    wanted = [JobState(str(s)) for s in states] if isinstance(states, list) else None
    jobs = await runner.journal.write(partial(_retryable, run_id=run_id, ids=_ids(payload), states=wanted))
    for job_id, state, has_ticket in jobs:
        collect = has_ticket and state in (JobState.FAILED, JobState.CANCELLED)
        step = Transition(job_id, state, JobState.WAITING if collect else JobState.QUEUED)
        if await runner.journal.write(partial(transitions.apply, step=step)) and collect:
            await runner.adopt(job_id)
    await _revive(runner, run_id, [job_id for job_id, _, _ in jobs])
    return f"{len(jobs)} jobs"


def _retryable(
    transaction: Transaction, *, run_id: int | None, ids: Sequence[int], states: list[JobState] | None
) -> list[tuple[int, JobState, bool]]:
    allowed = states or [JobState.FAILED, JobState.REFUSED, JobState.CANCELLED]
    allowed = [s for s in allowed if s in (JobState.FAILED, JobState.REFUSED, JobState.CANCELLED)]
    marks = ",".join("?" * len(allowed))
    chosen = f" AND id IN ({','.join(str(i) for i in ids)})" if ids else " AND run_id = ?"
    rows = transaction.connection.execute(
        # What was impossible or forbidden from the start was never sent, and never can be.
        # A ticket that the service did not know when it was asked for once more is worth nothing: draw anew.
        "SELECT id, state, ticket IS NOT NULL AND NOT (problem IS NOT NULL AND json_extract(problem, '$.kind')"
        " = 'expired' AND (SELECT count(*) FROM events WHERE job_id = jobs.id AND attempt = jobs.attempts"
        f" AND events.state = 'waiting') > 1) FROM jobs WHERE state IN ({marks})"
        f" AND NOT (state IN ('failed', 'refused') AND attempts = 0){chosen}",
        (*allowed, *(() if ids else (run_id,))),
    ).fetchall()
    return [(row[0], JobState(row[1]), bool(row[2])) for row in rows]


async def _in_doubt(runner: "Runner", ids: Sequence[int], choice: str, path: JsonValue) -> str:
    after = {"resend": JobState.QUEUED, "abandon": JobState.CANCELLED}.get(choice)
    done = 0
    for job_id in ids:
        if choice == "adopt" and isinstance(path, str):
            try:
                done += await adopt(runner, job_id, Path(path))
            except FluxtuiError as error:
                return error.problem.sentence()
        elif after is not None:
            step = Transition(job_id, JobState.IN_DOUBT, after)
            done += await runner.journal.write(partial(transitions.apply, step=step))
    if after is JobState.QUEUED:
        await _revive(runner, None, ids)
    return f"{done} jobs"


async def _revive(runner: "Runner", run_id: int | None, job_ids: Sequence[int]) -> None:
    """Take a settled run up again after jobs of it were put back."""
    ids = {run_id} if run_id is not None else await runner.journal.write(partial(_runs_of, job_ids=job_ids))
    for each in ids:
        runner.cancelled.discard(each)
        # Also one that runs: its lanes may have had nothing left to do, and be unknown to the runner by now.
        revived = frozenset({RunState.FINISHED, RunState.CANCELLED, RunState.RUNNING})
        await _state(runner, each, RunState.READY, revived)


def _runs_of(transaction: Transaction, *, job_ids: Sequence[int]) -> set[int]:
    marks = ",".join("?" * len(job_ids))
    rows = transaction.connection.execute(f"SELECT DISTINCT run_id FROM jobs WHERE id IN ({marks})", tuple(job_ids))
    return {int(row[0]) for row in rows}


def _steer_lane(runner: "Runner", kind: str, payload: Mapping[str, JsonValue]) -> str:
    lane = runner.lanes.get(str(payload.get("lane")))
    if lane is None:
        return "no such lane"
    limit = payload.get("limit")
    if kind == "set_limit" and isinstance(limit, int):
        lane.limit.allow(limit)
    elif kind != "set_limit":
        lane.paused = kind == "pause_lane"
    lane.wake()
    return "done"


def _ids(payload: Mapping[str, JsonValue]) -> list[int]:
    ids = payload.get("jobs", payload.get("job"))
    if isinstance(ids, int):
        return [ids]
    return [i for i in ids if isinstance(i, int)] if isinstance(ids, list) else []
