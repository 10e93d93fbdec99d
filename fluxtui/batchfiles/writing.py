"""Writing a batch in any format that can hold it; what is written is read back and compared first."""

import os
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from fluxtui.batchfiles import comparator, jsonlines, native_json, native_toml, native_yaml, plaintext, scenes, table
from fluxtui.batchfiles.findings import BatchFileError, Finding, one_finding
from fluxtui.batchfiles.native import native_mapping
from fluxtui.batchfiles.parameters import shown
from fluxtui.batchfiles.reading import read_batch_text
from fluxtui.domain.batch import Axis, Batch, Target
from fluxtui.domain.values import JsonObject, canonical_json

_WRITERS: Mapping[str, Callable[[Batch], str]] = {
    "comparator": comparator.write,
    "scenes": scenes.write,
    "native-yaml": native_yaml.write,
    "native-json": native_json.write,
    "native-toml": native_toml.write,
    "csv": table.write,
    "jsonl": jsonlines.write,
    "text": plaintext.write,
}
SUFFIXES = {
    ".yaml": "native-yaml",
    ".yml": "native-yaml",
    ".json": "native-json",
    ".toml": "native-toml",
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".txt": "text",
}


def write_batch(batch: Batch, path: Path, format: str | None = None) -> None:  # noqa: A002
    """Write `batch` to `path` in `format` (by default the one its extension stands for), whole or not at all.

    What is written reads back equal, except that formats other than the native ones take the batch's
    name from the file. Raises BatchFileError when the format cannot hold the batch, or on disk problems.
    """
    file = str(path)
    chosen = format or SUFFIXES.get(path.suffix.lower(), "")
    if chosen not in _WRITERS:
        raise one_finding(file, f"{shown(format or path.suffix)} is no format", f"Choose one of {', '.join(_WRITERS)}")
    data = batch_text(batch, chosen, file).encode()
    try:
        replace_file(path.resolve(), data)
    except OSError as error:
        raise one_finding(
            file, f"the file cannot be written: {error.strerror}", "Check the folder and the disk"
        ) from error


def batch_text(batch: Batch, format_name: str, file: str = "batch") -> str:
    """Return `batch` as text in a format. Raises BatchFileError with everything that the format cannot hold."""
    findings = cannot_hold(batch, format_name, file)
    if findings:
        raise BatchFileError(findings)
    try:
        text = _WRITERS[format_name](batch)
    except (ValueError, TypeError, RecursionError) as error:
        raise one_finding(file, f"the batch holds what cannot be written: {error}", "Correct the batch") from error
    back = read_batch_text(text, file)
    if not format_name.startswith("native"):
        back = replace(back, batch=replace(back.batch, name=batch.name))
    difference = "the format" if back.format != format_name else _difference(batch, back.batch)
    if difference:
        raise one_finding(
            file, f"{format_name} cannot hold this batch: {difference} would read back changed", "Write native YAML"
        )
    return text


def cannot_hold(batch: Batch, format_name: str, file: str) -> tuple[Finding, ...]:
    """Return a finding for each part of the batch that the format has no place for."""
    lost: list[tuple[str, int | None]] = []
    if not format_name.startswith("native"):
        of_batch = {"targets": batch.targets, "axes": batch.axes, "defaults": batch.defaults}
        lost += [(part, None) for part, value in of_batch.items() if value]
        lost += [("repeat", None)] if batch.repeat != 1 else []
        lost += [("recipe", None)] if batch.recipe is not None else []
    if format_name == "text":
        for part in ("negative_prompt", "parameters", "context", "references", "extra"):
            row = next((i for i, task in enumerate(batch.tasks, 1) if getattr(task, part)), None)
            lost += [(part, row)] if row else []
    if format_name == "native-toml":
        lost += [("null", None)] if _holds_null(native_mapping(batch)) else []
    advice = "Write native YAML, or leave it out"
    return tuple(Finding(file, None, row, part, f"{format_name} has no place for it", advice) for part, row in lost)


def _holds_null(value: object) -> bool:
    if isinstance(value, dict | list):
        return any(_holds_null(item) for item in (value.values() if isinstance(value, dict) else value))
    return value is None


def _difference(wanted: Batch, got: Batch) -> str | None:
    """Return what differs first, None when nothing does. As JSON, since in Python 1, 1.0 and True are equal."""
    for part in ("name", "targets", "axes", "defaults", "repeat", "recipe"):
        if _json(getattr(wanted, part)) != _json(getattr(got, part)):
            return part
    if len(wanted.tasks) != len(got.tasks):
        return "the number of tasks"
    for row, (one, other) in enumerate(zip(wanted.tasks, got.tasks, strict=True), 1):
        if _json(one.as_json()) != _json(other.as_json()):
            return f"task {row} ({one.name})"
    return None


def _json(value: object) -> str:
    if isinstance(value, tuple):
        return canonical_json([_plain_object(item) for item in value])
    return canonical_json(dict(value) if isinstance(value, Mapping) else value)


def _plain_object(item: object) -> JsonObject:
    if isinstance(item, Target):
        return item.as_json()
    return {"name": item.name, "values": list(item.values)} if isinstance(item, Axis) else {}


def replace_file(path: Path, data: bytes) -> None:
    """Put `data` at `path` so that a crash leaves either the old file or the new one."""
    # A name of its own each time: process ids come again, and what a kill left behind must be in nobody's way.
    temporary = path.with_name(f".{path.stem[:40]}.{uuid.uuid4().hex}.part")
    try:
        with temporary.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        if path.exists():
            temporary.chmod(path.stat().st_mode & 0o777)
        temporary.replace(path)
        _sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Have the new name on disk too; where folders cannot be synced, the file itself is."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        return
    finally:
        os.close(descriptor)
