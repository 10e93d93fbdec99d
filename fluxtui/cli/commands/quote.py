"""`fluxtui quote BATCH`: what it will cost, and what will not be honoured, before anything is sent."""

import click

from fluxtui.cli import options
from fluxtui.cli.exits import Exit
from fluxtui.cli.session import Session
from fluxtui.domain.batch import Axis, Target


@click.command()
@click.argument("batch")
@options.planning
@options.sandboxed
@options.as_json("{batch, sandbox, pictures, requests, price, seconds, targets: [...]}")
@options.workspace
def command(
    session: Session,
    batch: str,
    targets: tuple[Target, ...],
    axes: tuple[Axis, ...],
    repeat: int | None,
    sandbox: bool,
    as_json: bool,
) -> int:
    """Work out the batch file BATCH (- reads it from stdin); nothing is sent."""
    from fluxtui.cli import shapes
    from fluxtui.cli.planning import planned, price_told

    plan = planned(session, batch, sandbox=sandbox, targets=targets, axes=axes, repeat=repeat)
    if as_json:
        click.echo(shapes.line({"batch": plan.batch.name, "sandbox": plan.sandbox, **plan.quote.as_json()}))
    else:
        price_told(plan, click.echo)
    return Exit.DONE
