"""Files that are right, and what is made of them."""

import codecs
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fluxtui.batchfiles import BatchFileError, ReadResult, parse_axis_values, read_batch, read_batch_text
from fluxtui.domain.batch import Axis, Target, Task
from fluxtui.domain.values import JsonValue


def read(text: str | bytes, name: str = "zoo.any") -> ReadResult:
    result = read_batch_text(text, name)
    assert result.warnings == ()
    return result


def test_comparator() -> None:
    payload = {
        "prompt": "a fox",
        "negative_prompt": "blur",
        "guidance_scale": 3.5,
        "num_inference_steps": 28,
        "size": "1024 X 768",
        "seed": 42,
        "n": 2,
        "output_format": "JPG",
        "extra": {"azure": {"quality": "hd"}, "bfl": {"raw": True}, "user": "me"},
    }
    result = read(json.dumps([{"name": "fox", "payload": payload}]), "folder/zoo.json")
    assert (result.format, result.batch.name) == ("comparator", "zoo")
    assert result.batch.tasks == (
        Task(
            "fox",
            "a fox",
            "blur",
            {"guidance": 3.5, "steps": 28, "size": "1024x768", "seed": 42, "n": 2, "output_format": "jpeg"},
            extra={"azure": {"quality": "hd"}, "bfl": {"raw": True}, "user": "me"},
        ),
    )


def test_scenes_keep_their_context() -> None:
    entries = [
        {"id": 1, "title": "Dawn", "scene": "harbour", "mood": "calm", "prompt": "a harbour", "camera": "wide"},
        {"title": "Noon", "prompt": "a pier", "seed": 5, "mood": ""},
    ]
    result = read(json.dumps({"prompts": entries}))
    assert result.format == "scenes"
    first, second = result.batch.tasks
    assert (first.name, dict(first.context)) == (
        "1",
        {"title": "Dawn", "scene": "harbour", "mood": "calm", "camera": "wide"},
    )
    assert (second.name, second.parameters, second.context) == ("Noon", {"seed": 5}, {"title": "Noon"})


NATIVE_YAML = """
name: zoo
repeat: 2
recipe: {upscale: 2}
targets:
  - bfl/flux-pro-1.1
  - {target: azure_flux/FLUX, label: Azure, parameters: {cfg: 3}, fallback: bfl/flux-dev}
axes: {seed: 1..3, guidance: "2.5, 5", style: [anime, manga], aspect_ratio: 16:9}
defaults: &base {size: 1024x1024, negative_prompt: blur}
tasks:
  - a fox
  - {name: owl, prompt: an owl, seed: 7, title: Owl, context: {series: birds}, references: owl.png}
  - prompt: a heron
    parameters: {<<: *base, size: 5x5, negative: no}
"""


def test_native() -> None:
    batch = read(NATIVE_YAML.replace("<<: *base, ", "")).batch
    assert (batch.name, batch.repeat, batch.recipe) == ("zoo", 2, {"upscale": 2})
    assert batch.targets == (
        Target("bfl", "flux-pro-1.1"),
        Target("azure-flux", "FLUX", {"guidance": 3}, "Azure", ("bfl/flux-dev",)),
    )
    assert batch.axes == (
        Axis("seed", (1, 2, 3)),
        Axis("guidance", (2.5, 5)),
        Axis("style", ("anime", "manga")),
        Axis("aspect_ratio", ("16:9",)),
    )
    assert batch.defaults == {"size": "1024x1024", "negative_prompt": "blur"}
    assert batch.tasks == (
        Task("a-fox", "a fox"),
        Task("owl", "an owl", None, {"seed": 7}, {"title": "Owl", "series": "birds"}, ("owl.png",)),
        Task("a-heron", "a heron", parameters={"size": "5x5", "negative": "no"}),
    )


def test_yaml_merges_and_aliases() -> None:
    text = "tasks:\n  - &a {prompt: a fox, size: 5x5}\n  - {<<: *a, prompt: an owl}\n  - {<<: [*a], name: third}\n"
    assert [(task.prompt, task.parameters) for task in read(text).batch.tasks] == [
        ("a fox", {"size": "5x5"}),
        ("an owl", {"size": "5x5"}),
        ("a fox", {"size": "5x5"}),
    ]


