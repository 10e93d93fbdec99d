"""Opening the cockpit: what wins over what, and going from one workspace to the next."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fluxtui.tui import opening
from fluxtui.tui.app import Cockpit
from fluxtui.tui.preferences import PreferenceFile
from fluxtui.tui.previews.probe import Mode, Terminal


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Cockpit]:
    """Run no cockpit, but keep those that would be; ask no terminal, but obey what is chosen."""
    cockpits: list[Cockpit] = []

    def run(app: Cockpit) -> int:
        cockpits.append(app)
        app.on_load()
        return 0

    def probe(choice: str, *, remembered: bool, web: bool) -> Terminal:
        mode = Mode.CELLS if choice == "auto" else Mode(choice)
        return Terminal(mode, f"{choice}, {'remembered' if remembered else 'said'}{', web' if web else ''}")

    monkeypatch.setattr(Cockpit, "run", run)
    monkeypatch.setattr(opening, "probe", probe)
    monkeypatch.setattr(opening, "default_path", lambda: tmp_path / "config" / "cockpit.toml")
    return cockpits


@pytest.fixture
def choices(tmp_path: Path) -> PreferenceFile:
    return PreferenceFile(tmp_path / "config" / "cockpit.toml")


def test_without_any_word_the_defaults_hold(opened: list[Cockpit], tmp_path: Path) -> None:
    assert opening.run_cockpit(tmp_path / "gallery") == 0
    (app,) = opened
    assert (app.theme, app.pictures.mode) == ("flux-night", Mode.CELLS)


def test_what_was_chosen_last_holds_at_the_next_start(
    opened: list[Cockpit], choices: PreferenceFile, tmp_path: Path
) -> None:
    choices.write(theme="flux-shore", images="off")
    opening.run_cockpit(tmp_path / "gallery")
    (app,) = opened
    assert (app.theme, app.pictures.terminal.reason) == ("flux-shore", "off, remembered")


def test_an_option_or_variable_wins_over_what_was_chosen(
    opened: list[Cockpit], choices: PreferenceFile, tmp_path: Path
) -> None:
    choices.write(theme="flux-shore", images="off")
    opening.run_cockpit(tmp_path / "gallery", images="cells", theme="flux-dusk")
    (app,) = opened
    assert (app.theme, app.pictures.terminal.reason) == ("flux-dusk", "cells, said")
    assert choices.read()[0].theme == "flux-shore"


def test_a_theme_that_is_gone_is_told_and_the_first_one_taken(
    opened: list[Cockpit], choices: PreferenceFile, tmp_path: Path
) -> None:
    choices.write(theme="my-own-of-old")
    opening.run_cockpit(tmp_path / "gallery")
    assert opened[0].theme == "flux-night"


def test_the_cockpit_goes_from_workspace_to_workspace(
    opened: list[Cockpit], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    there: list[Path | None] = [tmp_path / "second", tmp_path / "third", None]
    run: Callable[[Cockpit], int] = Cockpit.run  # type: ignore[assignment]  # the one of the fixture

    def choosing(app: Cockpit) -> int:
        app.next_workspace = there.pop(0)
        app.pictures.terminal = Terminal(Mode.OFF, "chosen meanwhile")
        return run(app)

    monkeypatch.setattr(Cockpit, "run", choosing)
    assert opening.run_cockpit(tmp_path / "first", batch=tmp_path / "batch.yaml", sandbox=True, start=True) == 0
    assert [app.workspace.name for app in opened] == ["first", "second", "third"]
    assert [app.batch_path is None for app in opened] == [False, True, True]
    assert [app.start_wanted for app in opened] == [True, False, False]
    assert all(app.sandbox for app in opened)
    assert opened[1].pictures.mode is Mode.OFF  # what was chosen in the first goes along
