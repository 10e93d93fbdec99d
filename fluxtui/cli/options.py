"""Options that several commands share, and the kinds of values they take."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from fluxtui.cli.session import Session
from fluxtui.domain.batch import PARAMETER_ALIASES, Axis, Target
from fluxtui.domain.money import Micros, usd

Command = TypeVar("Command", bound=Callable[..., Any])

IN_DOUBT = ("leave", "resend", "abandon")


def target(text: str) -> Target:
    """Read `provider/model`, or a provider alone for its first model."""
    try:
        return Target.parse(text)
    except ValueError as error:
        raise click.BadParameter(f"{error}.") from error


def dollars(text: str) -> Micros:
    """Read a positive amount of US dollars, with or without its sign."""
    try:
        amount = usd(text.strip().removeprefix("$"))
    except ValueError:
        amount = Micros(0)
    if amount <= 0:
        raise click.BadParameter(f"{text!r} is not a positive amount of US dollars; write for example 2.50.")
    return amount


def axis(text: str) -> Axis:
    """Read `name=values`: seed=1..4, guidance=2.5,5, style=anime,manga."""
    from fluxtui.engine.files import BatchFileError, parse_axis_values

    name, equals, values = text.partition("=")
    name = name.strip()
    if not (name and equals and values.strip()):
        raise click.BadParameter(f"{text!r} is no axis; write for example seed=1..4 or style=anime,manga.")
    name = PARAMETER_ALIASES.get(name, name)
    try:
        return Axis(name, parse_axis_values(name, values))
    except BatchFileError as error:
        raise click.BadParameter(" ".join(finding.sentence() for finding in error.findings)) from error


def workspace(function: Command) -> Command:
    """`--workspace DIR`; the command gets a Session as `session`."""

    def begin(ctx: click.Context, _param: click.Parameter, value: Path | None) -> Session:
        session = Session(value)
        ctx.find_root().obj = session
        return session

    return click.option(
        "--workspace",
        "session",
        type=click.Path(path_type=Path, file_okay=False),
        callback=begin,
        metavar="DIR",
        help="Work in this folder instead of OUTPUT_ROOT_DIR.",
    )(function)


def as_json(what: str) -> Callable[[Command], Command]:
    return click.option("--json", "as_json", is_flag=True, help=f"Print {what}.")


def planning(function: Command) -> Command:
    """What changes a batch on its way into a run: targets, axes, repeats."""
    return _choosing(
        function,
        targets="Draw with this provider/model instead of the batch's targets. May be repeated.",
        axes="Sweep a parameter: seed=1..4, guidance=2.5,5, style=anime,manga. May be repeated.",
        repeat="Draw every cell N times.",
    )


def additions(function: Command) -> Command:
    """What is added to a run: targets, values of axes, repeats."""
    return _choosing(
        function,
        targets="Draw with this provider/model as well. May be repeated.",
        axes="Further values of an axis: seed=5..8. May be repeated.",
        repeat="Draw every cell N times, where it was fewer.",
    )


def _choosing(function: Command, *, targets: str, axes: str, repeat: str) -> Command:
    """The options that say what is drawn, each with its own help."""
    options = (
        click.option("-t", "--target", "targets", type=target, multiple=True, metavar="TARGET", help=targets),
        click.option("--axis", "axes", type=axis, multiple=True, metavar="NAME=VALUES", help=axes),
        click.option("--repeat", type=click.IntRange(1, 1000), metavar="N", help=repeat),
    )
    for option in reversed(options):
        function = option(function)
    return function


def limits(function: Command) -> Command:
    """What bounds a run."""
    options = (
        click.option(
            "--max-cost",
            "cap",
            type=dollars,
            metavar="USD",
            help="Never spend more than this, in flight included; the run then stops, resumable.",
        ),
        click.option(
            "--concurrency", type=click.IntRange(1, 1000), metavar="N", help="Most requests at once for each target."
        ),
        click.option(
            "--in-doubt",
            type=click.Choice(IN_DOUBT),
            help="What to do with a job that may or may not have been accepted: leave it to you (the default),"
            " resend it (it may be paid twice), abandon it.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def sandboxed(function: Command) -> Command:
    return click.option("--sandbox", is_flag=True, help="Use the simulated services: no key, no cost.")(function)
