"""`fluxtui amend RUN`: more targets, values, repeats or tasks for a run; only what it lacks is bought."""

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from fluxtui.cli import options
from fluxtui.cli.exits import Exit
from fluxtui.cli.session import Session, no_such_run
from fluxtui.domain.batch import Axis, Batch, Target

if TYPE_CHECKING:
    from fluxtui.cli.views import JsonView, PlainView
    from fluxtui.engine.amending import Amendment

    View = JsonView | PlainView


@dataclass(frozen=True, slots=True)
class AmendRequest:
    """What was asked for."""

    run_id: int
    batch: str | None
    targets: tuple[Target, ...]
    axes: tuple[Axis, ...]
    repeat: int | None
    detach: bool
    yes: bool
    as_json: bool


@click.command()
@click.argument("run_id", metavar="RUN", type=click.IntRange(1))
@click.argument("batch", required=False)
@options.additions
@click.option("--detach", is_flag=True, help="Leave it to a runner in the background; print the run's id.")
@click.option("--yes", is_flag=True, help="Do not ask before money is spent.")
@options.as_json("JSON Lines: the run, every change of a job's state, a summary")
@options.workspace
def command(
    session: Session,
    run_id: int,
    batch: str | None,
    targets: tuple[Target, ...],
    axes: tuple[Axis, ...],
    repeat: int | None,
    detach: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Add to RUN: targets, values of axes, repeats, or whatever the batch file BATCH (- is stdin) has besides.

    What the run has is never bought again, and nothing is taken away. Exit codes as for `run`.
    """
    import asyncio

    from fluxtui.cli.views import view_for

    if batch is None and not (targets or axes or repeat):
        raise click.UsageError("Say what to add: a batch file, --target, --axis or --repeat.")
    if len({axis.name for axis in axes}) < len(axes):
        raise click.UsageError("An axis is given twice; write all its values in one: --axis seed=1,2,3.")
    request = AmendRequest(run_id, batch, targets, axes, repeat, detach, yes, as_json)
    wanted = _worked_out(session, request)
    view = view_for(session.workspace, as_json=as_json)
    _tell(wanted, view)
    if not wanted.missing:
        return Exit.DONE
    if not yes:
        _ask(wanted)
    return asyncio.run(_amend(session, request, wanted, view))


def _worked_out(session: Session, request: AmendRequest) -> "Amendment":
    from pathlib import Path

    from fluxtui.cli.planning import batch_file
    from fluxtui.domain.frozen import grown
    from fluxtui.engine.amending import amendment, batch_of_run
    from fluxtui.engine.services import Services
    from fluxtui.history import queries

    reader = session.reader()
    try:
        row = queries.run(reader, request.run_id)
        if row is None:
            raise no_such_run(request.run_id, session.workspace)
        batch = batch_of_run(reader, request.run_id)
        source = None
        if request.batch is not None:
            batch = grown(batch, batch_file(request.batch))
            source = None if request.batch == "-" else str(Path(request.batch).absolute())
        batch = grown(batch, Batch("", (), request.targets, request.axes, repeat=request.repeat or 1))
        session.loaded  # noqa: B018 - a wrong setting is named before anything else is looked at
        services = Services.load(sandbox=row.sandbox)
        return amendment(reader, request.run_id, batch, services, source=source)
    finally:
        reader.close()


def _tell(wanted: "Amendment", view: "View") -> None:
    """Say what the run has and lacks, what that costs, and what goes on besides."""
    from dataclasses import replace

    from fluxtui.cli import narration
    from fluxtui.cli.output import shown
    from fluxtui.cli.planning import price_told

    if wanted.missing:
        price_told(replace(wanted.plan, quote=wanted.quote), view.say)
    cells = narration.many(wanted.cells, "cell")
    view.say(f"Run {wanted.run_id}: {cells}, {wanted.present:,} there already, {len(wanted.missing):,} to buy")
    for name, why in wanted.left_out:
        view.say(f"  ! {shown(name)} is left out: {shown(why, 300)}")
    if wanted.waiting and wanted.missing:
        view.say(f"  . {narration.many(wanted.waiting, 'job')} of the run that had not been sent will go on as well")


def _ask(wanted: "Amendment") -> None:
    """Ask once before money is spent, when there is somebody to ask. Raises click.Abort for a no."""
    price = wanted.quote.price
    free = wanted.plan.sandbox or (price.known and price.high == 0) or not wanted.quote.requests
    if free or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return
    cost = str(price) if price.known else "an unknown price"
    click.confirm(f"Add them for {cost}?", default=False, abort=True, err=True)


async def _amend(session: Session, request: AmendRequest, wanted: "Amendment", view: "View") -> int:
    from fluxtui.cli.foreground import Foreground
    from fluxtui.engine.amending import amend_run
    from fluxtui.history import queries
    from fluxtui.history.database import database_path
    from fluxtui.history.journal import Journal

    reader = session.reader()
    try:
        told = queries.last_event(reader, wanted.run_id)
    finally:
        reader.close()
    with Journal(database_path(session.workspace)) as journal:
        await amend_run(journal, wanted)
    if request.detach:
        from fluxtui.cli.background import taken_up

        await taken_up(session.workspace, wanted.run_id)
    _announce(session, request, wanted, view)
    if request.detach:
        return Exit.DONE
    return await Foreground(session, [wanted.run_id], view, after={wanted.run_id: told}).carry()


def _announce(session: Session, request: AmendRequest, wanted: "Amendment", view: "View") -> None:
    from fluxtui.cli import shapes
    from fluxtui.history import queries

    reader = session.reader()
    try:
        row = queries.run(reader, wanted.run_id)
    finally:
        reader.close()
    if row is None:
        return
    if request.as_json:
        view.output.data(
            shapes.line({"event": "run", **shapes.run_json(row), "jobs": row.jobs, "quote": wanted.quote.as_json()})
        )
    elif request.detach:
        view.output.data(str(row.id))
    else:
        view.say(f"Run {row.id}, in {session.workspace / row.folder}")
