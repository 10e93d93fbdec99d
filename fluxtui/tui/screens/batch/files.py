"""Saving the open batch, and noticing when its file is changed by others."""

from dataclasses import replace
from functools import partial
from pathlib import Path

from textual.content import Content
from textual.widgets import Input, TextArea

from fluxtui.domain.problems import FluxtuiError
from fluxtui.tui.doors.batches import Sheet
from fluxtui.tui.screens.batch import file_questions
from fluxtui.tui.screens.batch.reading import UNTITLED, ReadingScreen
from fluxtui.tui.screens.dialogs.screen import LineScreen
from fluxtui.tui.work import begin, in_thread

_LOOK = 1.0
"""Seconds between two looks at the file."""

_KINDS = "The extension says the format. yaml, json and toml hold everything; csv, jsonl, txt the tasks."


class FileLife(ReadingScreen):
    """A Batch screen whose batch can be saved."""

    def __init__(self) -> None:
        super().__init__()
        self.changed_outside = False
        self._looking = False
        self._saving = self._save_again = self._waiting = False
        self._told: tuple[str | None, str | None] | None = None

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(_LOOK, self._look_soon)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("save", "save_as"):
            return self.desk.document is not None
        if action == "reload":
            return self.desk.sheet is not None and (self.desk.sheet.digest is not None or self.desk.broken)
        return super().check_action(action, parameters)

    async def may_leave(self) -> bool:
        """Ask about unsaved edits before the cockpit is left."""
        return await self.give_up()

    # --- saving ----------------------------------------------------------------------------------------

    def action_save(self) -> None:
        begin(self, self._save_soon, group="save")

    def action_save_as(self) -> None:
        begin(self, self._save_as_soon, group="save")

    async def _save_soon(self) -> None:
        if self._saving:
            self._save_again = True  # the one under way may have begun before the last edit
            return
        await self.save()
        if self._save_again:
            self._save_again = False
            if self.desk.document is not None and self.desk.document.dirty and self.at_hand:
                await self.save()

    async def _save_as_soon(self) -> None:
        if not self._saving:
            await self.save_as()

    async def save(self) -> bool:
        """Save into the file the batch came from; whatever would be lost is asked about first."""
        self._saving = True
        try:
            return await self._save()
        finally:
            self._saving = False

    async def _save(self) -> bool:
        sheet, document = self.desk.sheet, self.desk.document
        if sheet is None or document is None:
            return False
        if sheet.broken or sheet.digest is None:
            return await self.save_as()
        if not document.dirty and not self.changed_outside:
            self.app.tell("There is nothing to save: the file holds the batch as it is.")
            return True
        if sheet.comments:
            answer = await self.app.push_screen_wait(file_questions.comments_question(sheet.path.name, sheet.comments))
            if answer != "save":
                return answer == "elsewhere" and await self.save_as()
        lost = await in_thread(self.app.engine.batches.files.losses, self.desk.batch, sheet.format)
        if lost:
            question = file_questions.losses_question(sheet.path.name, sheet.format, lost, copy=False)
            answer = await self.app.push_screen_wait(question)
            if answer != "without":
                return answer == "yaml" and await self.save_as(sheet.path.with_suffix(".yaml"))
        return await self._write(sheet.path, sheet.format, sheet.digest, reduced=bool(lost), head=sheet.head)

    async def save_as(self, wish: Path | None = None) -> bool:
        """Ask for a name and save there; the batch is that file from then on, unless the format lost something."""
        path = await self._ask_where(wish or self._wish())
        if path is None or self.desk.document is None:
            return False
        files = self.app.engine.batches.files
        form = files.format_for(path)
        lost = await in_thread(files.losses, self.desk.batch, form)
        if lost:
            answer = await self.app.push_screen_wait(file_questions.losses_question(path.name, form, lost, copy=True))
            if answer != "without":
                return answer == "yaml" and await self.save_as(path.with_suffix(".yaml"))
        try:
            found = await in_thread(files.digest, path)
        except FluxtuiError as error:
            self.app.tell_problem(error.problem)
            return False
        if found is not None and not await self._overwrite(path):
            return False
        return await self._write(path, form, found, reduced=bool(lost), copy=bool(lost))

    def _wish(self) -> Path:
        sheet = self.desk.sheet
        if sheet is None or sheet.path == Path(UNTITLED):
            return Path.cwd() / f"{self.desk.batch.name or 'untitled'}.yaml"
        return sheet.path

    async def _ask_where(self, wish: Path) -> Path | None:
        answer = await self.app.push_screen_wait(
            LineScreen("Save as", Content(_KINDS), value=str(wish), check=wrong_name)
        )
        return None if answer is None else await in_thread(Path(answer).expanduser)

    async def _overwrite(self, path: Path) -> bool:
        return await self.app.push_screen_wait(file_questions.exists_question(str(path))) == "overwrite"

    async def _write(
        self, path: Path, form: str, expected: str | None, *, reduced: bool, head: str = "", copy: bool = False
    ) -> bool:
        from fluxtui.engine.files import FileChangedError

        document, files = self.desk.document, self.app.engine.batches.files
        if document is None:
            return False
        batch = document.batch
        try:
            written = await in_thread(files.reduced, batch, form) if reduced else batch
            digest = await in_thread(files.save, written, path, form, expected, head)
        except FileChangedError as error:
            return await self._settle(error.digest, path, form, reduced=reduced, head=head)
        except FluxtuiError as error:
            self.app.tell_problem(error.problem)
            return False
        if copy:
            self.app.tell(f"Saved a copy as {path.name}; the batch itself is not saved by that.")
            return False
        if self.desk.sheet is not None and self.desk.document is document:
            # No stamp: one taken now might be that of what somebody else wrote since. The next look finds it.
            self.desk.sheet = replace(
                self.desk.sheet, path=path, format=form, digest=digest, stamp=None, head=head, comments=0, broken=False
            )
            document.mark_saved(batch)
            self.changed_outside = False
            self.desk.saved()
            await self.drafting.keep_now()
        self.app.batch_path = path
        self.app.tell(f"Saved {path.name}")
        return not document.dirty

    async def _settle(self, found: str | None, path: Path, form: str, *, reduced: bool, head: str) -> bool:
        """The file is not the one that was read: overwrite, save elsewhere or read theirs."""
        answer = await self.app.push_screen_wait(file_questions.changed_question(path.name, gone=found is None))
        if answer == "overwrite":
            return await self._write(path, form, found, reduced=reduced, head=head)
        if answer == "elsewhere":
            return await self.save_as()
        if answer == "read":
            await self.drafting.let_go(keep=False)
            await self.read(path, ask=False)
        return False

    # --- changes from outside ----------------------------------------------------------------------------

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self._look_soon()

    def _look_soon(self) -> None:
        sheet = self.desk.sheet
        idle = not self._looking and not self._saving
        if sheet is not None and sheet.digest is not None and idle and self.standing:
            self._looking = True
            begin(self, partial(self._look, sheet), group="look")

    async def _look(self, sheet: Sheet) -> None:
        files = self.app.engine.batches.files
        try:
            stamp = await in_thread(files.stamp, sheet.path)
            if stamp == sheet.stamp or sheet is not self.desk.sheet:
                return
            digest = await in_thread(files.digest, sheet.path)
            if sheet is not self.desk.sheet or self._saving:
                return
            if digest == sheet.digest:
                self.desk.sheet = replace(sheet, stamp=stamp)
                self.changed_outside, self._told = False, None
            elif (sheet.digest, digest) != self._told and await self._changed_outside(sheet, digest):
                self._told = (sheet.digest, digest)
        except FluxtuiError:
            return  # it cannot be read just now: the next look tells
        finally:
            self._looking = False

    async def _changed_outside(self, sheet: Sheet, digest: str | None) -> bool:
        """Tell of it, or show it where nothing would be lost by that; False when that has to wait."""
        name, document = sheet.path.name, self.desk.document
        if digest is None:
            self.changed_outside = True
            self.app.tell(f"{name} is no longer there. ctrl+s writes it anew, after asking.", severity="warning")
        elif document is not None and document.dirty:
            self.changed_outside = True
            self.app.tell(
                f"{name} was changed outside. r reads theirs, ctrl+s asks before it saves yours.", severity="warning"
            )
        elif not await self._follow(sheet):
            return False
        self.desk.saved()
        return True

    async def _follow(self, sheet: Sheet) -> bool:
        """Show the file as it is now, unless somebody has begun to change what is shown."""
        name = sheet.path.name
        if not self.at_hand:
            if not self._waiting and not self.turns.busy:
                self.app.tell(f"{name} was changed outside. It is read again when you are done here.")
            self._waiting = self._waiting or not self.turns.busy
            return False
        fresh = await in_thread(self.app.engine.batches.read, sheet.path)
        document = self.desk.document
        if self.desk.sheet is not sheet or (document is not None and document.dirty) or not self.at_hand:
            return False
        if fresh.broken and not sheet.broken:
            self.changed_outside = True
            self.app.tell(f"{name} was changed outside and cannot be read now. r shows why.", severity="warning")
            return True
        row, key = self.desk.row, self.desk.key
        self.changed_outside = self._waiting = False
        self.desk.open(fresh)
        self.desk.go(row, key)
        self.app.tell(f"{name} was changed outside: read again.")
        return True

    @property
    def at_hand(self) -> bool:
        """Whether nothing is under way that is about the batch as it is shown: a dialog, a line, an edit."""
        if self.turns.busy:
            return False
        return self.app.get_screen_stack("batch")[-1] is self and not isinstance(self.focused, Input | TextArea)


def wrong_name(text: str) -> str | None:
    """Return what is wrong with a path to save to, None when nothing is."""
    from fluxtui.engine.files import SUFFIXES, format_for, writable

    path = Path(text).expanduser()
    if not format_for(path):
        return f"The name ends in none of {', '.join(SUFFIXES)}."
    try:
        return writable(path)
    except OSError as error:
        return f"{path}: {error.strerror or error}."
