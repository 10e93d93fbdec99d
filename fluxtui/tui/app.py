"""The cockpit: composition root of the screens. What it imports is what the first paint pays for."""

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import App
from textual.binding import Binding
from textual.content import Content
from textual.dom import DOMNode
from textual.notifications import SeverityLevel
from textual.screen import ModalScreen, Screen
from textual.signal import Signal

from fluxtui.domain.problems import FluxtuiError, Problem
from fluxtui.domain.text import plain
from fluxtui.domain.values import JsonValue
from fluxtui.history.database import database_path
from fluxtui.history.records import LaneRow, RunRow, TargetRow
from fluxtui.tui import faces, keymap, store, themes
from fluxtui.tui.commands import CockpitCommands
from fluxtui.tui.engine_door import EngineDoor, RealEngine
from fluxtui.tui.previews.door import Pictures
from fluxtui.tui.help import help_text, keys_text, leaving_question
from fluxtui.tui.previews.probe import Mode, Terminal, probe
from fluxtui.tui.screens.batch.screen import BatchScreen
from fluxtui.tui.screens.dialogs.screen import AskScreen, LineScreen, PaperScreen, existing_file
from fluxtui.tui.screens.history.screen import HistoryScreen
from fluxtui.tui.screens.run.look import LookScreen
from fluxtui.tui.screens.run.screen import RunScreen
from fluxtui.tui.screens.welcome.screen import WelcomeScreen


