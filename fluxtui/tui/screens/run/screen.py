"""Run (F3): the live run. It reads the history and leaves wishes; it calls no service."""

import time
from collections.abc import Callable
from functools import partial
from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from fluxtui.domain.jobs import JobState
from fluxtui.domain.problems import FluxtuiError
from fluxtui.history import queries
from fluxtui.history.records import JobDetail, JobRow
from fluxtui.tui import keymap
from fluxtui.tui.screens.run.jobs_pane import JobsPane
from fluxtui.tui.screens.run.log_pane import LogPane
from fluxtui.tui.screens.run.look import LookScreen
from fluxtui.tui.screens.run.panes import SelectedJob, SheetPane
from fluxtui.tui.screens.run.viewing import ViewingScreen
from fluxtui.tui.store import JobsChanged, LanesChanged, News, NoHistoryYet, RunChanged, RunnerChanged, RunsChanged
from fluxtui.tui.widgets.contact_sheet import ContactSheet
from fluxtui.tui.widgets.facts import problem_text
from fluxtui.tui.widgets.job_table import JobTable
from fluxtui.tui.widgets.log_lines import LogLines
from fluxtui.tui.widgets.quietly import say
from fluxtui.tui.widgets.rows import Rows
from fluxtui.tui.widgets.run_head import RunHead, TargetLines, parked_words, seconds_left
from fluxtui.tui.widgets.run_tabs import RunTabs
from fluxtui.tui.work import begin

_AFTER_THE_CURSOR = 0.06
"""Seconds that the cursor rests on a job before its details are drawn: a held key repeats faster."""
_CHANGED_EVERY = 0.2
"""Seconds between two looks at the selected job, and at the small pictures, while their jobs change."""
_AT_LEAST_EVERY = 0.25
"""Seconds after which they are drawn however long the key is held."""


