"""The pane of the sheet: its title, the line that filters it, the cell that is being edited."""

from functools import partial

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.events import DescendantBlur
from textual.widgets import Input

from fluxtui.domain.batch import Batch
from fluxtui.engine.live_quote import Severity
from fluxtui.tui import faces
from fluxtui.tui.editing import edits, fields, searching
from fluxtui.tui.editing.fields import FieldError
from fluxtui.tui.screens.batch.cell_editor import CellEditor
from fluxtui.tui.screens.batch.desk import Changed, Priced
from fluxtui.tui.screens.batch.desk_part import DeskPart
from fluxtui.tui.screens.batch.row_work import tasks_word
from fluxtui.tui.screens.batch.sheet import TaskSheet
from fluxtui.tui.screens.batch.sheet_lines import SEVERITIES
from fluxtui.tui.work import begin, in_thread

IN_THE_PANE = frozenset({"prompt", "negative_prompt", "references", "extra"})
"""Columns that are edited in the large editor: one line is too little for them."""


class SheetPane(DeskPart, Container):
    """The sheet with what belongs to it."""

    sheet = getters.query_one(TaskSheet)
    line = getters.query_one("#task-filter", Input)
    cell = getters.query_one(CellEditor)

    def __init__(self) -> None:
        super().__init__(id="tasks-pane", classes="pane")
        self._searcher = searching.Searcher()
        self._rows: tuple[int, ...] = ()
        self._taking_over = False

    def compose(self) -> ComposeResult:
        yield TaskSheet(id="tasks")
        yield Input(placeholder=f"words, {', '.join(searching.WORDS)}", id="task-filter", compact=True)
        yield CellEditor(self._cell_done)

    def desk_changed(self, what: Changed) -> None:
        if what & Changed.OPENED:
            self.close_filter()
            self.cell.close()
        elif what & Changed.TASKS:
            if self.line.value:
                self._search()
            if not self._taking_over:
                self._leave_cell()  # its row may stand elsewhere now
        self._show_title()

    def _show_title(self) -> None:
        desk, count = self.desk, len(self.desk.batch.tasks)
        shown = self.sheet.row_count
        title = f"tasks {count:,}" if shown == count else f"tasks {shown:,} of {count:,}"
        if desk.marked:
            hidden = len(desk.marked - set(self.sheet.view)) if shown != count else 0
            title += f" · {len(desk.marked):,} marked" + (f", {hidden:,} not shown" if hidden else "")
        if self.sheet.ranging:
            title += " · marking: v ends"
        self.border_title = Content(title)
        self.border_subtitle = self._row_words()

    def _row_words(self) -> Content:
        """Return the worst there is to say about the row under the cursor."""
        notes = self.desk.notes(self.desk.row)
        if not notes:
            return Content("")
        glyph, color = SEVERITIES[notes[0].severity]
        target = "" if not notes[0].target else f"{notes[0].target}: "
        more = f"  +{len(notes) - 1}" if len(notes) > 1 else ""
        room = max(self.size.width - 8 - len(more), 8)
        text = faces.one_line(f"{target}{notes[0].sentence}", 400)
        text = text if len(text) <= room else text[: room - 1] + "…"
        return Content.assemble((f"{glyph} ", f"${color}"), text, (more, "$muted"))

    @on(TaskSheet.RangeChanged)
    def _ranging(self) -> None:
        self._show_title()

    # --- the filter --------------------------------------------------------------------------------------

    def open_filter(self) -> None:
        """Go to the line that says which rows are shown."""
        self.line.add_class("-open")
        self.screen.set_focus(self.line)  # at once: the next key may be here already

    def close_filter(self) -> None:
        """Show every row again."""
        if self.line.has_class("-open"):
            self.line.value = ""
            self.line.remove_class("-open")
            self.screen.set_focus(self.sheet)

    @on(Input.Changed, "#task-filter")
    def _filter_typed(self) -> None:
        self._search()

    @on(Input.Submitted, "#task-filter")
    def _filter_done(self) -> None:
        if not self.line.value:
            self.line.remove_class("-open")
        self.sheet.focus()

    def _search(self) -> None:
        wanted = searching.parse(self.line.value)
        if wanted.empty:
            self.workers.cancel_group(self, "search")
            self.sheet.show_rows(range(len(self.desk.batch.tasks)))
            self._show_title()
        else:
            desk = self.desk
            begin(
                self,
                partial(self._searched, wanted, desk.batch, desk.marked, desk.priced),
                group="search",
                exclusive=True,
            )
        self.line.set_class(wanted.wrong is not None, "-wrong")

    async def _searched(
        self, wanted: searching.RowFilter, batch: Batch, marked: frozenset[int], priced: Priced | None
    ) -> None:
        def asked(ask: str, row: int) -> bool:
            if ask == "is:marked":
                return row in marked
            worst = priced.worst[row] if priced is not None and row < len(priced.worst) else None
            return worst is Severity.WRONG if ask == "is:wrong" else worst is not None

        rows = await in_thread(self._searcher.rows, batch.tasks, wanted, asked)
        if batch is self.desk.batch and self.is_attached:
            self.sheet.show_rows(rows)
            self._show_title()

    # --- the cell ----------------------------------------------------------------------------------------

    def edit_cell(self) -> bool:
        """Edit the cell under the cursor: in the large editor when it needs more than a line, else here.

        Returns whether it is edited at all.
        """
        sheet, desk = self.sheet, self.desk
        task, key = desk.task, sheet.key
        if task is None:
            return False
        text = fields.text_of(task, key)
        self._rows = desk.rows if desk.row in desk.marked else (desk.row,)
        if len(self._rows) == 1 and (key in IN_THE_PANE or "\n" in text) and self.working.open_field(key):
            self.cell.close()
            return True
        sheet.reveal()
        place = sheet.cell(sheet.cursor, key)
        if place is None or "\n" in text:
            return False
        note = f"for the {tasks_word(len(self._rows))} marked" if len(self._rows) > 1 else ""
        self.cell.edit(text, place, sheet.size.width, partial(self._wrong, key), note)
        return True

    def _wrong(self, key: str, text: str) -> str | None:
        try:
            edits.set_text(self.desk.batch, self._rows[:2], key, text)  # two stand for many
        except FieldError as error:
            return error.sentence()
        return None

    async def _take_over(self, text: str) -> bool:
        desk, rows, key = self.desk, self._rows, self.sheet.key
        self._taking_over = True
        try:
            await self.working.turns.do(lambda: partial(edits.set_text, desk.batch, rows, key, text))
        except FieldError as error:
            self.cell.refuse(error.sentence())
            return False
        finally:
            self._taking_over = False
        return True

    async def _cell_done(self, text: str, columns: int, rows: int) -> None:
        if not self.cell.open or not await self._take_over(text):
            return
        if columns or rows:
            self.sheet.action_column(columns)
            self.sheet.cursor += rows
            self.call_after_refresh(self._edit_next)
        else:
            self._leave_cell()

    def _edit_next(self) -> None:
        if not self.edit_cell():
            self._leave_cell()

    def _leave_cell(self) -> None:
        self.cell.close()
        if self.cell.line.has_focus:
            self.sheet.focus()

    @on(CellEditor.Left)
    def _cell_left(self) -> None:
        self._leave_cell()

    async def on_descendant_blur(self, event: DescendantBlur) -> None:
        """Somebody went elsewhere with the mouse: what can be taken over is, nothing typed is lost silently."""
        line = self.cell.line
        left = event.widget is line and self.cell.open and self.app.app_focus and not line.has_focus
        if left and await self._take_over(line.value):
            self.cell.close()
