"""The one writer of a process: a thread that commits many waiting changes together.

Group commit makes each change durable (WAL, synchronous=FULL) at a fraction of the price of a
commit each: whatever waits when a commit begins shares it. An operation that fails takes nothing
else with it: the group is rolled back and each operation done again by itself.
"""

import asyncio
import contextlib
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Generic, TypeVar

from fluxtui.domain.values import JsonValue, canonical_json
from fluxtui.history.database import HistoryError, explain, open_writer
from fluxtui.history.migrations import migrate

T = TypeVar("T")

_LARGEST_GROUP = 512


class Transaction:
    """What an operation gets: the connection, and the revision that marks its changes."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self._revision: int | None = None

    @property
    def revision(self) -> int:
        """The number of this group of changes; readers ask for what changed after the one they saw."""
        if self._revision is None:
            row = self.connection.execute("UPDATE meta SET value = value + 1 WHERE name = 'revision' RETURNING value")
            self._revision = int(row.fetchone()[0])
        return self._revision


@dataclass(slots=True)
class _Waiting(Generic[T]):
    """An operation in line, and who waits for it: a thread's future, or a task's in its event loop."""

    operation: Callable[[Transaction], T]
    future: "Future[T] | asyncio.Future[T]"
    loop: asyncio.AbstractEventLoop | None = None
    result: T | None = None
    error: Exception | None = None

    def settle(self) -> None:
        """Hand over what came of it, in the thread where that may be done."""
        if self.loop is not None:
            if self.future.done():  # whoever waited was cancelled
                return
        elif isinstance(self.future, Future) and not self.future.set_running_or_notify_cancel():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)  # type: ignore[arg-type]  # T may itself be None


class Journal:
    """Writes to one workspace's database. Open it once per process; close it at the end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._queue: queue.SimpleQueue[_Waiting[object] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._connection: sqlite3.Connection | None = None

    def open(self) -> None:
        """Open (and if need be create or migrate) the database, and start the writer thread.

        Raises HistoryError.
        """
        connection = open_writer(self.path)
        try:
            migrate(connection, self.path)
        except HistoryError:
            connection.close()
            raise
        self._connection = connection
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Write what still waits, then close. Blocks until done; harmless when closed already."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __enter__(self) -> "Journal":
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def submit(self, operation: Callable[[Transaction], T]) -> "Future[T]":
        """Queue `operation`; the future is done once its effect is on disk.

        It acts through the transaction only: it is done a second time when another of its group failed.

        The future raises HistoryError when the database cannot be written, else what `operation` raised.
        """
        future: Future[T] = Future()
        self._enqueue(_Waiting(operation, future))
        return future

    async def write(self, operation: Callable[[Transaction], T]) -> T:
        """Run `operation` and wait until its effect is on disk. Raises as `submit` says.

        Cancelling the waiting task does not take the operation back: it is already in line.
        """
        return await self.begin(operation)

    def begin(self, operation: Callable[[Transaction], T]) -> "asyncio.Future[T]":
        """As `write`, without waiting: operations take effect in the order in which they were begun."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._enqueue(_Waiting(operation, future, loop))
        return future

    def write_now(self, operation: Callable[[Transaction], T]) -> T:
        """As `write`, for code without an event loop: blocks until the effect is on disk."""
        return self.submit(operation).result()

    async def control(self, kind: str, run_id: int | None = None, **payload: JsonValue) -> int:
        """Leave a wish for the runner; returns the control's id. Kinds: see `engine/controls.py`."""
        return await self.write(partial(add_control, kind=kind, run_id=run_id, payload=payload))

    def _enqueue(self, waiting: _Waiting[T]) -> None:
        if self._thread is None:
            raise RuntimeError("the journal is not open")
        self._queue.put(waiting)  # type: ignore[arg-type]  # a queue of mixed results

    def _work(self) -> None:
        while True:
            first = self._queue.get()
            if first is None:
                return
            group = [first]
            ending = False
            while len(group) < _LARGEST_GROUP:
                try:
                    waiting = self._queue.get_nowait()
                except queue.Empty:
                    break
                if waiting is None:
                    ending = True
                    break
                group.append(waiting)
            self._commit(group)
            del group, first  # do not keep results alive while waiting for the next
            if ending:
                return

    def _commit(self, group: list[_Waiting[object]]) -> None:
        """Do a group in one transaction. When one of it fails, each is done again in its own."""
        connection = self._connection
        assert connection is not None
        begun = done = False
        try:
            connection.execute("BEGIN IMMEDIATE")
            begun = True
            transaction = Transaction(connection)
            for waiting in group:
                waiting.result = waiting.operation(transaction)
            done = True
            connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - handed to whoever waits for the operation
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            if begun and not done and len(group) > 1:
                for waiting in group:
                    self._commit([waiting])
                return
            explained = explain(error, self.path) if isinstance(error, sqlite3.Error) else error
            for waiting in group:
                waiting.error = explained
        _settle(group)


def _settle(group: list[_Waiting[object]]) -> None:
    """Tell all who wait. An event loop is woken once for the whole group, not once for each."""
    for loop, waiting in groupby(group, key=attrgetter("loop")):
        together = list(waiting)
        if loop is None:
            _settle_each(together)
        else:
            with contextlib.suppress(RuntimeError):  # the loop has ended, and nobody waits any more
                loop.call_soon_threadsafe(_settle_each, together)


def _settle_each(group: list[_Waiting[object]]) -> None:
    for waiting in group:
        waiting.settle()


def add_control(transaction: Transaction, *, kind: str, run_id: int | None, payload: dict[str, JsonValue]) -> int:
    cursor = transaction.connection.execute(
        "INSERT INTO controls (created_at, kind, run_id, payload) VALUES (?, ?, ?, ?)",
        (time.time(), kind, run_id, canonical_json(payload)),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid
