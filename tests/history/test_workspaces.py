"""Looking at workspaces from outside."""

import sqlite3
from pathlib import Path

import pytest

from fluxtui.history import workspaces
from fluxtui.history.workspaces import look_at
from tests.tui.harness import NOW, Studio


def test_a_workspace_tells_its_runs_and_size(tmp_path: Path) -> None:
    studio = Studio(tmp_path / "gallery")
    studio.new_run()
    studio.new_run()
    studio.close()
    (studio.workspace / "run_1").mkdir()
    (studio.workspace / "run_1" / "a.png").write_bytes(b"x" * 5000)
    facts = look_at(studio.workspace)
    assert (facts.exists, facts.runs, facts.last, facts.whole) == (True, 2, NOW - 60, True)
    assert facts.size > 5000


def test_no_folder_an_empty_one_and_a_damaged_history(tmp_path: Path) -> None:
    assert not look_at(tmp_path / "nowhere").exists
    (tmp_path / "file").touch()
    assert not look_at(tmp_path / "file").exists
    (tmp_path / "empty").mkdir()
    assert look_at(tmp_path / "empty").runs == 0
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "history.sqlite3").write_bytes(b"this is no database, however long one reads it" * 50)
    assert look_at(tmp_path / "bad").runs is None


def test_a_history_of_another_version_is_read_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE runs (id INTEGER, created_at REAL)")
    connection.execute("INSERT INTO runs VALUES (1, 17.5)")
    connection.execute("PRAGMA user_version = 9000")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    assert (look_at(tmp_path).runs, look_at(tmp_path).last) == (1, 17.5)
    assert path.read_bytes() == before


def test_counting_ends_somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspaces, "_MOST_FILES", 3)
    for number in range(5):
        (tmp_path / str(number)).write_bytes(b"12345")
    facts = look_at(tmp_path)
    assert (facts.size, facts.whole) == (15, False)
