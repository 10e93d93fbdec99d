"""How the Run screen shows a run, through its keys: filter, order, groups, columns."""

import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from textual.widgets import Static

from fluxtui.domain.jobs import JobState
from fluxtui.history.records import JobExtras
from fluxtui.tui.app import Cockpit
from fluxtui.tui.preferences import PreferenceFile
from fluxtui.tui.screens.dialogs.screen import AskScreen
from fluxtui.tui.screens.run.columns import ColumnsScreen
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


def title(app: Cockpit) -> str:
    return str(run_screen(app).jobs.border_title)


def text_of(table: JobTable) -> str:
    return "\n".join(strip.text for strip in table.render_lines(table.size.region))


def lines(app: Cockpit) -> list[str]:
    return text_of(run_screen(app).table).splitlines()


# --- the filter ---------------------------------------------------------------------------------


@presses("run.filter", "filter.complete", "run.unfilter")
async def test_the_line_completes_and_says_what_is_wrong(studio: Studio) -> None:
    run_id = studio.new_run()
    studio.move(studio.send(run_id, AZURE, 1)[0], JobState.REFUSED, MODERATED)
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        screen = run_screen(app)
        said = screen.query_one("#filter-said", Static)
        await pilot.press("slash")
        assert "is:failed" in str(said.render())
        await pilot.press(*"is:refu")
        await until(lambda: "is:refused" in str(said.render()))
        await pilot.press("tab")
        await until(lambda: screen.jobs.line.value == "is:refused" and screen.table.row_count == 1)
        await pilot.press(*" cost>x")
        await until(lambda: "cost>0.05" in str(said.render()))
        assert screen.table.row_count == 1
        await pilot.press("escape")
        await until(lambda: screen.table.row_count == 8)
        assert app.focused is screen.table
        assert not said.display


async def test_tab_leaves_the_line_when_there_is_nothing_to_complete(studio: Studio) -> None:
    studio.new_run()
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        await pilot.press("slash", *"xyzzy")
        await until(lambda: run_screen(app).table.row_count == 0)
        assert "No job passes" in lines(app)[1]
        await pilot.press("tab")
        assert app.focused is not run_screen(app).jobs.line


@presses("filter.earlier", "filter.later")
async def test_earlier_filters_come_back(studio: Studio) -> None:
    studio.new_run()
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        line = run_screen(app).jobs.line
        await pilot.press("slash", *"tram", "enter", "slash", "ctrl+u", *"harbour", "enter", "slash")
        await pilot.press("up")
        assert line.value == "tram"
        await pilot.press("down")
        assert line.value == "harbour"


async def test_names_of_tasks_and_targets_are_suggested(studio: Studio) -> None:
    studio.new_run()
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        line = run_screen(app).jobs.line
        await pilot.press("slash")
        await until(lambda: bool(line.completions.tasks))
        await pilot.press(*"task:tr", "tab")
        await until(lambda: line.value == "task:tram-in-the-rain")
        await until(lambda: run_screen(app).table.row_count == 2)
        await pilot.press(*" target:flux-2", "tab")
        await until(lambda: line.value == f"task:tram-in-the-rain target:{BFL}")
        await until(lambda: run_screen(app).table.row_count == 1)


async def test_prompts_are_searched(studio: Studio) -> None:
    studio.new_run()
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        await pilot.press("slash", *'prompt:"of tram in" -bfl', "enter")
        await until(lambda: run_screen(app).table.row_count == 1)
        assert "1 of 8" in title(app)


# --- order --------------------------------------------------------------------------------------


@presses("run.sort", "run.reverse")
async def test_sorting_goes_through_the_orders_and_turns_round(studio: Studio) -> None:
    run_id = studio.new_run()
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        table, jobs = run_screen(app).table, studio.jobs(run_id)
        await pilot.press("r")
        await until(lambda: list(table.order.lines) == jobs[::-1])
        await pilot.press("r")
        await until(lambda: list(table.order.lines) == jobs)
        await pilot.press("s", "s")
        await until(lambda: table.view.sort == "task" and list(table.order.lines) != jobs)
        assert "by task ▴" in title(app)
        assert "task▴" in lines(app)[0]


