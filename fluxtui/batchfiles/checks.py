"""Checks of one task, shared by every format: a mapping in, a task out, and what is wrong with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from fluxtui.batchfiles.findings import Place, Report
from fluxtui.batchfiles.parameters import (
    LONGEST_PROMPT,
    check_parameters,
    check_value,
    kind_of,
    near_miss,
    shown,
    text_problem,
)
from fluxtui.domain.batch import Task
from fluxtui.domain.text import file_stem

CONTEXT_FIELDS = ("title", "scene", "mood")
"""Context that may stand among the fields of a task, without a mapping of its own."""
TASK_FIELDS = frozenset({"name", "id", "prompt", "negative_prompt", "parameters", "context", "references", "extra"})
_NO_PARAMETERS = TASK_FIELDS | {*CONTEXT_FIELDS}
RESERVED = _NO_PARAMETERS | {"payload"}
"""Names that no parameter can have, since they mean something else in some format."""
SHARED_RESERVED = RESERVED - {"negative_prompt"}
"""The same for defaults and for the parameters of a target, which may hold that one."""

LONGEST_NAME = 200
MOST_REFERENCES = 64
MOST_TASKS = 250_000
_CONTEXT_KEYS = frozenset({*CONTEXT_FIELDS, "context"})


@dataclass(frozen=True, slots=True)
class Draft:
    """A task as far as it could be read. `name` is None when the file gives none."""

    place: Place
    name: str | None
    task: Task | None


def check_task(fields: Any, place: Place, report: Report, *, name: Any = None) -> Draft:
    """Read one task from a flat mapping: fields that are none of the task's own are parameters.

    `name` is a name that stands beside the mapping rather than in it.
    """
    if not isinstance(fields, Mapping):
        report.error(place, f"a task is a mapping, not {kind_of(fields)}", 'Write for example {"prompt": "a red fox"}')
        return Draft(place, None, None)
    before = report.mark()
    given_name = name if name is not None else fields.get("name")
    identity = fields.get("id")
    task_name = _name(
        identity if given_name is None else given_name, place, "id" if given_name is None else "name", report
    )
    context = {} if _CONTEXT_KEYS.isdisjoint(fields) else _context(fields, place, report)
    if identity is not None and given_name is not None:
        context.update(_context_texts({"id": identity}, place, report))
    parameters = {key: value for key, value in fields.items() if key not in _NO_PARAMETERS}
    nested = fields.get("parameters")
    checked = check_parameters(parameters, place, report, RESERVED) if parameters else {}
    if nested is not None:
        checked |= _nested_parameters(nested, checked.keys(), (*place, "parameters"), report)
    task = Task(
        name=task_name or "",
        prompt=_prompt(fields, place, report),
        negative_prompt=_negative(fields.get("negative_prompt"), (*place, "negative_prompt"), report),
        parameters=checked,
        context=context,
        references=check_texts(fields.get("references"), (*place, "references"), report),
        extra=_extra(fields.get("extra"), (*place, "extra"), report),
    )
    return Draft(place, task_name, task if report.mark() == before else None)


def _name(value: Any, place: Place, field: str, report: Report) -> str | None:
    if value is None:
        return None
    where = (*place, field)
    if isinstance(value, bool) or not isinstance(value, str | int):
        report.error(where, f"{shown(value)} is {kind_of(value)}, not a name", "Write text, for example red-fox")
        return None
    text = str(value).strip() if isinstance(value, str) or value.bit_length() < 200 else ""
    problem = text_problem(text)
    if problem:
        report.error(where, *problem)
    elif not text:
        report.error(where, "the name is empty", "Write a name, or leave the field out to have one made")
    elif len(text) > LONGEST_NAME:
        report.error(where, f"the name has {len(text)} characters", f"A name has at most {LONGEST_NAME}")
    else:
        return text
    return None


def _prompt(fields: Mapping[str, Any], place: Place, report: Report) -> str:
    where = (*place, "prompt")
    if "prompt" not in fields:
        slip = next((key for key in fields if isinstance(key, str) and near_miss(key) == "prompt"), None)
        advice = f"Is {slip} meant to be prompt?" if slip else "Add a prompt: what the picture should show"
        report.error(where, "the prompt is missing", advice)
        return ""
    value = fields["prompt"]
    if not isinstance(value, str):
        report.error(where, f"{shown(value)} is {kind_of(value)}, not a prompt", "Write text in quotes")
        return ""
    problem = text_problem(value)
    if problem:
        report.error(where, *problem)
    elif not value or value.isspace():
        report.error(where, "the prompt is empty", "Write what the picture should show")
    elif len(value) > LONGEST_PROMPT:
        report.error(
            where, f"the prompt has {len(value):,} characters", f"A prompt has at most {LONGEST_PROMPT:,}; shorten it"
        )
    return value


def _negative(value: Any, where: Place, report: Report) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        report.error(where, f"{shown(value)} is {kind_of(value)}, not text", "Write what should not be in the picture")
        return None
    problem = text_problem(value)
    if problem:
        report.error(where, *problem)
    elif len(value) > LONGEST_PROMPT:
        report.error(where, f"the text has {len(value):,} characters", f"It may have at most {LONGEST_PROMPT:,}")
    # Other tools write "" where nothing is meant.
    return value if value and not value.isspace() else None


def _context(fields: Mapping[str, Any], place: Place, report: Report) -> dict[str, str]:
    result = _context_texts({key: fields[key] for key in CONTEXT_FIELDS if key in fields}, place, report)
    nested = fields.get("context")
    if isinstance(nested, Mapping):
        result |= _context_texts(nested, (*place, "context"), report)
    elif nested is not None:
        report.error((*place, "context"), f"context is {kind_of(nested)}", "Write a mapping of texts, such as title")
    return result


def _context_texts(values: Mapping[Any, Any], place: Place, report: Report) -> dict[str, str]:
    result: dict[str, str] = {}
    for key, value in values.items():
        where = (*place, key)
        if value is None or (isinstance(value, str) and not value.strip()):
            continue
        if isinstance(value, list | dict):
            report.error(where, f"{key} is {kind_of(value)}", "Write text: context is shown, never sent")
        elif check_value(value, where, report) and check_value(key, place, report):
            result[key] = value if isinstance(value, str) else shown(value)
    return result


def _nested_parameters(nested: Any, taken: Iterable[str], where: Place, report: Report) -> dict[str, Any]:
    if not isinstance(nested, Mapping):
        report.error(where, f"parameters is {kind_of(nested)}", "Write a mapping, for example {seed: 42}")
        return {}
    checked = check_parameters(nested, where, report, RESERVED)
    for key in sorted(checked.keys() & set(taken)):
        report.error((*where, key), f"{key} stands beside the parameters and among them", "Keep one of them")
    return checked


def _extra(value: Any, where: Place, report: Report) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        report.error(where, f"extra is {kind_of(value)}", "Write a mapping of fields for the service")
        return {}
    check_value(value, where, report)
    return value


def check_texts(value: Any, where: Place, report: Report) -> tuple[str, ...]:
    """Read a list of texts (references, fallbacks); a single text stands for a list of one."""
    if value is None:
        return ()
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list):
        report.error(where, f"{shown(value)} is {kind_of(value)}, not a list of texts", "Write a list of texts")
        return ()
    if len(items) > MOST_REFERENCES:
        report.error(where, f"{len(items)} entries are too many", f"At most {MOST_REFERENCES} make sense")
    for index, item in enumerate(items):
        if not isinstance(item, str) or not item.strip():
            report.error((*where, index), f"{shown(item)} is no text", "Write text, or take the entry out")
        else:
            check_value(item, (*where, index), report)
    return tuple(item for item in items if isinstance(item, str))


def too_many(count: int, place: Place, report: Report) -> bool:
    """Return whether a file has more tasks than are read at once, and report that."""
    if count > MOST_TASKS:
        report.error(place, f"the file has more than {MOST_TASKS:,} tasks", "Split it into several batches")
    return count > MOST_TASKS


def name_tasks(drafts: Iterable[Draft], report: Report) -> tuple[Task, ...]:
    """Return the tasks that could be read, each with a name of its own.

    Nameless ones are called after the first words of their prompts, which is the same every time.
    Reports names given twice.
    """
    drafts = list(drafts)
    taken: dict[str, Draft] = {}
    result: list[Task] = []
    for draft in drafts:
        if draft.name is None:
            continue
        first = taken.setdefault(draft.name, draft)
        if first is not draft:
            row = next((step + 1 for step in first.place if isinstance(step, int)), 1)
            report.error(
                (*draft.place, "name"),
                f"the name {shown(draft.name)} is taken by row {row}",
                "Give every task a name of its own",
            )
    names = set(taken)
    counts: dict[str, int] = {}
    for draft in drafts:
        if draft.task is None or (draft.name is not None and taken[draft.name] is not draft):
            continue
        result.append(draft.task if draft.name else replace(draft.task, name=_made_name(draft.task, names, counts)))
    return tuple(result)


def _made_name(task: Task, names: set[str], counts: dict[str, int]) -> str:
    stem = file_stem(" ".join(task.prompt[:200].lower().split()[:6]).replace(" ", "-"), limit=48)
    name = stem
    while name in names:
        counts[stem] = counts.get(stem, 1) + 1
        name = f"{stem}-{counts[stem]}"
    names.add(name)
    return name
