"""What a table lists of a run: filters, orders and groups, over a real database."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fluxtui.domain.jobs import JobState
from fluxtui.domain.problems import Acceptance
from fluxtui.domain.request import Cell
from fluxtui.history import job_list, steering
from fluxtui.history.database import database_path, open_reader
from fluxtui.history.job_list import GROUPINGS, SORTS
from fluxtui.history.journal import Journal
from fluxtui.history.records import Bound, Comparison, JobFilter, Measure, Term
from tests.history import builders

OTHER = "openai/gpt-image-2"
PROMPTS = ("an old TRAM in the rain", '50% of a "quoted" [b]market[/b]', "Ölbaum über der Straße", "雨の中の電車 🚋")


def asked(index: int, prompt: str, target: str) -> Cell:
    made = builders.cell(index, target=target)
    return replace(made, request=replace(made.request, prompt=prompt))


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """A run of eight jobs, of which three are settled and one is on its way."""
    workspace: Path = tmp_path_factory.mktemp("jobs")
    journal = Journal(database_path(workspace))
    journal.open()
    cells = [asked(i, prompt, target) for i, prompt in enumerate(PROMPTS) for target in (builders.LANE, OTHER)]
    run_id = builders.running_run(journal, *cells)
    builders.running_run(journal, asked(9, "a tram of another run", OTHER))
    for job, state in zip(
        builders.claim(journal, run_id, 4).jobs, (JobState.DONE, JobState.FAILED, JobState.IN_DOUBT), strict=False
    ):
        changes = {"pictures": (builders.PICTURE,)} if state is JobState.DONE else {"acceptance": Acceptance.MAYBE}
        assert builders.step(journal, job, JobState.SENDING, state, **changes)
    journal.write_now(partial(steering.hold, job_ids=[8]))
    journal.close()
    with closing(open_reader(database_path(workspace))) as connection:
        yield connection


def found(reader: sqlite3.Connection, wanted: JobFilter) -> list[int]:
    return list(job_list.job_ids(reader, 1, wanted))


def text(word: str, within: str | None = None, *, absent: bool = False) -> JobFilter:
    return JobFilter(terms=(Term(word, within, absent),))


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (JobFilter(), [1, 2, 3, 4, 5, 6, 7, 8]),
        (text("tram"), [1, 2]),
        (text("TRAM", "prompt"), [1, 2]),
        (text("tram", "task"), []),
        (text("tram", absent=True), [3, 4, 5, 6, 7, 8]),
        (text("task-2"), [5, 6]),
        (text("gpt", "target"), [2, 4, 6, 8]),
        (text("50%"), [3, 4]),
        (text("5_%"), []),
        (text('"quoted"'), [3, 4]),
        (text("[b]mark"), [3, 4]),
        (text("ölbaum"), [5, 6]),
        (text("STRASSE"), []),
        (text("電車"), [7, 8]),
        (text("🚋"), [7, 8]),
        (text("seed"), []),
        (JobFilter(terms=(Term("tram"), Term("gpt"))), [2]),
        (JobFilter(frozenset({JobState.DONE, JobState.FAILED})), [1, 3]),
        (JobFilter(frozenset()), []),
        (JobFilter(held=True), [8]),
        (JobFilter(held=False), [1, 2, 3, 4, 5, 6, 7]),
        (JobFilter(bounds=(Bound(Measure.COST, Comparison.MORE, 30_000),)), [1, 3, 5]),
        (JobFilter(bounds=(Bound(Measure.TRY, Comparison.AT_LEAST, 1),)), [1, 3, 5, 7]),
        (JobFilter(bounds=(Bound(Measure.TIME, Comparison.AT_LEAST, 0),)), [1, 3, 5]),
    ],
)
def test_filters(reader: sqlite3.Connection, wanted: JobFilter, ids: list[int]) -> None:
    assert found(reader, wanted) == ids


def test_states_are_sorted_by_what_needs_a_person(reader: sqlite3.Connection) -> None:
    assert list(job_list.job_ids(reader, 1, sort="state"))[:4] == [5, 3, 7, 2]
    assert list(job_list.job_ids(reader, 1, sort="state", descending=True))[:2] == [1, 8]


def test_what_has_no_time_yet_comes_last_either_way(reader: sqlite3.Connection) -> None:
    for descending in (True, False):
        assert set(job_list.job_ids(reader, 1, sort="seconds", descending=descending)[:3]) == {1, 3, 5}


FILTERS = st.builds(
    JobFilter,
    st.none() | st.frozensets(st.sampled_from(JobState)),
    st.lists(
        st.builds(
            Term, st.sampled_from(["tram", "task", "gpt", "%", "é"]),
            st.sampled_from([None, "task", "target", "prompt"]), st.booleans(),
        ),
        max_size=2,
    ).map(tuple),
    st.lists(
        st.builds(Bound, st.sampled_from(Measure), st.sampled_from(Comparison), st.floats(0, 1e6)), max_size=2
    ).map(tuple),
    st.none() | st.booleans(),
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FILTERS, st.sampled_from(GROUPINGS), st.sampled_from(SORTS), st.booleans())
def test_groups_hold_every_job_exactly_once(
    reader: sqlite3.Connection, wanted: JobFilter, by: str, sort: str, descending: bool
) -> None:
    flat = list(job_list.job_ids(reader, 1, wanted, sort=sort, descending=descending))
    groups = job_list.grouped_ids(reader, 1, wanted, by=by, sort=sort, descending=descending)
    assert sorted(job for members in groups.values() for job in members) == sorted(flat)
    for members in groups.values():
        assert list(members) == [job for job in flat if job in set(members)]
    tallies = job_list.group_tallies(reader, 1, wanted, by=by)
    assert {name: tally.jobs for name, tally in tallies.items()} == {n: len(m) for n, m in groups.items()}
    some = [*list(groups)[:1], "nothing"]
    few = job_list.group_tallies(reader, 1, wanted, by=by, names=some)
    assert few == {name: tally for name, tally in tallies.items() if name in some}


def test_tallies_hold_states_and_money(reader: sqlite3.Connection) -> None:
    tallies = job_list.group_tallies(reader, 1, by="target")
    ours = tallies[builders.LANE]
    assert ours.counts == dict.fromkeys((JobState.DONE, JobState.FAILED, JobState.IN_DOUBT, JobState.SENDING), 1)
    assert (ours.billed, ours.uncertain) == (40_000, 80_000)
    counted = job_list.group_tallies(reader, 1, JobFilter(frozenset(JobState)), by="target")
    assert counted == tallies, "what is counted while jobs change is what is there"
    assert list(job_list.grouped_ids(reader, 1, by="state"))[:2] == ["in_doubt", "failed"]
    assert list(job_list.grouped_ids(reader, 1, by="task")) == [f"task-{i}" for i in range(4)]


def test_names_of_tasks_in_order(reader: sqlite3.Connection) -> None:
    assert job_list.task_names(reader, 1) == tuple(f"task-{i}" for i in range(4))
