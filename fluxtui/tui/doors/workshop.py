"""What all doors share: the services as the settings say, and the one journal of this process.

The engine, its settings and its libraries are imported here and in the doors, late and in threads:
the first paint pays for none of them.
"""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

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

    async def journal(self) -> "Journal":
        """Return the journal, opening it if need be. Raises HistoryError."""
        async with self._opening:
            if self._journal is None:
                from fluxtui.history.database import database_path
                from fluxtui.history.journal import Journal

                journal = Journal(database_path(self.workspace))
                await in_thread(journal.open)
                self._journal = journal
            return self._journal

    def close(self) -> None:
        if self._journal is not None:
            self._journal.close()
            self._journal = None
