"""After a crash: read the truth, collect what was accepted, and ask about what nobody can tell.

Accepted work is polled before anything new is sent, since signed links to finished pictures die
within minutes.
"""

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING

from fluxtui.domain.jobs import JobState
from fluxtui.domain.problems import Acceptance, FluxtuiError, Problem, ProblemKind
from fluxtui.engine.work import Work, follow_policy
from fluxtui.history import transitions
from fluxtui.history.transitions import ClaimedJob, Transition
from fluxtui.images import disk

if TYPE_CHECKING:
    from fluxtui.engine.runner import Runner

log = logging.getLogger(__name__)

_FIRST_POLLS = 15.0
"""Seconds that the first polls of accepted work get before new work may be sent all the same."""

_INTERRUPTED = Problem(
    ProblemKind.INTERRUPTED,
    "The program stopped while this job was being sent.",
    "The service may have accepted it, and billed it; no answer came back, and it has no way to ask.",
    "Look in the service's own gallery: adopt the picture, abandon the job, or pay again.",
)


async def recover(runner: "Runner") -> None:
    """Settle what a dead runner left on the network, of every run."""
    left = await runner.journal.write(transitions.under_way)
    for folder in {job.folder for job in left}:
        await runner.pool.run(disk.sweep, runner.workspace / folder)
    works: list[Work] = []
    for job in left:
        if job.state is JobState.SENDING:
            await _unanswered(runner, job)
            continue
        work = await runner.adopt(job.id)
        if work is not None:
            works.append(work)
    if left:
        log.info("taken up after an interruption: %d jobs, %d of them accepted", len(left), len(works))
    if works:
        polls = [asyncio.ensure_future(work.first_poll.wait()) for work in works]
        _, pending = await asyncio.wait(polls, timeout=_FIRST_POLLS)
        for poll in pending:
            poll.cancel()


async def take_up_stranded(runner: "Runner", run_id: int) -> None:
    """Go on collecting accepted jobs of a run that no lane holds: their service could not be used until now."""
    rows = runner.reader.execute(
        "SELECT id FROM jobs WHERE run_id = ? AND state IN ('waiting', 'fetching')", (run_id,)
    ).fetchall()
    held = runner.held()
    for (job_id,) in rows:
        if job_id not in held:
            await runner.adopt(job_id)


async def _unanswered(runner: "Runner", job: ClaimedJob) -> None:
    """A job that was being sent: in doubt, but for services where sending again costs nothing."""
    if _resend_is_free(runner, job):
        step = Transition(job.id, JobState.SENDING, JobState.QUEUED, problem=_INTERRUPTED)
        await runner.journal.write(partial(transitions.apply, step=step))
        return
    step = Transition(job.id, JobState.SENDING, JobState.IN_DOUBT, problem=_INTERRUPTED, acceptance=Acceptance.MAYBE)
    await runner.journal.write(partial(transitions.apply, step=step))
    await follow_policy(runner.journal, job)


def _resend_is_free(runner: "Runner", job: ClaimedJob) -> bool:
    try:
        return runner.services(job.lane.startswith("sandbox:")).provider(job.provider).resend_is_free
    except FluxtuiError:
        return False
