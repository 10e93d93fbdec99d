"""JSON Lines: one task a line, fields that are none of the task's own are parameters."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from fluxtui.batchfiles.checks import Draft, check_task, name_tasks, too_many
from fluxtui.batchfiles.comparator import check_entry
from fluxtui.batchfiles.findings import Place, ReadResult, Report, lines_of_rows
from fluxtui.batchfiles.jsontext import JsonDocument, JsonSyntaxError, Parser
from fluxtui.batchfiles.native import task_mapping
from fluxtui.domain.batch import Batch


def read(text: str, file: str, stem: str) -> ReadResult:
    """Read one task a line; blank lines count for nothing. Raises BatchFileError."""
    numbers: list[int] = []
    report = Report(file, lines_of_rows(numbers))
    drafts: list[Draft] = []
    parser = Parser()
    # Only \n ends a line: JSON texts may hold the other line breaks of Unicode as they are.
    for number, line in enumerate(text.split("\n"), 1):
        if line and not line.isspace():
            numbers.append(number)
            if too_many(len(numbers), (), report):
                break
            drafts.append(_line(line, parser, len(numbers) - 1, number, report))
    return report.result(Batch(stem, name_tasks(drafts, report)), "jsonl")


def read_one(document: JsonDocument, file: str, stem: str) -> ReadResult:
    """Read a file that is one task, over however many lines. Raises BatchFileError."""

    def lines(places: Collection[Place]) -> Mapping[Place, int]:
        found = document.lines([place[1:] for place in places])
        return {(0, *place): line for place, line in found.items()}

    report = Report(file, lines)
    document.report_repeats(report, row=0)
    return report.result(Batch(stem, name_tasks([_task(document.value, (0,), report)], report)), "jsonl")


def _line(line: str, parser: Parser, index: int, number: int, report: Report) -> Draft:
    place = (index,)
    try:
        document = parser.parse(line)
    except JsonSyntaxError as error:
        message = error.message.replace("the file", "the line")
        report.error(place, f"{message} (column {error.column})", error.advice, line=number)
        return Draft(place, None, None)
    document.report_repeats(report, index, number)
    return _task(document.value, place, report)


def _task(value: Any, place: Place, report: Report) -> Draft:
    if isinstance(value, dict) and "payload" in value:
        return check_entry(value, place, report)
    return check_task(value, place, report)


def write(batch: Batch) -> str:
    return "".join(json.dumps(task_mapping(task), ensure_ascii=False) + "\n" for task in batch.tasks)
