"""Waiting for something to become true, instead of sleeping."""

import asyncio
import time
from collections.abc import Callable


async def until(condition: Callable[[], object], *, within: float = 20.0) -> None:
    """Return once `condition()` is true. Fails after `within` seconds, saying what never came true."""
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, f"never became true: {condition}"
        await asyncio.sleep(0.005)


def wait_until(condition: Callable[[], object], *, within: float = 20.0) -> None:
    """As `until`, for tests without an event loop."""
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, f"never became true: {condition}"
        time.sleep(0.005)
