"""The line above the sheet: which batch this is and whether it is saved; right, what it would make and cost."""

from functools import partial

from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget

from fluxtui.engine.live_quote import Severity
from fluxtui.tui import faces
from fluxtui.tui.screens.batch.desk import Changed
from fluxtui.tui.screens.batch.desk_part import DeskPart
from fluxtui.tui.screens.batch.sheet_lines import SEVERITIES
from fluxtui.tui.screens.batch.words import axis_words

_MOMENT = 0.15  # seconds
_SHOWN = Changed.OPENED | Changed.TASKS | Changed.FRAME | Changed.QUOTE | Changed.SAVED


class BatchHead(DeskPart, Widget):
    """One line. `busy` is said instead of the batch while a file is read."""

    def __init__(self) -> None:
        super().__init__(id="sheet-head")
        self._busy = ""
        self._patience: Timer | None = None
        self._at_work = False

    def work(self, at_work: bool) -> None:
        """Say that an edit is being worked out, when that takes longer than a moment."""
        if self._patience is not None:
            self._patience.stop()
        self._patience = self.set_timer(_MOMENT, partial(self._show_work, True)) if at_work else None
        if not at_work:
            self._show_work(False)

    def _show_work(self, at_work: bool) -> None:
        if self._at_work != at_work:
            self._at_work = at_work
            self.refresh()

    def say(self, busy: str) -> None:
        """Say what is going on before there is a batch to tell of; "" for nothing."""
        self._busy = busy
        self.refresh()

    def desk_changed(self, what: Changed) -> None:
        if what & Changed.OPENED:
            self._busy = ""
        if what & _SHOWN:
            self.refresh()

    def render(self) -> Content:
        if self._busy or self.desk.document is None:
            return Content.styled(self._busy, "$muted")
        width = self.content_size.width
        right = self._quote()
        left = self._batch()
        room = width - right.cell_length - 2
        if left.cell_length > room:
            left = left.truncate(max(room, 0), ellipsis=True)
        return left + Content(" " * max(width - left.cell_length - right.cell_length, 0)) + right

    def _batch(self) -> Content:
        desk, batch = self.desk, self.desk.batch
        line = Content.styled(faces.one_line(batch.name, 60) or "untitled", "bold")
        if desk.document is not None and desk.document.dirty:
            line += Content.assemble("  ", ("● ", "$warning"), "not saved")
        if self._at_work:
            line += Content.assemble("  ", ("◌ ", "$accent"), "working …")
        if desk.broken:
            line += Content.assemble("  ", ("✗ ", "$error"), "cannot be read in full")
        words = ["1 task" if len(batch.tasks) == 1 else f"{len(batch.tasks):,} tasks"]
        words += [
            text for text in (axis_words(batch.axes, batch.repeat), desk.sheet.format if desk.sheet else "") if text
        ]
        return line + Content.styled(f"   {' · '.join(words)}", "$muted")

    def _quote(self) -> Content:
        desk = self.desk
        if not desk.batch.tasks:
            return Content("")
        if desk.live is None:
            said = "pricing …" if desk.pricing else "" if desk.targets or desk.broken else "no target is ticked"
            return Content.styled(said, "$muted")
        if desk.live.problem is not None:
            return Content.assemble(("✗ ", "$error"), faces.one_line(desk.live.problem.what, 80))
        quote = desk.live.quote
        pictures = "1 picture" if quote.pictures == 1 else f"{quote.pictures:,} pictures"
        color = "$accent" if self.cockpit.sandbox else "$primary"
        line = Content.assemble(self._warnings(), pictures, "   ", (str(quote.price), f"bold {color}"), "   ")
        return line + Content.styled(faces.about(quote.seconds), "$muted")

    def _warnings(self) -> Content:
        """Return how many rows have something to be put right, and how many a remark."""
        rows = {} if self.desk.priced is None else self.desk.priced.counts
        wrong = rows.get(Severity.WRONG, 0) + rows.get(Severity.IMPOSSIBLE, 0)
        adapted = rows.get(Severity.ADAPTED, 0)
        line = Content("")
        for count, severity in ((wrong, Severity.WRONG), (adapted, Severity.ADAPTED)):
            if count:
                glyph, color = SEVERITIES[severity]
                line += Content.styled(f"{glyph} {count:,}   ", f"${color}")
        return line
