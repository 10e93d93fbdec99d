"""The keys that choose what the Run screen shows: which run, which jobs, in what order, groups and columns."""

from textual import getters, on

from fluxtui.domain.problems import FluxtuiError
from fluxtui.tui import faces
from fluxtui.tui.screens.run.columns import ColumnsScreen
from fluxtui.tui.screens.run.jobs_pane import JobsPane
from fluxtui.tui.screens.run.steering_screen import SteeringScreen
from fluxtui.tui.screens.run.switcher import RunSwitcher
from fluxtui.tui.screens.run.view_questions import group_question, sort_question
from fluxtui.tui.store import NoHistoryYet
from fluxtui.tui.widgets.job_lines import group_label
from fluxtui.tui.widgets.job_table import JobTable
from fluxtui.tui.widgets.run_tabs import RunTabs


class ViewingScreen(SteeringScreen):
    """A screen with tabs of runs and a pane of jobs."""

    tabs = getters.query_one(RunTabs)
    jobs = getters.query_one(JobsPane)
    table = getters.query_one("#jobs", JobTable)

    async def together(self) -> tuple[str, tuple[int, ...]] | None:
        run_id, view, order = self.table.run_id, self.table.view, self.table.order
        if run_id is None:
            return None
        if self.table.group is not None and order.grouping is not None:
            return group_label(self.table.group, view.by or "")[0], tuple(order.grouping.members(self.table.group))
        if not self.jobs.filtered:
            return None
        try:
            return "by the filter", tuple(await self.app.feed.order(run_id, view.job_filter, "position", False))
        except (NoHistoryYet, FluxtuiError):
            return None

    def action_filter(self) -> None:
        self.jobs.open_filter()

    def action_unfilter(self) -> None:
        self.jobs.close_filter()

    async def action_next_problem(self, direction: int) -> None:
        job_id = await self.table.next_in(frozenset(faces.NEEDS_A_PERSON), direction)
        if job_id is None or not self.table.select_job(job_id):
            self.app.tell("No job needs you.")

    def action_sort(self) -> None:
        self.jobs.next_sort()

    def action_reverse(self) -> None:
        self.jobs.reverse()

    def action_choose_sort(self) -> None:
        question = sort_question(self.table.view)
        self.app.push_screen(question, lambda sort: None if sort is None else self.jobs.sort(sort))

    def action_choose_group(self) -> None:
        question = group_question(self.table.view)
        self.app.push_screen(question, lambda by: None if by is None else self.jobs.group(by or None))

    def action_choose_columns(self) -> None:
        def chosen(names: tuple[str, ...] | None) -> None:
            if names is not None:
                self.jobs.choose_columns(names)

        self.app.push_screen(ColumnsScreen(self.jobs.columns), chosen)

    def action_next_run(self, step: int) -> None:
        run_id = self.app.live.next_to(step)
        if run_id is None:
            self.app.tell(f"There is no other tab. {self.app.bound_key('run.switch')} finds every run.")
        else:
            self.app.live.open(run_id)

    @on(RunTabs.Picked)
    def _tab_picked(self, message: RunTabs.Picked) -> None:
        self.app.live.open(message.run_id)

    def action_switch_run(self) -> None:
        def chosen(run_id: int | None) -> None:
            if run_id is not None:
                self.app.live.open(run_id)

        self.app.push_screen(RunSwitcher(self.app.live.run_id), chosen)

    def action_follow(self) -> None:
        self.jobs.toggle_following()