@presses("run.sort-by", "dialog.down", "dialog.up", "dialog.choose", "dialog.back")
async def test_an_order_is_chosen_and_chosen_again_turned_round(studio: Studio) -> None:
    studio.new_run()
    app = cockpit(studio.workspace)
    async with running(app, (80, 24)) as pilot:
        await shown(app, pilot)
        table = run_screen(app).table
        await pilot.press("S")
        await until(lambda: isinstance(app.screen, AskScreen))
        await pilot.press("down", "down", "down", "up", "enter")
        await until(lambda: (table.view.sort, table.view.descending) == ("task", False))
        await pilot.press("S", "t")
        await until(lambda: table.view.descending)
        await pilot.press("S", "m")
        await until(lambda: (table.view.sort, table.view.descending) == ("cost", True))
        await pilot.press("S", "escape")
        assert table.view.sort == "cost"


# --- groups -------------------------------------------------------------------------------------


@presses("run.group", "jobs.fold", "jobs.fold-all", "jobs.outward", "jobs.inward")
async def test_groups_fold_and_the_cursor_stays_on_its_job(studio: Studio) -> None:
    run_id = studio.new_run()
    studio.move(studio.send(run_id, BFL, 1)[0], JobState.FAILED, UNAVAILABLE)
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        table = run_screen(app).table
        await pilot.press("j", "j", "j")
        chosen = table.job_id
        await pilot.press("b", "g")
        await until(lambda: table.row_count == 10)
        assert table.job_id == chosen
        assert "grouped by target" in title(app)
        assert any("▾ bfl/flux-2-pro" in line and "✗ 1" in line for line in lines(app))
        await pilot.press("left")
        await until(lambda: table.group == BFL)
        assert run_screen(app).job() is None
        await pilot.press("left")
        await until(lambda: table.row_count == 6)
        assert any("▸ bfl/flux-2-pro" in line for line in lines(app))
        await pilot.press("right", "right")
        await until(lambda: table.row_count == 10 and table.job_id is not None)
        await pilot.press("space")
        await until(lambda: table.row_count == 6 and table.group == BFL)
        await pilot.press("space", "z")
        await until(lambda: table.row_count == 2)
        await pilot.press("z")
        await until(lambda: table.row_count == 10 and table.group == BFL)
        await pilot.press("enter")
        await until(lambda: table.row_count == 6)
        assert not isinstance(app.screen, LookScreen)
        await pilot.press("b", "n")
        await until(lambda: table.row_count == 8 and table.view.by is None)


async def test_the_keys_of_groups_are_not_offered_without_groups(studio: Studio) -> None:
    studio.new_run()
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        table = run_screen(app).table
        assert not table.check_action("fold", ())
        await pilot.press("space", "z", "left")
        assert table.row_count == 8
        assert table.cursor == 0


async def test_a_heading_tells_what_its_group_holds_as_it_changes(studio: Studio) -> None:
    run_id = studio.new_run()
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        table = run_screen(app).table
        await pilot.press("b", "t", "home")
        await until(lambda: table.group == "market-at-sunrise")
        details = run_screen(app).selected.facts
        await until(lambda: "2 queued" in details.text)
        studio.move(studio.send(run_id, AZURE, 1)[0], JobState.DONE)
        await until(lambda: "✓ 1" in lines(app)[1])
        assert ".040" in lines(app)[1]


async def test_jobs_change_their_group_when_grouped_by_state(studio: Studio) -> None:
    run_id = studio.new_run()
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        table = run_screen(app).table
        await pilot.press("b", "s")
        await until(lambda: table.row_count == 9)
        chosen = table.job_id
        studio.move(studio.send(run_id, AZURE, 1)[0], JobState.REFUSED, MODERATED)
        await until(lambda: table.row_count == 10)
        assert "⊘ refused" in lines(app)[1]
        assert table.job_id == chosen


@presses("run.problem", "run.problem-back")
async def test_a_jump_unfolds_the_group_of_what_needs_a_person(studio: Studio) -> None:
    run_id = studio.new_run()
    first, second = studio.send(run_id, BFL, 2)
    studio.move(first, JobState.FAILED, UNAVAILABLE)
    studio.move(second, JobState.IN_DOUBT, BROKEN)
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        table = run_screen(app).table
        await pilot.press("b", "t")
        await until(lambda: table.view.by == "task" and table.row_count == 12)
        await pilot.press("z", "home")
        await until(lambda: table.row_count == 4)
        await pilot.press("n")
        await until(lambda: table.job_id == first)
        assert table.row_count == 6
        await pilot.press("n")
        await until(lambda: table.job_id == second)
        await pilot.press("N")
        await until(lambda: table.job_id == first)
        await pilot.press("N")
        await until(lambda: table.job_id == second)


