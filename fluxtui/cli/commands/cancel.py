"""`fluxtui cancel RUN`: send nothing more of it."""

import click

from fluxtui.cli import options
from fluxtui.cli.exits import Exit
from fluxtui.cli.session import Session, no_such_run


@click.command()
@click.argument("run_id", metavar="RUN", type=click.IntRange(1))
@click.option(
    "--all", "everything", is_flag=True, help="Also give up what was accepted already (it may be billed all the same)."
)
@options.workspace
def command(session: Session, run_id: int, everything: bool) -> int:
    """Cancel the jobs of RUN that were not sent yet; what is under way is still collected."""
    import asyncio

    from fluxtui.domain.jobs import ACTIVE, JobState
    from fluxtui.history import queries

    reader = session.reader()
    try:
        row = queries.run(reader, run_id)
    finally:
        reader.close()
    if row is None:
        raise no_such_run(run_id, session.workspace)
    if not row.counts.get(JobState.QUEUED) and not any(row.counts.get(state) for state in ACTIVE):
        click.echo(f"Run {run_id} is {row.state.value}: there is nothing to cancel.", err=True)
        return Exit.DONE
    outcome = asyncio.run(_cancel(session, run_id, "all" if everything else "queued"))
    click.echo(f"Run {run_id}: cancelled {outcome}.", err=True)
    return Exit.DONE


async def _cancel(session: Session, run_id: int, scope: str) -> str:
    from fluxtui.cli.background import control_taken
    from fluxtui.history.database import database_path
    from fluxtui.history.journal import Journal

    with Journal(database_path(session.workspace)) as journal:
        control_id = await journal.control("cancel_run", run_id, scope=scope)
    return await control_taken(session.workspace, control_id)
