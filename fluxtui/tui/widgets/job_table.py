"""The live table of a run's jobs: it takes changes as they come, finds jobs, folds groups."""

from collections.abc import Iterable
from dataclasses import replace

from fluxtui.domain.jobs import ACTIVE, JobState
from fluxtui.history.job_list import GroupTally
from fluxtui.history.records import JobRow
from fluxtui.tui import keymap
from fluxtui.tui.widgets.job_pages import PAGE
from fluxtui.tui.widgets.ordered_jobs import OrderedJobs
from fluxtui.tui.widgets.rows import Rows

_REORDER_SECONDS = 1.0
"""How often a sort or filter over what changes is applied again: rows should not jump about."""
_PATIENCE = 8.0
"""Reading anew waits so many times as long as it took: a huge run never keeps the reader busy."""

SORT_WORDS = {
    "position": "order", "seconds": "time", "cost": "money", "attempts": "tries", "started": "start",
    "newest": "newest change",
}  # fmt: skip
_LARGEST_FIRST = frozenset({"seconds", "cost", "attempts", "started", "priority", "newest"})
_STAY = frozenset({"position", "task", "target"})
"""Orders that no change of a job changes."""


def descends(sort: str) -> bool:
    """Return the direction in which an order begins: the largest first, where that is what one looks for."""
    return sort in _LARGEST_FIRST


class JobTable(OrderedJobs):
    """Shows the jobs of one run. The cursor names a job's id (or a group), so no refresh moves it to another."""

    BINDINGS = keymap.bindings(keymap.JOBS)
    HELP = (
        "The jobs of this run. They can be filtered by any word of task, target or prompt, by state, money, time and"
        " tries; sorted by any column, either way; and put in groups by task, target or state. The heading of a group"
        " shows its jobs by state and its money, and folds. The columns and their order are yours to choose."
    )

    def on_mount(self) -> None:
        self.set_interval(1.0, self._tick)

    @property
    def group_tally(self) -> GroupTally | None:
        """What the group under the cursor holds."""
        return None if self.group is None else self.tallies.of(self.group)

    @property
    def place(self) -> int:
        """How many jobs there are down to the cursor's, that one among them."""
        if self.view.by is None:
            return self.cursor + 1
        return sum(1 for line in self.order.lines[: self.cursor + 1] if line > 0)

    # --- finding ---------------------------------------------------------------------------------

    def select_job(self, job_id: int, *, unfold: bool = True) -> bool:
        """Move the cursor to a job, unfolding its group if need be; False when the table does not show it."""
        at = self.order.find(job_id)
        if at is None and unfold and self.order.folded and self.order.grouping is not None:
            name = self.order.grouping.group_of(job_id)
            if name is not None:
                self._fold(name)
                at = self.order.find(job_id)
        if at is not None:
            self.cursor = at
        return at is not None

    def near(self, before: int, after: int) -> list[int]:
        """Return the ids of so many jobs around the cursor, in order; on a heading, of its group's first ones."""
        if self.group is not None and self.order.grouping is not None:
            return list(self.order.grouping.members(self.group)[: before + after + 1])
        lines, spare = self.order.lines, 0 if self.view.by is None else 2 * (before + after) + 8
        earlier = [line for line in lines[max(0, self.cursor - before - spare) : self.cursor] if line > 0]
        here_on = [line for line in lines[self.cursor : self.cursor + after + spare + 1] if line > 0]
        earlier = earlier[-before:] if before > 0 else []
        return [*earlier, *here_on[: after + 1 + before - len(earlier)]]

    async def next_in(self, states: frozenset[JobState], direction: int) -> int | None:
        """Return the nearest job after (or before) the cursor in any of `states`; it wraps around."""
        if self.run_id is None or not self.order:
            return None
        shown = self.view.job_filter
        wanted = replace(shown, states=states if shown.states is None else states & shown.states)
        found = set(await self._source.order(self.run_id, wanted, "position", False))
        if not found:
            return None
        jobs, on_heading = self.order.jobs(), self.job_id is None
        at = jobs.index(self.order.first_job(self._line))
        start = at if on_heading or direction < 0 else at + 1
        around = jobs[start:] + jobs[:start]
        return next((job_id for job_id in (around if direction > 0 else reversed(around)) if job_id in found), None)

    def step_job(self, step: int) -> None:
        """Go to the next job (or the one before), past headings."""
        at = self.cursor + step
        while 0 <= at < self.row_count and self.order.lines[at] < 0:
            at += step
        if 0 <= at < self.row_count:
            self.cursor = at

    # --- what changed ----------------------------------------------------------------------------

    def apply(self, rows: Iterable[JobRow]) -> None:
        """Take rows that changed; draws only the lines in view that show one of them."""
        changed = self.pages.take(rows)
        for index in self.in_view:
            if self.order.lines[index] in changed:
                self.refresh_row(index)
        if self.view.job_filter.changes_with_jobs or self.view.sort not in _STAY or self.view.by is not None:
            self._reorder_soon()

    def forget(self) -> None:
        """Drop every row but those in view, which are read anew: too many changed to take them one by one."""
        in_view = self.in_view
        self.pages.keep_only({self.order.lines[index] for index in in_view})
        for page in {index // PAGE for index in in_view}:
            self.pages.ask(self.order.lines, page)
        self._reorder_soon()

    def _reorder_soon(self) -> None:
        if not self._due:
            self._due = True
            stays = self.view.by in ("task", "target") and self.view.sort in _STAY
            if stays and not self.view.job_filter.changes_with_jobs:
                self.set_timer(max(_REORDER_SECONDS / 2, _PATIENCE * self.tallies.took), self._count_anew)
            else:
                self.set_timer(max(_REORDER_SECONDS, _PATIENCE * self._took), self.reorder)

    def renew(self) -> None:
        """The run has other jobs than were read: read them before long, and not at every word of it."""
        if not self._due:
            self._due = True
            self.set_timer(max(_REORDER_SECONDS / 2, _PATIENCE * self._took), self.reorder)

    def _count_anew(self) -> None:
        self._due = False
        self.tallies.renew(self.headings_in_view())

    def _tick(self) -> None:
        for index in self.in_view:
            row = self.pages.row(self.order.lines[index])
            if row is not None and (row.state in ACTIVE or row.not_before is not None):
                self.refresh_row(index)

    # --- groups ----------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.view.by is not None if action in ("fold", "fold_all", "outward", "inward") else True

    def _fold(self, name: str) -> None:
        at = self.order.toggle(name)
        if at is not None:
            self._line = name
            self.set_reactive(Rows.cursor, at)
            self._turned()

    def _turned(self) -> None:
        self._lines_changed()
        self.post_message(self.JobSelected(self, self.job_id))

    def action_fold(self) -> None:
        """Fold the group that the cursor is in, or unfold it."""
        name = self.order.group_at(self.cursor)
        if name is not None:
            self._fold(name)

    def action_fold_all(self) -> None:
        name = self.order.group_at(self.cursor)
        self.order.toggle_all()
        if self.order.find(self._line) is None:
            self._line = name
        self._turned()

    def action_outward(self) -> None:
        """From a job to its group's heading; there, fold."""
        name = self.order.group_at(self.cursor)
        at = self.order.find(name)
        if name is None or at is None:
            return
        if self.group is None:
            self.cursor = at
        elif name not in self.order.folded:
            self._fold(name)

    def action_inward(self) -> None:
        """From a heading: unfold it, then to its first job."""
        if self.group is not None and self.group in self.order.folded:
            self._fold(self.group)
        else:
            self.cursor += 1
