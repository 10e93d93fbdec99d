"""The History screen through its keys, over a real history: the list, search and order."""

import pytest

from fluxtui.domain.jobs import JobState, RunState
from fluxtui.tui.screens.history.screen import HistoryScreen
from tests.conditions import until
from tests.tui.harness import BFL, TASKS, UNAVAILABLE, Studio, cells, cockpit, running
from tests.tui.history import finished, listed, opened, prompted, said, screen_of, title
from tests.tui.keys import presses

# --- the list --------------------------------------------------------------------------------------


async def test_a_workspace_without_runs_says_what_to_do(studio: Studio) -> None:
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await until(lambda: app.live.history_read)
        await pilot.press("f7")
        await until(lambda: isinstance(app.screen, HistoryScreen) and app.screen.has_class("-nothing"))
        assert "No runs yet" in said(app, "#nothing")
        for key in ("enter", "r", "a", "f", "d", "x", "space", "slash", "escape", "u"):
            await pilot.press(key)  # nothing to act on is no error
        await pilot.press("escape")


@presses("history.open", "rows.down")
async def test_a_run_is_told_in_full_and_opens(studio: Studio) -> None:
    first = finished(studio, batch="first")
    second = studio.new_run(batch="second")
    (job,) = studio.send(second, BFL, 1)
    studio.move(job, JobState.FAILED, UNAVAILABLE)
    app = cockpit(studio.workspace)
    async with running(app, (200, 60)) as pilot:
        await opened(app, pilot, 2)
        assert "second  run 2" in said(app)
        assert "1 failed" in said(app)
        assert "The service answered 503" in said(app)
        await pilot.press("j")
        await until(lambda: "first  run 1" in said(app))
        for part in ("finished", "2/2 done", "$0.08 billed", "2 pictures, 2.5 MB", "city_20261118-120000", "p50"):
            assert part in said(app)
        await pilot.press("enter")
        await until(lambda: app.live.shown is not None and app.live.shown.id == first)
        assert app.current_mode == "run"


async def test_a_page_is_read_as_it_comes_into_view(studio: Studio) -> None:
    cell = cells(TASKS[:1], (BFL,))
    ids = [studio.new_run(cell, batch=f"batch-{n}") for n in range(150)]
    app = cockpit(studio.workspace)
    async with running(app, (80, 24)) as pilot:
        await opened(app, pilot, 150)
        table = screen_of(app).table
        assert len(table.page.rows) < 100
        await pilot.press("G")
        await until(lambda: table.run_id == ids[0] and table.row(ids[0]) is not None)
        assert listed(app) == ids[::-1]
        await pilot.press("g")
        await until(lambda: table.row(ids[-1]) is not None)


async def test_the_cursor_stays_on_its_run(studio: Studio) -> None:
    first, second = finished(studio), finished(studio)
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await opened(app, pilot, 2)
        await pilot.press("j")
        third = studio.new_run()
        await until(lambda: listed(app) == [third, second, first])
        assert screen_of(app).table.run_id == first


async def test_what_changes_elsewhere_shows_by_itself(studio: Studio) -> None:
    finished(studio)
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await opened(app, pilot, 1)
        table = screen_of(app).table
        new = studio.new_run(cells(TASKS[:1], (BFL,)), batch="new")
        await until(lambda: new in listed(app))
        studio.set_state(new, RunState.PAUSED)
        await until(lambda: (row := table.row(new)) and row.state is RunState.PAUSED)
        studio.sql("UPDATE runs SET deleting = 'records' WHERE id = ?", new)
        await until(lambda: new not in listed(app))


async def test_a_job_that_failed_again_is_told_of_though_the_counts_are_as_before(studio: Studio) -> None:
    run_id = studio.new_run()
    (job,) = studio.send(run_id, BFL, 1)
    studio.move(job, JobState.FAILED, UNAVAILABLE)
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await opened(app, pilot, 1)
        assert "The service answered 503" in said(app)
        # Between two looks at the history it was tried again and failed for another reason.
        studio.sql(
            "UPDATE jobs SET problem = replace(problem, ?, 'It broke'), revision ="
            " (SELECT value FROM meta WHERE name = 'revision') WHERE id = ?",
            UNAVAILABLE.what,
            job,
        )
        await until(lambda: "It broke" in said(app), within=5)


