"""`fluxtui resume [RUN]`: go on with what was interrupted, paused, parked or stopped by its cap."""

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from fluxtui.cli import options
from fluxtui.cli.exits import Exit
from fluxtui.cli.session import Session, no_such_run
from fluxtui.domain.money import Micros

if TYPE_CHECKING:
    from fluxtui.cli.views import JsonView, PlainView
    from fluxtui.history.records import RunRow

    View = JsonView | PlainView


@dataclass(frozen=True, slots=True)
class ResumeRequest:
    """What was asked for; None leaves a choice as it was made for the run."""

    run_id: int | None
    cap: Micros | None
    concurrency: int | None
    in_doubt: str | None
    retry_failed: bool
    detach: bool
    yes: bool
    as_json: bool


@click.command()
@click.argument("run_id", metavar="[RUN]", type=click.IntRange(1), required=False)
@options.limits
@click.option("--retry-failed", is_flag=True, help="Also put the failed jobs back; what was accepted is only fetched.")
@click.option("--detach", is_flag=True, help="Leave it to a runner in the background; print the runs' ids.")
@click.option("--yes", is_flag=True, help="Do not ask before something is paid again.")
@options.as_json("JSON Lines: the runs, every change of a job's state, a summary of each")
@options.workspace
def command(
    session: Session,
    run_id: int | None,
    cap: Micros | None,
    concurrency: int | None,
    in_doubt: str | None,
    retry_failed: bool,
    detach: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Go on with RUN, or with every run that has not ended.

    --in-doubt resend or abandon also decides about the jobs that are in doubt already. Exit codes
    as for `run`.
    """
    import asyncio

    from fluxtui.cli.views import view_for

    if run_id is None and (retry_failed or cap is not None):
        option = "--retry-failed" if retry_failed else "--max-cost"
        raise click.UsageError(f"{option} is for one run: name it. `fluxtui runs` lists them.")
    request = ResumeRequest(run_id, cap, concurrency, in_doubt, retry_failed, detach, yes, as_json)
    rows = _chosen(session, run_id)
    view = view_for(session.workspace, as_json=as_json)
    if not rows:
        view.say("Nothing to resume: every run has ended.")
        return Exit.DONE
    if not yes:
        _ask(rows, request)
    return asyncio.run(_resume(session, request, rows, view))


def _chosen(session: Session, run_id: int | None) -> "list[RunRow]":
    from fluxtui.domain.jobs import RunState
    from fluxtui.history import queries

    if run_id is None and not session.has_history():
        return []
    reader = session.reader()
    try:
        if run_id is not None:
            row = queries.run(reader, run_id)
            if row is None:
                raise no_such_run(run_id, session.workspace)
            return [row]
        ended = (RunState.FINISHED, RunState.CANCELLED)
        ids = queries.runs_in(reader, *(state for state in RunState if state not in ended))
        return [row for each in ids if (row := queries.run(reader, each)) is not None]
    finally:
        reader.close()


def _ask(rows: "list[RunRow]", request: ResumeRequest) -> None:
    """Ask before jobs are sent that may be paid already. Raises click.Abort for a no."""
    from fluxtui.cli import narration
    from fluxtui.domain.jobs import JobState
    from fluxtui.domain.money import show

    if request.in_doubt != "resend" or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return
    paying = [row for row in rows if not row.sandbox]
    doubtful = sum(row.counts.get(JobState.IN_DOUBT, 0) for row in paying)
    if doubtful:
        uncertain = Micros(sum(row.uncertain for row in paying))
        click.confirm(
            f"Send {narration.many(doubtful, 'job')} in doubt again? Up to {show(uncertain)} may then be paid twice.",
            default=False,
            abort=True,
            err=True,
        )


async def _resume(session: Session, request: ResumeRequest, rows: "list[RunRow]", view: "View") -> int:
    from fluxtui.cli.foreground import Foreground

    told = _told(session, rows)
    await _asked_for(session, request, rows)
    if request.detach:
        from fluxtui.cli.background import taken_up

        for row in rows:
            await taken_up(session.workspace, row.id)
    for row in rows:
        _announce(session, row.id, request, view)
    if request.detach:
        return Exit.DONE
    return await Foreground(session, [row.id for row in rows], view, after=told).carry()


def _told(session: Session, rows: "list[RunRow]") -> dict[int, int]:
    """Return each run's last event so far: only what happens from now on is news."""
    from fluxtui.history import queries

    reader = session.reader()
    try:
        return {row.id: queries.last_event(reader, row.id) for row in rows}
    finally:
        reader.close()


async def _asked_for(session: Session, request: ResumeRequest, rows: "list[RunRow]") -> None:
    from fluxtui.engine.launch import resume_run
    from fluxtui.history.database import database_path
    from fluxtui.history.journal import Journal

    with Journal(database_path(session.workspace)) as journal:
        for row in rows:
            await resume_run(
                journal,
                row.id,
                cap=request.cap,
                concurrency=request.concurrency,
                in_doubt=request.in_doubt,
                retry_failed=request.retry_failed,
            )


def _announce(session: Session, run_id: int, request: ResumeRequest, view: "View") -> None:
    from fluxtui.cli import shapes
    from fluxtui.history import queries

    reader = session.reader()
    try:
        row = queries.run(reader, run_id)
    finally:
        reader.close()
    if row is None:
        return
    if request.as_json:
        view.output.data(shapes.line({"event": "run", **shapes.run_json(row), "jobs": row.jobs}))
    elif request.detach:
        view.output.data(str(run_id))
    else:
        view.say(f"Run {run_id}, in {session.workspace / row.folder}")
