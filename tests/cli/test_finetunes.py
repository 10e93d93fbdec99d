"""`fluxtui finetunes`, and drawing with one from the command line."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from fluxtui.domain.jobs import JobState
from tests.cli.conftest import Command, Here, ServedSandbox

KNOWN = "sandbox-watercolour"


def archive(path: Path, pictures: int = 2) -> Path:
    with zipfile.ZipFile(path, "w") as made:
        for number in range(pictures):
            data = io.BytesIO()
            Image.new("RGB", (32, 32)).save(data, "PNG")
            made.writestr(f"{number}.png", data.getvalue())
        made.writestr("0.txt", "a fox")
    return path


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["explode"], "not one of list, show, delete and train"),
        (["list", "x"], "takes nothing more"),
        (["show"], "needs an ID"),
        (["train"], "needs a ZIP"),
        (["delete", KNOWN], "--yes"),
        (["train", "x.zip"], "--comment and --mode"),
        (["train", "x.zip", "--comment", "c", "--mode", "odd"], "is not one of"),
        (["train", "x.zip", "--comment", "c", "--mode", "style"], "cannot be read"),
        (["train", "x.zip", "--comment", "c", "--mode", "style", "--iterations", "5"], "100<=x<=1000"),
    ],
)
def test_wrong_usage(command: Command, arguments: list[str], said: str) -> None:
    ended = command("finetunes", *arguments, "--sandbox", code=2)
    assert said in ended.err
    assert not ended.out


def test_without_a_key_nothing_is_asked(command: Command) -> None:
    assert "BFL_FLUX_API_KEY" in command("finetunes", code=2).err


def test_list_show_and_delete(command: Command) -> None:
    assert KNOWN in command("finetunes", "--sandbox").out
    (only,) = command("finetunes", "--sandbox", "--json").json["finetunes"]
    assert (only["id"], only["target"]) == (KNOWN, f"bfl/finetune:{KNOWN}")
    assert only["details"]["mode"] == "style"
    shown = command("finetunes", "show", KNOWN, "--sandbox", "--json").json["finetune"]
    assert (shown["state"], shown["progress"]) == ("trained", None)
    text = command("finetunes", "show", KNOWN, "--sandbox").out
    assert "trained" in text
    assert f"bfl/finetune:{KNOWN}" in text
    gone = command("finetunes", "delete", KNOWN, "--yes", "--sandbox", "--json").json["deleted"]
    assert gone == {"id": KNOWN, "message": "Finetune deleted"}


@pytest.mark.parametrize("action", ["show", "delete"])
def test_an_unknown_finetune(command: Command, action: str) -> None:
    ended = command("finetunes", action, "nobody", "--yes", "--sandbox", code=1)
    assert "There is no finetune nobody" in ended.err
    assert not ended.out


def test_training_is_closed_and_says_so(command: Command, here: Here) -> None:
    archive(here.folder / "fox.zip")
    ended = command("finetunes", "train", "fox.zip", "--comment", "fox", "--mode", "style", "--sandbox", code=1)
    assert "2 pictures, 1 of them with a caption" in ended.err
    assert "closed on 2025-10-31" in ended.err


def test_a_wrong_archive_is_not_uploaded(command: Command, here: Here) -> None:
    archive(here.folder / "fox.zip", 0)
    ended = command("finetunes", "train", "fox.zip", "--comment", "fox", "--mode", "style", "--sandbox", code=2)
    assert "0 pictures" in ended.err


def test_a_wrong_key_needs_a_person(here: Here, served: ServedSandbox) -> None:
    here.environment |= {**served.environment, "BFL_FLUX_API_KEY": "wrong-key"}
    assert "BFL_FLUX_API_KEY" in here.ask("finetunes", code=6).err


def test_a_finetune_is_quoted_and_drawn_with(wired: Here) -> None:
    batch = wired.batch("TOK the fox")
    target = f"bfl/finetune:{KNOWN}"
    (line,) = wired.ask("quote", batch, "-t", target, "--json").json["targets"]
    assert line["target"] == target
    assert any("2025-10-31" in note for note in line["notes"])
    wired.run("run", batch, "-t", target, "-t", "bfl/finetune:nobody", "--yes", code=1)
    counts = wired.counts()
    assert (counts[JobState.DONE], counts[JobState.FAILED]) == (1, 1)
    jobs: list[dict[str, Any]] = wired.ask("show", "1", "--json").json["jobs"]
    failed = next(job for job in jobs if job["state"] == "failed")
    assert failed["error"]["kind"] == "not_found"
    assert Path(next(job for job in jobs if job["state"] == "done")["images"][0]["path"]).exists()


def test_a_checkpoint_of_a1111_is_drawn_with(wired: Here) -> None:
    batch = wired.folder / "batch.json"
    tasks = [{"name": "fox", "payload": {"prompt": "a fox", "size": "64x64", "sampler": "Nonsense"}}]
    batch.write_text(json.dumps(tasks))
    wired.run("run", "batch.json", "-t", "a1111/sdxl", "-t", "a1111/not-installed", "--yes")
    jobs = {job["target"]: job for job in wired.ask("show", "1", "--json").json["jobs"]}
    seen = {
        target: {one["parameter"] for one in job["adaptations"] if one["change"] == "observed"}
        for target, job in jobs.items()
    }
    assert seen["a1111/sdxl"] >= {"sampler"}
    assert seen["a1111/not-installed"] >= {"sampler", "checkpoint"}
    assert all(job["cost"] == 0 for job in jobs.values())
