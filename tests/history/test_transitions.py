import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fluxtui.domain.jobs import TRANSITIONS, JobState, RunState, may_become
from fluxtui.domain.money import Certainty, Micros, Price, usd
from fluxtui.domain.problems import Acceptance, Problem, ProblemKind
from fluxtui.domain.request import Assessment
from fluxtui.history import queries, runs, transitions
from fluxtui.history.database import open_reader
from fluxtui.history.journal import Journal
from tests.history.builders import PICTURE, TICKET, cell, claim, new_run, running_run, step

PRICE = usd("0.04")


def test_a_claim_reserves_and_begins_an_attempt(journal: Journal, reader: sqlite3.Connection) -> None:
    run_id = running_run(journal, cell(0), cell(1))
    (job,) = claim(journal, run_id).jobs
    detail = queries.job_detail(reader, job.id)
    assert detail is not None
    assert (detail.row.state, detail.row.attempts, detail.reserved) == (JobState.SENDING, 1, PRICE)
    assert [a.number for a in detail.attempts] == [1]
    assert job.request == cell(0).request


def test_a_claim_takes_each_job_once_and_in_order(journal: Journal) -> None:
    run_id = running_run(journal, *(cell(n) for n in range(5)))
    taken = [job.task for _ in range(4) for job in claim(journal, run_id, most=2).jobs]
    assert taken == [f"task-{n}" for n in range(5)]


@pytest.mark.parametrize("state", [s for s in RunState if s is not RunState.RUNNING])
def test_only_a_running_run_gives_jobs(journal: Journal, state: RunState) -> None:
    run_id = running_run(journal, cell(0))
    journal.write_now(partial(runs.set_run_state, run_id=run_id, state=state))
    assert claim(journal, run_id).jobs == ()


def test_a_job_that_waits_for_its_time_is_not_taken_and_says_when(journal: Journal) -> None:
    run_id = running_run(journal, cell(0))
    (job,) = claim(journal, run_id).jobs
    assert step(journal, job, JobState.SENDING, JobState.QUEUED, not_before=4e9)
    answer = claim(journal, run_id)
    assert (answer.jobs, answer.next_at) == ((), 4e9)


def test_an_impossible_cell_is_failed_from_the_start_and_costs_nothing(
    journal: Journal, reader: sqlite3.Connection
) -> None:
    run_id = running_run(journal, cell(0, impossible=True), cell(1))
    run = queries.run(reader, run_id)
    assert run is not None
    assert run.counts == {JobState.FAILED: 1, JobState.QUEUED: 1}
    assert [job.task for job in claim(journal, run_id, most=5).jobs] == ["task-1"]


def test_the_cap_leaves_what_it_cannot_pay_and_takes_a_cheaper_one(journal: Journal) -> None:
    run_id = running_run(journal, cell(0, price="0.06"), cell(1, price="0.06"), cell(2, price="0.03"), cap=usd("0.10"))
    answer = claim(journal, run_id, most=10)
    assert [job.task for job in answer.jobs] == ["task-0", "task-2"]
    assert answer.capped


def test_what_a_finished_job_did_not_use_is_room_again(journal: Journal) -> None:
    run_id = running_run(journal, cell(0, price="0.06"), cell(1, price="0.06"), cap=usd("0.07"))
    (job,) = claim(journal, run_id, most=10).jobs
    assert claim(journal, run_id).capped
    step(journal, job, JobState.SENDING, JobState.DONE, billed=usd("0.01"), pictures=(PICTURE,))
    assert [j.task for j in claim(journal, run_id).jobs] == ["task-1"]


def test_done_bills_what_the_service_said_or_else_the_reservation(journal: Journal, reader: sqlite3.Connection) -> None:
    run_id = running_run(journal, cell(0), cell(1))
    first, second = claim(journal, run_id, most=2).jobs
    step(journal, first, JobState.SENDING, JobState.DONE, billed=usd("0.031"), pictures=(PICTURE,))
    step(journal, second, JobState.SENDING, JobState.DONE, pictures=(PICTURE,))
    rows = queries.jobs(reader, [first.id, second.id])
    assert (rows[first.id].billed, rows[first.id].certainty) == (usd("0.031"), Certainty.SETTLED)
    assert (rows[second.id].billed, rows[second.id].certainty) == (PRICE, Certainty.ESTIMATED)


