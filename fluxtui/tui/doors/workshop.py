"""What all doors share: the services as the settings say, and the one journal of this process.

The engine, its settings and its libraries are imported here and in the doors, late and in threads:
the first paint pays for none of them.
"""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from fluxtui.tui.surroundings import identity, vanished
from fluxtui.tui.work import in_thread

if TYPE_CHECKING:
    from fluxtui.engine.services import Services
    from fluxtui.history.journal import Journal


class Workshop:
    """One workspace's engine, opened when it is first needed."""

    def __init__(self, workspace: Path, *, sandbox: bool) -> None:
        self.workspace = workspace
        self.sandbox = sandbox
        self._services: Services | None = None
        self._journal: Journal | None = None
        self._identity: tuple[int, int] | None = None
        self._opening = asyncio.Lock()

    def services(self) -> "Services":
        """Return the services; blocks for the settings the first time. Raises FluxtuiError."""
        if self._services is None:
            from fluxtui.engine.services import Services

            self._services = Services.load(sandbox=self.sandbox)
        return self._services

    def forget(self) -> None:
        """Have the settings read anew by whoever asks next."""
        self._services = None

    async def journal(self, *, existing: bool = False) -> "Journal":
        """Return the journal, opening it if need be. Raises HistoryError.

        A history that was moved or deleted meanwhile is never written to: nobody would see it. With
        `existing` none is made where none is.
        """
        from fluxtui.history.database import HistoryError, database_path
        from fluxtui.history.journal import Journal

        path = database_path(self.workspace)
        async with self._opening:
            here = identity(path)
            if self._journal is not None and here != self._identity:
                journal, self._journal = self._journal, None
                await in_thread(journal.close)
                raise HistoryError(vanished(path))
            if self._journal is None:
                if existing and here is None:
                    raise HistoryError(vanished(path))
                journal = Journal(path)
                await in_thread(journal.open)
                self._journal, self._identity = journal, identity(path)
            return self._journal

    def close(self) -> None:
        if self._journal is not None:
            self._journal.close()
            self._journal = None