def test_the_same_batch_in_three_spellings() -> None:
    yaml = read("name: zoo\naxes: {seed: 1..2}\ntasks:\n  - {name: fox, prompt: a fox, n: 2}\n")
    toml = read('name = "zoo"\n[axes]\nseed = "1..2"\n[[tasks]]\nname = "fox"\nprompt = "a fox"\nn = 2\n')
    text = {
        "name": "zoo",
        "$schema": "batch.json",
        "axes": {"seed": [1, 2]},
        "tasks": [{"name": "fox", "prompt": "a fox", "n": 2}],
    }
    result = read(json.dumps(text))
    assert yaml.batch == toml.batch == result.batch
    assert [yaml.format, toml.format, result.format] == ["native-yaml", "native-toml", "native-json"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_csv(delimiter: str, ending: str) -> None:
    rows = [
        [
            "Name",
            "Prompt",
            "Negative Prompt",
            "seed",
            "guidance_scale",
            "raw",
            "mood",
            "context.camera",
            "tags",
            "width",
            "height",
        ],
        ["fox", '"a fox, red; and\ttame"', "", "7", "2.5", "TRUE", "calm", "wide", '"[""a""]"', "64", "32"],
        ["", "an owl", "blur", "", "3", "", "", "", "x", "", ""],
    ]
    result = read(ending.join(delimiter.join(row) for row in rows) + ending)
    assert result.format == "csv"
    assert result.batch.tasks == (
        Task(
            "fox",
            "a fox, red; and\ttame",
            None,
            {"seed": 7, "guidance": 2.5, "raw": True, "tags": ["a"], "size": "64x32"},
            {"mood": "calm", "camera": "wide"},
        ),
        Task("an-owl", "an owl", "blur", {"guidance": 3, "tags": "x"}),
    )


def test_json_lines() -> None:
    text = '{"prompt": "a fox", "seed": 1, "mood": "calm"}\n\n{"name": "owl", "payload": {"prompt": "an owl"}}\r\n'
    result = read(text)
    assert result.format == "jsonl"
    assert result.batch.tasks == (Task("a-fox", "a fox", None, {"seed": 1}, {"mood": "calm"}), Task("owl", "an owl"))


def test_made_names_avoid_given_ones() -> None:
    batch = read('{"prompt": "a fox"}\n{"prompt": "a fox"}\n{"name": "a-fox", "prompt": "b"}\n').batch
    assert [task.name for task in batch.tasks] == ["a-fox-2", "a-fox-3", "a-fox"]


@pytest.mark.parametrize(
    ("text", "format_name"),
    [
        ("a red fox\nan owl", "text"),
        ("[cinematic] a fox\n{red|blue} owl", "text"),
        ("{red|blue} owl", "text"),
        ("a fox, an owl, a prompt of life", "text"),
        ("note: a fox\nwith colons: many", "text"),
        ("- a fox\n- an owl", "text"),
        ("fox = owl", "text"),
        ("# comment\n\nprompt\na fox", "csv"),
        ("prompt,seed\na fox,1", "csv"),
        ("title;prompt\nFox;a fox", "csv"),
        ('\ufeff[{"payload": {"prompt": "a fox"}}]', "comparator"),
        ('{"prompt": "a fox"}', "jsonl"),
        ('{\n"prompt":\n"a fox"}', "jsonl"),
        ('{"payload": {"prompt": "a fox"}}', "jsonl"),
        ('{"prompt": "a fox"}\n{"prompt": "an owl"}', "jsonl"),
        ("---\ntasks: [a fox]", "native-yaml"),
        ("{tasks: [a fox]}", "native-yaml"),
        ("# comment\n$schema: x\ntasks:\n- a fox", "native-yaml"),
        ('# comment\n[[tasks]]\nprompt = "a fox"', "native-toml"),
        ('tasks = ["a fox"]', "native-toml"),
        ('"$schema" = "x"\ntasks = ["a fox"]', "native-toml"),
    ],
)
def test_formats_are_told_apart_by_content(text: str, format_name: str) -> None:
    assert read(text, "misleading").format == format_name


@pytest.mark.parametrize(
    "data",
    [
        codecs.BOM_UTF8 + "ein Bär 🐻\n".encode(),
        "ein Bär 🐻\n".encode("utf-16"),
        codecs.BOM_UTF16_BE + "ein Bär 🐻\n".encode("utf-16-be"),
        "ein Bär 🐻\r\n".encode(),
        "ein Bär 🐻\r".encode(),
    ],
)
def test_encodings(data: bytes) -> None:
    assert read(data).batch.tasks[0].prompt == "ein Bär 🐻"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"prompt": "a fox", "guidence": 3}', "guidance"),
        ('[{"name": "fox", "note": 1, "payload": {"prompt": "a fox"}}]', "note"),
        ('{"version": 2, "prompts": [{"id": 1, "prompt": "a fox"}]}', "version"),
        ("a red fox", "plain text"),
    ],
)
def test_what_is_doubtful_is_a_warning(text: str, message: str) -> None:
    (warning,) = read_batch_text(text, "zoo.json").warnings
    assert message in warning.sentence()


