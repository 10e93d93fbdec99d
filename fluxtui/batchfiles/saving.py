"""Saving a batch over the file it came from: what is lost is told before, and nobody's change is overwritten."""

import fcntl
import hashlib
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from fluxtui.batchfiles.decoding import decode, read_bytes
from fluxtui.batchfiles.findings import BatchFileError, ReadResult, one_finding
from fluxtui.batchfiles.reading import read_batch_bytes
from fluxtui.batchfiles.writing import SUFFIXES, batch_text, cannot_hold, replace_file
from fluxtui.domain.batch import Batch, Task
from fluxtui.domain.problems import FluxtuiError, Problem, ProblemKind

_COMMENTED = frozenset({"native-yaml", "native-toml", "text", "csv"})
_COMMENT = re.compile(r"^[ \t]*#", re.MULTILINE)
_AFTER_TEXT = re.compile(r"\s#\s")
_PATIENCE = 10.0
"""Seconds to wait for somebody who saves in the same folder."""


class FileChangedError(FluxtuiError):
    """The file is not what it was when it was read. `digest` is that of its bytes now, None when it is gone."""

    def __init__(self, path: Path, digest: str | None) -> None:
        what = "was changed by another program" if digest is not None else "is no longer there"
        super().__init__(
            Problem(
                ProblemKind.DISK,
                f"{path.name} {what} since it was read.",
                "Saving now would undo that.",
                "Read it again, overwrite it, or save under another name.",
            )
        )
        self.path = path
        self.digest = digest


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells cheaply that a file may have changed: another time, size or inode."""

    modified: int
    size: int
    inode: int


@dataclass(frozen=True, slots=True)
class Opened:
    """A file as read. `error` is why it cannot be used as it is; then `result` is None.

    `digest` is of exactly the bytes that were read. `head` are the comments at its top, which saving keeps;
    `comments` is how many others there are, which saving drops.
    """

    result: ReadResult | None
    error: BatchFileError | None
    digest: str
    stamp: Stamp | None
    head: str = ""
    comments: int = 0


def stamp_of(path: Path) -> Stamp | None:
    """Return the stamp of a file, None when it is not there."""
    try:
        facts = path.stat()
    except OSError:
        return None
    return Stamp(facts.st_mtime_ns, facts.st_size, facts.st_ino)


def digest_of(path: Path) -> str | None:
    """Return the SHA-256 of a file's bytes in hexadecimal, None when it is not there. Raises BatchFileError."""
    return hashlib.sha256(read_bytes(path, str(path))).hexdigest() if path.exists() else None


def open_batch(path: Path) -> Opened:
    """Read a batch file with what saving it needs to know. Raises BatchFileError when there are no bytes to read."""
    stamp = stamp_of(path)
    data = read_bytes(path, str(path))
    digest = hashlib.sha256(data).hexdigest()
    try:
        result = read_batch_bytes(data, str(path), PurePath(path))
    except BatchFileError as error:
        return Opened(None, error, digest, stamp)
    head, comments = _comments(decode(data, str(path)), result.format)
    return Opened(result, None, digest, stamp, head, comments)


def format_for(path: Path) -> str:
    """Return the format that a file's extension stands for, "" for none."""
    return SUFFIXES.get(path.suffix.lower(), "")


def losses(batch: Batch, format_name: str) -> tuple[str, ...]:
    """Return the parts of a batch that a format has no place for: `axes`, `targets`, `context` ..."""
    return tuple(dict.fromkeys(finding.field or "" for finding in cannot_hold(batch, format_name, "batch")))


def without_losses(batch: Batch, format_name: str) -> Batch:
    """Return the batch without what a format has no place for."""
    lost = set(losses(batch, format_name))
    if "null" in lost:
        batch = _without_nulls(batch)
    frame: dict[str, object] = {"targets": (), "axes": (), "defaults": {}, "repeat": 1, "recipe": None}
    batch = replace(batch, **{part: empty for part, empty in frame.items() if part in lost})  # type: ignore[arg-type]
    emptied: dict[str, object] = {
        "negative_prompt": None,
        "parameters": {},
        "context": {},
        "references": (),
        "extra": {},
    }
    parts = {part: empty for part, empty in emptied.items() if part in lost}
    if parts:
        batch = replace(batch, tasks=tuple(replace(task, **parts) for task in batch.tasks))  # type: ignore[arg-type]
    return _renamed(batch) if format_name == "text" else batch


