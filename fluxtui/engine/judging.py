"""Asking a judge about one picture: a bounded copy of it is sent, and only what was never accepted is sent again."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from fluxtui.domain.jobs import JobState
from fluxtui.domain.money import Micros
from fluxtui.domain.problems import ACCOUNT_PROBLEMS, Acceptance, FluxtuiError, Problem, ProblemKind, ServiceError
from fluxtui.domain.verdict import Verdict
from fluxtui.engine.connections import Connections
from fluxtui.engine.resend import decide
from fluxtui.engine.services import Services
from fluxtui.images import thumbnails
from fluxtui.images.disk import DiskProblem
from fluxtui.images.store import NotAnImage
from fluxtui.providers import registry
from fluxtui.providers.judging import Judge, Judgement, Refinement

if TYPE_CHECKING:
    import httpx

    from fluxtui.providers.http import Http

__all__ = ["JUDGES", "Opinion", "judge_for", "judge_picture"]

T = TypeVar("T")

EDGE = 1024
"""Pixels of the longest edge that a judge is sent: they see no more, and every pixel is paid."""

PATIENCE = 300.0
"""Seconds that somebody waits for a service that asks to slow down."""

_LARGEST_FILE = 256 * 1024 * 1024

JUDGES = tuple(entry.id for entry in registry.judges())
"""The judges' ids, the preferred one first."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a judge said. `model` is the one that really answered; `cost` in micros, None when nobody tells.

    `refined` is the better prompt, if one was asked for; `problem` why there is none.
    """

    judge: str
    model: str
    verdict: Verdict
    cost: Micros | None
    refined: str | None = None
    problem: Problem | None = None


def judge_for(services: Services, judge_id: str | None = None, model: str | None = None) -> Judge:
    """Return a configured judge; without a name the first that is configured.

    Raises FluxtuiError that says what is missing, KeyError for an unknown name.
    """
    lacking: list[str] = []
    for name in (judge_id,) if judge_id is not None else JUDGES:
        module = registry.load_judge(name)
        settings = services.loaded.section(module.SETTINGS)
        missing = module.missing(settings)
        if not missing:
            return module.make_judge(settings, model)
        lacking += missing
    who = f"The judge {judge_id}" if judge_id is not None else "No judge"
    raise FluxtuiError(
        Problem(
            ProblemKind.CONFIGURATION,
            f"{who} is {'not ' if judge_id is not None else ''}configured: {' or '.join(lacking)} has to be set.",
            "",
            "Set it in the environment or in .env (see .env.example), or try it with --sandbox.",
        )
    )


async def judge_picture(
    picture: Path,
    prompt: str,
    judge: Judge,
    *,
    sandbox: bool,
    refine: bool = False,
    transport: "httpx.AsyncBaseTransport | None" = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Opinion:
    """Have `judge` evaluate the picture in a file by its prompt, and make a better prompt of that if asked.

    A verdict that was paid is returned even when the better prompt fails. `transport` replaces the
    network. Raises FluxtuiError when the file is no picture, ServiceError when there is no verdict.
    """
    jpeg = await asyncio.to_thread(_bounded, picture)
    if sandbox and transport is None:
        from fluxtui import sandbox as simulated

        # Judging outlives nothing, so this sandbox needs no memory in a workspace.
        transport = simulated.transport(simulated.Sandbox())
    connections = Connections(picture.parent, transport=transport)
    try:
        http = connections.http(sandbox=False)
        judgement = await _persistent(lambda: judge.evaluate(jpeg, "image/jpeg", prompt, http), sleep)
        opinion = Opinion(judge.id, judgement.model, judgement.verdict, _cost(judgement))
        return await _refined(opinion, prompt, judge, http, sleep) if refine else opinion
    finally:
        await connections.close()


async def _refined(
    opinion: Opinion, prompt: str, judge: Judge, http: "Http", sleep: Callable[[float], Awaitable[None]]
) -> Opinion:
    try:
        better = await _persistent(lambda: judge.refine(prompt, opinion.verdict, http), sleep)
    except ServiceError as error:
        unknown = error.acceptance is not Acceptance.NO
        return replace(opinion, problem=error.problem, cost=None if unknown else opinion.cost)
    cost = _cost(better)
    both = None if cost is None or opinion.cost is None else Micros(cost + opinion.cost)
    return replace(opinion, refined=better.prompt, cost=both)


def _cost(answer: Judgement | Refinement) -> Micros | None:
    return None if answer.bill is None else answer.bill.amount


async def _persistent(call: Callable[[], Awaitable[T]], sleep: Callable[[float], Awaitable[None]]) -> T:
    """Await `call`, again where its failure proves that nothing was accepted, as the lanes do."""
    attempts = throttled = 0
    waited = 0.0
    while True:
        attempts += 1
        try:
            return await call()
        except ServiceError as error:
            decision = decide(error, attempts=attempts, throttled=throttled, resend_is_free=False)
            waited += decision.wait
            if decision.after is not JobState.QUEUED or decision.park or waited > PATIENCE:
                raise ServiceError(decision.problem, acceptance=error.acceptance, permanent=error.permanent) from error
        throttled += decision.throttled
        await sleep(decision.wait)


def needs_a_person(problem: Problem) -> bool:
    """Return whether asking again is of no use before somebody has seen to key, credits, quota or network."""
    return problem.kind in ACCOUNT_PROBLEMS or problem.kind is ProblemKind.NETWORK


def _bounded(picture: Path) -> bytes:
    """Return the picture as a small JPEG. Blocking. Raises FluxtuiError."""
    cause = ""
    try:
        if picture.stat().st_size <= _LARGEST_FILE:
            return thumbnails.small_jpeg(picture, EDGE)
        cause = f"It is larger than {_LARGEST_FILE // 1024 // 1024} MB."
    except OSError as error:
        cause = f"{error.strerror or error}."
    except (NotAnImage, DiskProblem) as error:
        cause = error.problem.cause
    raise FluxtuiError(
        Problem(
            ProblemKind.INVALID_REQUEST,
            f"{picture} is no picture that can be judged.",
            cause,
            "Name a PNG, JPEG, WebP or GIF file.",
        )
    )
