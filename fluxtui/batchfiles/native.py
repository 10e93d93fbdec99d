"""The native format, whatever it is spelled in (YAML, JSON, TOML): one mapping in, one batch out, and back."""

import re
from collections.abc import Mapping
from typing import Any

from fluxtui.batchfiles.checks import (
    LONGEST_NAME,
    SHARED_RESERVED,
    Draft,
    check_task,
    check_texts,
    name_tasks,
    too_many,
)
from fluxtui.batchfiles.findings import Place, Report
from fluxtui.batchfiles.parameters import (
    check_axis,
    check_parameters,
    check_value,
    expand_axis,
    kind_of,
    shown,
    text_problem,
)
from fluxtui.domain.batch import PARAMETER_ALIASES, Axis, Batch, Target, Task
from fluxtui.domain.text import plain
from fluxtui.domain.values import JsonObject, JsonValue

FIELDS = ("name", "tasks", "defaults", "targets", "axes", "repeat", "recipe")
MOST_REPEATS = 1000
_TARGET_FIELDS = ("target", "parameters", "label", "fallback")
_PROVIDER = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


def check_native(value: Any, report: Report, stem: str) -> Batch:
    """Return the batch that the mapping `value` describes, as far as it can be read; reports the rest."""
    if not isinstance(value, Mapping):
        report.error((), f"the file holds {kind_of(value)}, not a mapping", "Start it with tasks:")
        return Batch(stem, ())
    for key in value:
        if key not in (*FIELDS, "$schema"):
            report.error((key,), f"{shown(key)} is no field of a batch", _meant(key, FIELDS))
    return Batch(
        name=_batch_name(value.get("name"), stem, report),
        tasks=_tasks(value, report),
        targets=_targets(value.get("targets"), report),
        axes=_axes(value.get("axes"), report),
        defaults=_defaults(value.get("defaults"), report),
        repeat=_repeat(value.get("repeat"), report),
        recipe=check_recipe(value.get("recipe"), report),
    )


def _meant(key: Any, choices: tuple[str, ...]) -> str:
    import difflib

    close = difflib.get_close_matches(str(key), choices, 1)
    return f"Did you mean {close[0]}?" if close else f"The fields are {', '.join(choices)}"


def _batch_name(value: Any, stem: str, report: Report) -> str:
    if value is None:
        return stem
    if not isinstance(value, str) or not value.strip():
        report.error(("name",), f"{shown(value)} is no name for a batch", "Write text, or leave it out")
    elif len(value) > LONGEST_NAME:
        report.error(("name",), f"the name has {len(value)} characters", f"A name has at most {LONGEST_NAME}")
    else:
        problem = text_problem(value)
        if problem is None:
            return value.strip()
        report.error(("name",), *problem)
    return stem


def _tasks(fields: Mapping[str, Any], report: Report) -> tuple[Task, ...]:
    items = fields.get("tasks")
    if items is None:
        report.error((), "the batch has no tasks", "Add tasks: a list, each with a prompt")
        return ()
    if not isinstance(items, list):
        report.error(("tasks",), f"tasks is {kind_of(items)}, not a list", "Write a list, each entry with a prompt")
        return ()
    if not items:
        report.error(("tasks",), "the list of tasks is empty", "Add a task with a prompt")
    if too_many(len(items), ("tasks",), report):
        return ()
    drafts = [_task(item, ("tasks", index), report) for index, item in enumerate(items)]
    return name_tasks(drafts, report)


def _task(item: Any, place: Place, report: Report) -> Draft:
    return check_task({"prompt": item} if isinstance(item, str) else item, place, report)


def _defaults(value: Any, report: Report) -> dict[str, JsonValue]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        report.error(("defaults",), f"defaults is {kind_of(value)}, not a mapping", "Write for example {steps: 28}")
        return {}
    return check_parameters(value, ("defaults",), report, SHARED_RESERVED)


def _repeat(value: Any, report: Report) -> int:
    if value is None:
        return 1
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_REPEATS:
        report.error(("repeat",), f"{shown(value)} cannot be", f"Write a whole number from 1 to {MOST_REPEATS}")
        return 1
    return value


def check_recipe(value: Any, report: Report) -> dict[str, JsonValue] | None:
    """Return a recipe as it will be kept, reporting what is wrong with it."""
    if value is None:
        return None
    if not isinstance(value, dict):
        report.error(("recipe",), f"recipe is {kind_of(value)}, not a mapping", "Write a mapping of steps")
        return None
    check_value(value, ("recipe",), report)
    return value


