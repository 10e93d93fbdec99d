"""Carrying runs through in the foreground: host the workspace's runner, or follow the one that is there."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Protocol

from fluxtui import logs
from fluxtui.cli.exits import Exit, of_run, worst
from fluxtui.cli.following import News, Watch
from fluxtui.cli.session import Session
from fluxtui.domain.jobs import RunState
from fluxtui.engine import launch
from fluxtui.engine.lock import RunnerLock, holder
from fluxtui.engine.process import make_runner
from fluxtui.engine.runner import Runner
from fluxtui.history import queries, runs
from fluxtui.history.database import database_path, open_reader
from fluxtui.history.journal import Journal

LOOK_EVERY = 0.1
_LINGER = 0.3
_LEFT = frozenset({RunState.RUNNING, RunState.INTERRUPTED})
"""How a runner that died leaves its runs, and what the next one makes of them."""


class View(Protocol):
    """Shows runs that are under way, in one way or another."""

    def news(self, news: News) -> None: ...
    def ended(self, news: News, code: Exit) -> None: ...
    def tick(self) -> None: ...
    def close(self) -> None: ...
    def say(self, text: str) -> None:
        """Narrate: a line on stderr."""
        ...


class Foreground:
    """Carries the given runs through until each has settled, or the person stops it.

    `after` holds, by run, the last event that is not news any more.
    """

    def __init__(
        self, session: Session, run_ids: list[int], view: View, *, after: Mapping[int, int] | None = None
    ) -> None:
        self.session = session
        self.workspace: Path = session.workspace
        self.view = view
        self.codes: dict[int, Exit] = {}
        self._watches = {
            run_id: Watch(self.workspace, run_id, after=(after or {}).get(run_id, 0)) for run_id in run_ids
        }
        self._open = dict.fromkeys(run_ids)
        self._last: dict[int, News] = {}
        self._runner: Runner | None = None
        self._following = False
        self._stop_asked = False
        self._interrupted = asyncio.Event()
        self._followed: int | None = None

    async def carry(self) -> Exit:
        """Return what it came to: the worst of the runs, INTERRUPTED when it was stopped."""
        logs.catch_crashes()
        logs.catch_task_crashes(asyncio.get_running_loop())
        try:
            with self._handling_signals():
                await self._carry()
        finally:
            self.view.close()
            for watch in self._watches.values():
                watch.close()
        return worst(self.codes.values())

    async def _carry(self) -> None:
        while True:
            await self._look()
            if not self._open or self._interrupted.is_set():
                break
            lock = RunnerLock(self.workspace)
            if lock.acquire():
                await self._host(lock)
            else:
                await self._follow()
        if self._open and not self._following and holder(self.workspace) is None:
            # Stopped before the runner had taken them up: the next runner must not do it unasked.
            await self._write(RunState.INTERRUPTED, frozenset({RunState.READY}))
            await self._look()
        for run_id in list(self._open):
            self._end(run_id, Exit.INTERRUPTED)

    # --- hosting -----------------------------------------------------------------------------

    async def _host(self, lock: RunnerLock) -> None:
        with lock:
            await self._write(RunState.READY, _LEFT)
            self.session.start_log("runner")
            runner = self._runner = make_runner(self.workspace, linger=_LINGER)
            self._stop_asked = False
            task = asyncio.create_task(runner.run(lock), name="runner")
            try:
                while not task.done() and self._open and not self._interrupted.is_set():
                    await self._look()
                    await self._pause(task)
                self._stop_once(runner)
                await self._wind_down(task)
            finally:
                self._runner = None
                logs.stop()
        await self._look()
        await asyncio.to_thread(self._leave_to_others)

    async def _wind_down(self, task: "asyncio.Task[None]") -> None:
        """Wait for the runner's end, showing what still comes in. Raises what it raised."""
        while not task.done():
            await self._look()
            await asyncio.wait({task}, timeout=LOOK_EVERY)
        await task

    async def _pause(self, task: "asyncio.Task[None]") -> None:
        interrupted = asyncio.ensure_future(self._interrupted.wait())
        await asyncio.wait({task, interrupted}, timeout=LOOK_EVERY, return_when=asyncio.FIRST_COMPLETED)
        interrupted.cancel()

    def _stop_once(self, runner: Runner) -> None:
        """Ask the runner to end with our runs: asked a second time, it would drop what is under way."""
        if not self._stop_asked:
            self._stop_asked = True
            runner.stop(ending=frozenset(self._watches))

    async def _write(self, state: RunState, only_from: frozenset[RunState]) -> None:
        """Change the state of our runs that have not settled."""
        journal = Journal(database_path(self.workspace))
        await asyncio.to_thread(journal.open)
        try:
            for run_id in list(self._open):
                await journal.write(partial(runs.set_run_state, run_id=run_id, state=state, only_from=only_from))
        finally:
            await asyncio.to_thread(journal.close)

    def _leave_to_others(self) -> None:
        """When another command's work is left, start the runner that outlives us."""
        connection = open_reader(database_path(self.workspace))
        try:
            ready = set(queries.runs_in(connection, RunState.READY))
            left = bool(ready - self._watches.keys() or queries.open_controls(connection))
        finally:
            connection.close()
        if left:
            self.view.say("Other runs of this workspace go on in the background.")
            launch.ensure_runner(self.workspace)

    # --- following ---------------------------------------------------------------------------

    async def _follow(self) -> None:
        """Look on until the runs have settled, the runner is gone, or the person has seen enough."""
        self._followed, self._following = holder(self.workspace), True
        if self._followed:
            self.view.say(f"Following the runner (pid {self._followed}) that is at work in this workspace.")
        while self._open and not self._interrupted.is_set():
            gone = holder(self.workspace) is None
            await self._look()
            if gone:
                self._following = False
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._interrupted.wait(), LOOK_EVERY)

    # --- looking -----------------------------------------------------------------------------

    async def _look(self) -> None:
        """Show what is new of every run, and take note of those that have settled."""
        for run_id in list(self._open):
            watch = self._watches[run_id]
            # Settled is asked before the last look, so that no change in between goes unseen.
            settled = await asyncio.to_thread(watch.settled)
            while True:
                news = await asyncio.to_thread(watch.look)
                if news is not None:
                    self._last[run_id] = news
                    self.view.news(news)
                if news is None or not news.more:
                    break
            if settled is not None and not await self._taken_over(run_id, settled.state):
                self._end(run_id, of_run(settled))
        self.view.tick()

    async def _taken_over(self, run_id: int, state: RunState) -> bool:
        """Ask for our run again when the runner died and another one took the workspace before us."""
        if state is not RunState.INTERRUPTED or self._runner is not None:
            return False
        pid = await asyncio.to_thread(self._watches[run_id].runner_pid)
        if not self._followed or pid is None or pid in (self._followed, os.getpid()):
            return False
        self._followed = pid
        await self._write(RunState.READY, _LEFT)
        return True

    def _end(self, run_id: int, code: Exit) -> None:
        del self._open[run_id]
        self.codes[run_id] = code
        if run_id in self._last:
            self.view.ended(self._last[run_id], code)

    # --- signals -----------------------------------------------------------------------------

    @contextlib.contextmanager
    def _handling_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._interrupt)
        # Losing the terminal stops no job, as everywhere in fluxtui.
        loop.add_signal_handler(signal.SIGHUP, lambda: None)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                loop.remove_signal_handler(number)

    def _interrupt(self) -> None:
        numbers = " ".join(str(run_id) for run_id in self._open)
        if self._following:
            self.view.say("Not following any more; the run goes on. `fluxtui resume` follows it again.")
        elif not self._interrupted.is_set():
            self.view.say(
                "Stopping: nothing more is sent, answers under way are awaited. Once more stops at once and leaves"
                f" them in doubt. `fluxtui resume {numbers}` goes on."
            )
            if self._runner is not None:
                self._stop_once(self._runner)
        elif self._runner is not None:
            self._runner.stop()
        self._interrupted.set()
