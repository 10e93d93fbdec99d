"""Starting work beside the event handlers: always named, never fatal to the screen."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from textual.dom import DOMNode

T = TypeVar("T")


def begin(node: DOMNode, work: Callable[[], Coroutine[Any, Any, None]], *, group: str, exclusive: bool = False) -> None:
    """Run `work` as a worker of `node`; with `exclusive` it replaces what its group was doing.

    The callable makes the coroutine when the worker starts, so one replaced before that leaves nothing behind.
    """
    node.run_worker(work, group=group, exclusive=exclusive, exit_on_error=False)  # type: ignore[arg-type]


async def in_thread(function: Callable[..., T], *arguments: object) -> T:
    """Run a blocking call off the loop."""
    return await asyncio.to_thread(function, *arguments)
