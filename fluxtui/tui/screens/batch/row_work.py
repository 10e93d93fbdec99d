"""What is done to the marked rows of the sheet: added, copied, deleted, moved, filled, sorted, replaced, pasted."""

from collections.abc import Callable, Sequence
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

    async def _do(self, ask: Callable[[], Callable[[], Edited]], *, go: bool = False, mark: bool = False) -> bool:
        """Take over an edit; put the cursor on its first row, mark its rows."""

        def then(edit: Edited) -> None:
            if go and edit.rows:
                self.desk.go(edit.rows[0], self._sheet.key)
            if mark:
                self.desk.mark(edit.rows)

        return await self.working.turns.do(ask, then)

    async def action_add(self) -> None:
        """Put an empty task below the cursor; its prompt is what is edited next."""
        desk = self.desk
        await self._do(lambda: partial(edits.add, desk.batch, desk.row if desk.task is not None else None), go=True)

    async def action_duplicate(self) -> None:
        desk = self.desk
        await self._do(lambda: partial(edits.duplicate, desk.batch, desk.rows), go=True, mark=bool(desk.marked))

    async def action_delete(self) -> None:
        desk, count = self.desk, len(self.desk.rows)
        if count and await self._do(lambda: partial(edits.delete, desk.batch, desk.rows), go=True):
            desk.mark(())
            self.cockpit.tell(f"{tasks_word(count)} deleted, ctrl+z undoes")

    async def action_shift(self, step: int) -> None:
        desk = self.desk
        await self._do(lambda: partial(edits.move, desk.batch, desk.rows, step))
        self._sheet.reveal()

    async def action_fill(self) -> None:
        desk, rows, key = self.desk, self.desk.rows, self._sheet.key
        try:
            changed = await self._do(lambda: partial(edits.fill_down, desk.batch, desk.rows, key))
        except FieldError as error:
            self.cockpit.tell(error.sentence(), severity="warning")
            return
        if changed and len(rows) > 1:
            self.cockpit.tell(f"Filled in {tasks_word(len(rows) - 1)}, ctrl+z undoes")

    async def action_sort(self) -> None:
        desk, key, done = self.desk, self._sheet.key, list[str]()

        def then(edit: Edited) -> None:
            done.append(edit.label)

        if await self.working.turns.do(lambda: partial(ordering.sort, desk.batch, key), then):
            self.cockpit.tell(f"{done[0].capitalize()}, ctrl+z undoes")

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

    async def action_drop_column(self) -> None:
        desk, sheet, key = self.desk, self._sheet, self._sheet.key
        if key in ("name", "prompt"):
            self.cockpit.tell("Every task has a name and a prompt.", severity="warning")
            return
        title = sheet.columns.shown[sheet.column].title
        place = sheet.column
        changed = await self._do(
            lambda: partial(edits.set_text, desk.batch, range(len(desk.batch.tasks)), key, ""),
        )
        sheet.columns.drop(key)
        desk.go(desk.row, sheet.columns.shown[min(place, len(sheet.columns.shown) - 1)].key)
        sheet.refresh_all()
        if changed:
            self.cockpit.tell(f"{title} taken out of every task, ctrl+z undoes")

    def action_replace(self) -> None:
        from fluxtui.tui.screens.batch.replace_screen import ReplaceScreen

        desk = self.desk

        async def answered(shown: replacing.Preview | None) -> None:
            if shown is not None and await self._do(lambda: partial(replacing.replaced, desk.batch, shown)):
                self.cockpit.tell(f"Replaced in {tasks_word(len(shown.possible))}, ctrl+z undoes")

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

    async def _pasted(self, found: Pasted, answer: str | None) -> None:
        desk = self.desk

        def ask() -> Callable[[], Edited]:
            if answer == "replace" and desk.marked:
                return partial(replaced_by, desk.batch, desk.rows, found)
            return partial(edits.insert, desk.batch, desk.row if desk.task is not None else None, found.tasks)

        if answer is not None and await self._do(ask, go=True):
            desk.mark(())
            self.cockpit.tell(f"{tasks_word(len(found.tasks))} pasted, ctrl+z undoes")


def replaced_by(batch: Batch, rows: Sequence[int], found: Pasted) -> Edited:
    """Put pasted tasks where the first of some others stands, and take those out."""
    done = edits.insert(edits.delete(batch, rows).batch, rows[0] - 1, found.tasks)
    return Edited(done.batch, f"replace by {tasks_word(len(found.tasks))}", done.rows)


def tasks_word(count: int) -> str:
    return "1 task" if count == 1 else f"{count:,} tasks"
