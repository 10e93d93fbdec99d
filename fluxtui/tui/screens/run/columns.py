"""The dialog that chooses the columns of the job table and their order."""

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from fluxtui.tui import keymap
from fluxtui.tui.ink import Ink, Part, fit
from fluxtui.tui.widgets import job_columns
from fluxtui.tui.widgets.rows import Rows


class ColumnList(Rows):
    """Every column: the shown ones first, in their order."""

    GROUND = "surface"

    def __init__(self, chosen: tuple[str, ...]) -> None:
        super().__init__()
        self.names: list[str] = []
        self.ticked: set[str] = set()
        self.fill(chosen)

    def fill(self, chosen: tuple[str, ...]) -> None:
        self.ticked = set(chosen)
        self.names = [*chosen, *(name for name in job_columns.EVERY if name not in self.ticked)]

    @property
    def chosen(self) -> tuple[str, ...]:
        return tuple(name for name in self.names if name in self.ticked)

    @property
    def row_count(self) -> int:
        return len(self.names)

    def draw_row(self, index: int, width: int, ink: Ink) -> list[Part]:
        column = job_columns.EVERY[self.names[index]]
        shown = column.id in self.ticked
        return [
            ("[x] " if shown else "[ ] ", ink("state-done" if shown else "muted")),
            (fit(column.title.strip() or column.id, 12), ink("foreground" if shown else "muted", bold=shown)),
            (fit(column.words, max(0, width - 16)), ink("muted")),
        ]

    def tick(self) -> None:
        self.ticked ^= {self.names[self.cursor]}
        self.refresh_row(self.cursor)

    def carry(self, step: int) -> None:
        """Move the column under the cursor, and the cursor with it."""
        at, to = self.cursor, self.cursor + step
        if 0 <= to < len(self.names):
            self.names[at], self.names[to] = self.names[to], self.names[at]
            self.cursor = to
            self.refresh()


class ColumnsScreen(ModalScreen[tuple[str, ...] | None]):
    """Tick and order columns. Its answer is the names of the shown ones."""

    CSS = """
    ColumnsScreen { align: center middle; background: $background 60%; }
    ColumnsScreen .card {
        width: 72; max-width: 96%; height: auto; max-height: 90%; padding: 1 2; background: $surface;
        border: round $primary; border-title-color: $foreground; border-title-style: bold;
        border-subtitle-color: $muted;
    }
    ColumnsScreen ColumnList { height: 16; max-height: 1fr; background: $surface; }
    ColumnsScreen Static { margin-top: 1; }
    """
    BINDINGS = keymap.bindings((*keymap.DIALOG, *keymap.COLUMNS))

    table = getters.query_one(ColumnList)

    def __init__(self, chosen: tuple[str, ...]) -> None:
        super().__init__()
        self._chosen = chosen

    def compose(self) -> ComposeResult:
        with Vertical(classes="card") as card:
            card.border_title = Content(" Columns ")
            card.border_subtitle = Content(" space show   J K move   d the usual   ↵ keep   esc back ")
            yield ColumnList(self._chosen)
            hint = "What finds no room in a narrow window is left out, the last ones first."
            yield Static(Content.styled(hint, "$muted"), markup=False)

    def on_mount(self) -> None:
        self.table.focus()

    def action_tick(self) -> None:
        self.table.tick()

    def action_carry(self, step: int) -> None:
        self.table.carry(step)

    def action_usual(self) -> None:
        self.table.fill(job_columns.DEFAULT)
        self.table.refresh()

    @on(Rows.Chosen)
    def _clicked(self) -> None:
        self.table.tick()

    def action_keep(self) -> None:
        chosen = self.table.chosen
        if chosen:
            self.dismiss(chosen)
        else:
            self.app.bell()

    def action_leave(self) -> None:
        self.dismiss(None)
