"""Opening, beginning and saving batches by keys: nothing that is not saved is lost without a question."""

from pathlib import Path

import pytest
from textual.widgets import Input

from fluxtui.engine import drafts
from fluxtui.tui.app import Cockpit
from fluxtui.tui.doors.door import RealEngine
from fluxtui.tui.screens.batch.files import wrong_name
from fluxtui.tui.screens.batch.screen import BatchScreen
from fluxtui.tui.screens.dialogs.screen import AskScreen, LineScreen
from tests.conditions import until
from tests.tui.harness import cockpit, running
from tests.tui.keys import presses
from tests.tui.trees import Bench

TEXT = """\
# two trees
name: pair
tasks:
  - name: ash
    prompt: An ash
  - name: birch
    prompt: A birch
"""


def real(workspace: Path, path: Path | None = None) -> Cockpit:
    app = cockpit(workspace, batch=path)
    app.engine = RealEngine(workspace, sandbox=True)
    return app


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "pair.yaml"
    path.write_text(TEXT, "utf-8")
    return path


def somebody_else(path: Path, text: str = f"{TEXT}# somebody else was here\n") -> None:
    path.write_text(text, "utf-8")


def content(path: Path) -> str:
    return path.read_text("utf-8")


def drafts_in(workspace: Path) -> list[Path]:
    return list((workspace / drafts.FOLDER).glob("*.json"))


async def opened(app: Cockpit) -> BatchScreen:
    await until(lambda: isinstance(app.screen, BatchScreen) and app.screen.desk.live and app.screen.tasks.has_focus)
    screen = app.screen
    assert isinstance(screen, BatchScreen)
    return screen


async def asked(app: Cockpit, words: str) -> None:
    """Wait for a question with these words in its title."""
    await until(
        lambda: (
            isinstance(app.screen, AskScreen | LineScreen)
            and app.screen.query(".card")
            and words in str(app.screen.query_one(".card").border_title)
        )
    )


@presses("batch.save")
async def test_a_change_is_saved_to_the_file_that_it_came_from(workspace: Path, file: Path) -> None:
    app = real(workspace, file)
    async with running(app) as pilot:
        screen = await opened(app)
        await pilot.press("x")
        assert screen.desk.document is not None
        assert screen.desk.document.dirty
        await pilot.press("ctrl+s")
        await until(lambda: not screen.desk.document.dirty if screen.desk.document else False)
        assert content(file).startswith("# two trees\nname: pair\n")
        assert "An ash" not in content(file)
        assert "A birch" in content(file)
        await pilot.press("ctrl+z")
        assert screen.desk.document.dirty
        await pilot.press("ctrl+s")
        await until(lambda: "An ash" in content(file))


@presses("batch.save", "dialog.choose")
async def test_what_somebody_else_wrote_is_not_overwritten_without_a_question(workspace: Path, file: Path) -> None:
    app = real(workspace, file)
    async with running(app) as pilot:
        screen = await opened(app)
        await pilot.press("x")
        somebody_else(file)
        await pilot.press("ctrl+s")
        await asked(app, "Somebody else")
        await pilot.press("n")
        await until(lambda: app.screen is screen)
        assert "somebody else" in content(file)
        await pilot.press("ctrl+s")
        await asked(app, "Somebody else")
        await pilot.press("down", "enter")
        await until(lambda: "somebody else" not in content(file))


async def test_a_change_from_outside_is_shown_where_nothing_was_edited(workspace: Path, file: Path) -> None:
    app = real(workspace, file)
    async with running(app) as pilot:
        screen = await opened(app)
        await pilot.press("down")
        somebody_else(file, TEXT.replace("A birch", "A silver birch"))
        await until(lambda: screen.desk.batch.tasks[1].prompt == "A silver birch")
        assert screen.desk.row == 1


@presses("batch.reload")
async def test_a_change_from_outside_leaves_unsaved_edits_alone_and_says_so(workspace: Path, file: Path) -> None:
    app = real(workspace, file)
    async with running(app) as pilot:
        screen = await opened(app)
        bench = Bench(app, pilot, screen)
        await pilot.press("x")
        somebody_else(file, TEXT.replace("A birch", "A silver birch"))
        await until(lambda: screen.changed_outside)
        assert bench.names == ["birch"]
        assert screen.desk.batch.tasks[0].prompt == "A birch"
        await pilot.press("r")
        await asked(app, "not saved")
        await pilot.press("d")
        await until(lambda: bench.names == ["ash", "birch"])
        assert screen.desk.batch.tasks[1].prompt == "A silver birch"


@presses("batch.save-as")
async def test_saving_under_another_name_takes_its_format(workspace: Path, file: Path) -> None:
    app = real(workspace, file)
    other = file.with_suffix(".csv")
    async with running(app) as pilot:
        screen = await opened(app)
        await pilot.press("W")
        await asked(app, "Save as")
        line = app.screen.query_one(Input)
        assert line.value == str(file)
        line.value = str(file.with_suffix(".pdf"))
        await pilot.press("enter")
        assert isinstance(app.screen, LineScreen)
        line.value = str(other)
        await pilot.press("enter")
        await until(lambda: other.exists() and screen.desk.path == other)
        assert content(other).splitlines()[0].startswith("name,prompt")
        await pilot.press("W")
        await asked(app, "Save as")
        await pilot.press("enter")
        await asked(app, "There is such a file")
        await pilot.press("n")
        await until(lambda: app.screen is screen)


