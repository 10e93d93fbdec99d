"""Facts beside the picture."""

import json
from pathlib import Path

import pytest

from fluxtui.images.metadata import write_sidecar
from fluxtui.images.store import DiskProblem


def test_it_stands_beside_the_picture_and_reads_well(tmp_path: Path) -> None:
    path = write_sidecar(tmp_path / "robot flux-1.1.png", {"seed": 7, "prompt": "Übermut 🤖", "cost": {"usd": 0.04}})
    assert path == tmp_path / "robot flux-1.1.json"
    assert path.read_text("utf-8") == (
        '{\n  "cost": {\n    "usd": 0.04\n  },\n  "prompt": "Übermut 🤖",\n  "seed": 7\n}\n'
    )


def test_it_replaces_an_older_one_and_leaves_nothing_else(tmp_path: Path) -> None:
    for seed in (1, 2):
        path = write_sidecar(tmp_path / "robot.jpg", {"seed": seed})
    assert json.loads(path.read_bytes()) == {"seed": 2}
    assert list(tmp_path.iterdir()) == [path]


def test_a_lone_surrogate_survives_as_its_escape(tmp_path: Path) -> None:
    path = write_sidecar(tmp_path / "robot.png", {"prompt": "\ud83e half"})
    assert json.loads(path.read_text("utf-8")) == {"prompt": "\ud83e half"}


def test_numbers_that_json_lacks_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_sidecar(tmp_path / "robot.png", {"guidance": float("nan")})
    assert not list(tmp_path.iterdir())


def test_a_disk_that_refuses(tmp_path: Path) -> None:
    (tmp_path / "robot.json").mkdir()
    with pytest.raises(DiskProblem):
        write_sidecar(tmp_path / "robot.png", {})
    assert [path.name for path in tmp_path.iterdir()] == ["robot.json"]
