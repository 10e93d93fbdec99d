"""Edits one after the other: those of a long batch are worked out beside the event loop, which goes on drawing."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TypeVar

from fluxtui.domain.batch import Batch
from fluxtui.tui.editing.difference import Difference
from fluxtui.tui.editing.document import Document
from fluxtui.tui.editing.edits import Edited
from fluxtui.tui.screens.batch.desk import Desk
from fluxtui.tui.work import in_thread

T = TypeVar("T")

AT_ONCE = 300
"""Tasks of a batch of which an edit is quicker than a thread is there for it."""


class Turns:
    """The edits of a desk, in the order of the keys.

    An action awaits its edit, and the app takes the next key when the action is done: keys pressed meanwhile wait in
    line, and mean what is under the cursor then. No edit is refused, and none is lost, but those of a batch that was
    closed before it was their turn.
    """

    def __init__(self, desk: Desk, working: Callable[[bool], None]) -> None:
        self._desk = desk
        self._working = working
        self._turn = asyncio.Lock()

    @property
    def busy(self) -> bool:
        """Whether an edit is being worked out, or waits for its turn."""
        return self._turn.locked()

    async def do(self, ask: Callable[[], Callable[[], Edited]], then: Callable[[Edited], None] | None = None) -> bool:
        """Take over an edit; returns whether it changed anything.

        `ask` looks at the desk when it is this edit's turn, and returns what works the edit out, for a thread. `then`
        is called with the edit before anybody else's turn, changed or not. Raises what working it out raises.
        """
        async with self._turn_on() as document:
            while document is not None and document is self._desk.document:
                batch = document.batch
                edit = await self._worked_out(ask())
                if await self._foreseen(document, batch, edit.batch):
                    changed = self._desk.apply(edit)
                    if then is not None:
                        then(edit)
                    return changed
        return False

    async def undo(self) -> str | None:
        """Take the last step back; returns what it was, None when there is none."""
        return await self._travel(lambda document: document.earlier, self._desk.undo)

    async def redo(self) -> str | None:
        """Do again what was taken back last; returns what it was, None when there is nothing."""
        return await self._travel(lambda document: document.later, self._desk.redo)

    async def _travel(self, there: Callable[[Document], Batch | None], go: Callable[[], str | None]) -> str | None:
        async with self._turn_on() as document:
            while document is not None and (after := there(document)) is not None:
                if await self._foreseen(document, document.batch, after) and there(document) is after:
                    return go()
                document = document if document is self._desk.document else None
        return None

    @asynccontextmanager
    async def _turn_on(self) -> AsyncIterator[Document | None]:
        """Wait for one's turn on what lies on the desk now; None when that is gone by then."""
        document = self._desk.document
        async with self._turn:
            long = len(self._desk.batch.tasks) > AT_ONCE
            if long:
                self._working(True)
            try:
                yield document if document is self._desk.document else None
            finally:
                if long:
                    self._working(False)

    async def _foreseen(self, document: Document, before: Batch, after: Batch) -> bool:
        """Work out all that follows when `after` comes; returns whether `before` is still what lies on the desk.

        Something typed in a field may have come in between: then the edit is made of that.
        """
        if after is not before and self._lies(document, before):
            difference = await self._worked_out(partial(_foresee, document, before, after))
            if self._lies(document, before):
                self._desk.know(difference)
        return self._lies(document, before)

    def _lies(self, document: Document, batch: Batch) -> bool:
        return self._desk.document is document and document.batch is batch

    async def _worked_out(self, work: Callable[[], T]) -> T:
        return work() if len(self._desk.batch.tasks) <= AT_ONCE else await in_thread(work)


def _foresee(document: Document, before: Batch, after: Batch) -> Difference:
    document.foresee(after)
    return Difference(before, after).prepare()
