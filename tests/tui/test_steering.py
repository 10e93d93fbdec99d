"""Steering a run by keys: what each asks, what it wishes for, and what it leaves alone."""

from functools import partial
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from fluxtui.domain.jobs import JobState, RunState
from fluxtui.domain.money import usd
from fluxtui.history import steering as wishes
from fluxtui.tui.app import Cockpit
from fluxtui.tui.screens.dialogs.screen import AskScreen, LineScreen
from fluxtui.tui.screens.run import steering
from fluxtui.tui.screens.run.screen import RunScreen
from tests.conditions import until
from tests.tui.harness import (
    AZURE,
    BAD_KEY,
    BFL,
    BROKEN,
    MODERATED,
    UNAVAILABLE,
    FakeEngine,
    Studio,
    cockpit,
    paint,
    run_screen,
    running,
    shown,
)
from tests.tui.keys import presses


def words(app: Cockpit) -> str:
    """Return all that a dialog says."""
    return "\n".join(str(part.content) for part in app.screen.query(Static))


async def asked(app: Cockpit, pilot: Pilot[int], key: str) -> None:
    await pilot.press(key)
    await until(lambda: isinstance(app.screen, AskScreen) and app.screen.is_mounted and app.focused is not None)


async def steered(app: Cockpit, pilot: Pilot[int]) -> None:
    """Wait until the run, its lanes and the runner are shown."""
    await shown(app, pilot)
    await until(lambda: app.live.runner_alive and app.live.lanes)


@presses("run.pause")
async def test_pausing_the_run_and_going_on(studio: Studio) -> None:
    run_id = studio.new_run()
    engine = FakeEngine()
    app = cockpit(studio.workspace, engine)
    async with running(app) as pilot:
        await shown(app, pilot)
        await until(lambda: app.live.runner_alive)
        await asked(app, pilot, "p")
        assert engine.controls == []
        await pilot.press("p")
        await until(lambda: engine.controls == [("pause_run", run_id, {})])
        studio.set_state(run_id, RunState.PAUSED)
        await until(lambda: app.live.shown is not None and app.live.shown.state is RunState.PAUSED)
        await pilot.press("p")
        await until(lambda: engine.resumed == [run_id])


@presses("run.pause")
async def test_pausing_one_lane_or_another(studio: Studio) -> None:
    run_id = studio.new_run()
    studio.lane(AZURE)
    studio.lane(BFL, "paused")
    engine = FakeEngine()
    app = cockpit(studio.workspace, engine)
    async with running(app) as pilot:
        await steered(app, pilot)
        await asked(app, pilot, "p")
        await pilot.press("l")
        await until(lambda: engine.controls == [("pause_lane", run_id, {"lane": AZURE})])
        await asked(app, pilot, "p")
        await pilot.press("o")
        await until(lambda: "Which lane" in str(app.screen.query_one(".card").border_title))
        await pilot.press("2")
        await until(lambda: engine.controls[1:] == [("resume_lane", run_id, {"lane": BFL})])


@presses("run.pause")
async def test_holding_a_job_and_letting_it_go(studio: Studio) -> None:
    run_id = studio.new_run()
    first = studio.jobs(run_id)[0]
    engine = FakeEngine()
    app = cockpit(studio.workspace, engine)
    async with running(app) as pilot:
        await shown(app, pilot)
        await until(lambda: app.live.runner_alive)
        await asked(app, pilot, "p")
        await pilot.press("j")
        await until(lambda: engine.controls == [("hold_jobs", run_id, {"jobs": [first]})])
        studio.journal.write_now(partial(wishes.hold, job_ids=[first]))
        await until(lambda: (row := run_screen(app).job()) is not None and row.held)
        await asked(app, pilot, "p")
        assert "let all held jobs go" in words(app)
        await pilot.press("j")
        await until(lambda: engine.controls[1:] == [("release_jobs", run_id, {"jobs": [first]})])
        await asked(app, pilot, "p")
        await pilot.press("g")
        await until(lambda: engine.controls[2:] == [("resume_run", run_id, {"release": True})])


async def narrowed(app: Cockpit, pilot: Pilot[int], text: str, rows: int) -> None:
    """Filter the table."""
    await pilot.press("slash")
    app.screen.query_one("#filter", Input).value = text
    await pilot.press("enter")
    await until(lambda: run_screen(app).table.row_count == rows)


