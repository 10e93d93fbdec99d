"""The scenes format: `{"prompts": [{"id", "title", "scene", "mood", "prompt"}]}`."""

import json
from collections.abc import Mapping
from typing import Any

from fluxtui.batchfiles.checks import CONTEXT_FIELDS, LONGEST_NAME, TASK_FIELDS, Draft, check_task, name_tasks, too_many
from fluxtui.batchfiles.findings import Place, ReadResult, Report
from fluxtui.batchfiles.jsontext import JsonDocument
from fluxtui.batchfiles.native import task_mapping
from fluxtui.batchfiles.parameters import KNOWN_PARAMETERS, kind_of, shown
from fluxtui.domain.batch import PARAMETER_ALIASES, Batch, Task
from fluxtui.domain.values import JsonObject

_EXAMPLE = 'Write {"id": "harbour", "title": "The harbour", "prompt": "a harbour at dawn"}'
_NOT_CONTEXT = TASK_FIELDS | KNOWN_PARAMETERS | PARAMETER_ALIASES.keys() | {"width", "height"}


def read(document: JsonDocument, file: str, stem: str) -> ReadResult:
    """Read a batch of scenes. Raises BatchFileError."""
    report = Report(file, document.lines)
    document.report_repeats(report)
    return report.result(check_scenes(document.value, report, stem), "scenes")


def check_scenes(value: Mapping[str, Any], report: Report, stem: str) -> Batch:
    """Return the batch of the mapping `value`, as far as it can be read; reports the rest."""
    for key in value:
        if key != "prompts":
            report.warn((key,), f"{shown(key)} is ignored", "A file of scenes has prompts only")
    items = value["prompts"]
    if not isinstance(items, list):
        report.error(("prompts",), f"prompts is {kind_of(items)}, not a list", _EXAMPLE)
        return Batch(stem, ())
    if not items:
        report.error(("prompts",), "the list of prompts is empty", _EXAMPLE)
    if too_many(len(items), ("prompts",), report):
        return Batch(stem, ())
    drafts = [_scene(item, ("prompts", index), report) for index, item in enumerate(items)]
    return Batch(stem, name_tasks(drafts, report))


def _scene(item: Any, place: Place, report: Report) -> Draft:
    """Read one scene: whatever is neither a field of a task nor a known parameter tells about the scene."""
    if not isinstance(item, dict) or not isinstance(item.get("context", {}), dict | None):
        return check_task(item, place, report)
    fields = {key: value for key, value in item.items() if key in _NOT_CONTEXT}
    about = {key: value for key, value in item.items() if key not in _NOT_CONTEXT}
    title = about.get("title")
    if fields.get("id") is None and fields.get("name") is None and isinstance(title, str) and title.strip():
        fields["name"] = title.strip()[:LONGEST_NAME]
    return check_task({**fields, "context": {**about, **(item.get("context") or {})}}, place, report)


def write(batch: Batch) -> str:
    return json.dumps({"prompts": [_entry(task) for task in batch.tasks]}, ensure_ascii=False, indent=2) + "\n"


def _entry(task: Task) -> JsonObject:
    fields = task_mapping(task)
    result: JsonObject = {"id": fields.pop("name")}
    fields.pop("context", None)
    result.update({key: task.context[key] for key in CONTEXT_FIELDS if key in task.context})
    context: JsonObject = {key: value for key, value in task.context.items() if key not in CONTEXT_FIELDS}
    # Beside the fields, an unknown name would read as context.
    unknown: JsonObject = {key: fields.pop(key) for key in list(fields) if key not in _NOT_CONTEXT}
    for key, part in (("context", context), ("parameters", unknown)):
        if part:
            fields[key] = part
    return {**result, **fields}
