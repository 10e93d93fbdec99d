"""How a lane does is told to whoever looks: latency, troubles of the last hour, what the service still allows."""

import asyncio
from functools import partial
from pathlib import Path

from fluxtui.domain.problems import ProblemKind
from fluxtui.engine.checks import CheckResult, CheckState, keep_results
from fluxtui.engine.health import MEMORY, MOST_LATENCIES, Health
from fluxtui.engine.lock import RunnerLock
from fluxtui.history import queries
from fluxtui.history.database import database_path, open_reader
from fluxtui.history.journal import Journal
from fluxtui.history.records import LaneRow
from tests.conditions import until
from tests.engine.fakes import Studio, error


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_latency_is_that_of_the_last_successes() -> None:
    health = Health(Clock())
    assert (health.percentile(0.5), health.succeeded_at) == (None, None)
    for seconds in range(1, 101):
        health.succeeded(float(seconds))
    assert (health.percentile(0.5), health.percentile(0.95), health.succeeded_at) == (50.0, 95.0, 1000.0)
    for _ in range(MOST_LATENCIES):
        health.succeeded(0.25)
    health.succeeded(None)  # taken over from a dead runner: a success, but nobody knows how long it took
    assert (health.percentile(0.5), health.percentile(0.95)) == (0.25, 0.25)


def test_troubles_are_counted_for_an_hour() -> None:
    clock = Clock()
    health = Health(clock)
    for kind in (ProblemKind.TIMEOUT, ProblemKind.RATE_LIMITED, ProblemKind.RATE_LIMITED):
        health.troubled(kind)
        clock.now += 1
    assert health.errors == {"rate_limited": 2, "timeout": 1}
    clock.now = 1000.0 + MEMORY
    assert health.errors == {"rate_limited": 2}
    clock.now += MEMORY
    assert health.errors == {}


def test_headroom_is_read_where_a_service_tells() -> None:
    health = Health(Clock())
    health.heard({"content-type": "image/png"})
    assert (health.headroom, health.headroom_limit) == (None, None)
    health.heard({"x-ratelimit-remaining-requests": "4", "x-ratelimit-limit-requests": "5"})
    assert (health.headroom, health.headroom_limit) == (4, 5)
    health.heard({"content-type": "image/png"})
    health.heard({"ratelimit-remaining": "-1", "x-ratelimit-remaining": "many"})
    assert (health.headroom, health.headroom_limit) == (4, 5)
    health.heard({"ratelimit-remaining": "9" * 40})
    assert (health.headroom, health.headroom_limit) == (int("9" * 15), None)


def lane(studio: Studio) -> LaneRow | None:
    path = database_path(studio.workspace)
    reader = open_reader(path)
    try:
        return next(iter(queries.lanes(reader)), None)
    finally:
        reader.close()


async def test_a_running_lane_tells_how_it_does(studio: Studio) -> None:
    studio.provider.submissions["b"] = [error(ProblemKind.RATE_LIMITED, retry_after=0.01)]
    hold = asyncio.Event()

    async def gate() -> None:
        if studio.provider.sent[-1] == "c":
            await hold.wait()

    studio.provider.gate = gate
    await studio.start("a", "b", "c")
    lock = RunnerLock(studio.workspace)
    assert lock.acquire()
    runner = studio.runner()
    life = asyncio.create_task(runner.run(lock))

    def seen() -> bool:
        row = lane(studio)
        return row is not None and row.succeeded_at is not None and bool(row.errors)

    await until(seen)
    row = lane(studio)
    assert row is not None
    assert row.errors == {"rate_limited": 1}
    assert row.circuit == "closed"
    assert row.p50 is not None
    assert row.p95 is not None
    assert 0 <= row.p50 <= row.p95
    hold.set()
    await asyncio.wait_for(life, 30)


def test_results_of_checks_are_kept_where_there_is_a_history(tmp_path: Path) -> None:
    results = [
        ("bfl", CheckResult(CheckState.OK, "12.0 credits", credits=12.0)),
        ("fal", CheckResult(CheckState.UNCONFIGURED, "not configured")),
    ]
    keep = partial(keep_results, tmp_path, results, sandbox=False)
    keep()
    assert list(tmp_path.iterdir()) == []
    with Journal(database_path(tmp_path)):
        pass
    keep()
    reader = open_reader(database_path(tmp_path))
    (row,) = queries.checks(reader)
    reader.close()
    assert (row.provider, row.sandbox, row.state, row.credits) == ("bfl", False, "ok", 12.0)
