"""The workspace as the screens see it: one reader thread, typed news, nothing that blocks the loop.

The thread owns the only connection. About ten times a second it asks `PRAGMA data_version`; when
that moved it reads what changed and posts it to the app. Screens ask it for pages and details.
"""

import asyncio
import queue
import sqlite3
import threading
import time
from array import array
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from textual.message import Message

from fluxtui.domain.problems import FluxtuiError, Problem, ProblemKind
from fluxtui.domain.text import plain
from fluxtui.history import job_list, listing, queries
from fluxtui.history.database import explain, open_reader
from fluxtui.history.job_list import GroupTally
from fluxtui.history.records import JobExtras, JobFilter, JobRow, LaneRow, RunnerRow, RunRow, TargetRow
from fluxtui.tui.grouping import Grouped
from fluxtui.tui.surroundings import identity, trouble, vanished

T = TypeVar("T")

POLL_SECONDS = 0.1
SUMMARY_SECONDS = 0.2
"""How often counts and speeds are read while things change: a person cannot read faster."""
_APART_SECONDS = 0.03
"""From the jobs to the summary, so that the screen draws them in two short frames instead of a long one."""
ALIVE_SECONDS = 0.5
"""How often the runner's lock, and the folder around the history, are looked at."""
LOCKED_SECONDS = 1.0
"""How long reading waits for a lock: a person wants to know of it, and it is tried again."""
_CHANGED_AT_ONCE = 2000


class News(Message):
    """Something in the workspace changed. Posted to the app, published on its `news` signal."""

    bubble = False


@dataclass
class RunsChanged(News):
    """Some run changed or appeared. `latest` is the newest one.

    `heads` are those that are live and those that were `asked` for (the tabs); of these, what is missing is gone.
    """

    latest: RunRow | None
    heads: tuple[RunRow, ...] = ()
    asked: frozenset[int] = frozenset()


@dataclass
class RunChanged(News):
    """The watched run as it is now."""

    run: RunRow
    targets: tuple[TargetRow, ...]


@dataclass
class JobsChanged(News):
    """Jobs of the watched run that changed; `all_` when so many did that the table reads anew."""

    run_id: int
    rows: tuple[JobRow, ...]
    all_: bool = False

    @property
    def ids(self) -> tuple[int, ...]:
        return tuple(row.id for row in self.rows)


@dataclass
class LanesChanged(News):
    """The lanes as the runner last told."""

    lanes: tuple[LaneRow, ...]


@dataclass
class RunnerChanged(News):
    """Whether a runner lives, and its row."""

    alive: bool
    runner: RunnerRow | None


@dataclass
class PlaceChanged(News):
    """What is wrong with the workspace's folder (full, read-only), None when nothing is (any more)."""

    problem: Problem | None


@dataclass
class FeedFailed(News):
    """The history cannot be read; `problem` says what to do. Reading is tried again."""

    problem: Problem


class NoHistoryYet(Exception):  # noqa: N818 - a fact about a fresh workspace, not an error
    """The workspace has no database: nothing was ever run in it."""


class Source(Protocol):
    """What the job table reads from; the feed is one."""

    async def order(self, run_id: int, job_filter: JobFilter, sort: str, descending: bool) -> "array[int]": ...

    async def groups(
        self, run_id: int, job_filter: JobFilter, sort: str, descending: bool, by: str, folded: frozenset[str]
    ) -> Grouped: ...

    async def tallies(
        self, run_id: int, job_filter: JobFilter, by: str, names: tuple[str, ...]
    ) -> Mapping[str, GroupTally]: ...

    async def page(self, ids: tuple[int, ...]) -> dict[int, JobRow]: ...

    async def extras(self, ids: tuple[int, ...]) -> dict[int, JobExtras]: ...


@dataclass(slots=True)
class _Question(Generic[T]):
    ask: Callable[[sqlite3.Connection], T]
    answer: "Future[T]"


