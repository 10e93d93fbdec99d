"""What is written reads back the same, in every format that can hold the batch."""

import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fluxtui.batchfiles import (
    FORMATS,
    BatchFileError,
    batch_schema,
    batch_text,
    read_batch,
    read_batch_text,
    write_batch,
)
from fluxtui.domain.batch import Axis, Batch, Target, Task
from fluxtui.domain.values import canonical_json
from tests.batchfiles.strategies import native_batches, no_null, plain_batches

patient = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
VALIDATOR = jsonschema.Draft202012Validator(batch_schema())


def as_text(batch: Batch) -> str:
    """The whole batch as JSON: unlike ==, it tells 1 from 1.0 and from True."""
    return canonical_json(
        {
            "tasks": [task.as_json() for task in batch.tasks],
            "targets": [target.as_json() for target in batch.targets],
            "axes": [[axis.name, *axis.values] for axis in batch.axes],
            "defaults": dict(batch.defaults),
            "repeat": batch.repeat,
            "recipe": batch.recipe,
        }
    )


def expect_same(batch: Batch, format_name: str) -> None:
    result = read_batch_text(batch_text(batch, format_name), f"{batch.name}.any")
    assert result.format == format_name
    assert as_text(result.batch) == as_text(batch)


@patient
@given(native_batches())
def test_native_yaml_reads_back(batch: Batch) -> None:
    expect_same(batch, "native-yaml")


@patient
@given(native_batches())
def test_native_json_reads_back_and_fits_the_schema(batch: Batch) -> None:
    expect_same(batch, "native-json")
    VALIDATOR.validate(json.loads(batch_text(batch, "native-json")))


@patient
@given(native_batches(leaves=no_null))
def test_native_toml_reads_back(batch: Batch) -> None:
    expect_same(batch, "native-toml")


@pytest.mark.parametrize("format_name", ["comparator", "scenes", "csv", "jsonl"])
def test_formats_of_tasks_read_back(format_name: str) -> None:
    @patient
    @given(plain_batches())
    def check(batch: Batch) -> None:
        expect_same(batch, format_name)

    check()


@patient
@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60), min_size=1))
def test_plain_text_reads_back_or_is_refused(lines: list[str]) -> None:
    batch = Batch("lines", tuple(Task(f"task-{row}", line) for row, line in enumerate(lines)))
    try:
        named = read_batch_text("\n".join(lines), "lines.txt").batch
    except BatchFileError:
        named = batch
    try:
        text = batch_text(named, "text")
    except BatchFileError:
        return
    assert as_text(read_batch_text(text, "lines.txt").batch) == as_text(named)


def test_plain_text_keeps_its_own_names() -> None:
    batch = read_batch_text("a red fox\n# comment\na red fox\n\nA heron, at dawn!\n", "lines.txt").batch
    assert [task.name for task in batch.tasks] == ["a-red-fox", "a-red-fox-2", "a-heron-at-dawn"]
    assert batch_text(batch, "text") == "a red fox\na red fox\nA heron, at dawn!\n"


RICH = Batch(
    "rich",
    (Task("fox", "a fox", "blur", {"seed": None}, {"title": "Fox"}, ("fox.png",), {"bfl": {"raw": True}}),),
    (Target("bfl", "flux-pro-1.1"),),
    (Axis("seed", (1, 2)),),
    {"steps": 28},
    2,
    {"upscale": 2},
)


@pytest.mark.parametrize("format_name", ["comparator", "scenes", "csv", "jsonl", "text"])
def test_a_format_refuses_all_it_has_no_place_for(format_name: str) -> None:
    with pytest.raises(BatchFileError) as caught:
        batch_text(RICH, format_name)
    fields = {finding.field for finding in caught.value.findings}
    assert {"targets", "axes", "defaults", "repeat", "recipe"} <= fields
    if format_name == "text":
        assert {"negative_prompt", "parameters", "context", "references", "extra"} <= fields


def test_toml_refuses_null() -> None:
    with pytest.raises(BatchFileError, match="null"):
        batch_text(RICH, "native-toml")


@pytest.mark.parametrize(
    "task",
    [
        Task("a-fox", "a fox\nin snow"),
        Task("a-fox", "# a fox"),
        Task("a-fox", " a fox"),
        Task("other", "a fox"),
        Task("name-prompt", "name,prompt"),
    ],
)
def test_plain_text_refuses_what_would_change(task: Task) -> None:
    with pytest.raises(BatchFileError):
        batch_text(Batch("b", (task,)), "text")


def test_a_batch_that_could_not_be_read_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "b.yaml"
    path.write_text("tasks: [precious]\n")
    with pytest.raises(BatchFileError, match="prompt is empty"):
        write_batch(Batch("b", (Task("fox", "  "),)), path)
    assert path.read_text() == "tasks: [precious]\n"
    assert list(tmp_path.iterdir()) == [path]


def test_the_extension_chooses_the_format(tmp_path: Path) -> None:
    batch = Batch("zoo", (Task("fox", "a fox", parameters={"seed": 1}),))
    for suffix, format_name in [
        *((".yaml", "native-yaml"), (".json", "native-json"), (".toml", "native-toml")),
        *((".csv", "csv"), (".jsonl", "jsonl")),
    ]:
        path = tmp_path / f"zoo{suffix}"
        write_batch(batch, path)
        result = read_batch(path)
        assert (result.format, result.batch) == (format_name, batch)
    write_batch(batch, tmp_path / "zoo.json", "comparator")
    assert json.loads((tmp_path / "zoo.json").read_text())[0]["payload"] == {"prompt": "a fox", "seed": 1}
    with pytest.raises(BatchFileError, match="no format"):
        write_batch(batch, tmp_path / "zoo.docx")


def test_writing_where_no_folder_is_says_so(tmp_path: Path) -> None:
    with pytest.raises(BatchFileError, match="cannot be written"):
        write_batch(Batch("b", (Task("fox", "a fox"),)), tmp_path / "none" / "b.yaml")


def test_an_overwritten_file_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "b.yaml"
    path.touch(0o640)
    path.chmod(0o640)
    write_batch(Batch("b", (Task("fox", "a fox"),)), path)
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("format_name", FORMATS)
def test_every_format_can_be_written(format_name: str) -> None:
    batch = read_batch_text("a red fox\na grey heron\n", "zoo.txt").batch
    expect_same(batch, format_name)
