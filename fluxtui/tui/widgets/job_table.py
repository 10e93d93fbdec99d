"""The live table of a run's jobs: an array of ids, pages of rows by id, only changed lines drawn."""

import asyncio
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial

from textual.message import Message

from fluxtui.domain.jobs import ACTIVE, JobState
from fluxtui.domain.problems import FluxtuiError
from fluxtui.history.records import JobFilter, JobRow
from fluxtui.tui.ink import Ink, Part
from fluxtui.tui.store import NoHistoryYet, Source
from fluxtui.tui.widgets.job_lines import JobLines
from fluxtui.tui.widgets.rows import Rows
from fluxtui.tui.work import begin

PAGE = 64
_KEPT_ROWS = 64 * PAGE
_REORDER_SECONDS = 1.0
"""How often a sort or filter over what changes is applied again: rows should not jump about."""

SORTS = ("position", "state", "task", "target", "seconds", "cost", "newest")
SORT_WORDS = {"position": "order", "seconds": "time", "newest": "newest change"}
_HAPPENED_FIRST = frozenset({"seconds", "cost", "newest"})  # largest first


class JobTable(Rows):
    """Shows the jobs of one run. The cursor names a job's id, so no refresh moves it to another."""

    HEADING = 1

    @dataclass
    class JobSelected(Message):
        """The cursor names another job, or none."""

        table: "JobTable"
        job_id: int | None

        @property
        def control(self) -> "JobTable":
            return self.table

    @dataclass
    class OrderChanged(Message):
        """Other jobs, or other order: `count` rows pass the filter."""

        table: "JobTable"
        count: int

        @property
        def control(self) -> "JobTable":
            return self.table

    def __init__(self, source: Source, clock: Callable[[], float], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._source = source
        self._clock = clock
        self.run_id: int | None = None
        self.job_filter = JobFilter()
        self.sort = "position"
        self.job_id: int | None = None
        self._order: array[int] = array("q")
        self._rows: OrderedDict[int, JobRow] = OrderedDict()
        self._asked: set[int] = set()
        self._lines = JobLines(clock)
        self._reorder_due = False

    def on_mount(self) -> None:
        self.set_interval(1.0, self._tick)

    @property
    def row_count(self) -> int:
        return len(self._order)

    # --- what is shown ---------------------------------------------------------------------------

    def show_run(self, run_id: int | None, targets: Iterable[str] = ()) -> None:
        """Show another run's jobs; the cursor goes to its first."""
        self.run_id, self.job_id = run_id, None
        self._order = array("q")
        self._rows.clear()
        self._asked.clear()
        self.set_targets(targets)
        self.set_reactive(Rows.cursor, 0)
        self.scroll_to(y=0, animate=False, force=True)
        self.rows_changed()
        self.reorder()

    def set_targets(self, targets: Iterable[str]) -> None:
        """Tell the names that the target column should have room for."""
        if self._lines.set_targets(targets):
            self.refresh()

    def set_filter(self, job_filter: JobFilter) -> None:
        if job_filter != self.job_filter:
            self.job_filter = job_filter
            self.reorder()

    def set_sort(self, sort: str) -> None:
        if sort != self.sort:
            self.sort = sort
            self.reorder()

    def reorder(self) -> None:
        """Read the order anew; the cursor stays on its job."""
        self._reorder_due = False
        if self.run_id is not None:
            begin(self, partial(self._read_order, self.run_id), group="order", exclusive=True)

    async def _read_order(self, run_id: int) -> None:
        try:
            order = await self._source.order(run_id, self.job_filter, self.sort, self.sort in _HAPPENED_FIRST)
        except (NoHistoryYet, FluxtuiError):
            return  # the feed reports what is wrong with the database
        if run_id != self.run_id:
            return
        self._order = order
        at = self._find(self.job_id)
        if at is not None:
            self.set_reactive(Rows.cursor, at)
        self.rows_changed()
        self.reveal()
        self._announce()
        self.post_message(self.OrderChanged(self, len(order)))

    def _find(self, job_id: int | None) -> int | None:
        if job_id is None:
            return None
        try:
            return self._order.index(job_id)
        except ValueError:
            return None

    def _announce(self) -> None:
        job_id = self._order[self.cursor] if self._order else None
        if job_id != self.job_id:
            self.job_id = job_id
            self.post_message(self.JobSelected(self, job_id))

    def watch_cursor(self, before: int, after: int) -> None:
        super().watch_cursor(before, after)
        self._announce()

    def select_job(self, job_id: int) -> bool:
        """Move the cursor to a job; False when the table does not show it."""
        at = self._find(job_id)
        if at is not None:
            self.cursor = at
        return at is not None

    def near(self, before: int, after: int) -> list[int]:
        """Return the ids of the jobs around the cursor, in order."""
        return list(self._order[max(0, self.cursor - before) : self.cursor + after + 1])

    async def next_in(self, states: frozenset[JobState], direction: int) -> int | None:
        """Return the nearest job after (or before) the cursor in any of `states`; it wraps around."""
        if self.run_id is None or not self._order:
            return None
        wanted = replace(self.job_filter, states=states)
        found = set(await self._source.order(self.run_id, wanted, "position", False))
        count = len(self._order)
        for step in range(1, count + 1):
            job_id = self._order[(self.cursor + direction * step) % count]
            if job_id in found:
                return job_id
        return None

    # --- what changed ----------------------------------------------------------------------------

    def apply(self, rows: Iterable[JobRow]) -> None:
        """Take rows that changed; draws only the lines in view that show one of them."""
        changed: set[int] = set()
        for row in rows:
            changed.add(row.id)
            if row.id in self._rows:
                self._rows[row.id] = row
        in_view = self.in_view
        for index in in_view:
            if self._order[index] in changed:
                self.refresh_row(index)
        if self.job_filter.changes_with_jobs or self.sort not in ("position", "task", "target"):
            self._reorder_soon()

    def forget(self) -> None:
        """Drop every row but those in view, which are read anew: too many changed to take them one by one."""
        in_view = self.in_view
        kept = {self._order[index] for index in in_view}
        self._rows = OrderedDict((job_id, row) for job_id, row in self._rows.items() if job_id in kept)
        self._asked.clear()
        for page in {index // PAGE for index in in_view}:
            self._ask_page(page)
        self._reorder_soon()

    def _reorder_soon(self) -> None:
        if not self._reorder_due:
            self._reorder_due = True
            self.set_timer(_REORDER_SECONDS, self.reorder)

    def _tick(self) -> None:
        for index in self.in_view:
            row = self._rows.get(self._order[index])
            if row is not None and (row.state in ACTIVE or row.not_before is not None):
                self.refresh_row(index)

    def row(self, job_id: int) -> JobRow | None:
        """Return a row if it is at hand."""
        return self._rows.get(job_id)

    def _row_at(self, index: int) -> JobRow | None:
        job_id = self._order[index]
        row = self._rows.get(job_id)
        if row is None:
            self._ask_page(index // PAGE)
        else:
            self._rows.move_to_end(job_id)
        # The pages next to the one in view come before anyone scrolls there.
        ahead = (index + PAGE // 2) // PAGE, max(0, (index - PAGE // 2) // PAGE)
        for page in ahead:
            first = page * PAGE
            if first < len(self._order) and self._order[first] not in self._rows:
                self._ask_page(page)
        return row

    def _ask_page(self, page: int) -> None:
        if page in self._asked:
            return
        self._asked.add(page)
        ids = tuple(self._order[page * PAGE : (page + 1) * PAGE])
        begin(self, partial(self._read_page, page, ids), group="pages")

    async def _read_page(self, page: int, ids: tuple[int, ...]) -> None:
        try:
            rows = await self._source.page(ids)
        except (NoHistoryYet, FluxtuiError, asyncio.CancelledError):
            return
        finally:
            self._asked.discard(page)
        self._rows.update(rows)
        while len(self._rows) > _KEPT_ROWS:
            self._rows.popitem(last=False)
        for index in self.in_view:
            if self._order[index] in rows:
                self.refresh_row(index)

    # --- drawing ---------------------------------------------------------------------------------

    def draw_heading(self, width: int, ink: Ink) -> list[Part]:
        return self._lines.heading(width, ink, self.sort, descending=self.sort in _HAPPENED_FIRST)

    def draw_row(self, index: int, width: int, ink: Ink) -> list[Part]:
        return self._lines.row(self._row_at(index), width, ink)
