"""`fluxtui run BATCH`: a batch from its file to its pictures, without a screen."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fluxtui.cli import options
from fluxtui.cli.exits import Exit
from fluxtui.cli.session import Session
from fluxtui.domain.batch import Axis, Target
from fluxtui.domain.money import Micros

if TYPE_CHECKING:
    from fluxtui.cli.views import JsonView, PlainView
    from fluxtui.engine.plan import Plan

    View = JsonView | PlainView


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What was asked for. `cap` in micros; None leaves a choice to the batch or the defaults."""

    batch: str
    targets: tuple[Target, ...] = ()
    axes: tuple[Axis, ...] = ()
    repeat: int | None = None
    cap: Micros | None = None
    concurrency: int | None = None
    in_doubt: str | None = None
    sandbox: bool = False
    paused: bool = False
    detach: bool = False
    yes: bool = False
    as_json: bool = False


@click.command()
@click.argument("batch")
@options.planning
@options.limits
@options.sandboxed
@click.option("--paused", is_flag=True, help="Only record the run; `fluxtui resume` begins it.")
@click.option("--detach", is_flag=True, help="Leave it to a runner in the background; print the run's id.")
@click.option("--yes", is_flag=True, help="Do not ask before money is spent.")
@options.as_json("JSON Lines: the run, every change of a job's state, a summary")
@options.workspace
def command(
    session: Session,
    batch: str,
    targets: tuple[Target, ...],
    axes: tuple[Axis, ...],
    repeat: int | None,
    cap: Micros | None,
    concurrency: int | None,
    in_doubt: str | None,
    sandbox: bool,
    paused: bool,
    detach: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Run the batch file BATCH (- reads it from stdin).

    On a terminal it shows the price and asks once. Exit codes: 0 all done, 1 some failed, 2 wrong
    usage or batch, 3 some refused, 4 some in doubt, 5 stopped by --max-cost, 6 a service needs you
    (key, credits), 130 interrupted; `fluxtui resume` goes on.
    """
    if paused and detach:
        raise click.UsageError("--paused begins nothing, so there is nothing to --detach.")
    names = [axis.name for axis in axes]
    if len(set(names)) < len(names):
        raise click.UsageError("An axis is given twice; write all its values in one: --axis seed=1,2,3.")
    request = RunRequest(
        batch, targets, axes, repeat, cap, concurrency, in_doubt, sandbox, paused, detach, yes, as_json
    )
    return run_batch(session, request)


def run_batch(session: Session, request: RunRequest) -> int:
    """Quote, ask, record and carry through. Raises FluxtuiError for what cannot be run."""
    import asyncio

    from fluxtui.cli.planning import planned, price_told
    from fluxtui.cli.views import view_for

    plan = planned(
        session,
        request.batch,
        sandbox=request.sandbox,
        targets=request.targets,
        axes=request.axes,
        repeat=request.repeat,
    )
    view = view_for(session.workspace, as_json=request.as_json)
    price_told(plan, view.say)
    if not request.yes:
        _ask(plan, request)
    return asyncio.run(_run(session, request, plan, view))


def _ask(plan: "Plan", request: RunRequest) -> None:
    """Ask once before money is spent, when there is somebody to ask. Raises click.Abort for a no."""
    from fluxtui.domain.money import show

    price = plan.quote.price
    free = plan.sandbox or (price.known and price.high == 0) or not plan.quote.requests
    if free or request.paused or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return
    cap = "" if request.cap is None else f", at most {show(request.cap)}"
    cost = str(price) if price.known else "an unknown price"
    click.confirm(f"Start for {cost}{cap}?", default=False, abort=True, err=True)


async def _run(session: Session, request: RunRequest, plan: "Plan", view: "View") -> int:
    from fluxtui.cli.foreground import Foreground

    run_id = await _recorded(session, request, plan)
    if request.detach:
        await _detached(session, run_id)
    _announce(session, request, plan, view, run_id)
    if request.paused or request.detach:
        return Exit.DONE
    return await Foreground(session, [run_id], view).carry()


async def _recorded(session: Session, request: RunRequest, plan: "Plan") -> int:
    from fluxtui.engine.launch import RunOptions, start_run
    from fluxtui.history.database import database_path
    from fluxtui.history.journal import Journal

    core = session.loaded.core
    choices = RunOptions(
        cap=request.cap,
        concurrency=request.concurrency,
        in_doubt=request.in_doubt or "leave",
        paused=request.paused,
        metadata=core.output_include_metadata,
        layout=core.output_layout,
    )
    with Journal(database_path(session.workspace)) as journal:
        return await start_run(journal, session.workspace, plan, choices)


def _announce(session: Session, request: RunRequest, plan: "Plan", view: "View", run_id: int) -> None:
    """Say that the run is there: its id for scripts, and the jobs that can never be sent."""
    from fluxtui.cli import shapes
    from fluxtui.cli.following import never_sent
    from fluxtui.cli.views import job_line
    from fluxtui.history import queries

    reader = session.reader()
    try:
        row = queries.run(reader, run_id)
        impossible = never_sent(reader, run_id) if plan.quote.impossible else ()
    finally:
        reader.close()
    if row is None:
        return
    if request.as_json:
        announced = {"event": "run", **shapes.run_json(row), "jobs": row.jobs, "quote": plan.quote.as_json()}
        view.output.data(shapes.line(announced))
        for step in impossible:
            view.output.data(shapes.line(shapes.event_json(step.event, run_id, (), session.workspace)))
        return
    if request.detach:
        view.output.data(str(run_id))
    elif request.paused:
        view.output.data(str(run_id))
        view.say(f"Run {run_id} is recorded and paused. To begin: fluxtui resume {run_id}")
    else:
        view.say(f"Run {run_id}, in {Path(session.workspace, row.folder)}")
    for step in impossible:
        text = job_line(step, session.workspace)
        if text and not (request.detach or request.paused):
            view.output.data(text)


async def _detached(session: Session, run_id: int) -> None:
    """Return once a runner in the background has the run. Raises FluxtuiError when none takes it."""
    from fluxtui.cli.background import taken_up

    await taken_up(session.workspace, run_id)
