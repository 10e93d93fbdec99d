"""Leaving work to the runner in the background, and waiting until it has it."""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from fluxtui.domain.jobs import RunState
from fluxtui.domain.problems import FluxtuiError, Problem, ProblemKind
from fluxtui.engine.launch import RUNNER_LOG, ensure_runner
from fluxtui.history import queries
from fluxtui.history.database import database_path, open_reader

_PATIENCE = 60.0
_LOOK_EVERY = 0.03


async def taken_up(workspace: Path, run_id: int) -> None:
    """Return once a runner has the run: it is running, or beyond that. Raises FluxtuiError."""
    await _until(workspace, f"run {run_id}", lambda reader: _has_run(reader, run_id))


async def control_taken(workspace: Path, control_id: int) -> str:
    """Return what came of a wish, once a runner has taken it. Raises FluxtuiError."""
    await _until(workspace, "the request", lambda reader: queries.control_outcome(reader, control_id) is not None)
    reader = open_reader(database_path(workspace))
    try:
        return queries.control_outcome(reader, control_id) or ""
    finally:
        reader.close()


def _has_run(reader: sqlite3.Connection, run_id: int) -> bool:
    run = queries.run(reader, run_id)
    return run is None or run.state is not RunState.READY


async def _until(workspace: Path, what: str, condition: Callable[[sqlite3.Connection], bool]) -> None:
    reader = open_reader(database_path(workspace))
    try:
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            if condition(reader):
                return
            # Each time, since a runner that was about to end when we looked takes nothing up any more.
            await asyncio.to_thread(ensure_runner, workspace)
            await asyncio.sleep(_LOOK_EVERY)
    finally:
        reader.close()
    raise FluxtuiError(
        Problem(
            ProblemKind.TIMEOUT,
            f"No runner took up {what} within {_PATIENCE:.0f} seconds.",
            "It may be busy recovering earlier work.",
            f"See {workspace / RUNNER_LOG}; nothing is lost, `fluxtui resume` asks again.",
        )
    )
