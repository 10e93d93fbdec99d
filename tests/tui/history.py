"""The History screen as tests look at it."""

from dataclasses import replace

from textual.pilot import Pilot
from textual.widgets import Static

from fluxtui.domain.jobs import JobState, RunState
from fluxtui.domain.request import Cell
from fluxtui.tui.app import Cockpit
from fluxtui.tui.screens.history.screen import HistoryScreen
from tests.conditions import until
from tests.tui.harness import AZURE, BFL, TASKS, Studio, cells


def screen_of(app: Cockpit) -> HistoryScreen:
    screen = app.screen
    assert isinstance(screen, HistoryScreen)
    return screen


def listed(app: Cockpit) -> list[int]:
    """Return the runs in the table, in order."""
    return list(screen_of(app).table.ids)


def said(app: Cockpit, part: str = "#facts") -> str:
    return str(app.screen.query_one(part, Static).content)


def toasted(app: Cockpit, words: str) -> bool:
    """Return whether a toast holds these words."""
    return any(words in toast.message for toast in app._notifications)  # noqa: SLF001 - toasts have no public door


def title(app: Cockpit) -> str:
    return str(app.screen.query_one("#runs-pane").border_title)


async def opened(app: Cockpit, pilot: Pilot[int], runs: int) -> None:
    """Show the History screen and wait until it lists so many runs, and tells of the first."""
    await until(lambda: app.live.history_read)
    await pilot.press("f7")
    await until(lambda: isinstance(app.screen, HistoryScreen) and app.screen.standing)
    await until(lambda: len(listed(app)) == runs and (not runs or screen_of(app).facts is not None))
    await pilot.pause()


def finished(studio: Studio, *, batch: str = "city", chosen: list[Cell] | None = None, **options: bool) -> int:
    """Record a run of two pictures that is done."""
    run_id = studio.new_run(cells(TASKS[:1]) if chosen is None else chosen, batch=batch, **options)
    for target in (AZURE, BFL):
        for job_id in studio.send(run_id, target, 9):
            studio.move(job_id, JobState.DONE)
    studio.set_state(run_id, RunState.FINISHED)
    return run_id


def prompted(*prompts: str) -> list[Cell]:
    made = cells([f"task-{n}" for n in range(len(prompts))], (BFL,))
    return [replace(c, request=replace(c.request, prompt=p)) for c, p in zip(made, prompts, strict=True)]
