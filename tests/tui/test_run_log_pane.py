"""The log pane of the Run screen, through its keys."""

import pytest

from fluxtui.domain.jobs import JobState
from fluxtui.history.run_log import AskedLine
from fluxtui.tui.app import Cockpit
from fluxtui.tui.widgets.log_lines import LogLines, asked_words
from tests.conditions import until
from tests.tui.harness import (
    AZURE,
    BFL,
    MODERATED,
    NOW,
    UNAVAILABLE,
    Studio,
    cells,
    cockpit,
    run_screen,
    running,
    shown,
)
from tests.tui.keys import presses


def log(app: Cockpit) -> LogLines:
    return run_screen(app).log_pane.lines


def told(app: Cockpit) -> list[str]:
    pane = log(app)
    return [line.rstrip() for line in (strip.text for strip in pane.render_lines(pane.size.region)) if line.strip()]


def titles(app: Cockpit) -> tuple[str, str]:
    pane = run_screen(app).log_pane
    return str(pane.border_title), str(pane.border_subtitle)


@presses("run.log")
async def test_the_log_is_shown_on_demand_and_follows_what_happens(studio: Studio) -> None:
    run_id = studio.new_run()
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        assert not run_screen(app).log_pane.display
        await pilot.press("L")
        await until(lambda: "Nothing has happened yet." in "".join(told(app)))
        assert app.focused is log(app)
        job = studio.send(run_id, BFL, 1)[0]
        await until(lambda: any("↑ sending" in line and "market-at" in line for line in told(app)))
        studio.move(job, JobState.FAILED, UNAVAILABLE)
        await until(lambda: any("✗ failed" in line and "answered 503" in line for line in told(app)))
        assert log(app).following
        assert titles(app)[1] == "following"
        await pilot.press("L")
        assert not run_screen(app).log_pane.display
        assert run_screen(app).table.has_focus


async def test_it_stays_where_a_person_reads(studio: Studio) -> None:
    run_id = studio.new_run(cells([f"task-{n}" for n in range(20)]))
    studio.send(run_id, BFL, 15)
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        await pilot.press("L")
        await until(lambda: log(app).row_count == 15)
        await pilot.press("up", "up")
        assert titles(app)[1] == "end follows"
        before, scroll = log(app).cursor, log(app).scroll_offset
        studio.send(run_id, AZURE, 5)
        await until(lambda: log(app).row_count == 20)
        assert (log(app).cursor, log(app).scroll_offset) == (before, scroll)
        await pilot.press("G")
        await until(lambda: titles(app)[1] == "following")


@presses("log.job", "log.problems", "log.go")
async def test_one_job_only_trouble_and_back_to_the_table(studio: Studio) -> None:
    run_id = studio.new_run()
    first, second = studio.send(run_id, BFL, 2)
    studio.move(first, JobState.DONE)
    studio.move(second, JobState.REFUSED, MODERATED)
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        table = run_screen(app).table
        await pilot.press("L")
        await until(lambda: log(app).row_count == 4)
        await pilot.press("e")
        await until(lambda: log(app).row_count == 1)
        assert "trouble only" in titles(app)[0]
        await until(lambda: "⊘ refused" in "".join(told(app)))
        await pilot.press("space")
        await until(lambda: table.job_id == second)
        await pilot.press("e", "o")
        await until(lambda: log(app).row_count == 2 and log(app).wanted.job_id == second)
        assert "the selected job" in titles(app)[0]
        await pilot.press("shift+tab")
        table.select_job(first)
        await until(lambda: log(app).wanted.job_id == first and log(app).row_count == 2)
        run_screen(app).log_pane.lines.focus()
        await pilot.press("o")
        await until(lambda: log(app).row_count == 4)
        await pilot.press("home", "enter")
        await until(lambda: table.job_id == first)


