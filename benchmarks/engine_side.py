"""The runner as it is: journal on disk, pictures checked and synced, real providers; thumbnails and sidecars apart.

Two steps, each in a process of its own, as with the real commands: `plan` records a run in a
workspace, `run` is the runner that works it off. Only the second is measured.
"""

import argparse
import asyncio
import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from benchmarks.measure import POLL, Side, cpu, peak_rss_mb, report
from fluxtui.domain.batch import Batch, Target, Task
from fluxtui.domain.jobs import JobState
from fluxtui.engine.launch import RunOptions, start_run
from fluxtui.engine.lock import RunnerLock
from fluxtui.engine.plan import plan
from fluxtui.engine.runner import Runner
from fluxtui.engine.services import Services
from fluxtui.history import queries
from fluxtui.history.database import database_path, open_reader
from fluxtui.history.journal import Journal
from fluxtui.providers.base import Pace, Provider

TARGETS = {"azure": Target("azure-flux", "FLUX-1.1-pro"), "bfl": Target("bfl", "flux-pro-1.1")}


def configure(server: str) -> None:
    """Point the providers at the server, and at nothing that this machine may have configured."""
    os.environ |= {
        "AZURE_FLUX_ENDPOINT": (
            f"{server}/openai/deployments/FLUX-1.1-pro/images/generations?api-version=2025-04-01-preview"
        ),
        "AZURE_FLUX_API_KEY": "benchmark",
        "AZURE_FLUX_DEPLOYMENT": "FLUX-1.1-pro",
        "BFL_FLUX_API_KEY": "benchmark",
        "BFL_FLUX_API_URL": server,
        "ENABLE_BFL_FLUX": "true",
    }


class QuickServices(Services):
    """The real providers, asked for their answers as often as the bare loop asks."""

    def provider(self, provider_id: str) -> Provider:
        found = super().provider(provider_id)
        found.pace = partial(_quick, type(found), found)  # type: ignore[method-assign]
        return found


def _quick(kind: type[Provider], provider: Provider, model: str) -> Pace:
    return replace(kind.pace(provider, model), first_poll=POLL, poll_interval=POLL)


async def record(workspace: Path, route: str, size: str, jobs: int, in_flight: int) -> None:
    """Plan a batch of `jobs` prompts and leave it as a run that waits for its runner."""
    services = QuickServices.load(directory=workspace)
    tasks = tuple(
        Task(f"picture-{n:05}", f"{size} picture {n}", parameters={"size": "1024x1024", "output_format": "png"})
        for n in range(jobs)
    )
    planned = plan(Batch("throughput", tasks), services, targets=[TARGETS[route]])
    with Journal(database_path(workspace)) as journal:
        await start_run(journal, workspace, planned, RunOptions(concurrency=in_flight, metadata=False))


async def work_off(workspace: Path) -> Side:
    """Be the runner until the run is over."""
    _import_all()
    lock = RunnerLock(workspace)
    if not lock.acquire():
        raise RuntimeError(f"another runner works in {workspace}")
    with lock:
        runner = Runner(
            workspace, lambda sandbox: QuickServices.load(directory=workspace), linger=0.0, thumbnails=False
        )
        before = cpu()
        await runner.run(lock)
        used = cpu() - before
    return _side(workspace, used)


def _side(workspace: Path, used: float) -> Side:
    """Read the time from the first request to the last picture from the history itself."""
    reader = open_reader(database_path(workspace))
    try:
        run = queries.latest_run(reader)
        assert run is not None
        done = run.counts.get(JobState.DONE, 0)
        if done != run.jobs:
            raise RuntimeError(f"only {done} of {run.jobs} jobs were done: {dict(run.counts)}")
        first, last = reader.execute("SELECT min(started_at), max(ended_at) FROM attempts").fetchone()
        return Side(done, last - first, used, peak_rss_mb())
    finally:
        reader.close()


def _import_all() -> None:
    """Import what the runner imports when it first needs it: the bare loop's imports are not timed either."""
    import pybase64  # noqa: F401
    from PIL import PngImagePlugin  # noqa: F401

    import fluxtui.providers.http
    import fluxtui.settings.core
    import fluxtui.settings.sections  # noqa: F401


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="one side of benchmarks/throughput.py: the runner")
    parser.add_argument("step", choices=("plan", "run"))
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--server", required=True)
    parser.add_argument("--route", choices=tuple(TARGETS), default="azure")
    parser.add_argument("--size", choices=("tiny", "large"), default="tiny")
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--in-flight", type=int, default=64)
    chosen = parser.parse_args(arguments)
    configure(chosen.server)
    if chosen.step == "plan":
        asyncio.run(record(chosen.workspace, chosen.route, chosen.size, chosen.jobs, chosen.in_flight))
    else:
        report(asyncio.run(work_off(chosen.workspace)))


if __name__ == "__main__":
    main()
