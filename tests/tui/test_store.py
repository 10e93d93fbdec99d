"""The feed: a reader thread that tells what changed, and answers questions."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from fluxtui.domain.jobs import JobState
from fluxtui.history import queries
from fluxtui.history.database import HistoryError, database_path
from fluxtui.history.records import JobFilter, Term
from fluxtui.tui.store import (
    Feed,
    FeedFailed,
    JobsChanged,
    LanesChanged,
    News,
    NoHistoryYet,
    RunChanged,
    RunnerChanged,
    RunsChanged,
)
from tests.conditions import until
from tests.tui.harness import BFL, Studio


class Heard:
    """A feed and all it told."""

    def __init__(self, workspace: Path) -> None:
        self.news: list[News] = []
        self.alive = False
        self.feed = Feed(database_path(workspace), self.news.append, lambda: self.alive, poll=0.01)

    def last(self, kind: type[News]) -> News | None:
        return next((news for news in reversed(self.news) if isinstance(news, kind)), None)


@pytest_asyncio.fixture
async def heard(workspace: Path) -> AsyncIterator[Heard]:
    heard = Heard(workspace)
    heard.feed.start()
    yield heard
    heard.feed.stop()


async def test_a_workspace_without_history_is_no_error(heard: Heard) -> None:
    with pytest.raises(NoHistoryYet):
        await heard.feed.ask(queries.latest_run)
    await until(lambda: heard.last(RunnerChanged))
    assert heard.last(FeedFailed) is None


async def test_history_that_begins_later_is_found(heard: Heard, workspace: Path) -> None:
    with pytest.raises(NoHistoryYet):
        await heard.feed.ask(queries.latest_run)
    studio = Studio(workspace)
    run_id = studio.new_run()
    await until(lambda: isinstance(n := heard.last(RunsChanged), RunsChanged) and n.latest and n.latest.id == run_id)
    studio.close()


async def test_only_jobs_of_the_watched_run_are_told(studio: Studio, heard: Heard) -> None:
    watched, other = studio.new_run(), studio.new_run()
    heard.feed.watch(watched)
    await until(lambda: heard.last(RunChanged))
    studio.send(other, BFL, 1)
    job = studio.send(watched, BFL, 1)[0]
    await until(lambda: heard.last(JobsChanged))
    told = [row for news in heard.news if isinstance(news, JobsChanged) for row in news.rows]
    assert {row.run_id for row in told} == {watched}
    assert told[-1].id == job
    assert told[-1].state is JobState.SENDING


async def test_lanes_and_the_runner_are_told(studio: Studio, heard: Heard) -> None:
    studio.new_run()
    studio.lane(BFL, in_flight=3)
    studio.send(1, BFL, 1)
    await until(lambda: isinstance(n := heard.last(LanesChanged), LanesChanged) and len(n.lanes) == 1)
    lanes = heard.last(LanesChanged)
    assert isinstance(lanes, LanesChanged)
    assert lanes.lanes[0].in_flight == 3
    heard.alive = True
    await until(lambda: isinstance(n := heard.last(RunnerChanged), RunnerChanged) and n.alive)


async def test_questions_are_answered_with_the_database_or_its_error(studio: Studio, heard: Heard) -> None:
    run_id = studio.new_run()
    order = await heard.feed.order(run_id, JobFilter(terms=(Term("tram"),)), "position", False)
    rows = await heard.feed.page(tuple(order))
    assert [rows[i].task for i in order] == ["tram-in-the-rain"] * 2

    def broken(connection: sqlite3.Connection) -> None:
        connection.execute("SELECT nothing FROM nowhere")

    with pytest.raises(HistoryError):
        await heard.feed.ask(broken)


async def test_nothing_is_told_while_nothing_happens(studio: Studio, heard: Heard) -> None:
    heard.feed.watch(studio.new_run())
    await until(lambda: heard.last(RunsChanged))
    await until(lambda: heard.last(RunChanged))
    await heard.feed.ask(queries.latest_run)
    before = len(heard.news)
    for _ in range(30):
        await heard.feed.ask(queries.data_version)
    assert len(heard.news) == before
