"""Deleting a run: nobody waits long, nothing dangles, and nothing that is not ours goes."""

import asyncio
import os
import time
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from fluxtui.domain.jobs import JobState, RunState
from fluxtui.domain.problems import FluxtuiError
from fluxtui.engine import deletion
from fluxtui.engine.deletion import Deleted, delete_run, finish_deletions
from fluxtui.engine.lock import RunnerLock
from fluxtui.history import queries, runs
from fluxtui.history.database import database_path, open_reader
from fluxtui.history.deleting import unfinished
from fluxtui.history.journal import Journal, Transaction
from fluxtui.history.run_list import disk_use, run_ids
from fluxtui.history.search import search_runs
from tests.conditions import until
from tests.engine.fakes import Studio, encoded
from tests.history.builders import cell, new_run

TABLES = (
    "runs", "frozen_batches", "cells", "jobs", "attempts", "events", "images", "prompts", "tallies", "disk_use",
    "controls",
)  # fmt: skip


async def delete(studio: Studio, run_id: int, *, pictures: bool = False) -> Deleted:
    with Journal(database_path(studio.workspace)) as journal:
        return await delete_run(journal, studio.workspace, run_id, pictures=pictures)


def rows(studio: Studio, run_id: int | None = None) -> dict[str, int]:
    """Return how many rows each table has, of one run where the table knows runs."""
    with closing(open_reader(database_path(studio.workspace))) as reader:
        counts = {}
        for table in TABLES:
            names = {row[1] for row in reader.execute(f"PRAGMA table_info({table})")}
            column = "id" if table == "runs" else "run_id"
            where = f" WHERE {column} = {run_id}" if run_id is not None and column in names else ""
            counts[table] = reader.execute(f"SELECT count(*) FROM {table}{where}").fetchone()[0]
        assert reader.execute("PRAGMA foreign_key_check").fetchall() == []
        return counts


def files(studio: Studio) -> set[str]:
    return {
        path.relative_to(studio.workspace).as_posix()
        for path in studio.workspace.rglob("*")
        if path.is_file() and not path.name.startswith(("history", "runner"))
    }


async def drawn(studio: Studio, *names: str) -> int:
    run_id = await studio.start(*names)
    await studio.work()
    return run_id


async def test_a_run_goes_with_everything_of_it_and_nothing_of_another(studio: Studio) -> None:
    kept = await drawn(studio, "fox")
    before, of_kept = files(studio), rows(studio, kept)
    run_id = await drawn(studio, "newt", "heron")  # a name of another length has another picture
    assert len(files(studio)) == len(before) + 6
    deleted = await delete(studio, run_id, pictures=True)
    assert (deleted.pictures, deleted.kept) == (2, 0)
    assert deleted.freed_bytes > 2 * 100
    assert files(studio) == before
    assert rows(studio, kept) == of_kept == rows(studio) | {"controls": 0}
    assert not [p for p in studio.workspace.iterdir() if p.is_dir() and not any(p.iterdir())]


async def test_pictures_stay_unless_they_are_asked_for(studio: Studio) -> None:
    run_id = await drawn(studio, "fox")
    folder = studio.run_row(run_id).folder
    deleted = await delete(studio, run_id)
    assert deleted.pictures == 0
    assert files(studio) == {f"{folder}/fake/fox.png", f"{folder}/fake/fox.json"}
    assert set(rows(studio).values()) == {0}


async def test_what_a_person_put_there_stays(studio: Studio) -> None:
    run_id = await drawn(studio, "fox")
    folder = studio.workspace / studio.run_row(run_id).folder
    (folder / "fake" / "mine.txt").write_text("notes")
    await delete(studio, run_id, pictures=True)
    assert files(studio) == {f"{folder.name}/fake/mine.txt"}


async def test_a_thumbnail_that_another_run_shows_stays(studio: Studio) -> None:
    studio.provider.submissions["fox"] = [encoded, encoded]
    first = await drawn(studio, "fox")
    second = await drawn(studio, "fox")
    (thumbnail,) = (studio.workspace / ".thumbnails").rglob("*.jpg")
    await delete(studio, first, pictures=True)
    assert thumbnail.exists()
    await delete(studio, second, pictures=True)
    assert not thumbnail.exists()


