"""The prompt of the task under the cursor, large, with the negative prompt below it."""

from textual import getters
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static, TextArea

from fluxtui.tui import faces, keymap
from fluxtui.tui.editing import edits, fields
from fluxtui.tui.editing.fields import FieldError
from fluxtui.tui.screens.batch.desk import Changed
from fluxtui.tui.screens.batch.desk_part import DeskPart

_SHOWN = Changed.OPENED | Changed.TASKS | Changed.CURSOR | Changed.FRAME


class PromptEditor(TextArea):
    """One long text of the task, told by its column's key. Undo is that of the batch, not one of its own."""

    BINDINGS = keymap.bindings(keymap.PROMPT)
    HELP = (
        "The text of the task under the cursor. What you type is in the batch at once, and the price follows; esc"
        " goes back to the sheet. Nothing in it is markup: brackets, colons and emoji go to the services as written."
    )

    def __init__(self, key: str, *, id: str, placeholder: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(soft_wrap=True, compact=True, highlight_cursor_line=False, placeholder=placeholder, id=id)
        self.key = key

    def show(self, text: str) -> None:
        """Show another text; the same one leaves the cursor where it is."""
        if self.text != text:
            with self.prevent(TextArea.Changed):
                self.load_text(text)

    def action_leave(self) -> None:
        self.screen.query_one("#tasks").focus()

    async def action_take_back(self) -> None:
        await self.query_ancestor(PromptPane).working.action_undo()

    async def action_do_again(self) -> None:
        await self.query_ancestor(PromptPane).working.action_redo()


class PromptPane(DeskPart, Vertical):
    """Both editors."""

    editor = getters.query_one("#prompt-editor", PromptEditor)
    negative = getters.query_one("#negative-editor", PromptEditor)

    def __init__(self) -> None:
        super().__init__(id="prompt-pane", classes="pane")

    def compose(self) -> ComposeResult:
        yield PromptEditor("prompt", id="prompt-editor", placeholder="What the picture should show")
        with Horizontal(id="negative-row"):
            yield Static("without", markup=False)
            yield PromptEditor("negative_prompt", id="negative-editor", placeholder="what should not be in it")

    @property
    def editors(self) -> tuple[PromptEditor, PromptEditor]:
        return self.editor, self.negative

    def open_field(self, key: str) -> bool:
        """Put the focus into the editor of a column; returns whether there is one."""
        for editor in self.editors:
            if editor.key == key:
                self.screen.set_focus(editor)
                return True
        return False

    def desk_changed(self, what: Changed) -> None:
        if not what & _SHOWN:
            return
        task = self.desk.task
        for editor in self.editors:
            editor.show("" if task is None else fields.text_of(task, editor.key))
            editor.disabled = task is None
        self.border_title = Content("prompt" if task is None else f"prompt of {faces.one_line(task.name, 60)}")
        if what & Changed.CURSOR:
            self.border_subtitle = ""

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        editor, desk = event.text_area, self.desk
        if not isinstance(editor, PromptEditor) or desk.task is None:
            return
        if fields.text_of(desk.task, editor.key) == editor.text:
            return
        try:
            edit = edits.set_text(desk.batch, [desk.row], editor.key, editor.text)
        except FieldError as error:
            self.border_subtitle = Content.styled(f"✗ {error.sentence()}", "$error")
            return
        self.border_subtitle = ""
        desk.apply(edit, merge=f"{editor.key} of {desk.row}")

    def on_descendant_blur(self) -> None:
        if self.desk.document is not None:
            self.desk.document.settle()  # what is typed next is a step of its own
