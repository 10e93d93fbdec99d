"""Amending and deleting runs from the command line, against the served sandbox."""

import json
from pathlib import Path

import pytest

from fluxtui.domain.jobs import JobState
from tests.cli.conftest import AZURE, BFL, Command, Here, ServedSandbox
from tests.cli.test_terminal import on_terminal


def test_a_target_more_buys_only_its_cells(wired: Here, served: ServedSandbox) -> None:
    batch = wired.batch("amended one", "amended two")
    wired.ask("run", batch, "-t", BFL)
    ended = wired.run("amend", "1", "-t", AZURE)
    assert "Run 1: 4 cells, 2 there already, 2 to buy" in ended.err
    assert f"{AZURE}: 2 pictures, $0.08" in ended.err
    assert BFL not in ended.err
    assert len(ended.out.splitlines()) == 3
    assert wired.counts() == {JobState.DONE: 4}
    assert len(served.records("amended")) == 4
    again = wired.ask("amend", "1", "-t", AZURE)
    assert "4 there already, 0 to buy" in again.err
    assert again.out == ""
    assert len(served.records("amended")) == 4


def test_a_batch_file_adds_what_it_has_besides(wired: Here, served: ServedSandbox) -> None:
    wired.ask("run", wired.batch("grown one"), "-t", BFL)
    ended = wired.ask("amend", "1", wired.batch("grown one", "grown two", "grown three", name="more.json"), "--json")
    first, *events, summary = ended.lines
    assert (first["event"], first["id"], first["jobs"], first["quote"]["pictures"]) == ("run", 1, 3, 2)
    assert {event["task"] for event in events} == {"task-1", "task-2"}
    assert (summary["event"], summary["counts"]["done"], summary["quoted"]) == ("summary", 3, pytest.approx(0.12))
    assert len(served.records("grown")) == 3


def test_further_values_and_repeats(here: Here) -> None:
    batch = here.batch("a heron [sandbox:slow=0]")
    here.ask("run", batch, "-t", "bfl", "--sandbox", "--axis", "seed=1..2")
    ended = here.ask("amend", "1", "--axis", "seed=2..3", "--repeat", "2")
    assert "6 cells, 2 there already, 4 to buy" in ended.err
    assert "of play money (sandbox)" in ended.err  # a run of the sandbox stays in it
    assert here.counts() == {JobState.DONE: 6}


def test_it_asks_once_and_no_is_an_answer(wired: Here, served: ServedSandbox) -> None:
    wired.ask("run", wired.batch("asked amend"), "-t", BFL)
    code, shown = on_terminal(wired, "amend", "1", "--repeat", "2", answer=b"n\n")
    assert code == 130, shown
    assert shown.count("Add them for $0.04?") == 1
    assert len(served.records("asked amend")) == 1
    code, shown = on_terminal(wired, "amend", "1", "--repeat", "2", answer=b"y\n")
    assert code == 0, shown
    assert len(served.records("asked amend")) == 2


def test_a_run_in_the_background_takes_more(wired: Here, served: ServedSandbox) -> None:
    wired.ask("run", wired.batch("behind"), "-t", BFL, "--paused")
    ended = wired.run("amend", "1", "-t", AZURE, "--detach")
    assert ended.out == "1\n"
    assert "1 job of the run that had not been sent will go on as well" in ended.err
    wired.run("resume", "1")
    assert wired.counts() == {JobState.DONE: 2}
    assert len(served.records("behind")) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["amend", "1"], "Say what to add"),
        (["amend", "2", "--repeat", "2"], "There is no run 2"),
        (["amend", "1", "-t", "nobody/x"], "There is no service named 'nobody'"),
        (["amend", "1", "missing.json"], "missing.json"),
        (["amend", "1", "--axis", "seed=1", "--axis", "seed=2"], "given twice"),
        (["amend", "1", "--axis", "seed=x"], "seed"),
        (["delete", "2"], "There is no run 2"),
        (["delete", "1"], "nobody to ask here"),
    ],
)
def test_wrong_usage_is_explained_and_changes_nothing(here: Here, arguments: list[str], said: str) -> None:
    here.ask("run", here.batch("a heron"), "-t", "bfl", "--sandbox", "--paused")
    ended = here.ask(*arguments, code=2)
    assert said in ended.err
    assert here.counts() == {JobState.QUEUED: 1}


def test_without_a_history_there_is_nothing_to_amend_or_delete(command: Command) -> None:
    assert "There is no history" in command("amend", "1", "--repeat", "2", code=2).err
    assert "There is no history" in command("delete", "1", "--yes", code=2).err


def pictures(here: Here) -> list[Path]:
    return sorted(here.workspace.glob("*_*/**/*.*"))


def test_a_deleted_run_leaves_its_pictures(here: Here) -> None:
    here.ask("run", here.batch("a heron [sandbox:slow=0]"), "-t", "bfl", "--sandbox")
    kept = pictures(here)
    assert len(kept) == 2
    ended = here.ask("delete", "1", "--yes")
    assert "Run 1 is deleted; 1 picture stayed in" in ended.err
    assert pictures(here) == kept
    assert json.loads(here.ask("runs", "--json").out) == {"runs": []}


def test_a_deleted_run_takes_its_pictures_along_when_asked(here: Here) -> None:
    here.ask("run", here.batch("a heron [sandbox:slow=0]", "a crane [sandbox:slow=0]"), "-t", "bfl", "--sandbox")
    code, shown = on_terminal(here, "delete", "1", "--pictures", answer=b"n\n")
    assert code == 130, shown
    assert "Delete run 1 (batch) and its 2 pictures, " in shown
    assert len(pictures(here)) == 4
    ended = here.ask("delete", "1", "--pictures", "--yes")
    assert "Run 1 is deleted, with 2 pictures: " in ended.err
    assert pictures(here) == []
    assert [p.name for p in here.workspace.iterdir() if p.is_dir() and "_" in p.name] == []
