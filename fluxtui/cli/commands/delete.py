"""`fluxtui delete RUN`: forget a run; its pictures stay unless they are asked for."""

import sys
from typing import TYPE_CHECKING

import click

from fluxtui.cli import options
from fluxtui.cli.exits import Exit
from fluxtui.cli.session import Session, no_such_run

if TYPE_CHECKING:
    from fluxtui.engine.deletion import Deleted


@click.command()
@click.argument("run_id", metavar="RUN", type=click.IntRange(1))
@click.option("--pictures", is_flag=True, help="Also delete the pictures, with the facts beside them.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.workspace
def command(session: Session, run_id: int, pictures: bool, yes: bool) -> int:
    """Delete what is recorded of RUN and its thumbnails; --pictures deletes its pictures as well.

    Refused while the runner works on it. Where nobody can be asked, it needs --yes.
    """
    import asyncio

    from fluxtui.cli.output import shown
    from fluxtui.domain.text import byte_size
    from fluxtui.history import queries, run_list

    reader = session.reader()
    try:
        row = queries.run(reader, run_id)
        use = run_list.disk_use(reader, [run_id]).get(run_id, run_list.DiskUse())
    finally:
        reader.close()
    if row is None:
        raise no_such_run(run_id, session.workspace)
    count = f"{use.pictures:,} picture{'' if use.pictures == 1 else 's'}"
    if not yes:
        kept = f"and its {count}, {byte_size(use.total)}" if pictures else f"and keep its {count}"
        _ask(f"Delete run {run_id} ({shown(row.batch, 60)}) {kept}?")
    deleted = asyncio.run(_delete(session, run_id, pictures))
    if pictures:
        gone = f"{deleted.pictures:,} picture{'' if deleted.pictures == 1 else 's'}"
        click.echo(f"Run {run_id} is deleted, with {gone}: {byte_size(deleted.freed_bytes)} are free.", err=True)
    else:
        click.echo(f"Run {run_id} is deleted; {count} stayed in {session.workspace / row.folder}.", err=True)
    if deleted.kept:
        click.echo(f"{deleted.kept:,} could not be deleted: {shown(deleted.reason, 300)}.", err=True)
        return Exit.FAILED
    return Exit.DONE


def _ask(question: str) -> None:
    """Ask once. Raises click.Abort for a no, UsageError where nobody can answer."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise click.UsageError("There is nobody to ask here; say --yes.")
    click.confirm(question, default=False, abort=True, err=True)


async def _delete(session: Session, run_id: int, pictures: bool) -> "Deleted":
    from fluxtui.engine.deletion import delete_run, finish_deletions
    from fluxtui.history.database import database_path
    from fluxtui.history.journal import Journal

    with Journal(database_path(session.workspace)) as journal:
        deleted = await delete_run(journal, session.workspace, run_id, pictures=pictures)
        await finish_deletions(journal, session.workspace)
        return deleted
