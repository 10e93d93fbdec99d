"""Two cockpits that edit the same batch file: no edit of either is lost or mixed without a question."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.widgets import Input

from fluxtui.batchfiles.reading import read_batch
from fluxtui.batchfiles.saving import digest_of
from fluxtui.engine import drafts
from fluxtui.tui.editing import edits
from fluxtui.tui.editing.edits import Edited
from fluxtui.tui.screens.batch import drafting, files, turns
from fluxtui.tui.screens.batch.screen import BatchScreen
from fluxtui.tui.screens.dialogs.screen import AskScreen, LineScreen
from tests.conditions import until
from tests.tui.harness import running
from tests.tui.test_batch_files import asked, drafts_in, opened, real
from tests.tui.trees import Bench

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("ash", "birch", "cedar", "dogwood")

_KILLED = """
import asyncio, sys
from pathlib import Path
from tests.tui.test_two_editors import alone
asyncio.run(alone(Path(sys.argv[1]), Path(sys.argv[2])))
"""


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the file, and keep drafts, sooner than for a person."""
    monkeypatch.setattr(files, "_LOOK", 0.1)
    monkeypatch.setattr(drafting, "_PAUSE", 0.1)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "four.csv"
    path.write_text("name,prompt\n" + "".join(f"{name},A tree\n" for name in NAMES), "utf-8")
    return path


class Editor(Bench):
    """One of two people at a cockpit of their own."""

    @property
    def dirty(self) -> bool:
        return self.desk.document is not None and self.desk.document.dirty

    @property
    def prompts(self) -> list[str]:
        return [task.prompt for task in self.desk.batch.tasks]

    @property
    def question(self) -> AskScreen | None:
        """The question in front, once it can be answered."""
        screen = self.app.screen
        return screen if isinstance(screen, AskScreen) and screen.query(".card") else None

    async def write(self, row: int, text: str) -> None:
        """Type another name into a row, by keys."""
        self.desk.go(row, "name")
        await self.press("enter", "ctrl+u")
        await self.type(text)
        await self.press("enter")
        await until(lambda: self.names[row] == text)

    async def save(self) -> bool:
        """Press the key; returns whether it was saved without a question."""
        await self.press("ctrl+s")
        await until(lambda: not self.dirty or self.question is not None)
        return self.question is None

    async def answer(self, key: str) -> None:
        await self.press(key)
        await until(lambda: self.app.screen is self.screen)

    async def settled(self) -> None:
        """Wait until the cockpit knows what the file holds."""
        screen = self.screen
        await until(lambda: screen.desk.sheet is not None and not screen._looking and not screen._saving)  # noqa: SLF001


@asynccontextmanager
async def editor(workspace: Path, file: Path) -> AsyncIterator[Editor]:
    app = real(workspace, file)
    async with running(app) as pilot:
        yield Editor(app, pilot, await opened(app))


def names_in(file: Path) -> list[str]:
    return [task.name for task in read_batch(file).batch.tasks]


def names_kept(draft: Path) -> list[str]:
    """Return the names of the tasks in a draft that somebody holds."""
    _, *lines = draft.read_text("utf-8").split("\n")
    return [str(json.loads(line)["name"]) for line in lines]


async def alone(workspace: Path, file: Path) -> None:
    """Edit in a process of its own, tell when the draft is there, and never end."""
    async with editor(workspace, file) as one:
        before = len(drafts_in(workspace))
        await one.write(3, "drowned")
        await until(lambda: len(drafts_in(workspace)) > before)
        print("kept", flush=True)
        await asyncio.sleep(600)


async def test_who_saves_second_is_asked_and_nothing_is_mixed(workspace: Path, file: Path) -> None:
    async with editor(workspace, file) as one, editor(workspace, file) as other:
        await one.write(0, "ash-of-one")
        await one.write(1, "birch-of-one")
        await other.write(1, "birch-of-other")
        await other.write(2, "cedar-of-other")
        assert await one.save()
        assert names_in(file) == ["ash-of-one", "birch-of-one", "cedar", "dogwood"]
        await until(lambda: other.screen.changed_outside)
        assert other.names == ["ash", "birch-of-other", "cedar-of-other", "dogwood"]
        assert not await other.save()
        await asked(other.app, "Somebody else")
        await other.answer("n")
        assert names_in(file) == ["ash-of-one", "birch-of-one", "cedar", "dogwood"]
        assert other.names == ["ash", "birch-of-other", "cedar-of-other", "dogwood"]
        assert other.dirty
        # Under another name both are kept.
        elsewhere = file.with_name("others.csv")
        assert not await other.save()
        await other.press("a")
        await asked(other.app, "Save as")
        other.app.screen.query_one(Input).value = str(elsewhere)
        await other.press("enter")
        await until(elsewhere.exists)
        await until(lambda: not other.dirty)
        assert names_in(elsewhere) == ["ash", "birch-of-other", "cedar-of-other", "dogwood"]
        assert names_in(file) == ["ash-of-one", "birch-of-one", "cedar", "dogwood"]


