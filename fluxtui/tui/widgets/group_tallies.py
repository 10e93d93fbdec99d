"""What the groups in view hold: counted when their headings are drawn, and again while jobs change."""

import time
from collections.abc import Callable, Collection
from functools import partial

from textual.widget import Widget

from fluxtui.domain.money import Micros
from fluxtui.domain.problems import FluxtuiError
from fluxtui.history.job_list import GroupTally
from fluxtui.history.records import JobFilter
from fluxtui.tui.store import NoHistoryYet, Source
from fluxtui.tui.work import begin

_NOTHING = GroupTally({}, Micros(0), Micros(0))


class GroupTallies:
    """Counts groups for `node`, which hears by `arrived` that some are known. Of 50,000 only those in view."""

    def __init__(self, node: Widget, source: Source, arrived: Callable[[], None]) -> None:
        self._node = node
        self._source = source
        self._arrived = arrived
        self._known: dict[str, GroupTally] = {}
        self._wanted: set[str] = set()
        self._about: tuple[int, JobFilter, str] | None = None
        self._asking = False
        self.took = 0.0
        """Seconds that the last counting took."""

    def about(self, run_id: int | None, job_filter: JobFilter, by: str | None) -> None:
        """Say whose groups are to be counted."""
        about = None if run_id is None or by is None else (run_id, job_filter, by)
        if about != self._about:
            self._about = about
            self._known.clear()
            self._wanted.clear()

    def of(self, name: str) -> GroupTally | None:
        """Return what a group holds; None while it is being counted."""
        tally = self._known.get(name)
        if tally is None and self._about is not None:
            self._wanted.add(name)
            if not self._asking:
                self._asking = True
                self._node.call_after_refresh(self._ask)
        return tally

    def _ask(self) -> None:
        self._asking = False
        names, self._wanted = tuple(self._wanted), set()
        if names and self._about is not None:
            begin(self._node, partial(self._read, self._about, names, anew=False), group="tallies")

    def renew(self, names: Collection[str]) -> None:
        """Count these again, and the others when they come into view."""
        if not names:
            self._known.clear()
        elif self._about is not None:
            begin(self._node, partial(self._read, self._about, tuple(names), anew=True), group="tallies-anew")

    async def _read(self, about: tuple[int, JobFilter, str], names: tuple[str, ...], *, anew: bool) -> None:
        began = time.monotonic()
        run_id, job_filter, by = about
        try:
            found = await self._source.tallies(run_id, job_filter, by, names)
        except (NoHistoryYet, FluxtuiError):
            return
        self.took = time.monotonic() - began
        if about == self._about:
            counted = {name: found.get(name, _NOTHING) for name in names}
            self._known = counted if anew else {**self._known, **counted}
            self._arrived()