def test_a_job_in_doubt_keeps_its_money_uncertain_also_when_it_is_paid_for_again(
    journal: Journal, reader: sqlite3.Connection
) -> None:
    run_id = running_run(journal, cell(0))
    (job,) = claim(journal, run_id).jobs
    step(journal, job, JobState.SENDING, JobState.IN_DOUBT, acceptance=Acceptance.MAYBE)
    step(journal, job, JobState.IN_DOUBT, JobState.QUEUED)
    (again,) = claim(journal, run_id).jobs
    step(journal, again, JobState.SENDING, JobState.DONE, pictures=(PICTURE,))
    row = queries.jobs(reader, [job.id])[job.id]
    assert (row.billed, row.uncertain, row.attempts) == (PRICE, PRICE, 2)


def test_an_accepted_job_that_is_lost_can_be_collected_again_without_a_second_bill(
    journal: Journal, reader: sqlite3.Connection
) -> None:
    run_id = running_run(journal, cell(0))
    (job,) = claim(journal, run_id).jobs
    lost = Problem(ProblemKind.TIMEOUT, "No picture came.")
    step(journal, job, JobState.SENDING, JobState.WAITING, ticket=TICKET)
    step(journal, job, JobState.WAITING, JobState.FAILED, acceptance=Acceptance.YES, problem=lost)
    assert queries.jobs(reader, [job.id])[job.id].uncertain == PRICE
    step(journal, job, JobState.FAILED, JobState.WAITING)
    taken = journal.write_now(partial(transitions.job, job_id=job.id))
    assert taken is not None
    assert taken.ticket == TICKET
    step(journal, job, JobState.WAITING, JobState.DONE, pictures=(PICTURE,))
    row = queries.jobs(reader, [job.id])[job.id]
    assert (row.billed, row.uncertain, row.attempts, row.pictures) == (PRICE, 0, 1, 1)


def test_seeds_beyond_the_databases_numbers_are_kept_as_text(journal: Journal, reader: sqlite3.Connection) -> None:
    run_id = running_run(journal, cell(0))
    (job,) = claim(journal, run_id).jobs
    step(journal, job, JobState.SENDING, JobState.DONE, pictures=(replace(PICTURE, seed=2**64 - 1),))
    seed, details = reader.execute("SELECT seed, details FROM images").fetchone()
    assert (seed, json.loads(details)["seed"]) == (None, str(2**64 - 1))


def test_a_step_from_another_state_changes_nothing(journal: Journal, reader: sqlite3.Connection) -> None:
    run_id = running_run(journal, cell(0))
    (job,) = claim(journal, run_id).jobs
    assert not step(journal, job, JobState.WAITING, JobState.FETCHING)
    assert queries.jobs(reader, [job.id])[job.id].state is JobState.SENDING


def test_a_transition_that_does_not_exist_is_a_mistake(journal: Journal) -> None:
    run_id = running_run(journal, cell(0))
    (job,) = claim(journal, run_id).jobs
    step(journal, job, JobState.SENDING, JobState.DONE, pictures=(PICTURE,))
    with pytest.raises(ValueError, match="never goes"):
        step(journal, job, JobState.DONE, JobState.QUEUED)


def test_every_change_of_state_is_an_event_in_order(journal: Journal, reader: sqlite3.Connection) -> None:
    run_id = running_run(journal, cell(0))
    (job,) = claim(journal, run_id).jobs
    step(journal, job, JobState.SENDING, JobState.WAITING, ticket=TICKET)
    step(journal, job, JobState.WAITING, JobState.FETCHING)
    step(journal, job, JobState.FETCHING, JobState.DONE, pictures=(PICTURE,))
    states = [event.state for event in queries.events(reader, run_id, 0)]
    assert states == [JobState.SENDING, JobState.WAITING, JobState.FETCHING, JobState.DONE]