async def test_only_lines_that_look_different_are_drawn_again(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [studio.new_run(cells(TASKS[:1])) for _ in range(4)]
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await opened(app, pilot, 4)
        table = screen_of(app).table
        drawn: list[int] = []
        monkeypatch.setattr(table, "refresh_row", drawn.append)
        monkeypatch.setattr(table, "rows_changed", lambda: drawn.append(-1))
        studio.send(runs[1], BFL, 1)
        await until(lambda: drawn)
        assert drawn == [listed(app).index(runs[1])]


# --- search and order --------------------------------------------------------------------------------


@presses("history.filter", "history.back", "filter.complete")
async def test_prompts_are_searched_as_they_are_typed(studio: Studio) -> None:
    fox = studio.new_run(prompted("nothing", "a [bold]fox[/foo] at midnight, 森林の朝"), batch="animals")
    owl = studio.new_run(prompted("an owl at noon"), batch="birds")
    studio.set_state(owl, RunState.INTERRUPTED)
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await opened(app, pilot, 2)
        await pilot.press("slash", *"FOX night")
        await until(lambda: listed(app) == [fox])
        await until(lambda: "found in 1 prompt" in said(app))
        assert "a [bold]fox[/foo] at midnight" in said(app)
        assert title(app) == "runs 1 of 2"
        screen_of(app).pane.line.value = "森林"
        await until(lambda: listed(app) == [fox])
        screen_of(app).pane.line.value = 'nowhere "'
        await until(lambda: listed(app) == [])
        await until(lambda: "No run is like that" in said(app))
        screen_of(app).pane.line.value = ""
        await pilot.press(*"is:int")
        await pilot.press("tab")
        assert screen_of(app).pane.line.value == "is:interrupted"
        await until(lambda: listed(app) == [owl])
        screen_of(app).pane.line.value = "is:nonsense"
        await until(lambda: "There is no state “nonsense”" in said(app, "#filter-said"))
        await pilot.press(*" x", "escape")
        await until(lambda: listed(app) == [owl, fox])
        assert screen_of(app).pane.line.value == ""
        assert app.focused is screen_of(app).table


async def test_a_narrow_window_shows_the_prompt_below_the_table(studio: Studio) -> None:
    studio.new_run(prompted("a fox at midnight"))
    app = cockpit(studio.workspace)
    async with running(app, (80, 24)) as pilot:
        await opened(app, pilot, 1)
        await pilot.press("slash", *"night", "enter")
        await until(lambda: "a fox at midnight" in said(app, "#match"))
        assert app.screen.query_one("#match").display
        assert app.focused is screen_of(app).table


async def test_a_search_keeps_up_with_what_is_made_and_deleted(studio: Studio) -> None:
    first = studio.new_run(prompted("a fox"))
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await opened(app, pilot, 1)
        await pilot.press("slash", *"fox")
        await until(lambda: listed(app) == [first])
        second = studio.new_run(prompted("two foxes"))
        await until(lambda: listed(app) == [second, first])
        studio.sql("DELETE FROM runs WHERE id = ?", first)
        await until(lambda: listed(app) == [second])


@presses("history.sort", "history.sort-by")
async def test_the_list_is_sorted_and_turned_round(studio: Studio) -> None:
    small = studio.new_run(cells(TASKS[:1]), batch="zebra")
    large = studio.new_run(cells(TASKS), batch="apple")
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await opened(app, pilot, 2)
        await pilot.press("s")
        await until(lambda: "by batch ▴" in title(app) and listed(app) == [large, small])
        await pilot.press("S", "b")
        await until(lambda: "by batch ▾" in title(app) and listed(app) == [small, large])
        await pilot.press("S", "j")
        await until(lambda: "by jobs ▾" in title(app) and listed(app) == [large, small])
        await pilot.press("S", "escape")
        await pilot.press("s", "s", "s")
        await until(lambda: title(app) == "runs 2")
