"""What the documents say is so: the places they name exist, and the tables they copy are the code's."""

import math
import re
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from fluxtui.domain.jobs import TRANSITIONS, JobState
from fluxtui.engine.files import read_batch_text
from fluxtui.providers import registry
from fluxtui.settings.core import CoreModel
from fluxtui.settings.sections import fields
from fluxtui.tui import keymap
from fluxtui.tui.keymap.editing import checked
from tests.tui import keys_page

ROOT = Path(__file__).resolve().parents[1]

PLACES = re.compile(r"`((?:fluxtui|tests|examples|themes|docs|benchmarks)/[\w./-]*)`")
LINKS = re.compile(r"\]\((?!https?:)([^)#]+)\)")
STATES = "|".join(JobState)

pages = pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])


def text_of(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


@pages
def test_every_place_that_is_named_exists(page: str) -> None:
    text = text_of(page)
    named = {*LINKS.findall(text), *(place for place in PLACES.findall(text) if "NAME" not in place)}
    assert not [place for place in sorted(named) if not (ROOT / place).exists()]


def test_the_life_of_a_job_is_told_as_it_is() -> None:
    rows = re.findall(rf"^\| ({STATES}) \| (.*?) ?\|$", text_of("CONTRIBUTING.md"), re.MULTILINE)
    told = {JobState(before): {JobState(after) for after in afters.split(", ") if after} for before, afters in rows}
    assert told == TRANSITIONS


def test_the_readme_has_its_two_commands_ready_to_copy() -> None:
    commands = re.findall(r"^## (Try it|Test it)\n.*?^```sh\n(.*?)^```", text_of("README.md"), re.MULTILINE | re.DOTALL)
    assert [title for title, _ in commands] == ["Try it", "Test it"]
    for _, command in commands:
        assert command.startswith("python3 -m venv .venv && .venv/bin/pip install ")
        assert command.count("\n") == 1


def test_the_batch_of_the_readme_is_one() -> None:
    (text,) = re.findall(r"^```yaml\n(.*?)^```", text_of("README.md"), re.MULTILINE | re.DOTALL)
    read = read_batch_text(text.encode(), "README.md")
    assert (read.format, read.warnings) == ("native-yaml", ())
    cells = len(read.batch.tasks) * len(read.batch.targets) * math.prod(len(axis.values) for axis in read.batch.axes)
    assert f"{cells} pictures" in text_of("README.md")


def test_every_setting_is_explained() -> None:
    explained = set(re.findall(r"^([A-Z0-9_]+)=", text_of(".env.example"), re.MULTILINE))
    sections: list[type[BaseModel]] = [CoreModel, *(registry.load(entry.id).SETTINGS for entry in registry.entries())]
    wanted = {field.names[0] for section in sections for field in fields(section)}
    assert sorted(wanted - explained) == []


def test_the_page_of_keys_has_the_keys_that_there_are() -> None:
    assert text_of("docs/keys.md") == keys_page.page(), "python -m tests.tui.keys_page writes it anew"
    (table,) = re.findall(r"^```toml\n(.*?)^```", keys_page.page(), re.MULTILINE | re.DOTALL)
    assert checked(keymap.EVERY, tomllib.loads(table)["keymap"])[1] == []
