"""Starting runs, and finding or starting the one runner of a workspace."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from fluxtui.domain.frozen import freeze
from fluxtui.domain.jobs import RunState
from fluxtui.domain.money import Micros
from fluxtui.domain.problems import FluxtuiError, Problem, ProblemKind
from fluxtui.engine.controls import RESUMABLE
from fluxtui.engine.lock import holder
from fluxtui.engine.plan import Plan
from fluxtui.history import queries, runs
from fluxtui.history.database import database_path, open_reader
from fluxtui.history.journal import Journal, Transaction
from fluxtui.history.records import LaneRow, RunnerRow
from fluxtui.images.layouts import run_folder

RUNNER_LOG = Path("logs") / "runner.log"

_START_TIMEOUT = 20.0


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What a person may choose for a run. `cap` in micros; `concurrency` is by lane."""

    cap: Micros | None = None
    concurrency: int | None = None
    in_doubt: str = "leave"
    paused: bool = False
    metadata: bool = True
    layout: str = "by_target"


@dataclass(frozen=True, slots=True)
class RunnerStatus:
    """Whether a runner lives in a workspace, and what it last told."""

    alive: bool
    pid: int | None
    since: float | None
    lanes: tuple[LaneRow, ...]


async def start_run(journal: Journal, workspace: Path, plan: Plan, options: RunOptions) -> int:
    """Record `plan` as a new run and return its id; the runner takes it up once it is there.

    Raises FluxtuiError when a cap is set and a price is unknown, since no cap can hold then.
    """
    if options.cap is not None and not plan.quote.price.known:
        unknown = ", ".join(line.target for line in plan.quote.lines if not line.price.known)
        raise FluxtuiError(
            Problem(
                ProblemKind.INVALID_REQUEST,
                f"The price of {unknown} is not known, so a spending cap cannot be kept.",
                "",
                "Leave the target out, or run without a cap.",
            )
        )
    created = time.time()
    new = runs.NewRun(
        batch=plan.batch.name,
        source=plan.source,
        frozen=freeze(plan.batch),
        sandbox=plan.sandbox,
        folder=await asyncio.to_thread(_free_folder, workspace, run_folder(plan.batch.name, created)),
        layout=options.layout,
        metadata=options.metadata,
        quoted=plan.quote.price.high,
        cap=options.cap,
        concurrency=options.concurrency,
        in_doubt=options.in_doubt,
        paused=options.paused,
        created_at=created,
    )
    return await journal.write(partial(runs.create_run, run=new, cells=plan.cells))


def _free_folder(workspace: Path, wish: str) -> str:
    """Make and return a folder name that no other run has: two may begin within one second."""
    name, number = wish, 1
    while True:
        try:
            (workspace / name).mkdir(parents=True)
        except FileExistsError:
            number += 1
            name = f"{wish}-{number}"
        except OSError as error:
            raise FluxtuiError(
                Problem(
                    ProblemKind.DISK,
                    f"The folder {workspace / name} cannot be made.",
                    error.strerror or "",
                    "Check the permissions and the free space, or choose another workspace with --workspace.",
                )
            ) from error
        else:
            return name


async def resume_run(
    journal: Journal,
    run_id: int,
    *,
    cap: Micros | None = None,
    concurrency: int | None = None,
    in_doubt: str | None = None,
    retry_failed: bool = False,
) -> bool:
    """Ask for a run to go on; True when there is something for the runner to do.

    `in_doubt` also decides about the jobs that are in doubt already.
    """
    await journal.write(partial(runs.set_options, run_id=run_id, concurrency=concurrency, in_doubt=in_doubt))
    if cap is not None:
        await journal.write(partial(runs.set_cap, run_id=run_id, cap=cap))
    if in_doubt in ("resend", "abandon"):
        doubtful = await journal.write(partial(_in_doubt_jobs, run_id=run_id))
        if doubtful:
            await journal.control("in_doubt", run_id, jobs=list(doubtful), choice=in_doubt)
    if retry_failed:
        await journal.control("retry", run_id, states=["failed"])
    # One that runs is taken up anew as well: a lane of it may be parked by what has been put right.
    resumable = RESUMABLE - {RunState.FINISHED, RunState.CANCELLED} | {RunState.RUNNING}
    ready = await journal.write(partial(runs.set_run_state, run_id=run_id, state=RunState.READY, only_from=resumable))
    return ready or in_doubt in ("resend", "abandon") or retry_failed


def _in_doubt_jobs(transaction: Transaction, *, run_id: int) -> list[int]:
    rows = transaction.connection.execute("SELECT id FROM jobs WHERE run_id = ? AND state = 'in_doubt'", (run_id,))
    return [row[0] for row in rows]


def ensure_runner(workspace: Path) -> int | None:
    """Make sure that a runner is there, starting one that outlives this process; returns its pid.

    None when the new one had nothing to do and has ended already. Blocks for the start, a second
    or so; call it in a thread. Raises FluxtuiError when it cannot be started.
    """
    pid = holder(workspace)
    if pid is not None:
        return pid
    log_path = workspace / RUNNER_LOG
    log_path.parent.mkdir(parents=True, exist_ok=True)
    with log_path.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "fluxtui", "runner", "serve", "--workspace", str(workspace.absolute())],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    # It is meant to outlive us; should it end before, somebody has to take note of its end.
    threading.Thread(target=process.wait, name="runner's end", daemon=True).start()
    deadline = time.monotonic() + _START_TIMEOUT
    while time.monotonic() < deadline:
        if holder(workspace) is not None:
            return process.pid
        if process.poll() is not None:
            if process.returncode == 0:
                return None
            raise _not_started(log_path, f"It ended with status {process.returncode}.")
        time.sleep(0.02)
    raise _not_started(log_path, f"It did not take the workspace within {_START_TIMEOUT:.0f} seconds.")


def _not_started(log_path: Path, cause: str) -> FluxtuiError:
    return FluxtuiError(
        Problem(ProblemKind.INTERNAL, "The runner did not start.", cause, f"See {log_path} for what it said.")
    )


def runner_status(workspace: Path) -> RunnerStatus:
    """Return whether a runner lives here, by the lock, and what it last told."""
    pid = holder(workspace)
    row: RunnerRow | None = None
    lanes: tuple[LaneRow, ...] = ()
    path = database_path(workspace)
    if path.exists():
        connection = open_reader(path)
        try:
            row, lanes = queries.runner(connection), tuple(queries.lanes(connection))
        finally:
            connection.close()
    alive = pid is not None
    return RunnerStatus(alive, pid, row.started_at if alive and row is not None else None, lanes)


def stop_runner(workspace: Path, *, patience: float = 70.0, wait: Callable[[float], None] = time.sleep) -> bool:
    """Ask the runner to end and wait for it; False when none was there.

    Raises FluxtuiError when it is still there after `patience` seconds.
    """
    pid = holder(workspace)
    if not pid:
        return False
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if holder(workspace) != pid:
            return True
        wait(0.05)
    raise FluxtuiError(
        Problem(
            ProblemKind.TIMEOUT,
            f"The runner (pid {pid}) is still at work after {patience:.0f} seconds.",
            "A request under way has not been answered yet.",
            "Wait a little and ask again; killing it puts that request in doubt.",
        )
    )