async def test_reading_theirs_and_writing_over_it_are_both_whole(workspace: Path, file: Path) -> None:
    async with editor(workspace, file) as one, editor(workspace, file) as other:
        await one.write(0, "ash-of-one")
        await other.write(3, "dogwood-of-other")
        await until(lambda: len(drafts_in(workspace)) == 2)
        assert await one.save()
        assert not await other.save()
        await other.press("r")
        await until(lambda: other.names == ["ash-of-one", "birch", "cedar", "dogwood"])
        assert not other.dirty
        await until(lambda: not drafts_in(workspace))
        await one.write(1, "birch-of-one")
        await other.write(1, "birch-of-other")
        assert await one.save()
        assert not await other.save()
        await other.press("o")
        await until(lambda: names_in(file) == ["ash-of-one", "birch-of-other", "cedar", "dogwood"])
        # Who had nothing unsaved follows, without a key.
        await until(lambda: one.names == ["ash-of-one", "birch-of-other", "cedar", "dogwood"])
        assert not one.dirty


async def test_a_file_that_comes_back_to_what_it_was_is_followed_again(workspace: Path, file: Path) -> None:
    async with editor(workspace, file) as one, editor(workspace, file) as other:
        for who, name in ((one, "elm"), (other, "fir"), (one, "elm"), (other, "fir")):
            await who.write(0, name)
            assert await who.save()
            await until(lambda wanted=name: one.names[0] == other.names[0] == wanted)  # type: ignore[misc]


async def test_both_who_save_at_the_same_moment_cannot_both_win(workspace: Path, file: Path) -> None:
    async with editor(workspace, file) as one, editor(workspace, file) as other:
        for turn in range(3):
            await asyncio.gather(one.write(0, f"one-{turn}"), other.write(1, f"other-{turn}"))
            before = one.names, other.names
            won = await asyncio.gather(one.save(), other.save())
            assert sorted(won) == [False, True]
            winner, loser = (one, other) if won[0] else (other, one)
            assert names_in(file) == (before[0] if won[0] else before[1])
            await asked(loser.app, "Somebody else")
            assert loser.names == (before[1] if won[0] else before[0])
            await loser.press("r")
            await until(lambda a=winner, b=loser: a.names == b.names)  # type: ignore[misc]


async def test_what_is_being_typed_is_not_swept_away_by_the_save_of_another(workspace: Path, file: Path) -> None:
    async with editor(workspace, file) as one, editor(workspace, file) as other:
        other.desk.go(2, "name")
        await other.press("enter", "ctrl+u")
        await other.type("half a na")
        looked = digest_of(file)
        await one.press("x")
        assert await one.save()
        assert digest_of(file) != looked
        await until(lambda: any("done here" in note.message for note in other.app._notifications))  # noqa: SLF001
        assert other.pane.cell.open
        await other.type("me")
        await other.press("enter")
        await until(lambda: other.names == ["ash", "birch", "half a name", "dogwood"])
        assert not await other.save()
        await other.answer("n")
        assert names_in(file) == ["birch", "cedar", "dogwood"]


async def test_a_dialog_about_the_batch_is_not_swept_away_either(workspace: Path, file: Path) -> None:
    async with editor(workspace, file) as one, editor(workspace, file) as other:
        await other.press("a")
        await until(lambda: other.app.screen is not other.screen)
        await one.press("x")
        assert await one.save()
        await until(lambda: any("done here" in note.message for note in other.app._notifications))  # noqa: SLF001
        assert other.names == list(NAMES)
        await other.press("escape")
        await until(lambda: other.names == ["birch", "cedar", "dogwood"])


async def test_an_edit_under_way_is_not_swept_away_either(workspace: Path, file: Path) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> Edited:
        begun.set()
        assert go_on.wait(20)
        return edits.set_text(batch, [2], "name", "yew")

    async with editor(workspace, file) as one, editor(workspace, file) as other:
        batch = other.desk.batch
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(turns, "AT_ONCE", 0)
            edit = asyncio.create_task(other.screen.turns.do(lambda: slow))
            await until(begun.is_set)
        await one.press("x")
        assert await one.save()
        sheet = other.desk.sheet
        assert sheet is not None
        assert not await other.screen._follow(sheet)  # noqa: SLF001 - what the next look at the file does
        assert other.names == list(NAMES)
        go_on.set()
        assert await edit
        assert other.names == ["ash", "birch", "yew", "dogwood"]
        assert not await other.save()
        await other.answer("n")
        assert names_in(file) == ["birch", "cedar", "dogwood"]


