"""From a batch to its cells: task x target x axis point x repeat, each with its provider's answer."""

import itertools
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from fluxtui.domain.batch import Axis, Batch, Target, Task, extra_for
from fluxtui.domain.problems import FluxtuiError, Problem, ProblemKind
from fluxtui.domain.request import Adaptation, Assessment, Cell, Change, Fallback, ImageRequest
from fluxtui.domain.size import Size
from fluxtui.domain.text import file_stem, unique_stem
from fluxtui.domain.values import JsonObject, JsonValue, digest, merged
from fluxtui.engine import references
from fluxtui.engine.quote import Quote, quote_cells
from fluxtui.engine.services import Services
from fluxtui.providers.base import Provider

LARGEST_PLAN = 1_000_000
"""Cells beyond this are a mistake in an axis, not a wish."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A batch worked out: with its targets resolved, every cell, and what it will cost."""

    batch: Batch
    cells: tuple[Cell, ...]
    quote: Quote
    sandbox: bool
    source: str | None = None


def plan(
    batch: Batch,
    services: Services,
    *,
    targets: Iterable[Target] = (),
    axes: Iterable[Axis] = (),
    repeat: int | None = None,
    source: str | None = None,
) -> Plan:
    """Work out `batch`. Given targets replace the batch's, given axes its axes of the same name.

    `source` is the batch's file, from whose folder relative references are found. Pure but for
    looking whether reference files exist. Raises FluxtuiError for a target that
    cannot be used, a parameter of the wrong type, or more than LARGEST_PLAN cells.
    """
    batch = prepared(batch, services, targets=targets, axes=axes, repeat=repeat)
    folder = folder_of(source)
    batch = replace(batch, tasks=tuple(located(task, folder) for task in batch.tasks))
    cells = tuple(_cells(batch, services))
    return Plan(batch, cells, quote_cells(cells, paces(batch.targets, services)), services.sandbox, source)


def prepared(
    batch: Batch,
    services: Services,
    *,
    targets: Iterable[Target] = (),
    axes: Iterable[Axis] = (),
    repeat: int | None = None,
) -> Batch:
    """Return the batch with the targets, axes and repeat that it will be drawn with. Raises FluxtuiError as `plan`."""
    resolved = tuple(services.resolve(t) for t in (tuple(targets) or batch.targets)) or services.default_targets()
    resolved = tuple({target.name + (target.label or ""): target for target in resolved}.values())
    swept = {axis.name: axis for axis in (*batch.axes, *axes)}
    batch = replace(batch, targets=resolved, axes=tuple(swept.values()), repeat=repeat or batch.repeat)
    count = len(batch.tasks) * len(resolved) * batch.repeat * math.prod(len(a.values) for a in batch.axes)
    if count > LARGEST_PLAN:
        raise FluxtuiError(
            Problem(
                ProblemKind.INVALID_REQUEST,
                f"This batch makes {count:,} jobs, more than {LARGEST_PLAN:,}.",
                "Axes, targets and repeats multiply.",
                "Take values off an axis, or split the batch.",
            )
        )
    return batch


def paces(targets: Iterable[Target], services: Services) -> dict[str, int]:
    """Return how many requests each target bears at once, by its name."""
    return {t.name: services.provider(t.provider).pace(t.model).in_flight for t in targets}


def folder_of(source: str | None) -> Path | None:
    """Return the folder that relative references of a batch file are found from."""
    return Path(source).parent if source else None


def located(task: Task, folder: Path | None) -> Task:
    """Return the task with its reference files made absolute."""
    return replace(task, references=references.located(task.references, folder)) if task.references else task


def points(axes: tuple[Axis, ...]) -> list[dict[str, JsonValue]]:
    """Return every combination of the axes' values, in order; one empty point without axes."""
    names = [axis.name for axis in axes]
    return [dict(zip(names, values, strict=True)) for values in itertools.product(*(axis.values for axis in axes))]


def assessed(
    batch: Batch, task: Task, target: Target, point: Mapping[str, JsonValue], services: Services
) -> list[tuple[ImageRequest, Assessment]]:
    """Return the requests of one task, target and axis point, each with its provider's answer.

    Raises FluxtuiError for a parameter of the wrong type.
    """
    provider = services.provider(target.provider)
    request = _request(batch, task, target, point, services.ids())
    parts = _fanned_out(request, services.rules.most_images(provider.max_count(request.model)))
    return [(sent, services.rules.judged(sent, _assessment(sent, provider, note))) for sent, note in parts]


def _cells(batch: Batch, services: Services) -> Iterator[Cell]:
    stems: dict[str, set[str]] = {}
    by_provider: dict[str, int] = {}
    for target in batch.targets:
        by_provider[target.provider] = by_provider.get(target.provider, 0) + 1
    swept = points(batch.axes)
    for index, task in enumerate(batch.tasks):
        for point, target in itertools.product(swept, batch.targets):
            several = by_provider[target.provider] > 1
            draws = list(enumerate(assessed(batch, task, target, point, services) * batch.repeat, 1))
            fallbacks = fallbacks_of(batch, task, target, point, services)
            for draw, (sent, assessment) in draws:
                wish = _stem(task, target if several else None, point, draw if len(draws) > 1 else None)
                yield Cell(
                    key=digest({"provider": target.provider, "request": sent.as_json(), "repeat": draw}),
                    task=task.name,
                    task_index=index,
                    target=target.name,
                    provider=target.provider,
                    request=sent,
                    assessment=assessment,
                    stem=unique_stem(wish, stems.setdefault(target.provider, set())),
                    axis_point=point,
                    repeat=draw,
                    context=task.context,
                    fallbacks=fallbacks,
                )


