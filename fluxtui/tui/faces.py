"""How things look as text: states as glyph and word, money, durations, bars. Pure functions."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from fluxtui.domain.jobs import ACTIVE, JobState, RunState
from fluxtui.domain.money import Certainty, Micros
from fluxtui.domain.text import plain

GLYPHS: Mapping[JobState, str] = {
    JobState.QUEUED: "·",
    JobState.SENDING: "↑",
    JobState.WAITING: "◐",
    JobState.FETCHING: "↓",
    JobState.DONE: "✓",
    JobState.REFUSED: "⊘",
    JobState.FAILED: "✗",
    JobState.IN_DOUBT: "?",
    JobState.CANCELLED: "–",
}
"""One cell each, told apart without colour."""

RUN_GLYPHS: Mapping[RunState, str] = {
    RunState.READY: "·",
    RunState.RUNNING: "◐",
    RunState.PAUSED: "‖",
    RunState.PARKED: "!",
    RunState.CAPPED: "$",
    RunState.INTERRUPTED: "↯",
    RunState.CANCELLED: "–",
    RunState.FINISHED: "✓",
}

RUN_COLORS: Mapping[RunState, str] = {
    RunState.READY: "state-queued",
    RunState.RUNNING: "state-waiting",
    RunState.PAUSED: "muted",
    RunState.PARKED: "warning",
    RunState.CAPPED: "warning",
    RunState.INTERRUPTED: "warning",
    RunState.CANCELLED: "state-cancelled",
    RunState.FINISHED: "state-done",
}

NEEDS_A_PERSON = (JobState.REFUSED, JobState.FAILED, JobState.IN_DOUBT)
"""States that the eye should find."""

LIVE_RUNS = frozenset({RunState.READY, RunState.RUNNING})
RESUMABLE_RUNS = frozenset({RunState.PAUSED, RunState.PARKED, RunState.CAPPED, RunState.INTERRUPTED})


def color_of(state: JobState) -> str:
    """Return the name of the state's theme variable."""
    return f"state-{state.value.replace('_', '-')}"


def one_line(text: str, limit: int = 400) -> str:
    """Return text from outside as one safe line."""
    return plain(text, limit=limit, newlines=False).translate(_JOINERS)


def prose(text: str, limit: int) -> str:
    """Return text from outside with its lines, at most `limit` characters."""
    return plain(text, limit=limit).translate(_JOINERS)


_JOINERS = dict.fromkeys((0x200D, 0xFE0E, 0xFE0F))
# Terminals disagree about the cells of joined or restyled emoji; apart, all of them count alike.


def duration(seconds: float | None) -> str:
    """Return `8.1 s`, `48 s`, `2:05`, `1:02:03`; a dash when unknown."""
    if seconds is None:
        return "—"
    seconds = max(seconds, 0.0)
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def whole_seconds(seconds: float) -> str:
    """Return a running time without a part of a second, which would only flicker."""
    return duration(float(int(max(seconds, 0.0)))).replace(".0 s", " s")


def countdown(seconds: float) -> str:
    """Return the time until something, rounded up: it never says 0."""
    return whole_seconds(float(int(max(seconds, 0.0)) + 1))


def about(seconds: float | None) -> str:
    """Return a rough time such as `~15 s`, `~2 min`, `~3 h`."""
    if seconds is None:
        return "unknown time"
    if seconds < 1:
        return "~1 s"
    if seconds < 90:
        return f"~{seconds:.0f} s"
    if seconds < 5400:
        return f"~{seconds / 60:.0f} min"
    return f"~{seconds / 3600:.1f} h"


def short_money(amount: Micros) -> str:
    """Return money without the sign and the leading zero for narrow columns: `.040`, `1.20`."""
    value = amount / 1_000_000
    if 0 < value < 1:
        return f"{value:.3f}"[1:]
    return f"{value:.2f}"


def job_money(billed: Micros, uncertain: Micros, certainty: Certainty | None) -> str:
    """Return the money column of a job: what was billed, what may have been with a `?`, else a dash."""
    if uncertain:
        return f"{short_money(uncertain)}?"
    if billed:
        return short_money(billed)
    if certainty is Certainty.UNKNOWN:
        return "?"
    return "—" if certainty is None else "0"


