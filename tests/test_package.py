"""The wheel holds everything that the program needs, and works without the checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from fluxtui import __version__

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel: Path) -> frozenset[str]:
    with zipfile.ZipFile(wheel) as archive:
        return frozenset(archive.namelist())


def test_all_code_and_all_data_are_inside(names: frozenset[str]) -> None:
    kinds = ("*.py", "*.tcss", "*.toml", "py.typed")
    package = {path.relative_to(ROOT).as_posix() for kind in kinds for path in (ROOT / "fluxtui").rglob(kind)}
    assert {"fluxtui/py.typed", "fluxtui/providers/catalog/bfl.toml", "fluxtui/cli/main.py"} < package
    assert not package - names


@pytest.mark.parametrize("folder", ["themes", "examples"])
def test_themes_and_examples_are_inside(names: frozenset[str], folder: str) -> None:
    inside = [path.relative_to(ROOT) for path in (ROOT / folder).rglob("*") if path.is_file()]
    wanted = {f"fluxtui/_data/{p.as_posix()}" for p in inside if p.name[0] != "." and "__pycache__" not in p.parts}
    assert wanted
    assert not wanted - names


def test_nothing_else_is_inside(names: frozenset[str]) -> None:
    metadata = f"fluxtui-{__version__}.dist-info/"
    assert {f"{metadata}entry_points.txt", f"{metadata}licenses/LICENSE"} <= names
    strangers = [name for name in names if not name.startswith(("fluxtui/", metadata))]
    hidden = [name for name in names if "/." in name or "__pycache__" in name]
    assert not strangers
    assert not hidden


def test_it_works_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site-packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    script = (
        "import fluxtui, fluxtui.resources as r;"
        "print(fluxtui.__file__, *r.examples_folder().iterdir(), *r.themes_folder().iterdir(), sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=True,
    )
    found = [Path(line) for line in done.stdout.splitlines()]
    assert all(path.is_relative_to(site) for path in found)
    assert {"city.yaml", "single_image_batch.json"} <= {path.name for path in found}
