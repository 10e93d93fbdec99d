import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tui.harness import Studio


@pytest.fixture(autouse=True)
def _one_time_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Times of day on screen must not depend on where the tests run."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "gallery"


@pytest.fixture
def studio(workspace: Path) -> Iterator[Studio]:
    studio = Studio(workspace)
    yield studio
    studio.close()
