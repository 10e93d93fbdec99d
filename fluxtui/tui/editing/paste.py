"""Text from the clipboard, whatever it was copied from, as tasks; and tasks as text for the clipboard."""

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fluxtui.domain.batch import Batch, Task
from fluxtui.engine.files import BatchFileError, Finding, batch_text, read_batch_text

LARGEST_PASTE = 16 * 1024 * 1024
"""Characters that are read at once; more is a file to be opened."""

_NAMES = {
    "comparator": "JSON",
    "scenes": "JSON",
    "native-json": "JSON",
    "native-yaml": "YAML",
    "native-toml": "TOML",
    "csv": "a table",
    "jsonl": "JSON Lines",
    "text": "lines",
}
_YAML_LIST = re.compile(r"- +\S|-\s*$")
_YAML_TASK = re.compile(r"(?:name|prompt)[ \t]*:(?:\s|$)")
_BULLET = re.compile(r"\s*(?:[-*•–]|\d{1,4}[.)])\s+(?=\S)")
_WHERE = "pasted"


@dataclass(frozen=True, slots=True)
class Pasted:
    """The tasks found in a text, what it was taken for, and what was wrong or left out, in sentences."""

    tasks: tuple[Task, ...]
    format: str
    findings: tuple[str, ...] = ()


def read_paste(text: str) -> Pasted:
    """Read tasks from CSV or cells of a spreadsheet, JSON, JSON Lines, YAML, TOML or lines of prompts.

    Never raises: what cannot be read is among the findings. Blocks for long texts.
    """
    if not text.strip():
        return Pasted((), "nothing", ("There is no text to paste.",))
    if len(text) > LARGEST_PASTE:
        return Pasted((), "nothing", ("The text is too long to paste. Save it to a file and open that.",))
    text, lines_before = _as_tasks(text)
    table = _cells(text)
    if table is not None:
        return table
    try:
        result = read_batch_text(text, _WHERE)
    except BatchFileError as error:
        tasks = error.partial.tasks if error.partial is not None else ()
        return Pasted(tasks, "text", tuple(_sentence(finding, lines_before) for finding in error.findings))
    findings = [_sentence(finding, lines_before) for finding in result.warnings]
    left = [part for part in ("targets", "axes", "defaults", "recipe") if getattr(result.batch, part)]
    if left:
        findings.append(f"Only the tasks were taken; {' and '.join(left)} of the pasted text were left out.")
    return Pasted(result.batch.tasks, _NAMES[result.format], tuple(findings))


def copy_text(tasks: Sequence[Task]) -> str:
    """Return tasks as text that `read_paste` reads back the same: a table for spreadsheets where one can hold them."""
    batch = Batch("copied", tuple(tasks))
    for form in ("csv", "jsonl"):
        try:
            return batch_text(batch, form)
        except BatchFileError:
            continue
    return "".join(f"{task.prompt}\n" for task in tasks)


def _as_tasks(text: str) -> tuple[str, int]:
    """Return the text so that the readers know it, and how many lines that put before it.

    A list of tasks in YAML or JSON, or one task in YAML, is a file without its frame; a list of lines with
    bullets or numbers is meant without them.
    """
    listed = _json_list(text)
    if listed is not None:
        return listed, 0
    first = next((line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")), "")
    if _YAML_LIST.match(first) and re.search(r"^- +(?:name|prompt)[ \t]*:\s", text, re.MULTILINE):
        return f"tasks:\n{text}", 1
    if _YAML_TASK.match(first) and re.search(r"^prompt[ \t]*:\s", text, re.MULTILINE):
        return f"tasks:\n-\n{''.join(f'  {line}' for line in text.splitlines(keepends=True))}", 2
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > 1 and all(_BULLET.match(line) for line in lines):
        return "\n".join(_BULLET.sub("", line) for line in text.splitlines()), 0
    return text, 0


def _json_list(text: str) -> str | None:
    """Return a JSON list of prompts, or of flat tasks, as a native batch; None for anything else."""
    if not text.lstrip().startswith("["):
        return None
    try:
        items = json.loads(text)
    except (ValueError, RecursionError):
        return None
    flat = isinstance(items, list) and all(
        isinstance(item, str) or (isinstance(item, dict) and "prompt" in item) for item in items
    )
    return json.dumps({"tasks": items}) if flat and items else None


def _cells(text: str) -> Pasted | None:
    """Return the tasks of cells copied without their column names, None when the text is something else."""
    if "\t" not in text or text.lstrip()[:1] in "{[":
        return None
    try:
        result = read_batch_text(text, _WHERE)
        if result.format != "text":
            return None
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter="\t", strict=True) if any(row)]
    except (BatchFileError, csv.Error):
        return None
    width = max(map(len, rows))
    if width < 2 or any(len(row) != width for row in rows):
        return None
    lengths = [sum(len(row[column]) for row in rows) for column in range(width)]
    prompt = lengths.index(max(lengths))
    names = next((column for column in range(width) if column != prompt and _are_names(rows, column)), None)
    entries = [{"prompt": row[prompt]} | ({} if names is None else {"name": row[names]}) for row in rows]
    known = "" if names is None else f", column {names + 1} as names"
    left = width - (1 if names is None else 2)
    rest = f"; {left} more left out" if left else ""
    said = f"The cells have no column names: column {prompt + 1} was taken as prompts{known}{rest}."
    return _checked(entries, said)


def _are_names(rows: Sequence[Sequence[str]], column: int) -> bool:
    names = [row[column].strip() for row in rows]
    return all(0 < len(name) <= 80 and "\n" not in name for name in names) and len(set(names)) == len(names)


def _checked(entries: Sequence[Mapping[str, str]], said: str) -> Pasted:
    """Return tasks as the readers give them, so that nothing comes in unchecked."""
    try:
        tasks = read_batch_text("".join(f"{json.dumps(entry)}\n" for entry in entries), _WHERE).batch.tasks
    except BatchFileError as error:
        found = error.partial.tasks if error.partial is not None else ()
        return Pasted(found, _NAMES["csv"], (said, *(finding.sentence() for finding in error.findings)))
    return Pasted(tasks, _NAMES["csv"], (said,))


def _sentence(finding: Finding, lines_before: int) -> str:
    line = finding.line - lines_before if finding.line is not None else None
    return replace(finding, line=line if line is None or line > 0 else None).sentence()
