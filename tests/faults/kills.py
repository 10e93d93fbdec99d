"""Kill the runner at random moments of a run with faults on, resume it, and compare books.

    python -m tests.faults.kills --jobs 300 --kills 200
    python -m tests.faults.kills --jobs 300 --kills 100 --all-services

The sandbox is another process and keeps its own ledger; what it says is believed, what our
database says is what is tried. Prints the counts as JSON; exit status 1 when a promise was broken.
"""

import argparse
import asyncio
import contextlib
import hashlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fluxtui import sandbox
from fluxtui.domain.batch import Batch, Target, Task
from fluxtui.domain.jobs import JobState, RunState
from fluxtui.engine.launch import RunOptions, ensure_runner, resume_run, start_run
from fluxtui.engine.lock import holder
from fluxtui.engine.plan import plan
from fluxtui.engine.services import Services
from fluxtui.history import job_list, queries
from fluxtui.history.database import database_path, open_reader
from fluxtui.history.journal import Journal
from fluxtui.history.records import JobDetail, RunRow

FAULTS = {
    "latency": [0.05, 0.6],
    "answer_latency": [0.0, 0.02],
    "rate_429": 0.05,
    "retry_after": 0.2,
    "rate_5xx": 0.03,
    "rate_5xx_after": 0.01,
    "reset_before": 0.03,
    "reset_after": 0.02,
    "poll_failures": 0.05,
    "cut_downloads": 0.05,
    "moderation": 0.02,
    "content_moderation": 0.02,
    "errors": 0.01,
    "picture_bytes": 7000,
    # Every synchronous job that is cut off ends in doubt: short ones leave more for later kills.
    "azure-flux": {"latency": [0.02, 0.2]},
}
"""Everything that goes wrong out there, a little of each."""

TARGETS = (Target("bfl", "flux-pro-1.1"), Target("bfl", "flux-2-pro"), Target("azure-flux", "FLUX-1.1-pro"))

EVERY_SERVICE = (
    *TARGETS,
    Target("openai", "gpt-image-2.5-flare"),
    Target("azure-openai", "gpt-image-2"),
    Target("fal", "fal-ai/flux/dev"),
    Target("flux-schnell"),
    Target("replicate", "black-forest-labs/flux-dev"),
    Target("a1111", "default"),
)

OTHER_NAMES = {"fal/fal-ai/flux/schnell": "flux-schnell"}
"""What the ledger calls a target that another service draws."""

FREE = "a1111"
"""Where sending again costs nothing: may be accepted twice, is never in doubt."""


@dataclass
class Report:
    """The counts of one trial. `broken` lists every promise that was not kept; empty is good."""

    jobs: int = 0
    kills: int = 0
    kills_at_work: int = 0
    states: dict[str, int] = field(default_factory=dict)
    accepted: int = 0
    submitted_twice: int = 0
    uncollected: int = 0
    ambiguous: int = 0
    in_doubt: int = 0
    integrity: str = ""
    broken: list[str] = field(default_factory=list)


