"""What a person chose: kept whole, entry by entry, whatever else writes or breaks the file."""

import multiprocessing
import stat
import threading
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fluxtui.domain.problems import FluxtuiError
from fluxtui.tui.preferences import KEPT_WORKSPACES, PreferenceFile, Preferences, spelled

NAMES = st.text(st.characters(codec="utf-8"), max_size=12)
TABLES = st.fixed_dictionaries(
    {},
    optional={
        "theme": NAMES,
        "images": st.sampled_from(["auto", "kitty", "sixel", "cells", "off"]),
        "keymap": st.dictionaries(NAMES, NAMES, min_size=1, max_size=4),
        "columns": st.dictionaries(NAMES, st.lists(NAMES, max_size=3).map(tuple), min_size=1, max_size=3),
        "toured": st.booleans(),
        "workspaces": st.lists(NAMES, max_size=4).map(tuple),
    },
)


@pytest.fixture
def file(tmp_path: Path) -> PreferenceFile:
    return PreferenceFile(tmp_path / "config" / "cockpit.toml")


def test_paths_are_spelled_as_people_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert spelled(tmp_path / "pictures") == "~/pictures"
    assert spelled(tmp_path) == "~"
    assert spelled(Path("/elsewhere")) == "/elsewhere"


def test_without_a_file_nothing_is_chosen_and_nothing_made(file: PreferenceFile) -> None:
    assert file.read() == (Preferences(), [])
    assert not file.path.parent.exists()


@settings(deadline=None)
@given(first=TABLES, second=TABLES)
def test_what_was_chosen_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, first: dict[str, object], second: dict[str, object]
) -> None:
    file = PreferenceFile(tmp_path_factory.mktemp("kept") / "cockpit.toml")
    expected = Preferences()
    for changes in (first, second):
        file.write(**changes)  # type: ignore[arg-type]  # hypothesis made them
        expected = expected.changed(changes)  # type: ignore[arg-type]
        assert file.read() == (expected, [])
    file.write(**dict.fromkeys(second))
    assert file.read() == (expected.changed(dict.fromkeys(second)), [])


@settings(deadline=None)
@given(st.one_of(st.binary(max_size=200), NAMES.map(lambda text: f"theme = {text}".encode())))
def test_no_file_stops_the_start_and_a_broken_one_is_left_alone(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    file = PreferenceFile(tmp_path_factory.mktemp("broken") / "cockpit.toml")
    file.path.write_bytes(data)
    _, problems = file.read()
    try:
        tomllib.loads(data.decode("utf-8-sig"))
    except ValueError:
        assert len(problems) == 1
        with pytest.raises(FluxtuiError, match="could not be kept"):
            file.write(theme="flux-dusk")
        assert file.path.read_bytes() == data


def test_a_wrong_entry_is_named_and_the_others_hold(file: PreferenceFile) -> None:
    file.path.parent.mkdir()
    file.path.write_text(
        'theme = 3\nimages = "holograms"\ntoured = "yes"\nworkspaces = ["/a", 2]\n'
        '[keymap]\n"run.pause" = "ctrl+k"\n"run.retry" = 7\n[columns]\njobs = ["state"]\nruns = "all"\n',
        "utf-8",
    )
    chosen, problems = file.read()
    assert chosen == Preferences(keymap={"run.pause": "ctrl+k"}, columns={"jobs": ("state",)})
    assert len(problems) == 6
    assert all(problem.startswith("cockpit.toml: ") for problem in problems)
    assert any("images should be one of auto, kitty, sixel, cells, off" in problem for problem in problems)
    assert any("keymap run.retry" in problem for problem in problems)


def test_a_section_that_is_none_is_said_and_not_overwritten(file: PreferenceFile) -> None:
    file.path.parent.mkdir()
    file.path.write_text('keymap = "vim"\n', "utf-8")
    assert file.read()[1] == ["cockpit.toml: [keymap] should be a table."]
    with pytest.raises(FluxtuiError):
        file.write(keymap={"run.pause": "ctrl+k"})
    assert file.path.read_text("utf-8") == 'keymap = "vim"\n'


def test_comments_strangers_and_the_other_keys_stay(file: PreferenceFile) -> None:
    file.path.parent.mkdir()
    file.path.write_text(
        '# mine\ntheme = "flux-dusk"\nfuture = [1, 2]\n\n[keymap]\n"run.pause" = "f5" # easier\n', "utf-8"
    )
    file.write(keymap={"run.retry": "ctrl+r"}, images="cells")
    text = file.path.read_text("utf-8")
    assert text.startswith("# mine\n")
    assert "# easier" in text
    assert tomllib.loads(text)["future"] == [1, 2]
    assert file.read()[0].keymap == {"run.pause": "f5", "run.retry": "ctrl+r"}
    file.write(keymap={"run.pause": None, "run.retry": None})
    assert "keymap" not in tomllib.loads(file.path.read_text("utf-8"))


def test_two_cockpits_keep_each_others_choices(file: PreferenceFile) -> None:
    one, two = PreferenceFile(file.path), PreferenceFile(file.path)
    one.read(), two.read()
    one.write(theme="flux-dusk", keymap={"run.pause": "f5"})
    two.write(images="cells", keymap={"run.retry": "f6"})
    assert file.read()[0] == Preferences(
        theme="flux-dusk", images="cells", keymap={"run.pause": "f5", "run.retry": "f6"}
    )


def _write_many(path: Path, first: int) -> None:
    for number in range(first, first + 8):
        PreferenceFile(path).write(keymap={f"id{number}": "f5"})


def test_writers_at_the_same_time_lose_nothing(file: PreferenceFile) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_write_many, args=(file.path, 100 * n)) for n in range(2)]
    threads = [threading.Thread(target=_write_many, args=(file.path, 1000 * n)) for n in range(1, 3)]
    for process in processes:
        process.start()
    for thread in threads:
        thread.start()
    for process in processes:
        process.join()
    for thread in threads:
        thread.join()
    chosen, problems = file.read()
    assert not problems
    assert len(chosen.keymap) == 32


def test_a_file_is_replaced_whole_privately_and_through_a_link(tmp_path: Path, file: PreferenceFile) -> None:
    real = tmp_path / "dotfiles" / "cockpit.toml"
    real.parent.mkdir()
    file.path.parent.mkdir()
    file.path.symlink_to(real)
    file.write(theme="flux-dusk")
    assert file.path.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o600
    assert sorted(path.name for path in real.parent.iterdir()) == ["cockpit.toml"]


def test_a_disk_that_takes_nothing_is_a_problem_in_words(file: PreferenceFile, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write(theme="flux-dusk")
    before = file.path.read_text("utf-8")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("fluxtui.tui.preferences.os.fsync", full)
    with pytest.raises(FluxtuiError) as caught:
        file.write(theme="flux-ember")
    assert "No space left on device" in caught.value.problem.cause
    assert file.path.read_text("utf-8") == before
    assert not list(file.path.parent.glob(".cockpit-*"))


def test_workspaces_are_kept_the_last_one_first(file: PreferenceFile, tmp_path: Path) -> None:
    for number in range(KEPT_WORKSPACES + 3):
        file.note_workspace(tmp_path / str(number))
    file.note_workspace(tmp_path / "7")
    kept = file.read()[0].workspaces
    assert len(kept) == KEPT_WORKSPACES == len(set(kept))
    assert kept[:2] == (str(tmp_path / "7"), str(tmp_path / str(KEPT_WORKSPACES + 2)))
    file.forget_workspace(tmp_path / "7")
    assert str(tmp_path / "7") not in file.read()[0].workspaces
