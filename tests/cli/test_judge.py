"""`fluxtui judge`: a verdict in words and in JSON, and exit codes that tell scripts what to do."""

from pathlib import Path

import click
import pytest

from fluxtui.cli.commands import judge
from fluxtui.domain.verdict import Verdict
from fluxtui.engine.judging import JUDGES
from tests.cli.conftest import Command, Here, ServedSandbox
from tests.images.pictures import picture


@pytest.fixture
def fox(here: Here) -> Path:
    path = here.folder / "fox.png"
    path.write_bytes(picture(size=(64, 48)))
    return path


@pytest.fixture
def at_hand(served: ServedSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Point this process at the served sandbox, which answers at once."""
    for name, value in served.environment.items():
        monkeypatch.setenv(name, value)


def test_a_verdict_as_json(command: Command, here: Here, fox: Path) -> None:
    ended = command("judge", "fox.png", "--prompt", "a fox", "--refine", "--sandbox", "--json")
    found = ended.json
    assert found["image"] == str(fox)
    assert (found["prompt"], found["judge"], found["model"]) == ("a fox", "gemini", "gemini-3.8-flash")
    assert Verdict.from_json(found["verdict"]).overall >= 0
    assert found["refined_prompt"].startswith("a fox")
    assert found["cost"] > 0
    assert found["error"] is None
    assert not ended.err
    assert not here.workspace.exists()


@pytest.mark.usefixtures("at_hand")
def test_a_verdict_in_words(command: Command, fox: Path) -> None:
    ended = command("judge", str(fox), "--prompt", "a fox", "--judge", "openai", "--model", "gpt-5.4")
    assert "of 10, prompt followed" in ended.out
    assert "openai (gpt-5.4)" in ended.out
    assert "cost not told" in ended.err


@pytest.mark.usefixtures("at_hand")
@pytest.mark.parametrize(("marker", "code"), [("moderate", 3), ("truncate", 1), ("quota", 6), ("reset", 4)])
def test_what_scripts_are_told(command: Command, fox: Path, marker: str, code: int) -> None:
    ended = command("judge", str(fox), "--prompt", f"a fox [sandbox:{marker}]", "--json", code=code)
    assert ended.json["verdict"] is None
    assert ended.json["error"]["what"] in ended.err


def test_wrong_usage(command: Command, here: Here, fox: Path) -> None:
    assert "--prompt" in command("judge", "fox.png", code=2).err
    assert "GEMINI_API_KEY" in command("judge", "fox.png", "--prompt", "a fox", code=2).err
    assert "no picture" in command("judge", "none.png", "--prompt", "a fox", "--sandbox", code=2).err
    (here.folder / "text.png").write_text("hello")
    assert "no picture" in command("judge", "text.png", "--prompt", "a fox", "--sandbox", code=2).err


def test_every_judge_can_be_named() -> None:
    (option,) = [option for option in judge.command.params if option.name == "judge_id"]
    assert isinstance(option.type, click.Choice)
    assert tuple(option.type.choices) == JUDGES


@pytest.mark.usefixtures("at_hand")
def test_the_judges_key_is_tried_too(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {service["id"]: service for service in command("check", "--json").json["services"]}
    assert (answers["gemini"]["title"], answers["gemini"]["state"]) == ("Gemini (judge)", "ok")
    monkeypatch.setenv("GEMINI_API_KEY", "wrong-key-1234")
    answers = {service["id"]: service for service in command("check", "--json", code=6).json["services"]}
    assert answers["gemini"]["error"]["kind"] == "authentication"
    assert answers["openai"]["state"] == "ok"