async def test_what_a_format_cannot_hold_is_said_before_it_is_lost(workspace: Path, file: Path) -> None:
    app = real(workspace, file)
    other = file.with_suffix(".csv")
    somebody_else(file, f"{TEXT}axes: {{seed: 1..2}}\n")
    async with running(app) as pilot:
        screen = await opened(app)
        await pilot.press("W")
        await asked(app, "Save as")
        app.screen.query_one(Input).value = str(other)
        await pilot.press("enter")
        await asked(app, "cannot hold all of it")
        assert not other.exists()
        await pilot.press("w")
        await until(other.exists)
        await until(lambda: app.screen is screen)
        assert screen.desk.path == file
        assert screen.desk.batch.axes


@presses("batch.reload", "batch.new")
async def test_changes_that_are_not_saved_are_asked_about(workspace: Path, file: Path) -> None:
    app = real(workspace, file)
    async with running(app) as pilot:
        screen = await opened(app)
        bench = Bench(app, pilot, screen)
        await pilot.press("x", "r")
        await asked(app, "not saved")
        await pilot.press("n")
        await until(lambda: app.screen is screen)
        assert bench.names == ["birch"]
        await pilot.press("ctrl+n")
        await asked(app, "not saved")
        await pilot.press("escape")
        await until(lambda: app.screen is screen)
        assert bench.names == ["birch"]
        await pilot.press("r")
        await asked(app, "not saved")
        await pilot.press("d")
        await until(lambda: bench.names == ["ash", "birch"])
        await pilot.press("ctrl+n")
        await until(lambda: bench.names == [])
        await pilot.press("o", "ctrl+s")
        await asked(app, "Save as")


async def test_leaving_asks_about_changes_and_can_save_them(workspace: Path, file: Path) -> None:
    app = real(workspace, file)
    async with running(app) as pilot:
        await opened(app)
        await pilot.press("x", "ctrl+q")
        await asked(app, "not saved")
        await pilot.press("s")
        await until(lambda: app.return_code is not None or not app.is_running)
    assert "An ash" not in content(file)


async def test_a_draft_is_there_within_a_second_and_goes_with_the_save(workspace: Path, file: Path) -> None:
    app = real(workspace, file)
    async with running(app) as pilot:
        await opened(app)
        await pilot.press("x")
        await until(lambda: drafts_in(workspace))
        assert not drafts.orphans(workspace)
        await pilot.press("ctrl+s")
        await until(lambda: not drafts_in(workspace))


@presses("batch.undo")
async def test_edits_left_behind_are_offered_when_the_file_is_opened_again(workspace: Path, file: Path) -> None:
    app = real(workspace, file)
    async with running(app) as pilot:
        await opened(app)
        await pilot.press("x", "ctrl+q")
        await asked(app, "not saved")
        await pilot.press("k")
        await until(lambda: app.return_code is not None or not app.is_running)
    assert "An ash" in content(file)
    assert len(drafts.orphans(workspace, file)) == 1
    app = real(workspace, file)
    async with running(app) as pilot:
        await asked(app, "Unsaved edits")
        await pilot.press("1")
        screen = await opened(app)
        assert [task.name for task in screen.desk.batch.tasks] == ["birch"]
        assert screen.desk.document is not None
        assert screen.desk.document.dirty
        await pilot.press("ctrl+z")
        assert [task.name for task in screen.desk.batch.tasks] == ["ash", "birch"]
        assert not screen.desk.document.dirty


async def test_a_batch_that_was_never_saved_is_offered_where_nothing_is_open(workspace: Path) -> None:
    app = real(workspace)
    async with running(app) as pilot:
        await pilot.press("f2")
        await until(lambda: isinstance(app.screen, BatchScreen) and app.screen.query("#beginnings:focus"))
        await pilot.press("ctrl+n")
        screen = app.screen
        assert isinstance(screen, BatchScreen)
        await until(lambda: screen.desk.document is not None)
        await pilot.press("o")
        await until(lambda: drafts_in(workspace))
    app = real(workspace)
    async with running(app) as pilot:
        await pilot.press("f2")
        await asked(app, "Unsaved edits")
        await pilot.press("x")
        await until(lambda: not drafts_in(workspace))


async def test_a_paste_begins_a_batch_where_none_is_open(workspace: Path) -> None:
    app = real(workspace)
    async with running(app) as pilot:
        await pilot.press("f2")
        await until(lambda: isinstance(app.screen, BatchScreen) and app.screen.query("#beginnings:focus"))
        screen = app.screen
        assert isinstance(screen, BatchScreen)
        Bench(app, pilot, screen).paste("An oak\nA pine\n")
        await asked(app, "Add 2 tasks")
        await pilot.press("a")
        await until(lambda: len(screen.desk.batch.tasks) == 2 and screen.desk.targets)


@presses("nothing.choose")
async def test_an_example_is_opened(workspace: Path) -> None:
    app = real(workspace)
    async with running(app) as pilot:
        await pilot.press("f2")
        await until(lambda: isinstance(app.screen, BatchScreen) and app.screen.query("#beginnings:focus"))
        await pilot.press("down", "down", "enter")
        screen = await opened(app)
        assert screen.desk.batch.name == "city"


@pytest.mark.parametrize(
    ("name", "wrong"), [("a.yaml", None), ("a.csv", None), ("a.pdf", "ends in none"), ("no/such/a.yaml", "no folder")]
)
def test_where_a_batch_can_be_saved(tmp_path: Path, name: str, wrong: str | None) -> None:
    said = wrong_name(str(tmp_path / name))
    assert (said is None) if wrong is None else wrong in (said or "")
