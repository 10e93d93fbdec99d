"""The top of the Run screen: what the run is doing, and one progress line a target."""

from collections.abc import Callable, Sequence

from textual.content import Content
from textual.strip import Strip
from textual.widget import Widget

from fluxtui.domain.jobs import ACTIVE, SETTLED, JobState, RunState
from fluxtui.domain.money import show
from fluxtui.history.records import LaneRow, RunRow, TargetRow
from fluxtui.tui import faces
from fluxtui.tui.ink import Ink, Part, fit, ink_of, strip_of

_MOST_LINES = 8
_MOST_LINES_SHORT = 4  # in a window of fewer than _TALL rows
_TALL = 34


def seconds_left(targets: Sequence[TargetRow], lanes: Sequence[LaneRow]) -> float | None:
    """Return a rough time until all is done; None while nobody can tell. Targets run side by side."""
    widths = {lane.key: max(1, lane.in_flight) for lane in lanes}
    times: list[float] = []
    for target in targets:
        left = sum(n for state, n in target.counts.items() if state in ACTIVE or state is JobState.QUEUED)
        if not left:
            continue
        if target.p50 is None:
            return None
        times.append(max(target.p50 / 2, target.p50 * left / widths.get(target.lane, 1)))
    return max(times) if times else None


def parked_words(run: RunRow, targets: Sequence[TargetRow], lanes: Sequence[LaneRow]) -> Content:
    """Return what keeps a run's parked lanes from going on, and what to do; empty when none is parked."""
    ours = {target.lane for target in targets if set(target.counts) - SETTLED}
    lines = []
    for lane in lanes:
        if lane.state in ("parked", "disabled") and lane.key in ours and run.state is not RunState.FINISHED:
            words = ["It needs you."] if lane.problem is None else [lane.problem.what, lane.problem.advice]
            lines.append(
                Content.assemble((f"{faces.one_line(lane.target)}  ", "bold $warning"), " ".join(filter(None, words)))
            )
    if lines and run.state is RunState.PARKED:
        lines.append(Content.assemble("Then ", ("p", "bold $primary"), " goes on; nothing is lost meanwhile."))
    return Content("\n").join(lines)


