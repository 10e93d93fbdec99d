"""A batch as a run keeps it: frozen as JSON with all that was asked for, read back, and grown by an amendment."""

from collections.abc import Mapping
from dataclasses import replace

from fluxtui.domain.batch import Axis, Batch, Target, Task
from fluxtui.domain.values import JsonObject, JsonValue, canonical_json, merged


def freeze(batch: Batch) -> JsonObject:
    """Return a batch as a run keeps it: all that is needed to write it as a file, or draw it, again."""
    return {
        "name": batch.name,
        "tasks": [task.as_json() for task in batch.tasks],
        "targets": [target.as_json() for target in batch.targets],
        "axes": {axis.name: list(axis.values) for axis in batch.axes},
        "defaults": dict(batch.defaults),
        "repeat": batch.repeat,
        "recipe": None if batch.recipe is None else dict(batch.recipe),
    }


def thaw(frozen: Mapping[str, JsonValue]) -> Batch:
    """Return the batch that `freeze` wrote. Raises ValueError for anything else."""
    try:
        repeat, recipe = frozen["repeat"], frozen["recipe"]
        return Batch(
            name=str(frozen["name"]),
            tasks=tuple(_task(item) for item in _items(frozen["tasks"])),
            targets=tuple(_target(item) for item in _items(frozen["targets"])),
            axes=tuple(Axis(name, tuple(_items(values))) for name, values in _fields(frozen["axes"]).items()),
            defaults=_fields(frozen["defaults"]),
            repeat=repeat if isinstance(repeat, int) else 1,
            recipe=None if recipe is None else _fields(recipe),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a batch as a run keeps it: {error}") from error


def _task(value: JsonValue) -> Task:
    fields = _fields(value)
    negative = fields["negative_prompt"]
    return Task(
        name=str(fields["name"]),
        prompt=str(fields["prompt"]),
        negative_prompt=None if negative is None else str(negative),
        parameters=_fields(fields["parameters"]),
        context={key: str(text) for key, text in _fields(fields["context"]).items()},
        references=tuple(str(item) for item in _items(fields["references"])),
        extra=_fields(fields["extra"]),
    )


def _target(value: JsonValue) -> Target:
    fields = _fields(value)
    label = fields["label"]
    return replace(
        Target.parse(str(fields["target"])),
        parameters=_fields(fields["parameters"]),
        label=None if label is None else str(label),
        fallback=tuple(str(item) for item in _items(fields["fallback"])),
    )


def _fields(value: JsonValue) -> JsonObject:
    if not isinstance(value, dict):
        raise TypeError("a mapping is missing")
    return value


def _items(value: JsonValue) -> list[JsonValue]:
    if not isinstance(value, list):
        raise TypeError("a list is missing")
    return value


def grown(batch: Batch, more: Batch) -> Batch:
    """Return `batch` with everything that `more` has besides: tasks and targets by name, values of axes, repeats.

    A task or target of the same name is taken from `more`; nothing is taken away.
    """
    axes = {axis.name: axis.values for axis in batch.axes}
    for axis in more.axes:
        values = {canonical_json(value): value for value in (*axes.get(axis.name, ()), *axis.values)}
        axes[axis.name] = tuple(values.values())
    targets = {(target.name, target.label): target for target in (*batch.targets, *more.targets)}
    changed = {task.name: task for task in more.tasks}
    known = {task.name for task in batch.tasks}
    return Batch(
        name=batch.name,
        tasks=(
            *(changed.get(task.name, task) for task in batch.tasks),
            *(task for task in more.tasks if task.name not in known),
        ),
        targets=tuple(targets.values()),
        axes=tuple(Axis(name, values) for name, values in axes.items()),
        defaults=merged(batch.defaults, more.defaults),
        repeat=max(batch.repeat, more.repeat),
        recipe=batch.recipe if more.recipe is None else more.recipe,
    )
