"""Starting work beside the event handlers: always named, never fatal to the screen."""

from collections.abc import Callable, Coroutine
from typing import Any

from textual.dom import DOMNode


def begin(node: DOMNode, work: Callable[[], Coroutine[Any, Any, None]], *, group: str, exclusive: bool = False) -> None:
    """Run `work` as a worker of `node`; with `exclusive` it replaces what its group was doing.

    The callable makes the coroutine when the worker starts, so one replaced before that leaves nothing behind.
    """
    node.run_worker(work, group=group, exclusive=exclusive, exit_on_error=False)  # type: ignore[arg-type]
