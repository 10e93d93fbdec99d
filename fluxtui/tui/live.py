"""What the cockpit sees of its workspace at this moment: the run it shows, the lanes, the runner."""

from fluxtui.domain.problems import Problem
from fluxtui.history.records import LaneRow, RunRow, TargetRow
from fluxtui.tui import store


class Live:
    """Kept up to date by `hear`; screens read it. `problem` is why the history cannot be read, if so."""

    def __init__(self, feed: store.Feed) -> None:
        self._feed = feed
        self.shown: RunRow | None = None
        self.targets: tuple[TargetRow, ...] = ()
        self.lanes: tuple[LaneRow, ...] = ()
        self.runner_alive = False
        self.history_read = False
        self.problem: Problem | None = None
        self._run_id: int | None = None
        self._follow_latest = True

    @property
    def run_id(self) -> int | None:
        """The run that is (or is about to be) shown."""
        return self._run_id

    def hear(self, news: store.News) -> None:
        match news:
            case store.RunsChanged(latest=latest):
                self.history_read, self.problem = True, None
                if latest is not None and self._follow_latest and latest.id != self._run_id:
                    self._watch(latest.id)
            case store.RunChanged(run=run, targets=targets) if run.id == self._run_id:
                self.shown, self.targets = run, targets
            case store.LanesChanged(lanes=lanes):
                self.lanes = lanes
            case store.RunnerChanged(alive=alive):
                self.runner_alive = alive
            case store.FeedFailed(problem=problem):
                self.problem = problem

    def open(self, run_id: int) -> None:
        """Show a run; from now on newer ones do not take its place."""
        self._follow_latest = False
        self._watch(run_id)

    def _watch(self, run_id: int) -> None:
        self._run_id = run_id
        self._feed.watch(run_id)
