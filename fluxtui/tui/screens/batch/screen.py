"""Batch (F2): a sheet of tasks that prices itself, who draws them, what that costs; start with one confirmation."""

from functools import partial
from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.events import Paste

from fluxtui.domain.problems import FluxtuiError
from fluxtui.tui import keymap
from fluxtui.tui.screens.batch.desk import Changed
from fluxtui.tui.screens.batch.framing import Framing
from fluxtui.tui.screens.batch.head import BatchHead
from fluxtui.tui.screens.batch.lists import TargetList
from fluxtui.tui.screens.batch.nothing import Beginnings, Nothing
from fluxtui.tui.screens.batch.preflight import PreflightPane
from fluxtui.tui.screens.batch.prompt_editor import PromptPane
from fluxtui.tui.screens.batch.sheet import TaskSheet
from fluxtui.tui.screens.batch.sheet_pane import SheetPane
from fluxtui.tui.screens.batch.targets_pane import TargetsPane
from fluxtui.tui.screens.batch.task_editor import TaskEditor
from fluxtui.tui.work import begin, in_thread


class BatchScreen(Framing):
    """The sheet and the selected task on the left, targets and the quote on the right."""

    CSS_PATH = "screen.tcss"
    BINDINGS = keymap.bindings(keymap.BATCH)
    AUTO_FOCUS = "#tasks"
    PARTS = ("#sheet-head", "#tasks", "#task-fields", "#targets", "#sums")
    HELP: ClassVar[str] = (
        "A batch is a list of tasks. Left: the sheet of tasks, and the selected one in full. Right: who can draw them"
        " (space ticks), and the preflight: pictures, money, time, and everything that a target will not honour as"
        " asked. It follows every change. Nothing is sent before s, and s asks once."
    )

    tasks = getters.query_one(TaskSheet)
    pane = getters.query_one(SheetPane)
    targets = getters.query_one(TargetList)

    def __init__(self) -> None:
        super().__init__()
        self._nothing = False

    @property
    def offers_priced(self) -> bool:
        """Whether the price of every target on offer is shown."""
        return self.query_one(TargetsPane).priced

    def compose_body(self) -> ComposeResult:
        yield BatchHead()
        with Horizontal(id="panes"):
            with Vertical(id="left"):
                yield SheetPane()
                with Horizontal(id="task-row"):
                    yield PromptPane()
                    yield TaskEditor()
            with Vertical(id="right"):
                yield TargetsPane()
                yield PreflightPane()
        yield Nothing(id="nothing")

    def settle_in(self) -> None:
        self.show_face()
        if self.app.batch_path is not None:
            self.call_after_refresh(self.load, self.app.batch_path)
        else:
            begin(self, self.offer_left_behind, group="read")

    def show_face(self) -> None:
        """Show the sheet, or what can be done while no batch is open."""
        nothing = self.desk.document is None and self.app.batch_path is None
        self.set_class(nothing, "-nothing")
        if nothing == self._nothing:
            return
        self._nothing = nothing
        # Only what is displayed can have the focus: after the styles changed.
        self.call_after_refresh(self.query_one("#beginnings" if nothing else "#tasks").focus)

    # --- what changed ----------------------------------------------------------------------------------

    def desk_changed(self, what: Changed) -> None:
        if what & Changed.OPENED:
            self.show_face()

    def open_field(self, key: str) -> bool:
        return self.query_one(PromptPane).open_field(key)

    # --- keys ------------------------------------------------------------------------------------------

    @on(Beginnings.Begun)
    def _begun(self, event: Beginnings.Begun) -> None:
        begin(self, partial(self._begin_with, event), group="begin")

    async def _begin_with(self, event: Beginnings.Begun) -> None:
        if event.beginning.example:
            try:
                folder = await in_thread(lambda: self.app.engine.batches.example().parent)
            except FluxtuiError as error:
                self.app.tell_problem(error.problem)
                return
            self.app.open_batch(folder / event.beginning.example)
        else:
            await self.app.run_action(event.beginning.action, self)

    def on_paste(self, event: Paste) -> None:
        """Prompts from the terminal's clipboard, wherever the focus is; a field that takes text has it first."""
        event.stop()
        if self.desk.document is None:
            self.begin_with(event.text)
        else:
            self.tasks.take_paste(event.text)
