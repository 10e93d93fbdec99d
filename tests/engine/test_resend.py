import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxtui.domain.jobs import JobState
from fluxtui.domain.problems import ACCOUNT_PROBLEMS, Acceptance, ProblemKind, ServiceError
from fluxtui.engine.resend import LONGEST_WAIT, backoff, decide
from tests.engine.fakes import error

ERRORS = st.builds(
    error,
    st.sampled_from(sorted(ProblemKind)),
    st.sampled_from(sorted(Acceptance)),
    permanent=st.booleans(),
    retry_after=st.none() | st.floats(0, 1e6),
)


@given(ERRORS, st.integers(1, 300), st.integers(0, 299))
def test_only_what_was_surely_not_accepted_is_sent_again(failure: ServiceError, attempts: int, throttled: int) -> None:
    decision = decide(failure, attempts=attempts, throttled=min(throttled, attempts - 1), resend_is_free=False)
    if failure.acceptance is not Acceptance.NO:
        assert decision.after in (JobState.IN_DOUBT, JobState.FAILED)
    if failure.acceptance is Acceptance.MAYBE:
        assert decision.after is JobState.IN_DOUBT
    if decision.park:
        assert decision.after is JobState.QUEUED


@given(ERRORS, st.integers(1, 20))
def test_where_sending_is_free_nothing_is_ever_in_doubt(failure: ServiceError, attempts: int) -> None:
    decision = decide(failure, attempts=attempts, throttled=0, resend_is_free=True)
    assert decision.after is not JobState.IN_DOUBT


@pytest.mark.parametrize("kind", sorted(ACCOUNT_PROBLEMS))
def test_trouble_with_the_account_never_fails_a_job(kind: ProblemKind) -> None:
    decision = decide(error(kind, permanent=True), attempts=99, throttled=0, resend_is_free=False)
    assert (decision.after, decision.park) == (JobState.QUEUED, True)


def test_being_told_to_wait_waits_that_long_and_uses_no_attempt_up() -> None:
    failure = error(ProblemKind.RATE_LIMITED, retry_after=16)
    decision = decide(failure, attempts=50, throttled=49, resend_is_free=False)
    assert (decision.after, decision.wait, decision.lane_wait) == (JobState.QUEUED, 16, 16)
    assert decision.throttled


def test_being_told_to_wait_for_hours_is_a_quota() -> None:
    failure = error(ProblemKind.RATE_LIMITED, retry_after=LONGEST_WAIT * 24)
    decision = decide(failure, attempts=1, throttled=0, resend_is_free=False)
    assert (decision.park, decision.problem.kind) == (True, ProblemKind.QUOTA)


@given(st.integers(1, 50))
def test_backoff_has_full_jitter_below_a_minute(attempt: int) -> None:
    assert 0 <= backoff(attempt) <= min(60, 0.5 * 2**attempt)
