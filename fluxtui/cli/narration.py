"""Sentences and small tables that several commands print."""

from collections.abc import Iterable, Sequence

from fluxtui.cli.exits import Exit
from fluxtui.cli.following import News
from fluxtui.cli.output import shown
from fluxtui.domain.jobs import JobState, RunState
from fluxtui.domain.money import Micros, show
from fluxtui.engine.plan import Plan
from fluxtui.engine.quote import QuoteLine

_ORDER = (
    JobState.DONE,
    JobState.REFUSED,
    JobState.FAILED,
    JobState.IN_DOUBT,
    JobState.CANCELLED,
    JobState.WAITING,
    JobState.FETCHING,
    JobState.SENDING,
    JobState.QUEUED,
)


def counts(found: dict[JobState, int]) -> str:
    """Return e.g. `12 done, 1 refused`."""
    return ", ".join(f"{found[state]:,} {state.label}" for state in _ORDER if found.get(state)) or "no jobs"


def many(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def duration(seconds: float) -> str:
    """Return e.g. `48 s`, `2 min 5 s`, `3 h 10 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def table(rows: Iterable[Sequence[str]], *, right: Iterable[int] = ()) -> list[str]:
    """Return rows as lines of aligned columns; the columns in `right` align at their end."""
    cells = [list(row) for row in rows]
    if not cells:
        return []
    ends = frozenset(right)
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    return [
        "  ".join(
            cell.rjust(widths[column]) if column in ends else cell.ljust(widths[column])
            for column, cell in enumerate(row)
        ).rstrip()
        for row in cells
    ]


def quote(plan: Plan) -> list[str]:
    """Return what a plan costs and how it departs from what was asked, as lines."""
    total = plan.quote
    time = "" if total.seconds is None else f", about {duration(total.seconds)}"
    price = f"{total.price} of play money (sandbox)" if plan.sandbox else str(total.price)
    lines = [
        f"{shown(plan.batch.name)}: {many(total.pictures, 'picture')} in {many(total.requests, 'request')},"
        f" {price}{time}"
    ]
    for line in total.lines:
        lines += _quote_line(line)
    return lines


def _quote_line(line: QuoteLine) -> list[str]:
    lines = [f"  {shown(line.target)}: {many(line.pictures, 'picture')}, {line.price}"]
    lines += [f"    ! {shown(what, 300)} ({count}x)" for what, count in line.adaptations]
    lines += [f"    x cannot be drawn: {shown(what, 300)} ({count}x)" for what, count in line.impossible]
    lines += [f"    . {shown(note, 300)}" for note in line.notes]
    return lines


def ending(news: News, code: Exit) -> list[str]:
    """Return how a run ended, why it stands still if it does, and what to do about it."""
    run = news.run
    money = f"{show(run.spent)}{' of play money' if run.sandbox else ''} spent"
    if run.uncertain:
        money += f", {show(run.uncertain)} uncertain"
    state = run.state.value if run.state not in (RunState.READY, RunState.RUNNING) else "going on"
    lines = [f"Run {run.id} {shown(run.batch)}: {state}, {counts(dict(run.counts))}, {money}"]
    lines += _advice(news, code)
    return lines


def _advice(news: News, code: Exit) -> list[str]:
    run, lines = news.run, []
    if run.state is RunState.PARKED:
        ours = {target.lane for target in news.targets}
        for lane in news.lanes.values():
            if lane.key in ours and lane.problem is not None and lane.state in ("parked", "disabled"):
                lines.append(f"  {shown(lane.target)} is {lane.state}: {lane.problem.sentence()}")
        lines.append(f"  Put it right, then: fluxtui resume {run.id}")
    elif run.state is RunState.CAPPED:
        cap = show(Micros(run.cap or 0))
        lines.append(f"  The cap of {cap} leaves no room for the next job: fluxtui resume {run.id} --max-cost USD")
    elif run.state is RunState.PAUSED and run.held_back:
        lines.append("  Only held jobs and paused targets are left: let them go in the cockpit (fluxtui).")
    elif run.state in (RunState.INTERRUPTED, RunState.PAUSED):
        lines.append(f"  To go on: fluxtui resume {run.id}")
    if run.counts.get(JobState.IN_DOUBT):
        lines.append(
            "  Jobs in doubt may have been accepted and paid: look at the service, then"
            f" fluxtui resume {run.id} --in-doubt resend (may pay twice) or --in-doubt abandon"
        )
    if run.counts.get(JobState.FAILED) and code is not Exit.INTERRUPTED:
        lines.append(f"  To try the failed ones again: fluxtui resume {run.id} --retry-failed")
    return lines
