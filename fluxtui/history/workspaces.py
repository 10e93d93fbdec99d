"""What a workspace holds, seen from outside: for choosing one, without opening or changing it."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from fluxtui.history.database import database_path

_MOST_FILES = 100_000


@dataclass(frozen=True, slots=True)
class WorkspaceFacts:
    """`runs` is None where the history cannot be read; `last` is when the newest was made, in seconds since the epoch.

    `size` in bytes; `whole` is False when there were too many files to count them all.
    """

    folder: Path
    exists: bool
    runs: int | None = 0
    last: float | None = None
    size: int = 0
    whole: bool = True


def look_at(folder: Path) -> WorkspaceFacts:
    """Return what a workspace holds. Reads only, also a history of another version. Blocks; never raises."""
    try:
        if not folder.is_dir():
            return WorkspaceFacts(folder, exists=False)
    except OSError:
        return WorkspaceFacts(folder, exists=False)
    runs, last = _history(database_path(folder))
    size = files = 0
    for each in _sizes(folder):
        size, files = size + each, files + 1
        if files >= _MOST_FILES:
            return WorkspaceFacts(folder, True, runs, last, size, whole=False)
    return WorkspaceFacts(folder, True, runs, last, size)


def _history(path: Path) -> tuple[int | None, float | None]:
    try:
        if not path.is_file():
            return 0, None
        address = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=1.0)) as connection:
            count, last = connection.execute("SELECT count(*), max(created_at) FROM runs").fetchone()
    except (OSError, sqlite3.Error):
        return None, None
    return int(count), None if last is None else float(last)


def _sizes(folder: Path) -> Iterator[int]:
    for place, folders, names in os.walk(folder, onerror=None):
        folders.sort()
        for name in names:
            try:
                yield Path(place, name).lstat().st_size
            except OSError:
                continue