@presses("run.pause", "run.cancel", "run.sooner", "run.filter")
async def test_all_that_a_filter_shows_is_held_cancelled_or_sent_sooner(studio: Studio) -> None:
    run_id = studio.new_run()
    engine = FakeEngine()
    app = cockpit(studio.workspace, engine)
    async with running(app) as pilot:
        await shown(app, pilot)
        await until(lambda: app.live.runner_alive)
        await narrowed(app, pilot, "tram", 2)
        ids = list(await app.feed.order(run_id, run_screen(app).table.view.job_filter, "position", False))
        for key, answer, kind, payload in (
            ("p", "s", "hold_jobs", {"jobs": ids}),
            ("greater_than_sign", "s", "prioritise", {"jobs": ids, "by": 1}),
            ("x", "s", "cancel_job", {"jobs": ids}),
        ):
            await asked(app, pilot, key)
            assert "2 jobs, by the filter" in words(app)
            await pilot.press(answer)
            await until(lambda: bool(engine.controls))
            assert engine.controls.pop() == (kind, run_id, payload)


@presses("run.sooner", "run.later")
async def test_one_job_goes_sooner_or_later_at_once(studio: Studio) -> None:
    run_id = studio.new_run()
    first = studio.jobs(run_id)[0]
    engine = FakeEngine()
    app = cockpit(studio.workspace, engine)
    async with running(app) as pilot:
        await shown(app, pilot)
        await pilot.press("greater_than_sign")
        await until(lambda: engine.controls == [("prioritise", run_id, {"jobs": [first], "by": 1})])
        await pilot.press("less_than_sign")
        await until(lambda: engine.controls[1:] == [("prioritise", run_id, {"jobs": [first], "by": -1})])
        assert isinstance(app.screen, RunScreen)


@presses("run.cancel", "dialog.back")
async def test_cancelling_asks_which_part(studio: Studio) -> None:
    run_id = studio.new_run()
    studio.send(run_id, BFL, 1)
    engine = FakeEngine()
    app = cockpit(studio.workspace, engine)
    async with running(app) as pilot:
        await shown(app, pilot)
        await asked(app, pilot, "x")
        await pilot.press("escape")
        assert engine.controls == []
        job = run_screen(app).table.job_id
        for answer, kind, payload in (
            ("j", "cancel_job", {"job": job}),
            ("u", "cancel_run", {"scope": "queued"}),
            ("e", "cancel_run", {"scope": "all"}),
        ):
            await asked(app, pilot, "x")
            await pilot.press(answer)
            await until(lambda: bool(engine.controls))
            assert engine.controls.pop() == (kind, run_id, payload)


@presses("run.retry")
async def test_retrying_says_what_it_costs(studio: Studio) -> None:
    run_id = studio.new_run()
    failed, other = studio.send(run_id, AZURE, 2)
    studio.move(failed, JobState.FAILED, UNAVAILABLE)
    studio.move(other, JobState.FAILED, UNAVAILABLE)
    accepted = studio.send(run_id, BFL, 1)[0]
    studio.move(accepted, JobState.WAITING)
    studio.move(accepted, JobState.FAILED, UNAVAILABLE)
    studio.sql("UPDATE jobs SET ticket = '{}' WHERE id = ?", accepted)  # accepted, and still to be had
    refused = studio.send(run_id, BFL, 1)[0]
    studio.move(refused, JobState.REFUSED, MODERATED)
    engine = FakeEngine()
    app = cockpit(studio.workspace, engine)
    async with running(app) as pilot:
        await shown(app, pilot)
        await until(lambda: app.live.shown is not None and app.live.shown.counts.get(JobState.REFUSED))
        await asked(app, pilot, "R")
        assert "3 jobs · up to $0.08 · 1 only collected" in words(app)
        assert "1 job · up to $0.04" in words(app)
        await pilot.press("f")
        await until(lambda: engine.controls == [("retry", run_id, {"states": ["failed"]})])
        await asked(app, pilot, "R")
        await pilot.press("j")
        await until(lambda: engine.controls[1:] == [("retry", run_id, {"jobs": [failed]})])


@presses("run.more", "run.fewer")
async def test_a_lane_gets_more_or_fewer_requests_at_once_and_shows_it(studio: Studio) -> None:
    studio.new_run()
    studio.lane(AZURE, in_flight=2)
    engine = FakeEngine()
    app = cockpit(studio.workspace, engine)
    async with running(app) as pilot:
        await steered(app, pilot)
        await pilot.press("plus", "plus", "minus")
        assert [lane.limit for lane in app.live.lanes] == [9]
        await until(lambda: len(engine.controls) == 3)
        assert engine.controls == [("set_limit", None, {"lane": AZURE, "limit": limit}) for limit in (9, 10, 9)]
        studio.lane(AZURE, in_flight=3)
        await until(lambda: [lane.in_flight for lane in app.live.lanes] == [3])
        assert [lane.limit for lane in app.live.lanes] == [9], "the runner has not told of it yet"


