"""What people get wrong, and the commands that only read."""

import json
from pathlib import Path

import jsonschema
import pytest

from tests.cli.conftest import Command, Here


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["rnu"], "Did you mean the command run?"),
        (["no-such-file.yaml"], "neither a command nor a file"),
        ([], "needs a terminal"),
        (["run"], "Missing argument 'BATCH'"),
        (["run", "b.json", "--max-cost", "0"], "not a positive amount of US dollars"),
        (["run", "b.json", "--max-cost", "a lot"], "not a positive amount of US dollars"),
        (["run", "b.json", "--max-cost", "inf"], "not a positive amount of US dollars"),
        (["run", "b.json", "-t", "/x"], "provider/model"),
        (["run", "b.json", "--axis", "seed"], "write for example seed=1..4"),
        (["run", "b.json", "--axis", "seed=1,,2"], "between the commas"),
        (["run", "b.json", "--axis", "steps=1", "--axis", "num_inference_steps=2"], "given twice"),
        (["run", "b.json", "--repeat", "0"], "0 is not in the range"),
        (["run", "b.json", "--in-doubt", "guess"], "'leave', 'resend', 'abandon'"),
        (["run", "b.json", "--paused", "--detach"], "nothing to --detach"),
        (["resume", "--retry-failed"], "name it"),
        (["resume", "seven"], "not a valid integer"),
        (["show", "9"], "There is no history"),
        (["cancel", "9"], "There is no history"),
        (["--start", "runs"], "No such option '--start'"),
        (["runs", "--nonsense"], "No such option '--nonsense'"),
        (["sandbox", "--faults", "nowhere.toml"], "does not exist"),
    ],
)
def test_wrong_usage_is_explained(command: Command, arguments: list[str], said: str) -> None:
    ended = command(*arguments, code=2)
    assert said in ended.err
    assert not ended.out


def test_every_mistake_in_a_batch_is_told_at_once(command: Command, here: Here) -> None:
    tasks = [
        {"name": "one", "payload": {"prompt": ""}},
        {"name": "two", "payload": {"prompt": "a fox", "size": "9x"}},
        {"name": "two", "payload": {"prompt": "a fox"}},
    ]
    (here.folder / "b.json").write_text(json.dumps(tasks))
    ended = command("run", "b.json", "--sandbox", code=2)
    lines = ended.err.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("fluxtui: b.json, line ") for line in lines)
    assert not here.workspace.exists()


@pytest.mark.parametrize("name", ["run", "runs", "sandbox"])
def test_a_batch_named_like_a_command_is_written_with_its_folder(command: Command, here: Here, name: str) -> None:
    (here.folder / name).write_text("a fox\n")
    assert f"fluxtui run ./{name}" in command(f"./{name}", code=2).err
    assert command("quote", f"./{name}", "--sandbox", "--json").json["batch"] == name


def test_a_missing_key_is_named(command: Command, here: Here) -> None:
    batch = here.batch("a fox")
    assert "BFL_FLUX_API_KEY is not set" in command("run", batch, "-t", "bfl", code=2).err
    assert "--sandbox" in command("run", batch, code=2).err


def test_a_wrong_setting_is_named_with_its_place(command: Command, here: Here) -> None:
    (here.folder / ".env").write_text("LOG_LEVEL=loud\n")
    for arguments in (["run", here.batch("a fox"), "--sandbox"], ["check"], ["runs"]):
        assert "LOG_LEVEL" in command(*arguments, code=2).err
    # What needs no settings works all the same.
    assert command("--workspace", "elsewhere", "runs", "--json").json == {"runs": []}


def test_nothing_yet_is_no_error(command: Command, here: Here) -> None:
    assert command("runs", "--json").json == {"runs": []}
    assert "No runs" in command("runs").err
    assert "Nothing to resume" in command("resume").err
    status = command("runner", "status", "--json").json["runner"]
    assert status == {"alive": False, "pid": None, "since": None, "in_flight": 0, "lanes": []}
    assert "No runner" in command("runner").out
    assert "No runner" in command("runner", "stop").err
    assert not here.workspace.exists()


def test_the_schema_accepts_a_native_batch(command: Command) -> None:
    schema = command("schema").json
    jsonschema.validate({"tasks": [{"name": "fox", "prompt": "a fox"}], "axes": {"seed": "1..4"}}, schema)


def test_quote_tells_price_and_adaptations_before_anything_is_sent(command: Command, here: Here) -> None:
    batch = here.batch("a fox", negative_prompt="rain")
    arguments = ["quote", batch, "--sandbox", "-t", "bfl/flux-pro-1.1", "--axis", "seed=1..3", "--repeat", "2"]
    found = command(*arguments, "--json").json
    assert (found["batch"], found["sandbox"], found["pictures"], found["requests"]) == ("batch", True, 6, 6)
    assert found["price"] == {"low": 0.24, "high": 0.24, "known": True}
    (target,) = found["targets"]
    assert target["target"] == "bfl/flux-pro-1.1"
    assert [(note["what"].split()[0], note["cells"]) for note in target["adaptations"]] == [("negative_prompt", 6)]
    text = command(*arguments).out
    assert "6 pictures" in text
    assert "$0.24" in text
    assert "negative_prompt is ignored" in text
    assert not here.workspace.exists()


def test_a_batch_comes_by_pipe(command: Command, monkeypatch: pytest.MonkeyPatch, here: Here) -> None:
    (here.folder / "lines").write_text("a fox\na heron\n")
    with (here.folder / "lines").open() as file:
        monkeypatch.setattr("sys.stdin", file)
        assert command("quote", "-", "--sandbox", "-t", "bfl", "--json").json["pictures"] == 2


def test_an_error_of_our_own_is_one_line_and_a_report(
    command: Command, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    canary = "canary-5dfe1b7a90"
    monkeypatch.setenv("BFL_FLUX_API_KEY", canary)

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(f"x-key: {canary}")

    monkeypatch.setattr("fluxtui.cli.planning.read_batch", broken)
    ended = command("quote", here.batch("a fox"), "--sandbox", code=70)
    report = here.workspace / "logs" / "commands.log"
    assert len(ended.err.splitlines()) == 1
    assert str(report) in ended.err
    assert "RuntimeError" in report.read_text()
    assert canary not in ended.err + report.read_text()


def test_doctor_shows_origins_and_no_keys(command: Command, here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    canary = "canary-77aa03c1f2"
    monkeypatch.setenv("BFL_FLUX_API_KEY", canary)
    (here.folder / ".env").write_text("OUTPUT_LAYOUT=by_task\n")
    text = command("doctor").out
    assert canary not in text
    for fact in ("set (not shown) (environment)", f"by_task (.env in {here.folder / '.env'}, line 1)", "not set"):
        assert fact in text, fact
    (here.folder / ".env").write_text("OUTPUT_LAYOUT=by_mood\n")
    assert "OUTPUT_LAYOUT" in command("doctor", code=2).out


@pytest.mark.parametrize("name", ["history.sqlite3"])
def test_a_damaged_history_is_told(command: Command, here: Here, name: str) -> None:
    here.workspace.mkdir()
    Path(here.workspace, name).write_bytes(b"this is no database" * 100)
    for arguments in (["runs"], ["show", "1"], ["doctor"]):
        ended = command(*arguments, code=2)
        assert "damaged" in ended.err + ended.out
