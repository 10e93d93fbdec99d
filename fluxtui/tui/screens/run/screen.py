"""Run (F3): the live run. It reads the history and leaves wishes; it calls no service."""

from pathlib import Path
from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Static

from fluxtui.domain.jobs import JobState
from fluxtui.domain.problems import FluxtuiError
from fluxtui.history import queries
from fluxtui.history.records import JobDetail, JobRow
from fluxtui.tui import faces, keymap
from fluxtui.tui.filters import parse_filter
from fluxtui.tui.screens.base import CockpitScreen
from fluxtui.tui.screens.dialogs.screen import AskScreen, LineScreen, existing_file
from fluxtui.tui.screens.run import steering
from fluxtui.tui.store import JobsChanged, LanesChanged, News, NoHistoryYet, RunChanged, RunnerChanged
from fluxtui.tui.widgets.contact_sheet import ContactSheet, Tile
from fluxtui.tui.widgets.facts import Facts, problem_text
from fluxtui.tui.widgets.job_table import SORT_WORDS, SORTS, JobTable
from fluxtui.tui.widgets.picture import Picture
from fluxtui.tui.widgets.rows import Rows
from fluxtui.tui.widgets.run_head import RunHead, TargetLines, seconds_left


class RunScreen(CockpitScreen):
    """Progress by target, the table of jobs, the selected job's picture and facts."""

    CSS_PATH = "screen.tcss"
    BINDINGS = keymap.bindings(keymap.RUN)
    AUTO_FOCUS = "#jobs"
    AREA = "run"
    HELP: ClassVar[str] = (
        "One run, live. Each line at the top is a target: its bar shows done, refused, failed, in doubt, in flight"
        " and queued jobs. The table lists every job; the cursor stays on its job whatever changes around it.\n\n"
        "The runner is a process of its own: leaving this screen, or losing the connection, stops nothing.\n\n"
        "A job in doubt left this machine but nobody answered: it may have been billed. Press a to decide."
    )

    head = getters.query_one(RunHead)
    lines = getters.query_one(TargetLines)
    table = getters.query_one("#jobs", JobTable)
    facts = getters.query_one(Facts)
    picture = getters.query_one("#preview", Picture)
    sheet = getters.query_one(ContactSheet)
    filter_line = getters.query_one("#filter", Input)

    def __init__(self) -> None:
        super().__init__()
        self.detail: JobDetail | None = None
        self._following = False
        self._shown_run: int | None = None

    def compose_body(self) -> ComposeResult:
        app = self.app
        yield RunHead(app.clock)
        yield TargetLines(app.clock)
        with Horizontal(id="panes"):
            with Vertical(id="left"):
                with Container(id="jobs-pane", classes="pane"):
                    yield JobTable(app.feed, app.clock, id="jobs")
                    yield Input(placeholder="text, is:failed, is:problem, target:name", id="filter", compact=True)
                with Container(id="sheet-pane", classes="pane"):
                    yield ContactSheet(app.pictures)
            with Vertical(id="right"):
                with Container(id="preview-pane", classes="pane"):
                    yield Picture(app.pictures, id="preview")
                with Container(id="facts-pane", classes="pane"):
                    yield Facts()
        yield Static(
            Content.assemble(
                ("No runs yet\n\n", "bold"),
                ("F2", "bold $primary"), ("  open a batch and start it\n", "$muted"),
                ("F7", "bold $primary"), ("  runs of this workspace", "$muted"),
            ),
            id="nothing",
            markup=False,
        )  # fmt: skip

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#sheet-pane").border_title = Content("pictures")
        self.query_one("#preview-pane").border_title = Content("preview")
        self.query_one("#facts-pane").border_title = Content("details")
        self._show_run()

    # --- news ------------------------------------------------------------------------------------

    def on_news(self, news: News) -> None:
        match news:
            case RunChanged() | LanesChanged() | RunnerChanged():
                self._show_run()
            case JobsChanged(run_id=run_id, rows=rows, all_=everything) if run_id == self._shown_run:
                self._take_jobs(rows, everything)

    def _show_run(self) -> None:
        app, run = self.app, self.app.shown
        self.set_class(run is None, "-nothing")
        if run is None:
            return
        self.head.show(run, seconds_left(app.targets, app.lanes), app.runner_alive)
        self.lines.show(app.targets, app.lanes)
        names = [target.target for target in app.targets]
        if run.id != self._shown_run:
            self._shown_run, self._following = run.id, False
            self.table.show_run(run.id, names)
        else:
            self.table.set_targets(names)
            if run.jobs != self.table.row_count and not self.filter_line.value:
                self.table.reorder()
        self.refresh_bindings()

    def _take_jobs(self, rows: tuple[JobRow, ...], everything: bool) -> None:
        if everything:
            self.table.forget()
        else:
            self.table.apply(rows)
        changed = {row.id for row in rows}
        if self._following:
            newest = next((row.id for row in reversed(rows) if row.state is JobState.DONE), None)
            if newest is not None:
                self.table.select_job(newest)
        if everything or self.table.job_id in changed:
            self._read_detail()
        if everything or changed & set(self._near()):
            self._read_sheet()

    # --- the selected job ------------------------------------------------------------------------

    @on(JobTable.JobSelected)
    def _selected(self) -> None:
        self._read_detail()
        self._read_sheet()

    @on(JobTable.OrderChanged)
    def _ordered(self, message: JobTable.OrderChanged) -> None:
        pane = self.query_one("#jobs-pane")
        run = self.app.shown
        total = run.jobs if run is not None else message.count
        count = f"{message.count:,}" if message.count == total else f"{message.count:,} of {total:,}"
        sort = "" if self.table.sort == "position" else f" · by {SORT_WORDS.get(self.table.sort, self.table.sort)}"
        follow = " · following" if self._following else ""
        pane.border_title = Content(f"jobs {count}{sort}{follow}")
        text = faces.one_line(self.filter_line.value, 60)
        pane.border_subtitle = Content(f"/ {text}" if text else "")
        self._read_sheet()

    def _read_detail(self) -> None:
        self.run_worker(self.show_detail(self.table.job_id), group="detail", exclusive=True, exit_on_error=False)

    async def show_detail(self, job_id: int | None) -> None:
        try:
            detail = None if job_id is None else await self.app.feed.ask(lambda c: queries.job_detail(c, job_id))
        except (NoHistoryYet, FluxtuiError):
            return
        self.detail = detail
        self.facts.show(detail)
        self.show_picture(self.picture, detail)
        self.refresh_bindings()

    def show_picture(self, picture: Picture, detail: JobDetail | None) -> None:
        """Show the selected job's picture in `picture`, or say why there is none."""
        image = None if detail is None or not detail.images else detail.images[0]
        if detail is None:
            picture.show(None)
        elif image is None:
            row = detail.row
            picture.show(None, f"{faces.GLYPHS[row.state]} {row.state.label}")
        elif image.thumbnail is None:
            picture.show(None, "the preview is being made")
        else:
            facts = (f"{image.width} × {image.height} {image.format}", faces.one_line(image.path))
            picture.show(self.app.workspace / image.thumbnail, *facts)

    # --- the sheet of small pictures ---------------------------------------------------------------

    def _near(self) -> list[int]:
        room = self.sheet.room
        if room <= 0 or not self.sheet.is_on_screen:
            return []
        first = self.table.cursor // room * room
        return self.table.near(self.table.cursor - first, room - 1 - (self.table.cursor - first))

    def _read_sheet(self) -> None:
        self.query_one("#sheet-pane").set_class(self.app.pictures_on, "-useful")
        self.run_worker(self._show_sheet(), group="sheet", exclusive=True, exit_on_error=False)

    async def _show_sheet(self) -> None:
        ids = tuple(self._near())
        if not ids:
            return
        try:
            rows, images = await self.app.feed.ask(
                lambda c: (queries.jobs(c, ids), {i: queries.images(c, job_id=i) for i in ids})
            )
        except (NoHistoryYet, FluxtuiError):
            return
        tiles = []
        for job_id in ids:
            if job_id in rows:
                small = next((image.thumbnail for image in images[job_id] if image.thumbnail), None)
                path: Path | None = None if small is None else self.app.workspace / small
                tiles.append(Tile(job_id, rows[job_id].state, rows[job_id].task, path))
        self.sheet.show(tiles, self.table.job_id)

    @on(ContactSheet.Picked)
    def _picked(self, message: ContactSheet.Picked) -> None:
        self.table.select_job(message.job_id)

    def on_resize(self) -> None:
        self.call_after_refresh(self._read_sheet)

    # --- keys --------------------------------------------------------------------------------------

    def key_words(self) -> dict[str, str]:
        run = self.app.shown
        return {"run.pause": steering.pause_word(run, self.app.runner_alive)}

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        run = self.app.shown
        if action in ("pause", "retry", "cancel", "resolve", "open_job", "copy_problem") and run is None:
            return False
        if run is None:
            return True
        match action:
            case "pause":
                return steering.can_pause(run) or steering.can_resume(run, self.app.runner_alive)
            case "resolve":
                return bool(run.counts.get(JobState.IN_DOUBT))
            case "retry":
                return any(run.counts.get(state) for state in steering.RETRYABLE)
            case "cancel":
                return any(run.counts.get(state) for state in steering.CANCELLABLE)
            case _:
                return True

    async def action_pause(self) -> None:
        run = self.app.shown
        if run is None:
            return
        if steering.can_pause(run) and self.app.runner_alive:
            await self.app.steer("pause_run", run.id)
        elif steering.can_resume(run, self.app.runner_alive):
            await self.app.resume(run.id)

    def action_cancel(self) -> None:
        if self.app.shown is not None:
            self._ask(steering.cancel(self.app.shown, self._job()))

    def action_retry(self) -> None:
        if self.app.shown is not None:
            self._ask(steering.retry(self.app.shown, self._job()))

    async def action_resolve(self) -> None:
        run = self.app.shown
        if run is None:
            return
        from fluxtui.history.records import JobFilter

        wanted = JobFilter(states=frozenset({JobState.IN_DOUBT}))
        doubtful = tuple(await self.app.feed.order(run.id, wanted, "position", False))
        self._ask(steering.resolve(run, self._job(), doubtful))

    def _job(self) -> JobRow | None:
        job_id = self.table.job_id
        return None if job_id is None else self.table.row(job_id)

    def _ask(self, question: steering.Question | None) -> None:
        run = self.app.shown
        if question is None or run is None:
            self.app.bell()
            return

        def answered(answer: str | None, run_id: int = run.id) -> None:
            if answer is not None:
                self._wish(run_id, question.wishes[answer], adopt=answer == "adopt")

        self.app.push_screen(AskScreen(question.title, question.body, question.choices), answered)

    def _wish(self, run_id: int, wish: steering.Steering, *, adopt: bool) -> None:
        if not adopt:
            self.app.steer_soon(wish.kind, run_id, wish.payload)
            return

        def with_path(path: str | None) -> None:
            if path is not None:
                full = str(Path(path).expanduser().absolute())
                self.app.steer_soon(wish.kind, run_id, {**wish.payload, "path": full})

        body = Content("The file of the picture that the service made. It is copied into the run.")
        self.app.push_screen(LineScreen("Adopt a picture", body, placeholder="path", check=existing_file), with_path)

    def action_filter(self) -> None:
        self.filter_line.add_class("-open")
        self.filter_line.focus()

    @on(Input.Changed, "#filter")
    def _filter_typed(self, event: Input.Changed) -> None:
        job_filter, wrong = parse_filter(event.value)
        self.table.set_filter(job_filter)
        self.query_one("#jobs-pane").border_subtitle = Content(wrong or "")

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        if not self.filter_line.value:
            self.filter_line.remove_class("-open")
        self.table.focus()

    def key_escape(self) -> None:
        """Leave the filter: its line first, then what it hid."""
        if self.filter_line.has_class("-open"):
            self.filter_line.value = ""
            self.filter_line.remove_class("-open")
            self.table.focus()

    async def action_next_problem(self, direction: int) -> None:
        job_id = await self.table.next_in(frozenset(faces.NEEDS_A_PERSON), direction)
        if job_id is None or not self.table.select_job(job_id):
            self.app.tell("No job needs you.")

    def action_sort(self) -> None:
        self.table.set_sort(SORTS[(SORTS.index(self.table.sort) + 1) % len(SORTS)])

    def action_follow(self) -> None:
        self._following = not self._following
        self.table.post_message(JobTable.OrderChanged(self.table, self.table.row_count))

    def action_copy_problem(self) -> None:
        if self.detail is not None and self.detail.problem is not None:
            self.app.copy_to_clipboard(problem_text(self.detail))
            self.app.tell("The error is on the clipboard.")

    def action_copy_prompt(self) -> None:
        if self.detail is not None:
            self.app.copy_to_clipboard(self.detail.request.prompt)
            self.app.tell("The prompt is on the clipboard.")

    def action_open_job(self) -> None:
        from fluxtui.tui.screens.run.look import LookScreen

        if self.detail is not None:
            self.app.push_screen(LookScreen(self))

    @on(Rows.Chosen)
    def _chosen(self) -> None:
        self.action_open_job()