@presses("run.cap")
async def test_the_cap_is_raised_and_lifted(studio: Studio) -> None:
    run_id = studio.new_run()
    studio.sql("UPDATE runs SET cap = ? WHERE id = ?", usd("0.20"), run_id)
    studio.move(studio.send(run_id, AZURE, 1)[0], JobState.DONE)
    engine = FakeEngine()
    app = cockpit(studio.workspace, engine)
    async with running(app) as pilot:
        await shown(app, pilot)
        for wrong in ("lots", "-1", "0.01", ""):
            await pilot.press("B")
            await until(lambda: isinstance(app.screen, LineScreen))
            assert "The cap is $0.20." in words(app)
            app.screen.query_one(Input).value = wrong
            await pilot.press("enter")
            await until(lambda: str(app.screen.query_one(".wrong", Static).content))
            await pilot.press("escape")
            await until(lambda: isinstance(app.screen, RunScreen))
        for text, micros in (("$7.50", usd("7.50")), ("none", None)):
            await pilot.press("B")
            await until(lambda: isinstance(app.screen, LineScreen))
            app.screen.query_one(Input).value = text
            await pilot.press("enter")
            await until(lambda: bool(engine.controls))
            assert engine.controls.pop() == ("set_cap", run_id, {"micros": micros})


@presses("run.unpark")
async def test_a_lane_that_stands_still_tries_again(studio: Studio) -> None:
    run_id = studio.new_run()
    studio.lane(AZURE)
    studio.lane(BFL, "parked", 0, BAD_KEY)
    engine = FakeEngine()
    app = cockpit(studio.workspace, engine)
    async with running(app) as pilot:
        await steered(app, pilot)
        await pilot.press("u")
        await until(lambda: engine.controls == [("reset_lane", run_id, {"lane": BFL})])
        studio.lane(AZURE, "parked", 0, BAD_KEY)
        await until(lambda: len([lane for lane in app.live.lanes if lane.state == "parked"]) == 2)
        await asked(app, pilot, "u")
        await pilot.press("a")
        await until(lambda: engine.controls[1:] == [("reset_lane", run_id, {"lanes": [AZURE, BFL]})])


@presses("run.resolve")
async def test_a_job_in_doubt_is_adopted_abandoned_or_paid_again(studio: Studio, tmp_path: Path) -> None:
    run_id = studio.new_run()
    job = studio.send(run_id, AZURE, 1)[0]
    studio.move(job, JobState.IN_DOUBT, BROKEN)
    found = tmp_path / "found.jpg"
    paint(found, 3)
    engine = FakeEngine()
    app = cockpit(studio.workspace, engine)
    async with running(app) as pilot:
        await shown(app, pilot)
        for answer, choice in (("p", "resend"), ("b", "abandon")):
            await asked(app, pilot, "a")
            await pilot.press(answer)
            await until(lambda: bool(engine.controls))
            assert engine.controls.pop() == ("in_doubt", run_id, {"jobs": [job], "choice": choice})
        await asked(app, pilot, "a")
        await pilot.press("a")
        await until(lambda: isinstance(app.screen, LineScreen))
        app.screen.query_one(Input).value = str(tmp_path / "nothing.jpg")
        await pilot.press("enter")
        assert isinstance(app.screen, LineScreen)
        app.screen.query_one(Input).value = str(found)
        await pilot.press("enter")
        await until(lambda: bool(engine.controls))
        assert engine.controls == [("in_doubt", run_id, {"jobs": [job], "choice": "adopt", "path": str(found)})]


@presses("run.resolve")
async def test_many_in_doubt_are_decided_together(studio: Studio) -> None:
    run_id = studio.new_run()
    doubtful = [*studio.send(run_id, AZURE, 1), *studio.send(run_id, BFL, 2)]
    for job in doubtful:
        studio.move(job, JobState.IN_DOUBT, BROKEN)
    engine = FakeEngine()
    app = cockpit(studio.workspace, engine)
    async with running(app) as pilot:
        await shown(app, pilot)
        await asked(app, pilot, "a")
        assert "pay again for all 3" in words(app)
        assert "up to $0.12" in words(app)
        await pilot.press("P")
        await until(lambda: bool(engine.controls))
        kind, _, payload = engine.controls.pop()
        assert (kind, payload["choice"]) == ("in_doubt", "resend")
        assert set(doubtful) == set(payload["jobs"] if isinstance(payload["jobs"], list) else [])
        await narrowed(app, pilot, "target:bfl is:doubt", 2)
        await asked(app, pilot, "a")
        await pilot.press("s")
        await until(lambda: bool(engine.controls))
        assert engine.controls == [("in_doubt", run_id, {"jobs": doubtful[1:], "choice": "abandon"})]


@pytest.mark.parametrize(("text", "cap"), [("7.5", usd("7.5")), ("$3", usd("3")), ("2,50", usd("2.5")), ("none", None)])
def test_a_cap_as_people_write_it(text: str, cap: int | None) -> None:
    assert steering.parse_cap(text) == cap
