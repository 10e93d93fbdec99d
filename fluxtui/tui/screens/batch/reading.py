"""Opening a batch: read in a thread, shown when it is there, whatever could be read of it."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from fluxtui.domain.batch import Batch
from fluxtui.domain.problems import FluxtuiError
from fluxtui.tui.doors.batches import Sheet
from fluxtui.tui.editing.document import Document
from fluxtui.tui.editing.edits import Edited
from fluxtui.tui.screens.batch import file_questions
from fluxtui.tui.screens.batch.desk import Changed
from fluxtui.tui.screens.batch.drafting import Drafting
from fluxtui.tui.screens.batch.sheet import TaskSheet
from fluxtui.tui.screens.batch.working import WorkingScreen
from fluxtui.tui.work import begin, in_thread

if TYPE_CHECKING:
    from fluxtui.engine.drafts import DraftInfo

UNTITLED = "untitled.yaml"


class ReadingScreen(WorkingScreen):
    """A Batch screen that opens files and drafts. What is unsaved is asked about first."""

    def __init__(self) -> None:
        super().__init__()
        self.drafting = Drafting(self)
        self.desk.subscribe(self._see_to_draft)

    def on_unmount(self) -> None:
        self.drafting.close()

    def _see_to_draft(self, what: Changed) -> None:
        if self.is_mounted and not what & Changed.OPENED:
            self.drafting.hear(what)

    def load(self, path: Path) -> None:
        """Read a file and show it; the quote follows. Before the screen is mounted its mounting does that."""
        if self.is_mounted and self.standing:
            begin(self, partial(self._load, path), group="read", exclusive=True)

    async def _load(self, path: Path) -> None:
        if await self.give_up():
            await self.read(path)

    async def give_up(self, *, keep: bool = True) -> bool:
        """Ask about unsaved changes before the batch is closed; returns whether it may be."""
        document = self.desk.document
        if document is None or not document.dirty:
            await self.drafting.let_go(keep=False)
            return True
        answer = await self.app.push_screen_wait(file_questions.unsaved_question(self.desk.batch.name, keep=keep))
        if answer in (None, "stay") or (answer == "save" and not await self.save()):
            return False
        if answer == "keep":
            await self.drafting.keep_now()
        await self.drafting.let_go(keep=answer == "keep")
        return True

    async def save(self) -> bool:
        """Save the batch; returns whether it is saved now."""
        return False

    async def read(self, path: Path, *, ask: bool = True) -> None:
        """Read a file and show it; with `ask`, edits of it that were left behind are offered."""
        self.set_class(False, "-nothing")
        self.say(f"reading {path.name} …")
        files = self.app.engine.batches.files
        try:
            sheet = await in_thread(self.app.engine.batches.read, path)
            drafts = await in_thread(files.left_behind, path) if ask else []
        except FluxtuiError as error:
            self.say("")
            self.app.tell_problem(error.problem)
            self.drafting.hear(Changed.SAVED)  # what is on the screen stays there, and so may its draft
            return
        if self.standing:
            self.desk.open(sheet)
            if drafts:
                await self._offer(drafts)

    async def _offer(self, drafts: "list[DraftInfo]") -> None:
        answer = await self.app.push_screen_wait(file_questions.restore_question(drafts))
        try:
            if answer == "drop":
                for left in drafts[: file_questions.MOST_DRAFTS]:
                    await in_thread(self.app.engine.batches.files.drop_draft, left.id)
            chosen = next((left for left in drafts if left.id == answer), None)
            if chosen is not None:
                await self._restore(chosen)
        except FluxtuiError as error:
            self.app.tell_problem(error.problem)

    async def _restore(self, info: "DraftInfo") -> None:
        """Go on with a draft: its file as it is now, and the edits as one step over it."""
        batches = self.app.engine.batches
        draft, batch = await in_thread(batches.files.take_draft, info.id)
        await self.drafting.let_go(keep=True)
        self.drafting.take(draft)
        sheet, document = await self._under(info, batch)
        self.desk.open(sheet, document)
        self.app.tell("Unsaved edits are back. ctrl+s saves them.")

    async def _under(self, info: "DraftInfo", batch: Batch) -> tuple[Sheet, Document]:
        batches = self.app.engine.batches
        if info.source is not None and info.digest is not None:
            sheet = await in_thread(batches.read, info.source)
            if not sheet.broken:
                document = Document(sheet.batch)
                document.apply(Edited(batch, "restore the unsaved edits"))
                wanted = await in_thread(batches.unsaved, batch, info.source)
                chosen = wanted.chosen if batch.targets else sheet.chosen
                # The digest of then: were the file changed since, saving asks.
                return replace(sheet, chosen=chosen, offered=wanted.offered, digest=info.digest), document
        sheet = await in_thread(batches.unsaved, batch, info.source or Path(UNTITLED))
        document = Document(batch)
        document.mark_unsaved()
        return sheet, document

    async def offer_left_behind(self) -> None:
        """Nothing is open: offer every draft that was left behind."""
        try:
            drafts = await in_thread(self.app.engine.batches.files.left_behind, None)
        except FluxtuiError:
            return  # a workspace that cannot be read says so elsewhere
        if drafts and self.standing and self.desk.document is None and self.is_current:
            await self._offer(drafts)

    # --- a batch that is in no file yet ------------------------------------------------------------------

    def take(self, batch: Batch, name: str) -> None:
        """Show a batch that is in no file yet."""
        begin(self, partial(self._take_over, batch, Path(name)), group="read", exclusive=True)

    async def _take_over(self, batch: Batch, path: Path) -> None:
        await self._begin_new(batch, path)

    async def _begin_new(self, batch: Batch, path: Path) -> bool:
        if not await self.give_up():
            return False
        try:
            sheet = await in_thread(self.app.engine.batches.unsaved, batch, path)
        except FluxtuiError as error:
            self.app.tell_problem(error.problem)
            return False
        if self.standing:
            document = Document(sheet.batch)
            if batch.tasks:
                document.mark_unsaved()
            self.desk.open(sheet, document)
            self.drafting.hear(Changed.TASKS)
        return True

    def action_reload(self) -> None:
        begin(self, self._reload, group="read", exclusive=True)

    async def _reload(self) -> None:
        sheet, document, row = self.desk.sheet, self.desk.document, self.desk.row
        if sheet is None or document is None or sheet.digest is None:
            return
        if not await self.give_up(keep=False):
            return
        await self.read(sheet.path, ask=False)
        self.desk.go(row)

    def action_new_batch(self) -> None:
        """Begin an empty batch."""
        self.take(Batch("untitled", ()), UNTITLED)

    def begin_with(self, text: str) -> None:
        """Begin a batch with what was pasted."""
        begin(self, partial(self._begin_with_text, text), group="read", exclusive=True)

    async def _begin_with_text(self, text: str) -> None:
        if await self._begin_new(Batch("untitled", ()), Path(UNTITLED)) and self.desk.document is not None:
            self.query_one(TaskSheet).take_paste(text)
