"""`fluxtui runs`: the runs of the workspace, newest first."""

import sqlite3
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from fluxtui.cli import options
from fluxtui.cli.exits import Exit
from fluxtui.cli.session import Session

if TYPE_CHECKING:
    from fluxtui.history.records import RunRow

_PAGE = 200


@click.command()
@click.option("--limit", type=click.IntRange(1), metavar="N", help="At most this many, the newest.")
@options.as_json('{"runs": [{id, batch, state, created_at, counts, cost, ...}]}')
@options.workspace
def command(session: Session, limit: int | None, as_json: bool) -> int:
    """List the runs of the workspace, newest first."""
    if not session.has_history():
        if as_json:
            click.echo('{"runs": []}')
        else:
            click.echo(f"No runs in {session.workspace} yet.", err=True)
        return Exit.DONE
    reader = session.reader()
    try:
        (_print_json if as_json else _print_table)(_rows(reader, limit))
    finally:
        reader.close()
    return Exit.DONE


def _rows(reader: sqlite3.Connection, limit: int | None) -> "Iterator[RunRow]":
    from fluxtui.history import queries

    before, left = None, limit
    while left is None or left > 0:
        page = queries.runs(reader, limit=_PAGE if left is None else min(left, _PAGE), before=before)
        if not page:
            return
        yield from page
        before = page[-1].id
        left = None if left is None else left - len(page)


def _print_json(rows: "Iterator[RunRow]") -> None:
    from fluxtui.cli import shapes

    shapes.print_list('{"runs": [', (shapes.run_json(row) for row in rows), "]}")


def _print_table(rows: "Iterator[RunRow]") -> None:
    from datetime import datetime

    from fluxtui.cli import narration
    from fluxtui.cli.output import shown
    from fluxtui.domain.money import show

    lines = [("run", "batch", "state", "created", "cost", "jobs")]
    for row in rows:
        created = f"{datetime.fromtimestamp(row.created_at):%Y-%m-%d %H:%M}"
        cost = f"{show(row.spent)} (sandbox)" if row.sandbox else show(row.spent)
        lines.append(
            (str(row.id), shown(row.batch, 40), row.state.value, created, cost, narration.counts(dict(row.counts)))
        )
    for line in narration.table(lines, right=(0, 4)):
        click.echo(line)
