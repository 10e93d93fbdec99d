"""Batch (F2): what the file says, who draws it, what that costs; start with one confirmation."""

from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from fluxtui.domain.problems import FluxtuiError
from fluxtui.engine.quote import Quote
from fluxtui.tui import keymap
from fluxtui.tui.doors.batches import Quoted, Sheet
from fluxtui.tui.screens.base import CockpitScreen
from fluxtui.tui.screens.batch import words
from fluxtui.tui.screens.batch.lists import TargetList, TaskList
from fluxtui.tui.screens.dialogs.screen import PaperScreen
from fluxtui.tui.widgets.rows import Rows
from fluxtui.tui.work import begin, in_thread


class BatchScreen(CockpitScreen):
    """Tasks and the selected one on the left, targets and the quote on the right."""

    CSS_PATH = "screen.tcss"
    BINDINGS = keymap.bindings(keymap.BATCH)
    AUTO_FOCUS = "#tasks"
    PARTS = ("#sheet-head", "#tasks", "#task", "#targets", "#sums")
    HELP: ClassVar[str] = (
        "A batch is a file of tasks. Left: its tasks, and the selected one in full. Right: who can draw them (space"
        " ticks), and the quote: pictures, money, time, and everything that a target will not honour as asked."
        " Nothing is sent before s, and s asks once."
    )

    tasks = getters.query_one(TaskList)
    targets = getters.query_one(TargetList)

    def __init__(self) -> None:
        super().__init__()
        self.sheet: Sheet | None = None
        self.quoted: Quoted | None = None
        self.offers_priced = False
        self._starting = False

    def compose_body(self) -> ComposeResult:
        yield Static("", id="sheet-head", markup=False)
        with Horizontal(id="panes"):
            with Vertical(id="left"):
                with Container(id="tasks-pane", classes="pane"):
                    yield TaskList(id="tasks")
                with Container(id="prompt-pane", classes="pane"), VerticalScroll(id="prompt"):
                    yield Static("", id="task", markup=False)
            with Vertical(id="right"):
                with Container(id="targets-pane", classes="pane"):
                    yield TargetList(id="targets")
                with Container(id="quote-pane", classes="pane"), VerticalScroll(id="quote"):
                    yield Static("", id="sums", markup=False)
        yield Static(
            Content.assemble(
                ("No batch is open\n\n", "bold"), ("ctrl+o", "bold $primary"), ("  open a file of prompts", "$muted")
            ),
            id="nothing",
            markup=False,
        )

    def settle_in(self) -> None:
        for pane, title in (("tasks", "tasks"), ("prompt", "prompt"), ("targets", "targets"), ("quote", "quote")):
            self.query_one(f"#{pane}-pane").border_title = Content(title)
        self.set_class(self.app.batch_path is None, "-nothing")
        if self.app.batch_path is not None:
            self.call_after_refresh(self.load, self.app.batch_path)

    # --- reading and pricing -----------------------------------------------------------------------

    def load(self, path: Path) -> None:
        """Read a file and show it; the quote follows. Before the screen is mounted its mounting does that."""
        if not (self.is_mounted and self.standing):
            return
        self.set_class(False, "-nothing")
        self.sheet = self.quoted = None
        self.query_one("#sheet-head", Static).update(Content.styled(f"reading {path.name} …", "$muted"))
        self._show_quote(busy=True)
        begin(self, partial(self._read, path), group="read", exclusive=True)

    async def _read(self, path: Path) -> None:
        try:
            sheet = await in_thread(self.app.engine.batches.read, path)
            if not self.standing:
                return
        except FluxtuiError as error:
            self.query_one("#sheet-head", Static).update(Content(path.name))
            self._show_quote(busy=False)
            self.app.tell_problem(error.problem)
            return
        self.sheet = sheet
        self.query_one("#sheet-head", Static).update(words.head_words(sheet))
        self.tasks.show(sheet.batch.tasks)
        self.query_one("#tasks-pane").border_title = Content(f"tasks {len(sheet.batch.tasks):,}")
        ticked = frozenset(target.name for target in sheet.chosen)
        self.targets.show(sheet.offered, ticked, sheet.unusable)
        await self._price()
        if not sheet.broken:
            await self._price_offered(sheet)

    def _reprice(self) -> None:
        self.quoted = None
        self._show_quote(busy=bool(self.targets.ticked))
        begin(self, self._price, group="price", exclusive=True)

    async def _price(self) -> None:
        sheet, chosen = self.sheet, self.targets.chosen()
        if sheet is None or sheet.broken or not chosen:
            self._show_quote(busy=False)
            return
        try:
            quoted = await in_thread(self.app.engine.batches.quote, sheet, chosen)
        except FluxtuiError as error:
            self._show_quote(busy=False)
            self.app.tell_problem(error.problem)
            return
        if not self.standing or chosen != self.targets.chosen():
            return
        self.quoted = quoted
        self._show_quote(busy=False)
        if self.app.start_wanted:
            self.app.start_wanted = False
            if self.app.sandbox:
                await self._start(quoted)  # it costs nothing, so there is nothing to ask
            else:
                self.action_start()

    async def _price_offered(self, sheet: Sheet) -> None:
        """Price every target on offer, so that the list shows what each would cost."""
        try:
            quoted = await in_thread(self.app.engine.batches.quote, sheet, sheet.offered)
        except FluxtuiError:
            return  # the chosen ones were priced; an offer that cannot be stays without a number
        if self.standing and sheet is self.sheet:
            self.targets.show_quotes({line.target: line for line in quoted.quote.lines})
            self.offers_priced = True

    def _show_quote(self, *, busy: bool) -> None:
        content = words.quote_words(self._quote, self.sheet, self.app.sandbox, busy)
        self.query_one("#sums", Static).update(content)
        count = len(self.targets.ticked)
        self.query_one("#targets-pane").border_title = Content(f"targets {count} of {len(self.targets.targets)}")
        self.refresh_bindings()

    @on(Rows.Moved, "#tasks")
    def _task_selected(self) -> None:
        task = self.tasks.current
        if task is not None and self.sheet is not None:
            self.query_one("#task", Static).update(words.task_words(task, self.sheet.batch))
            self.query_one("#prompt", VerticalScroll).scroll_home(animate=False)

    @property
    def _quote(self) -> Quote | None:
        return None if self.quoted is None else self.quoted.quote

    # --- keys ----------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "start":
            return self.quoted is not None and not self._starting
        if action in ("toggle_target", "all_targets", "show_findings", "reload"):
            return self.sheet is not None
        return True

    def action_toggle_target(self) -> None:
        if self.app.focused is not self.targets:
            self.targets.focus()
            return
        target = self.targets.current
        if target is not None:
            self.targets.tick(target.name)
            self._reprice()

    @on(Rows.Chosen, "#targets")
    def _target_chosen(self) -> None:
        self.action_toggle_target()

    def action_all_targets(self) -> None:
        every = frozenset(target.name for target in self.targets.targets)
        self.targets.ticked = frozenset() if self.targets.ticked == every else every
        self.targets.refresh()
        self._reprice()

    def action_reload(self) -> None:
        if self.sheet is not None:
            self.load(self.sheet.path)

    def action_show_findings(self) -> None:
        if self.sheet is not None:
            self.app.push_screen(PaperScreen("Warnings", words.all_findings(self.sheet, self._quote)))

    def action_start(self) -> None:
        sheet, quoted = self.sheet, self.quoted
        if sheet is None or quoted is None or self._starting:
            return

        def answered(answer: str | None) -> None:
            if answer == "start":
                begin(self, partial(self._start, quoted), group="start")

        self.app.push_screen(words.start_question(sheet, quoted.quote, self.app.sandbox), answered)

    async def _start(self, quoted: Quoted) -> None:
        if self._starting:
            return
        self._starting = True
        self.refresh_bindings()
        try:
            self.app.open_run(await self.app.engine.runs.start(quoted))
            await in_thread(self.app.engine.runs.ensure_runner)
        except FluxtuiError as error:
            self.app.tell_problem(error.problem)
        finally:
            self._starting = False
            self.refresh_bindings()
