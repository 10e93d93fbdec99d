"""The table of transitions says what the design says."""

from fluxtui.domain.jobs import ACTIVE, SETTLED, TRANSITIONS, JobState, may_become


def test_every_state_has_its_row_and_none_leads_to_itself() -> None:
    assert set(TRANSITIONS) == set(JobState)
    for before, after in TRANSITIONS.items():
        assert before not in after


def test_queued_active_and_settled_part_the_states() -> None:
    assert not ACTIVE & SETTLED
    assert ACTIVE | SETTLED | {JobState.QUEUED} == set(JobState)


def test_done_is_final() -> None:
    assert not TRANSITIONS[JobState.DONE]
    assert JobState.DONE in SETTLED


def test_nothing_is_sent_that_was_not_queued() -> None:
    assert {before for before in JobState if may_become(before, JobState.SENDING)} == {JobState.QUEUED}


def test_accepted_work_is_never_queued_again_by_itself() -> None:
    # Queued again means paid again: from an accepted job, only a person gets there.
    for accepted in (JobState.WAITING, JobState.FETCHING):
        assert not may_become(accepted, JobState.QUEUED)
        assert not may_become(accepted, JobState.SENDING)


def test_only_what_may_have_left_can_be_in_doubt() -> None:
    assert {before for before in JobState if may_become(before, JobState.IN_DOUBT)} == {JobState.SENDING}
    assert not may_become(JobState.IN_DOUBT, JobState.FAILED)


def test_every_active_job_can_end_and_every_state_can_be_reached() -> None:
    for state in ACTIVE:
        assert TRANSITIONS[state] & SETTLED
    reached, edge = {JobState.QUEUED}, {JobState.QUEUED}
    while edge:
        edge = {after for before in edge for after in TRANSITIONS[before]} - reached
        reached |= edge
    assert reached == set(JobState)


def test_labels_are_words() -> None:
    assert JobState.IN_DOUBT.label == "in doubt"
