"""What the cockpit sees of its workspace at this moment: the run it shows, the lanes, the runner."""

from dataclasses import replace

from fluxtui.domain.problems import Problem
from fluxtui.history.records import LaneRow, RunRow, TargetRow
from fluxtui.tui import faces, store


class Live:
    """Kept up to date by `hear`; screens read it.

    `problem` is why the history cannot be read, if so; `place` what is wrong with its folder.
    """

    def __init__(self, feed: store.Feed) -> None:
        self._feed = feed
        self.shown: RunRow | None = None
        self.targets: tuple[TargetRow, ...] = ()
        self.lanes: tuple[LaneRow, ...] = ()
        self.runner_alive = False
        self.history_read = False
        self.problem: Problem | None = None
        self.place: Problem | None = None
        self.tabs: tuple[RunRow, ...] = ()
        self._tab_ids: set[int] = set()
        self._run_id: int | None = None
        self._follow_latest = True
        self._expected: dict[str, int] = {}

    @property
    def run_id(self) -> int | None:
        """The run that is (or is about to be) shown."""
        return self._run_id

    def hear(self, news: store.News) -> None:
        match news:
            case store.RunsChanged(latest=latest, heads=heads, asked=asked):
                self.history_read, self.problem = True, None
                self._hear_heads(heads, asked)
                if latest is not None and self._follow_latest and latest.id != self._run_id:
                    self._watch(latest.id)
            case store.RunChanged(run=run, targets=targets) if run.id == self._run_id:
                self.shown, self.targets = run, targets
            case store.LanesChanged(lanes=lanes):
                self._expected = {k: n for k, n in self._expected.items() if (k, n) not in _limits(lanes)}
                self.lanes = tuple(map(self._as_expected, lanes))
            case store.RunnerChanged(alive=alive):
                self.runner_alive = alive
                self._expected.clear()
            case store.PlaceChanged(problem=problem):
                self.place = problem
            case store.FeedFailed(problem=problem):
                self.problem = problem

    def expect(self, lane: str, limit: int) -> None:
        """Show a lane's limit as it was just asked for, until the runner tells it."""
        self._expected[lane] = limit
        self.lanes = tuple(map(self._as_expected, self.lanes))

    def _as_expected(self, lane: LaneRow) -> LaneRow:
        limit = self._expected.get(lane.key)
        return lane if limit is None else replace(lane, limit=limit)

    def _hear_heads(self, heads: tuple[RunRow, ...], asked: frozenset[int]) -> None:
        """Live runs come first, then those that were live or opened since this cockpit began."""
        gone = asked - {head.id for head in heads}
        if self._run_id in gone:  # deleted, here or elsewhere: show what there is
            self.shown, self.targets, self._run_id, self._follow_latest = None, (), None, True
        self._tab_ids = (self._tab_ids | {head.id for head in heads if head.state in faces.LIVE_RUNS}) - gone
        tabs = [head for head in heads if head.id in self._tab_ids]
        self.tabs = tuple(sorted(tabs, key=lambda head: (head.state not in faces.LIVE_RUNS, head.id)))
        self._feed.keep_telling(frozenset(self._tab_ids))

    def next_to(self, step: int) -> int | None:
        """Return the run whose tab is so many further than the shown one's, round the end; None when it is alone."""
        ids = [tab.id for tab in self.tabs]
        if len(ids) < 2:
            return None
        here = ids.index(self._run_id) if self._run_id in ids else -1 if step > 0 else 0
        return ids[(here + step) % len(ids)]

    def open(self, run_id: int) -> None:
        """Show a run; from now on newer ones do not take its place."""
        self._follow_latest = False
        self._watch(run_id)

    def _watch(self, run_id: int) -> None:
        self._run_id = run_id
        self._tab_ids.add(run_id)
        self._feed.keep_telling(frozenset(self._tab_ids))
        self._feed.watch(run_id)


def _limits(lanes: tuple[LaneRow, ...]) -> set[tuple[str, int]]:
    return {(lane.key, limit) for lane in lanes for limit in (lane.limit, lane.wished) if limit is not None}
