"""What the Batch screen does whatever it shows: the desk, undo, the live quote, the start."""

from functools import partial

from textual.content import Content

from fluxtui.domain.problems import FluxtuiError
from fluxtui.tui.doors.batches import Quoted, Sheet
from fluxtui.tui.screens.base import CockpitScreen
from fluxtui.tui.screens.batch import words
from fluxtui.tui.screens.batch.desk import Changed, Desk
from fluxtui.tui.screens.batch.desk_part import DeskPart
from fluxtui.tui.screens.batch.head import BatchHead
from fluxtui.tui.screens.batch.lists import TargetList
from fluxtui.tui.screens.batch.pricing import Pricing
from fluxtui.tui.screens.batch.turns import Turns
from fluxtui.tui.screens.dialogs.screen import PaperScreen
from fluxtui.tui.work import begin, in_thread

_PRICED = Changed.OPENED | Changed.TASKS | Changed.FRAME


class WorkingScreen(CockpitScreen):
    """The base of the Batch screen. Its `parts` hear of every change on the desk."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk()
        self.desk.subscribe(self._desk_changed)
        self.parts: list[DeskPart] = []
        self.pricing = Pricing(self)
        self.turns = Turns(self.desk, self._show_work)
        self._starting = False

    def _desk_changed(self, what: Changed) -> None:
        if not self.standing:
            return
        if what & _PRICED:
            self.pricing.want()
        for part in tuple(self.parts):
            part.desk_changed(what)
        self.desk_changed(what)
        self.refresh_bindings()
        if what & Changed.QUOTE and self.app.start_wanted and self.desk.live is not None and not self.desk.pricing:
            self.app.start_wanted = False
            self._begin(ask=not self.app.sandbox)  # in the sandbox it costs nothing, so there is nothing to ask

    def desk_changed(self, what: Changed) -> None:
        """Show what is another now and belongs to no part."""

    # --- keys ----------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        desk = self.desk
        if action == "start":
            return desk.live is not None and desk.live.problem is None and bool(desk.batch.tasks) and not self._starting
        if action == "undo":
            return desk.document is not None and desk.document.undo_label is not None
        if action == "redo":
            return desk.document is not None and desk.document.redo_label is not None
        if action == "show_findings":
            return desk.document is not None
        return True

    async def action_undo(self) -> None:
        label = await self.turns.undo()
        if label is not None:
            self.app.tell(f"Undone: {label}")

    async def action_redo(self) -> None:
        label = await self.turns.redo()
        if label is not None:
            self.app.tell(f"Done again: {label}")

    def action_show_findings(self) -> None:
        if self.desk.sheet is not None:
            quote = None if self.desk.live is None else self.desk.live.quote
            self.app.push_screen(PaperScreen("Warnings", words.all_findings(self.desk.sheet, quote, self._off())))

    def action_start(self) -> None:
        self._begin(ask=True)

    # --- the start -----------------------------------------------------------------------------------

    def _begin(self, *, ask: bool) -> None:
        if not self._starting:
            self._starting = True
            self.refresh_bindings()
            begin(self, partial(self._plan, ask), group="start")

    async def _plan(self, ask: bool) -> None:
        """Work out exactly what would be sent, then ask for exactly that."""
        sheet = self.desk.as_sheet()
        try:
            if sheet is None:
                return
            quoted = await in_thread(self.app.engine.batches.quote, sheet, self.desk.targets)
            if not ask:
                await self._start(quoted)
            elif self.standing:
                self._ask(sheet, quoted)
        except FluxtuiError as error:
            self.app.tell_problem(error.problem)
        finally:
            self._starting = False
            self.refresh_bindings()

    def _ask(self, sheet: Sheet, quoted: Quoted) -> None:
        def answered(answer: str | None) -> None:
            if answer == "start":
                begin(self, partial(self._start_now, quoted), group="start")

        self.app.push_screen(words.start_question(sheet, quoted.quote, self.app.sandbox, self._off()), answered)

    def _off(self) -> tuple[str, ...]:
        """Return the names of the ticked targets that are switched off."""
        return self.query_one(TargetList).ticked_off

    async def _start_now(self, quoted: Quoted) -> None:
        if self._starting:
            return
        self._starting = True
        try:
            await self._start(quoted)
        except FluxtuiError as error:
            self.app.tell_problem(error.problem)
        finally:
            self._starting = False
            self.refresh_bindings()

    async def _start(self, quoted: Quoted) -> None:
        self.app.open_run(await self.app.engine.runs.start(quoted))
        await in_thread(self.app.engine.runs.ensure_runner)

    def show_title(self, pane: str, title: str | Content) -> None:
        """Set the title of a pane."""
        self.query_one(f"#{pane}").border_title = Content(title) if isinstance(title, str) else title

    def say(self, busy: str) -> None:
        """Say in the head what is going on; "" for nothing."""
        self.query_one(BatchHead).say(busy)

    def _show_work(self, at_work: bool) -> None:
        """Say in the head that an edit is being worked out."""
        for head in self.query(BatchHead):
            head.work(at_work)

    def open_field(self, key: str) -> bool:
        """Put the focus into the field of the large editor for a column; returns whether there is one."""
        return False
