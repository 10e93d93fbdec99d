"""The runner: one per workspace, it alone sends jobs. Screens read what it writes, and leave it wishes."""

import asyncio
import contextlib
import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

from fluxtui.domain.batch import Target
from fluxtui.domain.jobs import JobState, RunState
from fluxtui.domain.problems import ACCOUNT_PROBLEMS, FluxtuiError, Problem, ProblemKind
from fluxtui.engine import controls, lane_steering, recovery, standstill
from fluxtui.engine.connections import Connections
from fluxtui.engine.lane import Account, Lane
from fluxtui.engine.lock import RunnerLock
from fluxtui.engine.pool import BytePool
from fluxtui.engine.services import Services
from fluxtui.engine.side_steps import SideSteps
from fluxtui.engine.work import Tools, Work
from fluxtui.history import failover, presence, queries, runs, transitions
from fluxtui.history.database import HistoryError, database_path, open_reader
from fluxtui.history.journal import Journal
from fluxtui.history.records import Control, LaneRow, RunRow
from fluxtui.history.transitions import ClaimedJob
from fluxtui.history.wishes import LaneWish

log = logging.getLogger(__name__)

_TICK = 0.1
_TELL_EVERY = 0.25
_HEARTBEAT_EVERY = 5.0
_DISK_PAUSE = 3.0
_PATIENCE = 60.0
"""Seconds that requests under way get to be answered when the runner is asked to stop."""


