"""The front door. Finds out which command is meant and imports only that one."""

import importlib
import io
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from fluxtui import __version__
from fluxtui.cli import failures
from fluxtui.cli.exits import Exit
from fluxtui.domain.problems import FluxtuiError

COMMANDS: dict[str, str] = {
    "run": "Run a batch without a screen.",
    "resume": "Go on with what was interrupted.",
    "amend": "Add targets, values or tasks to a run; buys only what it lacks.",
    "runs": "List the runs of the workspace.",
    "show": "Show one run and its jobs.",
    "quote": "Say what a batch will cost, and what will not be honoured.",
    "providers": "List the services, their models and what each can do.",
    "finetunes": "List, show, delete or train the finetunes of Black Forest Labs.",
    "check": "Try every service's credentials without spending.",
    "cancel": "Cancel a run.",
    "delete": "Delete a run; its pictures only when asked.",
    "runner": "Say how the workspace's runner does, or stop it.",
    "judge": "Have a judge look at a picture.",
    "schema": "Print the JSON Schema of the native batch format.",
    "sandbox": "Serve simulated services on this machine.",
    "doctor": "Say what fluxtui found here: versions, settings, database, terminal.",
}
"""Names and summaries; the command `x` is `command` in `fluxtui.cli.commands.x`."""

_COCKPIT = "cockpit"


class FrontDoor(click.Group):
    """`fluxtui COMMAND ...`, or `fluxtui [BATCH]` for the cockpit. Options may stand before the command."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or args[0] not in ("--help", "-h", "--version"):
            args = self._routed(args)
        return super().parse_args(ctx, args)

    def _routed(self, args: list[str]) -> list[str]:
        """Put the command's name first. A batch file named like a command is written ./NAME."""
        takes_value = self._options_with_value()
        position = 0
        while position < len(args):
            word = args[position]
            if word == "--":
                break
            if word == "-" or not word.startswith("-"):
                if word in COMMANDS:
                    return [word, *args[:position], *args[position + 1 :]]
                break
            position += 2 if word in takes_value else 1
        return [_COCKPIT, *args]

    def _options_with_value(self) -> frozenset[str]:
        from fluxtui.cli.commands import cockpit

        options = (option for option in cockpit.command.params if isinstance(option, click.Option))
        return frozenset(name for option in options if not option.is_flag for name in option.opts)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS and cmd_name != _COCKPIT:
            return None
        command: click.Command = importlib.import_module(f"fluxtui.cli.commands.{cmd_name}").command
        return command

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(ctx.command_path, "[OPTIONS] [BATCH]")
        formatter.write_usage(ctx.command_path, "COMMAND [OPTIONS] ...", prefix="       ")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from fluxtui.cli.commands import cockpit

        everything = [*cockpit.command.params, *self.get_params(ctx)]
        options = (option for option in everything if isinstance(option, click.Option))
        records = [record for option in options if (record := option.get_help_record(ctx))]
        with formatter.section("Options of the cockpit"):
            formatter.write_dl(records)
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except BrokenPipeError:
            return failures.pipe_closed()
        except FluxtuiError as error:
            failures.tell(error)
            return Exit.USAGE
        except Exception as error:  # noqa: BLE001 - the outermost boundary: a person gets one line, the log the rest
            return failures.crashed(error, ctx.obj)


@click.command(cls=FrontDoor, invoke_without_command=False, context_settings={"help_option_names": ["--help", "-h"]})
@click.version_option(__version__, prog_name="fluxtui", message="%(prog)s %(version)s")
def front_door() -> None:
    """Make pictures in bulk from the terminal, and find out which service makes them best.

    Without a command it opens the cockpit, with the batch loaded when one is named.
    """


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code."""
    try:
        result = front_door.main(
            None if arguments is None else list(arguments), prog_name="fluxtui", standalone_mode=False
        )
    except click.ClickException as error:
        error.show()
        return Exit.USAGE
    except click.Abort:
        click.echo("Interrupted.", err=True)
        return Exit.INTERRUPTED
    return result if isinstance(result, int) else Exit.DONE


def main() -> NoReturn:
    """The console script."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a name that the terminal cannot spell stops nothing
    code = run()
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        code = failures.pipe_closed()
    except OSError:
        failures.pipe_closed()  # the terminal is gone; what was done is done
    sys.exit(code)
