"""Search and replace over a column: what would change is seen before it does."""

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from fluxtui.domain.batch import Batch
from fluxtui.tui import faces, keymap
from fluxtui.tui.editing import replacing
from fluxtui.tui.editing.fields import Column
from fluxtui.tui.editing.replacing import Change, Preview
from fluxtui.tui.ink import Ink, Part, fit
from fluxtui.tui.screens.batch.sheet_columns import first_words
from fluxtui.tui.widgets.rows import Rows
from fluxtui.tui.work import begin, in_thread


class Changes(Rows):
    """Each change on two lines: what was, and what would be."""

    HELP = "What would change: - is how a task is now, + how it would be, ✗ why it cannot be and stays as it is."

    can_focus = False

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.changes: tuple[Change, ...] = ()
        self.names: tuple[str, ...] = ()

    @property
    def row_count(self) -> int:
        return 2 * len(self.changes)

    def show(self, changes: tuple[Change, ...], batch: Batch) -> None:
        self.changes = changes
        self.names = tuple(batch.tasks[change.row].name for change in changes)
        self.set_reactive(Rows.cursor, 0)
        self.scroll_to(y=0, animate=False, force=True)
        self.rows_changed()

    def draw_row(self, index: int, width: int, ink: Ink) -> list[Part]:
        change = self.changes[index // 2]
        name = min(20, width // 4)
        room = max(width - name - 4, 1)
        start = common_start(change.before, change.after)
        if index % 2 == 0:
            label = fit(first_words(self.names[index // 2], name), name)
            return [
                (label, ink("foreground")),
                ("  - ", ink("error")),
                *_marked(change.before, change.after, start, room, ink, "error"),
            ]
        if change.problem is not None:
            text = fit(faces.one_line(change.problem, room + 1), room)
            return [(" " * name, ink("muted")), ("  ✗ ", ink("error")), (text, ink("error"))]
        return [
            (" " * name, ink("muted")),
            ("  + ", ink("success")),
            *_marked(change.after, change.before, start, room, ink, "success"),
        ]


def common_start(one: str, other: str) -> int:
    """Return how many characters two texts have in common at their beginning."""
    end = min(len(one), len(other))
    return next((place for place in range(end) if one[place] != other[place]), end)


def _marked(text: str, other: str, start: int, room: int, ink: Ink, color: str) -> list[Part]:
    """Return a text around what is another in it, that coloured."""
    back = common_start(text[start:][::-1], other[start:][::-1])
    end = max(len(text) - back, start)
    begin_at = max(0, min(start - room // 3, len(text) - room))
    before = ("…" if begin_at else "") + faces.one_line(text[begin_at + (1 if begin_at else 0) : start], room)
    changed = faces.one_line(text[start:end][: room + 1], room + 1)
    after = faces.one_line(text[end : end + room], room + 1)
    parts: list[Part] = []
    left = room
    for piece, style in ((before, ink("muted")), (changed, ink(color, bold=True)), (after, ink("muted"))):
        shown = fit(piece, min(left, _cells(piece)))
        parts.append((shown, style))
        left -= _cells(shown)
    return parts


def _cells(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


class ReplaceScreen(ModalScreen[Preview | None]):
    """Answers with the preview that was agreed to."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS = keymap.bindings((*keymap.DIALOG, *keymap.REPLACE))
    HELP: ClassVar[str] = (
        r"Patterns are regular expressions of Python: \d+ a number, .* anything, (…) a group that \1 puts back."
        " Nothing changes before enter, and ctrl+z takes all of it back at once."
    )

    find = getters.query_one("#find", Input)
    put = getters.query_one("#put", Input)
    changes = getters.query_one(Changes)

    def __init__(self, batch: Batch, rows: Sequence[int], columns: Sequence[Column], key: str) -> None:
        super().__init__()
        self._batch, self._rows, self._columns = batch, tuple(rows), tuple(columns)
        self._key = key
        self.regex, self.ignore_case = True, False
        self.preview: Preview | None = None
        self._wanted = 0
        self._working = False
        self._agreed = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="card wide") as card:
            card.border_subtitle = Content(" ↵ replace   tab next field   esc back ")
            with Horizontal(classes="field"):
                yield Static("find", markup=False)
                yield Input(id="find", compact=True)
            with Horizontal(classes="field"):
                yield Static("put", markup=False)
                yield Input(id="put", compact=True)
            yield Static("", id="options", markup=False)
            yield Static("", id="said", markup=False)
            yield Changes(id="changes")

    def on_mount(self) -> None:
        self._show_options()
        self.find.focus()
        self._look()

    # --- what is asked for -----------------------------------------------------------------------------

    def _show_options(self) -> None:
        column = next(c for c in self._columns if c.key == self._key)
        count = "1 row" if len(self._rows) == 1 else f"{len(self._rows):,} rows"
        self.query_one(".card").border_title = Content(f" Replace in {faces.one_line(column.title, 40)}, {count} ")
        parts = [
            *(("[", "$muted"), ("x" if self.regex else " ", "bold $primary"), ("] pattern ", ""), ("ctrl+r", "$muted")),
            *(("   [", "$muted"), (" " if self.ignore_case else "x", "bold $primary"), ("] match case ", "")),
            *(("ctrl+g", "$muted"), ("   column ", ""), (faces.one_line(column.title, 20), "bold $primary")),
            (" ctrl+n", "$muted"),
        ]
        self.query_one("#options", Static).update(Content.assemble(*parts))

    @on(Input.Changed)
    def _typed(self) -> None:
        self._look()

    def action_toggle_regex(self) -> None:
        self.regex = not self.regex
        self._asked_otherwise()

    def action_toggle_case(self) -> None:
        self.ignore_case = not self.ignore_case
        self._asked_otherwise()

    def action_next_column(self) -> None:
        keys = [column.key for column in self._columns]
        self._key = keys[(keys.index(self._key) + 1) % len(keys)]
        self._asked_otherwise()

    def _asked_otherwise(self) -> None:
        self._show_options()
        self._look()

    # --- what would come of it ---------------------------------------------------------------------------

    def _look(self) -> None:
        """Work out what would change, for the newest wish only."""
        self._wanted += 1
        self.preview, self._agreed = None, False
        if not self._working:
            self._working = True
            begin(self, self._keep_up, group="preview")

    async def _keep_up(self) -> None:
        try:
            done = -1
            while done != self._wanted and self.is_attached:
                done = self._wanted
                look = partial(
                    replacing.preview, self._batch, self._rows, self._key, self.find.value, self.put.value,
                    regex=self.regex, ignore_case=self.ignore_case,
                )  # fmt: skip
                preview = await in_thread(look)
                if done == self._wanted and self.is_attached:
                    self.preview = preview
                    self._show(preview)
                    if self._agreed:
                        self.action_do()
        finally:
            self._working = False

    def _show(self, preview: Preview) -> None:
        self.changes.show(preview.changes, self._batch)
        self.query_one("#said", Static).update(self._words(preview))

    def _words(self, preview: Preview) -> Content:
        if preview.error is not None:
            return Content.styled(f"✗ {faces.one_line(preview.error, 300)}", "$error")
        if not self.find.value:
            return Content.styled("Write what to look for.", "$muted")
        possible = len(preview.possible)
        if not preview.changes:
            return Content.styled("Nothing would change.", "$muted")
        words = Content.styled("1 task would change" if possible == 1 else f"{possible:,} tasks would change", "bold")
        kept = len(preview.changes) - possible
        if kept:
            words += Content.styled(f" · ✗ {kept:,} cannot and {'stays' if kept == 1 else 'stay'}", "$error")
        return words

    def action_scroll_list(self, step: int) -> None:
        self.changes.scroll_relative(y=2 * step, animate=False)

    def action_do(self) -> None:
        """Do it; whoever was quicker than the preview has it done when it is there."""
        if self.preview is None:
            self._agreed = True
        elif self.preview.possible:
            self.dismiss(self.preview)

    def action_leave(self) -> None:
        self.dismiss(None)
