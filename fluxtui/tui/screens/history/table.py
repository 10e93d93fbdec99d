"""The table of runs: ids in order, rows for the page in view, marks. Drawn by the line API."""

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from textual.message import Message

from fluxtui.domain.jobs import JobState
from fluxtui.domain.money import show
from fluxtui.domain.text import byte_size
from fluxtui.history.records import RunRow
from fluxtui.history.run_list import DiskUse
from fluxtui.tui import faces
from fluxtui.tui.ink import Ink, Part, fit
from fluxtui.tui.screens.history.reading import Listing, Look, Page
from fluxtui.tui.widgets.rows import Rows

SORT_WORDS = {"newest": "when", "batch": "batch", "state": "state", "jobs": "jobs", "cost": "money", "size": "size"}
"""What a person calls each order."""

_NO_PAGE = Page({}, {}, {}, {})


@dataclass(frozen=True, slots=True)
class _Columns:
    """Cells of each column; 0 leaves one out."""

    batch: int
    bar: int
    done: int
    size: int
    targets: int
    gap: str


class RunTable(Rows):
    """The runs. The cursor stays on a run, wherever that moves."""

    HEADING = 1
    HELP = (
        "Every run of this workspace. Enter opens one, / searches, space marks several. The bar shows its jobs by"
        " state; size is what its pictures and thumbnails take on disk."
    )

    @dataclass
    class Wanted(Message):
        """Rows came into view that were not read yet."""

        table: "RunTable"

        @property
        def control(self) -> "RunTable":
            return self.table

    def __init__(self, clock: Callable[[], float], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._clock = clock
        self.ids: Sequence[int] = array("q")
        self.page = _NO_PAGE
        self.look = Look()
        self.marked: frozenset[int] = frozenset()
        self._current: int | None = None
        self._done_width = 4

    # --- what there is ---------------------------------------------------------------------------

    @property
    def row_count(self) -> int:
        return len(self.ids)

    @property
    def run_id(self) -> int | None:
        """The run under the cursor."""
        return self.ids[self.cursor] if 0 <= self.cursor < len(self.ids) else None

    @property
    def current(self) -> RunRow | None:
        return None if self.run_id is None else self.page.rows.get(self.run_id)

    @property
    def news(self) -> object:
        """Equal as long as there is nothing new to say of the run under the cursor, nor of a job of it."""
        if self.run_id is None:
            return None
        return self.run_id, _looks(self.page, self.run_id), self.page.changed.get(self.run_id)

    def row(self, run_id: int) -> RunRow | None:
        """Return a run's row as last read, None when it is not in view."""
        return self.page.rows.get(run_id)

    @property
    def wanted(self) -> range:
        """The places whose rows are worth reading: those in view, and a page on either side."""
        view, height = self.in_view, max(self.body_height, 20)
        return range(max(0, view.start - height), view.start + 2 * height)

    def show(self, listing: Listing) -> None:
        """Take over the list as it is now; only lines that look different are drawn again."""
        before, width = self.page, self._done_width
        self._take(listing.page)
        self.marked &= frozenset(listing.ids)
        if self.ids != listing.ids:
            self._reorder(listing.ids)
        elif self._done_width != width:
            self.refresh()
        else:
            self._redraw(before)

    def _take(self, page: Page) -> None:
        self.page = page
        widths = (len(_done(row)) for row in page.rows.values())
        self._done_width = max([4, *widths])

    def _reorder(self, ids: Sequence[int]) -> None:
        at = self.cursor
        self.ids = ids
        if self._current is not None and self._current in ids:
            at = ids.index(self._current)
        self.set_reactive(Rows.cursor, max(0, min(at, len(ids) - 1)))
        self._current = self.run_id
        self.rows_changed()
        self.reveal()

    def _redraw(self, before: Page) -> None:
        for index in self.in_view:
            run_id = self.ids[index]
            if _looks(self.page, run_id) != _looks(before, run_id):
                self.refresh_row(index)

    def add(self, page: Page) -> None:
        """Take over rows that were read for places that came into view."""
        self._take(page)
        self.refresh()

    def watch_cursor(self, before: int, after: int) -> None:
        self._current = self.run_id
        super().watch_cursor(before, after)

    def watch_scroll_y(self, before: float, after: float) -> None:
        super().watch_scroll_y(before, after)
        if any(self.ids[index] not in self.page.rows for index in self.in_view):
            self.post_message(self.Wanted(self))

    # --- marks -----------------------------------------------------------------------------------

    @property
    def chosen(self) -> tuple[int, ...]:
        """What an action is for: the marked runs, else the one under the cursor."""
        if self.marked:
            return tuple(run_id for run_id in self.ids if run_id in self.marked)
        return () if self.run_id is None else (self.run_id,)

    def mark(self, marked: frozenset[int]) -> None:
        self.marked = marked
        self.refresh()

    # --- drawing ---------------------------------------------------------------------------------

    def _columns(self, width: int) -> _Columns:
        gap = "  " if width >= 100 else " "
        done = self._done_width
        size = 7 if width >= 70 else 0
        fixed = 5 + 13 + done + 8 + size + 12
        gaps = len(gap) * (6 + bool(size))
        rest = max(10, width - fixed - gaps)
        if rest >= 56:  # room for who drew it, too
            return _Columns(26, 12, done, size, rest - 26 - 12 - len(gap), gap)
        batch = max(6, min(32, rest * 3 // 4))
        bar = max(0, rest - batch)
        return _Columns(batch, bar if bar >= 3 else 0, done, size, 0, gap)

    def draw_heading(self, width: int, ink: Ink) -> list[Part]:
        columns = self._columns(width - 1)
        cells = [
            ("newest", "  run", 6, False), ("state", "state", 13, False), ("batch", "batch", columns.batch, False),
            ("", "", columns.bar, False), ("jobs", "done", columns.done, True), ("cost", "$", 8, True),
            ("size", "size", columns.size, True), ("newest", "when", 12, True),
            ("", "targets", columns.targets, False),
        ]  # fmt: skip
        mark = "▾" if self.look.descending else "▴"
        parts: list[Part] = []
        for sort, word, size, right in cells:
            if size:
                sorted_by = sort == self.look.sort and word.strip() != "run"
                shown = f"{word} {mark}" if sorted_by else word
                parts += [(fit(shown, size, right=right), ink("foreground" if sorted_by else "muted"))]
                parts += [(columns.gap, ink("muted"))]
        return parts

    def draw_row(self, index: int, width: int, ink: Ink) -> list[Part]:
        run_id = self.ids[index]
        marked = (">" if run_id in self.marked else " ", ink("primary", bold=True))
        run = self.page.rows.get(run_id)
        if run is None:
            return [marked, (fit(str(run_id), 4, right=True), ink("muted"))]
        columns = self._columns(width)
        quiet, gap = ink("muted"), (columns.gap, ink("muted"))
        use = self.page.use.get(run_id, DiskUse())
        parts: list[Part] = [
            marked,
            (fit(str(run_id), 4, right=True), quiet),
            gap,
            (fit(f"{faces.RUN_GLYPHS[run.state]} {run.state.value}", 13), ink(faces.RUN_COLORS[run.state])),
            gap,
            (fit(faces.one_line(run.batch, 200), columns.batch), ink("foreground")),
            gap,
        ]
        if columns.bar:
            parts += [(part.glyph * part.cells, ink(part.color)) for part in faces.bar(run.counts, columns.bar)]
            parts.append(gap)
        money = ("sandbox", ink("accent")) if run.sandbox else (show(run.spent), quiet)
        parts += [
            (fit(_done(run), columns.done, right=True), ink("foreground")),
            gap,
            (fit(money[0], 8, right=True), money[1]),
            gap,
        ]
        if columns.size:
            parts += [(fit(byte_size(use.total) if use.pictures else "—", columns.size, right=True), quiet), gap]
        parts.append((fit(faces.when(run.created_at, self._clock()), 12, right=True), quiet))
        if columns.targets:
            parts += [gap, (fit(", ".join(faces.one_line(t, 80) for t in run.targets), columns.targets), quiet)]
        return parts


def _done(run: RunRow) -> str:
    return f"{run.counts.get(JobState.DONE, 0):,}/{run.jobs:,}"


def _looks(page: Page, run_id: int) -> tuple[RunRow | None, DiskUse | None]:
    """Return what a line is drawn from: a run's revision moves with every change of any run."""
    row = page.rows.get(run_id)
    return None if row is None else replace(row, revision=0), page.use.get(run_id)
