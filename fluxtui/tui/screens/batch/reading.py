"""Opening a batch: read in a thread, shown when it is there, whatever could be read of it."""

from functools import partial
from pathlib import Path

from fluxtui.domain.batch import Batch
from fluxtui.domain.problems import FluxtuiError
from fluxtui.tui.editing.document import Document
from fluxtui.tui.screens.batch.sheet import TaskSheet
from fluxtui.tui.screens.batch.working import WorkingScreen
from fluxtui.tui.work import begin, in_thread


class ReadingScreen(WorkingScreen):
    """A Batch screen that opens files."""

    def load(self, path: Path) -> None:
        """Read a file and show it; the quote follows. Before the screen is mounted its mounting does that."""
        if not (self.is_mounted and self.standing):
            return
        self.set_class(False, "-nothing")
        self.say(f"reading {path.name} …")
        begin(self, partial(self._read, path), group="read", exclusive=True)

    async def _read(self, path: Path) -> None:
        try:
            sheet = await in_thread(self.app.engine.batches.read, path)
            if self.standing:
                self.desk.open(sheet)
        except FluxtuiError as error:
            self.say("")
            self.app.tell_problem(error.problem)

    def take(self, batch: Batch, name: str) -> None:
        """Show a batch that is in no file yet."""
        begin(self, partial(self._take, batch, Path(name)), group="read", exclusive=True)

    async def _take(self, batch: Batch, path: Path) -> None:
        try:
            sheet = await in_thread(self.app.engine.batches.unsaved, batch, path)
        except FluxtuiError as error:
            self.app.tell_problem(error.problem)
            return
        if self.standing:
            document = Document(sheet.batch)
            if batch.tasks:
                document.mark_unsaved()
            self.desk.open(sheet, document)

    def action_reload(self) -> None:
        if self.desk.path is not None:
            self.load(self.desk.path)

    def action_new_batch(self) -> None:
        """Begin an empty batch."""
        self.take(Batch("untitled", ()), "untitled.yaml")

    def begin_with(self, text: str) -> None:
        """Begin a batch with what was pasted."""
        begin(self, partial(self._begin_with_text, text), group="read", exclusive=True)

    async def _begin_with_text(self, text: str) -> None:
        await self._take(Batch("untitled", ()), Path("untitled.yaml"))
        if self.desk.document is not None:
            self.query_one(TaskSheet).take_paste(text)
