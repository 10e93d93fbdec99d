"""Deleting a run: what is recorded of it, its thumbnails, and its pictures only when that is asked for.

Files go before the rows that name them, and the run's own row goes last: a crash at any moment leaves
a run that is marked and hidden, and `finish_deletions` takes up where it broke off. Nothing outside
the run's folder and the thumbnails is ever removed, and of the run's folder only what fluxtui put there.
"""

import asyncio
import contextlib
import os
import sqlite3
import time
from collections.abc import Awaitable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from fluxtui.domain.problems import FluxtuiError, Problem, ProblemKind
from fluxtui.engine.lock import holder
from fluxtui.engine.side_steps import THUMBNAILS
from fluxtui.history import deleting
from fluxtui.history.database import database_path, open_reader
from fluxtui.history.deleting import Extent, Leaving, Obstacle, Unfinished
from fluxtui.history.journal import Journal
from fluxtui.images import disk
from fluxtui.images.metadata import sidecar_path

_CELLS_AT_ONCE = 100
_PROMPTS_AT_ONCE = 500


@dataclass(slots=True)
class Deleted:
    """What a deletion removed. `kept` pictures were to go and could not; `reason` says why, of the first."""

    pictures: int = 0
    freed_bytes: int = 0
    kept: int = 0
    reason: str = ""


async def delete_run(journal: Journal, workspace: Path, run_id: int, *, pictures: bool) -> Deleted:
    """Delete a run; it is hidden from everybody at once, and gone when this returns.

    Raises FluxtuiError while the runner works on it, and for a run that is not there.
    """
    alive = await asyncio.to_thread(holder, workspace) is not None
    extent = Extent.PICTURES if pictures else Extent.RECORDS
    obstacle = await journal.write(partial(deleting.mark, run_id=run_id, extent=extent, runner_alive=alive))
    if obstacle is not None:
        raise _in_use(run_id, obstacle)
    for run in await asyncio.to_thread(_unfinished, journal.path):
        if run.run_id == run_id:
            return await _finish(journal, workspace, run)
    raise FluxtuiError(
        Problem(ProblemKind.NOT_FOUND, f"There is no run {run_id}.", "It may have been deleted already.")
    )


async def finish_deletions(journal: Journal, workspace: Path) -> int:
    """Finish the deletions that broke off; returns how many. Harmless beside one that is under way elsewhere."""
    left = await asyncio.to_thread(_unfinished, journal.path)
    for run in left:
        await _finish(journal, workspace, run)
    return len(left)


def _unfinished(path: Path) -> list[Unfinished]:
    with closing(open_reader(path)) as reader:
        return deleting.unfinished(reader)


async def _finish(journal: Journal, workspace: Path, run: Unfinished) -> Deleted:
    deleted = Deleted()
    reader = await asyncio.to_thread(open_reader, database_path(workspace))
    try:
        while True:
            cells, pictures = await asyncio.to_thread(_next, reader, run.run_id)
            if not cells:
                break
            await asyncio.to_thread(_remove, workspace, run, pictures, deleted)
            await _unhurried(journal.write(partial(deleting.delete_cells, cells=cells)))
    finally:
        reader.close()
    some = partial(deleting.delete_prompts, run_id=run.run_id, most=_PROMPTS_AT_ONCE)
    while await _unhurried(journal.write(some)):
        pass
    await asyncio.to_thread(_remove_empty_folders, workspace, run.folder)
    await journal.write(partial(deleting.delete_run, run_id=run.run_id))
    return deleted


def _next(reader: sqlite3.Connection, run_id: int) -> tuple[list[int], list[Leaving]]:
    cells = deleting.next_cells(reader, run_id, _CELLS_AT_ONCE)
    return cells, deleting.leaving(reader, run_id, cells) if cells else []


async def _unhurried(write: Awaitable[int | None]) -> int | None:
    """Wait for a write, then as long again: other processes have to get at the database as well."""
    begun = time.monotonic()
    result = await write
    await asyncio.sleep(time.monotonic() - begun)
    return result


def _remove(workspace: Path, run: Unfinished, pictures: Sequence[Leaving], deleted: Deleted) -> None:
    """Remove the files of some pictures; one that cannot be removed is counted, and stays."""
    root = workspace.resolve()
    thumbnails, folder = _folder(root, THUMBNAILS), _folder(root, Path(run.folder))
    for picture in pictures:
        if picture.thumbnail is not None and not picture.shared:
            with contextlib.suppress(OSError):
                if _unlink(root, thumbnails, picture.thumbnail):
                    deleted.freed_bytes += picture.thumbnail_bytes
        if run.extent is not Extent.PICTURES:
            continue
        try:
            if _unlink(root, folder, picture.path):
                deleted.pictures += 1
                deleted.freed_bytes += picture.size_bytes
            _unlink(root, folder, str(sidecar_path(Path(picture.path))))
        except OSError as error:
            deleted.kept += 1
            deleted.reason = deleted.reason or f"{root / picture.path}: {error.strerror or error}"


def _folder(root: Path, relative: Path) -> Path | None:
    """Return where a folder of the workspace really is, None when that is not within the workspace."""
    folder = (root / relative).resolve()
    return folder if folder != root and folder.is_relative_to(root) else None


def _unlink(root: Path, folder: Path | None, relative: str) -> bool:
    """Remove a file within `folder`; returns whether it was there. Raises OSError, also for a place elsewhere."""
    path = root / relative
    real = path.parent.resolve() / path.name  # a link itself is removed, never what it points to
    if folder is None or path.name in ("", "..") or not real.is_relative_to(folder) or real == folder:
        raise PermissionError(1, "it is not in the run's own folder")
    try:
        real.unlink()
    except FileNotFoundError:
        return False
    return True


def _remove_empty_folders(workspace: Path, relative: str) -> None:
    """Remove the run's folder as far as nothing is left in it; what a person put there stays."""
    folder = _folder(workspace.resolve(), Path(relative))
    if folder is None or not folder.is_dir():
        return
    disk.sweep(folder)
    for parent, _folders, _files in os.walk(folder, topdown=False):
        with contextlib.suppress(OSError):  # not empty, or not ours to remove
            Path(parent).rmdir()


def _in_use(run_id: int, obstacle: Obstacle) -> FluxtuiError:
    cause = "The runner works on it."
    if obstacle.under_way:
        requests = "One of its requests is" if obstacle.under_way == 1 else f"{obstacle.under_way} requests of it are"
        cause = f"{requests} on the network, and may be paid for already."
    return FluxtuiError(
        Problem(
            ProblemKind.INVALID_REQUEST,
            f"Run {run_id} cannot be deleted now: it is {obstacle.state}.",
            cause,
            f"Cancel it (`fluxtui cancel {run_id}`) and wait until what is under way has come back, then delete it.",
        )
    )
