"""Where bytes are chewed: a pool of two threads, and a bound on the bodies held in memory."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

THREADS = 2
"""Measured: what takes time here releases the interpreter's lock, and two threads fill two cores."""

BODIES = 12
"""Large bodies in memory at once; a picture of 1.4 MB and its JSON take about 5 MB together."""


class BytePool:
    """Runs blocking work on bytes off the event loop."""

    def __init__(self, threads: int = THREADS) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="bytes")

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `function` in the pool and return what it returns."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, lambda: function(*args, **kwargs))

    def close(self) -> None:
        self._executor.shutdown(wait=True, cancel_futures=True)
