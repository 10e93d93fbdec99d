"""Workspace: the ones opened last, and going to another."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from fluxtui.domain.problems import FluxtuiError
from fluxtui.history.workspaces import WorkspaceFacts
from fluxtui.tui import faces
from fluxtui.tui.ink import Ink, Part, fit
from fluxtui.tui.keymap import bindings
from fluxtui.tui.keymap.settings import WORKSPACES
from fluxtui.tui.preferences import spelled
from fluxtui.tui.screens.dialogs.screen import AskScreen, Choice, LineScreen
from fluxtui.tui.screens.settings.pane import SettingsPane
from fluxtui.tui.widgets.rows import Rows
from fluxtui.tui.work import begin, in_thread


class WorkspaceList(Rows):
    """Workspaces: the open one, then the ones opened last."""

    HELP = "The workspaces opened last. Enter goes there: the cockpit opens on it; work under way here goes on."

    def __init__(self, clock: Callable[[], float], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._clock = clock
        self.folders: tuple[Path, ...] = ()
        self.open: Path | None = None
        self.facts: dict[Path, WorkspaceFacts] = {}

    @property
    def row_count(self) -> int:
        return len(self.folders)

    @property
    def current(self) -> Path | None:
        return self.folders[self.cursor] if self.cursor < len(self.folders) else None

    def show(self, folders: tuple[Path, ...], here: Path) -> None:
        before = self.current
        self.folders, self.open = folders, here
        if before in folders:
            self.set_reactive(Rows.cursor, folders.index(before))
        self.rows_changed()
        self.post_message(self.Moved(self, self.cursor))

    def draw_row(self, index: int, width: int, ink: Ink) -> list[Part]:
        folder = self.folders[index]
        here = folder == self.open
        facts = self.facts.get(folder)
        room = width - 2 - 10 - 10 - 14 if width >= 70 else width - 2 - 10
        name = min(24, room)
        parts: list[Part] = [
            ("✓ " if here else "  ", ink("success")),
            (fit(faces.one_line(folder.name or str(folder), 80), name), ink("foreground", bold=here)),
            (fit("  " + faces.one_line(spelled(folder.parent), 300), room - name), ink("muted")),
            (fit(runs_word(facts), 10, right=True), ink("warning" if facts and not facts.exists else "foreground")),
        ]
        if width >= 70:
            size, last = "", ""
            if facts is not None and facts.exists:
                size = size_word(facts)
                last = "" if facts.last is None else faces.when(facts.last, self._clock())
            parts += [(fit(size, 10, right=True), ink("muted")), (fit(last, 14, right=True), ink("muted"))]
        return parts


def runs_word(facts: WorkspaceFacts | None) -> str:
    if facts is None:
        return ""
    if not facts.exists:
        return "not there"
    if facts.runs is None:
        return "unreadable"
    return "1 run" if facts.runs == 1 else f"{facts.runs:,} runs"


def size_word(facts: WorkspaceFacts) -> str:
    """Return the space that a workspace takes: `12 MB`, `> 3.4 GB` when not all was counted."""
    size, units = float(facts.size), ["TB", "GB", "MB", "kB", "B"]
    while size >= 999.5 and len(units) > 1:
        size /= 1000
        units.pop()
    number = f"{size:.1f}" if size < 9.95 and len(units) < 4 else f"{size:.0f}"
    return f"{'' if facts.whole else '> '}{number} {units[-1]}"


class WorkspacesPane(SettingsPane):
    """The workspace chooser."""

    TITLE = "Workspace"
    BINDINGS = bindings(WORKSPACES)
    WORDS: ClassVar[dict[str, str]] = {"settings.choose": "open"}

    def __init__(self) -> None:
        super().__init__(id="workspaces")

    def compose(self) -> ComposeResult:
        with Container(classes="pane list") as pane:
            pane.border_title = Content("workspaces")
            yield WorkspaceList(self.app.clock, id="workspace-list")
        with VerticalScroll(classes="pane detail short", can_focus=False):
            yield Static("", id="workspace-words", markup=False)

    @property
    def workspace_list(self) -> WorkspaceList:
        return self.query_one(WorkspaceList)

    def on_mount(self) -> None:
        self.reread()

    def summary(self) -> str:
        return faces.one_line(self.app.workspace.name, 60)

    def enter(self) -> None:
        self.reread()
        super().enter()

    def reread(self) -> None:
        """Read who was opened last, and look at each."""
        begin(self, self._read, group="workspaces", exclusive=True)

    async def _read(self) -> None:
        app = self.app
        here = app.workspace.absolute()
        kept = (await in_thread(app.preference_file.read))[0].workspaces
        folders = (here, *(folder for folder in map(Path, kept) if folder != here and folder.is_absolute()))
        if self.is_attached:
            self.workspace_list.show(folders, here)
        for folder in folders:
            facts = await in_thread(app.engine.settings.workspace, folder)
            if not self.query(WorkspaceList):
                return  # left meanwhile
            self.workspace_list.facts[folder] = facts
            self.workspace_list.refresh()
            if folder == self.workspace_list.current:
                self._describe()

    def choose(self) -> None:
        folder = self.workspace_list.current
        if folder is None or folder == self.workspace_list.open:
            return
        facts = self.workspace_list.facts.get(folder)
        if facts is not None and not facts.exists:
            self._ask_to_make(folder)
        else:
            self._open(folder)

    def _open(self, folder: Path) -> None:
        begin(self, partial(self._remember_and_open, folder), group="open", exclusive=True)

    async def _remember_and_open(self, folder: Path) -> None:
        """Go there, with both on the list: a way there is a way back."""
        for each in (self.app.workspace, folder):
            await self.app.keep(partial(self.app.preference_file.note_workspace, each))
        self.app.open_workspace(folder)

    def action_open_folder(self) -> None:
        def given(path: str | None) -> None:
            if path is not None:
                self._go(Path(path).expanduser().absolute())

        body = Content("A folder with history, pictures and logs. One that is not there yet is made, after a question.")
        self.app.push_screen(LineScreen("Open a workspace", body, placeholder="path", check=wrong_folder), given)

    def _go(self, folder: Path) -> None:
        if folder.is_dir():
            self._open(folder)
        else:
            self._ask_to_make(folder)

    def _ask_to_make(self, folder: Path) -> None:
        def answered(answer: str | None) -> None:
            if answer == "make":
                begin(self, partial(self._make, folder), group="make")

        choices = (Choice("m", "make", "make it and go there", ""), Choice("s", "stay", "stay here", ""))
        self.app.push_screen(AskScreen("No such folder", Content(f"{folder} is not there."), choices), answered)

    async def _make(self, folder: Path) -> None:
        try:
            await in_thread(partial(folder.mkdir, parents=True, exist_ok=True))
        except OSError as error:
            self.app.tell(f"{folder} cannot be made: {error.strerror or error}.", severity="error")
            return
        await self._remember_and_open(folder)

    def action_forget(self) -> None:
        folder = self.workspace_list.current
        if folder is None or folder == self.workspace_list.open:
            self.app.tell("The open workspace stays on the list.")
            return
        begin(self, partial(self._forget, folder), group="forget")

    async def _forget(self, folder: Path) -> None:
        try:
            await in_thread(self.app.preference_file.forget_workspace, folder)
        except FluxtuiError as error:
            self.app.tell_problem(error.problem)
        self.reread()

    @on(Rows.Moved)
    def _moved(self, event: Rows.Moved) -> None:
        event.stop()
        self._describe()

    def _describe(self) -> None:
        folder = self.workspace_list.current
        if folder is not None:
            facts = self.workspace_list.facts.get(folder)
            self.describe("#workspace-words", workspace_words(folder, facts, here=folder == self.workspace_list.open))


def workspace_words(folder: Path, facts: WorkspaceFacts | None, *, here: bool) -> Content:
    """Return a workspace in full."""
    blocks = [Content.styled(faces.one_line(str(folder)), "bold")]
    if facts is None:
        return blocks[0]
    if not facts.exists:
        blocks.append(
            Content.assemble(("▲ ", "$warning"), "The folder is not there: moved, deleted, or a disk not plugged in.")
        )
    elif facts.runs is None:
        blocks.append(Content.assemble(("▲ ", "$warning"), "Its history cannot be read."))
    else:
        blocks.append(Content.styled(f"{runs_word(facts)}, {size_word(facts)} with pictures and logs", "$muted"))
    if here:
        blocks.append(Content.assemble(("✓ ", "$success"), "open now"))
    return Content("\n").join(blocks)


def wrong_folder(text: str) -> str | None:
    """Return why a path cannot be a workspace, None when it can."""
    path = Path(text).expanduser()
    try:
        if path.exists() and not path.is_dir():
            return f"{path} is a file; a workspace is a folder."
    except OSError as error:
        return f"{path}: {error.strerror or error}."
    return None
