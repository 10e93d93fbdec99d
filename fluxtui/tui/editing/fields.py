"""The columns of a task as text that a person edits: shown, read back, and refused in clear words.

A column is named by its key: `name`, `prompt`, `negative_prompt`, `references`, `extra`, `context.KEY`, and
any other key is a parameter (`size`, `steps`, `quality` ...). The checks are those of the batch files.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TypeVar

from fluxtui.domain.batch import PARAMETER_ALIASES, Batch, Task
from fluxtui.domain.values import JsonValue
from fluxtui.engine.files import CheckedTask, Finding, WrongValueError, check_fields, format_cell, parse_cell

V = TypeVar("V")
Change = Callable[[Task], Task]
"""Makes the next task of one; the same one where nothing changes."""

CONTEXT = "context."
TEXTS = ("name", "prompt", "negative_prompt")
PARAMETERS = ("size", "steps", "guidance", "seed", "n", "output_format", "quality")
"""The parameters that a sheet always offers, in their order."""
LARGEST_TEXT = 4 * 1024 * 1024
"""Characters of one field that are looked at at all."""

_OWN = frozenset({*TEXTS, "references", "extra"})
_TITLES = {"negative_prompt": "negative", "output_format": "format"}
_LONG = frozenset({"prompt", "negative_prompt", "references", "extra"})
_NUMBERS = frozenset({"steps", "guidance", "seed", "n"})


class FieldError(ValueError):
    """A text that cannot be the value of a field: what is wrong, and what would be right."""

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def sentence(self) -> str:
        """Return both as one line: `"x" is text, not a whole number. Write a whole number from 1 to 1000.`"""
        texts = (self.message, self.advice)
        return " ".join(text if text.endswith((".", "!", "?")) else f"{text}." for text in texts if text)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the sheet. `long`: it needs more than a line; `number`: it is set to the right."""

    key: str
    title: str
    long: bool = False
    number: bool = False


def column(key: str) -> Column:
    """Return the column that a key names."""
    title = key.removeprefix(CONTEXT) if key.startswith(CONTEXT) else _TITLES.get(key, key)
    return Column(key, title, key in _LONG or key.startswith(CONTEXT), key in _NUMBERS)


def columns_of(batch: Batch, *, every: bool = True) -> tuple[Column, ...]:
    """Return the columns: texts and usual parameters, then whatever else some task has, in order of appearance.

    Without `every`, only columns that some task has a value in, and name and prompt.
    """
    keys = dict.fromkeys((*TEXTS, *PARAMETERS))
    used: set[str] = {"name", "prompt"}
    last: dict[str, None] = {}
    for task in batch.tasks:
        used.update(task.parameters)
        keys.update(dict.fromkeys(task.parameters))
        last.update(dict.fromkeys(f"{CONTEXT}{key}" for key in task.context))
        if task.negative_prompt:
            used.add("negative_prompt")
        if task.references:
            last["references"] = None
        if task.extra:
            last["extra"] = None
    context = [key for key in last if key.startswith(CONTEXT)]
    own = [key for key in ("references", "extra") if every or key in last]
    return tuple(column(key) for key in (*(k for k in keys if every or k in used), *context, *own))


def text_of(task: Task, key: str) -> str:
    """Return the value of a column as text that `with_text` reads back; empty where there is none."""
    if key in ("name", "prompt"):
        return task.name if key == "name" else task.prompt
    if key == "negative_prompt":
        return task.negative_prompt or ""
    if key == "references":
        return references_text(task.references)
    if key == "extra":
        return json.dumps(dict(task.extra), ensure_ascii=False) if task.extra else ""
    if key.startswith(CONTEXT):
        return task.context.get(key.removeprefix(CONTEXT), "")
    return value_text(task.parameters[key]) if key in task.parameters else ""


def value_text(value: JsonValue) -> str:
    """Return a parameter's value as it is typed: 28, 2.5, high, true, "28" (a text), [1, 2]."""
    return format_cell(value)


def references_text(references: tuple[str, ...]) -> str:
    """Return references one a line, as a JSON list where one of them would not survive that."""
    plain = all(r.splitlines() == [r] and r == r.strip() and r[:1] != "[" for r in references)
    return "\n".join(references) if plain else json.dumps(list(references), ensure_ascii=False)


def keys_of(tasks: Iterable[Task]) -> tuple[str, ...]:
    """Return the columns that some of these tasks have something in, beside name and prompt."""
    keys: dict[str, None] = {}
    own: set[str] = set()
    for task in tasks:
        keys.update(dict.fromkeys(task.parameters))
        if task.context:
            keys.update(dict.fromkeys(f"{CONTEXT}{key}" for key in task.context))
        if task.negative_prompt:
            own.add("negative_prompt")
        if task.references:
            own.add("references")
        if task.extra:
            own.add("extra")
    return (*keys, *sorted(own))


def with_text(task: Task, key: str, text: str) -> Task:
    """Return the task with a column changed; an empty text takes the value away.

    The task itself comes back when nothing changes. A prompt may be empty meanwhile: the quote says so.
    Raises FieldError.
    """
    return writer(key, text)(task)


