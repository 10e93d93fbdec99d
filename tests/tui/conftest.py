import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tui.harness import Studio
from tests.tui.keys import noting


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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Let a test that says it presses keys fail when it does not."""
    named = {str(each) for mark in item.iter_markers("presses") for each in mark.args}
    if not named:
        return (yield)
    with noting() as pressed:
        yield
    missing = ", ".join(sorted(named - pressed.ids))
    if missing:
        pytest.fail(f"named, but no key of it started its action: {missing}", pytrace=False)
    unoffered = ", ".join(sorted(named & pressed.unoffered))
    if unoffered:
        pytest.fail(f"pressed, but not in the palette at that moment: {unoffered}", pytrace=False)
