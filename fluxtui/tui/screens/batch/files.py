"""Batches and their files: opened, begun, saved; and nothing that is not saved is lost without a question."""

from dataclasses import replace
from functools import partial
from pathlib import Path

from textual.content import Content

from fluxtui.domain.batch import Batch
from fluxtui.domain.problems import FluxtuiError
from fluxtui.tui import faces
from fluxtui.tui.doors.batches import Sheet
from fluxtui.tui.editing.document import Document
from fluxtui.tui.screens.batch.sheet import TaskSheet
from fluxtui.tui.screens.batch.working import WorkingScreen
from fluxtui.tui.screens.dialogs.screen import AskScreen, Choice, LineScreen
from fluxtui.tui.work import begin, in_thread

SUFFIXES = (".yaml", ".yml", ".json", ".toml", ".csv", ".jsonl", ".ndjson", ".txt")
"""The extensions that a batch can be written with."""
_UNTITLED = "untitled.yaml"


class FileLife(WorkingScreen):
    """A Batch screen that opens and saves files."""

    # --- opening ---------------------------------------------------------------------------------------

    def load(self, path: Path) -> None:
        """Read a file and show it; the quote follows. Before the screen is mounted its mounting does that."""
        if self.is_mounted and self.standing:
            begin(self, partial(self._load, path), group="file", exclusive=True)

    async def _load(self, path: Path) -> None:
        if not await self.may_leave():
            return
        self.set_class(False, "-nothing")
        self.say(f"reading {path.name} …")
        try:
            sheet = await in_thread(self.app.engine.batches.read, path)
            if self.standing:
                self.desk.open(sheet)
        except FluxtuiError as error:
            self.say("")
            self.app.tell_problem(error.problem)

    def take(self, batch: Batch, name: str) -> None:
        """Show a batch that is in no file yet."""
        begin(self, partial(self._take_over, batch, Path(name)), group="file", exclusive=True)

    async def _take_over(self, batch: Batch, path: Path) -> None:
        await self._take(batch, path)

    async def _take(self, batch: Batch, path: Path) -> bool:
        if not await self.may_leave():
            return False
        try:
            sheet = await in_thread(self.app.engine.batches.unsaved, batch, path)
        except FluxtuiError as error:
            self.app.tell_problem(error.problem)
            return False
        if not self.standing:
            return False
        document = Document(sheet.batch)
        if batch.tasks:
            document.mark_unsaved()
        self.desk.open(sheet, document)
        return True

    def action_reload(self) -> None:
        if self.desk.path is not None:
            self.load(self.desk.path)

    def action_new_batch(self) -> None:
        """Begin an empty batch."""
        self.take(Batch("untitled", ()), _UNTITLED)

    def begin_with(self, text: str) -> None:
        """Begin a batch with what was pasted."""
        begin(self, partial(self._begin_with_text, text), group="file", exclusive=True)

    async def _begin_with_text(self, text: str) -> None:
        if await self._take(Batch("untitled", ()), Path(_UNTITLED)):
            self.query_one(TaskSheet).take_paste(text)

    # --- saving ----------------------------------------------------------------------------------------

    def action_save(self) -> None:
        begin(self, self._save_by_key, group="file", exclusive=True)

    def action_save_as(self) -> None:
        begin(self, self._save_as_by_key, group="file", exclusive=True)

    async def _save_by_key(self) -> None:
        await self._save()

    async def _save_as_by_key(self) -> None:
        await self._save_as()

    async def _save(self) -> bool:
        """Save to the file that the batch came from; ask for one when there is none, or it was changed meanwhile."""
        sheet = self.desk.as_sheet()
        if sheet is None:
            return False
        if sheet.stamp is None or sheet.broken:
            return await self._save_as()
        found = await in_thread(self.app.engine.batches.stamp, sheet.path)
        if found is not None and found != sheet.stamp:
            answer = await self.app.push_screen_wait(changed_question(sheet.path))
            if answer == "other":
                return await self._save_as()
            if answer != "over":
                return False
        return await self._write(sheet, sheet.path, sheet.format)

    async def _save_as(self) -> bool:
        sheet = self.desk.as_sheet()
        if sheet is None:
            return False
        body = Content(
            "The extension says the format. yaml, json and toml hold everything; csv, jsonl, txt the tasks."
        )
        here = str(sheet.path) if sheet.path.suffix in SUFFIXES else str(sheet.path.with_suffix(".yaml"))
        text = await self.app.push_screen_wait(LineScreen("Save as", body, value=here, check=wrong_name))
        if text is None:
            return False
        path = await in_thread(Path(text).expanduser)
        if await in_thread(path.exists):
            answer = await self.app.push_screen_wait(overwrite_question(path))
            if answer != "over":
                return False
        return await self._write(sheet, path, "")

    async def _write(self, sheet: Sheet, path: Path, format_name: str) -> bool:
        batch = sheet.batch
        try:
            stamp = await in_thread(self.app.engine.batches.write, batch, path, format_name)
        except FluxtuiError as error:
            self.app.tell_problem(error.problem)
            return False
        now = self.desk.sheet
        if now is not None and self.desk.document is not None and now.path == sheet.path:
            self.desk.sheet = replace(now, path=path, format=format_name or path.suffix[1:], stamp=stamp, broken=False)
            self.desk.document.mark_saved(batch)
            self.desk.saved()
        self.app.batch_path = path
        self.app.tell(f"Saved {path.name}")
        return True

    async def may_leave(self) -> bool:
        """Ask about changes that are not saved; False when the person stays."""
        document = self.desk.document
        if document is None or not document.dirty:
            return True
        answer = await self.app.push_screen_wait(unsaved_question(self.desk.batch.name))
        return await self._save() if answer == "save" else answer == "lose"


def wrong_name(text: str) -> str | None:
    """Return what is wrong with a path to save to, None when nothing is."""
    path = Path(text).expanduser()
    if path.suffix.lower() not in SUFFIXES:
        return f"The name ends in none of {', '.join(SUFFIXES)}."
    try:
        return None if path.parent.is_dir() else f"There is no folder {path.parent}."
    except OSError as error:
        return f"{path.parent}: {error.strerror or error}."


def unsaved_question(name: str) -> AskScreen:
    return AskScreen(
        f"{faces.one_line(name, 40)} is not saved",
        Content("What was changed since the last save is in no file."),
        (
            Choice("s", "save", "save it", ""),
            Choice("d", "lose", "go on without saving", "the changes are lost", "warning"),
            Choice("n", "stay", "stay", ""),
        ),
    )


def changed_question(path: Path) -> AskScreen:
    return AskScreen(
        "Somebody else changed the file",
        Content(f"{faces.one_line(path.name, 60)} is not as it was when it was read."),
        (
            Choice("a", "other", "save under another name", "both are kept"),
            Choice("o", "over", "write over it", "their changes are lost", "warning"),
            Choice("n", "stay", "do not save", ""),
        ),
    )


def overwrite_question(path: Path) -> AskScreen:
    return AskScreen(
        "There is such a file",
        Content(f"{faces.one_line(str(path), 200)} would be replaced."),
        (Choice("n", "stay", "keep it", ""), Choice("o", "over", "write over it", "", "warning")),
    )
