"""One task by itself, as an editor has it: the checks that a file's tasks go through."""

from collections.abc import Mapping
from dataclasses import dataclass

from fluxtui.batchfiles.checks import check_task
from fluxtui.batchfiles.findings import Finding, Report
from fluxtui.batchfiles.native import task_mapping
from fluxtui.domain.batch import Task


@dataclass(frozen=True, slots=True)
class CheckedTask:
    """What the checks say. `task` is None where there are `errors`; its name is empty when none was given."""

    task: Task | None
    errors: tuple[Finding, ...]
    warnings: tuple[Finding, ...]


def check_fields(fields: Mapping[str, object]) -> CheckedTask:
    """Check one task as it would stand in a file: fields that are none of the task's own are parameters."""
    report = Report("task")
    draft = check_task(dict(fields), (), report)
    return CheckedTask(draft.task, report.findings(errors=True), report.findings(errors=False))


def task_errors(task: Task) -> tuple[Finding, ...]:
    """Return what would keep a file with this task from being read, nothing when all is well."""
    return check_fields(task_mapping(task)).errors
