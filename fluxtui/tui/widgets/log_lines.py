"""The lines of a run's log: what happened to its jobs, and what people asked for; newest at the bottom."""

import time
from array import array
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from textual.message import Message

from fluxtui.domain.jobs import JobState
from fluxtui.domain.money import Micros, show
from fluxtui.domain.problems import FluxtuiError
from fluxtui.domain.values import JsonValue
from fluxtui.history import run_log
from fluxtui.history.run_log import AskedLine, LogFilter, LogLine
from fluxtui.tui import faces, keymap
from fluxtui.tui.ink import Ink, Part, fit
from fluxtui.tui.store import Feed, NoHistoryYet
from fluxtui.tui.widgets.rows import Rows
from fluxtui.tui.work import begin

_PAGE = 64
_KEPT = 32 * _PAGE
_AHEAD = 200
"""So many lines before the first one are read when the view comes near it."""
_MOST = 2_000_000


def asked_words(line: AskedLine) -> str:
    """Return a control as a sentence: what was asked, and what came of it."""
    payload = line.payload
    jobs = payload.get("jobs", payload.get("job"))
    many = len(jobs) if isinstance(jobs, list) else 1
    which = "a job" if many == 1 else f"{many:,} jobs"
    states = payload.get("states")
    lanes = _names(payload)
    words = {
        "pause_run": "pause the run",
        "resume_run": "go on with the run",
        "cancel_run": "cancel everything" if payload.get("scope") == "all" else "cancel what was not sent",
        "cancel_job": f"cancel {which}",
        "hold_jobs": f"hold {which} back",
        "release_jobs": f"let {which} go",
        "prioritise": f"send {which} {_sooner(payload)}",
        "retry": f"try {which} again"
        if not isinstance(states, list)
        else f"try all {', '.join(map(str, states))} again",
        "in_doubt": f"{payload.get('choice')} {which} in doubt",
        "set_cap": "lift the cap",
        "set_limit": f"most requests at once at {lanes}: {payload.get('limit')}",
        "pause_lane": f"hold {lanes} back",
        "resume_lane": f"go on with {lanes}",
        "disable_lane": f"switch {lanes} off",
        "enable_lane": f"switch {lanes} on",
        "reset_lane": f"forget the trouble at {lanes}",
        "stop": "stop the runner",
    }
    micros = payload.get("micros")
    if line.kind == "set_cap" and isinstance(micros, int):
        words["set_cap"] = f"set the cap to {show(Micros(micros))}"
    said = words.get(line.kind, line.kind.replace("_", " "))
    outcome = "waits for the runner" if line.outcome is None else line.outcome
    return faces.one_line(f"{said} — {outcome}", 400)


def _names(payload: Mapping[str, JsonValue]) -> str:
    lanes = payload.get("lanes")
    names = lanes if isinstance(lanes, list) else [payload.get("lane") or payload.get("target")]
    return ", ".join(str(name) for name in names if name) or "a lane"


def _sooner(payload: Mapping[str, JsonValue]) -> str:
    by, to = payload.get("by"), payload.get("to")
    if isinstance(to, int):
        return f"at priority {to:+d}" if to else "in their usual turn"
    return "later" if isinstance(by, int) and by < 0 else "sooner"


