"""`fluxtui runner`: the process that does the work of a workspace."""

from typing import TYPE_CHECKING

import click

from fluxtui.cli import options
from fluxtui.cli.exits import Exit
from fluxtui.cli.session import Session

if TYPE_CHECKING:
    from fluxtui.domain.values import JsonObject, JsonValue
    from fluxtui.engine.launch import RunnerStatus


@click.command()
# `serve` is what starts the runner in the background: for fluxtui itself, so the help does not show it.
@click.argument("action", metavar="[status|stop]", type=click.Choice(["status", "stop", "serve"]), default="status")
@options.as_json('status as {"runner": {alive, pid, since, in_flight, lanes: [...]}}')
@options.workspace
def command(session: Session, action: str, as_json: bool) -> int:
    """Say how the workspace's runner does (pid, since when, lanes, in flight), or stop it.

    A stopped runner waits for the answers under way; `fluxtui resume` goes on with its runs.
    """
    if action == "serve":
        return _serve(session)
    if action == "stop":
        return _stop(session)
    from fluxtui.engine.launch import runner_status

    status = runner_status(session.workspace)
    if as_json:
        from fluxtui.cli import shapes

        lanes: list[JsonValue] = [shapes.lane_json(lane) for lane in status.lanes]
        facts: JsonObject = {
            "alive": status.alive,
            "pid": status.pid,
            "since": shapes.instant(status.since),
            "in_flight": sum(lane.in_flight for lane in status.lanes),
            "lanes": lanes,
        }
        click.echo(shapes.line({"runner": facts}))
    else:
        _print(session, status)
    return Exit.DONE


def _print(session: Session, status: "RunnerStatus") -> None:
    from datetime import datetime

    from fluxtui.cli import narration
    from fluxtui.cli.output import shown

    if status.alive:
        since = "" if status.since is None else f" since {datetime.fromtimestamp(status.since):%Y-%m-%d %H:%M:%S}"
        in_flight = sum(lane.in_flight for lane in status.lanes)
        click.echo(f"The runner of {session.workspace} is at work{since} (pid {status.pid}), {in_flight} in flight.")
    else:
        click.echo(f"No runner is at work in {session.workspace}.")
    rows = [
        (lane.key, lane.state, f"{lane.in_flight}/{lane.limit}", shown(_reason(lane.problem))) for lane in status.lanes
    ]
    for line in narration.table(rows):
        click.echo(f"  {line}")


def _reason(problem: object) -> str:
    from fluxtui.domain.problems import Problem

    return problem.what if isinstance(problem, Problem) else ""


def _stop(session: Session) -> int:
    from fluxtui.engine.launch import stop_runner

    if stop_runner(session.workspace):
        click.echo("The runner has ended. `fluxtui resume` goes on with its runs.", err=True)
    else:
        click.echo(f"No runner is at work in {session.workspace}.", err=True)
    return Exit.DONE


def _serve(session: Session) -> int:
    import asyncio

    from fluxtui import logs

    async def serve() -> bool:
        from fluxtui.engine.process import serve as be_runner

        logs.catch_task_crashes(asyncio.get_running_loop())
        return await be_runner(session.workspace)

    session.start_log("runner")
    logs.catch_crashes()
    asyncio.run(serve())
    return Exit.DONE