@presses("run.follow")
async def test_following_goes_to_what_is_done_and_unfolds_nothing(studio: Studio) -> None:
    run_id = studio.new_run()
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        table = run_screen(app).table
        await pilot.press("f")
        assert "following" in title(app)
        first, second = studio.send(run_id, BFL, 2)
        studio.move(first, JobState.DONE)
        await until(lambda: table.job_id == first)
        await pilot.press("b", "g", "z")
        await until(lambda: table.row_count == 2)
        studio.move(second, JobState.DONE)
        await until(lambda: app.live.shown is not None and app.live.shown.counts.get(JobState.DONE) == 2)
        assert table.row_count == 2
        await pilot.press("f")
        assert "following" not in title(app)


async def test_stepping_through_the_large_picture_passes_headings(studio: Studio) -> None:
    studio.new_run()
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        table = run_screen(app).table
        await pilot.press("b", "t")
        await until(lambda: table.row_count == 12)
        first = table.job_id
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, LookScreen))
        seen = [first]
        for _ in range(2):
            await pilot.press("right")
            seen.append(table.job_id)
        assert None not in seen
        assert len(set(seen)) == 3


async def test_a_hundred_thousand_jobs_fold_at_once(studio: Studio) -> None:
    run_id = studio.new_run(cells(["tram"]))
    studio.multiply(run_id, 100_000)
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        table = run_screen(app).table
        await pilot.press("b", "g")
        await until(lambda: table.view.by == "target" and table.order.grouping is not None)
        jobs = table.order.job_count
        assert table.row_count == jobs + 2
        await pilot.press("z")
        await until(lambda: table.row_count == 2)
        await pilot.press("z", "b", "t")
        await until(lambda: table.view.by == "task" and table.row_count > jobs + 1000)
        await pilot.press("z")
        await until(lambda: all(line < 0 for line in table.order.lines))
        assert table.order.job_count == jobs


# --- columns ------------------------------------------------------------------------------------


