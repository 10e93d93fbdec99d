"""The data folders, found wherever the program is installed."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from fluxtui.domain.problems import FluxtuiError
from fluxtui.resources import examples_folder, find, themes_folder


def test_they_are_there() -> None:
    assert themes_folder().name == "themes"
    assert examples_folder().is_dir()


def test_a_wheel_has_its_own_and_prefers_it(tmp_path: Path) -> None:
    package = tmp_path / "site-packages" / "fluxtui"
    (package / "_data" / "themes").mkdir(parents=True)
    (package.parent / "themes").mkdir()
    assert find("themes", package) == package / "_data" / "themes"


def test_a_folder_of_someone_else_in_site_packages_is_not_taken(tmp_path: Path) -> None:
    package = tmp_path / "site-packages" / "fluxtui"
    (package.parent / "examples").mkdir(parents=True)
    with pytest.raises(FluxtuiError, match="Install fluxtui again"):
        find("examples", package)


def test_a_checkout_has_them_at_the_top(tmp_path: Path) -> None:
    (tmp_path / "examples").mkdir()
    (tmp_path / "pyproject.toml").touch()
    assert find("examples", tmp_path / "fluxtui") == tmp_path / "examples"


def test_a_built_wheel_brings_them_along(tmp_path: Path) -> None:
    pytest.importorskip("hatchling", reason="the build tool is not installed here")
    top = Path(__file__).parent.parent
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=top, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "site-packages")
    script = "from fluxtui import resources as r; print(r.themes_folder(), r.examples_folder(), sep='\\n')"
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path / "site-packages", check=True, capture_output=True, text=True
    )
    data = tmp_path / "site-packages" / "fluxtui" / "_data"
    assert result.stdout.splitlines() == [str(data / "themes"), str(data / "examples")]
    assert {path.name for path in examples_folder().glob("*.json")} <= {path.name for path in data.rglob("*.json")}