def fallbacks_of(
    batch: Batch, task: Task, target: Target, point: Mapping[str, JsonValue], services: Services
) -> tuple[Fallback, ...]:
    """Return who may draw a cell of `target` in its place, as far as they can. Raises FluxtuiError as `assessed`."""
    result = []
    for name in target.fallback:
        other = services.resolve(Target.parse(name))
        provider = services.provider(other.provider)
        request = _request(batch, task, other, point, services.ids())
        assessment = _assessment(request, provider, None)
        if assessment.impossible is None:
            result.append(Fallback(other.name, other.provider, request, assessment.price, assessment.adaptations))
    return tuple(result)


def _assessment(request: ImageRequest, provider: Provider, note: Adaptation | None) -> Assessment:
    for reference in request.references:
        problem = references.problem_with(reference)
        if problem is not None:
            return Assessment(provider.assess(replace(request, references=())).price, impossible=problem)
    assessment = provider.assess(request)
    return assessment if note is None else replace(assessment, adaptations=(note, *assessment.adaptations))


def _fanned_out(request: ImageRequest, most: int) -> Iterator[tuple[ImageRequest, Adaptation | None]]:
    """Split a request for more than the `most` pictures of one call; each part draws with a seed of its own."""
    if request.count <= most:
        yield request, None
        return
    parts = math.ceil(request.count / most)
    seeds = "" if request.seed is None else f", seeds from {request.seed} on"
    note = Adaptation(
        "n", Change.REWRITTEN, request.count, most, f"at most {most} a request here: sent as {parts} requests{seeds}"
    )
    for part in range(parts):
        done = part * most
        yield (
            replace(
                request,
                count=min(most, request.count - done),
                seed=None if request.seed is None else request.seed + done,
            ),
            note,
        )


def _request(
    batch: Batch, task: Task, target: Target, point: Mapping[str, JsonValue], providers: frozenset[str]
) -> ImageRequest:
    prompt, negative = task.prompt, task.negative_prompt
    swept: JsonObject = {}
    for name, value in point.items():
        # An axis that the prompt names in braces is a word in it; any other one is a parameter.
        mark = "{" + name + "}"
        if mark in prompt or (negative and mark in negative):
            prompt = prompt.replace(mark, str(value))
            negative = negative.replace(mark, str(value)) if negative else negative
        else:
            swept[name] = value
    parameters = merged(batch.defaults, task.parameters, target.parameters, swept)
    where = f"task {task.name!r} for {target.name}"
    size = parameters.pop("size", None)
    width, height = parameters.pop("width", None), parameters.pop("height", None)
    if size is None and width is not None and height is not None:
        size = f"{width}x{height}"
    negative_parameter = parameters.pop("negative_prompt", None)
    if negative is None and isinstance(negative_parameter, str):
        negative = negative_parameter
    return ImageRequest(
        model=target.model,
        prompt=prompt,
        negative_prompt=negative or None,
        size=None if size in (None, "auto") else _size(size, where),
        steps=_whole(parameters.pop("steps", None), "steps", where),
        guidance=_real(parameters.pop("guidance", None), "guidance", where),
        seed=_whole(parameters.pop("seed", None), "seed", where),
        count=_whole(parameters.pop("n", None), "n", where) or 1,
        output_format=_text(parameters.pop("output_format", None), "output_format", where),
        parameters=parameters,
        references=task.references,
        extra=extra_for(task.extra, target.provider, providers),
    )


def _size(value: JsonValue, where: str) -> Size:
    try:
        return Size.parse(str(value))
    except ValueError as error:
        raise _wrong("size", where, str(error)) from error


def _whole(value: JsonValue, name: str, where: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(name, where, f"{name} is a whole number, not {value!r}")
    return value


def _real(value: JsonValue, name: str, where: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _wrong(name, where, f"{name} is a number, not {value!r}")
    return float(value)


def _text(value: JsonValue, name: str, where: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise _wrong(name, where, f"{name} is a word, not {value!r}")
    return value.lower()


def _wrong(name: str, where: str, message: str) -> FluxtuiError:
    return FluxtuiError(
        Problem(
            ProblemKind.INVALID_REQUEST,
            f"{where[0].upper()}{where[1:]}: {message}.",
            f"The value of {name} comes from the task, the target, an axis or the defaults.",
            "Correct it in the batch file.",
        )
    )


def _stem(task: Task, target: Target | None, point: Mapping[str, JsonValue], draw: int | None) -> str:
    parts = [file_stem(task.name)]
    if target is not None:
        parts.append(file_stem(_short((target.label or target.model).replace("/", "-")), limit=40))
    parts += [file_stem(f"{name}-{_short(value)}", limit=30) for name, value in point.items()]
    if draw is not None:
        parts.append(str(draw))
    return file_stem("_".join(parts), limit=140)


def _short(value: JsonValue) -> str:
    return re.sub(r"\s+", "-", str(value))
