"""The shipped examples read without a warning, and the native ones fit the schema."""

import tomllib
from pathlib import Path

import jsonschema
import pytest
import yaml

from fluxtui.batchfiles import batch_schema, read_batch

EXAMPLES = Path(__file__).parents[2] / "examples"
FORMATS = {
    "single_image_batch.json": "comparator",
    "comparator_batch.json": "comparator",
    "scenes.json": "scenes",
    "city.yaml": "native-yaml",
    "sweep.toml": "native-toml",
    "prompts.csv": "csv",
    "prompts.jsonl": "jsonl",
    "prompts.txt": "text",
}


def test_every_example_is_listed_here() -> None:
    assert {path.name for path in EXAMPLES.iterdir() if path.is_file()} == FORMATS.keys()


@pytest.mark.parametrize("name", FORMATS)
def test_examples_read_without_warnings(name: str) -> None:
    result = read_batch(EXAMPLES / name)
    assert (result.format, result.warnings) == (FORMATS[name], ())


def test_the_single_image_is_one_task_of_one_size() -> None:
    (task,) = read_batch(EXAMPLES / "single_image_batch.json").batch.tasks
    assert task.parameters["size"] == "1024x1024"


def test_native_examples_fit_the_schema() -> None:
    schema = batch_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate(yaml.safe_load((EXAMPLES / "city.yaml").read_text()))
    validator.validate(tomllib.loads((EXAMPLES / "sweep.toml").read_text()))


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"tasks": []},
        {"tasks": [{"name": "x"}]},
        {"tasks": [{"prompt": " "}]},
        {"tasks": ["x"], "axis": {}},
        {"tasks": ["x"], "repeat": 0},
        {"tasks": ["x"], "targets": [{"label": "y"}]},
        {"tasks": [{"prompt": "x", "n": 101}]},
    ],
)
def test_the_schema_refuses_what_reading_refuses(value: object) -> None:
    assert not jsonschema.Draft202012Validator(batch_schema()).is_valid(value)
