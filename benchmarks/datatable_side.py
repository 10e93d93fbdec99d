"""The other side of `table.py`: a Textual app with nothing but a DataTable of the same jobs, under the same changes.

    python -m benchmarks.datatable_side --workspace FOLDER --run ID

It reads the history as the cockpit does, ten times a second and in a thread, and updates the cells that changed.
"""

import argparse
import asyncio
import sqlite3
from pathlib import Path
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.widgets import DataTable

from fluxtui.history import job_list, queries
from fluxtui.history.database import database_path, open_reader
from fluxtui.history.records import JobRow

CURSOR = "48;2;255;0;0"
"""What the cursor's row is drawn on."""
_COLUMNS = ("state", "task", "target", "time", "cost")
_POLL = 0.1
_MOST = 2000


def texts(row: JobRow) -> tuple[str, ...]:
    seconds = "" if row.seconds is None else f"{row.seconds:.1f}"
    return row.state.label, row.task, row.target, seconds, str(row.billed)


class Bare(App[None]):
    """Every row is added before the first paint, as DataTable wants it."""

    CSS = "DataTable:focus > .datatable--cursor, DataTable > .datatable--cursor { background: #ff0000; }"
    BINDINGS: ClassVar[list[BindingType]] = [("s", "sort")]

    def __init__(self, workspace: Path, run_id: int) -> None:
        super().__init__()
        self._connection: sqlite3.Connection = open_reader(database_path(workspace))
        self._run_id = run_id
        self._revision = 0
        self._reading = False
        self._sorted_by = 0

    def compose(self) -> ComposeResult:
        yield DataTable[str](cursor_type="row")

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        for name in _COLUMNS:
            table.add_column(name, key=name)
        self._revision = queries.revision(self._connection)
        ids = job_list.job_ids(self._connection, self._run_id)
        for first in range(0, len(ids), 500):
            page = queries.jobs(self._connection, ids[first : first + 500])
            for job_id in ids[first : first + 500]:
                table.add_row(*texts(page[job_id]), key=str(job_id))
        self.set_interval(_POLL, self._look)

    async def _look(self) -> None:
        if self._reading:
            return
        self._reading = True
        try:
            rows = await asyncio.to_thread(self._changed)
        finally:
            self._reading = False
        table = self.query_one(DataTable)
        for row in rows:
            values = texts(row)
            table.update_cell(str(row.id), "state", values[0])
            table.update_cell(str(row.id), "time", values[3])

    def _changed(self) -> list[JobRow]:
        newest = queries.revision(self._connection)
        rows = queries.jobs_changed(self._connection, self._run_id, self._revision, limit=_MOST)
        self._revision = newest
        return rows

    def action_sort(self) -> None:
        self._sorted_by = (self._sorted_by + 1) % 3
        self.query_one(DataTable).sort(_COLUMNS[(1, 0, 2)[self._sorted_by]])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--run", type=int, required=True)
    chosen = parser.parse_args()
    Bare(chosen.workspace, chosen.run).run()


if __name__ == "__main__":
    main()