class LogLines(Rows):
    """One run's log. It follows what is new while its cursor is on the last line."""

    BINDINGS = keymap.bindings(keymap.LOG)
    HELP = (
        "What happened, newest at the bottom: each change of a job, and what people asked for. It follows while the"
        " cursor is on the last line. It can keep to the selected job, or to lines that tell of trouble."
    )

    @dataclass
    class Changed(Message):
        """There are other lines, or another filter."""

        lines: "LogLines"

    @dataclass
    class JobWanted(Message):
        """The job of a line is to be selected."""

        job_id: int

    @dataclass
    class FilterWanted(Message):
        """A key asked for other lines: of the selected job (or of all), of trouble (or of all)."""

        job: bool
        trouble: bool

    def __init__(self, feed: Feed, clock: Callable[[], float], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._feed = feed
        self._clock = clock
        self.run_id: int | None = None
        self.wanted = LogFilter()
        self.complete = False
        """Whether the first line is the run's first."""
        self._numbers: array[int] = array("q")
        self._last_event = 0
        self._last_control = 0
        self._lines: OrderedDict[int, LogLine | AskedLine] = OrderedDict()
        self._asked: set[tuple[int, int]] = set()
        self._generation = 0
        self._read = False
        self._reading = False

    @property
    def row_count(self) -> int:
        return len(self._numbers)

    @property
    def following(self) -> bool:
        return self.cursor >= len(self._numbers) - 1

    @property
    def current(self) -> LogLine | AskedLine | None:
        return self._lines.get(self._numbers[self.cursor]) if self._numbers else None

    # --- reading ---------------------------------------------------------------------------------

    def show(self, run_id: int | None, wanted: LogFilter) -> None:
        """Show the log of a run, from its newest line."""
        if (run_id, wanted) == (self.run_id, self.wanted) and self._read:
            self.read_new()
            return
        self.run_id, self.wanted, self.complete, self._read = run_id, wanted, False, False
        self._numbers = array("q")
        self._lines.clear()
        self._turn()
        self.set_reactive(Rows.cursor, 0)
        self.rows_changed()
        self.post_message(self.Changed(self))
        if run_id is not None:
            begin(self, partial(self._read_first, run_id, wanted), group="log", exclusive=True)

    def _turn(self) -> None:
        """Lines stand elsewhere now: what was asked for by place counts no more."""
        self._asked.clear()
        self._generation += 1

    async def _read_first(self, run_id: int, wanted: LogFilter) -> None:
        try:
            (numbers, complete), control = await self._feed.ask(
                lambda c: (run_log.chunk(c, run_id, wanted), run_log.last_control(c))
            )
        except (NoHistoryYet, FluxtuiError):
            return
        if (run_id, wanted) == (self.run_id, self.wanted):
            self._read, self.complete, self._numbers = True, complete, numbers
            self._last_event, self._last_control = max(numbers, default=0), control
            self._last_event = max(self._last_event, 0)
            self.set_reactive(Rows.cursor, max(0, len(numbers) - 1))
            self._lines_came()

    def _lines_came(self) -> None:
        self.rows_changed()
        self.reveal()
        self.post_message(self.Changed(self))

    def read_new(self) -> None:
        """Read what happened since; cheap when nothing did."""
        if self.run_id is not None and self._read and not self._reading:
            self._reading = True
            begin(self, partial(self._read_new, self.run_id, self.wanted), group="log-new")

    async def _read_new(self, run_id: int, wanted: LogFilter) -> None:
        event, control = self._last_event, self._last_control
        try:
            numbers = await self._feed.ask(lambda c: run_log.news(c, run_id, wanted, event, control))
        except (NoHistoryYet, FluxtuiError):
            return
        finally:
            self._reading = False
        if (run_id, wanted) != (self.run_id, self.wanted) or (event, control) != (self._last_event, self._last_control):
            return
        untaken = [n for n, line in self._lines.items() if isinstance(line, AskedLine) and line.outcome is None]
        for number in untaken:
            del self._lines[number]
        if numbers:
            followed = self.following
            self._numbers.extend(numbers)
            self._last_event = max(self._last_event, max(numbers))
            self._last_control = max(self._last_control, -min(numbers))
            if followed:
                self.set_reactive(Rows.cursor, len(self._numbers) - 1)
            self.rows_changed()
            if followed:
                self.reveal()
            self.post_message(self.Changed(self))
            self.read_new()
        elif untaken:
            self.refresh()

    def _read_older_soon(self) -> None:
        if self._read and not self.complete and self.run_id is not None and len(self._numbers) < _MOST:
            begin(self, partial(self._read_older, self.run_id, self.wanted), group="log-older", exclusive=True)

    async def _read_older(self, run_id: int, wanted: LogFilter) -> None:
        first = next((number for number in self._numbers if number > 0), None)
        try:
            numbers, complete = await self._feed.ask(lambda c: run_log.chunk(c, run_id, wanted, first))
        except (NoHistoryYet, FluxtuiError):
            return
        if (run_id, wanted) == (self.run_id, self.wanted):
            self.complete = complete
            self._turn()
            offset = self.scroll_offset.y
            self._numbers = numbers + self._numbers
            self.set_reactive(Rows.cursor, self.cursor + len(numbers))
            self.rows_changed()
            self.scroll_to(y=offset + len(numbers), animate=False, force=True)
            self.post_message(self.Changed(self))

    def watch_cursor(self, before: int, after: int) -> None:
        super().watch_cursor(before, after)
        if after < _AHEAD:
            self._read_older_soon()

    # --- pages -----------------------------------------------------------------------------------

    def _line_at(self, index: int) -> LogLine | AskedLine | None:
        line = self._lines.get(self._numbers[index])
        key = self._generation, index // _PAGE
        if line is None and key not in self._asked:
            self._asked.add(key)
            begin(self, partial(self._read_page, key, tuple(self._page(key[1]))), group="log-pages")
        return line

    def _page(self, page: int) -> "array[int]":
        return self._numbers[page * _PAGE : (page + 1) * _PAGE]

    async def _read_page(self, key: tuple[int, int], numbers: tuple[int, ...]) -> None:
        try:
            found = await self._feed.ask(lambda c: run_log.lines(c, numbers))
        except (NoHistoryYet, FluxtuiError):
            return
        finally:
            self._asked.discard(key)
        self._lines.update(found)
        while len(self._lines) > _KEPT:
            self._lines.popitem(last=False)
        self.refresh()

    # --- drawing ---------------------------------------------------------------------------------

    def nothing(self) -> str:
        if not self._read:
            return "" if self.run_id is None else "The log is being read …"
        return "Nothing of that kind happened." if self.wanted != LogFilter() else "Nothing has happened yet."

    def draw_row(self, index: int, width: int, ink: Ink) -> list[Part]:
        line = self._line_at(index)
        quiet = ink("muted")
        if line is None:
            return [(fit("·", width), ink("faint"))]
        moment = time.localtime(line.at)
        pattern = "%H:%M:%S" if self._clock() - line.at < 86_400 else "%d %b %H:%M:%S"
        parts: list[Part] = [(time.strftime(pattern, moment) + "  ", quiet)]
        if isinstance(line, AskedLine):
            parts.append((fit("▸ asked", 13), ink("accent")))
            parts.append((asked_words(line), ink("foreground")))
            return parts
        again = line.state is JobState.QUEUED
        word = "↻ again" if again else f"{faces.GLYPHS[line.state]} {line.state.label}"
        color = "warning" if again else faces.color_of(line.state)
        told = "" if line.problem is None else line.problem.what
        if line.seconds is not None:
            told = faces.duration(line.seconds)
        elif line.attempt > 1 and not told:
            told = f"try {line.attempt}"
        parts.append((fit(word, 13), ink(color)))
        if self.wanted.job_id is None:  # else every line would say the same
            names = max(12, min(30, (width - 24) // 3))
            parts.append((fit(faces.one_line(line.task, 80), names) + "  ", ink("foreground")))
            if width >= 80:
                target = faces.one_line(line.target, 80)
                model = target.partition("/")[2] or target
                parts.append((fit(target if len(target) <= names else model, names) + "  ", quiet))
        parts.append((faces.one_line(told, 300), ink(color) if line.problem is not None else quiet))
        return parts

    # --- keys ------------------------------------------------------------------------------------

    def action_go_to_job(self) -> None:
        line = self.current
        if isinstance(line, LogLine):
            self.post_message(self.JobWanted(line.job_id))

    def action_only_job(self) -> None:
        self.post_message(self.FilterWanted(job=self.wanted.job_id is None, trouble=self.wanted.trouble))

    def action_only_problems(self) -> None:
        self.post_message(self.FilterWanted(job=self.wanted.job_id is not None, trouble=not self.wanted.trouble))
