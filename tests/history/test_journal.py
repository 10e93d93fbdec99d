import asyncio
import sqlite3
import threading
from functools import partial
from pathlib import Path

import pytest

from fluxtui.domain.problems import ProblemKind
from fluxtui.history import migrations, queries, runs
from fluxtui.history.database import HistoryError, open_reader
from fluxtui.history.journal import Journal, Transaction
from tests.history.builders import cell, new_run


def _insert(transaction: Transaction, number: int) -> int:
    transaction.connection.execute("INSERT INTO meta VALUES (?, ?)", (f"n{number}", number))
    return number


def _rows(path: Path) -> set[int]:
    connection = open_reader(path)
    try:
        return {row[0] for row in connection.execute("SELECT value FROM meta WHERE name LIKE 'n%'")}
    finally:
        connection.close()


def test_what_was_written_is_there_for_another_connection_at_once(journal: Journal) -> None:
    assert journal.write_now(partial(_insert, number=1)) == 1
    assert _rows(journal.path) == {1}


async def test_many_waiting_writes_share_commits_and_all_arrive(journal: Journal) -> None:
    gate = threading.Event()
    journal.submit(lambda _: gate.wait(10))  # holds the writer until all the others wait
    writes = [asyncio.ensure_future(journal.write(partial(_insert, number=n))) for n in range(300)]
    await asyncio.sleep(0)
    gate.set()
    assert await asyncio.gather(*writes) == list(range(300))
    assert _rows(journal.path) == set(range(300))


def test_an_operation_that_fails_takes_nothing_else_with_it(journal: Journal) -> None:
    gate = threading.Event()
    journal.submit(lambda _: gate.wait(10))

    def half(transaction: Transaction) -> None:
        _insert(transaction, 2)
        raise ValueError("in the middle")

    before = journal.submit(partial(_insert, number=1))
    failing = journal.submit(half)
    after = journal.submit(partial(_insert, number=3))
    gate.set()
    assert (before.result(), after.result()) == (1, 3)
    with pytest.raises(ValueError, match="in the middle"):
        failing.result()
    assert _rows(journal.path) == {1, 3}


def test_a_revision_taken_back_with_a_failed_operation_is_not_given_to_nobody(
    journal: Journal, reader: sqlite3.Connection
) -> None:
    gate = threading.Event()
    journal.submit(lambda _: gate.wait(10))

    def failing(transaction: Transaction) -> None:
        _ = transaction.revision
        raise ValueError

    lost, kept = journal.submit(failing), journal.submit(lambda transaction: transaction.revision)
    gate.set()
    assert isinstance(lost.exception(), ValueError)
    assert kept.result() == queries.revision(reader)


async def test_cancelling_the_waiter_does_not_take_the_write_back(journal: Journal) -> None:
    gate = threading.Event()
    journal.submit(lambda _: gate.wait(10))
    write = asyncio.ensure_future(journal.write(partial(_insert, number=5)))
    await asyncio.sleep(0)
    write.cancel()
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await write
    journal.close()
    assert _rows(journal.path) == {5}


def test_closing_writes_what_still_waits(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "history.sqlite3")
    journal.open()
    writes = [journal.submit(partial(_insert, number=n)) for n in range(50)]
    journal.close()
    assert all(write.done() for write in writes)
    assert _rows(journal.path) == set(range(50))


def test_a_closed_journal_refuses_writes(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="not open"):
        Journal(tmp_path / "history.sqlite3").submit(lambda _: None)


def test_a_file_that_is_no_database_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    path.write_bytes(b"this is a shopping list, not a database" * 50)
    with pytest.raises(HistoryError) as caught:
        Journal(path).open()
    assert "not a fluxtui database" in caught.value.problem.what
    assert path.read_bytes().startswith(b"this is a shopping list")


def test_a_newer_database_is_left_alone_by_writer_and_reader(journal: Journal) -> None:
    journal.close()
    connection = sqlite3.connect(journal.path)
    connection.execute(f"PRAGMA user_version = {migrations.SCHEMA_VERSION + 1}")
    connection.close()
    for attempt in (lambda: Journal(journal.path).open(), lambda: open_reader(journal.path)):
        with pytest.raises(HistoryError, match="newer fluxtui"):
            attempt()


def test_a_missing_database_is_explained_to_a_reader(tmp_path: Path) -> None:
    with pytest.raises(HistoryError) as caught:
        open_reader(tmp_path / "history.sqlite3")
    assert caught.value.problem.kind is ProblemKind.DISK


def test_a_reader_cannot_write(reader: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("DELETE FROM runs")


def test_a_failing_migration_leaves_no_trace_and_stays_pending(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE half (x)")
        connection.execute("SELECT nonsense FROM nowhere")

    path = tmp_path / "history.sqlite3"
    whole = [name for name, _ in migrations.MIGRATIONS]
    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, ("broken", broken)))
    monkeypatch.setattr(migrations, "SCHEMA_VERSION", len(whole) + 1)
    with pytest.raises(HistoryError):
        Journal(path).open()
    connection = sqlite3.connect(path)
    names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    assert "half" not in names
    assert connection.execute("PRAGMA user_version").fetchone() == (len(whole),)
    applied = {row[0] for row in connection.execute("SELECT name FROM migrations")}
    assert applied == set(whole)
    connection.close()


def test_opening_twice_migrates_once(journal: Journal, reader: sqlite3.Connection) -> None:
    with Journal(journal.path):
        pass
    assert reader.execute("SELECT count(*) FROM migrations").fetchone() == (len(migrations.MIGRATIONS),)


def test_two_processes_may_write_side_by_side(journal: Journal) -> None:
    with Journal(journal.path) as other:
        writes = [j.submit(partial(runs.create_run, run=new_run(), cells=[cell()])) for j in (journal, other) * 10]
        ids = [write.result() for write in writes]
    assert sorted(ids) == list(range(1, 21))
