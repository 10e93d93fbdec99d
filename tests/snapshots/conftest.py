"""Workspaces for pictures. The crowded one is made once and copied."""

import shutil
from pathlib import Path

import pytest

from tests.snapshots.scenes import SCENES, crowded
from tests.tui.conftest import _one_time_zone, studio, workspace
from tests.tui.harness import Studio

__all__ = ["_one_time_zone", "studio", "workspace"]


@pytest.fixture(scope="session")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the crowded run, closed."""
    studio = Studio(tmp_path_factory.mktemp("crowd") / "gallery")
    crowded(studio)
    studio.close()
    return studio.workspace


@pytest.fixture
def scene(request: pytest.FixtureRequest, workspace: Path) -> Path:
    """The workspace of the scene that a test names as its parameter."""
    name = str(request.param)
    if name == "crowded":
        shutil.copytree(request.getfixturevalue("crowd"), workspace)
        return workspace
    studio = Studio(workspace)
    SCENES[name](studio)
    studio.close()
    return workspace
