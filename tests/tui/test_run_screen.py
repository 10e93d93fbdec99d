"""The Run screen through its keys, over a real history that a stand-in for the runner writes."""

from functools import partial

from textual.widgets import Input

from fluxtui.domain.jobs import JobState
from fluxtui.tui.previews.probe import Mode
from fluxtui.tui.screens.run.look import LookScreen
from fluxtui.tui.widgets.job_table import JobTable
from tests.conditions import until
from tests.tui.harness import (
    AZURE,
    BFL,
    BROKEN,
    MODERATED,
    UNAVAILABLE,
    Studio,
    cells,
    cockpit,
    run_screen,
    running,
    shown,
)
from tests.tui.keys import presses


def selected(table: JobTable, job_id: int) -> bool:
    return table.job_id == job_id


async def test_a_run_is_shown_as_it_is(studio: Studio) -> None:
    studio.new_run()
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        screen = run_screen(app)
        assert screen.table.row_count == 8
        assert screen.detail is not None
        assert screen.detail.row.task == "market-at-sunrise"
        assert app.focused is screen.table


async def test_a_change_appears_without_a_key(studio: Studio) -> None:
    run_id = studio.new_run()
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        screen, (job,) = run_screen(app), studio.send(run_id, AZURE, 1)

        def state() -> JobState | None:
            row = screen.table.row(job)
            return None if row is None else row.state

        await until(lambda: state() is JobState.SENDING)
        studio.move(job, JobState.DONE)
        await until(lambda: state() is JobState.DONE)
        await until(lambda: screen.detail is not None and bool(screen.detail.images))
        await until(lambda: app.live.shown is not None and app.live.shown.counts.get(JobState.DONE) == 1)


@presses("run.sort", "rows.down")
async def test_the_cursor_stays_on_its_job_when_the_order_changes(studio: Studio) -> None:
    run_id = studio.new_run()
    for job in studio.send(run_id, BFL, 2):
        studio.move(job, JobState.REFUSED, MODERATED)
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        table = run_screen(app).table
        await pilot.press("j", "j", "j")
        chosen = table.job_id
        assert table.cursor == 3
        await pilot.press("s")
        await until(lambda: table.view.sort == "state" and table.cursor != 3)
        assert table.job_id == chosen


@presses("run.filter")
async def test_filter_by_state_and_text_and_back(studio: Studio) -> None:
    run_id = studio.new_run()
    refused = studio.send(run_id, AZURE, 1)[0]
    studio.move(refused, JobState.REFUSED, MODERATED)
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        screen = run_screen(app)
        await pilot.press("slash", *"is:refused", "enter")
        await until(lambda: screen.table.row_count == 1)
        assert screen.table.job_id == refused
        assert app.focused is screen.table
        await pilot.press("slash")
        screen.query_one("#filter", Input).value = "tram"
        await until(lambda: screen.table.row_count == 2)
        await pilot.press("escape")
        await until(lambda: screen.table.row_count == 8)


@presses("run.problem", "run.problem-back")
async def test_jumping_to_what_needs_a_person_wraps_around(studio: Studio) -> None:
    run_id = studio.new_run()
    first, second = studio.send(run_id, BFL, 2)
    studio.move(first, JobState.FAILED, UNAVAILABLE)
    studio.move(second, JobState.IN_DOUBT, BROKEN)
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        table = run_screen(app).table
        for expected in (first, second, first):
            await pilot.press("n")
            await until(partial(selected, table, expected))
        await pilot.press("N")
        await until(lambda: table.job_id == second)


@presses("run.open", "look.next", "look.close")
async def test_the_picture_large_and_its_neighbours(studio: Studio) -> None:
    run_id = studio.new_run()
    for job in studio.send(run_id, AZURE, 2):
        studio.move(job, JobState.DONE)
    app = cockpit(studio.workspace)
    async with running(app, (80, 24)) as pilot:
        await shown(app, pilot)
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, LookScreen))
        look = app.screen
        assert isinstance(look, LookScreen)
        await until(lambda: look.picture.settled)
        await pilot.press("right")
        await until(lambda: "bfl" in str(look.query_one("#picture-pane").border_title))
        await pilot.press("escape")
        await until(lambda: app.screen is not look)
        assert run_screen(app).table.cursor == 1


async def test_prompts_are_text_and_never_markup(studio: Studio) -> None:
    hostile = "[/foo] [red]x[/] a [cat:dog:0.5] \x1b[31mred\x1b]0;title\x07 \u202e"
    studio.new_run(cells([hostile]))
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        lines = "\n".join(line.text for line in app.screen.query_one("#jobs").render_lines(app.screen.region))
        assert "[/foo] [red]x" in lines
        assert "\x1b" not in lines
        assert "\u202e" not in lines


async def test_without_pictures_facts_are_shown_instead(studio: Studio) -> None:
    run_id = studio.new_run()
    studio.move(studio.send(run_id, AZURE, 1)[0], JobState.DONE)
    app = cockpit(studio.workspace, mode=Mode.OFF)
    async with running(app) as pilot:
        await shown(app, pilot)
        picture = run_screen(app).selected.picture
        text = "".join(strip.text for strip in picture.render_lines(picture.size.region))
        assert "1024 × 768 png" in text
        assert not run_screen(app).small.display


@presses("rows.first", "rows.last")
async def test_a_hundred_thousand_jobs_are_there_at_once(studio: Studio) -> None:
    run_id = studio.new_run()
    studio.sql(
        "WITH RECURSIVE n(i) AS (SELECT 8 UNION ALL SELECT i + 1 FROM n WHERE i < 99999)"
        " INSERT INTO jobs (run_id, cell_id, kind, target, lane, position, state, revision)"
        " SELECT ?, 1 + i % 8, 'generate', 'bfl/flux-2-pro', 'bfl/flux-2-pro', i, 'queued', 1 FROM n",
        run_id,
    )
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        table = run_screen(app).table
        assert table.row_count == 100_000
        await pilot.press("G")
        await until(lambda: table.job_id is not None and table.row(table.job_id) is not None)
        assert table.cursor == 99_999
        await pilot.press("g")
        assert table.cursor == 0
