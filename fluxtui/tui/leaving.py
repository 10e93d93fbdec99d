"""Leaving the cockpit: what is not saved is asked about first, then what becomes of work under way."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.content import Content

from fluxtui.domain.jobs import ACTIVE, JobState
from fluxtui.history.records import RunRow
from fluxtui.tui import faces
from fluxtui.tui.screens.base import CockpitScreen
from fluxtui.tui.screens.dialogs.screen import AskScreen, Choice

if TYPE_CHECKING:
    from fluxtui.tui.app import Cockpit


async def may_leave(app: "Cockpit", *, work: bool = True) -> bool:
    """Ask what has to be asked before the cockpit is left; False when the person stays."""
    for screen in app.opened():
        if not await screen.may_leave():
            return False
    runs = under_way(app)
    if not work or not runs:
        return True
    answer = await app.push_screen_wait(leaving_question(runs))
    if answer == "pause":
        for run in runs:
            await app.steer("pause_run", run.id)
    return answer in ("leave", "pause")


def opened(stacks: Sequence[Sequence[object]]) -> list[CockpitScreen]:
    """Return the cockpit's screens among all that are open, in every mode."""
    return [screen for stack in stacks for screen in stack if isinstance(screen, CockpitScreen)]


def under_way(app: "Cockpit") -> list[RunRow]:
    """Return the runs that a runner works on."""
    if not app.live.runner_alive:
        return []
    known = {run.id: run for run in (*app.live.tabs, *filter(None, [app.live.shown]))}
    return [run for run in known.values() if run.state in faces.LIVE_RUNS]


def leaving_question(runs: Sequence[RunRow]) -> AskScreen:
    """Return the question asked when work is under way."""
    states = (*ACTIVE, JobState.QUEUED)
    left = sum(run.counts.get(state, 0) for run in runs for state in states)
    jobs = "1 job is" if left == 1 else f"{left:,} jobs are"
    one = len(runs) == 1
    body = Content(
        f"{jobs} still to be finished. The runner goes on without this screen; any later fluxtui shows the same"
        f" run{'' if one else 's'}."
    )
    which = "the run" if one else f"all {len(runs)}"
    choices = (
        Choice("l", "leave", "leave; the work goes on", ""),
        Choice("p", "pause", f"pause {which} and leave", "what was sent is still collected"),
        Choice("s", "stay", "stay", ""),
    )
    title = f"Run {runs[0].id} is under way" if one else f"{len(runs)} runs are under way"
    return AskScreen(title, body, choices, id="leaving")