class Runner:
    """Runs everything that is ready in a workspace, until nothing is left that it could do.

    `load_services(sandbox)` reads the settings anew each time. `linger` is how many seconds it
    waits for new work before it ends.
    """

    def __init__(
        self,
        workspace: Path,
        load_services: Callable[[bool], Services],
        *,
        linger: float = 2.0,
        thumbnails: bool = True,
        connections: Connections | None = None,
    ) -> None:
        self.workspace = workspace
        self.journal = Journal(database_path(workspace))
        self.pool = BytePool()
        self.lanes: dict[str, Lane] = {}
        self.wishes: dict[str, LaneWish] = {}
        self.errands: set[asyncio.Task[None]] = set()
        self._stuck: dict[str, LaneRow] = {}
        self._load_services = load_services
        self._services: dict[bool, Services] = {}
        self._accounts: dict[tuple[str, bool], Account] = {}
        self.connections = connections or Connections(workspace)
        self._linger = linger
        self._side = SideSteps(workspace, self.journal, thumbnails=thumbnails)
        self._runs: dict[int, set[str]] = {}
        self._with_fallbacks: set[int] = set()
        self._stopping = asyncio.Event()
        self._interrupted: frozenset[int] | None = None
        self._patience = _PATIENCE
        self._disk_problem: Problem | None = None
        self._told: dict[str, LaneRow] = {}
        self._told_at = 0.0
        self._reader: sqlite3.Connection | None = None

    # --- life ---

    async def run(self, lock: RunnerLock) -> None:
        """Work until idle or stopped. `lock` is held by the caller, and given back at the end.

        Raises FluxtuiError when the history cannot be opened.
        """
        self.journal.open()
        self._reader = open_reader(database_path(self.workspace))
        try:
            while True:
                await self._serve()
                lock.release()
                # Whoever left work just now saw the lock held and counts on this runner.
                if self._stopping.is_set() or not self._wanted() or not lock.acquire():
                    return
        finally:
            await self._close()
            lock.release()

    def stop(self, patience: float = _PATIENCE, *, ending: frozenset[int] | None = None) -> None:
        """End soon: send nothing more, wait up to `patience` seconds for answers under way.

        Its runs are interrupted; with `ending`, only those are, and the others are left ready for the
        next runner. Asked again, it ends at once; what has not been answered then is in doubt at the next start.
        """
        if self._stopping.is_set():
            for lane in self.lanes.values():
                lane.abort()
            return
        self._patience = patience
        self._interrupted = ending
        self._stopping.set()
        for lane in self.lanes.values():
            lane.ending = True

    async def _serve(self) -> None:
        await self.journal.write(partial(presence.appear, pid=os.getpid()))
        await self.journal.write(runs.interrupt_running)
        self._side.start()
        lane_steering.heed(self)
        await recovery.recover(self)
        idle_since = time.monotonic()
        while not self._stopping.is_set():
            try:
                await self._take_controls()
                lane_steering.heed(self)
                await self._take_up()
                await self._fail_over()
                for run_id in list(self._runs):
                    await self._evaluate(run_id)
                await self._tell()
            except HistoryError as error:
                if error.problem.kind is not ProblemKind.DISK:
                    raise
                # What is under way goes on: its answers are paid for, and wait in memory for the disk.
                log.error("the history cannot be written: %s", error.problem.sentence())
                await asyncio.sleep(_DISK_PAUSE)
                continue
            if self._busy():
                idle_since = time.monotonic()
            elif time.monotonic() - idle_since > self._linger:
                break
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), _TICK)
        await self._wind_down()

    async def _wind_down(self) -> None:
        for errand in self.errands:
            errand.cancel()
        await asyncio.gather(*(lane.stop(self._patience) for lane in self.lanes.values()))
        await self._tell(at_once=True)
        self.lanes.clear()
        self._runs.clear()
        await self.journal.write(partial(runs.interrupt_running, only=self._interrupted))
        await self.journal.write(presence.disappear)

    async def _close(self) -> None:
        await self._side.stop()
        await self.connections.close()
        self.pool.close()
        if self._reader is not None:
            self._reader.close()
        self.journal.close()

    def _wanted(self) -> bool:
        return bool(queries.runs_in(self.reader, RunState.READY) or queries.open_controls(self.reader))

    def _busy(self) -> bool:
        lanes = any(not lane.idle for lane in self.lanes.values())
        return lanes or bool(self._runs) or bool(self.errands) or not self._side.idle.is_set()

    @property
    def reader(self) -> sqlite3.Connection:
        assert self._reader is not None, "the runner is not running"
        return self._reader

    # --- runs ---

    async def _take_controls(self) -> None:
        for control in queries.open_controls(self.reader):
            outcome = await _outcome(self, control)
            log.info("control %d %s: %s", control.id, control.kind, outcome)
            await self.journal.write(partial(presence.take_control, control_id=control.id, outcome=outcome))

    async def _take_up(self) -> None:
        """Begin, or go on with, the runs that somebody asked for."""
        ready = queries.runs_in(self.reader, RunState.READY)
        for run_id in ready:
            row = queries.run(self.reader, run_id)
            if row is None:
                continue
            await self.reload(row.sandbox)  # a key may have been corrected meanwhile
            if await self.journal.write(partial(failover.has_fallbacks, run_id=run_id)):
                self._with_fallbacks.add(run_id)
            begin = partial(
                runs.set_run_state, run_id=run_id, state=RunState.RUNNING, only_from=frozenset({RunState.READY})
            )
            if not await self.journal.write(begin):
                continue  # paused or deleted meanwhile
            # Looked at only now: who appends to the run from here on makes it ready once more.
            lanes = set()
            for key, target in queries.lanes_with_work(self.reader, run_id):
                lanes.add(key)
                self._prepare(key, target, row)
            self._runs[run_id] = lanes
            for key in lanes & self.lanes.keys():
                self.lanes[key].open()
                self.lanes[key].unpark()
            await recovery.take_up_stranded(self, run_id)
        for run_id in set(self._runs) - set(queries.runs_in(self.reader, RunState.RUNNING)):
            del self._runs[run_id]  # paused, cancelled or deleted

    def _prepare(self, key: str, target: str, run: RunRow) -> None:
        wanted = self.reader.execute("SELECT concurrency FROM runs WHERE id = ?", (run.id,)).fetchone()[0]
        lane_steering.prepare(self, key, target, sandbox=run.sandbox, concurrency=wanted)

    async def _fail_over(self) -> None:
        """Hand queued jobs of lanes that stand still to the targets their batch names for that case."""
        still = {lane.key: lane.stands_still for lane in self.lanes.values()}
        still |= {key: row.problem for key, row in self._stuck.items()}
        for run_id, lanes in self._runs.items():
            if run_id not in self._with_fallbacks:
                continue
            for key in lanes & still.keys():
                problem = still[key]
                row = queries.run(self.reader, run_id)
                if problem is None or row is None:
                    continue
                move = partial(failover.fail_over, run_id=run_id, lane=key, sandbox=row.sandbox, reason=problem.what)
                for taker, target in await self.journal.write(move):
                    lanes.add(taker)
                    self._prepare(taker, target, row)
                    if taker in self.lanes:
                        self.lanes[taker].open()
                        self.lanes[taker].wake()

    async def _evaluate(self, run_id: int) -> None:
        """Say what a run has come to, when nothing of it moves any more."""
        row = queries.run(self.reader, run_id)
        if row is None:
            self._runs.pop(run_id, None)
            return
        state = standstill.outcome(self, row)
        if state is not None:
            self._runs.pop(run_id, None)
            if state in (RunState.PARKED, RunState.PAUSED):
                await self._tell(at_once=True)  # whoever sees the state looks for the reason next
            settle = partial(
                runs.set_run_state,
                run_id=run_id,
                state=state,
                only_from=frozenset({RunState.RUNNING}),
                held_back=state is RunState.PAUSED,
            )
            await self.journal.write(settle)

    # --- lanes ---

    async def reload(self, sandbox: bool) -> None:
        """Read the settings again, off the event loop. What is wrong with them shows when they are used."""
        self._services.pop(sandbox, None)
        with contextlib.suppress(FluxtuiError):
            self._services[sandbox] = await self.pool.run(self._load_services, sandbox)

    def services(self, sandbox: bool) -> Services:
        if sandbox not in self._services:
            self._services[sandbox] = self._load_services(sandbox)
        return self._services[sandbox]

    def lane(self, key: str, target: str, sandbox: bool) -> Lane | None:
        """Return the lane, making it if need be; None (and a parked row) when its service cannot be used."""
        self._stuck.pop(key, None)
        parsed = Target.parse(target)
        try:
            provider = self.services(sandbox).provider(parsed.provider)
        except FluxtuiError as error:
            self._stuck[key] = LaneRow(
                key, parsed.provider, target, sandbox, "parked", 0, 0, None, error.problem, time.time()
            )
            return None
        if key not in self.lanes:
            pace = provider.pace(parsed.model)
            account = self._accounts.setdefault((parsed.provider, sandbox), Account(pace.account_in_flight))
            tools = Tools(self.workspace, self.journal, self.pool, provider, self.connections.http(sandbox=sandbox))
            lane = self.lanes[key] = Lane(key, target, sandbox, tools, account, self)
            before = lane_steering.last_known(self, key)
            if before is not None:
                lane.health.remember(before.latencies, before.succeeded_at)
            lane.obey(self.wishes.get(key, LaneWish(key)))
            lane.start()
        return self.lanes[key]

    def held(self) -> frozenset[int]:
        """Return the ids of the jobs that lanes are at work on."""
        return frozenset(job_id for lane in self.lanes.values() for job_id in lane.works)

    async def adopt(self, job_id: int) -> Work | None:
        """Go on collecting an accepted job; None when its service cannot be used."""
        job = await self.journal.write(partial(transitions.job, job_id=job_id))
        collectable = job is not None and job.state in (JobState.WAITING, JobState.FETCHING)
        if job is None or not collectable or job_id in self.held():
            return None
        lane = self.lane(job.lane, job.target, job.lane.startswith("sandbox:"))
        return None if lane is None else lane.adopt(job)

    def running(self, lane: str) -> Iterable[int]:
        return () if self._disk_problem is not None else [r for r, lanes in self._runs.items() if lane in lanes]

    def saved(self, job: ClaimedJob) -> None:
        self._side.poke()

    def parked(self, lane: Lane, problem: Problem) -> None:
        """A trouble of the account stops every lane that uses it, before each finds out by itself."""
        if problem.kind in ACCOUNT_PROBLEMS:
            for other in self.lanes.values():
                if other.account is lane.account and other.parked_by is None:
                    other.park(problem)

    def disk_trouble(self, problem: Problem | None) -> None:
        if problem is not None and self._disk_problem is None:
            log.error("nothing is sent: %s", problem.sentence())
        self._disk_problem = problem
        for lane in self.lanes.values():
            lane.wake()

    async def _tell(self, *, at_once: bool = False) -> None:
        """Write the lanes' rows that changed, a few times a second."""
        now = time.monotonic()
        if now - self._told_at < _TELL_EVERY and not at_once and not self._stopping.is_set():
            return
        rows = {lane.key: lane.row() for lane in self.lanes.values()} | self._stuck
        changed = [row for key, row in rows.items() if not _same(row, self._told.get(key))]
        if changed or now - self._told_at > _HEARTBEAT_EVERY:
            await self.journal.write(partial(presence.tell, lanes=changed))
            self._told, self._told_at = rows, now
        for lane in self.lanes.values():
            lane.wake()  # room in the account, a cap that was raised, a disk that has space again


async def _outcome(runner: Runner, control: Control) -> str:
    """Do what a control asks and return what came of it; one that cannot be done stops nothing else."""
    try:
        return await controls.obey(runner, control)
    except Exception as error:
        if isinstance(error, HistoryError) and error.problem.kind is ProblemKind.DISK:
            raise  # it stays open until the disk has room
        log.exception("control %d %s broke off", control.id, control.kind)
        return f"failed: {type(error).__name__}"


def _same(row: LaneRow, before: LaneRow | None) -> bool:
    return before is not None and replace(row, updated_at=0) == replace(before, updated_at=0)