def test_jobs_changed_gives_each_change_once(journal: Journal, reader: sqlite3.Connection) -> None:
    run_id = running_run(journal, *(cell(n) for n in range(3)))
    seen = queries.revision(reader)
    (job,) = claim(journal, run_id).jobs
    (changed,) = queries.jobs_changed(reader, run_id, seen)
    assert (changed.id, changed.state) == (job.id, JobState.SENDING)
    assert queries.jobs_changed(reader, run_id, queries.revision(reader)) == []


def test_runs_left_running_are_marked_as_interrupted(journal: Journal, reader: sqlite3.Connection) -> None:
    run_id = running_run(journal, cell(0))
    paused = journal.write_now(partial(runs.create_run, run=new_run(paused=True), cells=[cell(0)]))
    assert journal.write_now(runs.interrupt_running) == [run_id]
    found = {run.id: run.state for run in queries.runs(reader)}
    assert found == {run_id: RunState.INTERRUPTED, paused: RunState.PAUSED}


@contextmanager
def _opened() -> Iterator[tuple[Journal, sqlite3.Connection]]:
    with TemporaryDirectory() as folder, Journal(Path(folder) / "history.sqlite3") as journal:
        reader = open_reader(journal.path)
        try:
            yield journal, reader
        finally:
            reader.close()


MOVES = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from(sorted(JobState)),
        st.sampled_from(sorted(Acceptance)),
        st.none() | st.integers(0, 90_000),
    ),
    max_size=40,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(MOVES, st.integers(0, 200_000))
def test_whatever_happens_the_tallies_agree_with_the_jobs_and_claims_keep_the_cap(
    moves: list[tuple[int, JobState, Acceptance, int | None]], cap: int
) -> None:
    with _opened() as (journal, reader):
        run_id = running_run(journal, *(cell(n) for n in range(4)), cap=Micros(cap))
        for number, after, acceptance, billed in moves:
            row = queries.jobs(reader, [number + 1])[number + 1]
            before = queries.run(reader, run_id)
            assert before is not None
            if after is JobState.SENDING:
                claim(journal, run_id)
                run = queries.run(reader, run_id)
                assert run is not None
                # A service may bill more than it quoted; a claim never adds to that.
                assert run.committed <= max(cap, before.committed)
            elif may_become(row.state, after):
                amount = None if billed is None else Micros(billed)
                step(journal, row.id, row.state, after, acceptance=acceptance, billed=amount)
        _check_tallies(reader, run_id)


def _check_tallies(reader: sqlite3.Connection, run_id: int) -> None:
    counted = reader.execute(
        "SELECT state, count(*), sum(reserved), sum(billed), sum(uncertain) FROM jobs WHERE run_id = ? GROUP BY state",
        (run_id,),
    ).fetchall()
    kept = reader.execute(
        "SELECT state, sum(jobs), sum(reserved), sum(billed), sum(uncertain) FROM tallies WHERE run_id = ?"
        " GROUP BY state HAVING sum(jobs) > 0",
        (run_id,),
    ).fetchall()
    assert sorted(counted) == sorted(kept)
    assert all(amount >= 0 for row in kept for amount in row[2:])
    settled = reader.execute(
        "SELECT count(*) FROM jobs WHERE reserved > 0 AND state NOT IN ('sending', 'waiting', 'fetching')"
    ).fetchone()
    assert settled == (0,), "a reservation outlived its attempt"


def test_no_way_leads_back_to_sending_but_through_queued() -> None:
    assert [before for before, after in TRANSITIONS.items() if JobState.SENDING in after] == [JobState.QUEUED]


def test_a_price_that_nobody_ever_told_is_unknown_and_not_nothing(journal: Journal, reader: sqlite3.Connection) -> None:
    unpriced = replace(cell(0), assessment=Assessment(Price.unknown()))
    run_id = running_run(journal, unpriced, replace(unpriced, key="b", stem="b"))
    told, untold = claim(journal, run_id, most=2).jobs
    step(journal, told, JobState.SENDING, JobState.DONE, billed=usd("0.01"), pictures=(PICTURE,))
    step(journal, untold, JobState.SENDING, JobState.DONE, pictures=(PICTURE,))
    rows = queries.jobs(reader, [told.id, untold.id])
    assert [rows[i].certainty for i in (told.id, untold.id)] == [Certainty.SETTLED, Certainty.UNKNOWN]
