"""From a batch file to a plan, as several commands need it."""

import sys
from collections.abc import Callable
from pathlib import Path

import click

from fluxtui.cli import narration
from fluxtui.cli.session import Session
from fluxtui.domain.batch import Axis, Batch, Target
from fluxtui.engine.files import ReadResult, read_batch, read_batch_text
from fluxtui.engine.plan import Plan, plan
from fluxtui.engine.services import Services

_LARGEST_INPUT = 300 * 1024 * 1024


def planned(
    session: Session,
    batch: str,
    *,
    sandbox: bool,
    targets: tuple[Target, ...] = (),
    axes: tuple[Axis, ...] = (),
    repeat: int | None = None,
) -> Plan:
    """Read the file `batch` (- is stdin) and work it out; what is doubtful is said on stderr.

    Raises FluxtuiError: a BatchFileError with every finding, SettingsError, a target that cannot be used.
    """
    read = batch_file(batch)
    session.loaded  # noqa: B018 - a wrong setting is named before anything else is looked at
    services = Services.load(sandbox=sandbox)
    worked_out = plan(
        read,
        services,
        targets=targets,
        axes=axes,
        repeat=repeat,
        source=None if batch == "-" else str(Path(batch).absolute()),
    )
    for note in services.notes:
        click.echo(f"fluxtui: {note}", err=True)
    return worked_out


def batch_file(batch: str) -> Batch:
    """Read the file `batch` (- is stdin); what is doubtful is said on stderr. Raises BatchFileError."""
    read = _read(batch)
    for warning in read.warnings:
        click.echo(f"fluxtui: {warning.sentence()}", err=True)
    return read.batch


def _read(batch: str) -> ReadResult:
    if batch == "-":
        return read_batch_text(sys.stdin.buffer.read(_LARGEST_INPUT), "stdin")
    return read_batch(Path(batch))


def price_told(plan: Plan, say: Callable[[str], None]) -> None:
    """Say the quote, line by line."""
    for line in narration.quote(plan):
        say(line)