async def test_it_is_gone_for_everybody_from_the_first_moment(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = await drawn(studio, "fox")
    seen: list[tuple[object, ...]] = []
    remove = getattr(deletion, "_remove")  # noqa: B009 - the moment in which the files go

    def look(*arguments: object) -> None:
        with closing(open_reader(database_path(studio.workspace))) as reader:
            seen.append(
                (
                    queries.run(reader, run_id),
                    queries.latest_run(reader),
                    queries.runs(reader),
                    list(run_ids(reader)),
                    queries.runs_in(reader, *RunState),
                    len(unfinished(reader)),
                )
            )
        remove(*arguments)

    monkeypatch.setattr(deletion, "_remove", look)
    await delete(studio, run_id)
    assert seen == [(None, None, [], [], [], 1)]


@pytest.mark.parametrize("state", [RunState.RUNNING, RunState.READY])
async def test_a_run_that_the_runner_works_on_stays(studio: Studio, state: RunState) -> None:
    run_id = await studio.start("fox", paused=True)
    studio.write(runs.set_run_state, run_id=run_id, state=state)
    before = rows(studio)
    lock = RunnerLock(studio.workspace)
    assert lock.acquire()
    with lock, pytest.raises(FluxtuiError, match=f"Run {run_id} cannot be deleted now: it is {state}"):
        await delete(studio, run_id)
    assert rows(studio) == before
    assert studio.run_row(run_id).state is state
    await delete(studio, run_id)  # nobody works on it any more
    assert set(rows(studio).values()) == {0}


async def test_a_paused_run_with_a_request_on_the_network_stays(studio: Studio) -> None:
    gate = asyncio.Event()
    studio.provider.gate = gate.wait
    run_id = await studio.start("fox", "owl")
    lock = RunnerLock(studio.workspace)
    assert lock.acquire()
    with lock:
        work = asyncio.create_task(studio.runner().run(lock))
        await until(lambda: len(studio.provider.sent) == 2)
        await studio.control("pause_run", run_id)
        await until(lambda: studio.run_row(run_id).state is RunState.PAUSED)
        with pytest.raises(FluxtuiError, match="2 requests of it are on the network"):
            await delete(studio, run_id)
        gate.set()
        await asyncio.wait_for(work, 30)
    assert studio.run_row(run_id).counts == {JobState.DONE: 2}


async def test_a_run_that_is_not_there_says_so(studio: Studio) -> None:
    run_id = await drawn(studio, "fox")
    with pytest.raises(FluxtuiError, match="no run 99"):
        await delete(studio, 99)
    await delete(studio, run_id)
    with pytest.raises(FluxtuiError, match=f"no run {run_id}"):
        await delete(studio, run_id)


@pytest.mark.parametrize("moment", ["_remove", "_remove_empty_folders"])
async def test_what_breaks_off_is_finished_later(studio: Studio, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    kept = await drawn(studio, "cat")
    before = files(studio)
    run_id = await drawn(studio, "fox", "owl", "hen")
    monkeypatch.setattr(deletion, "_CELLS_AT_ONCE", 2)
    with monkeypatch.context() as broken:
        calls: list[object] = []
        real = getattr(deletion, moment)

        def once(*arguments: object) -> None:
            calls.append(arguments)
            if len(calls) == (2 if moment == "_remove" else 1):
                raise RuntimeError("killed")
            real(*arguments)

        broken.setattr(deletion, moment, once)
        with pytest.raises(RuntimeError, match="killed"):
            await delete(studio, run_id, pictures=True)
    with closing(open_reader(database_path(studio.workspace))) as reader:
        assert queries.run(reader, run_id) is None
        assert search_runs(reader, "fox") == {}
    with Journal(database_path(studio.workspace)) as journal:
        assert await finish_deletions(journal, studio.workspace) == 1
        assert await finish_deletions(journal, studio.workspace) == 0
    assert files(studio) == before
    assert rows(studio) == rows(studio, kept)


async def test_a_runner_leaves_alone_what_is_being_deleted(studio: Studio) -> None:
    run_id = await studio.start("fox", "owl")
    studio.write(_mark, run_id=run_id)
    await studio.work()
    assert studio.provider.sent == []


def _mark(transaction: Transaction, *, run_id: int) -> None:
    transaction.connection.execute("UPDATE runs SET deleting = 'records' WHERE id = ?", (run_id,))


@pytest.mark.parametrize(
    "path",
    ["../outside.png", "other/fox.png", "history.sqlite3", "{folder}/../other/fox.png", "{folder}", "link/fox.png"],
)
async def test_nothing_outside_the_runs_folder_is_removed(studio: Studio, path: str) -> None:
    run_id = await drawn(studio, "fox")
    folder = studio.run_row(run_id).folder
    for name in ("../outside.png", "other/fox.png"):
        (studio.workspace / name).parent.mkdir(exist_ok=True)
        (studio.workspace / name).write_bytes(b"mine")
    (studio.workspace / "link").symlink_to(studio.workspace / "other")
    studio.write(_repoint, path=path.format(folder=folder))
    deleted = await delete(studio, run_id, pictures=True)
    assert (deleted.pictures, deleted.kept) == (0, 1)
    assert "not in the run's own folder" in deleted.reason
    assert (studio.workspace / "../outside.png").read_bytes() == b"mine"
    assert (studio.workspace / "other/fox.png").read_bytes() == b"mine"
    assert database_path(studio.workspace).exists()
    assert set(rows(studio).values()) == {0}


def _repoint(transaction: Transaction, *, path: str) -> None:
    transaction.connection.execute("UPDATE images SET path = ?, thumbnail = ?", (path, path))


@pytest.mark.parametrize("folder", [".", "..", "", "/", "../output"])
async def test_a_run_whose_folder_is_no_folder_of_its_own_keeps_its_pictures(studio: Studio, folder: str) -> None:
    run_id = await drawn(studio, "fox")
    before = files(studio)
    studio.write(_move, folder=folder)
    deleted = await delete(studio, run_id, pictures=True)
    assert (deleted.pictures, deleted.kept) == (0, 1)
    assert {name for name in before if not name.startswith(".thumbnails")} <= files(studio)


def _move(transaction: Transaction, *, folder: str) -> None:
    transaction.connection.execute("UPDATE runs SET folder = ?", (folder,))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may remove everything")
async def test_a_picture_that_cannot_be_removed_is_told(studio: Studio) -> None:
    run_id = await drawn(studio, "fox")
    folder = studio.workspace / studio.run_row(run_id).folder / "fake"
    folder.chmod(0o500)
    try:
        deleted = await delete(studio, run_id, pictures=True)
    finally:
        folder.chmod(0o700)
    assert deleted.kept == 1
    assert (folder / "fox.png").exists()


async def test_a_large_run_keeps_nobody_waiting(studio: Studio) -> None:
    path = database_path(studio.workspace)
    with Journal(path) as journal:
        cells = [cell(index) for index in range(3000)]
        run_id = journal.write_now(partial(runs.create_run, run=new_run(), cells=cells))
        other = journal.write_now(partial(runs.create_run, run=new_run(), cells=cells[:1]))
        work = asyncio.create_task(delete_run(journal, studio.workspace, run_id, pictures=False))
        waits: list[float] = []
        with Journal(path) as elsewhere:  # as another process would
            while not work.done():
                begun = time.monotonic()
                await elsewhere.write(partial(runs.set_cap, run_id=other, cap=None))
                waits.append(time.monotonic() - begun)
        await work
    assert len(waits) > 10
    assert sorted(waits)[len(waits) // 2] < 0.25
    assert rows(studio)["jobs"] == 1


async def test_the_weight_goes_with_the_run(studio: Studio) -> None:
    run_id = await drawn(studio, "fox")
    with closing(open_reader(database_path(studio.workspace))) as reader:
        (use,) = disk_use(reader, [run_id]).values()
    pictures, thumbnails = weight(studio.workspace, "*.png"), weight(studio.workspace, "*.jpg")
    assert (use.pictures, use.picture_bytes, use.thumbnail_bytes) == (1, pictures, thumbnails)
    assert (await delete(studio, run_id, pictures=True)).freed_bytes == use.total


def weight(folder: Path, pattern: str) -> int:
    return sum(path.stat().st_size for path in folder.rglob(pattern))
