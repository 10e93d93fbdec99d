"""Beside the prompt: parameters, context and references of the task, with what the chosen targets take."""

import json
from functools import partial

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input

from fluxtui.domain.problems import FluxtuiError
from fluxtui.engine.ranges import TargetRanges
from fluxtui.tui import faces, keymap
from fluxtui.tui.editing import edits, fields
from fluxtui.tui.editing.fields import CONTEXT, FieldError
from fluxtui.tui.ink import Ink, Part, fit
from fluxtui.tui.screens.batch.column_screen import ColumnScreen
from fluxtui.tui.screens.batch.desk import Changed
from fluxtui.tui.screens.batch.desk_part import DeskPart
from fluxtui.tui.screens.batch.sheet_lines import SEVERITIES
from fluxtui.tui.widgets.fitted import Fitted
from fluxtui.tui.widgets.rows import Rows
from fluxtui.tui.work import begin, in_thread

_BREAK = "⏎"
"""Stands for a line break in the one line that a value is typed in."""
_SHOWN = Changed.OPENED | Changed.TASKS | Changed.CURSOR | Changed.FRAME | Changed.QUOTE
_MOST_SAID = 4


class FieldLine(Input):
    """The value being typed."""

    BINDINGS = keymap.bindings(keymap.TASK_LINE)
    HELP = "A value of the task. It is in the batch as you type, and the price follows; esc goes back to the list."

    def action_leave(self) -> None:
        self.query_ancestor(TaskEditor).close()


