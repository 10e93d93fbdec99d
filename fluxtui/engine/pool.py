"""Where bytes are chewed: a pool of two threads, and a bound on the bodies held in memory."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeAlias, TypeVar

from fluxtui.images import store

P = ParamSpec("P")
T = TypeVar("T")

THREADS = 2
"""Measured: what takes time here releases the interpreter's lock, and two threads fill two cores."""

BODIES = 12
"""Large bodies in memory at once; a picture of 1.4 MB and its JSON take about 5 MB together."""

_MOST_TOGETHER = 32
_BYTES_TOGETHER = 2 * 1024 * 1024
"""What one thread stores in one go at most, in pictures and in bytes as they came."""

_MANY = 16
_WORTH_A_THREAD = 256 * 1024
"""Pictures, or bytes, that must wait before a second thread begins beside a busy one."""

Saving: TypeAlias = tuple[store.Unsaved, "asyncio.Future[store.SavedImage]"]


class BytePool:
    """Runs blocking work on bytes off the event loop."""

    def __init__(self, threads: int = THREADS) -> None:
        self._threads = threads
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="bytes")
        self._unsaved: deque[Saving] = deque()
        self._saving = 0

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `function` in the pool and return what it returns."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, lambda: function(*args, **kwargs))

    async def save(self, picture: store.Unsaved) -> store.SavedImage:
        """Store a picture durably. Raises NotAnImage and DiskProblem.

        Pictures that come while the threads are busy are stored together: a disk syncs many files in
        hardly more time than one.
        """
        future: asyncio.Future[store.SavedImage] = asyncio.get_running_loop().create_future()
        self._unsaved.append((picture, future))
        self._save_on()
        return await future

    def close(self) -> None:
        self._unsaved.clear()
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _save_on(self) -> None:
        while self._unsaved and self._saving < self._threads and (not self._saving or self._plenty()):
            together = self._together()
            self._saving += 1
            saving = asyncio.get_running_loop().run_in_executor(
                self._executor, store.save_all, [picture for picture, _ in together]
            )
            saving.add_done_callback(partial(self._saved, together))

    def _plenty(self) -> bool:
        """Return whether what waits is worth another thread: small pictures are better gathered."""
        if len(self._unsaved) >= _MANY:
            return True
        return sum(len(picture.data) for picture, _ in self._unsaved) >= _WORTH_A_THREAD

    def _together(self) -> list[Saving]:
        """Take what one thread stores next: as much of what waits as the limits allow."""
        together: list[Saving] = []
        size = 0
        while self._unsaved and len(together) < _MOST_TOGETHER:
            size += len(self._unsaved[0][0].data)
            if together and size > _BYTES_TOGETHER:
                break
            together.append(self._unsaved.popleft())
        return together

    def _saved(
        self,
        together: Sequence[Saving],
        saving: "asyncio.Future[list[store.SavedImage | store.NotAnImage | store.DiskProblem]]",
    ) -> None:
        self._saving -= 1
        failure: BaseException | None = asyncio.CancelledError() if saving.cancelled() else saving.exception()
        outcomes = [failure] * len(together) if failure is not None else saving.result()
        for (_, future), outcome in zip(together, outcomes, strict=True):
            if future.done():  # nobody waits for it any more
                continue
            if isinstance(outcome, store.SavedImage):
                future.set_result(outcome)
            elif isinstance(outcome, Exception):
                future.set_exception(outcome)
            else:
                future.cancel()
        self._save_on()
