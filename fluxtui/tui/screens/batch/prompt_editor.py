"""The prompt of the task under the cursor, large, with what else the task says below it."""

from textual import getters
from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Static, TextArea

from fluxtui.tui import faces, keymap
from fluxtui.tui.editing import edits
from fluxtui.tui.editing.fields import FieldError
from fluxtui.tui.screens.batch import words
from fluxtui.tui.screens.batch.desk import Changed
from fluxtui.tui.screens.batch.desk_part import DeskPart

_SHOWN = Changed.OPENED | Changed.TASKS | Changed.CURSOR | Changed.FRAME


class PromptEditor(TextArea):
    """The text; its keys for undo are those of the batch."""

    BINDINGS = keymap.bindings(keymap.PROMPT)
    HELP = (
        "The prompt of the task under the cursor. What you type is in the batch at once, and the price follows; esc"
        " goes back to the sheet. Nothing in it is markup: brackets, colons and emoji go to the services as written."
    )

    @property
    def pane(self) -> "PromptPane":
        return self.query_ancestor(PromptPane)

    def action_leave(self) -> None:
        self.pane.leave()

    def action_take_back(self) -> None:
        self.pane.working.action_undo()

    def action_do_again(self) -> None:
        self.pane.working.action_redo()


class PromptPane(DeskPart, Container):
    """The editor and the facts of the task."""

    editor = getters.query_one(PromptEditor)

    def __init__(self) -> None:
        super().__init__(id="prompt-pane", classes="pane")

    def compose(self) -> ComposeResult:
        yield PromptEditor(id="prompt-editor", soft_wrap=True, compact=True, highlight_cursor_line=False)
        with VerticalScroll(id="prompt", can_focus=False):
            yield Static("", id="task", markup=False)

    def desk_changed(self, what: Changed) -> None:
        if not what & _SHOWN:
            return
        task = self.desk.task
        text = "" if task is None else task.prompt
        if self.editor.text != text:
            self.editor.load_text(text)
        self.editor.disabled = task is None
        title = "prompt" if task is None else f"prompt of {faces.one_line(task.name, 60)}"
        self.border_title = Content(title)
        self.query_one("#task", Static).update("" if task is None else words.task_words(task, self.desk.batch))
        if what & Changed.CURSOR:
            self.query_one("#prompt", VerticalScroll).scroll_home(animate=False)

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        desk = self.desk
        task = desk.task
        if task is None or task.prompt == event.text_area.text:
            return
        try:
            edit = edits.set_text(desk.batch, [desk.row], "prompt", event.text_area.text)
        except FieldError as error:
            self.border_subtitle = Content.styled(f"✗ {error.sentence()}", "$error")
            return
        self.border_subtitle = ""
        desk.apply(edit, merge=f"prompt of {desk.row}")

    def on_descendant_blur(self) -> None:
        if self.desk.document is not None:
            self.desk.document.settle()  # what is typed next is a step of its own

    def leave(self) -> None:
        """Give the focus back to the sheet."""
        self.screen.query_one("#tasks").focus()
