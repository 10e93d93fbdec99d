"""`fluxtui finetunes`: the finetunes of the account at Black Forest Labs."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fluxtui.cli import options
from fluxtui.cli.exits import Exit
from fluxtui.cli.session import Session
from fluxtui.domain.problems import ACCOUNT_PROBLEMS, Acceptance, ProblemKind, ServiceError

if TYPE_CHECKING:
    from fluxtui.domain.values import JsonObject, JsonValue
    from fluxtui.engine.services import Services

_NEEDS_YOU = ACCOUNT_PROBLEMS | {ProblemKind.NETWORK}


@dataclass(frozen=True, slots=True)
class TrainingWishes:
    """What was asked of a training; None leaves it to the service."""

    comment: str | None
    mode: str | None
    trigger_word: str
    iterations: int
    learning_rate: float | None
    captioning: bool
    priority: str
    kind: str
    lora_rank: str


@click.command()
@click.argument("action", metavar="[list|show|delete|train]", default="list")
@click.argument("subject", metavar="[ID|ZIP]", required=False)
@click.option("--yes", is_flag=True, help="Do not ask before something is deleted or trained.")
@click.option("--comment", metavar="TEXT", help="train: what the finetune is called.")
@click.option("--mode", type=click.Choice(["general", "character", "style", "product"]), help="train: what it learns.")
@click.option("--trigger-word", default="TOK", show_default=True, help="train: the word that calls for it in prompts.")
@click.option("--iterations", type=click.IntRange(100, 1000), default=300, show_default=True, help="train: how long.")
@click.option("--learning-rate", type=click.FloatRange(1e-6, 5e-3), help="train: default: by the type.")
@click.option("--captioning/--no-captioning", default=True, help="train: describe pictures that have no caption.")
@click.option(
    "--priority",
    type=click.Choice(["speed", "quality", "high_res_only"]),
    default="quality",
    show_default=True,
    help="train: what matters more.",
)
@click.option("--type", "kind", type=click.Choice(["full", "lora"]), default="full", show_default=True, help="train.")
@click.option("--lora-rank", type=click.Choice(["16", "32"]), default="32", show_default=True, help="train.")
@options.sandboxed
@options.as_json('{"finetunes": [...]}, {"finetune": {...}}, {"deleted": {...}} or {"training": {...}}')
@options.workspace
def command(
    session: Session,
    action: str,
    subject: str | None,
    yes: bool,
    comment: str | None,
    mode: str | None,
    trigger_word: str,
    iterations: int,
    learning_rate: float | None,
    captioning: bool,
    priority: str,
    kind: str,
    lora_rank: str,
    sandbox: bool,
    as_json: bool,
) -> int:
    """List the finetunes of the account at Black Forest Labs, show or delete one, or train one from a ZIP.

    Draw with one by the target bfl/finetune:ID. A ZIP holds 1 to 20 pictures and, if you like, captions; Black
    Forest Labs closed training on 2025-10-31, compatible servers may still have it.
    """
    if action not in ("list", "show", "delete", "train"):
        raise click.UsageError(f"{action!r} is not one of list, show, delete and train.")
    if (subject is None) is not (action == "list"):
        needed = "takes nothing more" if action == "list" else f"needs {'a ZIP' if action == 'train' else 'an ID'}"
        raise click.UsageError(f"`fluxtui finetunes {action}` {needed}.")
    from fluxtui.engine.services import Services

    session.loaded  # noqa: B018 - a wrong setting is named before anything else is looked at
    services = Services.load(sandbox=sandbox)
    wishes = TrainingWishes(
        comment, mode, trigger_word, iterations, learning_rate, captioning, priority, kind, lora_rank
    )
    try:
        match action:
            case "show":
                return _show(session, services, str(subject), as_json)
            case "delete":
                return _delete(session, services, str(subject), yes, as_json)
            case "train":
                return _train(session, services, Path(str(subject)), wishes, yes, as_json)
            case _:
                return _list(session, services, as_json)
    except ServiceError as error:
        return _failed(error)


def _failed(error: ServiceError) -> int:
    from fluxtui.cli import failures

    failures.tell(error)
    if error.problem.kind in _NEEDS_YOU:
        return Exit.PARKED
    return Exit.IN_DOUBT if error.acceptance is Acceptance.MAYBE else Exit.FAILED


def _list(session: Session, services: "Services", as_json: bool) -> int:
    import asyncio

    from fluxtui.cli import narration, shapes
    from fluxtui.cli.output import shown
    from fluxtui.engine import finetunes

    found = asyncio.run(finetunes.listed(services, session.workspace))
    if as_json:
        items: list[JsonValue] = [
            {"id": one.id, "target": finetunes.target(one.id), "details": one.details} for one in found
        ]
        click.echo(shapes.line({"finetunes": items}))
        return Exit.DONE
    names = ("mode", "trigger_word", "finetune_comment")
    rows = [(shown(one.id), *(shown(str(one.details.get(name) or ""), 60) for name in names)) for one in found]
    for line in narration.table(rows):
        click.echo(line)
    if not found:
        click.echo("This account has no finetunes.", err=True)
    return Exit.DONE


def _show(session: Session, services: "Services", finetune: str, as_json: bool) -> int:
    import asyncio

    from fluxtui.cli import narration, shapes
    from fluxtui.cli.output import shown
    from fluxtui.engine import finetunes

    found = asyncio.run(finetunes.shown(services, session.workspace, finetune))
    if as_json:
        facts: JsonObject = {
            "id": found.id,
            "state": found.state.value,
            "progress": found.progress,
            "message": found.message or None,
            "target": finetunes.target(found.id),
            "details": found.details,
        }
        click.echo(shapes.line({"finetune": facts}))
        return Exit.DONE
    state = found.state.value if found.progress is None else f"{found.state.value}, {found.progress:.0%}"
    rows = [("id", shown(found.id)), ("state", state)]
    rows += [("", shown(found.message))] if found.message else []
    rows += [(shown(name, 40), shown(str(value))) for name, value in found.details.items()]
    rows.append(("target", shown(finetunes.target(found.id))))
    for line in narration.table(rows):
        click.echo(line)
    return Exit.DONE


def _delete(session: Session, services: "Services", finetune: str, yes: bool, as_json: bool) -> int:
    import asyncio

    from fluxtui.cli import shapes
    from fluxtui.cli.output import shown
    from fluxtui.engine import finetunes

    _ask(f"Delete the finetune {shown(finetune)} for good?", yes)
    told = asyncio.run(finetunes.delete(services, session.workspace, finetune))
    if as_json:
        click.echo(shapes.line({"deleted": {"id": finetune, "message": told}}))
    else:
        click.echo(f"{shown(finetune)}: {shown(told)}.", err=True)
    return Exit.DONE


def _train(session: Session, services: "Services", path: Path, wishes: TrainingWishes, yes: bool, as_json: bool) -> int:
    import asyncio

    from fluxtui.cli import shapes
    from fluxtui.cli.output import shown
    from fluxtui.engine import finetunes

    if wishes.comment is None or wishes.mode is None:
        raise click.UsageError("A training needs --comment and --mode.")
    archive = finetunes.inspected(path)
    training = finetunes.Training(
        archive,
        wishes.comment,
        wishes.mode,
        wishes.trigger_word,
        wishes.iterations,
        wishes.learning_rate,
        wishes.captioning,
        wishes.priority,
        wishes.kind,
        int(wishes.lora_rank),
    )
    told = f"{len(archive.pictures)} pictures, {archive.captions} of them with a caption"
    click.echo(f"{shown(path.name)}: {told}.", err=True)
    if not services.sandbox:
        click.echo(f"Black Forest Labs closed training on {finetunes.TRAINING_CLOSED}.", err=True)
        _ask("Upload it and train, for an unknown price?", yes)
    finetune = asyncio.run(finetunes.train(services, session.workspace, training))
    if as_json:
        facts: JsonObject = {
            "id": finetune,
            "target": finetunes.target(finetune),
            "pictures": len(archive.pictures),
            "captions": archive.captions,
        }
        click.echo(shapes.line({"training": facts}))
    else:
        click.echo(shown(finetune))
        click.echo(f"`fluxtui finetunes show {shown(finetune)}` says how far it is.", err=True)
    return Exit.DONE


def _ask(question: str, yes: bool) -> None:
    """Ask once. Without anybody to ask, only --yes goes on. Raises click.Abort or click.UsageError."""
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise click.UsageError("There is nobody to ask here; say --yes.")
    click.confirm(question, default=False, abort=True, err=True)