class RunScreen(ViewingScreen):
    """Progress by target, the table of jobs, the selected job's picture and facts."""

    CSS_PATH = "screen.tcss"
    OF_HISTORY = True
    BINDINGS = keymap.bindings((*keymap.RUN, *keymap.RUN_VIEW))
    AUTO_FOCUS = "#jobs"
    PARTS = (
        "RunTabs",
        "RunHead",
        "TargetLines",
        "#parked",
        "#jobs",
        "#filter",
        "#filter-said",
        "ContactSheet",
        "#log",
        "Picture",
        "Facts",
    )
    HELP: ClassVar[str] = (
        "One run, live. Each line at the top is a target: its bar shows done, refused, failed, in doubt, in flight"
        " and queued jobs. The table lists every job; the cursor stays on its job whatever changes around it.\n\n"
        "Runs that are live, or were opened since fluxtui began, have tabs; each keeps its filter, order and groups."
        " The log tells line by line what happened; the details show each attempt as a bar of its stages.\n\n"
        "The runner is a process of its own: leaving this screen, or losing the connection, stops nothing.\n\n"
        "A job in doubt left this machine but nobody answered: it may have been billed; it waits for your word."
    )

    head = getters.query_one(RunHead)
    lines = getters.query_one(TargetLines)
    selected = getters.query_one(SelectedJob)
    small = getters.query_one(SheetPane)
    log_pane = getters.query_one(LogPane)

    def __init__(self) -> None:
        super().__init__()
        self.detail: JobDetail | None = None
        self._shown_run: int | None = None
        self._known: object = None
        self._selection: Timer | None = None
        self._selected_at = 0.0
        self._due: set[Callable[[], None]] = set()

    def compose_body(self) -> ComposeResult:
        yield RunTabs()
        yield RunHead(self.app.clock)
        yield TargetLines(self.app.clock)
        yield Static(Content(""), id="parked", markup=False)
        with Horizontal(id="panes"):
            with Vertical(id="left"):
                yield JobsPane()
                yield SheetPane()
                yield LogPane()
            yield SelectedJob(id="right")
        yield Static(
            Content.assemble(
                ("No runs yet\n\n", "bold"),
                (self.app.bound_key("app.batch"), "bold $primary"), ("  open a batch and start it\n", "$muted"),
                (self.app.bound_key("app.history"), "bold $primary"), ("  runs of this workspace", "$muted"),
            ),
            id="nothing",
            markup=False,
        )  # fmt: skip

    def settle_in(self) -> None:
        self.small.follow(self.table)
        self.on_pictures_turned()
        self._show_run()

    def on_pictures_turned(self) -> None:
        self.small.set_class(self.app.pictures_on, "-useful")
        self.jobs.set_class(self.app.pictures_on, "-beside-sheet")

    # --- news ------------------------------------------------------------------------------------

    def on_news(self, news: News) -> None:
        match news:
            case RunChanged() | RunsChanged() | LanesChanged() | RunnerChanged():
                self._show_run()
                if isinstance(news, RunsChanged):
                    self.log_pane.read_new()
            case JobsChanged(run_id=run_id, rows=rows, all_=everything) if run_id == self._shown_run:
                self._take_jobs(rows, everything)

    def _show_run(self) -> None:
        app, run = self.app, self.app.live.shown
        self.set_class(run is None and (app.live.history_read or not app.feed.path.exists()), "-nothing")
        self.set_class(run is None, "-waiting")
        self.tabs.show(app.live.tabs, app.live.run_id)
        if run is None:
            return
        known = (run, app.live.targets, app.live.lanes, app.live.runner_alive)
        if known == self._known and run.id == self._shown_run:
            return  # told once more: one look at the history brings several pieces of news
        self._known = known
        self.head.show(run, seconds_left(app.live.targets, app.live.lanes), app.live.runner_alive)
        self.lines.show(app.live.targets, app.live.lanes)
        parked = parked_words(run, app.live.targets, app.live.lanes)
        say(self.query_one("#parked", Static), parked)
        self.set_class(bool(parked), "-parked")
        self.jobs.total = run.jobs
        names = tuple(target.target for target in app.live.targets)
        if run.id != self._shown_run:
            self._shown_run = run.id
            self.jobs.show_run(run.id, names)
            self.log_pane.follow(run.id, None)
        else:
            self.table.set_targets(names)
            if run.jobs != self.table.order.job_count and not self.jobs.filtered:
                self.table.renew()
        self.refresh_bindings()

    def _take_jobs(self, rows: tuple[JobRow, ...], everything: bool) -> None:
        if everything:
            self.table.forget()
        else:
            self.table.apply(rows)
        changed = {row.id for row in rows}
        if self.jobs.following:
            newest = next((row.id for row in reversed(rows) if row.state is JobState.DONE), None)
            if newest is not None:
                self.table.select_job(newest, unfold=False)
        if everything or self.table.job_id in changed:
            self._soon(self._read_detail)
        if everything or changed & set(self.small.ids()):
            self._soon(self.small.read)

    def _soon(self, read: Callable[[], None]) -> None:
        """Read again what changed, a few times a second only: nobody sees more, and keys come first."""
        if read not in self._due:
            self._due.add(read)
            self.set_timer(_CHANGED_EVERY, partial(self._read_due, read))

    def _read_due(self, read: Callable[[], None]) -> None:
        self._due.discard(read)
        if self.standing:
            read()

    # --- the selected job ------------------------------------------------------------------------

    @on(JobTable.JobSelected)
    def _selected(self) -> None:
        # The cursor moves in a frame of its own; what is told of its job is drawn after that.
        now = time.monotonic()
        if self._selection is None:
            self._selected_at = now
        elif now - self._selected_at < _AT_LEAST_EVERY:
            self._selection.stop()
        else:
            return
        self._selection = self.set_timer(_AFTER_THE_CURSOR, self._show_selection)

    def _show_selection(self) -> None:
        self._selection = None
        if self.standing:
            self._read_detail()
            self.small.read()
            self.log_pane.follow(self._shown_run, self.table.job_id)

    @on(JobTable.OrderChanged)
    def _ordered(self) -> None:
        if self.standing:
            self.small.read()

    @on(ContactSheet.Picked)
    def _picked(self, message: ContactSheet.Picked) -> None:
        self.table.select_job(message.job_id)

    def _read_detail(self) -> None:
        begin(self, self.show_detail, group="detail", exclusive=True)

    def job(self) -> JobRow | None:
        job_id = self.table.job_id
        return None if job_id is None else self.table.row(job_id)

    async def show_detail(self) -> None:
        """Read the selected job and show it."""
        job_id = self.table.job_id
        try:
            detail = None if job_id is None else await self.app.feed.ask(lambda c: queries.job_detail(c, job_id))
        except (NoHistoryYet, FluxtuiError):
            return
        if not self.standing:
            return
        if job_id != self.table.job_id:
            return  # the cursor went on meanwhile
        self.detail = detail
        if self.table.group is None:
            self.selected.show(detail)
        else:
            self.selected.show_group(self.table.group, self.table.view.by or "", self.table.group_tally)
        self.refresh_bindings()

    # --- keys ------------------------------------------------------------------------------------

    async def _detail_now(self) -> JobDetail | None:
        """Return what is known of the job under the cursor, also when the cursor only just came to it."""
        if (None if self.detail is None else self.detail.row.id) != self.table.job_id:
            await self.show_detail()
        return self.detail

    async def action_copy_problem(self) -> None:
        detail = await self._detail_now()
        if detail is not None and detail.problem is not None:
            self.app.copy_to_clipboard(problem_text(detail))
            self.app.tell("The error is on the clipboard.")

    async def action_copy_prompt(self) -> None:
        detail = await self._detail_now()
        if detail is not None:
            self.app.copy_to_clipboard(detail.request.prompt)
            self.app.tell("The prompt is on the clipboard.")

    async def action_open_job(self) -> None:
        if self.log_pane.lines.has_focus:
            self.log_pane.lines.action_go_to_job()
        elif self.table.group is not None:
            self.table.action_fold()
        elif await self._detail_now() is not None:
            self.app.push_screen(LookScreen(self))

    def action_toggle_log(self) -> None:
        self.log_pane.toggle()
        self.set_class(self.log_pane.open, "-log")
        if not self.log_pane.open:
            self.table.focus()

    @on(LogLines.JobWanted)
    def _job_wanted(self, message: LogLines.JobWanted) -> None:
        if not self.table.select_job(message.job_id):
            self.app.tell(f"The filter hides this job. {self.app.bound_key('run.unfilter')} shows every job.")

    @on(Rows.Chosen, "#log")
    def _line_chosen(self) -> None:
        self.log_pane.lines.action_go_to_job()

    @on(Rows.Chosen, "#jobs")
    async def _chosen(self) -> None:
        await self.action_open_job()
