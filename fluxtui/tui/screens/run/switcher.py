"""The dialog that finds a run among all of the workspace."""

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input

from fluxtui.domain.jobs import JobState
from fluxtui.domain.problems import FluxtuiError
from fluxtui.history import queries
from fluxtui.history.records import RunRow
from fluxtui.tui import faces, keymap
from fluxtui.tui.ink import Ink, Part, fit
from fluxtui.tui.store import NoHistoryYet
from fluxtui.tui.widgets.rows import Rows
from fluxtui.tui.work import begin

if TYPE_CHECKING:
    from fluxtui.tui.app import Cockpit

_MOST = 1000


def passes(run: RunRow, text: str) -> bool:
    """Return whether every word of `text` is in a run's number, batch, state, file or targets. Pure."""
    about = " ".join((str(run.id), run.batch, run.state.value, run.source or "", *run.targets)).casefold()
    return all(word in about for word in text.casefold().split())


class RunList(Rows, can_focus=False):
    """The runs that pass the filter, newest first."""

    GROUND = "surface"

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self._clock = clock
        self.runs: tuple[RunRow, ...] = ()

    @property
    def lit(self) -> bool:
        return True  # the arrows move it from the line above

    @property
    def row_count(self) -> int:
        return len(self.runs)

    @property
    def current(self) -> RunRow | None:
        return self.runs[self.cursor] if self.runs else None

    def show(self, runs: tuple[RunRow, ...], cursor: int = 0) -> None:
        self.runs = runs
        self.set_reactive(Rows.cursor, cursor)
        self.rows_changed()
        self.reveal()

    def nothing(self) -> str:
        return "No run is called that."

    def draw_row(self, index: int, width: int, ink: Ink) -> list[Part]:
        run = self.runs[index]
        quiet = ink("muted")
        done = f"{run.counts.get(JobState.DONE, 0):,}/{run.jobs:,}"
        name = max(8, width - 5 - 15 - 14 - 14)
        return [
            (fit(str(run.id), 4, right=True), quiet),
            ("  ", quiet),
            (fit(faces.one_line(run.batch, 200), name), ink("foreground")),
            (fit(f" {faces.RUN_GLYPHS[run.state]} {run.state.value}", 15), ink(faces.RUN_COLORS[run.state])),
            (fit(done, 13, right=True), ink("foreground")),
            (fit(faces.when(run.created_at, self._clock()), 14, right=True), quiet),
        ]


class RunSwitcher(ModalScreen[int | None]):
    """Type to find a run, Enter shows it. Its answer is the run's id."""

    CSS = """
    RunSwitcher { align: center middle; background: $background 60%; }
    RunSwitcher .card {
        width: 88; max-width: 96%; height: 24; max-height: 90%; padding: 1 2; background: $surface;
        border: round $primary; border-title-color: $foreground; border-title-style: bold;
        border-subtitle-color: $muted;
    }
    RunSwitcher Input { border: none; height: 1; background: $panel; padding: 0 1; margin-bottom: 1; }
    RunSwitcher RunList { height: 1fr; background: $surface; }
    """
    BINDINGS = keymap.bindings((*keymap.DIALOG, *keymap.RUNS))

    table = getters.query_one(RunList)
    line = getters.query_one(Input)

    def __init__(self, current: int | None) -> None:
        super().__init__()
        self._current = current
        self._every: tuple[RunRow, ...] = ()

    def compose(self) -> ComposeResult:
        with Vertical(classes="card") as card:
            card.border_title = Content(" Runs ")
            card.border_subtitle = Content(" ↵ show   esc back ")
            yield Input(placeholder="batch, number, state, target", compact=True)
            yield RunList(cast("Cockpit", self.app).clock)

    def on_mount(self) -> None:
        self.line.focus()
        begin(self, self._read, group="runs", exclusive=True)

    async def _read(self) -> None:
        try:
            self._every = tuple(await cast("Cockpit", self.app).feed.ask(lambda c: queries.runs(c, limit=_MOST)))
        except (NoHistoryYet, FluxtuiError):
            return
        if self.is_attached:
            self._show()

    @on(Input.Changed)
    def _show(self) -> None:
        found = tuple(run for run in self._every if passes(run, self.line.value))
        at = next((index for index, run in enumerate(found) if run.id == self._current), 0)
        self.table.show(found, 0 if self.line.value else at)
        count = f"{len(found):,} of {len(self._every):,}" if self.line.value else f"{len(found):,}"
        self.query_one(".card").border_title = Content(f" Runs {count} ")

    def action_step(self, step: int) -> None:
        self.table.cursor += step

    @on(Rows.Chosen)
    def action_open_run(self) -> None:
        run = self.table.current
        if run is None:
            self.app.bell()
        else:
            self.dismiss(run.id)

    def action_leave(self) -> None:
        self.dismiss(None)
