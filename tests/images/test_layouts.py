"""Where pictures land, whatever they are called."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxtui.domain.text import file_stem
from fluxtui.images.layouts import LAYOUTS, image_stem, run_folder

names = st.one_of(
    st.text(max_size=300),
    st.sampled_from(["", ".", "..", "../../etc/passwd", "/", "C:\\x", "nul", "a\0b", "\u202egnp.exe", "é" * 300]),
)


def test_by_target() -> None:
    folder = run_folder("comic", 1_763_689_200.0)
    assert folder.startswith("comic_2025112")
    assert len(folder) == len("comic_YYYYmmdd-HHMMSS")
    stem = image_stem("by_target", folder, provider="bfl", task="robot", stem="robot_flux-dev")
    assert stem == Path(folder, "bfl", "robot_flux-dev")


@pytest.mark.parametrize(
    ("stem", "name"),
    [("robot", "bfl"), ("robot_flux-dev_seed-1", "bfl_flux-dev_seed-1"), ("other", "bfl_other")],
)
def test_by_task(stem: str, name: str) -> None:
    assert image_stem("by_task", "run", provider="bfl", task="robot", stem=stem) == Path("run", "robot", name)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_several_pictures_of_one_job_are_numbered_from_one(layout: str) -> None:
    paths = [image_stem(layout, "run", provider="bfl", task="a", stem="a", ordinal=at, count=3) for at in range(3)]
    assert [path.name[-2:] for path in paths] == ["-1", "-2", "-3"]


def test_an_unknown_layout_is_named() -> None:
    with pytest.raises(ValueError, match="by_target, by_task, not 'by_mood'"):
        image_stem("by_mood", "run", provider="bfl", task="a", stem="a")


@given(st.sampled_from(LAYOUTS), names, names, names, names, st.integers(0, 9))
def test_no_name_leads_out_of_the_workspace(
    layout: str, folder: str, provider: str, task: str, stem: str, ordinal: int
) -> None:
    path = image_stem(layout, folder, provider=provider, task=task, stem=stem, ordinal=ordinal, count=10)
    workspace = Path("/workspace")
    assert Path(workspace, path).resolve().relative_to(workspace) == path
    assert len(path.parts) == 3
    for part in path.parts:
        assert not part.startswith(".")
        assert len(part.encode()) <= 220  # leaves room for "-2", the extension and the file system's 255
        assert part.isprintable()


@given(st.lists(st.text(min_size=1, max_size=40).map(file_stem), unique=True, min_size=2, max_size=6))
def test_different_stems_of_one_task_stay_different(rests: list[str]) -> None:
    paths = {image_stem("by_task", "r", provider="bfl", task="robot", stem=f"robot_{rest}") for rest in rests}
    assert len(paths) == len(rests)
