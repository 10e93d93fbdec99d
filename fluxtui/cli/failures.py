"""How things that go wrong reach a person: one teaching message, never a traceback."""

import contextlib
import os
import sys
from typing import TYPE_CHECKING

import click

from fluxtui.cli.exits import Exit
from fluxtui.domain.problems import FluxtuiError
from fluxtui.domain.text import plain

if TYPE_CHECKING:
    from fluxtui.cli.session import Session


def tell(error: FluxtuiError) -> None:
    """Say on stderr what is wrong: all findings of a batch file, a line each, or the one problem."""
    findings = getattr(error, "findings", ())
    lines = [finding.sentence() for finding in findings] or [error.problem.sentence()]
    for line in lines:
        click.echo(f"fluxtui: {plain(line, newlines=False)}", err=True)


def crashed(error: Exception, session: "Session | None") -> Exit:
    """Write a crash report to the workspace's log, and say so in one line."""
    from fluxtui import logs

    if session is not None:
        with contextlib.suppress(Exception):  # whatever broke may break this too
            session.start_log("commands")
    click.echo(logs.report(error), err=True)
    logs.stop()
    return Exit.DEFECT


def pipe_closed() -> Exit:
    """Go on without a stdout: whoever read it went away (`| head`), which is no error worth a word."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    return Exit.PIPE_CLOSED
