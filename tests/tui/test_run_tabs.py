"""Several runs at once: their tabs, and the dialog that finds any run."""

from fluxtui.domain.jobs import JobState, RunState
from fluxtui.tui.app import Cockpit
from fluxtui.tui.screens.run.switcher import RunSwitcher, passes
from tests.conditions import until
from tests.tui.harness import (
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


def shown_run(app: Cockpit) -> int | None:
    return None if app.live.shown is None else app.live.shown.id


async def test_one_run_needs_no_tabs_and_a_second_one_brings_them(studio: Studio) -> None:
    first = studio.new_run()
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        assert not run_screen(app).tabs.display
        second = studio.new_run(batch="harbour")
        await until(lambda: shown_run(app) == second)  # nobody chose the first one
        await until(lambda: f"{first} city" in run_screen(app).tabs.render_line(0).text)
        assert run_screen(app).tabs.display
        strip = run_screen(app).tabs.render_line(0).text
        assert f"▌{second} harbour ◐ running 0/8" in strip


@presses("run.next", "run.back")
async def test_the_tabs_are_walked_round_and_keep_what_was_chosen_for_each(studio: Studio) -> None:
    first, second, third = studio.new_run(), studio.new_run(batch="harbour"), studio.new_run(batch="moor")
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        assert shown_run(app) == third
        await pilot.press("right_square_bracket")
        await until(lambda: shown_run(app) == first)
        await shown(app, pilot)
        table = run_screen(app).table
        await pilot.press("s", "slash", *"tram", "enter", "j")
        await until(lambda: table.row_count == 2 and table.cursor == 1)
        job = table.job_id
        await pilot.press("right_square_bracket")
        await until(lambda: shown_run(app) == second and table.row_count == 8)
        assert table.view.sort == "position"
        assert not run_screen(app).jobs.line.has_class("-open")
        await pilot.press("left_square_bracket")
        await until(lambda: shown_run(app) == first and table.row_count == 2)
        assert (table.view.sort, table.job_id) == ("state", job)
        assert run_screen(app).jobs.line.value == "tram"


async def test_a_new_run_does_not_take_the_place_of_a_chosen_one(studio: Studio) -> None:
    first, second = studio.new_run(), studio.new_run(batch="harbour")
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        await pilot.press("left_square_bracket")
        await until(lambda: shown_run(app) == first)
        third = studio.new_run(batch="moor")
        await until(lambda: [tab.id for tab in app.live.tabs] == [first, second, third])
        assert shown_run(app) == first
        studio.set_state(first, RunState.FINISHED)
        await until(lambda: [tab.id for tab in app.live.tabs] == [second, third, first])


async def test_a_run_that_was_deleted_elsewhere_makes_way(studio: Studio) -> None:
    first, second = studio.new_run(), studio.new_run(batch="harbour")
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        assert shown_run(app) == second
        studio.sql("UPDATE runs SET deleting = 1 WHERE id = ?", second)
        await until(lambda: shown_run(app) == first)
        assert [tab.id for tab in app.live.tabs] == [first]


async def test_a_tab_is_chosen_with_the_mouse_too(studio: Studio) -> None:
    first, second = studio.new_run(), studio.new_run(batch="harbour")
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        await until(lambda: run_screen(app).tabs.display and shown_run(app) == second)
        await pilot.click("RunTabs", offset=(4, 0))
        await until(lambda: shown_run(app) == first)


async def test_jobs_that_are_added_to_the_run_appear(studio: Studio) -> None:
    run_id = studio.new_run()
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        table = run_screen(app).table
        await pilot.press("end")
        last = table.job_id
        studio.sql(
            "INSERT INTO jobs (run_id, cell_id, kind, target, lane, position, state, revision)"
            " SELECT run_id, cell_id, kind, target, lane, position + 100, 'queued', revision + 1 FROM jobs"
            " WHERE run_id = ?",
            run_id,
        )
        await until(lambda: table.row_count == 16)
        assert table.job_id == last


async def test_without_another_tab_the_key_says_where_runs_are(studio: Studio) -> None:
    studio.set_state(studio.new_run(), RunState.FINISHED)
    studio.new_run()
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        await pilot.press("left_square_bracket")
        await until(lambda: bool(app._notifications))  # noqa: SLF001 - there is no other door to them
        assert "w finds" in next(iter(app._notifications)).message  # noqa: SLF001


@presses("run.switch", "runs.open", "runs.down", "runs.up")
async def test_a_run_is_found_among_all_by_its_words(studio: Studio) -> None:
    first = studio.new_run(batch="harbour")
    studio.set_state(first, RunState.FINISHED)
    second = studio.new_run()
    third = studio.new_run(batch="moor")
    app = cockpit(studio.workspace)
    async with running(app, (80, 24)) as pilot:
        await shown(app, pilot)
        await pilot.press("w")
        await until(lambda: isinstance(app.screen, RunSwitcher) and len(app.screen.table.runs) == 3)
        switcher = app.screen
        assert isinstance(switcher, RunSwitcher)
        assert switcher.table.current is not None
        assert switcher.table.current.id == third
        await pilot.press("down", "down", "up")
        assert switcher.table.current.id == second
        await pilot.press(*"harb")
        await until(lambda: len(switcher.table.runs) == 1)
        await pilot.press("enter")
        await until(lambda: shown_run(app) == first)
        assert first in {tab.id for tab in app.live.tabs}
        await pilot.press("w", *"nothing", "enter", "escape")
        await until(lambda: app.screen is run_screen(app))
        assert shown_run(app) == first


async def test_every_word_of_the_switcher_must_fit(studio: Studio) -> None:
    studio.new_run()
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        run = app.live.shown
        assert run is not None
        assert passes(run, "")
        assert passes(run, "CITY bfl running")
        assert not passes(run, "city harbour")


async def test_a_narrow_head_cuts_off_nothing_that_needs_a_person(studio: Studio) -> None:
    run_id = studio.new_run(cells([f"task-{n}" for n in range(600)]))
    first, second, third, _ = studio.send(run_id, BFL, 4)
    studio.move(first, JobState.FAILED, UNAVAILABLE)
    studio.move(second, JobState.IN_DOUBT, BROKEN)
    studio.move(third, JobState.REFUSED, MODERATED)
    app = cockpit(studio.workspace)
    async with running(app, (80, 24)) as pilot:
        await shown(app, pilot)
        head = run_screen(app).head
        await until(lambda: "1 refused" in str(head.render()))
        counts = str(head.render()).splitlines()[1]
        assert all(word in counts for word in ("0/1,200 done", "1 failed", "1 in doubt", "1 refused"))
        await pilot.resize_terminal(160, 40)
        await until(lambda: "1 in flight   · 1,196 queued   ⊘" in str(head.render()))
