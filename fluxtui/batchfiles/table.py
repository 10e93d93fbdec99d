"""CSV: a row of column names, then one task a row; columns that are no field of a task are parameters."""

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

from fluxtui.batchfiles.checks import CONTEXT_FIELDS, TASK_FIELDS, Draft, check_task, name_tasks, too_many
from fluxtui.batchfiles.findings import ReadResult, Report, lines_of_rows
from fluxtui.batchfiles.native import task_mapping
from fluxtui.batchfiles.parameters import (
    KNOWN_PARAMETERS,
    WrongValueError,
    format_cell,
    parse_cell,
)
from fluxtui.domain.batch import PARAMETER_ALIASES, Batch

DELIMITERS = (",", ";", "\t")
_CONTEXT = "context."
_LONGEST_HEADER = 100_000
_TEXTS = frozenset({"name", "id", "prompt", "negative_prompt", *CONTEXT_FIELDS})
KNOWN_COLUMNS = TASK_FIELDS | {*CONTEXT_FIELDS} | KNOWN_PARAMETERS | PARAMETER_ALIASES.keys() | {"width", "height"}
_SPACES = re.compile(r"[\s-]+")


def column_name(cell: str) -> str:
    """Return the name of a column: known ones however they are spelled (`Negative Prompt`), others as they are."""
    known = _SPACES.sub("_", cell.strip().lower())
    return known if known in KNOWN_COLUMNS else cell.strip()


def header_of(line: str) -> tuple[str, list[str]] | None:
    """Return delimiter and column names when `line` is the first row of a table of tasks, else None."""
    if len(line) > _LONGEST_HEADER:
        return None
    best: tuple[str, list[str]] | None = None
    for delimiter in DELIMITERS:
        try:
            cells = next(csv.reader([line], delimiter=delimiter, strict=True), [])
        except csv.Error:
            continue
        names = [column_name(cell) for cell in cells]
        is_header = "prompt" in names or (len(names) > 1 and all(name in KNOWN_COLUMNS for name in names))
        if is_header and (best is None or len(names) > len(best[1])):
            best = (delimiter, names)
    return best


def read(text: str, file: str, stem: str) -> ReadResult:
    """Read a table. Raises BatchFileError."""
    numbers: list[int] = []
    report = Report(file, lines_of_rows(numbers))
    header, start, body = _split_header(text)
    delimiter, columns = header_of(header) or (",", [])
    columns = _check_columns(columns, start, report)
    drafts: list[Draft] = []
    for number, cells in _rows(body, delimiter, start, report):
        if any(cell and not cell.isspace() for cell in cells):
            numbers.append(number)
            if too_many(len(numbers), (), report):
                break
            drafts.append(_row(cells, columns, len(numbers) - 1, report))
    if not drafts and not report.has_errors:
        report.error((), "the table has no rows", "Add a row with a prompt under the column names", line=start)
    return report.result(Batch(stem, name_tasks(drafts, report)), "csv")


def _split_header(text: str) -> tuple[str, int, str]:
    """Return the first line that is neither blank nor a comment, its number, and what follows it."""
    position = 0
    for number, line in enumerate(io.StringIO(text, newline=""), 1):
        position += len(line)
        if line.strip() and not line.lstrip().startswith("#"):
            return line.rstrip("\r\n"), number, text[position:]
    return "", 1, ""


def _check_columns(columns: list[str], line: int, report: Report) -> list[str]:
    """Report what is wrong with the columns; return them with "" for those whose cells cannot be used."""
    if "prompt" not in columns:
        report.error((), "the table has no prompt column", "Name the column that holds the prompts: prompt", line=line)
    seen: dict[str, str] = {}
    usable = list(columns)
    for index, column in enumerate(columns):
        canonical = PARAMETER_ALIASES.get(column, column)
        if not column:
            report.error((), f"column {index + 1} has no name", "Name it, or remove the column", line=line)
        elif canonical in seen:
            what = "stands there twice" if seen[canonical] == column else f"means the same as {seen[canonical]}"
            report.error((), f"the column {column} {what}", "Keep one of them", line=line)
            usable[index] = ""
        seen[canonical] = column
    return usable


def _rows(body: str, delimiter: str, start: int, report: Report) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the number of its first line."""
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter, strict=True)
    line = start + 1
    try:
        for cells in reader:
            yield line, cells
            line = start + reader.line_num + 1
    except csv.Error as error:
        cut = "unexpected end" in str(error)
        message = "a quoted cell is never closed" if cut else f"the row cannot be read: {error}"
        advice = "Put a quote at its end; a quote inside a quoted cell is written twice"
        report.error((), message, advice, line=line)


def _row(cells: list[str], columns: list[str], index: int, report: Report) -> Draft:
    place = (index,)
    if len(cells) != len(columns):
        report.error(
            place,
            f"the row has {len(cells)} cells and the table has {len(columns)} columns",
            "Put a cell that holds the delimiter in double quotes; leave cells without a value empty",
        )
        return Draft(place, None, None)
    fields: dict[str, Any] = {}
    context: dict[str, str] = {}
    good = True
    for column, cell in zip(columns, cells, strict=True):
        if not cell or not column:
            continue
        if column.startswith(_CONTEXT):
            context[column.removeprefix(_CONTEXT)] = cell
        elif column in _TEXTS:
            fields[column] = cell
        else:
            try:
                fields[column] = parse_cell(cell.strip())
            except WrongValueError as wrong:
                report.error((index, column), wrong.message, wrong.advice)
                good = False
    if context:
        if isinstance(fields.get("context", {}), dict):
            context = {**fields.get("context", {}), **context}
        fields["context"] = context
    # Without the column, its absence has been told once, and not for every row.
    has_prompts = "prompt" in columns
    fields.setdefault("prompt", "" if has_prompts else "-")
    draft = check_task(fields, place, report)
    return draft if good and has_prompts else Draft(place, draft.name, None)


def write(batch: Batch) -> str:
    """Return the tasks as a table; a cell without a value is empty."""
    rows = []
    columns: dict[str, None] = {"name": None, "prompt": None}
    for task in batch.tasks:
        fields = task_mapping(task)
        fields.pop("context", None)
        for key, text in task.context.items():
            fields[key if key in CONTEXT_FIELDS else f"{_CONTEXT}{key}"] = text
        columns |= dict.fromkeys(fields)
        rows.append({key: str(v) if _is_text(key) else format_cell(v) for key, v in fields.items()})
    target = io.StringIO(newline="")
    writer = csv.DictWriter(target, list(columns), restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return target.getvalue()


def _is_text(column: str) -> bool:
    return column in _TEXTS or column.startswith(_CONTEXT)