def save_batch(batch: Batch, path: Path, format_name: str, *, expected: str | None, head: str = "") -> str:
    """Write `batch` whole or not at all; returns the digest of what was written.

    `expected` is the digest that the file has if nobody changed it, None for a file that is not there yet. Of two
    that save at once, here or in other processes, one comes after the other and finds what that one wrote.
    Raises FileChangedError when it is another, BatchFileError when the format cannot hold the batch or on disk
    problems. A link is followed: what it points to is written. Permissions are kept.
    """
    file = str(path)
    text = batch_text(batch, format_name, file)
    if head and format_name in _COMMENTED:
        text = head + text
    data = text.encode()
    target = path.resolve()
    with _alone_in(target.parent, file):
        found = digest_of(target)
        if found != expected:
            raise FileChangedError(path, found)
        try:
            replace_file(target, data)
        except OSError as error:
            advice = "Check the folder and the disk, or save elsewhere"
            raise one_finding(file, f"the file cannot be written: {error.strerror}", advice) from error
    return hashlib.sha256(data).hexdigest()


@contextmanager
def _alone_in(folder: Path, file: str) -> Iterator[None]:
    """Keep others from saving in a folder between the look at a file and its replacement.

    The kernel's lock on the folder itself: it leaves nothing behind and dies with its process. Where folders
    cannot be locked (some network disks), the look just before writing has to do. Raises BatchFileError.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        yield  # what is wrong with the folder is said by writing into it
        return
    try:
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if time.monotonic() >= end:
                    message = "another program has been saving in this folder for a long time"
                    raise one_finding(file, message, "Try again, or save elsewhere") from error
                time.sleep(0.01)
            except OSError:
                break
            else:
                break
        yield
    finally:
        os.close(descriptor)


def writable(path: Path) -> str | None:
    """Return why a file cannot be written at `path`, None when it can."""
    target = path.expanduser().resolve()
    if target.is_dir():
        return f"{target} is a folder. Add a name."
    if not target.parent.is_dir():
        return f"There is no folder {target.parent}."
    return None if os.access(target if target.exists() else target.parent, os.W_OK) else f"{target} may not be written."


def _comments(text: str, format_name: str) -> tuple[str, int]:
    """Return the comment lines at the top as they are, and how many come later."""
    if format_name not in _COMMENTED:
        return "", 0
    lines = text.splitlines(keepends=True)
    top = next((n for n, line in enumerate(lines) if line.strip() and not line.startswith("#")), len(lines))
    head = "".join(lines[:top]) if any(line.startswith("#") for line in lines[:top]) else ""
    rest = "".join(lines[top:])
    if format_name in ("native-yaml", "native-toml"):
        return head, sum(bool(_COMMENT.match(line) or _AFTER_TEXT.search(line)) for line in rest.splitlines())
    return head, len(_COMMENT.findall(rest)) if format_name == "text" else 0


def _renamed(batch: Batch) -> Batch:
    """Lines of prompts have no names: the tasks get those that reading the lines will make."""
    text = "".join(f"{' '.join(task.prompt.split())}\n" for task in batch.tasks)
    result = read_batch_bytes(text.encode(), "batch", PurePath("batch.txt"))
    return replace(batch, tasks=result.batch.tasks)


def _without_nulls(batch: Batch) -> Batch:
    def cleaned(value: object) -> object:
        if isinstance(value, dict):
            return {key: cleaned(item) for key, item in value.items() if item is not None}
        return [cleaned(item) for item in value if item is not None] if isinstance(value, list) else value

    def task(one: Task) -> Task:
        return replace(one, parameters=cleaned(dict(one.parameters)), extra=cleaned(dict(one.extra)))  # type: ignore[arg-type]

    return replace(
        batch,
        tasks=tuple(task(one) for one in batch.tasks),
        defaults=cleaned(dict(batch.defaults)),  # type: ignore[arg-type]
        recipe=None if batch.recipe is None else cleaned(dict(batch.recipe)),  # type: ignore[arg-type]
        targets=tuple(replace(t, parameters=cleaned(dict(t.parameters))) for t in batch.targets),  # type: ignore[arg-type]
        axes=tuple(replace(a, values=tuple(v for v in a.values if v is not None)) for a in batch.axes),
    )
