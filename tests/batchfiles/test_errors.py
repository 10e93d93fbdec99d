"""Files that are wrong: each a clear error with the place and what would be right, never a traceback."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fluxtui.batchfiles import BatchFileError, Finding, read_batch, read_batch_text


def findings(content: str | bytes, name: str = "batch.json") -> tuple[Finding, ...]:
    with pytest.raises(BatchFileError) as caught:
        read_batch_text(content, name)
    for finding in caught.value.findings:
        assert finding.file == name
        assert finding.message
        assert finding.advice
        assert finding.sentence().isprintable()
    return caught.value.findings


def only(content: str | bytes, name: str = "batch.json") -> Finding:
    (finding,) = findings(content, name)
    return finding


def test_all_errors_at_once_with_their_lines() -> None:
    text = """[
  {"name": "fox", "payload": {"prompt": "a fox", "size": "99999x10"}},
  {"name": "fox", "payload": {
     "prompt": "  ",
     "seed": 1.5,
     "n": 0
  }},
  {"name": "owl"},
  7
]"""
    found = [(finding.line, finding.row, finding.field) for finding in findings(text)]
    assert found == [
        (2, 1, "size"),
        (3, 2, "name"),
        (4, 2, "prompt"),
        (5, 2, "seed"),
        (6, 2, "n"),
        (8, 3, "payload"),
        (9, 4, None),
    ]


def test_partial_holds_what_could_be_read() -> None:
    with pytest.raises(BatchFileError) as caught:
        read_batch_text('[{"name":"a","payload":{"prompt":"x"}},{"name":"b","payload":{}}]', "b.json")
    partial = caught.value.partial
    assert partial is not None
    assert [task.name for task in partial.tasks] == ["a"]


@pytest.mark.parametrize(
    ("payload", "field", "message"),
    [
        ({}, "prompt", "missing"),
        ({"promt": "x"}, "prompt", "missing"),
        ({"prompt": ""}, "prompt", "empty"),
        ({"prompt": 5}, "prompt", "whole number"),
        ({"prompt": None}, "prompt", "null"),
        pytest.param({"prompt": "x" * 100_001}, "prompt", "100,001", id="long"),
        ({"prompt": "a\x00b"}, "prompt", "NUL"),
        ({"prompt": "a\ud800b"}, "prompt", "one half"),
        ({"prompt": "x", "size": "0x10"}, "size", "0x10"),
        ({"prompt": "x", "size": "20000x10"}, "size", "20000x10"),
        ({"prompt": "x", "size": "big"}, "size", "big"),
        ({"prompt": "x", "size": 1024}, "size", "whole number"),
        ({"prompt": "x", "width": 5}, None, None),
        ({"prompt": "x", "width": 99999, "height": 5}, "width", "99999x5"),
        ({"prompt": "x", "width": 5, "height": 5, "size": "5x5"}, "size", "mean the same"),
        ({"prompt": "x", "seed": True}, "seed", "true"),
        ({"prompt": "x", "seed": "42"}, "seed", "text"),
        ({"prompt": "x", "seed": 2**64}, "seed", "out of range"),
        ({"prompt": "x", "n": 101}, "n", "out of range"),
        ({"prompt": "x", "num_inference_steps": 0}, "num_inference_steps", "out of range"),
        ({"prompt": "x", "guidance_scale": float("nan")}, "guidance_scale", "finite"),
        ({"prompt": "x", "guidance_scale": "high"}, "guidance_scale", "text"),
        ({"prompt": "x", "guidance_scale": -1}, "guidance_scale", "out of range"),
        ({"prompt": "x", "guidance": 1, "cfg": 1}, "cfg", "mean the same"),
        ({"prompt": "x", "output_format": "tiff"}, "output_format", "tiff"),
        ({"prompt": "x", "strength": float("inf")}, "strength", "finite"),
        ({"prompt": "x", "extra": {"bfl": {"x": [float("inf")]}}}, "extra.bfl.x[1]", "finite"),
        ({"prompt": "x", "extra": []}, "extra", "list"),
        ({"prompt": "x", "negative_prompt": 5}, "negative_prompt", "whole number"),
        ({"prompt": "x", "references": [5]}, "references[1]", "no text"),
        ({"prompt": "x", "references": 5}, "references", "list of texts"),
        ({"prompt": "x", "context": 5}, "context", "whole number"),
        ({"prompt": "x", "context": {"a": []}}, "context.a", "list"),
        ({"prompt": "x", "mood": {}}, "mood", "mapping"),
        ({"prompt": "x", "parameters": 5}, "parameters", "whole number"),
        ({"prompt": "x", "seed": 1, "parameters": {"seed": 2}}, "seed", "beside"),
        ({"prompt": "x", "parameters": {"prompt": "y"}}, "prompt", "no parameter"),
        ({"prompt": "x", "a\nb": 1}, "a b", "no name"),
        (5, None, "mapping"),
        (None, None, "missing"),
    ],
)
def test_values_of_a_task(payload: object, field: str | None, message: str | None) -> None:
    text = json.dumps([{"name": "task", "payload": payload}])
    if message is None:
        assert read_batch_text(text, "batch.json").batch.tasks
        return
    finding = only(text)
    assert message in finding.message
    assert finding.row == 1
    assert finding.line == 1
    if field:
        assert finding.field == field


@pytest.mark.parametrize(
    ("name", "message"),
    [("", "empty"), (True, "true"), (1.5, "number"), ([], "list"), ("x" * 201, "201"), ("\ud800", "half")],
)
def test_names(name: object, message: str) -> None:
    finding = only(json.dumps([{"name": name, "payload": {"prompt": "x"}}]))
    assert finding.field == "name"
    assert message in finding.message


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('[\n {"name": "a", "payload": {"prompt": "x"}},\n {"name": "b", "pay', 3, "ends in the middle (column 16)"),
        ('{"tasks": [\n {"prompt": "x"},\n', 3, "ends in the middle"),
        ('{\n "prompts": [{"id": 1, "prompt": "x"}\n', 3, "ends in the middle"),
        ('[{"name": "a",}]', 1, "(column 1"),  # 14, where Python 3.13 sees the comma; before it 15, the brace
        ("[{'name': 'a'}]", 1, "column 3"),
        ('[\n  // tasks\n  {"name": "a"}]', 2, "column 3"),
        ('[{"payload": {"prompt": "x" "seed": 1}}]', 1, "column 29"),
        pytest.param("[" * 100_000, 1, "too deeply", id="deep"),
        pytest.param('[{"payload": {"seed": ' + "9" * 5000 + "}}]", 1, "too many digits", id="digits"),
        ('{"tasks": []} extra', 1, "column 15"),
    ],
)
def test_broken_json_has_line_and_column(text: str, line: int, message: str) -> None:
    finding = only(text)
    assert finding.line == line
    assert message in finding.message


def test_what_stands_before_the_break_is_kept() -> None:
    for text in (
        '[{"name":"a","payload":{"prompt":"x"}},{"name":"b","pay',
        '{"name": "n", "tasks": [{"name":"a","prompt":"x"},{"name":"b","pr',
        '{"prompts": [{"id":"a","prompt":"x"},{"id":"b","pr',
        "tasks:\n  - name: a\n    prompt: x\n  - name: b\n    prompt: 'never closed\n",
        '[[tasks]]\nname = "a"\nprompt = "x"\n[[tasks]]\nname = "b\n',
        'name,prompt\na,x\nb,"never closed\n',
        '{"name":"a","prompt":"x"}\n{"name":"b","pr',
    ):
        with pytest.raises(BatchFileError) as caught:
            read_batch_text(text, "cut")
        partial = caught.value.partial
        assert partial is not None, text
        assert partial.tasks[0].name == "a", text
        assert [finding for finding in caught.value.findings if finding.line], text


def test_keys_that_stand_twice() -> None:
    finding = only('[\n{"name": "a", "payload": {"prompt": "x",\n"seed": 1,\n"seed": 2}}]')
    assert (finding.line, finding.row, finding.field) == (4, 1, "seed")
    finding = only("tasks:\n  - prompt: x\n    seed: 1\n    seed: 2\n", "b.yaml")
    assert (finding.line, finding.row, finding.field) == (4, 1, "seed")
    finding = only('{"prompt": "a"}\n{"prompt": "x", "seed": 1, "seed": 2}\n', "b.jsonl")
    assert (finding.line, finding.row, finding.field) == (2, 2, "seed")
    assert only('repeat = 1\nrepeat = 2\n[[tasks]]\nprompt = "x"\n', "b.toml").line == 2


@pytest.mark.parametrize(
    ("text", "line", "field"),
    [
        ("tasks: []", 1, "tasks"),
        ("tasks: 5", 1, "tasks"),
        ("name: x", None, None),
        ("name: ''\ntasks: [x]", 1, "name"),
        ("tasks: [x]\nrepeat: 0", 2, "repeat"),
        ("tasks: [x]\nrepeat: true", 2, "repeat"),
        ("tasks: [x]\nrecipe: later", 2, "recipe"),
        ("tasks: [x]\ndefaults: 5", 2, "defaults"),
        ("tasks: [x]\ndefaults:\n  seed: soon", 3, "defaults.seed"),
        ("tasks: [x]\ndefaults:\n  extra: soon", 3, "defaults.extra"),
        ("tasks: [x]\ndefaults:\n  prompt: y", 3, "defaults.prompt"),
        ("tasks: [x]\ntarget: bfl", 2, "target"),
        ("tasks: [x]\ntargets: 5", 2, "targets"),
        ("tasks: [x]\ntargets:\n - bfl/a\n - /b", 4, "targets[2]"),
        ("tasks: [x]\ntargets:\n - bfl/a\n - bfl/a", 4, "targets[2]"),
        ("tasks: [x]\ntargets:\n - target: bfl/a\n   labels: y", 4, "targets[1].labels"),
        ("tasks: [x]\ntargets:\n - label: y", 3, "targets[1].target"),
        ("tasks: [x]\ntargets:\n - target: bfl/a\n   parameters:\n     n: -1", 5, "targets[1].parameters.n"),
        ("tasks: [x]\ntargets:\n - target: bfl/a b", 3, "targets[1].target"),
        ("tasks: [x]\ntargets:\n - target: bfl/a\n   fallback: ['b c/d']", 4, "targets[1].fallback"),
        ("tasks: [x]\naxes: 5", 2, "axes"),
        ("tasks: [x]\naxes:\n  seed: []", 3, "axes.seed"),
        ("tasks: [x]\naxes:\n  seed: 1..99999999", 3, "axes.seed"),
        ("tasks: [x]\naxes:\n  seed: [1, 1]", 3, "axes.seed[2]"),
        ("tasks: [x]\naxes:\n  guidance: 1, soon", 3, "axes.guidance[2]"),
        ("tasks: [x]\naxes:\n  cfg: 1\n  guidance: 2", 4, "axes.guidance"),
        ("tasks: [x]\naxes:\n  prompt: a, b", 3, "axes.prompt"),
        ("tasks: [x]\naxes:\n  style: {a: b}", 3, "axes.style"),
        ("- name: x\n  prompt: y", None, None),
        ("tasks:\n\t- prompt: x", 2, None),
        ("tasks:\n  - prompt: a fox: in snow", 2, None),
        ("tasks:\n  - prompt: *fox", 2, None),
        ("tasks:\n  - &a [*a]", 2, None),
        ("tasks: [x]\nrecipe: !!python/object/apply:os.system [ls]", 2, None),
        ("tasks: [x]\nrecipe: {a: !!int soon}", 2, "recipe.a"),
        ("tasks: [x]\nrecipe: {[a]: b}", 2, None),
        ("tasks: [x]\nrecipe: {a: .nan}", 2, "recipe.a"),
        pytest.param("tasks: [x]\nrecipe: {a: 0x" + "f" * 5000 + "}", 2, "recipe.a", id="hexadecimal digits"),
        pytest.param("tasks: [x]\nrecipe: {a: " + "9" * 5000 + "}", 2, "recipe.a", id="digits"),
        ("tasks: [x]\nrecipe:\n  <<: 5", 3, None),
        ("tasks:\n- prompt: a \x1b[31m red", 2, None),
        ("tasks: [x]\n---\ntasks: [y]", 2, None),
        pytest.param("tasks: " + "[" * 1000, 1, None, id="deep"),
        ("tasks: [x]\nrecipe: " + "[" * 40 + "]" * 40, 2, "recipe"),
        ("tasks: [x]\naxes: {a: '\"b'}", 2, "axes.a"),
        ("tasks: [x]\naxes: {a: '1,,2'}", 2, "axes.a"),
    ],
)
def test_native_yaml(text: str, line: int | None, field: str | None) -> None:
    finding = only(text, "b.yaml")
    assert (finding.line, finding.field) == (line, field)


def test_an_alias_bomb_is_refused_before_it_grows() -> None:
    rows = ["tasks: [x]", "recipe:", "  a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"  a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 20)]
    finding = only("\n".join(rows), "b.yaml")
    assert "aliases" in finding.message
    assert finding.line is not None


@pytest.mark.parametrize(
    ("text", "line", "field"),
    [
        ('[[tasks]]\nprompt = "x"\nseed = 2026-01-01\n', 3, "seed"),
        ('[[tasks]]\nprompt = "x"\n\n[[tasks]]\nseed = 5\n', 4, "prompt"),
        ('[[tasks]]\nprompt = "x"\n[tasks.extra]\nwhen = nan\n', 4, "extra.when"),
        ('[defaults]\nsteps = "many"\n[[tasks]]\nprompt = "x"\n', 2, "defaults.steps"),
        ('[[tasks]]\nprompt = """\nsize = 5\n"""\nsize = 5\n', 5, "size"),
        ('name = "x"\nrepeat = 5\n', None, None),
        ("name = x\n", 1, None),
        ('[[tasks]]\nprompt = "x', 2, None),
        pytest.param("recipe = " + "[" * 5000, None, None, id="deep"),
    ],
)
def test_native_toml(text: str, line: int | None, field: str | None) -> None:
    finding = only(text, "b.toml")
    assert (finding.line, finding.field) == (line, field)


def test_csv_rows() -> None:
    text = 'name,prompt,seed\na,x,1\nb,"two\nlines",soon\nc,x\nd,x,1,2\n,,\ne,,5\na,x,007\n'
    found = [(finding.line, finding.row, finding.field) for finding in findings(text, "b.csv")]
    assert found == [(3, 2, "seed"), (5, 3, None), (6, 4, None), (8, 5, "prompt"), (9, 6, "seed"), (9, 6, "name")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("prompt,seed,seed\nx,1,2\n", "twice"),
        ("prompt,guidance,cfg\nx,1,2\n", "means the same"),
        ("prompt,\nx,1\n", "no name"),
        ("name,seed\nx,1\n", "no prompt column"),
        ("name,prompt\n", "no rows"),
        ('name,prompt\na,"x"y\n', "cannot be read"),
        pytest.param("name,prompt,seed\na,x," + "9" * 5000 + "\n", "digits", id="digits"),
        ("name,prompt,extra\na,x,{oops}\n", "text"),
    ],
)
def test_csv_tables(text: str, message: str) -> None:
    assert message in only(text, "b.csv").message


def test_json_lines() -> None:
    text = '{"prompt": "x"}\n\n{"prompt": }\n[1]\n{"prompt": "y", "n": -5}\n{"payload": {"seed": 1}}\n'
    found = [(finding.line, finding.row, finding.field) for finding in findings(text, "b.jsonl")]
    assert found == [(3, 2, None), (4, 3, None), (5, 4, "n"), (6, 5, "prompt")]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b" \n\t\n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"# only\n# comments\n", "comments only"),
        ("ein Fuchs".encode("utf-16-le"), "UTF-16"),
        ("[{}]".encode("utf-16-be"), "UTF-16"),
        ("x".encode("utf-32"), "UTF-32"),
        ("ein Fuchs\nein Bär".encode("latin-1"), "not UTF-8"),
        ("ein Bär, “rot”".encode("cp1252"), "not UTF-8"),
        (b"\xff\xfea", "UTF-16"),
        (b"a fox\nthe\x00 owl and many more words without any", "NUL"),
        ("a\x00b".encode("utf-16"), "NUL"),
        (b"PK\x03\x04rest", "spreadsheet"),
        (b"\x1f\x8b\x08", "compressed"),
        (b"\x89PNG\r\n\x1a\n", "picture"),
        (b"<!DOCTYPE html><html></html>", "web page"),
        (b"[]", "list of tasks is empty"),
        (b"{}", "no tasks"),
        (b"[1, 2]", "not a task"),
        (b'{"prompts": 5}', "not a list"),
        (b'{"prompts": []}', "empty"),
        (b'{"taskss": [{"prompt": "x"}]}', "no field"),
    ],
)
def test_whole_files(data: bytes, message: str) -> None:
    assert any(message in finding.message for finding in findings(data))


def test_the_line_of_the_wrong_byte() -> None:
    for mark in (b"", b"\xef\xbb\xbf"):
        finding = only(mark + b"a fox\nB\xe4r")
        assert finding.line == 2
        assert "column 2" in finding.message
        assert "ä" in finding.message


def test_paths_that_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    for name, message in [
        *(("missing.json", "no such file"), (".", "folder"), ("pipe", "pipe"), ("loop", "cannot be read")),
        *(("a\x00b", "cannot be read"), ("x" * 300, "cannot be read")),
    ]:
        with pytest.raises(BatchFileError, match=message):
            read_batch(tmp_path / name)
    with pytest.raises(BatchFileError, match="no regular file"):
        read_batch(Path("/dev/zero"))


def test_a_file_of_200_mb_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    with path.open("wb") as stream:
        stream.truncate(200_000_000)
    with pytest.raises(BatchFileError, match="at most 64 MiB"):
        read_batch(path)


def test_texts_of_findings_are_plain_and_data_stays_verbatim() -> None:
    text = json.dumps([{"name": "\x1b[31mred", "payload": {"prompt": "a \x1b]0;fox\x07", "size": "\x1b[2Jbig"}}])
    for finding in findings(text):
        assert "\x1b" not in finding.sentence()
    result = read_batch_text(text.replace("\\u001b[2Jbig", "1x1"), "b.json")
    assert result.batch.tasks[0].prompt == "a \x1b]0;fox\x07"


def test_the_problem_names_the_first_and_counts_the_rest() -> None:
    with pytest.raises(BatchFileError) as caught:
        read_batch_text('{"prompt": ""}\n{"prompt": ""}\n', "b.jsonl")
    assert str(caught.value).startswith("b.jsonl, line 1, prompt: the prompt is empty.")
    assert "And 1 more." in str(caught.value)
    assert caught.value.problem.detail is not None
    assert "line 2" in caught.value.problem.detail


_PIECES = st.sampled_from(
    [
        *("{", "}", "[", "]", ",", ":", '"', "'", "\n", "  ", "- ", "tasks:", "prompt", "name", "=", "[[tasks]]", "#"),
        *("&a ", "*a ", "<<: ", "? ", "| ", "!!int ", "1e999", "NaN", "\\", "\t", "\x1b", "\ufeff", "---\n", '"""'),
    ]
)


@settings(deadline=None, max_examples=400)
@given(st.lists(_PIECES, max_size=30).map("".join) | st.text(max_size=60) | st.binary(max_size=60))
def test_nothing_else_is_ever_raised(content: str | bytes) -> None:
    try:
        result = read_batch_text(content, "any")
    except BatchFileError as error:
        assert error.findings  # noqa: PT017
    else:
        assert result.batch.tasks


def test_too_many_tasks() -> None:
    for text in ("a fox\n" * 250_001, json.dumps({"tasks": ["x"] * 250_001})):
        assert "250,000" in only(text).message


def test_a_row_of_commas_is_no_table() -> None:
    assert "characters" in only("prompt," + "," * 1_000_000).message
