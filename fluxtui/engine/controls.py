"""What people ask of a running runner: rows of the `controls` table, taken in order.

| kind | payload | effect |
|---|---|---|
| pause_run | - | send nothing more for the run |
| resume_run | release (true or not) | go on with it and its parked lanes; with `release` also with held jobs |
| cancel_run | scope: queued or all | cancel what was not sent; or everything that can be |
| cancel_job | jobs | cancel jobs |
| hold_jobs, release_jobs | jobs | send them only once they are released; a run with nothing else left is paused |
| prioritise | jobs; by, or to | send them sooner (above 0) or later; what is higher goes first |
| retry | jobs, or states | put settled jobs back: what has a ticket is collected, not bought again |
| in_doubt | jobs, choice: resend, abandon, adopt; path | a person's word on jobs in doubt |
| set_cap | micros (null lifts it) | change the spending cap |
| set_limit | lanes, limit (null: what the service bears) | most requests at once |
| pause_lane, resume_lane | lanes | hold lanes back; let them go on, also what parked them |
| disable_lane, enable_lane | lanes | switch lanes off and on |
| reset_lane | lanes | close the circuit, forget a wait, unpark; runs that stood still for it go on |
| check | provider, sandbox | try a service's credentials; the answer is read from the checks |
| stop | - | stop the runner; the runs stay resumable |

`jobs` are ids (or `job` is one); `lanes` are keys (or `lane` is one, or `target` with `sandbox`). What is
wished for lanes holds in every run, also in those of later runners, until it is wished otherwise; a
lane need not be there for it. Such a wish may also be written at once (`history/wishes.py`), since the
runner reads those as well.
"""

from functools import partial
from typing import TYPE_CHECKING

from fluxtui.domain.jobs import RunState
from fluxtui.domain.money import Micros
from fluxtui.engine import bulk, lane_steering
from fluxtui.history import runs, steering, transitions
from fluxtui.history.records import Control

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
            return _told(await runner.journal.write(partial(runs.pause, run_id=run_id)))
        case "resume_run" if run_id is not None:
            if payload.get("release"):
                await runner.journal.write(partial(steering.release, run_id=run_id))
            # Also one that runs: what parks a lane of it may have been put right.
            return await _state(runner, run_id, RunState.READY, RESUMABLE | {RunState.RUNNING})
        case "cancel_run" if run_id is not None:
            return await _cancel_run(runner, run_id, str(payload.get("scope", "queued")))
        case "set_cap" if run_id is not None:
            cap = payload.get("micros")
            micros = Micros(cap) if isinstance(cap, int) else None
            await runner.journal.write(partial(runs.set_cap, run_id=run_id, cap=micros))
            return await _state(runner, run_id, RunState.READY, frozenset({RunState.CAPPED}))
        case "stop":
            runner.stop()
            return "done"
        case _:
            outcome = await _of_jobs(runner, control) or await _of_lanes(runner, control)
            return outcome or f"not understood: {control.kind}"


async def _of_jobs(runner: "Runner", control: Control) -> str | None:
    payload, jobs = control.payload, bulk.ids(control.payload)
    match control.kind:
        case "cancel_job":
            return await bulk.cancel(runner, jobs)
        case "hold_jobs":
            return f"{await runner.journal.write(partial(steering.hold, job_ids=jobs))} jobs"
        case "release_jobs":
            count, _ = await runner.journal.write(partial(steering.release, job_ids=jobs))
            return f"{count} jobs"
        case "prioritise":
            by, to = payload.get("by"), payload.get("to")
            change = partial(steering.prioritise, job_ids=jobs, by=by if isinstance(by, int) else 0)
            return f"{await runner.journal.write(partial(change, to=to if isinstance(to, int) else None))} jobs"
        case "retry":
            return await bulk.retry(runner, control.run_id, payload)
        case "in_doubt":
            return await bulk.in_doubt(runner, jobs, str(payload.get("choice")), payload.get("path"))
        case _:
            return None


async def _of_lanes(runner: "Runner", control: Control) -> str | None:
    match control.kind:
        case "set_limit" | "pause_lane" | "resume_lane" | "enable_lane" | "disable_lane":
            return await lane_steering.steer(runner, control.kind, control.payload)
        case "reset_lane":
            return await lane_steering.reset(runner, lane_steering.lanes_of(control.payload))
        case "check":
            provider, sandbox = str(control.payload.get("provider")), bool(control.payload.get("sandbox"))
            return lane_steering.begin_check(runner, provider, sandbox)
        case _:
            return None


def _told(changed: bool) -> str:
    return "done" if changed else "nothing to do"


async def _state(runner: "Runner", run_id: int, state: RunState, only_from: frozenset[RunState]) -> str:
    change = partial(runs.set_run_state, run_id=run_id, state=state, only_from=only_from)
    return _told(await runner.journal.write(change))


async def _cancel_run(runner: "Runner", run_id: int, scope: str) -> str:
    for lane in runner.lanes.values():
        for work in lane.works.values():
            if work.job.run_id == run_id:
                work.unwanted = True  # before the queue is emptied, or what is turned away slips back into it
    # On disk: whichever runner brings the last picture home knows what the run has come to.
    await runner.journal.write(partial(runs.mark_cancelled, run_id=run_id, cancelled=True))
    cancelled = await runner.journal.write(partial(transitions.cancel_queued, run_id=run_id))
    if scope == "all":
        for lane in runner.lanes.values():
            for work in lane.works.values():
                if work.job.run_id == run_id:
                    work.cancel()
                    cancelled += 1
        cancelled += await runner.journal.write(partial(bulk.cancel_stranded, run_id=run_id, held=runner.held()))
    # A run that stands still has nobody to notice its end: take it up once more for that.
    await _state(runner, run_id, RunState.READY, RESUMABLE - {RunState.FINISHED, RunState.CANCELLED})
    return f"{cancelled} jobs"
