"""What goes wrong around the cockpit has a face: the history, the disk, the runner, the window."""

import asyncio
import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from textual.events import Resize
from textual.geometry import Size
from textual.screen import Screen
from textual.widgets import Static

from fluxtui.domain.jobs import JobState
from fluxtui.domain.problems import Problem, ProblemKind
from fluxtui.history import queries
from fluxtui.history.database import HistoryError, database_path
from fluxtui.tui.app import Cockpit
from fluxtui.tui.doors.door import RealEngine
from fluxtui.tui.preferences import PreferenceFile
from fluxtui.tui.screens.dialogs.screen import AskScreen, LineScreen, PaperScreen
from fluxtui.tui.screens.help.screen import KeysScreen
from fluxtui.tui.screens.modes import MODES
from fluxtui.tui.screens.run.look import LookScreen
from fluxtui.tui.screens.run.screen import RunScreen
from fluxtui.tui.widgets.chrome import Footer
from tests.conditions import until
from tests.tui.harness import AZURE, FakeEngine, Studio, cockpit, run_screen, running, shown


def face(app: Cockpit) -> str:
    """Return what the screen says of trouble; empty when it shows none."""
    found = app.screen.query("#trouble")
    return str(found.first(Static).content) if found and found.first().display else ""


def toasts(app: Cockpit) -> str:
    return "\n".join(note.message for note in app._notifications)  # noqa: SLF001 - toasts have no public door


def no_database(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"this is a letter to my aunt\n" * 100)


