"""The attempts of a job as a timeline: how long each stage took, what came of it, the waits between. Pure."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content

from fluxtui.domain.jobs import ACTIVE, JobState
from fluxtui.history.records import AttemptRow, JobDetail
from fluxtui.tui import faces

_INDENT = 3
_MOST = 12
"""Attempts that are shown: the first and the last ones."""

_STROKES = {JobState.SENDING: "╌", JobState.WAITING: "━", JobState.FETCHING: "═"}


@dataclass(frozen=True, slots=True)
class Stage:
    """So many seconds of an attempt in one state."""

    state: JobState
    seconds: float


def stages(detail: JobDetail, attempt: AttemptRow, now: float) -> tuple[Stage, ...]:
    """Return how an attempt spent its time; one that is under way goes on until `now`."""
    end = attempt.ended_at if attempt.ended_at is not None else now
    begun = [(event.state, event.at) for event in detail.events if event.attempt == attempt.number]
    moments = [(state, at) for state, at in begun if state in ACTIVE]
    if not moments:  # known from the attempt alone
        moments = [(JobState.SENDING, attempt.started_at)]
        if attempt.accepted_at is not None:
            moments.append((JobState.WAITING, attempt.accepted_at))
    found: dict[JobState, float] = {}
    for index, (state, at) in enumerate(moments):
        until = moments[index + 1][1] if index + 1 < len(moments) else end
        found[state] = found.get(state, 0.0) + max(0.0, until - at)
    return tuple(Stage(state, seconds) for state, seconds in found.items())


def cells_of(seconds: Sequence[float], width: int) -> list[int]:
    """Share `width` cells out by seconds; whatever happened gets at least one. They add up to `width`."""
    if not seconds or width <= 0:
        return []
    if len(seconds) >= width:
        return [1] * width
    total = sum(seconds)
    shares = [1 + int((width - len(seconds)) * (each / total if total > 0 else 0.0)) for each in seconds]
    shares[max(range(len(seconds)), key=lambda index: seconds[index])] += width - sum(shares)
    return shares


def timeline(detail: JobDetail, width: int, now: float) -> Content:
    """Return every attempt: when, its stages as a bar with seconds, what it said, and the waits between."""
    if not detail.attempts:
        return Content("")
    took = {a.number: sum(stage.seconds for stage in stages(detail, a, now)) for a in detail.attempts}
    longest = max(took.values(), default=0.0) or 1.0
    lines: list[Content] = []
    before = detail.queued_at
    hidden = len(detail.attempts) - _MOST
    for index, attempt in enumerate(detail.attempts):
        if hidden > 0 and _MOST // 2 <= index < _MOST // 2 + hidden:
            if index == _MOST // 2:
                lines.append(Content.styled(f"   … {hidden} more attempts", "$muted"))
            before = attempt.ended_at
            continue
        wait = None if before is None else attempt.started_at - before
        if wait is not None and wait >= 0.5:
            words = "in the queue" if attempt.number == 1 else "until it was sent again"
            lines.append(Content.styled(f"   ⋯ {faces.duration(wait)} {words}", "$muted"))
        bar = max(1, round((width - _INDENT) * took[attempt.number] / longest)) if width > _INDENT else 0
        lines += _attempt(detail, attempt, bar, width, now)
        before = attempt.ended_at
    return Content("\n").join(lines)


def _attempt(detail: JobDetail, attempt: AttemptRow, bar: int, width: int, now: float) -> list[Content]:
    spent = stages(detail, attempt, now)
    head = Content.assemble(
        (f"{attempt.number:<{_INDENT}}", "bold"),
        (time.strftime("%H:%M:%S", time.localtime(attempt.started_at)), "$muted"),
        "  ",
        _outcome(attempt, detail),
        (f"  {faces.duration(sum(stage.seconds for stage in spent))}", ""),
    )
    shares = cells_of([stage.seconds for stage in spent], bar)
    strokes = [
        (_STROKES[stage.state] * cells, f"${faces.color_of(stage.state)}")
        for stage, cells in zip(spent, shares, strict=False)
    ]
    words = [f"{faces.GLYPHS[s.state]} {s.state.label} {faces.duration(s.seconds)}  " for s in spent]
    if sum(map(len, words)) > width - _INDENT:  # the strokes say which is which
        words = [f"{faces.GLYPHS[s.state]} {faces.duration(s.seconds)}  " for s in spent]
    lines = [
        head,
        Content.assemble(" " * _INDENT, *strokes),
        Content.assemble(" " * _INDENT, ("".join(words).rstrip(), "$muted")),
    ]
    if attempt.problem is not None:
        said = faces.one_line(attempt.problem.what, 300)
        color = "warning" if attempt.outcome == JobState.QUEUED.value else "muted"
        lines.append(Content.assemble(" " * _INDENT, (said, f"${color}")))
    if attempt.request_id:
        lines.append(Content.assemble(" " * _INDENT, (f"request {faces.one_line(attempt.request_id, 200)}", "$muted")))
    return lines


def _outcome(attempt: AttemptRow, detail: JobDetail) -> tuple[str, str]:
    known = attempt.outcome is not None and attempt.outcome in JobState.__members__.values()
    state = JobState(attempt.outcome) if attempt.outcome is not None and known else None
    if state is JobState.QUEUED:
        return "↻ sent again later", "$warning"
    if state is None:
        state = detail.row.state if detail.row.state in ACTIVE else JobState.WAITING
    return f"{faces.GLYPHS[state]} {state.label}", f"${faces.color_of(state)}"