class Feed:
    """Reads one workspace's history in a thread of its own.

    `post` is called from that thread (the app's `post_message` is safe for it); `alive` tells
    whether a runner holds the workspace's lock.
    """

    def __init__(
        self, path: Path, post: Callable[[News], object], alive: Callable[[], bool], *, poll: float = POLL_SECONDS
    ) -> None:
        self.path = path
        self._post = post
        self._alive = alive
        self._poll = poll
        self._questions: queue.SimpleQueue[_Question[object] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._connection: sqlite3.Connection | None = None
        self._watched: int | None = None
        self._watch_changed = False
        self._heads: frozenset[int] = frozenset()
        self._version = -1
        self._revision = 0
        self._told = 0.0
        self._owed = False
        self._summary_next = False
        self._alive_asked = 0.0
        self._runner: tuple[bool, RunnerRow | None] | None = None
        self._lanes: tuple[LaneRow, ...] | None = None
        self._failure: str | None = None
        self._identity: tuple[int, int] | None = None
        self._place: Problem | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._work, name="history reader", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread. Questions that still wait are cancelled."""
        if self._thread is not None:
            self._questions.put(None)
            self._thread.join(timeout=2.0)
            self._thread = None

    def watch(self, run_id: int | None) -> None:
        """Send `RunChanged` and `JobsChanged` for this run from now on."""
        self._watched = run_id
        self._watch_changed = True
        self._questions.put(_Question(lambda _: None, Future()))  # the thread looks at once, not at the next poll

    def keep_telling(self, run_ids: frozenset[int]) -> None:
        """Have the heads of these runs in `RunsChanged`, live or not."""
        if run_ids != self._heads:
            self._heads = run_ids
            self._owed = True

    async def ask(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """Run `question` on the reader's connection. Raises NoHistoryYet or HistoryError."""
        answer: Future[T] = Future()
        self._questions.put(_Question(question, answer))  # type: ignore[arg-type]  # a queue of mixed answers
        return await asyncio.wrap_future(answer)

    async def order(self, run_id: int, job_filter: JobFilter, sort: str, descending: bool) -> "array[int]":
        return await self.ask(lambda c: job_list.job_ids(c, run_id, job_filter, sort=sort, descending=descending))

    async def groups(
        self, run_id: int, job_filter: JobFilter, sort: str, descending: bool, by: str, folded: frozenset[str]
    ) -> Grouped:
        def read(connection: sqlite3.Connection) -> Grouped:
            members = job_list.grouped_ids(connection, run_id, job_filter, by=by, sort=sort, descending=descending)
            return Grouped.of(members, folded)

        return await self.ask(read)

    async def tallies(
        self, run_id: int, job_filter: JobFilter, by: str, names: tuple[str, ...]
    ) -> Mapping[str, GroupTally]:
        return await self.ask(lambda c: job_list.group_tallies(c, run_id, job_filter, by=by, names=names))

    async def page(self, ids: tuple[int, ...]) -> dict[int, JobRow]:
        return await self.ask(lambda c: queries.jobs(c, ids))

    async def extras(self, ids: tuple[int, ...]) -> dict[int, JobExtras]:
        return await self.ask(lambda c: listing.job_extras(c, ids))

    # --- in the thread ---------------------------------------------------------------------------

    def _work(self) -> None:
        next_poll = 0.0
        while True:
            wait = max(0.0, next_poll - time.monotonic())
            try:
                question = self._questions.get(timeout=wait) if wait else self._questions.get_nowait()
            except queue.Empty:
                self._look()
                next_poll = time.monotonic() + (_APART_SECONDS if self._summary_next else self._poll)
                continue
            if question is None:
                break
            self._answer(question)
            if self._watch_changed:
                self._look()
        self._close()

    def _answer(self, question: _Question[object]) -> None:
        if not question.answer.set_running_or_notify_cancel():
            return
        try:
            connection = self._open()
            if connection is None:
                raise NoHistoryYet
            question.answer.set_result(question.ask(connection))
        except sqlite3.Error as error:
            question.answer.set_exception(explain(error, self.path))
        except Exception as error:  # noqa: BLE001 - whoever asked gets it
            question.answer.set_exception(error)

    def _open(self) -> sqlite3.Connection | None:
        if self._connection is None and identity(self.path) is not None:
            connection = open_reader(self.path, patience=LOCKED_SECONDS)
            try:
                queries.revision(connection)
            except sqlite3.OperationalError:
                connection.close()  # another process is making it right now
                return None
            self._connection, self._identity = connection, identity(self.path)
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _look(self) -> None:
        """Look once for changes. Whatever goes wrong is told once, and looked at again."""
        try:
            self._look_around()
            connection = self._open()
            self._look_at_runner(connection)
            if connection is not None:
                if self._failure is not None:  # it heals: say so, though nothing changed
                    self._owed, self._told, self._version = True, 0.0, -1
                self._look_at_changes(connection)
            if connection is not None or self._identity is None:
                self._failure = None
        except FluxtuiError as error:
            self._fail(error.problem)
        except sqlite3.Error as error:
            self._fail(explain(error, self.path).problem)
            self._close()
        except Exception as error:  # noqa: BLE001 - the one reader must outlive what nobody expected
            self._fail(_unexpected(error))
            self._close()

    def _fail(self, problem: Problem) -> None:
        if self._failure != problem.what:
            self._failure = problem.what
            self._post(FeedFailed(problem))

    def _look_around(self) -> None:
        """See whether the history is still the file that was opened, and its folder can be used."""
        now = time.monotonic()
        if self._alive_asked and now - self._alive_asked < ALIVE_SECONDS:
            return
        place = trouble(self.path.parent)
        if place != self._place:
            self._place = place
            self._post(PlaceChanged(place))
        here = identity(self.path)
        if self._identity is not None and here != self._identity:
            self._close()  # what is still open reads a file that nobody else sees
            if here is None:
                self._fail(vanished(self.path))
            else:
                self._identity, self._watch_changed = None, True

    def _look_at_runner(self, connection: sqlite3.Connection | None) -> None:
        now = time.monotonic()
        if self._alive_asked and now - self._alive_asked < ALIVE_SECONDS:
            return
        self._alive_asked = now
        row = None if connection is None else queries.runner(connection)
        alive = self._alive()
        known = self._runner
        if known is None or known[0] != alive or (known[1] and known[1].pid) != (row and row.pid):
            self._runner = (alive, row)
            self._post(RunnerChanged(alive, row))

    def _look_at_changes(self, connection: sqlite3.Connection) -> None:
        version, told_jobs = queries.data_version(connection), False
        if self._watch_changed:
            self._watch_changed = False
            self._revision, self._version, self._told = queries.revision(connection), version, 0.0
            self._owed = True
        elif version != self._version and not self._summary_next:
            self._version = version
            self._owed = True
            told_jobs = self._look_at_jobs(connection)
        self._summary_next = False
        if self._owed and time.monotonic() - self._told >= SUMMARY_SECONDS:
            if told_jobs:
                self._summary_next = True
                return
            self._owed = False
            self._told = time.monotonic()
            self._tell_summary(connection)

    def _look_at_jobs(self, connection: sqlite3.Connection) -> bool:
        """Tell which jobs changed; whether any did."""
        run_id = self._watched
        newest = queries.revision(connection)
        if run_id is None or newest == self._revision:
            return False
        rows = queries.jobs_changed(connection, run_id, self._revision, limit=_CHANGED_AT_ONCE)
        self._revision = newest
        if rows:
            self._post(JobsChanged(run_id, tuple(rows), all_=len(rows) >= _CHANGED_AT_ONCE))
        return bool(rows)

    def _tell_summary(self, connection: sqlite3.Connection) -> None:
        lanes = tuple(queries.lanes(connection))
        if lanes != self._lanes:
            self._lanes = lanes
            self._post(LanesChanged(lanes))
        latest = queries.latest_run(connection)
        asked = self._heads
        heads = queries.heads(connection, asked)
        run_id = self._watched
        if run_id is not None:
            run = next((head for head in heads if head.id == run_id), None) or queries.run(connection, run_id)
            if run is not None:
                self._post(RunChanged(run, tuple(queries.targets(connection, run_id))))
        self._post(RunsChanged(latest, heads, asked))


def _unexpected(error: Exception) -> Problem:
    return Problem(
        ProblemKind.INTERNAL,
        f"The history could not be read ({type(error).__name__}).",
        plain(str(error), limit=300, newlines=False),
        "It is tried again. If this stays, please report it with the log file in the workspace's logs folder.",
    )
