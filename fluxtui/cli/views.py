"""How a run looks without a screen: JSON Lines, plain lines, or a live display on a terminal."""

import contextlib
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from fluxtui.cli import narration, shapes
from fluxtui.cli.exits import Exit
from fluxtui.cli.following import News, Step
from fluxtui.cli.output import Output, shown
from fluxtui.domain.jobs import SETTLED, JobState
from fluxtui.domain.money import Certainty, show
from fluxtui.history.records import LaneRow, TargetRow

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

_DRAW_EVERY = 0.25

_MARKS = {
    JobState.DONE: "✔",
    JobState.REFUSED: "⊘",
    JobState.FAILED: "✘",
    JobState.IN_DOUBT: "?",
    JobState.CANCELLED: "–",
}


class JsonView:
    """One JSON object a line: every change of a state, then a summary for each run."""

    def __init__(self, workspace: Path, output: Output) -> None:
        self.workspace, self.output = workspace, output

    def news(self, news: News) -> None:
        for step in news.steps:
            self.output.data(shapes.line(shapes.event_json(step.event, news.run.id, step.images, self.workspace)))

    def ended(self, news: News, code: Exit) -> None:
        self.output.data(shapes.line({"event": "summary", **shapes.run_json(news.run), "exit_code": int(code)}))

    def tick(self) -> None:
        pass

    def close(self) -> None:
        pass

    def say(self, text: str) -> None:
        self.output.say(text)


class PlainView:
    """A line for every job that ended, the reasons, and a summary."""

    def __init__(self, workspace: Path, output: Output) -> None:
        self.workspace, self.output = workspace, output
        self._parked: set[str] = set()

    def news(self, news: News) -> None:
        for step in news.steps:
            text = job_line(step, self.workspace)
            if text is not None:
                self.line(text)
        for lane in news.lanes.values():
            self._tell_of(lane, news.targets)

    def _tell_of(self, lane: LaneRow, targets: tuple[TargetRow, ...]) -> None:
        """Say once when a lane of the run is parked or switched off; and again should it be, after having gone on."""
        if lane.state not in ("parked", "disabled"):
            self._parked.discard(lane.key)
        elif lane.key not in self._parked and lane.key in {target.lane for target in targets}:
            self._parked.add(lane.key)
            reason = "" if lane.problem is None else f": {lane.problem.sentence()}"
            self.say(f"{shown(lane.target)} is {lane.state}, its jobs stay queued{reason}")

    def ended(self, news: News, code: Exit) -> None:
        for text in narration.ending(news, code):
            self.line(text)

    def line(self, text: str) -> None:
        self.output.data(text)

    def tick(self) -> None:
        pass

    def close(self) -> None:
        pass

    def say(self, text: str) -> None:
        self.output.say(text)


class LiveView(PlainView):
    """On a terminal: a bar for every target, and above it a line for every job that came to nothing."""

    def __init__(self, workspace: Path, output: Output) -> None:
        super().__init__(workspace, output)
        self._news: dict[int, News] = {}
        self._live: Live | None = None
        self._drawn = 0.0

    def news(self, news: News) -> None:
        self._news[news.run.id] = news
        for step in news.steps:
            if step.event.state is not JobState.DONE:
                text = job_line(step, self.workspace)
                if text is not None:
                    self.say(text)
        for lane in news.lanes.values():
            self._tell_of(lane, news.targets)

    def ended(self, news: News, code: Exit) -> None:
        self._news.pop(news.run.id, None)
        if not self._news:
            self.close()
        for text in narration.ending(news, code):
            self.line(text)
        self.line(f"  Pictures: {self.workspace / news.run.folder}")

    def tick(self) -> None:
        if not self._news or time.monotonic() - self._drawn < _DRAW_EVERY:
            return
        self._drawn = time.monotonic()
        with contextlib.suppress(OSError):  # the terminal was closed; the run goes on
            if self._live is None:
                self._live = _live()
                self._live.start()
            self._live.update(self._display(), refresh=True)

    def say(self, text: str) -> None:
        if self._live is None:
            self.output.say(text)
            return
        from rich.text import Text

        with contextlib.suppress(OSError):
            self._live.console.print(Text(text))

    def close(self) -> None:
        if self._live is not None:
            with contextlib.suppress(OSError):
                self._live.stop()
            self._live = None

    def _display(self) -> "Text":
        from rich.text import Text

        display = Text(no_wrap=True, overflow="ellipsis")
        width = max((len(shown(t.target, 40)) for n in self._news.values() for t in n.targets), default=0)
        for news in self._news.values():
            run = news.run
            elapsed = narration.duration(max(0.0, time.time() - (run.started_at or run.created_at)))
            money = f"{show(run.spent)}{' of play money' if run.sandbox else ''}"
            display.append(f"run {run.id} {shown(run.batch, 40)}", "bold")
            display.append(f"  {narration.counts(dict(run.counts))}  {money}  {elapsed}\n")
            for target in news.targets:
                self._append_target(display, target, news.lanes.get(target.lane), width)
        display.append("Ctrl-C ends this; nothing that was accepted is lost", "dim")
        return display

    def _append_target(self, display: "Text", target: TargetRow, lane: LaneRow | None, width: int) -> None:
        total = sum(target.counts.values())
        over = sum(target.counts.get(state, 0) for state in SETTLED)
        filled = 20 * over // total if total else 0
        display.append(f"  {shown(target.target, 40):<{width}} ")
        display.append("█" * filled, "green")
        display.append("░" * (20 - filled), "dim")
        display.append(f" {over}/{total}")
        if lane is not None and lane.in_flight:
            display.append(f"  {lane.in_flight} in flight")
        if target.p50 is not None:
            display.append(f"  p50 {target.p50:.1f} s")
        if lane is not None and lane.state == "limited" and lane.resume_at is not None:
            display.append(f"  sends again in {max(0, round(lane.resume_at - time.time()))} s", "yellow")
        elif lane is not None and lane.state in ("parked", "disabled", "paused"):
            display.append(f"  {lane.state}", "yellow")
        display.append("\n")


def _live() -> "Live":
    from rich.console import Console
    from rich.live import Live

    return Live(console=Console(stderr=True, highlight=False), auto_refresh=False, transient=True)


def view_for(workspace: Path, *, as_json: bool) -> JsonView | PlainView:
    """Return the view that fits where the output goes."""
    output = Output()
    if as_json:
        return JsonView(workspace, output)
    on_terminal = sys.stdout.isatty() and sys.stderr.isatty()
    return (LiveView if on_terminal else PlainView)(workspace, output)


def job_line(step: Step, workspace: Path) -> str | None:
    """Return the line for a job that has ended, None for any other change."""
    event, row = step.event, step.row
    if event.state not in SETTLED:
        return None
    parts = [f"{_MARKS[event.state]} {event.state.label}", shown(event.task), shown(event.target)]
    if row is not None and row.state is event.state:
        if row.seconds is not None and event.state is JobState.DONE:
            parts.append(f"{row.seconds:.1f} s")
        if row.uncertain:
            parts.append(f"{show(row.uncertain)} may be billed")
        elif row.certainty is Certainty.UNKNOWN and not row.billed:
            parts.append("cost unknown")
        elif row.billed or event.state is JobState.DONE:
            parts.append(show(row.billed))
    parts += [str(workspace / image.path) for image in step.images]
    if event.state is not JobState.DONE and event.problem is not None:
        parts.append(event.problem.sentence())
    return "  ".join(parts)
