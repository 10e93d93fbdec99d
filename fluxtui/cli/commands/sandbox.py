"""`fluxtui sandbox`: simulated services on loopback ports, for fluxtui or any other client."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fluxtui.cli import options
from fluxtui.cli.exits import Exit
from fluxtui.cli.session import Session

if TYPE_CHECKING:
    from fluxtui.sandbox import Faults


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, metavar="HOST", help="Listen on this address.")
@click.option(
    "--port",
    default=8600,
    show_default=True,
    type=click.IntRange(0, 65_535),
    metavar="PORT",
    help="The first port; the services take the next ones. 0 takes free ones.",
)
@click.option(
    "--faults",
    "faults_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="What goes wrong, how often and how slowly (TOML or JSON).",
)
@options.workspace
def command(session: Session, host: str, port: int, faults_file: Path | None) -> int:
    """Serve every service that fluxtui knows, simulated, until Ctrl-C.

    Prints the variables that point a client here, as lines for a .env file; when it ends, its
    ledger of what was accepted and delivered, as comments.
    """
    import asyncio

    from fluxtui.sandbox import read_faults

    faults = None if faults_file is None else read_faults(faults_file)
    return asyncio.run(_serve(host, port, faults))


async def _serve(host: str, port: int, faults: "Faults | None") -> int:
    import asyncio
    import signal

    from fluxtui.cli.output import Output
    from fluxtui.sandbox import Sandbox, environment, serve

    output, ended = Output(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    sandbox = Sandbox(faults=faults)
    async with await serve(sandbox, host, port) as served:
        for name, value in environment(served.bases).items():
            output.data(f"{name}={value}")
        output.say("The sandbox is open; Ctrl-C ends it. Put these lines into .env, or into another client's settings.")
        await ended.wait()
    for line in sandbox.ledger.table().splitlines():
        output.data(f"# {line}")
    return Exit.DONE
