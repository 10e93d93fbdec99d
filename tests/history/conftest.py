import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from fluxtui.history.database import open_reader
from fluxtui.history.journal import Journal


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "history.sqlite3") as journal:
        yield journal


@pytest.fixture
def reader(journal: Journal) -> Iterator[sqlite3.Connection]:
    connection = open_reader(journal.path)
    yield connection
    connection.close()