async def test_a_change_that_is_told_while_further_columns_are_read_is_not_undone(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = studio.new_run()
    app = cockpit(studio.workspace)
    asked, go_on, extras = asyncio.Event(), asyncio.Event(), app.feed.extras

    async def slowly(ids: tuple[int, ...]) -> dict[int, JobExtras]:
        asked.set()
        await go_on.wait()
        return await extras(ids)

    async with running(app) as pilot:
        await shown(app, pilot)
        screen = run_screen(app)
        monkeypatch.setattr(app.feed, "extras", slowly)
        screen.jobs.choose_columns(("state", "task", "seed"))
        await asked.wait()
        (job,) = studio.send(run_id, AZURE, 1)
        await until(lambda: app.live.shown is not None and app.live.shown.counts.get(JobState.SENDING))
        await pilot.pause()
        go_on.set()
        await until(lambda: screen.table.pages.more(job))
        row = screen.table.row(job)
        assert row is not None
        assert row.state is JobState.SENDING


@presses("run.columns", "columns.tick", "columns.down", "columns.up", "columns.keep")
async def test_columns_are_ticked_ordered_and_remembered(studio: Studio) -> None:
    studio.new_run(cells(["tram"]))
    app = cockpit(studio.workspace)
    async with running(app, (160, 40)) as pilot:
        await shown(app, pilot)
        await pilot.press("C")
        await until(lambda: isinstance(app.screen, ColumnsScreen))
        columns = app.screen
        assert isinstance(columns, ColumnsScreen)
        while columns.table.names[columns.table.cursor] != "note":
            await pilot.press("j")
        await pilot.press("space")
        while columns.table.names[columns.table.cursor] != "seed":
            await pilot.press("j")
        await pilot.press("space", "K", "K", "K", "K", "J", "enter")
        await until(lambda: "seed" in lines(app)[0])
        chosen = run_screen(app).jobs.columns
        assert chosen == ("state", "task", "target", "time", "seed", "cost")
        await until(lambda: any(" 7 " in line for line in lines(app)))
        file = app.preference_file
        await until(lambda: file.read()[0].columns.get("jobs") == chosen)
    again = cockpit(studio.workspace)
    async with running(again, (160, 40)) as pilot:
        await shown(again, pilot)
        assert run_screen(again).jobs.columns == chosen


@presses("columns.usual")
async def test_the_usual_columns_come_back(studio: Studio, tmp_path: Path) -> None:
    studio.new_run()
    app = cockpit(studio.workspace)
    PreferenceFile(app.preference_file.path).write(columns={"jobs": ("prompt", "task", "nonsense")})
    async with running(app) as pilot:
        await shown(app, pilot)
        assert run_screen(app).jobs.columns == ("prompt", "task")
        await until(lambda: any("A picture of" in line for line in lines(app)))
        await pilot.press("C")
        await until(lambda: isinstance(app.screen, ColumnsScreen))
        await pilot.press("d", "enter")
        await until(lambda: "state" in lines(app)[0] and "prompt" not in lines(app)[0])
        await pilot.press("C", "escape")
        assert "state" in lines(app)[0]


# --- the selected job ---------------------------------------------------------------------------


@presses("run.copy", "run.prompt")
async def test_error_and_prompt_are_copied(studio: Studio) -> None:
    run_id = studio.new_run()
    studio.move(studio.send(run_id, AZURE, 1)[0], JobState.REFUSED, MODERATED)
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        await pilot.press("c")
        assert "Azure Flux refused" in app.clipboard
        assert "req-1234" in app.clipboard
        await pilot.press("y")
        assert app.clipboard == "A picture of market at sunrise"


@presses("look.copy", "look.prompt", "look.facts", "look.next", "look.previous", "look.close", "run.open")
async def test_the_large_picture_has_its_keys(studio: Studio) -> None:
    run_id = studio.new_run()
    studio.move(studio.send(run_id, AZURE, 1)[0], JobState.REFUSED, MODERATED)
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, LookScreen))
        look = app.screen
        await pilot.press("c")
        assert "refused" in app.clipboard
        await pilot.press("y")
        assert app.clipboard == "A picture of market at sunrise"
        await pilot.press("i")
        assert look.has_class("-facts-off")
        await pilot.press("right", "right", "left")
        await pilot.press("escape")
        await until(lambda: app.screen is not look)
        assert run_screen(app).table.cursor == 1


# --- windows and texts --------------------------------------------------------------------------


async def test_the_window_may_change_at_any_moment(studio: Studio) -> None:
    run_id = studio.new_run(cells([f"task-{n}" for n in range(30)]))
    studio.move(studio.send(run_id, AZURE, 1)[0], JobState.REFUSED, MODERATED)
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        table = run_screen(app).table
        await pilot.press("b", "t", "L", "slash", *"task", "enter")
        await until(lambda: table.view.by == "task" and not table.view.job_filter.empty)
        await until(lambda: table.row_count == 90)
        await pilot.press("end")
        for size in ((200, 60), (80, 24), (60, 16), (40, 10), (61, 17), (160, 20), (110, 34), (120, 40)):
            await pilot.resize_terminal(*size)
            await until(partial(lambda wanted: app.size == wanted, size))
            await pilot.press("k", "w", "escape", "C", "escape")
            if run_screen(app).query_one("#body").display:
                assert table.cursor in table.in_view or not table.in_view
        await until(lambda: "task" in "".join(lines(app)))


async def test_a_long_prompt_of_any_script_is_shown_whole_and_safe(studio: Studio) -> None:
    words = "雨の東京 مدينة 👩\u200d👩\u200d👧 ☀\ufe0f [b]bold[/b] [/nothing] \\[ $primary \u202eltr "
    prompt = (words * 100)[:4000]
    made = cells(["tram"])
    studio.new_run([replace(cell, request=replace(cell.request, prompt=prompt)) for cell in made])
    app = cockpit(studio.workspace)
    PreferenceFile(app.preference_file.path).write(columns={"jobs": ("state", "prompt", "task")})
    async with running(app, (200, 60)) as pilot:
        await shown(app, pilot)
        await until(lambda: "[b]bold[/b]" in lines(app)[1])
        facts = run_screen(app).selected.facts.text
        assert facts.count("[/nothing] \\[ $primary ltr") > 50
        assert not {"\u200d", "\ufe0f", "\u202e", "\x1b"} & set(facts)
        await pilot.press("y")
        assert app.clipboard == prompt
