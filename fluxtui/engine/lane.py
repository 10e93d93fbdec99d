"""A running target's share of the runner: its limiter, its jobs, and the reason when it stands still."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from fluxtui.domain.jobs import JobState
from fluxtui.domain.problems import Problem, ProblemKind
from fluxtui.engine.breaker import Breaker, Circuit
from fluxtui.engine.health import Health
from fluxtui.engine.limiter import AdaptiveLimit
from fluxtui.engine.resend import Decision
from fluxtui.engine.work import Tools, Work
from fluxtui.history import transitions
from fluxtui.history.database import HistoryError
from fluxtui.history.journal import Journal
from fluxtui.history.records import LaneRow
from fluxtui.history.transitions import ClaimedJob, Transition
from fluxtui.history.wishes import LaneWish, switched_off

log = logging.getLogger(__name__)

_DISK_PAUSE = 3.0


class RunnerDoor(Protocol):
    """What a lane asks of and tells the runner."""

    lanes: dict[str, "Lane"]

    def running(self, lane: str) -> Iterable[int]:
        """Return the ids of the running runs that have jobs for this lane, in order."""
        ...

    def saved(self, job: ClaimedJob) -> None: ...
    def parked(self, lane: "Lane", problem: Problem) -> None: ...
    def disk_trouble(self, problem: Problem | None) -> None: ...


@dataclass(slots=True)
class Account:
    """What the lanes of one provider account share: how many requests it bears at once, None for no limit.

    Where there is a limit, its lanes claim one after the other: side by side they would take the same room.
    """

    limit: int | None
    in_flight: int = 0
    claiming: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def free(self) -> int:
        return 1_000_000 if self.limit is None else max(0, self.limit - self.in_flight)


class Lane:
    """Claims jobs of one target as long as it may, and lives each as a task."""

    def __init__(self, key: str, target: str, sandbox: bool, tools: Tools, account: Account, door: RunnerDoor) -> None:
        self.key, self.target, self.sandbox = key, target, sandbox
        self.health = Health(time.time)
        self.tools = replace(tools, http=tools.http.heard_by(self.health.heard))
        self.account = account
        self.door = door
        self.wish = LaneWish(key)
        self.bearable = tools.provider.pace(target.partition("/")[2]).in_flight
        """The most requests at once that the service, or else the run, allows where a person wishes nothing."""
        self.limit = AdaptiveLimit(self.bearable, time.time)
        self.parked_by: Problem | None = None
        self.capped: set[int] = set()
        self.works: dict[int, Work] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._wake = asyncio.Event()
        self._unparked = asyncio.Event()
        self._unparked.set()
        self._next_at: float | None = None
        self.breaker = Breaker(time.time)
        self._trouble: Problem | None = None
        self._open = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None
        self.ending = False  # nothing more is claimed

    # --- for the runner ---

    def start(self) -> None:
        self._pump = asyncio.create_task(self._run(), name=f"lane {self.key}")

    def open(self) -> None:
        """Allow new submissions; before this, only work that a dead runner left is collected."""
        self._open.set()

    def wake(self) -> None:
        self._wake.set()

    def obey(self, wish: LaneWish) -> None:
        """Do what a person wishes for this lane."""
        self.wish = wish
        self.limit.allow(wish.limit or self.bearable)
        if self.account.limit is not None and wish.limit is not None:
            self.account.limit = max(self.account.limit, wish.limit)
        self.wake()

    def adopt(self, job: ClaimedJob) -> Work:
        """Take up a job that is already accepted (`waiting`, `fetching`)."""
        return self._begin(job)

    def unpark(self) -> None:
        if self.parked_by is not None:
            self.parked_by = None
            self.limit.restart()
        self.breaker.reset()
        self._unparked.set()
        self.capped.clear()
        self.wake()

    async def stop(self, patience: float) -> None:
        """Claim nothing more; let what is being sent get its answer within `patience` seconds."""
        self.ending = True
        self._open.set()
        self.wake()
        if self._pump is not None:
            await self._pump  # not cancelled: what a claim under way brings would be in doubt, though never sent
        for job_id, work in self.works.items():
            if work.interruptible or work.blocked:
                self._tasks[job_id].cancel()
        if self._tasks:
            await asyncio.wait(list(self._tasks.values()), timeout=patience)
        for task in list(self._tasks.values()):
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def abort(self) -> None:
        """Let go of everything at once."""
        for task in self._tasks.values():
            task.cancel()

    @property
    def in_flight(self) -> int:
        return len(self.works)

    def busy(self, run_id: int) -> bool:
        """Return whether jobs of a run are getting anywhere in this lane."""
        return any(work.job.run_id == run_id and not work.blocked for work in self.works.values())

    @property
    def stands_still(self) -> Problem | None:
        """Why nothing new is sent for a while, or until a person has seen to it; None when it is."""
        return self.parked_by or (self._trouble if self.breaker.state is Circuit.OPEN else None)

    @property
    def idle(self) -> bool:
        return all(work.blocked for work in self.works.values())

    def row(self) -> LaneRow:
        if self.parked_by is not None:
            state, problem = "parked", self.parked_by
        elif not self.wish.enabled:
            state, problem = "disabled", switched_off(self.target)
        elif self.wish.paused:
            state, problem = "paused", None
        elif self.breaker.state is not Circuit.CLOSED:
            state, problem = "open", self._trouble
        else:
            state, problem = ("limited" if self.limit.waits > 0 else "ok"), None
        resume_at = {"limited": self.limit.resume_at, "open": self.breaker.open_until}.get(state)
        return LaneRow(
            key=self.key,
            provider=self.tools.provider.id,
            target=self.target,
            sandbox=self.sandbox,
            state=state,
            in_flight=self.in_flight,
            limit=self.limit.value,
            resume_at=resume_at,
            problem=problem,
            updated_at=round(time.time(), 3),
            p50=self.health.percentile(0.5),
            p95=self.health.percentile(0.95),
            errors=self.health.errors,
            headroom=self.health.headroom,
            headroom_limit=self.health.headroom_limit,
            succeeded_at=self.health.succeeded_at,
            circuit=self.breaker.state.value,
            latencies=self.health.latencies,
            enabled=self.wish.enabled,
            wished=self.wish.limit,
        )

    # --- for a job's work ---

    def accepted(self) -> None:
        self.breaker.succeeded()
        self.limit.accepted()
        self.wake()

    def judged(self, decision: Decision) -> None:
        """A submission failed: hold the lane back as far as that concerns it."""
        if decision.park:
            self.park(decision.problem)
            return
        if decision.throttled:
            self.limit.throttled(decision.lane_wait or 0.0)
        elif decision.lane_wait is not None:
            self.limit.pause(decision.lane_wait)
        if self.breaker.failed(decision.problem.kind):
            self._trouble = decision.problem
            log.warning("lane %s rests: %s", self.key, decision.problem.sentence())
        if self.breaker.hopeless:
            self.park(
                decision.problem.with_advice(
                    "Check the network, the service's address and its status page, then resume; nothing was lost."
                )
            )

    def park(self, problem: Problem) -> None:
        """Stand still until a person has seen to `problem`; the jobs stay queued."""
        if self.parked_by is None:
            log.warning("lane %s is parked: %s", self.key, problem.sentence())
            self.parked_by = problem
            self._unparked.clear()
            self.door.parked(self, problem)

    async def unparked(self) -> None:
        await self._unparked.wait()

    def disk_trouble(self, problem: Problem | None) -> None:
        self.door.disk_trouble(problem)

    def saved(self, job: ClaimedJob) -> None:
        # What a dead runner had sent took as long as nobody was there, not as the service did.
        self.health.succeeded(time.time() - job.started_at if job.state is JobState.SENDING else None)
        self.door.saved(job)

    # --- the pump ---

    async def _run(self) -> None:
        await self._open.wait()
        while not self.ending:
            self._wake.clear()
            wait = max(self.limit.waits, self.breaker.waits)
            if not wait and self.wish.enabled and not self.wish.paused and self.parked_by is None:
                try:
                    await self._claim()
                except Exception as error:  # noqa: BLE001 - judged and told there
                    # Whatever it is: a lane must not stand still without a word.
                    await _stumbled(self, error)
                if self._next_at is not None:
                    wait = max(wait, min(self._next_at - time.time(), 60.0), 0.01)
            await _until(self._wake, wait or None)

    async def _claim(self) -> None:
        """Fill the lane: one claim a running run, oldest first, while there is room."""
        self._next_at = None
        for run_id in list(self.door.running(self.key)):
            async with self.account.claiming if self.account.limit is not None else contextlib.nullcontext():
                room = min(
                    self.limit.value - self.in_flight,
                    self.account.free,
                    self.breaker.room(sum(work.sending for work in self.works.values())),
                )
                if room <= 0:
                    return
                take = partial(transitions.claim, run_id=run_id, lane=self.key, most=room)
                claim = await self.tools.journal.write(take)
                if self.ending:
                    await _put_back(self.tools.journal, claim.jobs)
                    return
                for job in claim.jobs:
                    self._begin(job)
            if claim.capped:
                self.capped.add(run_id)
            if claim.next_at is not None:
                self._next_at = min(claim.next_at, self._next_at or claim.next_at)

    def _begin(self, job: ClaimedJob) -> Work:
        work = Work(job, self.tools, self)
        self.works[job.id] = work
        self.account.in_flight += 1
        task = asyncio.create_task(work.run(), name=f"job {job.id}")
        self._tasks[job.id] = task
        task.add_done_callback(partial(self._ended, job))
        return work

    def _ended(self, job: ClaimedJob, task: "asyncio.Task[None]") -> None:
        del self.works[job.id], self._tasks[job.id]
        self.account.in_flight -= 1
        for lane in self.door.lanes.values():
            if job.run_id in lane.capped:  # what it did not use of its reservation may be room for another
                lane.capped.discard(job.run_id)
                lane.wake()
        if not task.cancelled() and task.exception() is not None:
            log.error("job %d ended in an error: %r", job.id, task.exception())
        self.wake()


async def _stumbled(lane: Lane, error: Exception) -> None:
    """See to a claim that failed: wait for a disk that is full, park the lane for anything else."""
    if isinstance(error, HistoryError) and error.problem.kind is ProblemKind.DISK:
        log.error("lane %s sends nothing: %s", lane.key, error.problem.sentence())
        await asyncio.sleep(_DISK_PAUSE)
        return
    log.error("lane %s broke off", lane.key, exc_info=error)
    lane.park(
        Problem(
            ProblemKind.INTERNAL,
            f"The lane {lane.key} broke off with {type(error).__name__}.",
            "This is a mistake in fluxtui; the jobs stay queued.",
            "Please report it with the log file, then resume.",
        )
    )


async def _put_back(journal: Journal, jobs: Iterable[ClaimedJob]) -> None:
    """Queue again what was claimed and has not been sent."""
    for job in jobs:
        step = Transition(job.id, JobState.SENDING, JobState.QUEUED, throttled=True)
        await journal.write(partial(transitions.apply, step=step))


async def _until(event: asyncio.Event, seconds: float | None) -> None:
    if event.is_set():
        return
    try:
        async with asyncio.timeout(seconds):  # unlike wait_for, this makes no task
            await event.wait()
    except TimeoutError:
        pass