def test_known_services_fields_are_no_slips() -> None:
    fields = (
        "safety_tolerance prompt_upsampling aspect_ratio raw image_prompt image_prompt_strength disable_pup quality"
    )
    fields += " scheduler style strength model num_outputs resolution webhook_url sampler_name denoising_strength"
    read(json.dumps({"prompt": "a fox", **dict.fromkeys(fields.split(), 5)}))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1..4", (1, 2, 3, 4)),
        ("4..2", (4, 3, 2)),
        ("-1..1", (-1, 0, 1)),
        ("2.5, 5", (2.5, 5)),
        ("anime,manga", ("anime", "manga")),
        ('"a, b", c', ("a, b", "c")),
        ("1..3, 9", (1, 2, 3, 9)),
        ("true,false,null", (True, False, None)),
        ("1024x768", ("1024x768",)),
        ("007", ("007",)),
    ],
)
def test_axis_values(text: str, values: tuple[JsonValue, ...]) -> None:
    found = parse_axis_values("style", text)
    assert [(type(value), value) for value in found] == [(type(value), value) for value in values]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("seed", ""), ("seed", "x"), ("seed", "1,1"), ("seed", "1..100000"), ("seed", "1,,2"), ("prompt", "x")),
        *(("seed", '"a'), ("size", "1x1, 99999x1"), ("style", "1e999"), ("", "1"), ("style", "9" * 5000)),
    ],
)
def test_axis_values_that_are_wrong(name: str, text: str) -> None:
    with pytest.raises(BatchFileError, match="axis"):
        parse_axis_values(name, text)


def test_aliases_of_axes_are_checked_as_what_they_mean() -> None:
    assert parse_axis_values("cfg", "2,3.5") == (2, 3.5)
    with pytest.raises(BatchFileError):
        parse_axis_values("cfg", "high")


def test_the_name_is_the_files_stem(tmp_path: Path) -> None:
    path = tmp_path / "my zoo.v2.txt"
    path.write_text("a fox\n")
    assert read_batch(path).batch.name == "my zoo.v2"


def test_large_files_are_read_quickly() -> None:
    """Bounds are several times what it takes, so that a busy machine does not fail them."""
    row = '"a red fox in snow, number {0}",1024x1024,{0},2.5,calm'
    table = "prompt,size,seed,guidance,mood\n" + "\n".join(row.format(number) for number in range(5000))
    started = time.process_time()
    assert len(read(table).batch.tasks) == 5000
    assert time.process_time() - started < 1.5
    line = {"name": "", "prompt": "a red fox in snow", "size": "1024x1024", "seed": 0, "extra": {"bfl": {"raw": True}}}
    lines = "\n".join(json.dumps({**line, "name": f"fox-{number}", "seed": number}) for number in range(20_000))
    started = time.process_time()
    assert len(read(lines).batch.tasks) == 20_000
    assert time.process_time() - started < 4


def test_the_front_door_is_cheap() -> None:
    heavy = "{'yaml', 'tomlkit', 'jsonschema', 'pydantic', 'httpx', 'textual', 'PIL'}"
    code = f"import sys, fluxtui.batchfiles; print(sorted({heavy} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
