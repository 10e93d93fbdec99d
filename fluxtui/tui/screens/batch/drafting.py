"""Unsaved edits kept on disk while they are typed: within a second of each, off the event loop."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from fluxtui.domain.batch import Batch
from fluxtui.domain.problems import FluxtuiError
from fluxtui.tui.screens.batch.desk import Changed
from fluxtui.tui.work import begin, in_thread

if TYPE_CHECKING:
    from fluxtui.engine.drafts import Draft
    from fluxtui.tui.screens.batch.working import WorkingScreen

_PAUSE = 0.8
"""Seconds between an edit and its draft, however much is typed meanwhile."""


class Drafting:
    """Keeps the draft of the open batch: written when there is something unsaved, removed when there is not."""

    def __init__(self, screen: "WorkingScreen") -> None:
        self._screen = screen
        self._draft: Draft | None = None
        self._kept = False
        self._due = False
        self._alone = asyncio.Lock()
        """One thing at a time: a draft must not be written after it was let go, nor for a batch opened since."""
        self._told = False

    def hear(self, what: Changed) -> None:
        """The desk changed: see to the draft soon."""
        if what & (Changed.TASKS | Changed.FRAME | Changed.SAVED) and not self._due:
            self._due = True
            self._screen.set_timer(_PAUSE, self._soon)

    async def let_go(self, *, keep: bool) -> None:
        """The batch is closed: the draft stays for whoever opens it next, or goes."""
        async with self._alone:
            draft, self._draft, self._kept = self._draft, None, False
            if draft is not None:
                await in_thread(_let_go, draft, keep)

    def close(self) -> None:
        """The screen is taken down: what was kept stays for whoever opens it next."""
        if self._draft is not None:
            self._draft.release()

    def take(self, draft: "Draft") -> None:
        """Go on with a draft that was left behind."""
        self._draft, self._kept = draft, True

    async def keep_now(self) -> None:
        """Write (or remove) the draft as the batch is now."""
        async with self._alone:
            try:
                await self._keep()
                self._told = False
            except FluxtuiError as error:
                if not self._told:  # once, not at every key
                    self._screen.app.tell_problem(error.problem)
                self._told = True

    async def _keep(self) -> None:
        desk = self._screen.desk
        if desk.document is None:
            return
        if not desk.document.dirty:
            if self._kept and self._draft is not None:
                await in_thread(self._draft.discard)
                self._kept = False
            return
        # What is kept is taken now: another batch may be opened while the disk works.
        sheet, batch = desk.sheet, desk.batch
        source = sheet.path if sheet is not None and (sheet.digest or sheet.format) else None
        digest, form = (None, "") if sheet is None else (sheet.digest, sheet.format)
        if self._draft is None:
            self._draft = await in_thread(self._screen.app.engine.batches.files.begin_draft)
        await in_thread(_keep, self._draft, batch, source, digest, form)
        self._kept = True

    def _soon(self) -> None:
        self._due = False
        begin(self._screen, self.keep_now, group="draft")


def _keep(draft: "Draft", batch: Batch, source: Path | None, digest: str | None, form: str) -> None:
    draft.keep(batch, source, digest, form)


def _let_go(draft: "Draft", keep: bool) -> None:
    if not keep:
        draft.discard()
    draft.release()
