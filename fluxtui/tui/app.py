"""The cockpit: composition root of the screens. What it imports is what the first paint pays for."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.content import Content
from textual.signal import Signal

from fluxtui.domain.batch import Batch
from fluxtui.domain.problems import FluxtuiError
from fluxtui.domain.values import JsonValue
from fluxtui.history.database import HistoryError, database_path
from fluxtui.tui import keymap, store
from fluxtui.tui.commands import CockpitCommands
from fluxtui.tui.doors.door import EngineDoor
from fluxtui.tui.foundation import Foundation
from fluxtui.tui.leaving import may_leave, opened
from fluxtui.tui.live import Live
from fluxtui.tui.preferences import PreferenceFile, default_path
from fluxtui.tui.previews.door import Pictures
from fluxtui.tui.previews.probe import Mode, Terminal
from fluxtui.tui.screens.base import CockpitScreen
from fluxtui.tui.screens.dialogs.screen import LineScreen, existing_file
from fluxtui.tui.screens.modes import MODES
from fluxtui.tui.work import begin


class Cockpit(Foundation):
    """Screens over one workspace. It owns the feed, the pictures and the door to the engine."""

    CSS_PATH = "cockpit.tcss"
    TITLE = "fluxtui"
    BINDINGS = keymap.bindings(keymap.GLOBAL)
    COMMANDS: ClassVar[set[type[CockpitCommands]]] = {CockpitCommands}  # type: ignore[assignment]
    MODES: ClassVar = dict(MODES)
    HORIZONTAL_BREAKPOINTS = CockpitScreen.HORIZONTAL_BREAKPOINTS  # for dialogs, which hide in a window too small
    VERTICAL_BREAKPOINTS = CockpitScreen.VERTICAL_BREAKPOINTS
    ESCAPE_TO_MINIMIZE = False
    ENABLE_COMMAND_PALETTE = True

    def __init__(
        self,
        workspace: Path,
        engine: EngineDoor,
        *,
        batch: Path | None = None,
        start: bool = False,
        tour: bool = False,
        terminal: Terminal | None = None,
        theme: str | None = None,
        preferences: PreferenceFile | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(
            preferences or PreferenceFile(default_path()), theme, dark=terminal is None or terminal.dark is not False
        )
        self.workspace = workspace
        self.engine = engine
        self.clock = clock
        self.batch_path = batch
        self.start_wanted = start
        self.pictures = Pictures(terminal or Terminal(Mode.CELLS, "default"), self.write_raw)
        self.feed = store.Feed(database_path(workspace), self.post_message, engine.runs.runner_alive)
        self.news: Signal[store.News] = Signal(self, "news")
        self.live = Live(self.feed)
        self.next_workspace: Path | None = None
        self._noted = False
        self._leaving = False
        self._tour = tour

    @property
    def sandbox(self) -> bool:
        return self.engine.sandbox

    @property
    def pictures_on(self) -> bool:
        return self.pictures.mode is not Mode.OFF

    def on_mount(self) -> None:
        self.feed.start()
        beginning = "run" if self.feed.path.exists() else "welcome"
        self.switch_mode(beginning if self.batch_path is None else "batch")
        if self._tour and not self.start_wanted and not self.preferences.toured:
            self.call_after_refresh(self.action_show_tour)

    def on_unmount(self) -> None:
        self.feed.stop()
        self.pictures.close()
        self.engine.close()

    # --- news ------------------------------------------------------------------------------------

    @on(store.News)
    def _hear(self, news: store.News) -> None:
        self.live.hear(news)
        if isinstance(news, store.RunsChanged) and not self._noted:
            self._noted = True  # a folder is a workspace once it has a history
            note = partial(self.preference_file.note_workspace, self.workspace)
            begin(self, partial(self.keep, note), group="choices")
        self.news.publish(news)

    def open_run(self, run_id: int) -> None:
        """Show a run; from now on newer ones do not take its place."""
        self.live.open(run_id)
        self.switch_mode("run")

    # --- wishes for the engine -------------------------------------------------------------------

    async def steer(self, kind: str, run_id: int | None, payload: Mapping[str, JsonValue] | None = None) -> None:
        """Leave a wish for the runner; say so when that fails."""
        try:
            await self.engine.runs.control(kind, run_id, **dict(payload or {}))
        except FluxtuiError as error:
            lost = "Not recorded, nothing was done: " if isinstance(error, HistoryError) else ""
            self.tell_problem(replace(error.problem, what=f"{lost}{error.problem.what}"))

    def steer_soon(self, kind: str, run_id: int | None, payload: Mapping[str, JsonValue]) -> None:
        """As `steer`, from code that cannot wait."""
        begin(self, partial(self.steer, kind, run_id, payload), group="steer")

    async def resume(self, run_id: int) -> None:
        """Go on with a run, starting a runner if none is there."""
        try:
            await self.engine.runs.resume(run_id)
        except FluxtuiError as error:
            self.tell_problem(error.problem)

    # --- keys ------------------------------------------------------------------------------------

    async def action_go(self, mode: str) -> None:
        while len(self.screen_stack) > 1:  # dialogs, and the large picture
            await self.pop_screen()
        await self.switch_mode(mode)

    def action_show_help(self) -> None:
        from fluxtui.tui.screens.help.screen import help_screen

        self.push_screen(help_screen(self.screen, self))

    def action_show_keys(self) -> None:
        from fluxtui.tui.screens.help.screen import KeysScreen

        self.push_screen(KeysScreen(self.screen, self))

    def action_show_tour(self) -> None:
        from fluxtui.tui.screens.help.tour import go_on

        go_on(self, self.current_mode)

    def action_open_file(self) -> None:
        def opened(path: str | None) -> None:
            if path is not None:
                self.open_batch(Path(path).expanduser())

        body = Content("YAML, JSON, TOML, CSV, JSON Lines or plain text with one prompt a line.")
        self.push_screen(LineScreen("Open a batch", body, placeholder="path", check=existing_file), opened)

    def enter_sandbox(self) -> None:
        """From now on nothing here reaches a real service."""
        if not self.sandbox:
            self.engine.close()
            self.engine = self.engine.simulated()

    def open_batch(self, path: Path, *, start: bool = False) -> None:
        """Show a batch file on the Batch screen; with `start` it begins, after the question where it costs money."""
        self.batch_path, self.start_wanted = path, start
        from fluxtui.tui.screens.batch.screen import BatchScreen

        self.switch_mode("batch")
        if isinstance(self.screen, BatchScreen):
            self.screen.load(path)

    def open_copy(self, batch: Batch, name: str) -> None:
        """Show a batch that is in no file yet on the Batch screen, as the one that `name` would hold."""
        self.batch_path, self.start_wanted = None, False
        begin(self, partial(self._open_copy, batch, name), group="copy")

    async def _open_copy(self, batch: Batch, name: str) -> None:
        from fluxtui.tui.screens.batch.screen import BatchScreen

        await self.switch_mode("batch")
        if isinstance(self.screen, BatchScreen):
            self.screen.take(batch, name)

    def opened(self) -> list[CockpitScreen]:
        """Return the screens that were shown so far, in every mode."""
        return opened(list(self._screen_stacks.values()))

    def action_leave(self) -> None:
        self._leave(None)

    def open_workspace(self, folder: Path) -> None:
        """Leave for another workspace. Work under way here goes on without the screen."""
        self._leave(folder)

    def _leave(self, to: Path | None) -> None:
        if self._leaving:  # asked twice is an answer
            self.exit(0)
        else:
            self._leaving = True
            begin(self, partial(self._ask_and_leave, to), group="leave")

    async def _ask_and_leave(self, to: Path | None) -> None:
        try:
            if await may_leave(self, work=to is None):
                self.next_workspace = to
                self.exit(0)
        finally:
            self._leaving = False