def _axes(value: Any, report: Report) -> tuple[Axis, ...]:
    if value is None:
        return ()
    if not isinstance(value, Mapping):
        report.error(("axes",), f"axes is {kind_of(value)}, not a mapping", "Write for example {seed: 1..4}")
        return ()
    axes: list[Axis] = []
    for key, given in value.items():
        place = ("axes", key)
        name = PARAMETER_ALIASES.get(key, key)
        if any(axis.name == name for axis in axes):
            report.error(place, f"{name} is swept twice", "Keep one of the two axes")
            continue
        errors = report.mark()
        if isinstance(given, Mapping) or given is None:
            report.error(place, f"the axis is {kind_of(given)}", "Write a list, or for example 1..4")
            continue
        items = expand_axis(given, place, report) if isinstance(given, str) else given
        if report.mark() != errors:
            continue
        values = check_axis(key, items if isinstance(items, list) else [items], place, report)
        if report.mark() == errors:
            axes.append(Axis(name, values))
    return tuple(axes)


def _targets(value: Any, report: Report) -> tuple[Target, ...]:
    items = [value] if isinstance(value, str | Mapping) else value
    if items is None:
        return ()
    if not isinstance(items, list):
        report.error(("targets",), f"targets is {kind_of(value)}, not a list", "Write for example [bfl/flux-pro-1.1]")
        return ()
    result: dict[str, Target] = {}
    for index, item in enumerate(items):
        place = ("targets", index)
        target = _target(item, place, report)
        if target is None:
            continue
        if target.title in result:
            report.error(place, f"the target {target.title} stands there twice", "Give one of them another label")
        result[target.title] = target
    return tuple(result.values())


def _target(item: Any, place: Place, report: Report) -> Target | None:
    errors = report.mark()
    if isinstance(item, str):
        return _target_name(item, place, report)
    if not isinstance(item, Mapping):
        report.error(place, f"a target is {kind_of(item)}", "Write provider/model, for example bfl/flux-pro-1.1")
        return None
    for key in item:
        if key not in _TARGET_FIELDS:
            report.error((*place, key), f"{shown(key)} is no field of a target", _meant(key, _TARGET_FIELDS))
    parsed = _target_name(item.get("target"), (*place, "target"), report)
    parameters = item.get("parameters")
    checked: dict[str, JsonValue] = {}
    if isinstance(parameters, Mapping):
        checked = check_parameters(parameters, (*place, "parameters"), report, SHARED_RESERVED)
    elif parameters is not None:
        report.error((*place, "parameters"), f"parameters is {kind_of(parameters)}", "Write a mapping")
    label = item.get("label")
    if label is not None and (not isinstance(label, str) or not label.strip() or text_problem(label)):
        report.error((*place, "label"), f"{shown(label)} is no label", "Write a short text, or leave it out")
    fallback = check_texts(item.get("fallback"), (*place, "fallback"), report)
    names = [_target_name(text, (*place, "fallback"), report) for text in fallback]
    if parsed is None or report.mark() != errors:
        return None
    return Target(parsed.provider, parsed.model, checked, label, tuple(name.name for name in names if name))


def _target_name(text: Any, place: Place, report: Report) -> Target | None:
    advice = "Write provider/model, for example bfl/flux-pro-1.1"
    if not isinstance(text, str):
        report.error(place, f"{shown(text)} is {kind_of(text)}, not a target", advice)
        return None
    try:
        target = Target.parse(text)
    except ValueError:
        report.error(place, "the target is empty", advice)
        return None
    model = target.model
    if not _PROVIDER.fullmatch(target.provider) or len(model) > 200 or plain(model, newlines=False) != model:
        report.error(place, f"{shown(text)} is not a target", advice)
        return None
    if any(character.isspace() for character in model):
        report.error(place, f"{shown(text)} holds a space", advice)
        return None
    return target


def native_mapping(batch: Batch) -> JsonObject:
    """Return the batch as the mapping that `check_native` reads; what is not set is left out."""
    result: JsonObject = {"name": batch.name}
    if batch.repeat != 1:
        result["repeat"] = batch.repeat
    if batch.targets:
        result["targets"] = [_target_mapping(target) for target in batch.targets]
    if batch.defaults:
        result["defaults"] = dict(batch.defaults)
    if batch.axes:
        result["axes"] = {axis.name: list(axis.values) for axis in batch.axes}
    if batch.recipe is not None:
        result["recipe"] = dict(batch.recipe)
    result["tasks"] = [task_mapping(task) for task in batch.tasks]
    return result


def _target_mapping(target: Target) -> JsonValue:
    result: JsonObject = {"target": target.name}
    if target.label is not None:
        result["label"] = target.label
    if target.parameters:
        result["parameters"] = dict(target.parameters)
    if target.fallback:
        result["fallback"] = list(target.fallback)
    return result if len(result) > 1 else target.name


def task_mapping(task: Task) -> JsonObject:
    """Return a task as the flat mapping that `check_task` reads; what is not set is left out."""
    result: JsonObject = {"name": task.name, "prompt": task.prompt}
    if task.negative_prompt is not None:
        result["negative_prompt"] = task.negative_prompt
    result.update(task.parameters)
    if task.context:
        result["context"] = dict(task.context)
    if task.references:
        result["references"] = list(task.references)
    if task.extra:
        result["extra"] = dict(task.extra)
    return result
