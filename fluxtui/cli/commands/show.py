"""`fluxtui show RUN`: one run and its jobs, streamed however many there are."""

import sqlite3
from typing import TYPE_CHECKING

import click

from fluxtui.cli import options
from fluxtui.cli.exits import Exit
from fluxtui.cli.session import Session, no_such_run

if TYPE_CHECKING:
    from fluxtui.history.records import RunRow


@click.command()
@click.argument("run_id", metavar="RUN", type=click.IntRange(1))
@options.as_json('{"run": {...}, "jobs": [{id, task, target, kind, state, attempts, cost, error, ...}]}')
@options.workspace
def command(session: Session, run_id: int, as_json: bool) -> int:
    """Show RUN and every job of it, in the order of the batch."""
    from fluxtui.history import queries

    reader = session.reader()
    try:
        row = queries.run(reader, run_id)
        if row is None:
            raise no_such_run(run_id, session.workspace)
        if as_json:
            _print_json(session, reader, row)
        else:
            _print_text(session, reader, row)
    finally:
        reader.close()
    return Exit.DONE


def _print_json(session: Session, reader: sqlite3.Connection, row: "RunRow") -> None:
    from fluxtui.cli import shapes
    from fluxtui.history.listing import listed_jobs

    jobs = (shapes.job_json(job, session.workspace) for job in listed_jobs(reader, row.id))
    shapes.print_list(f'{{"run": {shapes.line(shapes.run_json(row))}, "jobs": [', jobs, "]}")


def _print_text(session: Session, reader: sqlite3.Connection, row: "RunRow") -> None:
    from fluxtui.cli import narration
    from fluxtui.cli.exits import of_run
    from fluxtui.cli.following import News
    from fluxtui.cli.output import shown
    from fluxtui.domain.money import show
    from fluxtui.history import queries
    from fluxtui.history.listing import listed_jobs

    lanes = {lane.key: lane for lane in queries.lanes(reader)}
    news = News(row, tuple(queries.targets(reader, row.id)), lanes, (), False)
    for line in narration.ending(news, of_run(row)):
        click.echo(line)
    for target in news.targets:
        pace = "" if target.p50 is None else f", p50 {target.p50:.1f} s"
        click.echo(f"  {shown(target.target)}: {narration.counts(dict(target.counts))}, {show(target.spent)}{pace}")
    for job in listed_jobs(reader, row.id):
        click.echo(f"{job.row.id:>6}  {job.row.state.label:<9}  {shown(job.row.task)}  {shown(job.row.target)}")
        for image in job.images:
            click.echo(f"        {session.workspace / image.path}")
        for adaptation in job.adaptations:
            click.echo(f"        ! {shown(adaptation.sentence(), 300)}")
        if job.problem is not None:
            click.echo(f"        {shown(job.problem.sentence(), 1500)}")