class Cockpit(App[int]):
    """Screens over one workspace. It owns the feed, the pictures and the door to the engine."""

    CSS_PATH = "cockpit.tcss"
    TITLE = "fluxtui"
    BINDINGS = keymap.bindings(keymap.GLOBAL)
    COMMANDS: ClassVar[set[type[CockpitCommands]]] = {CockpitCommands}  # type: ignore[assignment]
    MODES: ClassVar[Mapping[str, type[Screen[None]]]] = {  # type: ignore[assignment]
        "run": RunScreen,
        "batch": BatchScreen,
        "history": HistoryScreen,
        "welcome": WelcomeScreen,
    }
    ESCAPE_TO_MINIMIZE = False
    ENABLE_COMMAND_PALETTE = True

    def __init__(
        self,
        workspace: Path,
        engine: EngineDoor,
        *,
        batch: Path | None = None,
        start: bool = False,
        terminal: Terminal | None = None,
        theme: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self.workspace = workspace
        self.engine = engine
        self.clock = clock
        self.batch_path = batch
        self.start_at_once = start and engine.sandbox
        self.pictures = Pictures(terminal or Terminal(Mode.CELLS, "default"), self._write_raw)
        self.feed = store.Feed(database_path(workspace), self.post_message, engine.runner_alive)
        self.news: Signal[store.News] = Signal(self, "news")
        self.shown: RunRow | None = None
        self.targets: tuple[TargetRow, ...] = ()
        self.lanes: tuple[LaneRow, ...] = ()
        self.runner_alive = False
        self.themes: tuple[str, ...] = ()
        self._wanted_theme = theme
        self._watched: int | None = None
        self._follow_latest = True
        self._clash_told = False

    @property
    def sandbox(self) -> bool:
        return self.engine.sandbox

    @property
    def pictures_on(self) -> bool:
        return self.pictures.mode is not Mode.OFF

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.FALLBACK.variables

    def on_load(self) -> None:
        self._load_themes()

    def on_mount(self) -> None:
        self.feed.start()
        if self.batch_path is not None or self.start_at_once:
            first = "batch"
        else:
            first = "run" if self.feed.path.exists() else "welcome"
        self.switch_mode(first)

    def on_unmount(self) -> None:
        self.feed.stop()
        self.pictures.close()
        self.engine.close()

    def _load_themes(self) -> None:
        try:
            found, problems = themes.load_themes(themes.themes_folder())
        except FluxtuiError as error:
            found, problems = [], [error.problem.what]
        for theme in found or [themes.FALLBACK]:
            self.register_theme(theme.textual())
        self.themes = tuple(theme.name for theme in found) or (themes.FALLBACK.name,)
        wanted = self._wanted_theme
        if wanted is None:
            wanted = themes.LIGHT if self.pictures.terminal.dark is False else themes.DARK
        elif wanted not in self.available_themes:
            problems.append(f"There is no theme named {wanted}; there are {', '.join(self.themes)}.")
        self.theme = wanted if wanted in self.available_themes else self.themes[0]
        if problems:
            self.call_after_refresh(self.tell, "\n".join(problems), severity="warning")

    # --- news ------------------------------------------------------------------------------------

    @on(store.News)
    def _hear(self, news: store.News) -> None:
        match news:
            case store.RunsChanged(latest=latest):
                if latest is not None and self._follow_latest and latest.id != self._watched:
                    self._watch(latest.id)
            case store.RunChanged(run=run, targets=targets) if run.id == self._watched:
                self.shown, self.targets = run, targets
            case store.LanesChanged(lanes=lanes):
                self.lanes = lanes
            case store.RunnerChanged(alive=alive):
                self.runner_alive = alive
            case store.FeedFailed(problem=problem):
                self.tell_problem(problem)
        self.news.publish(news)

    def _watch(self, run_id: int) -> None:
        self._watched = run_id
        self.feed.watch(run_id)

    def open_run(self, run_id: int) -> None:
        """Show a run; from now on newer ones do not take its place."""
        self._follow_latest = False
        self._watch(run_id)
        self.switch_mode("run")

    # --- wishes for the engine -------------------------------------------------------------------

    async def steer(self, kind: str, run_id: int | None, payload: Mapping[str, JsonValue] | None = None) -> None:
        """Leave a wish for the runner; say so when that fails."""
        try:
            await self.engine.control(kind, run_id, **dict(payload or {}))
        except FluxtuiError as error:
            self.tell_problem(error.problem)

    def steer_soon(self, kind: str, run_id: int | None, payload: Mapping[str, JsonValue]) -> None:
        """As `steer`, from code that cannot wait."""
        self.run_worker(self.steer(kind, run_id, payload), group="steer", exit_on_error=False)

    async def resume(self, run_id: int) -> None:
        """Go on with a run, starting a runner if none is there."""
        try:
            await self.engine.resume(run_id)
        except FluxtuiError as error:
            self.tell_problem(error.problem)

    # --- words -----------------------------------------------------------------------------------

    def tell(self, text: str, *, severity: SeverityLevel = "information") -> None:
        """Show a passing line. The text may come from outside: it is never markup."""
        self.notify(plain(text, limit=600), severity=severity, timeout=4.0, markup=False)

    def tell_problem(self, problem: Problem) -> None:
        lines = [line for line in (problem.what, problem.cause, problem.advice) if line]
        self.notify("\n".join(lines), severity="error", timeout=12.0, markup=False)

    # --- keys ------------------------------------------------------------------------------------

    async def action_go(self, mode: str) -> None:
        while isinstance(self.screen, ModalScreen | LookScreen):
            await self.pop_screen()
        await self.switch_mode(mode)

    def action_show_help(self) -> None:
        self.push_screen(PaperScreen("Help", help_text(self.screen, self.focused)))

    def action_show_keys(self) -> None:
        self.push_screen(PaperScreen("Keys", keys_text(self.screen, self)))

    def action_next_theme(self) -> None:
        names = self.themes
        here = names.index(self.theme) if self.theme in names else -1
        self.theme = names[(here + 1) % len(names)]

    def action_use_theme(self, name: str) -> None:
        self.theme = name

    def action_redraw(self) -> None:
        self.refresh(repaint=True, layout=True)

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
        """Show a batch file on the Batch screen; `start` only ever starts what costs nothing."""
        self.batch_path, self.start_at_once = path, start and self.sandbox
        self.switch_mode("batch")
        screen = self.screen
        if isinstance(screen, BatchScreen):
            screen.load(path)

    def action_leave(self) -> None:
        run = self.shown
        if not self.runner_alive or run is None or run.state not in faces.LIVE_RUNS:
            self.exit(0)
            return
        if isinstance(self.screen, AskScreen) and self.screen.id == "leaving":
            self.exit(0)  # asked twice, answered
            return
        self.push_screen(leaving_question(run), lambda answer: self._left(answer, run.id))

    def _left(self, answer: str | None, run_id: int) -> None:
        if answer == "leave":
            self.exit(0)
        elif answer == "pause":
            self.run_worker(self._pause_and_leave(run_id), group="steer", exit_on_error=False)

    async def _pause_and_leave(self, run_id: int) -> None:
        await self.steer("pause_run", run_id)
        self.exit(0)

    def handle_bindings_clash(self, clashed_bindings: set[Binding], node: DOMNode) -> None:
        """Say once that keys of the user's keymap collide."""
        if not self._clash_told:
            self._clash_told = True
            names = ", ".join(sorted(binding.id or binding.action for binding in clashed_bindings))
            self.tell(f"Some keys of your keymap collide: {names}.", severity="warning")

    def _write_raw(self, text: str) -> None:
        # Through the driver's queue, so that it lands between two frames and never inside one.
        if self._driver is not None:
            self._driver.write(text)


def run_cockpit(
    workspace: Path,
    *,
    batch: Path | None = None,
    sandbox: bool = False,
    start: bool = False,
    images: str = "auto",
    theme: str | None = None,
) -> int:
    """Open the cockpit on a workspace and return the exit code.

    `start` begins the batch at once, and only in the sandbox, where it costs nothing. `images` is
    one of `previews.probe.CHOICES`. Raises ValueError for any other.
    """
    terminal = probe(images, web=bool(os.environ.get("TEXTUAL_DRIVER")))
    if terminal.mode is Mode.SIXEL:
        from fluxtui.tui.previews import sixel

        sixel.prepare()
    engine = RealEngine(workspace, sandbox=sandbox)
    app = Cockpit(workspace, engine, batch=batch, start=start, terminal=terminal, theme=theme)
    code = app.run()
    return code if isinstance(code, int) else app.return_code or 0