class FieldList(Rows):
    """What the task says beside its prompts, and what it could say."""

    BINDINGS = keymap.bindings(keymap.TASK)
    HELP = (
        "What the task asks for beside its prompt: parameters, words of context (told to people and judges, not to"
        " services), references. Below stands what each ticked target takes for the value under the cursor."
    )

    def __init__(self) -> None:
        super().__init__(id="task-fields")
        self.keys: tuple[str, ...] = ()

    @property
    def editor(self) -> "TaskEditor":
        return self.query_ancestor(TaskEditor)

    @property
    def row_count(self) -> int:
        return len(self.keys)

    @property
    def key(self) -> str:
        return self.keys[self.cursor] if self.keys else ""

    def draw_row(self, index: int, width: int, ink: Ink) -> list[Part]:
        key, desk = self.keys[index], self.editor.desk
        task = desk.task
        text = "" if task is None else fields.text_of(task, key)
        name = min(16, max(8, width // 3))
        label = (fit(faces.one_line(fields.column(key).title, 40), name), ink("muted"))
        room = width - name - 1
        if text:
            return [label, (" ", ink("muted")), (fit(faces.one_line(text, room + 1), room), ink("foreground"))]
        default = desk.batch.defaults.get(key)
        said = "" if default is None else f"{fields.value_text(default)}  by default"
        return [label, (" ", ink("muted")), (fit(faces.one_line(said, room + 1) or "·", room), ink("muted"))]

    def action_edit(self) -> None:
        self.editor.edit(self.key)

    def on_rows_chosen(self) -> None:
        self.action_edit()

    def action_clear(self) -> None:
        self.editor.clear(self.key)

    def action_add(self) -> None:
        self.editor.ask_for_another()

    def action_leave(self) -> None:
        self.screen.query_one("#tasks").focus()


class TaskEditor(DeskPart, Vertical):
    """The list, the line that a value is typed in, and what there is to say about it."""

    list = getters.query_one(FieldList)
    line = getters.query_one(FieldLine)

    def __init__(self) -> None:
        super().__init__(id="task-editor", classes="pane")
        self.ranges: tuple[TargetRanges, ...] = ()
        self._asked: object = None
        self._more: tuple[str, ...] = ()
        self._editing = ""
        self._wrong = ""

    def compose(self) -> ComposeResult:
        yield FieldList()
        yield FieldLine(compact=True, select_on_focus=False, id="task-line")
        yield Fitted(id="task-said")

    def desk_changed(self, what: Changed) -> None:
        if not what & _SHOWN:
            return
        if what & Changed.OPENED:
            self._more = ()
        if what & (Changed.CURSOR | Changed.OPENED) and self._editing:
            self.close(focus=False)
        if self.desk.targets != self._asked:
            self._asked = self.desk.targets
            begin(self, self._ask_ranges, group="ranges", exclusive=True)
        self._show()

    async def _ask_ranges(self) -> None:
        try:
            self.ranges = await in_thread(self.cockpit.engine.batches.ranges, self.desk.targets)
        except FluxtuiError:
            return  # the quote says it
        if self.is_mounted:
            self._show()

    def _show(self) -> None:
        task = self.desk.task
        keys = () if task is None else self._keys()
        if keys != self.list.keys:
            self.list.keys = keys
            self.list.rows_changed()
        else:
            self.list.refresh()
        self.border_title = Content("asked for")
        self._say()

    def _keys(self) -> tuple[str, ...]:
        """Return what is set first, then the usual, then what the targets take besides."""
        task = self.desk.task
        if task is None:
            return ()
        keys = dict.fromkeys((*fields.PARAMETERS, *task.parameters))
        keys.update(dict.fromkeys(f"{CONTEXT}{key}" for key in task.context))
        keys.update(dict.fromkeys((*self._more, "references")))
        for target in self.ranges:
            keys.update(dict.fromkeys(key for key in target.takes if key not in fields.TEXTS))
        keys.pop("extra", None)
        return (*keys, "extra")

    @on(Rows.Moved, "#task-fields")
    def _moved(self) -> None:
        self._say()

    def _say(self) -> None:
        """Say under the list what the targets take, or what is wrong with what was typed."""
        self.query_one("#task-said", Fitted).show(self._said)

    def _said(self, width: int) -> Content:
        key = self._editing or self.list.key
        lines = [] if not self._wrong else [Content.styled(f"✗ {self._wrong}", "$error")]
        for note in self.desk.notes(self.desk.row):
            if note.sentence.startswith((f"{key} ", f"{key}:")):
                glyph, color = SEVERITIES[note.severity]
                said = Content.styled(f"{glyph} {faces.one_line(note.sentence, 200)}", f"${color}")
                lines.append(said + Content.styled(f"  {faces.one_line(note.target, 60)}", "$muted"))
        if key and not key.startswith(CONTEXT):
            lines += [self._range(target, key).truncate(width or 30, ellipsis=True) for target in self.ranges]
        elif key:
            lines.append(Content.styled("told to people and judges, not to services", "$muted"))
        rest = len(lines) - _MOST_SAID
        lines = lines[:_MOST_SAID] + ([Content.styled(f"and {rest} more", "$muted")] if rest > 0 else [])
        return Content("\n").join(lines)

    def _range(self, target: TargetRanges, key: str) -> Content:
        """Return what one target takes: the words first, since the line may be cut."""
        takes = target.of(key)
        said = (takes, "$foreground") if takes else ("not taken", "$warning")
        return Content.assemble(said, (f"  {faces.one_line(target.target, 60)}", "$muted"))

    # --- changing ------------------------------------------------------------------------------------

    def edit(self, key: str) -> None:
        """Open the line for a field."""
        task = self.desk.task
        if task is None or not key:
            return
        text = fields.text_of(task, key)
        if key == "references" and "\n" in text:
            text = json.dumps(list(task.references), ensure_ascii=False)
        self._editing, self._wrong = key, ""
        with self.prevent(Input.Changed):
            self.line.value = text.replace("\n", _BREAK)
        self.line.cursor_position = len(self.line.value)
        self.line.placeholder = fields.column(key).title
        self.add_class("-editing")
        self.screen.set_focus(self.line)
        self._say()

    def close(self, *, focus: bool = True) -> None:
        """Put the line away; what was good of it is in the batch."""
        self._editing = self._wrong = ""
        self.remove_class("-editing")
        if self.desk.document is not None:
            self.desk.document.settle()
        if focus:
            self.list.focus()
        self._say()

    def clear(self, key: str) -> None:
        """Take a value away."""
        if self.desk.task is not None and key:
            self.desk.apply(edits.set_text(self.desk.batch, [self.desk.row], key, ""))

    def ask_for_another(self) -> None:
        """Ask which parameter or word of context to add, then for its value."""
        if self.desk.task is not None:
            begin(self, partial(self._add, self.desk.row), group="add")

    async def _add(self, row: int) -> None:
        key = await self.cockpit.push_screen_wait(ColumnScreen(self.desk.batch, {*self.list.keys, *fields.TEXTS}))
        if key is not None and self.desk.row == row:
            self._more = (*self._more, key)
            self._show()
            self.list.cursor = self.list.keys.index(key)
            self.edit(key)

    @on(Input.Changed, "#task-line")
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if not self._editing or self.desk.task is None:
            return
        try:
            text = event.value.replace(_BREAK, "\n")
            edit = edits.set_text(self.desk.batch, [self.desk.row], self._editing, text)
        except FieldError as error:
            self._wrong = error.sentence()
        else:
            self._wrong = ""
            self.desk.apply(edit, merge=f"{self._editing} of {self.desk.row}")
        self._say()

    @on(Input.Submitted, "#task-line")
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if not self._wrong:
            self.close()
