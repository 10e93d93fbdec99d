"""Opening a batch: read in a thread, shown when it is there, whatever could be read of it."""

from functools import partial
from pathlib import Path

from textual.content import Content

from fluxtui.domain.problems import FluxtuiError
from fluxtui.tui.screens.batch.working import WorkingScreen
from fluxtui.tui.work import begin, in_thread


class ReadingScreen(WorkingScreen):
    """A Batch screen that opens files."""

    def load(self, path: Path) -> None:
        """Read a file and show it; the quote follows. Before the screen is mounted its mounting does that."""
        if not (self.is_mounted and self.standing):
            return
        self.show_head(Content.styled(f"reading {path.name} …", "$muted"))
        begin(self, partial(self._read, path), group="read", exclusive=True)

    async def _read(self, path: Path) -> None:
        try:
            sheet = await in_thread(self.app.engine.batches.read, path)
            if self.standing:
                self.desk.open(sheet)
        except FluxtuiError as error:
            self.show_head(Content(path.name))
            self.app.tell_problem(error.problem)

    def action_reload(self) -> None:
        if self.desk.path is not None:
            self.load(self.desk.path)
