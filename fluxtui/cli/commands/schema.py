"""`fluxtui schema`: the JSON Schema of the native batch format, for editors."""

import json

import click

from fluxtui.cli import options
from fluxtui.cli.exits import Exit
from fluxtui.cli.session import Session


@click.command()
@options.workspace
def command(session: Session) -> int:
    """Print the JSON Schema of the native batch format (YAML, JSON, TOML)."""
    from fluxtui.engine.files import batch_schema

    click.echo(json.dumps(batch_schema(), indent=2))
    return Exit.DONE
