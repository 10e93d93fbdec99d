"""A runner's writing without its network: so many changes of jobs a second, through the real journal.

    python -m benchmarks.changes --workspace FOLDER --run ID --rate 1000

Holds the workspace's lock and tells its lanes as a runner does. Jobs go their whole way (claimed, accepted, ready,
saved) in the order of the run. One change in ten falls on one of the first jobs, those in view when a table is
opened, which go round in circles: claimed, accepted, ready, failed, to be tried again.

Reads orders from standard input: `go`, `stop` (answered with the changes made and the seconds since `go`, as JSON),
`quit`.
"""

import argparse
import json
import os
import queue
import sys
import threading
import time
from collections import deque
from concurrent.futures import Future
from functools import partial
from pathlib import Path

from benchmarks.workspace import TARGETS
from fluxtui.domain.jobs import JobState, Ticket
from fluxtui.domain.problems import Problem, ProblemKind
from fluxtui.engine.lock import RunnerLock
from fluxtui.history import presence, transitions
from fluxtui.history.database import database_path
from fluxtui.history.journal import Journal
from fluxtui.history.records import LaneRow
from fluxtui.history.transitions import SavedPicture, Transition

IN_FLIGHT = 64
"""Of each lane."""
CIRCLING = 40
"""So many of the first jobs go round in circles."""
_TICK = 0.01
_TELL = 0.5
_PROBLEM = Problem(ProblemKind.SERVER_ERROR, "The service answered 503 five times.", "It is overloaded.", "Try again.")
_NEXT = {
    JobState.SENDING: JobState.WAITING,
    JobState.WAITING: JobState.FETCHING,
    JobState.FETCHING: JobState.DONE,
    JobState.FAILED: JobState.QUEUED,
}


class Changes:
    """What is under way, and its next steps."""

    def __init__(self, journal: Journal, run_id: int, first_job: int) -> None:
        self._journal = journal
        self._run_id = run_id
        self._circling = range(first_job, first_job + CIRCLING)
        self._circle: deque[tuple[int, JobState]] = deque()
        self._way: deque[tuple[int, JobState]] = deque()
        self._lane = 0
        self.made = 0

    def make(self, count: int) -> None:
        """Make so many changes, and wait until they are on disk."""
        waiting: list[Future[bool]] = []
        for _ in range(count):
            if self.made % 10 == 0 and self._circle:
                waiting.append(self._step(self._circle))
            elif len(self._way) < IN_FLIGHT * len(TARGETS):
                self._claim()
            else:
                waiting.append(self._step(self._way))
            self.made += 1
        for future in waiting:
            future.result()

    def _claim(self) -> None:
        lane = TARGETS[self._lane]
        self._lane = (self._lane + 1) % len(TARGETS)
        claim = self._journal.write_now(partial(transitions.claim, run_id=self._run_id, lane=lane, most=1))
        for job in claim.jobs:
            (self._circle if job.id in self._circling else self._way).append((job.id, JobState.SENDING))

    def _step(self, line: deque[tuple[int, JobState]]) -> "Future[bool]":
        job_id, before = line.popleft()
        after = _NEXT[before]
        if after is JobState.DONE and job_id in self._circling:
            after = JobState.FAILED
        if after not in (JobState.DONE, JobState.QUEUED):
            line.append((job_id, after))
        step = Transition(
            job_id, before, after,
            ticket=Ticket({"id": f"ticket-{job_id}"}) if after is JobState.WAITING else None,
            problem=_PROBLEM if after is JobState.FAILED else None,
            pictures=(_picture(job_id),) if after is JobState.DONE else (),
        )  # fmt: skip
        return self._journal.submit(partial(transitions.apply, step=step))

    def tell(self) -> None:
        """Tell how the lanes do, as a runner does."""
        now, in_flight = time.time(), len(self._way) // len(TARGETS)
        lanes = [
            LaneRow(target, target.partition("/")[0], target, False, "ok", in_flight, IN_FLIGHT, None, None, now)
            for target in TARGETS
        ]
        self._journal.write_now(partial(presence.tell, lanes=lanes))


def _picture(job_id: int) -> SavedPicture:
    return SavedPicture(
        path=f"city_20261121-120000/{job_id}.png", sha256=f"{job_id:064x}", size_bytes=1_234_000, width=1024,
        height=1024, format="png", seed=job_id,
    )  # fmt: skip


def serve(journal: Journal, run_id: int, rate: float, *, lanes: bool) -> None:
    """Obey the orders that come on standard input."""
    rows = journal.write_now(
        lambda t: t.connection.execute("SELECT min(id) FROM jobs WHERE run_id = ?", (run_id,)).fetchone()
    )
    changes = Changes(journal, run_id, int(rows[0]))
    orders: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(orders,), daemon=True).start()
    print("ready", flush=True)
    going, told, began, before = False, 0.0, 0.0, 0
    while True:
        try:
            order = orders.get(timeout=_TICK) if going else orders.get()
        except queue.Empty:
            order = ""
        if order == "quit":
            return
        if order == "go":
            going, began, before = True, time.perf_counter(), changes.made
        elif order == "stop":
            going = False
            print(json.dumps([changes.made - before, time.perf_counter() - began]), flush=True)
        if going:
            due = int((time.perf_counter() - began) * rate) - (changes.made - before)
            changes.make(min(due, int(rate / 10)))  # after a pause of the machine no flood
            if lanes and time.perf_counter() - told > _TELL:
                changes.tell()
                told = time.perf_counter()


def _listen(orders: "queue.SimpleQueue[str]") -> None:
    for line in sys.stdin:
        orders.put(line.strip())
    orders.put("quit")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--run", type=int, required=True)
    parser.add_argument("--rate", type=float, default=1000.0, help="changes a second")
    parser.add_argument("--no-lanes", action="store_true", help="tell nothing of the lanes")
    chosen = parser.parse_args()
    with RunnerLock(chosen.workspace) as lock, Journal(database_path(chosen.workspace)) as journal:
        if not lock.acquire():
            raise SystemExit("somebody else holds the workspace's lock")
        journal.write_now(partial(presence.appear, pid=os.getpid()))
        serve(journal, chosen.run, chosen.rate, lanes=not chosen.no_lanes)


if __name__ == "__main__":
    main()
