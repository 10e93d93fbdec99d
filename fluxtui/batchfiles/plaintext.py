"""Plain text: one prompt a line; lines that start with # are comments."""

import re

from fluxtui.batchfiles.checks import check_task, name_tasks, too_many
from fluxtui.batchfiles.findings import ReadResult, Report, lines_of_rows
from fluxtui.domain.batch import Batch

_LINE_BREAK = re.compile(r"\r\n|\n|\r")


def read(text: str, file: str, stem: str) -> ReadResult:
    """Read one prompt a line. Raises BatchFileError."""
    numbers: list[int] = []
    report = Report(file, lines_of_rows(numbers))
    prompts: list[str] = []
    for number, line in enumerate(_LINE_BREAK.split(text), 1):
        prompt = line.strip()
        if prompt and not prompt.startswith("#"):
            numbers.append(number)
            prompts.append(prompt)
    if too_many(len(prompts), (), report):
        prompts = prompts[:1]
    drafts = [check_task({"prompt": prompt}, (index,), report) for index, prompt in enumerate(prompts)]
    if not drafts:
        report.error((), "the file holds comments only", "Write one prompt a line")
    return report.result(Batch(stem, name_tasks(drafts, report)), "text")


def write(batch: Batch) -> str:
    """Return one prompt a line. `writing` makes sure that nothing is lost."""
    return "".join(f"{task.prompt}\n" for task in batch.tasks)
