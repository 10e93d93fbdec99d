"""The preflight: what would be made, what it costs, how long it takes; and everything that will not be as asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.widgets import Static

from fluxtui.engine.live_quote import LiveQuote, Notice
from fluxtui.tui import faces, keymap
from fluxtui.tui.doors.batches import Sheet
from fluxtui.tui.editing.axes import many
from fluxtui.tui.ink import Ink, Part, fit
from fluxtui.tui.screens.batch import words
from fluxtui.tui.screens.batch.desk import Changed, Desk
from fluxtui.tui.screens.batch.desk_part import DeskPart
from fluxtui.tui.screens.batch.lists import TargetList, fit_end
from fluxtui.tui.screens.batch.sheet_lines import SEVERITIES
from fluxtui.tui.widgets.fitted import Fitted
from fluxtui.tui.widgets.rows import Rows

_SHOWN = Changed.OPENED | Changed.TASKS | Changed.FRAME | Changed.QUOTE | Changed.SAVED
_ROOM_FOR_TARGET = 56  # cells of a line


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing to know before a start. `rows` are those it is about, as they were priced."""

    glyph: str
    color: str
    about: str
    sentence: str
    rows: tuple[int, ...] = ()
    cells: int = 0


def remarks(sheet: Sheet | None, live: LiveQuote | None, off: Sequence[str] = ()) -> tuple[Remark, ...]:
    """Return everything there is to say: the file, targets that cannot be used or are switched off, then notices.

    `off` are the ticked targets that a person switched off.
    """
    found: list[Remark] = []
    if sheet is not None:
        face = ("✗", "error") if sheet.broken else ("▲", "warning")
        found += [Remark(*face, "the file", finding) for finding in sheet.findings]
        found += [Remark("✗", "error", name, why) for name, why in sheet.unusable]
    found += [Remark("▲", "warning", name, words.switched_off(name)) for name in off]
    if live is None:
        return tuple(found)
    if live.problem is not None:
        found.append(Remark("✗", "error", "the batch", live.problem.sentence()))
    found += [_remark(notice) for notice in live.notices]
    found += [Remark("·", "muted", line.target, note) for line in live.quote.lines for note in line.notes]
    return tuple(found)


def _remark(notice: Notice) -> Remark:
    return Remark(*SEVERITIES[notice.severity], notice.target, notice.sentence, notice.rows, notice.cells)


class RemarkList(Rows):
    """The remarks, one a line."""

    BINDINGS = keymap.bindings(keymap.PREFLIGHT)
    HELP = (
        "Everything that will not be as asked. ✗: it cannot be drawn, or has to be corrected first; ▲: it is drawn, but"
        " not quite so; ·: good to know. The number is how many rows it concerns; enter puts the sheet's cursor on the"
        " first of them, then on the next. What the cursor is on is told in full below."
    )

    def __init__(self) -> None:
        super().__init__(id="preflight")
        self.remarks: tuple[Remark, ...] = ()
        self.said = ""

    @property
    def row_count(self) -> int:
        return len(self.remarks)

    @property
    def current(self) -> Remark | None:
        return self.remarks[self.cursor] if 0 <= self.cursor < len(self.remarks) else None

    def show(self, found: tuple[Remark, ...], said: str) -> None:
        """Show remarks, the cursor staying on its own; `said` stands there when there are none."""
        here = self.current
        self.remarks, self.said = found, said
        if here is not None:
            same = (i for i, r in enumerate(found) if (r.about, r.sentence) == (here.about, here.sentence))
            self.set_reactive(Rows.cursor, next(same, self.cursor))
        self.rows_changed()
        self.reveal()

    def nothing(self) -> str:
        return self.said

    def draw_row(self, index: int, width: int, ink: Ink) -> list[Part]:
        remark = self.remarks[index]
        count = f" {len(remark.rows):,}" if remark.rows else ""
        room = width - 3 - len(count) - 1
        about = f"  {fit_end(faces.one_line(remark.about, 200), 14)}" if width >= _ROOM_FOR_TARGET else ""
        return [
            (f" {remark.glyph} ", ink(remark.color)),
            (fit(faces.one_line(remark.sentence, 300), room - len(about)), ink("foreground")),
            (about, ink("muted")),
            (f"{count} ", ink("muted")),
        ]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return bool(self.current and self.current.rows) if action == "go" else True

    def action_go(self) -> None:
        self.query_ancestor(PreflightPane).go()


class PreflightPane(DeskPart, Container):
    """The sums, the remarks, and the one under the cursor in full."""

    notices = getters.query_one(RemarkList)

    def __init__(self) -> None:
        super().__init__(id="quote-pane", classes="pane")
        self._gone = ("", "", -1)

    def compose(self) -> ComposeResult:
        yield Fitted(id="sums")
        yield RemarkList()
        yield Static("", id="remark", markup=False)

    def desk_changed(self, what: Changed) -> None:
        if not what & _SHOWN:
            return
        desk = self.desk
        priced = desk.live is not None and bool(desk.batch.tasks)
        if priced and desk.live is not None:
            sums = partial(words.sums, desk.live.quote, self.cockpit.sandbox)
            self.query_one("#sums", Fitted).show(lambda width: sums(width or 80))
        else:
            said = Content.styled(self._why_not(desk), "$muted")
            self.query_one("#sums", Fitted).show(lambda _: said)
        found = remarks(desk.sheet, desk.live if priced else None, self.screen.query_one(TargetList).ticked_off)
        self.notices.show(found, "✓ all is drawn as asked" if priced else "")
        wrong = sum(remark.glyph == "✗" for remark in found)
        self.border_title = Content(f"preflight {wrong} ✗" if wrong else "preflight")
        self._tell()

    def _why_not(self, desk: Desk) -> str:
        if desk.broken:
            return "This file cannot be used yet."
        if desk.document is None:
            return ""
        if not desk.batch.tasks:
            return "Add a task to see what it costs."
        return "working it out …" if desk.pricing else "Tick a target to see what it costs."

    @on(Rows.Moved)
    def _moved(self) -> None:
        self._tell()
        self.screen.refresh_bindings()

    @on(Rows.Chosen)
    def go(self) -> None:
        """Put the sheet's cursor on the first row that the remark is about; on the next one when it was just there."""
        remark, priced = self.notices.current, self.desk.priced
        if remark is None or not remark.rows or priced is None:
            return
        about, sentence, place = self._gone
        place = (place + 1) % len(remark.rows) if (about, sentence) == (remark.about, remark.sentence) else 0
        self._gone = remark.about, remark.sentence, place
        task = priced.batch.tasks[remark.rows[place]]
        rows = (row for row, other in enumerate(self.desk.batch.tasks) if other is task)  # rows may have moved since
        self.desk.go(next(rows, remark.rows[place]))
        self._tell()

    def _tell(self) -> None:
        """Tell the remark under the cursor in full."""
        remark = self.notices.current
        told = Content("")
        if remark is not None:
            told = Content.assemble(
                (f"{remark.glyph} ", f"${remark.color}"), faces.one_line(remark.sentence, 600),
                (f"  {faces.one_line(remark.about, 80)}" if remark.about else "", "$muted"),
            )  # fmt: skip
            if remark.rows:
                rows = len(remark.rows)
                about, sentence, place = self._gone
                here = f" {place + 1} of" if (about, sentence) == (remark.about, remark.sentence) else ""
                cells = f", {many(remark.cells, 'cell')}" if remark.cells != rows else ""
                told += Content.styled(f"  {here.strip()} {many(rows, 'row')}{cells}".replace("   ", "  "), "$primary")
        self.query_one("#remark", Static).update(told)
