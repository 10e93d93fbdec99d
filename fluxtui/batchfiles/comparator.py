"""The comparator format: a JSON array of `{"name", "payload": {...}}`."""

import json
from typing import Any

from fluxtui.batchfiles.checks import Draft, check_task, name_tasks, too_many
from fluxtui.batchfiles.findings import Place, ReadResult, Report
from fluxtui.batchfiles.jsontext import JsonDocument
from fluxtui.batchfiles.native import task_mapping
from fluxtui.batchfiles.parameters import kind_of, shown
from fluxtui.domain.batch import Batch, Task
from fluxtui.domain.values import JsonObject

_SPELLINGS = {"guidance": "guidance_scale", "steps": "num_inference_steps"}
_EXAMPLE = 'Write {"name": "red-fox", "payload": {"prompt": "a red fox in snow"}}'


def read(document: JsonDocument, file: str, stem: str) -> ReadResult:
    """Read a comparator batch. Raises BatchFileError."""
    report = Report(file, document.lines)
    document.report_repeats(report)
    return report.result(check_entries(document.value, report, stem), "comparator")


def check_entries(items: Any, report: Report, stem: str) -> Batch:
    """Return the batch of the array `items`, as far as it can be read; reports the rest."""
    if not isinstance(items, list):
        report.error((), f"the file holds {kind_of(items)}, not a list of tasks", _EXAMPLE)
        return Batch(stem, ())
    if not items:
        report.error((), "the list of tasks is empty", _EXAMPLE, line=1)
    if too_many(len(items), (), report):
        return Batch(stem, ())
    return Batch(stem, name_tasks([check_entry(item, (index,), report) for index, item in enumerate(items)], report))


def check_entry(item: Any, place: Place, report: Report) -> Draft:
    """Read one `{"name", "payload"}`."""
    if not isinstance(item, dict):
        report.error(place, f"an entry is {kind_of(item)}, not a task", _EXAMPLE)
        return Draft(place, None, None)
    payload = item.get("payload")
    where = (*place, "payload")
    if payload is None:
        report.error(where, "the payload is missing", _EXAMPLE)
        return Draft(place, None, None)
    for key in item:
        if key not in ("name", "payload"):
            report.warn((*place, key), f"{shown(key)} is ignored here", "What is asked of a service stands in payload")
    if isinstance(payload, dict) and "name" in payload and "name" in item:
        report.error((*where, "name"), "name stands in the payload too", "Keep the one beside the payload")
    return check_task(payload, where, report, name=item.get("name"))


def write(batch: Batch) -> str:
    return json.dumps([_entry(task) for task in batch.tasks], ensure_ascii=False, indent=2) + "\n"


def _entry(task: Task) -> JsonObject:
    payload = task_mapping(task)
    name = payload.pop("name")
    return {"name": name, "payload": {_SPELLINGS.get(key, key): value for key, value in payload.items()}}