@contextlib.contextmanager
def served_sandbox(faults: dict[str, Any], folder: Path) -> Iterator[dict[str, str]]:
    """Serve the sandbox from a process of its own; gives the variables that point a client there."""
    path = folder / "faults.json"
    path.write_text(json.dumps(faults))
    process = subprocess.Popen(
        [sys.executable, "-m", "fluxtui", "sandbox", "--port", "0", "--faults", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield _read_environment(process)
    finally:
        process.send_signal(signal.SIGINT)
        process.stdout.close()
        process.wait(10)


def _read_environment(process: "subprocess.Popen[str]") -> dict[str, str]:
    assert process.stdout is not None
    lines = [process.stdout.readline().strip() for _ in sandbox.environment()]
    environment = dict(line.split("=", 1) for line in lines if "=" in line)
    assert environment.keys() == sandbox.environment().keys(), f"the sandbox did not start; it said {lines}"
    return environment


def ledger(environment: dict[str, str]) -> list[dict[str, Any]]:
    """Return the sandbox's own record of every submission."""
    with urllib.request.urlopen(f"{environment['BFL_FLUX_API_URL']}/sandbox/ledger?full=1") as answer:
        records: list[dict[str, Any]] = json.load(answer)["records"]
    return records


def batch(jobs: int, targets: tuple[Target, ...]) -> Batch:
    """Return a batch whose jobs all differ, so that the ledger can tell them apart."""
    count = -(-jobs // len(targets))
    tasks = tuple(Task(f"task-{n}", f"picture number {n}", parameters={"seed": n}) for n in range(count))
    return Batch("kills", tasks, targets)


async def _begin(workspace: Path, jobs: int, targets: tuple[Target, ...]) -> int:
    planned = plan(batch(jobs, targets), Services.load())
    with Journal(database_path(workspace)) as journal:
        return await start_run(journal, workspace, planned, RunOptions(concurrency=2))


async def _resume(workspace: Path, run_id: int) -> None:
    with Journal(database_path(workspace)) as journal:
        await resume_run(journal, run_id)


def _run(workspace: Path, run_id: int) -> RunRow:
    reader = open_reader(database_path(workspace))
    try:
        row = queries.run(reader, run_id)
    finally:
        reader.close()
    assert row is not None
    return row


def trial(
    workspace: Path,
    environment: dict[str, str],
    *,
    jobs: int,
    kills: int,
    seed: int = 0,
    targets: tuple[Target, ...] = TARGETS,
) -> Report:
    """Run `jobs` jobs, killing the runner `kills` times on the way (or until all is done), and compare books."""
    os.environ.update(environment)
    dice = random.Random(seed)
    report = Report()
    run_id = asyncio.run(_begin(workspace, jobs, targets))
    settled = {RunState.FINISHED, RunState.CANCELLED}
    while (row := _run(workspace, run_id)).state not in settled:
        if row.state is not RunState.READY:
            asyncio.run(_resume(workspace, run_id))
        pid = ensure_runner(workspace)
        if report.kills < kills and pid:
            # Two of five lives end anywhere in the start, the others soon after work has begun.
            if dice.random() < 0.4:
                _let_live(workspace, pid, dice.uniform(0, 1.2))
            else:
                _let_begin(workspace, pid)
                _let_live(workspace, pid, dice.expovariate(1 / 0.15))
            report.kills += _kill(workspace, pid, report)
        else:
            _let_live(workspace, pid or 0, 600)
    _compare(workspace, run_id, ledger(environment), report)
    return report


def _let_live(workspace: Path, pid: int, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and holder(workspace) == pid:
        time.sleep(0.005)


def _let_begin(workspace: Path, pid: int) -> None:
    reader = open_reader(database_path(workspace))
    try:
        seen = queries.data_version(reader)
        end = time.monotonic() + 30
        while time.monotonic() < end and holder(workspace) == pid:
            if queries.data_version(reader) != seen and _under_way(reader):
                return
            time.sleep(0.002)
    finally:
        reader.close()


def _under_way(reader: sqlite3.Connection) -> int:
    rows = reader.execute("SELECT count(*) FROM jobs WHERE state IN ('sending', 'waiting', 'fetching')")
    return int(rows.fetchone()[0])


def _kill(workspace: Path, pid: int, report: Report) -> bool:
    if holder(workspace) != pid:
        return False
    os.kill(pid, signal.SIGKILL)
    while holder(workspace) == pid:
        time.sleep(0.002)
    reader = open_reader(database_path(workspace))
    report.kills_at_work += _under_way(reader) > 0
    reader.close()
    return True


def _compare(workspace: Path, run_id: int, records: list[dict[str, Any]], report: Report) -> None:
    connection = sqlite3.connect(database_path(workspace))
    report.integrity = connection.execute("PRAGMA integrity_check").fetchone()[0]
    connection.close()
    reader = open_reader(database_path(workspace))
    details = [queries.job_detail(reader, job_id) for job_id in job_list.job_ids(reader, run_id)]
    reader.close()
    jobs = {_name(d.row.target, d.request.prompt): d for d in details if d is not None}
    report.jobs = len(jobs)
    for detail in jobs.values():
        report.states[detail.row.state] = report.states.get(detail.row.state, 0) + 1
    report.in_doubt = report.states.get(JobState.IN_DOUBT, 0)
    if report.integrity != "ok":
        report.broken.append(f"the database is damaged: {report.integrity}")
    accepted: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        if record["accepted"]:
            accepted.setdefault(_ledger_name(record), []).append(record)
    report.accepted = sum(len(same) for same in accepted.values())
    for name, same in accepted.items():
        _check_accepted(name, jobs[name], same, report)
    for name, detail in jobs.items():
        _check_job(workspace, name, detail, bool(accepted.get(name)), report)


def _name(target: str, prompt: str) -> str:
    return f"{target} {prompt}"


def _ledger_name(record: dict[str, Any]) -> str:
    target = f"{record['service']}/{record['model']}"
    if record["service"] == FREE:
        target = f"{FREE}/default"  # the ledger knows which checkpoint was loaded
    return _name(OTHER_NAMES.get(target, target), record["prompt"])


def _check_accepted(name: str, detail: JobDetail, same: list[dict[str, Any]], report: Report) -> None:
    state = detail.row.state
    if name.startswith(FREE):
        return
    if len(same) > 1:
        report.submitted_twice += 1
        report.broken.append(f"{name} was accepted {len(same)} times")
    for record in same:
        if not record["answered"]:
            report.ambiguous += 1
            # A filtered picture was accepted and is answered by an error, which tells all there is to tell.
            told = record["outcome"] == "content-moderated" and state is JobState.REFUSED
            if state is not JobState.IN_DOUBT and not told:
                report.broken.append(f"{name} was accepted and never answered, yet it is {state}")
        if record["outcome"] == "picture" and not record["collections"] and state is not JobState.IN_DOUBT:
            report.uncollected += 1
            report.broken.append(f"{name} was accepted and made, never collected, and is {state}")


def _check_job(workspace: Path, name: str, detail: JobDetail, accepted: bool, report: Report) -> None:
    state = detail.row.state
    if state not in (JobState.DONE, JobState.REFUSED, JobState.FAILED, JobState.IN_DOUBT):
        report.broken.append(f"{name} ended as {state}")
    if state is JobState.IN_DOUBT and (detail.ticket is not None or name.startswith(FREE)):
        report.broken.append(f"{name} is in doubt, and could have been asked for or sent again")
    if state is JobState.DONE:
        if not accepted:
            report.broken.append(f"{name} is done, and the service never accepted it")
        for image in detail.images:
            data = (workspace / image.path).read_bytes()
            if hashlib.sha256(data).hexdigest() != image.sha256:
                report.broken.append(f"{name}: {image.path} is not what was recorded")
        if len(detail.images) != 1:
            report.broken.append(f"{name} has {len(detail.images)} pictures")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=300)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--all-services", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        faults = {**FAULTS, "seed": options.seed}
        with served_sandbox(faults, Path(folder)) as environment:
            report = trial(
                Path(folder) / "output",
                environment,
                jobs=options.jobs,
                kills=options.kills,
                seed=options.seed,
                targets=EVERY_SERVICE if options.all_services else TARGETS,
            )
    print(json.dumps(asdict(report), indent=2))
    return 1 if report.broken or report.kills < options.kills else 0


if __name__ == "__main__":
    sys.exit(main())
