"""Rows of jobs at hand: read by the page when they are drawn, those used last kept."""

import asyncio
from array import array
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from functools import partial

from textual.widget import Widget

from fluxtui.domain.problems import FluxtuiError
from fluxtui.history.records import JobExtras, JobRow
from fluxtui.tui.store import NoHistoryYet, Source
from fluxtui.tui.work import begin

PAGE = 64
_KEPT_ROWS = 64 * PAGE


class JobPages:
    """Reads rows for `node`, and tells it by `arrived` which ones came. `extras`: read these facts, too."""

    def __init__(self, node: Widget, source: Source, arrived: Callable[[Collection[int]], None]) -> None:
        self._node = node
        self._source = source
        self._arrived = arrived
        self.extras = False
        self._rows: OrderedDict[int, JobRow] = OrderedDict()
        self._more: dict[int, JobExtras] = {}
        self._asked: set[tuple[int, int]] = set()
        self._generation = 0

    def row(self, job_id: int) -> JobRow | None:
        """Return a row if it is at hand."""
        return self._rows.get(job_id)

    def more(self, job_id: int) -> JobExtras | None:
        """Return the further facts of a job if they are at hand."""
        return self._more.get(job_id)

    def clear(self) -> None:
        self._rows.clear()
        self._more.clear()
        self.turn()

    def turn(self) -> None:
        """The order is another one: what was asked for by place counts no more."""
        self._asked.clear()
        self._generation += 1

    def with_extras(self, wanted: bool) -> None:
        if wanted and not self.extras:
            self.clear()
        self.extras = wanted

    def take(self, rows: Iterable[JobRow]) -> set[int]:
        """Take rows that changed; returns their ids. Facts beside them are asked for again."""
        changed: set[int] = set()
        for row in rows:
            changed.add(row.id)
            if row.id in self._rows:
                self._rows[row.id] = row
        if self.extras:
            for job_id in changed & self._more.keys():
                del self._more[job_id]
        return changed

    def keep_only(self, ids: Collection[int]) -> None:
        """Drop every row but these: too many changed to take them one by one."""
        self._rows = OrderedDict((job_id, row) for job_id, row in self._rows.items() if job_id in ids)
        self._more.clear()
        self.turn()

    def at(self, lines: "array[int]", index: int) -> JobRow | None:
        """Return the row of the line at `index` if it is at hand; it and its neighbours are asked for if not."""
        job_id = lines[index]
        row = self._rows.get(job_id)
        if row is None or (self.extras and job_id not in self._more):
            self.ask(lines, index // PAGE)
        else:
            self._rows.move_to_end(job_id)
        # The pages next to the one in view come before anyone scrolls there.
        for page in ((index + PAGE // 2) // PAGE, max(0, (index - PAGE // 2) // PAGE)):
            first = page * PAGE
            if first < len(lines) and lines[first] > 0 and lines[first] not in self._rows:
                self.ask(lines, page)
        return row

    def ask(self, lines: "array[int]", page: int) -> None:
        """Have a page of lines read, unless that is under way."""
        key = self._generation, page
        if key in self._asked:
            return
        self._asked.add(key)
        ids = tuple(line for line in lines[page * PAGE : (page + 1) * PAGE] if line > 0)
        if ids:
            begin(self._node, partial(self._read, key, ids), group="pages")

    def ask_ends(self, lines: "array[int]") -> None:
        """Have the first and the last lines at hand, where one key leads."""
        if lines:
            for page in {0, max(0, len(lines) - PAGE // 2) // PAGE, (len(lines) - 1) // PAGE}:
                if not all(line < 0 or line in self._rows for line in lines[page * PAGE : (page + 1) * PAGE]):
                    self.ask(lines, page)

    async def _read(self, key: tuple[int, int], ids: tuple[int, ...]) -> None:
        try:
            # Each is kept at once: a change that is told while the other is being read must not be undone by it.
            rows = await self._source.page(ids)
            self._rows.update(rows)
            if self.extras:
                self._more.update(await self._source.extras(ids))
        except (NoHistoryYet, FluxtuiError, asyncio.CancelledError):
            return
        finally:
            self._asked.discard(key)
        while len(self._rows) > _KEPT_ROWS:
            gone, _ = self._rows.popitem(last=False)
            self._more.pop(gone, None)
        self._arrived(rows.keys())
