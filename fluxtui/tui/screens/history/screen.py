"""History (F7): every run of the workspace; open one, go on with one."""

from collections.abc import Callable
from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.widgets import Static

from fluxtui.domain.jobs import JobState
from fluxtui.domain.money import show
from fluxtui.domain.problems import FluxtuiError
from fluxtui.history import queries
from fluxtui.history.records import RunRow
from fluxtui.tui import faces, keymap
from fluxtui.tui.ink import Ink, Part, fit
from fluxtui.tui.screens.base import CockpitScreen
from fluxtui.tui.store import News, NoHistoryYet, RunnerChanged, RunsChanged
from fluxtui.tui.widgets.rows import Rows
from fluxtui.tui.work import begin

_READ_SECONDS = 0.5


class RunTable(Rows):
    """The runs, newest first. The cursor names a run's id."""

    HEADING = 1
    HELP = "Every run of this workspace, newest first. Enter opens one; r goes on with one that was interrupted."

    def __init__(self, clock: Callable[[], float], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._clock = clock
        self.runs: tuple[RunRow, ...] = ()

    @property
    def row_count(self) -> int:
        return len(self.runs)

    @property
    def current(self) -> RunRow | None:
        return self.runs[self.cursor] if self.runs else None

    def show(self, runs: tuple[RunRow, ...]) -> None:
        before = self.current
        self.runs = runs
        if before is not None:
            at = next((index for index, run in enumerate(runs) if run.id == before.id), None)
            if at is not None:
                self.set_reactive(Rows.cursor, at)
        self.rows_changed()
        self.post_message(self.Moved(self, self.cursor))

    def _widths(self, width: int) -> tuple[int, int, int]:
        """Return the cells of (batch, bar, targets)."""
        rest = width - (4 + 13 + 9 + 8 + 12 + 2 * 6)
        batch = max(8, min(36, rest * 3 // 5))
        bar = max(4, min(40, rest - batch))
        targets = rest - batch - bar - 2
        return batch, bar, targets if targets >= 16 else 0

    def draw_heading(self, width: int, ink: Ink) -> list[Part]:
        batch, bar, targets = self._widths(width - 1)
        cells = [("  run", 5, False), ("state", 13, False), ("batch", batch, False), ("", bar, False)]
        cells += [("done", 9, True), ("$", 8, True), ("when", 12, True)]
        if targets:
            cells.append(("targets", targets, False))
        parts: list[Part] = []
        for word, size, right in cells:
            parts += [(fit(word, size, right=right), ink("muted")), ("  ", ink("muted"))]
        return parts

    def draw_row(self, index: int, width: int, ink: Ink) -> list[Part]:
        run = self.runs[index]
        batch, bar, targets = self._widths(width)
        quiet, gap = ink("muted"), ("  ", ink("muted"))
        parts: list[Part] = [
            (fit(str(run.id), 4, right=True), quiet),
            gap,
            (fit(f"{faces.RUN_GLYPHS[run.state]} {run.state.value}", 13), ink(faces.RUN_COLORS[run.state])),
            gap,
            (fit(faces.one_line(run.batch, 200), batch), ink("foreground")),
            gap,
            *((part.glyph * part.cells, ink(part.color)) for part in faces.bar(run.counts, bar)),
            gap,
            (fit(f"{run.counts.get(JobState.DONE, 0):,}/{run.jobs:,}", 9, right=True), ink("foreground")),
            gap,
            (
                fit("sandbox" if run.sandbox else show(run.spent), 8, right=True),
                ink("accent") if run.sandbox else quiet,
            ),
            gap,
            (fit(faces.when(run.created_at, self._clock()), 12, right=True), quiet),
        ]
        if targets:
            parts += [gap, (fit(", ".join(faces.one_line(t, 80) for t in run.targets), targets), quiet)]
        return parts


def run_facts(run: RunRow, clock: Callable[[], float]) -> Content:
    """Return a run in words, for the pane beside the table."""
    lines = [
        Content.assemble((faces.one_line(run.batch), "bold"), (f"  run {run.id}", "$muted")),
        Content.styled(f"{faces.RUN_GLYPHS[run.state]} {run.state.value}", f"${faces.RUN_COLORS[run.state]}"),
        Content(""),
        *(Content.styled(text, f"${color}") for color, text in faces.summary(run.counts)),
        Content(""),
    ]
    money = f"{show(run.spent)} billed"
    if run.cap is not None:
        money += f", cap {show(run.cap)}"
    facts = [("began", faces.when(run.created_at, clock())), ("cost", money)]
    if run.uncertain:
        facts.append(("in doubt", show(run.uncertain)))
    if run.started_at is not None and run.finished_at is not None:
        facts.append(("took", faces.duration(run.finished_at - run.started_at)))
    if run.sandbox:
        facts.append(("service", "sandbox: no real money"))
    facts.append(("pictures", faces.one_line(run.folder)))
    if run.source:
        facts.append(("file", faces.one_line(run.source)))
    lines += [Content.assemble((f"{label:<11}", "$muted"), value) for label, value in facts]
    lines += [Content(""), *(Content(faces.one_line(target)) for target in run.targets)]
    if run.state in faces.RESUMABLE_RUNS:
        lines += [Content(""), Content.assemble(("r", "bold $primary"), ("  goes on with it", "$muted"))]
    return Content("\n").join(lines)


class HistoryScreen(CockpitScreen):
    """The table of runs, and the selected one in words."""

    CSS_PATH = "screen.tcss"
    BINDINGS = keymap.bindings(keymap.HISTORY)
    AUTO_FOCUS = "#runs"
    PARTS = ("#runs", "#facts")
    HELP: ClassVar[str] = (
        "Every run of this workspace, newest first. The bar shows its jobs by state. A run that was interrupted,"
        " paused, parked or stopped by its cap can go on with r: finished pictures are never bought again."
    )

    table = getters.query_one(RunTable)

    def __init__(self) -> None:
        super().__init__()
        self._due = False

    def compose_body(self) -> ComposeResult:
        with Horizontal(id="panes"):
            with Container(id="runs-pane", classes="pane"):
                yield RunTable(self.app.clock, id="runs")
            with Container(id="facts-pane", classes="pane"):
                yield Static("", id="facts", markup=False)
        yield Static(
            Content.assemble(("No runs yet\n\n", "bold"), ("F2", "bold $primary"), ("  open a batch", "$muted")),
            id="nothing",
            markup=False,
        )

    def settle_in(self) -> None:
        self.query_one("#facts-pane").border_title = Content("run")
        self._read()

    def on_news(self, news: News) -> None:
        if isinstance(news, RunsChanged | RunnerChanged) and not self._due:
            self._due = True
            self.set_timer(_READ_SECONDS, self._read)

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self._read()

    def _read(self) -> None:
        self._due = False
        begin(self, self._show_runs, group="runs", exclusive=True)

    async def _show_runs(self) -> None:
        try:
            runs = tuple(await self.app.feed.ask(lambda c: queries.runs(c, limit=500)))
        except NoHistoryYet:
            runs = ()
        except FluxtuiError:
            return
        if not self.standing:
            return
        self.set_class(not runs, "-nothing")
        self.query_one("#runs-pane").border_title = Content(f"runs {len(runs):,}")
        self.table.show(runs)

    @on(Rows.Moved)
    def _moved(self) -> None:
        run = self.table.current
        if run is not None:
            self.query_one("#facts", Static).update(run_facts(run, self.app.clock))
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "resume_run":
            run = self.table.current if self.is_mounted and self.query(RunTable) else None
            return run is not None and self._can_resume(run)
        return True

    def _can_resume(self, run: RunRow) -> bool:
        stranded = run.state in faces.LIVE_RUNS and not self.app.live.runner_alive
        return run.state in faces.RESUMABLE_RUNS or stranded

    @on(Rows.Chosen)
    def action_open_run(self) -> None:
        run = self.table.current
        if run is not None:
            self.app.open_run(run.id)

    async def action_resume_run(self) -> None:
        run = self.table.current
        if run is not None and self._can_resume(run):
            self.app.open_run(run.id)
            await self.app.resume(run.id)
