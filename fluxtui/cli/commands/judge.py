"""`fluxtui judge IMAGE`: a judge's verdict on one picture, and a better prompt made of it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fluxtui.cli import options
from fluxtui.cli.exits import Exit
from fluxtui.cli.session import Session

if TYPE_CHECKING:
    from fluxtui.domain.problems import Problem, ServiceError
    from fluxtui.domain.values import JsonObject
    from fluxtui.engine.judging import Opinion


@click.command()
@click.argument("image", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--prompt", required=True, metavar="TEXT", help="The prompt that the picture was made from.")
@click.option(
    "--judge",
    "judge_id",
    type=click.Choice(["gemini", "openai"]),
    help="Who judges. Default: the first that is configured.",
)
@click.option("--model", metavar="MODEL", help="Judge with this model instead of the judge's usual one.")
@click.option("--refine", is_flag=True, help="Also make a better prompt of the verdict.")
@options.sandboxed
@options.as_json("{image, prompt, judge, model, verdict, refined_prompt, cost, error}")
@options.workspace
def command(
    session: Session,
    image: Path,
    prompt: str,
    judge_id: str | None,
    model: str | None,
    refine: bool,
    sandbox: bool,
    as_json: bool,
) -> int:
    """Have a judge look at the picture in the file IMAGE. Sends a copy of at most 1024 pixels a side.

    Exit code 3 when the judge declines, 4 when nobody can tell whether the question was accepted, 6 when key, quota or
    network need you.
    """
    import asyncio

    from fluxtui.domain.problems import ServiceError
    from fluxtui.engine.judging import judge_for, judge_picture
    from fluxtui.engine.services import Services

    session.loaded  # noqa: B018 - a wrong setting is named before anything else is looked at
    judge = judge_for(Services.load(sandbox=sandbox), judge_id, model)
    opinion: Opinion | None = None
    code, problem = Exit.DONE, None
    try:
        opinion = asyncio.run(judge_picture(image, prompt, judge, sandbox=sandbox, refine=refine))
    except ServiceError as error:
        code, problem = _code(error), error.problem
    if opinion is not None and opinion.problem is not None:
        code, problem = Exit.FAILED, opinion.problem
    if as_json:
        from fluxtui.cli import shapes

        model = judge.model if opinion is None else opinion.model
        click.echo(shapes.line(_json(image, prompt, judge.id, model, opinion, problem)))
    elif opinion is not None:
        _print(image, opinion, sandbox=sandbox)
    if problem is not None:
        click.echo(f"fluxtui: {problem.sentence()}", err=True)
    return code


def _code(error: "ServiceError") -> Exit:
    from fluxtui.domain.problems import Acceptance, ProblemKind
    from fluxtui.engine.judging import needs_a_person

    if error.problem.kind is ProblemKind.MODERATION:
        return Exit.REFUSED
    if needs_a_person(error.problem) and error.acceptance is Acceptance.NO:
        return Exit.PARKED
    return Exit.IN_DOUBT if error.acceptance is Acceptance.MAYBE else Exit.FAILED


def _json(
    image: Path, prompt: str, judge: str, model: str, opinion: "Opinion | None", problem: "Problem | None"
) -> "JsonObject":
    from fluxtui.domain.money import dollars

    cost = None if opinion is None else opinion.cost
    return {
        "image": str(image.absolute()),
        "prompt": prompt,
        "judge": judge,
        "model": model,
        "verdict": None if opinion is None else opinion.verdict.as_json(),
        "refined_prompt": None if opinion is None else opinion.refined,
        "cost": None if cost is None else dollars(cost),
        "error": None if problem is None else problem.as_json(),
    }


def _print(image: Path, opinion: "Opinion", *, sandbox: bool) -> None:
    from fluxtui.cli.output import shown
    from fluxtui.domain.money import show

    verdict = opinion.verdict
    who = f"{opinion.judge} ({shown(opinion.model)})"
    click.echo(f"{shown(str(image))}: {verdict.overall:g} of 10, prompt followed {verdict.adherence:g} of 10; by {who}")
    click.echo("  " + ", ".join(f"{name} {score:g}" for name, score in verdict.criteria.items()))
    for mark, texts in (("+", verdict.strengths), ("-", verdict.problems)):
        for text in texts:
            click.echo(f"  {mark} {shown(text, 300)}")
    if verdict.suggestion:
        click.echo(f"  > {shown(verdict.suggestion, 1000)}")
    if opinion.refined is not None:
        click.echo(f"Better prompt: {shown(opinion.refined, 8000)}")
    cost = "not told" if opinion.cost is None else show(opinion.cost) + (" of play money" if sandbox else "")
    click.echo(f"fluxtui: cost {cost}", err=True)