class RunHead(Widget):
    """Two lines: batch, run, state and money; then the counts."""

    DEFAULT_CSS = """
    RunHead { height: 2; padding: 0 1; }
    """

    def __init__(self, clock: Callable[[], float], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._clock = clock
        self._run: RunRow | None = None
        self._left: float | None = None
        self._runner_alive = True

    def on_mount(self) -> None:
        self.set_interval(1.0, self._tick)

    def show(self, run: RunRow | None, left: float | None, runner_alive: bool) -> None:
        self._run, self._left, self._runner_alive = run, left, runner_alive
        self.refresh()

    def _tick(self) -> None:
        if self._run is not None and self._run.state is RunState.RUNNING and self._runner_alive:
            self.refresh()

    def render(self) -> Content:
        run = self._run
        if run is None:
            return Content("")
        state, word = run.state, run.state.value
        glyph, color = faces.RUN_GLYPHS[state], faces.RUN_COLORS[state]
        if state is RunState.READY and self._runner_alive:
            word = "starting"
        elif self._stranded(run):
            glyph, color, word = "○", "warning", "waits for a runner: p starts one"
        first = Content.assemble(
            (faces.one_line(run.batch, 60), "bold"),
            (f"  run {run.id}  ", "$muted"),
            (f"{glyph} {word}", f"bold ${color}"),
        )
        return self._line(first, self._time_and_money(run)) + "\n" + self._counts(run)

    def _stranded(self, run: RunRow) -> bool:
        return run.state in faces.LIVE_RUNS and not self._runner_alive

    def _line(self, left: Content, right: Content) -> Content:
        gap = self.content_size.width - left.cell_length - right.cell_length
        return left + Content(" " * gap) + right if gap >= 2 else left

    def _time_and_money(self, run: RunRow) -> Content:
        parts = []
        if run.started_at is not None and not self._stranded(run):
            end = run.finished_at if run.finished_at is not None else self._clock()
            elapsed = max(0.0, end - run.started_at)
            ended = run.finished_at is not None
            parts.append(faces.duration(elapsed) if ended else f"{faces.whole_seconds(elapsed)} elapsed")
        if self._left is not None and run.state is RunState.RUNNING and self._runner_alive:
            parts.append(f"{faces.about(self._left)} left")
        money = show(run.spent)
        if run.cap is not None:
            money += f" of {show(run.cap)}"
        elif run.state in faces.LIVE_RUNS and run.quoted:
            money += f" of {show(run.quoted)} quoted"
        parts.append(money)
        line = Content.styled(" · ".join(parts), "$muted")
        if run.uncertain:
            line += Content.styled(f" + {show(run.uncertain)} in doubt", "$state-in-doubt")
        return line

    def _counts(self, run: RunRow) -> Content:
        parts = faces.summary(run.counts)
        width = max(1, self.content_size.width)
        if sum(len(text) + 3 for _, text in parts) - 3 > width:  # what needs a person is not what is cut off
            theirs = {faces.color_of(state) for state in faces.NEEDS_A_PERSON}
            parts = [*parts[:1], *sorted(parts[1:], key=lambda part: part[0] not in theirs)]
        line = Content("   ").join(Content.styled(text, f"${color}") for color, text in parts)
        return line.truncate(width, ellipsis=True)


class TargetLines(Widget):
    """One line a target: bar by state, counts, in flight, speed, money, and what its lane waits for."""

    DEFAULT_CSS = """
    TargetLines { height: auto; padding: 0 1; }
    """

    def __init__(self, clock: Callable[[], float], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._clock = clock
        self._targets: tuple[TargetRow, ...] = ()
        self._lanes: dict[str, LaneRow] = {}

    def on_mount(self) -> None:
        self.set_interval(1.0, self._tick)

    def show(self, targets: Sequence[TargetRow], lanes: Sequence[LaneRow]) -> None:
        lines_before = self._lines
        self._targets = tuple(targets)
        self._lanes = {lane.key: lane for lane in lanes}
        self.refresh(layout=self._lines != lines_before)

    def _tick(self) -> None:
        if any(lane.resume_at is not None for lane in self._lanes.values()):
            self.refresh()

    @property
    def _most(self) -> int:
        return _MOST_LINES if self.app.size.height >= _TALL else _MOST_LINES_SHORT

    @property
    def _lines(self) -> int:
        return min(len(self._targets), self._most)

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return self._lines

    def render_line(self, y: int) -> Strip:
        ink, width = ink_of(self.app), self.size.width
        if y >= len(self._targets):
            return strip_of([], width, ink(None, "background"))
        if y == self._most - 1 and len(self._targets) > self._most:
            more = f"… and {len(self._targets) - y} more targets"
            return strip_of([(more, ink("muted"))], width, ink(None, "background"))
        return strip_of(self._target(self._targets[y], width, ink), width, ink(None, "background"))

    def _target(self, target: TargetRow, width: int, ink: Ink) -> list[Part]:
        longest = max(len(t.target) for t in self._targets)
        name = min(longest, max(16, width // 3))
        total, settled = sum(target.counts.values()), target.counts.get(JobState.DONE, 0)
        most = max(len(f"{sum(t.counts.values()):,}") for t in self._targets)
        lane = self._lanes.get(target.lane)
        note, note_color = self._note(target, lane)
        wide = width >= 100
        note_width = 30 if wide else 16
        facts = 2 * most + 3 + (24 if wide else 0) + note_width + 4
        bar_width = max(8, min(60, width - name - facts - 2))
        quiet = ink("muted")
        parts: list[Part] = [(fit(faces.one_line(target.target, 200), name), ink("foreground")), ("  ", quiet)]
        parts += [(part.glyph * part.cells, ink(part.color)) for part in faces.bar(target.counts, bar_width)]
        parts.append((f"  {settled:>{most},}/{total:<{most},}", ink("foreground")))
        if wide:
            speed = "" if target.p50 is None else f"p50 {faces.duration(target.p50)}"
            parts.append((f"  {speed:>11}  {show(target.spent):>8}", quiet))
        parts += [("  ", quiet), (fit(note, note_width), ink(note_color))]
        return parts

    def _note(self, target: TargetRow, lane: LaneRow | None) -> tuple[str, str]:
        active = sum(target.counts.get(state, 0) for state in ACTIVE)
        waiting = target.counts.get(JobState.QUEUED, 0)
        if lane is not None and (active or waiting):
            if lane.state == "parked":
                why = lane.problem.what if lane.problem is not None else "needs you"
                return f"! parked: {faces.one_line(why)}", "warning"
            if lane.state == "disabled":
                return "– disabled: F6 enables it", "warning"
            if lane.state == "paused":
                return "‖ paused", "muted"
            if lane.resume_at is not None and lane.resume_at > self._clock():
                return f"↻ goes on in {faces.countdown(lane.resume_at - self._clock())}", "warning"
        if active:
            most = f" of {lane.limit}" if lane is not None else ""
            return f"◐ {active:,}{most} in flight", "state-waiting"
        if waiting:
            return f"· {waiting:,} queued", "muted"
        bad = [(state, target.counts[state]) for state in faces.NEEDS_A_PERSON if target.counts.get(state)]
        if bad:
            return ", ".join(f"{faces.GLYPHS[s]} {n:,} {s.label}" for s, n in bad), faces.color_of(bad[0][0])
        return "✓ all done", "state-done"
