"""`fluxtui [BATCH]`: the cockpit, or the headless run where there is no terminal."""

import os
import sys
from pathlib import Path

import click

from fluxtui.cli import options
from fluxtui.cli.session import Session
from fluxtui.domain.batch import Target

IMAGES = ("auto", "kitty", "sixel", "cells", "off")


class _Nameless(click.Command):
    """A command that is called without its name."""

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(ctx.find_root().command_path, "[OPTIONS] [BATCH]")

    def get_usage(self, ctx: click.Context) -> str:
        return f"Usage: {ctx.find_root().command_path} [OPTIONS] [BATCH]\n       `fluxtui --help` lists the commands."


@click.command(cls=_Nameless, add_help_option=False)
@click.argument("batch", required=False)
@options.workspace
@options.sandboxed
@click.option("--start", is_flag=True, help="Begin the batch at once.")
@click.option(
    "-t",
    "--target",
    "targets",
    type=options.target,
    multiple=True,
    metavar="TARGET",
    help="Draw with this provider/model instead of the batch's targets. May be repeated.",
)
@click.option("--images", type=click.Choice(IMAGES), help="How pictures are shown in the terminal.")
@click.option("--theme", metavar="NAME", help="The theme of the cockpit.")
def command(
    batch: str | None,
    session: Session,
    sandbox: bool,
    start: bool,
    targets: tuple[Target, ...],
    images: str | None,
    theme: str | None,
) -> int:
    if batch is not None and batch != "-" and not Path(batch).exists():
        raise click.UsageError(_unknown(batch))
    served = bool(os.environ.get("TEXTUAL_DRIVER"))  # `textual serve`: a browser is the terminal
    if not served and not (sys.stdin.isatty() and sys.stdout.isatty()):
        return _without_terminal(batch, session, sandbox, start, targets)
    from fluxtui.cli.cockpit import open_cockpit

    workspace, chosen_images, chosen_theme = _first_needs(session)
    return open_cockpit(
        workspace,
        batch=None if batch is None else Path(batch),
        sandbox=sandbox,
        start=start,
        images=images or chosen_images,
        theme=theme or chosen_theme,
        targets=targets,
        options=_as_variables(session.named_workspace, images, theme),
    )


def _as_variables(workspace: Path | None, images: str | None, theme: str | None) -> dict[str, str]:
    """Return the options that were given by the variables that they stand for."""
    given = {
        "OUTPUT_ROOT_DIR": None if workspace is None else str(workspace),
        "FLUXTUI_IMAGES": images,
        "FLUXTUI_THEME": theme,
    }
    return {name: value for name, value in given.items() if value is not None}


def _first_needs(session: Session) -> tuple[Path, str | None, str | None]:
    """Return workspace, image mode and theme without the libraries that check settings, where none is unusual.

    Those would double the time to the first paint. Mode and theme are None where no variable says: then
    holds what was chosen last. Raises SettingsError.
    """
    from fluxtui import settings

    seen = settings.glance("OUTPUT_ROOT_DIR", "FLUXTUI_IMAGES", "FLUXTUI_THEME")
    images = seen["FLUXTUI_IMAGES"].strip().lower() if "FLUXTUI_IMAGES" in seen else None
    named = session.named_workspace
    if images not in (None, *IMAGES) or (named is None and "OUTPUT_ROOT_DIR" in seen):
        core = session.loaded.core
        return session.workspace, core.images if images is not None else None, core.theme
    return named or Path("output").absolute(), images, seen.get("FLUXTUI_THEME")


def _without_terminal(
    batch: str | None, session: Session, sandbox: bool, start: bool, targets: tuple[Target, ...]
) -> int:
    if batch is None:
        raise click.UsageError("The cockpit needs a terminal. `fluxtui --help` lists the commands that need none.")
    if not start:
        raise click.UsageError(
            f"The cockpit needs a terminal, and this is none. `fluxtui run {batch}` runs the batch without a screen,"
            " and so does --start here."
        )
    from fluxtui.cli.commands.run import RunRequest, run_batch

    return run_batch(session, RunRequest(batch=batch, targets=targets, sandbox=sandbox))


def _unknown(word: str) -> str:
    import difflib

    from fluxtui.cli.main import COMMANDS

    close = difflib.get_close_matches(word, COMMANDS, 1)
    hint = f" Did you mean the command {close[0]}?" if close else ""
    return f"{word!r} is neither a command nor a file.{hint}"
