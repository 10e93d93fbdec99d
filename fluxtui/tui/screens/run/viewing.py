"""The keys that choose what the Run screen shows: which run, which jobs, in what order, groups and columns."""

from textual import getters, on

from fluxtui.tui import faces
from fluxtui.tui.screens.run.columns import ColumnsScreen
from fluxtui.tui.screens.run.jobs_pane import JobsPane
from fluxtui.tui.screens.run.steering_screen import SteeringScreen
from fluxtui.tui.screens.run.switcher import RunSwitcher
from fluxtui.tui.widgets.job_table import JobTable
from fluxtui.tui.widgets.run_tabs import RunTabs


class ViewingScreen(SteeringScreen):
    """A screen with tabs of runs and a pane of jobs."""

    tabs = getters.query_one(RunTabs)
    jobs = getters.query_one(JobsPane)
    table = getters.query_one("#jobs", JobTable)

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
        self.app.push_screen(self.jobs.sort_question(), lambda sort: None if sort is None else self.jobs.sort(sort))

    def action_choose_group(self) -> None:
        self.app.push_screen(self.jobs.group_question(), lambda by: None if by is None else self.jobs.group(by or None))

    def action_choose_columns(self) -> None:
        def chosen(names: tuple[str, ...] | None) -> None:
            if names is not None:
                self.jobs.choose_columns(names)

        self.app.push_screen(ColumnsScreen(self.jobs.columns), chosen)

    def action_next_run(self, step: int) -> None:
        run_id = self.app.live.next_to(step)
        if run_id is None:
            self.app.tell("There is no other tab. w finds every run.")
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