async def test_a_job_that_the_filter_hides_is_not_searched_in_vain(studio: Studio) -> None:
    run_id = studio.new_run()
    studio.send(run_id, BFL, 1)
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        await pilot.press("slash", *"azure", "enter")
        await until(lambda: run_screen(app).table.row_count == 4)
        await pilot.press("L")
        await until(lambda: log(app).row_count == 1)
        await pilot.press("space")
        await until(lambda: any("filter hides" in note.message for note in app._notifications))  # noqa: SLF001


async def test_what_was_asked_for_is_told_with_its_outcome(studio: Studio) -> None:
    run_id = studio.new_run()
    studio.send(run_id, BFL, 1)
    studio.sql("UPDATE runs SET created_at = 0")
    studio.sql("INSERT INTO controls (created_at, kind, run_id, payload) VALUES (?, 'pause_run', ?, '{}')", NOW, run_id)
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        await pilot.press("L")
        await until(lambda: any("▸ asked" in line and "pause the run — waits" in line for line in told(app)))
        studio.sql("UPDATE controls SET taken_at = 1, outcome = 'done'")
        await until(lambda: any("pause the run — done" in line for line in told(app)))


async def test_another_run_has_another_log(studio: Studio) -> None:
    first, second = studio.new_run(), studio.new_run()
    studio.send(first, BFL, 2)
    studio.send(second, BFL, 3)
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        await pilot.press("L")
        await until(lambda: log(app).row_count == 3)
        await pilot.press("left_square_bracket")
        await until(lambda: log(app).run_id == first and log(app).row_count == 2)


async def test_a_million_events_are_read_from_the_newest_back(studio: Studio) -> None:
    run_id = studio.new_run()
    studio.sql(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)"
        " INSERT INTO events (run_id, job_id, attempt, state, at) SELECT ?, 1 + i % 8, 1, 'sending', ? - 2000000 + i"
        " FROM n",
        run_id,
        NOW,
    )
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        await pilot.press("L")
        await until(lambda: log(app).row_count > 0 and bool(told(app)) and "sending" in told(app)[-1])
        assert not log(app).complete
        assert titles(app)[0].startswith("log · last 5,000")
        newest = log(app).row_count
        job = log(app).current
        await pilot.press("home")
        await until(lambda: log(app).row_count > newest)
        assert log(app).current != job
        before = log(app).current
        assert log(app).cursor > 0 or before is None
        await pilot.press("G", "e")
        await until(lambda: "Nothing of that kind" in "".join(told(app)))


@pytest.mark.parametrize(
    ("kind", "payload", "words"),
    [
        ("pause_run", {}, "pause the run — done"),
        ("cancel_run", {"scope": "all"}, "cancel everything — done"),
        ("cancel_run", {"scope": "queued"}, "cancel what was not sent — done"),
        ("cancel_job", {"jobs": [1, 2]}, "cancel 2 jobs — done"),
        ("hold_jobs", {"job": 1}, "hold a job back — done"),
        ("prioritise", {"jobs": [1], "by": -1}, "send a job later — done"),
        ("prioritise", {"jobs": [1], "to": 3}, "send a job at priority +3 — done"),
        ("retry", {"states": ["failed", "refused"]}, "try all failed, refused again — done"),
        ("in_doubt", {"jobs": [1], "choice": "abandon"}, "abandon a job in doubt — done"),
        ("set_cap", {"micros": 5_000_000}, "set the cap to $5.00 — done"),
        ("set_cap", {"micros": None}, "lift the cap — done"),
        ("set_limit", {"lanes": ["bfl/x"], "limit": 4}, "most requests at once at bfl/x: 4 — done"),
        ("pause_lane", {"lane": "bfl/x"}, "hold bfl/x back — done"),
        ("something_new", {}, "something new — done"),
        ("pause_run", {"x": "\x1b[31m"}, "pause the run — done"),
    ],
)
def test_wishes_are_told_as_sentences(kind: str, payload: dict[str, object], words: str) -> None:
    assert asked_words(AskedLine(0.0, kind, payload, "done")) == words  # type: ignore[arg-type]  # JSON of tests
