"""Reading a batch file of any format."""

from pathlib import Path, PurePath

from fluxtui.batchfiles import comparator, jsonlines, native_json, native_toml, native_yaml, plaintext, scenes, table
from fluxtui.batchfiles.decoding import decode, read_bytes
from fluxtui.batchfiles.detection import Detected, detect
from fluxtui.batchfiles.findings import BatchFileError, Finding, ReadResult, Report, one_finding
from fluxtui.batchfiles.jsontext import JsonSyntaxError, salvage
from fluxtui.batchfiles.native import check_native
from fluxtui.domain.batch import Batch
from fluxtui.domain.text import plain

_TEXT_READERS = {
    "native-yaml": native_yaml.read,
    "native-toml": native_toml.read,
    "csv": table.read,
    "jsonl": jsonlines.read,
    "text": plaintext.read,
}
_JSON_READERS = {"comparator": comparator.read, "scenes": scenes.read, "native-json": native_json.read}
_STRUCTURED = frozenset({".json", ".yaml", ".yml", ".toml", ".csv", ".tsv", ".jsonl", ".ndjson"})


def read_batch(path: Path) -> ReadResult:
    """Read the batch file at `path`, whatever its format. Raises BatchFileError with everything that is wrong.

    The name of a batch that does not name itself is the file's, without extension.
    """
    file = str(path)
    return read_batch_bytes(read_bytes(path, file), file, PurePath(path))


def read_batch_text(text_or_bytes: str | bytes, name: str) -> ReadResult:
    """Read a batch from memory; `name` is what messages call it. Raises BatchFileError."""
    if isinstance(text_or_bytes, str):
        try:
            text_or_bytes = text_or_bytes.encode()
        except UnicodeEncodeError:
            raise one_finding(name, "the text holds halves of characters", "Write whole characters") from None
    return read_batch_bytes(text_or_bytes, name, PurePath(name))


def read_batch_bytes(data: bytes, file: str, path: PurePath) -> ReadResult:
    """Read the content of a file; `file` is what messages call it. Raises BatchFileError."""
    text = decode(data, file)
    if not text or text.isspace():
        raise one_finding(file, "the file is empty", "Write one prompt a line, or see the examples")
    stem = plain(path.stem, limit=200, newlines=False).strip() or "batch"
    detected = detect(text)
    if detected is None:
        raise one_finding(file, "this is a web page or XML, not a batch file", "Save the file itself, not its page")
    if detected.syntax is not None:
        raise _broken(detected, detected.syntax, text, file, stem)
    if detected.document is not None and detected.format in _JSON_READERS:
        return _JSON_READERS[detected.format](detected.document, file, stem)
    if detected.format == "jsonl" and detected.document is not None:
        # One mapping over several lines is one task all the same.
        return jsonlines.read_one(detected.document, file, stem)
    result = _TEXT_READERS[detected.format](text, file, stem)
    if result.format == "text" and path.suffix.lower() in _STRUCTURED:
        return ReadResult(result.batch, result.format, (*result.warnings, _misnamed(file, path.suffix)))
    return result


def _misnamed(file: str, suffix: str) -> Finding:
    return Finding(
        file,
        None,
        None,
        None,
        f"named {suffix}, but read as plain text: every line is a prompt",
        "If it is meant to be something else, its beginning is wrong; see the examples",
    )


def _broken(detected: Detected, syntax: JsonSyntaxError, text: str, file: str, stem: str) -> BatchFileError:
    """Return the error for broken JSON, with the tasks that stand whole before the break."""
    quiet = Report(file)
    remains = salvage(text)
    partial: Batch | None = None
    if isinstance(remains, list) and remains:
        partial = comparator.check_entries(remains, quiet, stem)
    elif isinstance(remains, dict):
        check = scenes.check_scenes if "prompts" in remains else check_native
        partial = check(remains, quiet, stem)
    finding = Finding(file, syntax.line, None, None, f"{syntax.message} (column {syntax.column})", syntax.advice)
    return BatchFileError((finding,), partial if partial and partial.tasks else None)
