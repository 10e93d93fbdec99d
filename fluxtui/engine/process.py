"""Hosting the runner: in a process of its own, or in the foreground of a command."""

import asyncio
import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path

from fluxtui.engine.lock import RunnerLock
from fluxtui.engine.runner import Runner
from fluxtui.engine.services import Services


def make_runner(workspace: Path, *, linger: float = 2.0, thumbnails: bool = True) -> Runner:
    return Runner(workspace, lambda sandbox: Services.load(sandbox=sandbox), linger=linger, thumbnails=thumbnails)


async def serve(workspace: Path, *, linger: float = 2.0) -> bool:
    """Be the workspace's runner until nothing is left to do; False when another one is.

    SIGTERM and SIGINT end it gently (requests under way get their answer); a second one at once.
    SIGHUP does nothing: closing a terminal stops no job. Raises FluxtuiError.
    """
    lock = RunnerLock(workspace)
    if not lock.acquire():
        return False
    with lock:
        runner = make_runner(workspace, linger=linger)
        with handling_signals(runner):
            await runner.run(lock)
    return True


@contextlib.contextmanager
def handling_signals(runner: Runner) -> Iterator[None]:
    """While inside, signals end the runner as `serve` says."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, runner.stop)
    loop.add_signal_handler(signal.SIGHUP, lambda: None)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.remove_signal_handler(number)
