"""Jobs in an order: an array of lines, pages of rows by id, and a cursor that names what it is on."""

import time
from array import array
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from functools import partial

from textual.message import Message

from fluxtui.domain.problems import FluxtuiError
from fluxtui.history.records import JobFilter, JobRow
from fluxtui.tui.grouping import Grouped, JobOrder
from fluxtui.tui.ink import Ink, Part
from fluxtui.tui.store import NoHistoryYet, Source
from fluxtui.tui.widgets.group_tallies import GroupTallies
from fluxtui.tui.widgets.job_lines import JobLines
from fluxtui.tui.widgets.job_pages import JobPages
from fluxtui.tui.widgets.rows import Rows
from fluxtui.tui.work import begin

EVERY_JOB = JobFilter()


@dataclass(frozen=True, slots=True)
class TableView:
    """How a table looks at a run: what it shows, in what order, in which groups, and its cursor's line."""

    job_filter: JobFilter = EVERY_JOB
    sort: str = "position"
    descending: bool = False
    by: str | None = None
    folded: frozenset[str] = frozenset()
    line: int | str | None = None


class OrderedJobs(Rows):
    """The jobs of one run in an order that is read from the source, flat or in groups."""

    HEADING = 1

    @dataclass
    class JobSelected(Message):
        """The cursor is on another line: a job, or (job_id None) a group's heading, or none."""

        table: "OrderedJobs"
        job_id: int | None

        @property
        def control(self) -> "OrderedJobs":
            return self.table

    @dataclass
    class OrderChanged(Message):
        """Other jobs, or other order: `count` jobs pass the filter."""

        table: "OrderedJobs"
        count: int

        @property
        def control(self) -> "OrderedJobs":
            return self.table

    def __init__(self, source: Source, clock: Callable[[], float], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._source = source
        self.run_id: int | None = None
        self.view = TableView()
        self.order = JobOrder()
        self.lines = JobLines(clock)
        self.pages = JobPages(self, source, self._arrived)
        self.tallies = GroupTallies(self, source, self._counted)
        self._line: int | str | None = None
        self._read_once = False
        self._due = False
        self._took = 0.0

    @property
    def row_count(self) -> int:
        return len(self.order)

    @property
    def job_id(self) -> int | None:
        """The job under the cursor, None on a heading."""
        return self._line if isinstance(self._line, int) else None

    @property
    def group(self) -> str | None:
        """The group whose heading is under the cursor."""
        return self._line if isinstance(self._line, str) else None

    # --- what is shown ---------------------------------------------------------------------------

    def show_run(self, run_id: int | None, targets: Iterable[str] = (), view: TableView | None = None) -> None:
        """Show another run's jobs; the cursor goes to the line of `view`, else to the first."""
        self.run_id, self._line, self._read_once = run_id, None, False
        self.order.clear()
        self.pages.clear()
        if self.lines.set_targets(targets):
            self.refresh()
        self.set_reactive(Rows.cursor, 0)
        self.scroll_to(y=0, animate=False, force=True)
        self.rows_changed()
        if view is not None:
            self.view, self._line, self.order.folded = view, view.line, set(view.folded)
        self.reorder()

    def set_targets(self, targets: Iterable[str]) -> None:
        """Tell the names that the target column should have room for."""
        if self.lines.set_targets(targets):
            self.refresh()

    def set_columns(self, chosen: Iterable[str]) -> None:
        self.lines.set_columns(chosen)
        self.pages.with_extras(self.lines.extras)
        self.refresh()

    def look(self, view: TableView) -> None:
        """Look at the run in another way; the cursor stays on its line."""
        if view != self.view:
            if view.by != self.view.by:
                self.order.folded = set()
            self.view = view
            self.reorder()

    def kept_view(self) -> TableView:
        """Return the view as it is now, with its cursor and folds: `show_run` takes it up again."""
        return replace(self.view, folded=frozenset(self.order.folded), line=self._line)

    def reorder(self) -> None:
        """Read the order anew; the cursor stays on its job."""
        self._due = False
        if self.run_id is not None:
            begin(self, partial(self._read_order, self.run_id, self.view), group="order", exclusive=True)

    async def _read_order(self, run_id: int, view: TableView) -> None:
        began = time.monotonic()
        reading: array[int] | Grouped
        try:
            if view.by is None:
                reading = await self._source.order(run_id, view.job_filter, view.sort, view.descending)
            else:
                reading = await self._source.groups(
                    run_id, view.job_filter, view.sort, view.descending, view.by, frozenset(self.order.folded)
                )
        except (NoHistoryYet, FluxtuiError):
            return  # the feed reports what is wrong with the database
        self._took = time.monotonic() - began
        if run_id != self.run_id:
            return
        self.order.take(reading)
        self.tallies.about(run_id, view.job_filter, view.by)
        self.tallies.renew(self.headings_in_view())
        self._read_once = True
        self._lines_changed()
        self.pages.ask_ends(self.order.lines)
        self.post_message(self.OrderChanged(self, self.order.job_count))

    def _lines_changed(self) -> None:
        """The lines are others: keep the cursor on its own, or where it was."""
        self.pages.turn()
        at = self.order.find(self._line)
        if at is not None:
            self.set_reactive(Rows.cursor, at)
        self.rows_changed()
        self.reveal()
        self._announce()

    def _announce(self) -> None:
        line = self.order.identity(self.cursor)
        if line != self._line:
            self._line = line
            self.post_message(self.JobSelected(self, self.job_id))

    def watch_cursor(self, before: int, after: int) -> None:
        super().watch_cursor(before, after)
        self._announce()

    # --- drawing ---------------------------------------------------------------------------------

    def row(self, job_id: int) -> JobRow | None:
        """Return a row if it is at hand."""
        return self.pages.row(job_id)

    def _arrived(self, ids: Collection[int]) -> None:
        for index in self.in_view:
            if self.order.lines[index] in ids:
                self.refresh_row(index)

    def draw_heading(self, width: int, ink: Ink) -> list[Part]:
        return self.lines.heading(width, ink, self.view.sort, descending=self.view.descending)

    def nothing(self) -> str:
        if self.run_id is not None and not self._read_once:
            return "The jobs are being read …"
        return "" if self.view.job_filter.empty else "No job passes this filter."

    def draw_row(self, index: int, width: int, ink: Ink) -> list[Part]:
        line = self.order.lines[index]
        if line > 0 or self.order.grouping is None:
            return self.lines.row(self.pages.at(self.order.lines, index), self.pages.more(line), width, ink)
        name = self.order.grouping.name_of(line)
        folded, by = name in self.order.folded, self.view.by or ""
        return self.lines.group(name, self.tallies.of(name), folded=folded, by=by, width=width, ink=ink)

    def headings_in_view(self) -> list[str]:
        """Return the groups whose headings are drawn, and the one under the cursor."""
        grouping = self.order.grouping
        if grouping is None:
            return []
        names = [grouping.name_of(self.order.lines[index]) for index in self.in_view if self.order.lines[index] < 0]
        return names if self.group is None or self.group in names else [*names, self.group]

    def _counted(self) -> None:
        for index in self.in_view:
            if self.order.lines[index] < 0:
                self.refresh_row(index)
        if self.group is not None:
            self.post_message(self.JobSelected(self, None))
