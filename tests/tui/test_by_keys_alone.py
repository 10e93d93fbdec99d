"""The way from nothing to a finished run, by keys alone, on the real engine in the sandbox."""

from pathlib import Path

from textual.events import Paste
from textual.pilot import Pilot

from fluxtui.domain.batch import Axis
from fluxtui.domain.jobs import JobState, RunState
from fluxtui.tui.app import Cockpit
from fluxtui.tui.doors.door import RealEngine
from fluxtui.tui.preferences import PreferenceFile
from fluxtui.tui.previews.probe import Mode, Terminal
from fluxtui.tui.screens.batch.column_screen import ColumnScreen
from fluxtui.tui.screens.batch.frame_screen import FrameScreen
from fluxtui.tui.screens.batch.replace_screen import ReplaceScreen
from fluxtui.tui.screens.batch.screen import BatchScreen
from fluxtui.tui.screens.dialogs.screen import AskScreen
from fluxtui.tui.screens.run.screen import RunScreen
from tests.conditions import until
from tests.tui.harness import run_screen, running
from tests.tui.keys import presses

QUICK = "[sandbox:slow=0.5]"
"""Has the sandbox draw a picture in half a second: time enough to steer, and none to wait for."""
PROMPTS = "".join(f"A photograph of lighthouse number {number}, at dusk {QUICK}\n" for number in range(1, 201))


def sandboxed(workspace: Path) -> Cockpit:
    """Return the cockpit as a person has it, on made-up services."""
    app = Cockpit(
        workspace,
        RealEngine(workspace, sandbox=True),
        terminal=Terminal(Mode.CELLS, "a test"),
        preferences=PreferenceFile(workspace.parent / "cockpit.toml"),
    )
    app.animation_level = "none"
    return app


def batch_screen(app: Cockpit) -> BatchScreen:
    assert isinstance(app.screen, BatchScreen)
    return app.screen


def priced(app: Cockpit) -> int:
    """Return how many pictures the quote says, 0 while it is being worked out."""
    desk = batch_screen(app).desk
    return 0 if desk.live is None or desk.pricing else desk.live.quote.pictures


async def make_a_batch(app: Cockpit, pilot: Pilot[int]) -> None:
    """Begin a new batch and paste 200 prompts into it."""
    await pilot.press("f2")
    await until(lambda: isinstance(app.screen, BatchScreen) and app.screen.query("#beginnings:focus"))
    await pilot.press("enter")
    await until(lambda: batch_screen(app).desk.document is not None and batch_screen(app).tasks.has_focus)
    app.post_message(Paste(PROMPTS))
    await until(lambda: isinstance(app.screen, AskScreen) and app.screen.query(".card"))
    await pilot.press("a")
    await until(lambda: isinstance(app.screen, BatchScreen) and len(app.screen.desk.batch.tasks) == 200)


async def edit_it(app: Cockpit, pilot: Pilot[int]) -> None:
    """Change what many rows say: a new column, the same for all; a pattern replaced; two rows taken out and back."""
    desk = batch_screen(app).desk
    await pilot.press("plus")
    await until(lambda: isinstance(app.screen, ColumnScreen) and app.screen.query("Input:focus"))
    await pilot.press(*"size", "enter")
    await until(lambda: desk.key == "size")
    await pilot.press("A", "enter")
    await until(lambda: batch_screen(app).pane.cell.open)
    await pilot.press(*"512x512", "enter")
    await until(lambda: all(task.parameters.get("size") == "512x512" for task in desk.batch.tasks))
    await pilot.press("escape", "home", "right", "R")
    await until(lambda: isinstance(app.screen, ReplaceScreen) and app.screen.query("#find:focus"))
    screen = app.screen
    assert isinstance(screen, ReplaceScreen)
    await pilot.press(*"number")
    await pilot.press("tab")
    await until(lambda: screen.put.has_focus)
    await pilot.press(*"no.")
    await until(lambda: screen.preview is not None and len(screen.preview.possible) == 200)
    await pilot.press("enter")
    await until(lambda: isinstance(app.screen, BatchScreen))
    assert desk.batch.tasks[0].prompt == f"A photograph of lighthouse no. 1, at dusk {QUICK}"
    await pilot.press("G", "shift+up", "x")
    assert len(desk.batch.tasks) == 198
    await pilot.press("ctrl+z")
    assert len(desk.batch.tasks) == 200


