"""Workspaces to measure on, made through the history's own functions."""

import shutil
import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from fluxtui.domain.jobs import RunState
from fluxtui.domain.money import Price, usd
from fluxtui.domain.request import Assessment, Cell, ImageRequest
from fluxtui.domain.size import Size
from fluxtui.history import runs
from fluxtui.history.database import DATABASE_NAME, database_path
from fluxtui.history.journal import Journal

TARGETS = ("azure-flux/FLUX-1.1-pro", "bfl/flux-pro-1.1", "openai/gpt-image-2", "fal/flux-dev")


def task_name(position: int) -> str:
    """Return the name of the task at a position of the run: every job has one of its own."""
    return f"task-{position:06d}"


def cells(jobs: int) -> Iterator[Cell]:
    """Yield one cell a job, the targets by turns."""
    size, assessment = Size(1024, 1024), Assessment(Price.exactly(usd("0.04")), (), seconds=8.0)
    for position in range(jobs):
        target = TARGETS[position % len(TARGETS)]
        provider, _, model = target.partition("/")
        name = task_name(position)
        request = ImageRequest(model, f"A shaft of golden morning light, picture {name}", size=size, seed=position)
        yield Cell(
            key=f"{position:064x}", task=name, task_index=position, target=target, provider=provider, request=request,
            assessment=assessment, stem=name,
        )  # fmt: skip


def build(workspace: Path, jobs: int, *, others: int = 0) -> int:
    """Create a workspace with a running run, after `others` finished ones of a job each; returns the run's id."""
    with Journal(database_path(workspace)) as journal:
        for number in range(others):
            other = journal.write_now(partial(runs.create_run, run=_run(f"batch-{number}"), cells=cells(1)))
            journal.write_now(partial(runs.set_run_state, run_id=other, state=RunState.FINISHED))
        run_id = journal.write_now(partial(runs.create_run, run=_run("city"), cells=cells(jobs)))
        journal.write_now(partial(runs.set_run_state, run_id=run_id, state=RunState.RUNNING))
    return run_id


def _run(batch: str) -> runs.NewRun:
    return runs.NewRun(
        batch=batch, source=f"{batch}.yaml", frozen={}, sandbox=False, folder=f"{batch}_20261121-120000",
        layout="by_target", metadata=False, quoted=usd("4000"),
    )  # fmt: skip


def copy(base: Path, workspace: Path) -> None:
    """Copy a workspace's history, so that every measurement begins with the same one."""
    workspace.mkdir(parents=True)
    with sqlite3.connect(database_path(base)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    shutil.copyfile(database_path(base), workspace / DATABASE_NAME)