def of_a_newer_version(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE meta (name, value)")
        connection.execute("PRAGMA user_version = 999")


def a_folder(path: Path) -> None:
    path.mkdir(parents=True)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize(
    ("make", "words"),
    [(no_database, "not a fluxtui database"), (of_a_newer_version, "newer fluxtui"), (a_folder, "cannot be opened")],
)
async def test_a_history_that_cannot_be_read_fills_the_screen_with_why(
    workspace: Path, make: Callable[[Path], None], words: str, size: tuple[int, int]
) -> None:
    make(database_path(workspace))
    app = cockpit(workspace, FakeEngine.made(alive=False))
    async with running(app, size) as pilot:
        await until(lambda: words in face(app))
        assert len(face(app).splitlines()) == 3, "what happened, the likely cause, what to do"
        assert app.screen.has_class("-broken")
        assert not app.screen.query_one("#body").display
        assert isinstance(app.screen, RunScreen)
        told = str(app.screen.query_one(Footer).text())
        assert "help" in told
        assert "filter" not in told, "there is nothing to filter"
        await pilot.press("f7")
        await until(lambda: words in face(app) and app.screen.has_class("-broken"))
        await until(lambda: "search" not in str(app.screen.query_one(Footer).text()))
        await pilot.press("f2")
        await until(lambda: words in face(app) and app.screen.query_one("#body").display)
        await pilot.press("ctrl+q")
        await until(lambda: app.return_code == 0)


async def test_a_workspace_that_vanishes_is_told_and_one_that_comes_back_is_read(studio: Studio) -> None:
    studio.new_run()
    away = studio.workspace.with_name("away")
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        studio.workspace.rename(away)
        await until(lambda: "is gone" in face(app))
        assert run_screen(app).table.row_count == 8, "what was read stays"
        away.rename(studio.workspace)
        await until(lambda: not face(app))
        assert run_screen(app).table.row_count == 8


async def test_another_history_in_the_same_place_is_shown_instead(studio: Studio, tmp_path: Path) -> None:
    studio.new_run()
    other = Studio(tmp_path / "other")
    other.new_run(batch="elsewhere")
    other.close()
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        shutil.rmtree(studio.workspace)
        await until(lambda: "is gone" in face(app))
        shutil.copytree(tmp_path / "other", studio.workspace)
        await until(lambda: not face(app))
        await until(lambda: app.live.shown is not None and app.live.shown.batch == "elsewhere")


async def test_a_wish_for_a_workspace_that_is_gone_is_said_to_be_lost(studio: Studio) -> None:
    run_id = studio.new_run()
    engine = RealEngine(studio.workspace, sandbox=True)
    app = Cockpit(studio.workspace, engine, preferences=PreferenceFile(studio.workspace.parent / "me.toml"))
    app.animation_level = "none"
    async with running(app) as pilot:
        await shown(app, pilot)
        studio.close()
        shutil.rmtree(studio.workspace)
        await app.steer("pause_run", run_id)
        await until(lambda: "Not recorded, nothing was done" in toasts(app))
        assert not studio.workspace.exists(), "and no empty history is made in its place"


async def test_a_wish_that_cannot_be_written_is_said_to_be_lost(studio: Studio) -> None:
    run_id = studio.new_run()
    full = Problem(ProblemKind.DISK, "The disk is full.", "", "Free some space.")

    class Full(FakeEngine):
        async def refuse(self, *_: object, **__: object) -> None:
            raise HistoryError(full)

    engine = Full()
    app = cockpit(studio.workspace, engine)
    async with running(app) as pilot:
        await shown(app, pilot)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(engine.runs, "control", engine.refuse)
            await app.steer("pause_run", run_id)
        await until(lambda: "Not recorded, nothing was done: The disk is full." in toasts(app))


async def test_a_locked_history_is_told_and_read_once_it_is_free(studio: Studio) -> None:
    studio.new_run()
    studio.close()
    app = cockpit(studio.workspace)
    with closing(sqlite3.connect(database_path(studio.workspace), isolation_level=None)) as greedy:
        greedy.execute("PRAGMA locking_mode = EXCLUSIVE")
        greedy.execute("BEGIN EXCLUSIVE")
        async with running(app) as pilot:
            await until(lambda: "locked by another process" in face(app))
            greedy.close()
            await shown(app, pilot)
            await until(lambda: not face(app))


@pytest.mark.parametrize(
    ("free", "flags", "words"), [(1 << 20, 0, "nearly full: 1 MB"), (1 << 40, os.ST_RDONLY, "cannot be written")]
)
async def test_a_full_or_read_only_disk_is_told_for_as_long_as_it_is(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, free: int, flags: int, words: str
) -> None:
    studio.new_run()
    real = os.statvfs(studio.workspace)
    now = os.statvfs_result((*real[:4], free // real.f_frsize, *real[5:8], flags, *real[9:]))
    monkeypatch.setattr(os, "statvfs", lambda _: now)
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)
        await until(lambda: words in face(app))
        assert run_screen(app).query_one("#body").display
        monkeypatch.undo()
        await until(lambda: not face(app))


async def test_the_reader_outlives_what_nobody_expected(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = studio.new_run()
    app = cockpit(studio.workspace)
    async with running(app) as pilot:
        await shown(app, pilot)

        def broken(connection: sqlite3.Connection) -> int:
            raise RuntimeError("[/red] out of cheese")

        monkeypatch.setattr(queries, "data_version", broken)
        await until(lambda: "out of cheese" in face(app))
        monkeypatch.undo()
        await until(lambda: not face(app))
        studio.move(studio.send(run_id, AZURE, 1)[0], JobState.DONE)
        await until(lambda: app.live.shown is not None and app.live.shown.counts.get(JobState.DONE) == 1)
        assert await app.feed.ask(queries.latest_run) is not None


async def test_a_runner_that_dies_is_told_within_a_second_or_so(studio: Studio) -> None:
    studio.new_run()
    engine = FakeEngine()
    app = cockpit(studio.workspace, engine)
    async with running(app) as pilot:
        await shown(app, pilot)
        await until(lambda: app.live.runner_alive)
        engine.runs.alive = False
        await until(lambda: not app.live.runner_alive, within=1.5)
        await pilot.pause()
        head = "".join(strip.text for strip in run_screen(app).head.render_lines(run_screen(app).head.size.region))
        assert "waits for a runner: p starts one" in head
        await pilot.press("p")
        await until(lambda: engine.resumed == [1])


def at_ease(app: Cockpit) -> bool:
    """Whether the screen in front has taken the window's size."""
    return app.screen.size == app.size and app.screen.is_mounted


KEYS_TO: dict[str, tuple[str, type[Screen[None]] | type[Screen[str | None]] | None]] = {
    **dict.fromkeys(MODES, ("", None)),
    "help": ("f1", PaperScreen),
    "keys": ("question_mark", KeysScreen),
    "question": ("x", AskScreen),
    "line": ("ctrl+o", LineScreen),
    "picture": ("enter", LookScreen),
}


@pytest.mark.parametrize("place", KEYS_TO)
async def test_any_resize_at_any_moment(studio: Studio, place: str) -> None:
    """A hundred sizes in a row, each while the one before is being laid out; none breaks a screen."""
    run_id = studio.new_run()
    studio.move(studio.send(run_id, AZURE, 1)[0], JobState.DONE)
    sizes = random.Random(place)
    app = cockpit(studio.workspace, batch=Path("city.yaml"))
    async with running(app) as pilot:
        key, kind = KEYS_TO[place]
        await app.action_go(place if kind is None else "run")
        if kind is not None:
            await until(lambda: isinstance(app.screen, RunScreen))
            await shown(app, pilot)
            await pilot.press(key)
            await until(lambda: isinstance(app.screen, kind))
        for number in range(100):
            size = Size(sizes.randint(1, 240), sizes.randint(1, 70))
            app.post_message(Resize(size, size))
            await asyncio.sleep(0)
            if number % 10 == 0:
                await pilot.resize_terminal(*size)
        await pilot.resize_terminal(59, 15)
        await until(partial(at_ease, app))
        if kind is None or kind is LookScreen:
            await until(lambda: app.screen.query_one("#too-small").display)
        else:
            await until(lambda: not app.screen.query_one(".card").display)
            await until(lambda: app.screen_stack[-2].query_one("#too-small").display)
        await pilot.resize_terminal(120, 40)
        await until(partial(at_ease, app))
        assert app.is_running
        assert app._exception is None  # noqa: SLF001 - what would have ended it