async def test_a_kill_of_one_leaves_its_edits_to_whoever_opens_the_file_next(workspace: Path, file: Path) -> None:
    async with editor(workspace, file) as one:
        await one.write(0, "ash-of-one")
        await until(lambda: drafts_in(workspace))
        command = [sys.executable, "-c", _KILLED, str(workspace), str(file)]
        child = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=subprocess.PIPE)
        assert child.stdout is not None
        assert await child.stdout.readline() == b"kept\n"
        assert drafts.orphans(workspace) == []
        os.kill(child.pid, signal.SIGKILL)
        assert await child.wait() == -signal.SIGKILL
        assert len(drafts.orphans(workspace, file)) == 1
        # The one who lives goes on as before.
        assert one.names == ["ash-of-one", "birch", "cedar", "dogwood"]
        assert await one.save()
        assert names_in(file) == ["ash-of-one", "birch", "cedar", "dogwood"]
        app = real(workspace, file)
        async with running(app) as pilot:
            await asked(app, "Unsaved edits")
            await pilot.press("1")
            third = Editor(app, pilot, await opened(app))
            await until(lambda: third.names == ["ash", "birch", "cedar", "drowned"])
            assert not await third.save()  # the file is not the one that these were edits of
            await third.answer("n")
            assert names_in(file) == ["ash-of-one", "birch", "cedar", "dogwood"]
            assert third.names == ["ash", "birch", "cedar", "drowned"]


async def test_edits_left_behind_go_to_one_of_two_who_want_them(workspace: Path, file: Path) -> None:
    async with editor(workspace, file) as left:
        await left.write(0, "left-behind")
        await until(lambda: drafts_in(workspace))
    first, second = real(workspace, file), real(workspace, file)
    async with running(first) as one, running(second) as other:
        await asked(first, "Unsaved edits")
        await asked(second, "Unsaved edits")
        await one.press("1")
        winner = Editor(first, one, await opened(first))
        await until(lambda: winner.names[0] == "left-behind")
        await other.press("1")
        loser = Editor(second, other, await opened(second))
        assert loser.names == list(NAMES)
        assert not loser.dirty
        await until(lambda: len(drafts_in(workspace)) == 1)
        assert await winner.save()
        await until(lambda: loser.names[0] == "left-behind")


@pytest.mark.parametrize("seed", [1, 2])
async def test_nobody_writes_over_what_they_have_not_seen_unless_they_say_so(
    workspace: Path, file: Path, seed: int
) -> None:
    chance = random.Random(seed)
    async with editor(workspace, file) as one, editor(workspace, file) as other:
        names = {"one": one, "other": other}
        for step in range(16):
            who = chance.choice(("one", "other"))
            me = names[who]
            act = chance.choice(("write", "write", "delete", "save", "save", "undo"))
            seen, before = (me.desk.sheet.digest if me.desk.sheet else None), digest_of(file)
            if act == "write" and me.names:
                await me.write(chance.randrange(len(me.names)), f"{who}-{step}")
            elif act == "delete" and len(me.names) > 2:
                await me.press("x")
            elif act == "undo":
                await me.press("ctrl+z")
            elif act == "save" and me.dirty:
                mine = me.names
                answer = None
                if not await me.save():
                    answer = chance.choice("ron")
                    await me.answer(answer)
                await me.settled()
                if answer in (None, "o"):
                    await until(lambda wanted=mine: names_in(file) == wanted)  # type: ignore[misc]
                    assert answer == "o" or seen == before, "saved over what was never seen"
                else:
                    assert digest_of(file) == before
                    theirs = names_in(file)
                    await until(lambda a=me, b=mine, c=theirs, d=answer: a.names == (b if d == "n" else c))  # type: ignore[misc]
        for me in (one, other):
            if not me.dirty:
                await until(lambda a=me: a.names == names_in(file))  # type: ignore[misc]
        unsaved = [me for me in (one, other) if me.dirty]
        await until(lambda: len(drafts_in(workspace)) == len(unsaved))
        await until(lambda: sorted(map(names_kept, drafts_in(workspace))) == sorted(me.names for me in unsaved))


async def test_edits_of_a_file_that_cannot_be_read_in_full_are_kept_too(workspace: Path, tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text("tasks:\n  - {name: ash, prompt: An ash}\n  - {name: elm, prompt: An elm, steps: many}\n", "utf-8")
    app = real(workspace, file)
    async with running(app) as pilot:
        await until(lambda: isinstance(app.screen, BatchScreen) and app.screen.desk.broken)
        screen = app.screen
        assert isinstance(screen, BatchScreen)
        await until(lambda: screen.tasks.has_focus)
        me = Editor(app, pilot, screen)
        await me.write(0, "yew")
        await until(lambda: drafts_in(workspace))
        await pilot.press("ctrl+n")
        await asked(app, "not saved")
        await me.answer("n")
        assert me.names[0] == "yew"
        await pilot.press("ctrl+s")
        await until(lambda: isinstance(app.screen, LineScreen))