def group_money(billed: Micros, uncertain: Micros) -> str:
    """Return what a group has cost, and with a `?` what may come on top."""
    doubt = f"{short_money(uncertain)}?" if uncertain else ""
    return f"{short_money(billed)}+{doubt}" if billed and doubt else doubt or short_money(billed)


def when(at: float, now: float) -> str:
    """Return a moment as people say it: `just now`, `12 min ago`, `14:02`, `18 Nov 14:02`."""
    age = now - at
    if age < 60:
        return "just now"
    if age < 3600:
        return f"{age / 60:.0f} min ago"
    moment = time.localtime(at)
    if age < 86400 and moment.tm_yday == time.localtime(now).tm_yday:
        return time.strftime("%H:%M", moment)
    pattern = "%d %b %H:%M" if moment.tm_year == time.localtime(now).tm_year else "%d %b %Y"
    return time.strftime(pattern, moment)


@dataclass(frozen=True, slots=True)
class BarPart:
    """A stretch of a bar: `cells` of `glyph` in the theme variable `color`."""

    cells: int
    glyph: str
    color: str


_BAR_ORDER: tuple[tuple[tuple[JobState, ...], str, str], ...] = (
    ((JobState.DONE,), "━", "state-done"),
    ((JobState.REFUSED,), "━", "state-refused"),
    ((JobState.FAILED,), "━", "state-failed"),
    ((JobState.IN_DOUBT,), "━", "state-in-doubt"),
    ((JobState.SENDING, JobState.WAITING, JobState.FETCHING), "╍", "state-waiting"),
    ((JobState.CANCELLED,), "╌", "state-cancelled"),
    ((JobState.QUEUED,), "─", "faint"),
)


def bar(counts: Mapping[JobState, int], width: int) -> list[BarPart]:
    """Return a bar of `width` cells that shows every state present, each with at least one cell."""
    total = sum(counts.values())
    if total == 0 or width <= 0:
        return [BarPart(max(width, 0), "─", "faint")]
    present = [(sum(counts.get(s, 0) for s in states), glyph, color) for states, glyph, color in _BAR_ORDER]
    present = [part for part in present if part[0]]
    if len(present) > width:
        present = present[:width]
    shares = [max(1, int(width * count / total)) for count, _, _ in present]
    while sum(shares) > width:
        shares[shares.index(max(shares))] -= 1
    # What rounding left over goes to the stretch that lost most by it.
    while sum(shares) < width:
        losses = [width * count / total - share for (count, _, _), share in zip(present, shares, strict=True)]
        shares[losses.index(max(losses))] += 1
    return [BarPart(share, glyph, color) for (_, glyph, color), share in zip(present, shares, strict=True)]


def group_counts(counts: Mapping[JobState, int]) -> list[tuple[str, str]]:
    """Return (theme variable, text) for the states of a group, short; what needs a person comes first."""
    active = sum(counts.get(state, 0) for state in ACTIVE)
    shown = [(state, counts.get(state, 0)) for state in reversed(NEEDS_A_PERSON)]
    shown += [(JobState.WAITING, active), (JobState.DONE, counts.get(JobState.DONE, 0))]
    shown += [(state, counts.get(state, 0)) for state in (JobState.QUEUED, JobState.CANCELLED)]
    return [(color_of(state), f"{GLYPHS[state]} {number:,}") for state, number in shown if number]


def summary(counts: Mapping[JobState, int]) -> list[tuple[str, str]]:
    """Return (theme variable, text) for each thing worth saying about a run's counts, in order."""
    total = sum(counts.values())
    parts = [(color_of(JobState.DONE), f"{GLYPHS[JobState.DONE]} {counts.get(JobState.DONE, 0):,}/{total:,} done")]
    active = sum(counts.get(state, 0) for state in ACTIVE)
    if active:
        parts.append((color_of(JobState.WAITING), f"{GLYPHS[JobState.WAITING]} {active:,} in flight"))
    if counts.get(JobState.QUEUED):
        parts.append((color_of(JobState.QUEUED), f"{GLYPHS[JobState.QUEUED]} {counts[JobState.QUEUED]:,} queued"))
    for state in (*NEEDS_A_PERSON, JobState.CANCELLED):
        if counts.get(state):
            parts.append((color_of(state), f"{GLYPHS[state]} {counts[state]:,} {state.label}"))
    return parts
