"""`fluxtui check`: try every service's credentials without spending."""

from typing import TYPE_CHECKING

import click

from fluxtui.cli import options
from fluxtui.cli.exits import Exit
from fluxtui.cli.session import Session
from fluxtui.domain.problems import FluxtuiError

if TYPE_CHECKING:
    from fluxtui.domain.values import JsonObject
    from fluxtui.engine.checks import CheckResult


@click.command()
@options.sandboxed
@options.as_json('{"services": [{id, title, state, message, credits, error}]}')
@options.workspace
def command(session: Session, sandbox: bool, as_json: bool) -> int:
    """Try each configured service's credentials without spending.

    Exit code 0 when all that are configured answer, 6 when one has a problem, 2 when none is configured.
    """
    import asyncio

    from fluxtui.engine.checks import CheckState, check_services, keep_results, titles
    from fluxtui.engine.services import Services

    session.loaded  # noqa: B018 - a wrong setting is named before anything else is looked at
    services = Services.load(sandbox=sandbox)
    named = titles(services)
    results = asyncio.run(check_services(services, session.workspace))
    for note in services.notes:
        click.echo(f"fluxtui: {note}", err=True)
    try:
        keep_results(session.workspace, results, sandbox=sandbox)
    except FluxtuiError as error:  # the answers count, kept or not
        click.echo(f"fluxtui: {error.problem.sentence()}", err=True)
    if as_json:
        from fluxtui.cli import shapes

        click.echo(shapes.line({"services": [_json(name, named[name], result) for name, result in results]}))
    else:
        _print(results, named)
    states = [result.state for _, result in results]
    if CheckState.PROBLEM in states:
        return Exit.PARKED
    return Exit.USAGE if all(state is CheckState.UNCONFIGURED for state in states) else Exit.DONE


def _json(name: str, title: str, result: "CheckResult") -> "JsonObject":
    return {
        "id": name,
        "title": title,
        "state": result.state.value,
        "message": result.message,
        "credits": result.credits,
        "error": None if result.problem is None else result.problem.as_json(),
    }


def _print(results: "list[tuple[str, CheckResult]]", titles: dict[str, str]) -> None:
    from fluxtui.cli import narration
    from fluxtui.cli.output import shown

    rows = [(name, result.state.value, shown(result.message, 500)) for name, result in results]
    for line in narration.table(rows):
        click.echo(line)
    for name, result in results:
        if result.problem is not None:
            click.echo(f"{titles[name]}: {result.problem.sentence()}", err=True)
