"""What is done to the marked rows of the sheet: added, copied, deleted, moved, filled, sorted, replaced, pasted."""

from functools import partial
from typing import TYPE_CHECKING, cast

from fluxtui.domain.batch import Batch, Task
from fluxtui.tui.editing import edits, ordering, paste, replacing
from fluxtui.tui.editing.edits import Edited
from fluxtui.tui.editing.fields import FieldError
from fluxtui.tui.editing.paste import Pasted
from fluxtui.tui.screens.batch.desk_part import DeskPart
from fluxtui.tui.work import begin, in_thread

if TYPE_CHECKING:
    from fluxtui.tui.screens.batch.sheet_lines import SheetLines

LARGEST_COPY = 75_000
"""Characters beyond which many terminals drop what is sent to their clipboard."""


class RowWork(DeskPart):
    """The actions of the sheet that change the batch, or leave it for the clipboard."""

    @property
    def _sheet(self) -> "SheetLines":
        return cast("SheetLines", self)

    def _do(self, edit: Edited, *, go: bool = False, mark: bool = False) -> bool:
        """Take over an edit; put the cursor on its first row, mark its rows."""
        changed = self.desk.apply(edit)
        if go and edit.rows:
            self.desk.go(edit.rows[0], self._sheet.key)
        if mark:
            self.desk.mark(edit.rows)
        return changed

    def action_add(self) -> None:
        """Put an empty task below the cursor; its prompt is what is edited next."""
        if self.desk.document is None:
            return
        after = self.desk.row if self.desk.task is not None else None
        self._do(edits.add(self.desk.batch, after), go=True)

    def action_duplicate(self) -> None:
        many = bool(self.desk.marked)
        self._do(edits.duplicate(self.desk.batch, self.desk.rows), go=True, mark=many)

    def action_delete(self) -> None:
        count = len(self.desk.rows)
        if count and self._do(edits.delete(self.desk.batch, self.desk.rows), go=True):
            self.desk.mark(())
            self.cockpit.tell(f"{tasks_word(count)} deleted, ctrl+z undoes")

    def action_shift(self, step: int) -> None:
        self._do(edits.move(self.desk.batch, self.desk.rows, step))
        self._sheet.reveal()

    def action_fill(self) -> None:
        rows, key = self.desk.rows, self._sheet.key
        try:
            changed = self._do(edits.fill_down(self.desk.batch, rows, key))
        except FieldError as error:
            self.cockpit.tell(error.sentence(), severity="warning")
            return
        if changed and len(rows) > 1:
            self.cockpit.tell(f"Filled in {tasks_word(len(rows) - 1)}, ctrl+z undoes")

    def action_sort(self) -> None:
        if self.desk.document is not None:
            begin(self._sheet, partial(self._sort, self.desk.batch, self._sheet.key), group="sort", exclusive=True)

    async def _sort(self, batch: Batch, key: str) -> None:
        edit = await in_thread(ordering.sort, batch, key)
        if batch is self.desk.batch and self._do(edit):
            self.cockpit.tell(f"{edit.label.capitalize()}, ctrl+z undoes")

    # --- columns -------------------------------------------------------------------------------------------

    def action_add_column(self) -> None:
        from fluxtui.tui.screens.batch.column_screen import ColumnScreen

        def chosen(key: str | None) -> None:
            if key is not None:
                self._sheet.columns.add(key)
                self._sheet.refresh_all()
                self.desk.go(self.desk.row, key)

        if self.desk.document is not None:
            shown = {column.key for column in self._sheet.columns.shown}
            self.cockpit.push_screen(ColumnScreen(self.desk.batch, shown), chosen)

    def action_drop_column(self) -> None:
        sheet, key = self._sheet, self._sheet.key
        if key in ("name", "prompt"):
            self.cockpit.tell("Every task has a name and a prompt.", severity="warning")
            return
        title = sheet.columns.shown[sheet.column].title
        edit = edits.set_text(self.desk.batch, range(len(self.desk.batch.tasks)), key, "")
        place = sheet.column
        changed = self._do(edit)
        sheet.columns.drop(key)
        self.desk.go(self.desk.row, sheet.columns.shown[min(place, len(sheet.columns.shown) - 1)].key)
        sheet.refresh_all()
        if changed:
            self.cockpit.tell(f"{title} taken out of every task, ctrl+z undoes")

    def action_replace(self) -> None:
        from fluxtui.tui.screens.batch.replace_screen import ReplaceScreen

        def answered(shown: replacing.Preview | None) -> None:
            if shown is not None and self._do(replacing.replaced(self.desk.batch, shown)):
                self.cockpit.tell(f"Replaced in {tasks_word(len(shown.possible))}, ctrl+z undoes")

        desk = self.desk
        if desk.batch.tasks:
            rows = desk.rows if desk.marked else tuple(self._sheet.view)
            columns = self._sheet.columns.shown
            self.cockpit.push_screen(ReplaceScreen(desk.batch, rows, columns, self._sheet.key), answered)

    # --- clipboard -------------------------------------------------------------------------------------------

    def action_copy(self) -> None:
        tasks = [self.desk.batch.tasks[row] for row in self.desk.rows]
        if tasks:
            begin(self._sheet, partial(self._copy, tasks), group="copy", exclusive=True)

    async def _copy(self, tasks: list[Task]) -> None:
        text = await in_thread(paste.copy_text, tasks)
        self.cockpit.copy_to_clipboard(text)
        far = " Your terminal may take less; p pastes it here." if len(text) > LARGEST_COPY else ""
        self.cockpit.tell(f"{tasks_word(len(tasks))} copied.{far}")

    def action_paste(self) -> None:
        if self.cockpit.clipboard:
            self.take_paste(self.cockpit.clipboard)
        else:
            self.cockpit.tell("Nothing was copied here yet. Paste with your terminal's own key.", severity="warning")

    def take_paste(self, text: str) -> None:
        """Read tasks from a text, show them, and ask where they go."""
        begin(self._sheet, partial(self._read_paste, text), group="paste", exclusive=True)

    async def _read_paste(self, text: str) -> None:
        from fluxtui.tui.screens.batch.paste_question import paste_question

        found = await in_thread(paste.read_paste, text)
        if not found.tasks:
            self.cockpit.tell("\n".join(found.findings) or "There is no prompt in what was pasted.", severity="warning")
            return
        marked = len(self.desk.marked)
        question = paste_question(found, marked)
        self.cockpit.push_screen(question, partial(self._pasted, found))

    def _pasted(self, found: Pasted, answer: str | None) -> None:
        if answer is None or self.desk.document is None:
            return
        batch, desk = self.desk.batch, self.desk
        if answer == "replace":
            rows = sorted(desk.marked)
            edit = replaced_by(edits.delete(batch, rows), found, rows[0])
        else:
            edit = edits.insert(batch, desk.row if desk.task is not None else None, found.tasks)
        self._do(edit, go=True)
        self.desk.mark(())
        self.cockpit.tell(f"{tasks_word(len(edit.rows))} pasted, ctrl+z undoes")


def replaced_by(deleted: Edited, found: Pasted, at: int) -> Edited:
    """Return the edit that puts pasted tasks where deleted ones stood first."""
    done = edits.insert(deleted.batch, at - 1, found.tasks)
    return Edited(done.batch, f"replace by {tasks_word(len(found.tasks))}", done.rows)


def tasks_word(count: int) -> str:
    return "1 task" if count == 1 else f"{count:,} tasks"
