"""`fluxtui providers`: who can draw, in which state each is, and what its models can do."""

from typing import TYPE_CHECKING

import click

from fluxtui.cli import options
from fluxtui.cli.exits import Exit
from fluxtui.cli.session import Session

if TYPE_CHECKING:
    from fluxtui.domain.facts import ModelFacts, SizeFacts
    from fluxtui.domain.values import JsonObject
    from fluxtui.engine.overview import ServiceView


@click.command()
@click.option("--model", "matching", default="", metavar="TEXT", help="Only targets that hold this text.")
@options.sandboxed
@options.as_json('{"services": [{id, name, description, state, missing, models: [...]}]}')
@options.workspace
def command(session: Session, matching: str, sandbox: bool, as_json: bool) -> int:
    """List the services and their models: sizes, abilities, typical time, price, end of life."""
    from fluxtui.engine.overview import overview
    from fluxtui.engine.services import Services
    from fluxtui.history import queries

    session.loaded  # noqa: B018 - a wrong setting is named before anything else is looked at
    services = Services.load(sandbox=sandbox)
    lanes, checks = [], []
    if session.has_history():
        reader = session.reader()
        try:
            lanes, checks = queries.lanes(reader), queries.checks(reader)
        finally:
            reader.close()
    views = overview(services, lanes, checks, matching=matching)
    if as_json:
        from fluxtui.cli import shapes

        shapes.print_list('{"services": [', map(_json, views), "]}")
    else:
        _print(views)
    return Exit.DONE


def _json(view: "ServiceView") -> "JsonObject":
    from fluxtui.cli import shapes

    return {
        "id": view.id,
        "name": view.title,
        "description": view.description,
        "state": view.state,
        "missing": list(view.missing),
        "error": None if view.problem is None else view.problem.as_json(),
        "credits": view.credits,
        "lanes": [shapes.lane_json(lane) for lane in view.lanes],
        "models": [_model_json(view.target(model), model) for model in view.models],
    }


def _model_json(target: str, model: "ModelFacts") -> "JsonObject":
    from fluxtui.domain.money import dollars

    price, able = model.price, model.abilities
    return {
        "target": target,
        "model": model.model,
        "sizes": None if model.sizes is None else _sizes_json(model.sizes),
        "max_pictures": model.max_pictures,
        "supports": None
        if able is None
        else {
            "seed": able.seed,
            "negative_prompt": able.negative_prompt,
            "steps": able.steps,
            "guidance": able.guidance,
            "references": able.references,
            "n": able.count,
        },
        "parameters": list(model.parameters),
        "seconds": model.seconds,
        "price": {
            "text": str(price),
            "low": dollars(price.low) if price.known else None,
            "high": dollars(price.high) if price.known else None,
            "known": price.known,
        },
        "deprecated": None if model.deprecated is None else model.deprecated.isoformat(),
        "retired": None if model.retired is None else model.retired.isoformat(),
        "note": model.note,
    }


def _sizes_json(sizes: "SizeFacts") -> "JsonObject":
    return {
        "words": sizes.words,
        "form": sizes.form,
        "multiple": sizes.multiple,
        "min_side": sizes.low,
        "max_side": sizes.high,
        "min_pixels": sizes.min_pixels,
        "max_pixels": sizes.max_pixels,
        "steepest": sizes.steepest,
        "list": [str(size) for size in sizes.choices],
        "ratios": list(sizes.ratios),
        "any_ratio": sizes.any_ratio,
        "resolutions": list(sizes.resolutions),
        "default": None if sizes.default is None else str(sizes.default),
    }


def _print(views: "list[ServiceView]") -> None:
    from fluxtui.cli import narration
    from fluxtui.cli.output import shown

    for number, view in enumerate(views):
        if number:
            click.echo()
        click.echo(f"{view.id}  {shown(view.title)}: {_state(view)}")
        if view.description:
            click.echo(f"  {shown(view.description)}")
        for line in narration.table([_row(view.target(model), model) for model in view.models], right=(1, 2, 3)):
            click.echo(f"  {line}")
    if not views:
        click.echo("No target holds that text; a service may draw with models that are not listed.", err=True)


def _state(view: "ServiceView") -> str:
    from fluxtui.cli.output import shown

    left = "" if view.credits is None else f", {view.credits:,.1f} credits at the last check"
    match view.state:
        case "unconfigured":
            return f"not configured, it needs {', '.join(view.missing)}"
        case "parked" | "open" | "misconfigured" if view.problem is not None:
            return f"{view.state}, {shown(view.problem.sentence(), 500)}"
        case _:
            return f"{view.state}{left}"


def _row(target: str, model: "ModelFacts") -> list[str]:
    """Return a line: target, price, time, pictures a request, abilities, sizes, end of life."""
    from datetime import date

    from fluxtui.cli.output import shown

    words = [] if model.sizes is None else [model.sizes.words]
    if model.retired is not None:
        words.append(f"{'retired' if model.retired <= date.today() else 'ends'} {model.retired}")
    elif model.deprecated is not None:
        words.append(f"deprecated {model.deprecated}")
    return [
        shown(target),
        "price unknown" if not model.price.known else str(model.price),
        "" if model.seconds is None else f"{model.seconds:g} s",
        f"n≤{model.max_pictures}",
        _abilities(model),
        shown("; ".join(words)),
    ]


def _abilities(model: "ModelFacts") -> str:
    able = model.abilities
    if able is None:
        return ""
    named = {"seed": able.seed, "negative": able.negative_prompt, "steps": able.steps, "guidance": able.guidance}
    words = [word for word, there in named.items() if there]
    if able.references:
        words.append(f"references≤{able.references}")
    return " ".join(words) or "-"
