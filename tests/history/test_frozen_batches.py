"""The batch of a run has a table of its own, also in histories from before it had one."""

import json
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from fluxtui.domain.batch import Batch, Task
from fluxtui.domain.frozen import freeze, thaw
from fluxtui.history import deleting, migrations, queries, runs
from fluxtui.history.amending import amend_run
from fluxtui.history.database import open_reader, open_writer
from fluxtui.history.journal import Journal
from fluxtui.history.run_list import disk_use
from tests.history.builders import cell, new_run

EARLIER = [name for name, _ in migrations.MIGRATIONS].index("frozen batches")
LARGE = 2_000_000


def batch(run_id: int) -> Batch:
    return Batch(f"b{run_id}", (Task("fox", f"森林 \0 'fox' {run_id} " + "x" * LARGE), Task("owl", "an owl")))


@pytest.fixture
def earlier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A history as the version before wrote it: three runs, one of them being deleted, with jobs and a picture."""
    path = tmp_path / "history.sqlite3"
    with monkeypatch.context() as then:
        then.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:EARLIER])
        then.setattr(migrations, "SCHEMA_VERSION", EARLIER)
        with closing(open_writer(path)) as connection:
            migrations.migrate(connection, path)
            for run_id, doomed in ((3, None), (4, "records"), (9, None)):
                connection.execute(
                    "INSERT INTO runs (id, batch, frozen, state, sandbox, folder, layout, metadata, in_doubt, quoted,"
                    " created_at, started_at, cap, held_back, deleting)"
                    " VALUES (?, 'city', ?, 'paused', 0, 'f', 'by_target', 1, 'leave', 7, 1.5, 2.5, 99, 1, ?)",
                    (run_id, json.dumps(freeze(batch(run_id)), ensure_ascii=False), doomed),
                )
                connection.execute(
                    "INSERT INTO cells VALUES (?, ?, 'key-0', 'task-0', 0, 'a/b', 'a', '{}', '{}', '{}', 1, 's', '[]',"
                    " '[]')",
                    (run_id, run_id),
                )
                connection.execute(
                    "INSERT INTO jobs (id, run_id, cell_id, kind, target, lane, position, state, revision)"
                    " VALUES (?, ?, ?, 'generate', 'a/b', 'a/b', 0, 'done', 1)",
                    (run_id, run_id, run_id),
                )
                connection.execute(
                    "INSERT INTO images (run_id, job_id, ordinal, path, sha256, size_bytes, width, height, format,"
                    " details, created_at) VALUES (?, ?, 0, 'p', 'ab', 1234, 1, 1, 'png', '{}', 3)",
                    (run_id, run_id),
                )
    return path


def test_an_earlier_history_keeps_everything(earlier: Path) -> None:
    with closing(sqlite3.connect(earlier)) as before:
        known = {run_id: queries.run(before, run_id) for run_id in (3, 4, 9)}
        facts = before.execute(f"SELECT {', '.join(_FACTS)} FROM runs").fetchall()
        weight = disk_use(before, [3, 4, 9])
    size = earlier.stat().st_size
    with closing(open_reader(earlier)) as reader:
        assert {run_id: queries.run(reader, run_id) for run_id in (3, 4, 9)} == known
        assert reader.execute(f"SELECT {', '.join(_FACTS)} FROM runs").fetchall() == facts
        assert disk_use(reader, [3, 4, 9]) == weight != {}
        for run_id in (3, 4, 9):
            frozen = queries.frozen_batch(reader, run_id)
            assert frozen is not None
            assert thaw(frozen) == batch(run_id)
        assert "frozen" not in {row[1] for row in reader.execute("PRAGMA table_info(runs)")}
        assert reader.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert reader.execute("PRAGMA foreign_key_check").fetchall() == []
    assert earlier.stat().st_size < size + 1.5 * LARGE  # room for one batch more, not for all of them


_FACTS = (
    "id", "batch", "source", "state", "sandbox", "folder", "layout", "metadata", "in_doubt", "concurrency", "cap",
    "quoted", "created_at", "started_at", "finished_at", "cancelled", "held_back", "deleting",
)  # fmt: skip


def test_an_earlier_history_goes_on(earlier: Path) -> None:
    with Journal(earlier) as journal, closing(open_reader(earlier)) as reader:
        more = Batch("b3", (Task("newt", "a newt"),))
        assert journal.write_now(partial(amend_run, run_id=3, batch=more, cells=[cell(1)])) == 1
        frozen = queries.frozen_batch(reader, 3)
        assert frozen is not None
        assert [task.name for task in thaw(frozen).tasks] == ["fox", "owl", "newt"]
        journal.write_now(partial(deleting.delete_cells, cells=[4]))
        journal.write_now(partial(deleting.delete_run, run_id=4))
        assert queries.frozen_batch(reader, 4) is None
        new = journal.write_now(partial(runs.create_run, run=new_run(), cells=[cell(0)]))
        assert queries.frozen_batch(reader, new) == {"name": "city"}
        assert reader.execute("SELECT run_id FROM frozen_batches").fetchall() == [(3,), (9,), (new,)]


def test_what_breaks_off_leaves_an_earlier_history_as_it_was(earlier: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, step = migrations.MIGRATIONS[EARLIER]

    def breaks_off(connection: sqlite3.Connection) -> None:
        step(connection)
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS[:EARLIER], (name, breaks_off)))
        with pytest.raises(KeyboardInterrupt):
            open_reader(earlier)
    with closing(sqlite3.connect(earlier)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (EARLIER,)
        frozen = {run_id: thaw(json.loads(text)) for run_id, text in connection.execute("SELECT id, frozen FROM runs")}
    assert frozen == {run_id: batch(run_id) for run_id in (3, 4, 9)}
