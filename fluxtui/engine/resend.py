"""What follows a failed submission: resend, give up, park the lane, or admit that nobody can tell.

Only what proves that nothing was accepted is ever sent again without a person's word.
"""

from dataclasses import dataclass, replace

from tenacity import RetryCallState, Retrying, wait_random_exponential

from fluxtui.domain.jobs import JobState
from fluxtui.domain.problems import ACCOUNT_PROBLEMS, Acceptance, Problem, ProblemKind, ServiceError

MOST_ATTEMPTS = 5
"""Attempts that count: being told to wait (429) does not use one up."""

MOST_THROTTLES = 200
"""How often one job may be told to wait before it counts as failed."""

LONGEST_WAIT = 3600.0
"""A Retry-After beyond this many seconds means that the quota is used up, not that we are too fast."""

_BACKOFF = wait_random_exponential(multiplier=0.5, max=60)
"""Full jitter: uniform between 0 and min(60, 0.5 * 2^n) seconds."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of the job, and of its lane.

    `wait` is how long the job waits before it may be sent again, `lane_wait` how long the whole
    lane does (both in seconds); `park` stops the lane until a person has seen to it.
    """

    after: JobState
    problem: Problem
    wait: float = 0.0
    lane_wait: float | None = None
    park: bool = False
    throttled: bool = False


def backoff(attempt: int) -> float:
    """Return how long to wait after failed attempt number `attempt` (1 is the first), in seconds."""
    state = RetryCallState(retry_object=Retrying(), fn=None, args=(), kwargs={})
    state.attempt_number = attempt
    return _BACKOFF(state)


def decide(error: ServiceError, *, attempts: int, throttled: int, resend_is_free: bool) -> Decision:
    """Judge a submission that raised `error`. `attempts` counts this one; `throttled` those that were 429s."""
    problem, kind = error.problem, error.problem.kind
    if error.acceptance is Acceptance.MAYBE and not resend_is_free:
        return Decision(JobState.IN_DOUBT, problem)
    if error.acceptance is Acceptance.YES:
        return Decision(JobState.FAILED, problem)
    if kind in ACCOUNT_PROBLEMS:
        return Decision(JobState.QUEUED, problem, park=True)
    if kind is ProblemKind.RATE_LIMITED:
        return _throttled(error, throttled)
    if error.permanent:
        return Decision(JobState.FAILED, problem)
    counted = attempts - throttled
    if counted >= MOST_ATTEMPTS:
        tried = replace(problem, what=f"{problem.what} It was tried {counted} times.")
        return Decision(JobState.FAILED, tried)
    wait = max(backoff(counted), min(LONGEST_WAIT, error.retry_after or 0.0))
    # An unreachable service is the lane's trouble as much as the job's: others need not run into it too.
    lane_wait = wait if kind in (ProblemKind.NETWORK, ProblemKind.SERVER_ERROR) else None
    return Decision(JobState.QUEUED, problem, wait=wait, lane_wait=lane_wait)


def _throttled(error: ServiceError, throttled: int) -> Decision:
    problem = error.problem
    if error.retry_after is not None and error.retry_after > LONGEST_WAIT:
        exhausted = replace(
            problem,
            kind=ProblemKind.QUOTA,
            cause=f"The service asks to wait {error.retry_after / 3600:.0f} hours: its quota is used up.",
        )
        return Decision(JobState.QUEUED, exhausted, park=True)
    if throttled + 1 >= MOST_THROTTLES:
        return Decision(JobState.FAILED, problem)
    # Told to wait no time at all, we would ask, and be turned away, as fast as the network goes.
    wait = error.retry_after or max(0.5, backoff(min(throttled + 1, 6)))
    return Decision(JobState.QUEUED, problem, wait=wait, lane_wait=wait, throttled=True)
