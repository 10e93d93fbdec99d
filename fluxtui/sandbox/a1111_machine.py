"""The simulated machine: one thing at a time, in the order of arrival, and what can be seen of it from outside."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from fluxtui.domain.values import JsonObject
from fluxtui.sandbox.a1111_data import Checkpoint, Options, checkpoint_named, checkpoints

_REMEMBERED = 16
_UNCOUNTED_SHARE = 0.02


@dataclass
class Job:
    """The job that is running. `seconds` is how long all of it takes, `stop` is set by interrupt and skip."""

    id: str
    name: str
    started: float
    seconds: float
    steps: int
    count: int
    number: int = 0
    interrupted: bool = False
    skipped: bool = False
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    def done(self, now: float) -> float:
        """Return the share of the work that is done, 0 to 1."""
        return min(1.0, max(0.0, (now - self.started) / self.seconds)) if self.seconds > 0 else 1.0


class Machine:
    """What all clients of one server share: the queue, the loaded model, the options."""

    def __init__(self, clock: Callable[[], float], *, forge: bool) -> None:
        self._clock = clock
        self.forge = forge
        self.options = Options(forge=forge)
        self.loaded: Checkpoint = checkpoints(forge=forge)[0]
        self.hashed: set[str] = {self.loaded.name}
        self.job: Job | None = None
        self._lock = asyncio.Lock()
        self._pending: dict[str, None] = {}
        self._finished: deque[str] = deque(maxlen=_REMEMBERED)

    @asynccontextmanager
    async def turn(self, task_id: str, name: str, *, steps: int, count: int) -> AsyncIterator[Job]:
        """Wait for one's turn. Whoever came first goes first; a stop for the job before does not hit this one."""
        self._pending[task_id] = None
        try:
            await self._lock.acquire()
        finally:
            self._pending.pop(task_id, None)
        job = self.job = Job(task_id, name, self._clock(), 0.0, steps, count)
        try:
            yield job
        finally:
            self.job = None
            self._finished.append(task_id)
            self._lock.release()

    async def work(self, job: Job, wait: Callable[[float], Awaitable[None]], seconds: float) -> bool:
        """Work so many seconds on a job. Return whether it was left to finish."""
        worker, stopper = asyncio.ensure_future(wait(seconds)), asyncio.ensure_future(job.stop.wait())
        try:
            await asyncio.wait({worker, stopper}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            worker.cancel()
            stopper.cancel()
        stopped = job.stop.is_set()
        if job.skipped and not job.interrupted:
            job.skipped = False
            job.stop.clear()
        return not stopped

    def stop(self, *, skip: bool) -> None:
        """Interrupt the running job, whoever it belongs to, or skip its current picture."""
        if self.job is not None:
            self.job.interrupted = self.job.interrupted or not skip
            self.job.skipped = self.job.skipped or skip
            self.job.stop.set()

    def load(self, checkpoint: Checkpoint) -> None:
        self.loaded = checkpoint
        self.hashed.add(checkpoint.name)

    def wanted(self) -> Checkpoint:
        """Return the checkpoint that the options name."""
        return checkpoint_named(self.options.values["sd_model_checkpoint"], forge=self.forge) or self.loaded

    # -- what can be seen ---------------------------------------------------------------------

    def progress(self, current_image: str | None) -> JsonObject:
        """Return the answer of `/sdapi/v1/progress`: of whatever job is running, perhaps another client's."""
        job, now = self.job, self._clock()
        stamp = datetime.fromtimestamp(job.started if job else now, UTC).strftime("%Y%m%d%H%M%S")
        done = job.done(now) if job else 0.0
        uncounted = job is not None and done < _UNCOUNTED_SHARE
        state: JsonObject = {
            "skipped": bool(job and job.skipped),
            "interrupted": bool(job and job.interrupted),
            "stopping_generation": False,
            "job": job.name if job else "",
            "job_count": 0 if job is None else -1 if uncounted else job.count,
            "job_timestamp": stamp if job else "0",
            "job_no": job.number if job else 0,
            "sampling_step": int(done * job.steps) if job else 0,
            "sampling_steps": job.steps if job else 0,
        }
        left = (1 - done) * job.seconds if job else 0.0
        return {
            "progress": 0.01 if uncounted else round(min(done, 1.0), 4),
            "eta_relative": round(left, 2),
            "state": state,
            "current_image": current_image if job else None,
            "textinfo": None,
        }

    def progress_of(self, task_id: str) -> JsonObject:
        """Return the answer of `/internal/progress`: of one's own job."""
        job, now = self.job, self._clock()
        waiting = list(self._pending)
        queued, completed = task_id in self._pending, task_id in self._finished
        if job is None or job.id != task_id:
            text = f"In queue: {waiting.index(task_id) + 1}/{len(waiting)}" if queued else "Waiting..."
            return {
                "active": False,
                "queued": queued,
                "completed": completed,
                "progress": None,
                "eta": None,
                "live_preview": None,
                "id_live_preview": -1,
                "textinfo": text,
            }
        done = job.done(now)
        return {
            "active": True,
            "queued": False,
            "completed": completed,
            "progress": round(done, 4),
            "eta": round((1 - done) * job.seconds, 2),
            "live_preview": None,
            "id_live_preview": -1,
            "textinfo": None,
        }

    def pending(self) -> JsonObject:
        return {"size": len(self._pending), "tasks": list(self._pending)}