async def sweep_a_seed(app: Cockpit, pilot: Pilot[int]) -> None:
    """Have every task drawn with one seed, by an axis."""
    desk = batch_screen(app).desk
    await pilot.press("a")
    await until(lambda: isinstance(app.screen, FrameScreen) and app.screen.query("Input:focus"))
    await pilot.press(*"seed", "tab", *"7..7", "enter")
    await until(lambda: isinstance(app.screen, BatchScreen) and desk.batch.axes == (Axis("seed", (7,)),))


async def choose_who_draws(app: Cockpit, pilot: Pilot[int]) -> None:
    """Leave one target; the price follows."""
    screen = batch_screen(app)
    await until(lambda: priced(app) == 200 * len(screen.desk.targets))
    assert len(screen.desk.targets) > 1
    while app.focused is None or app.focused.id != "targets":
        await pilot.press("tab")
    await pilot.press("A", "A", "g", "down", "space")
    await until(lambda: len(screen.desk.targets) == 1 and priced(app) == 200)


async def start_it(app: Cockpit, pilot: Pilot[int]) -> None:
    """Start; the question says what the quote said."""
    await pilot.press("s")
    await until(lambda: isinstance(app.screen, AskScreen) and app.screen.query(".card"))
    await pilot.press("y")
    await until(lambda: isinstance(app.screen, RunScreen) and app.live.shown is not None)
    assert app.live.shown is not None
    assert app.live.shown.jobs == 200


def counted(app: Cockpit, state: JobState) -> int:
    return 0 if app.live.shown is None else app.live.shown.counts.get(state, 0)


def is_(app: Cockpit, state: RunState) -> bool:
    return app.live.shown is not None and app.live.shown.state is state


async def asked(app: Cockpit, pilot: Pilot[int], key: str, answer: str) -> None:
    """Press a key that asks, and answer."""
    await pilot.press(key)
    await until(lambda: isinstance(app.screen, AskScreen) and app.screen.query(".card"))
    await pilot.press(answer)
    await until(lambda: isinstance(app.screen, RunScreen))


async def steer_it(app: Cockpit, pilot: Pilot[int]) -> None:
    """Pause; go on with the last one first; take back what was not sent, and send it after all."""
    await until(lambda: counted(app, JobState.DONE) > 0 and run_screen(app).job() is not None)
    await asked(app, pilot, "p", "p")
    await until(lambda: is_(app, RunState.PAUSED))
    await pilot.press("G")
    await until(lambda: (job := run_screen(app).job()) is not None and job.state is JobState.QUEUED)
    last = run_screen(app).table.job_id
    await pilot.press("greater_than_sign", "p", "plus")
    await until(lambda: is_(app, RunState.RUNNING))
    await until(lambda: (job := run_screen(app).job()) is not None and job.state is not JobState.QUEUED)
    assert run_screen(app).table.job_id == last
    assert counted(app, JobState.QUEUED) > 0, "it went before others"
    await asked(app, pilot, "x", "u")
    await until(lambda: counted(app, JobState.QUEUED) == 0 and counted(app, JobState.CANCELLED) > 0)
    await asked(app, pilot, "R", "c")
    await until(lambda: counted(app, JobState.CANCELLED) == 0)


@presses("app.batch", "nothing.choose", "batch.axes", "batch.start", "targets.all", "targets.toggle", "run.pause")
@presses("run.sooner", "run.more", "run.cancel", "run.retry", "rows.last")
async def test_a_batch_of_200_tasks_is_made_edited_priced_steered_and_finished(workspace: Path) -> None:
    app = sandboxed(workspace)
    async with running(app) as pilot:
        await make_a_batch(app, pilot)
        await edit_it(app, pilot)
        await sweep_a_seed(app, pilot)
        await choose_who_draws(app, pilot)
        await start_it(app, pilot)
        await steer_it(app, pilot)
        await until(lambda: app.live.shown is not None and app.live.shown.state is RunState.FINISHED, within=120)
        assert app.live.shown is not None
        assert app.live.shown.counts == {JobState.DONE: 200}