def writer(key: str, text: str) -> Change:
    """Return what does to any task what `with_text` does: the text is checked once for all of them.

    It raises FieldError at the first task that the text would change.
    """

    @cache
    def change() -> Change:
        if len(text) > LARGEST_TEXT:
            raise FieldError(f"the text has {len(text):,} characters", "Shorten it")
        if key in _OWN:
            return _own(key, text)
        return _context(key.removeprefix(CONTEXT), text) if key.startswith(CONTEXT) else _parameter(key, text)

    def write(task: Task) -> Task:
        return task if text == text_of(task, key) else change()(task)

    return write


def with_value_of(task: Task, key: str, source: Task) -> Task:
    """Return `task` with the value that `source` has in a column. Raises FieldError for the name."""
    return copier(key, source)(task)


def copier(key: str, source: Task) -> Change:
    """Return what does to any task what `with_value_of` does. Raises FieldError for the name."""
    if key == "name":
        raise FieldError("every task has a name of its own", "Choose another column")
    if key in _OWN:
        own = getattr(source, key)
        return lambda task: task if getattr(task, key) is own else replace(task, **{key: own})
    name = key.removeprefix(CONTEXT)
    text = text_of(source, key)

    def copy(task: Task) -> Task:
        if text_of(task, key) == text:
            return task
        if key.startswith(CONTEXT):
            return replace(task, context=_taken_over(task.context, source.context, name))
        return replace(task, parameters=_taken_over(task.parameters, source.parameters, name))

    return copy


def parameter_value(key: str, text: str) -> JsonValue:
    """Return what a text means as the value of a parameter. Raises FieldError."""
    return _checked_parameter(key, text)[1]


def remark_on_parameter(key: str) -> str:
    """Return the doubt there is about the name of a parameter (`stpes`: did you mean steps?), "" for none."""
    checked = check_fields({"name": "x", "prompt": "x", "parameters": {key: None}})
    return _said(checked.warnings[0]).sentence() if checked.warnings else ""


def _taken_over(old: Mapping[str, V], new: Mapping[str, V], name: str) -> dict[str, V]:
    """Return `old` with the entry `name` as `new` has it, or without it where that has none; the order stays."""
    result = dict(old)
    if name in new:
        result[name] = new[name]
    else:
        result.pop(name, None)
    return result


def _own(key: str, text: str) -> Change:
    value: object
    if key == "extra":
        value = _mapping(text)
    elif key == "references":
        value = _references(text)
    elif key == "prompt" and not text.strip():
        value = text  # an empty prompt is let through: one is emptied before it is written anew
    else:
        value = getattr(_accepted(check_fields({"name": "x", "prompt": "x", key: text})), key)
    return lambda task: replace(task, **{key: value})  # type: ignore[arg-type]  # a field of Task and its own value


def _context(name: str, text: str) -> Change:
    if not name.strip():
        raise FieldError("the name is empty", "Name what it says, for example mood")
    found = _accepted(check_fields({"name": "x", "prompt": "x", "context": {name: text}})).context

    def change(task: Task) -> Task:
        kept = task.context if name in found else {key: text for key, text in task.context.items() if key != name}
        return replace(task, context={**kept, **found})

    return change


def _parameter(key: str, text: str) -> Change:
    if not text.strip():
        gone = PARAMETER_ALIASES.get(key, key)
        return lambda task: replace(task, parameters={k: v for k, v in task.parameters.items() if k != gone})
    name, value = _checked_parameter(key, text)
    return lambda task: replace(task, parameters={**task.parameters, name: value})


def _checked_parameter(key: str, text: str) -> tuple[str, JsonValue]:
    try:
        given = parse_cell(text.strip())
    except WrongValueError as wrong:
        raise FieldError(wrong.message, wrong.advice) from wrong
    found = _accepted(check_fields({"name": "x", "prompt": "x", "parameters": {key: given}}))
    return next(iter(found.parameters.items()))


def _references(text: str) -> tuple[str, ...]:
    stripped = text.strip()
    items: object = [line.strip() for line in text.splitlines() if line.strip()]
    if stripped.startswith("["):
        items = _json(stripped, "Write one path or link a line")
    return _accepted(check_fields({"name": "x", "prompt": "x", "references": items})).references


def _mapping(text: str) -> dict[str, JsonValue]:
    if not text.strip():
        return {}
    value = _json(text, 'Write for example {"raw": true}')
    return dict(_accepted(check_fields({"name": "x", "prompt": "x", "extra": value})).extra)


def _json(text: str, advice: str) -> object:
    try:
        value: object = json.loads(text)
    except json.JSONDecodeError as error:
        raise FieldError(
            f"not valid JSON: {error.msg.lower()} (line {error.lineno}, column {error.colno})", advice
        ) from error
    except (ValueError, RecursionError) as error:
        raise FieldError("the text cannot be read as JSON", advice) from error
    return value


def _accepted(checked: CheckedTask) -> Task:
    if checked.task is None:
        raise _said(checked.errors[0])
    return checked.task


def _said(finding: Finding) -> FieldError:
    return FieldError(finding.message, finding.advice)
