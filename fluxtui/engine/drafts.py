"""Drafts: unsaved edits of batches, kept in the workspace so that a kill, a crash or a power cut loses none.

A draft is one file of JSON lines, written whole or not at all: what it is a draft of, then the batch without its
tasks, then one task a line. Beside it stands a lock file that the kernel holds for the cockpit which is editing:
whoever holds none has left its draft behind, and only then may another take it.
"""

import fcntl
import json
import os
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from fluxtui.batchfiles.writing import replace_file
from fluxtui.domain.batch import Axis, Batch, Target, Task
from fluxtui.domain.problems import FluxtuiError, Problem, ProblemKind
from fluxtui.domain.values import JsonObject

FOLDER = ".drafts"
_VERSION = 1
_LARGEST_HEAD = 1_000_000  # characters


@dataclass(frozen=True, slots=True)
class DraftInfo:
    """A draft that nobody is editing. `source` and `digest` are the file it was read from, None for none.

    `written` is in seconds since the epoch.
    """

    id: str
    name: str
    source: Path | None
    digest: str | None
    format: str
    tasks: int
    written: float


class Draft:
    """The draft of one open batch, held by this process from `begin` or `take` to `release`."""

    def __init__(self, folder: Path, draft_id: str, descriptor: int) -> None:
        self.id = draft_id
        self._folder = folder
        self._descriptor: int | None = descriptor

    @classmethod
    def begin(cls, workspace: Path) -> "Draft":
        """Hold a draft that is written with the first `keep`. Raises FluxtuiError."""
        folder = workspace / FOLDER
        draft_id = uuid.uuid4().hex
        try:
            folder.mkdir(parents=True, exist_ok=True)
            descriptor = _locked(folder / f"{draft_id}.lock", create=True)
        except OSError as error:
            raise _failed(folder, error) from error
        if descriptor is None:  # nobody else can know a name just made
            raise _failed(folder, OSError("its lock is taken"))
        return cls(folder, draft_id, descriptor)

    def keep(self, batch: Batch, source: Path | None, digest: str | None, format_name: str) -> None:
        """Write what the batch is now; synced when it returns. Blocks. Raises FluxtuiError."""
        head: JsonObject = {
            "version": _VERSION,
            "source": None if source is None else str(source.absolute()),
            "digest": digest,
            "format": format_name,
            "tasks": len(batch.tasks),
            "written": time.time(),
            "batch": _frame(batch),
        }
        # Line by line: one call for all of it would hold the interpreter, and the keys with it.
        lines = [json.dumps(head), *(json.dumps(task.as_json()) for task in batch.tasks)]
        try:
            replace_file(self._folder / f"{self.id}.json", "\n".join(lines).encode())
        except OSError as error:
            raise _failed(self._folder, error) from error

    def discard(self) -> None:
        """Remove what was kept; the draft is still held and may be written again."""
        _remove(self._folder, self.id)

    def release(self) -> None:
        """Let go of it. What was kept stays for whoever opens the file next."""
        if self._descriptor is None:
            return
        if not (self._folder / f"{self.id}.json").exists():
            (self._folder / f"{self.id}.lock").unlink(missing_ok=True)
        os.close(self._descriptor)
        self._descriptor = None


def orphans(workspace: Path, source: Path | None = None) -> list[DraftInfo]:
    """Return the drafts that nobody is editing, newest first; with `source` only those of that file. Blocks."""
    wanted = None if source is None else str(source.absolute())
    found = []
    for path in (workspace / FOLDER).glob("*.json"):
        descriptor = _locked(path.with_suffix(".lock"), create=True)
        if descriptor is None:
            continue  # a living cockpit is editing it
        try:
            info = _info(path)
            if not path.exists():  # discarded since it was listed: our look alone made that lock
                path.with_suffix(".lock").unlink(missing_ok=True)
        finally:
            os.close(descriptor)
        if info is not None and (wanted is None or (info.source is not None and str(info.source) == wanted)):
            found.append(info)
    return sorted(found, key=lambda info: -info.written)


def take(workspace: Path, draft_id: str) -> tuple[Draft, Batch]:
    """Hold a draft that was left behind, and return it with its batch. Raises FluxtuiError."""
    folder = workspace / FOLDER
    path = folder / f"{Path(draft_id).name}.json"
    descriptor = _locked(path.with_suffix(".lock"), create=True)
    if descriptor is None:
        raise _problem("This draft is open in another window.", "Go on with it there.")
    try:
        head, *lines = path.read_text("utf-8").split("\n")
        batch = _batch(json.loads(head)["batch"], [json.loads(line) for line in lines])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        os.close(descriptor)
        raise _problem(f"The draft cannot be read: {error}.", f"It is the file {path}.") from error
    return Draft(folder, path.stem, descriptor), batch


def discard(workspace: Path, draft_id: str) -> None:
    """Remove a draft that was left behind; one that is being edited stays. Raises FluxtuiError."""
    folder = workspace / FOLDER
    name = Path(draft_id).name
    try:
        descriptor = _locked(folder / f"{name}.lock", create=True)
        if descriptor is not None:
            _remove(folder, name)
            (folder / f"{name}.lock").unlink(missing_ok=True)
            os.close(descriptor)
    except OSError as error:
        raise _failed(folder, error) from error


def _locked(path: Path, *, create: bool) -> int | None:
    """Return a descriptor that holds the lock of a draft, None when another process (or window) holds it."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if create else 0), 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        try:
            same = os.path.samestat(os.fstat(descriptor), path.stat())
        except FileNotFoundError:
            same = False
        if same:
            return descriptor
        os.close(descriptor)  # removed between opening and locking: that lock is worth nothing


def _remove(folder: Path, draft_id: str) -> None:
    """Remove what was kept, and what a kill left half written of it."""
    (folder / f"{draft_id}.json").unlink(missing_ok=True)
    for part in folder.glob(f".{draft_id}.*.part"):
        part.unlink(missing_ok=True)


def _info(path: Path) -> DraftInfo | None:
    """Return what a draft is of, None for one that cannot be read."""
    try:
        with path.open(encoding="utf-8") as stream:
            head = json.loads(stream.readline(_LARGEST_HEAD))
        if head["version"] != _VERSION:
            return None
        source = head["source"]
        return DraftInfo(
            id=path.stem,
            name=str(head["batch"]["name"]),
            source=None if source is None else Path(source),
            digest=head["digest"],
            format=str(head["format"]),
            tasks=int(head["tasks"]),
            written=float(head["written"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _frame(batch: Batch) -> JsonObject:
    return {
        "name": batch.name,
        "targets": [target.as_json() for target in batch.targets],
        "axes": [[axis.name, list(axis.values)] for axis in batch.axes],
        "defaults": dict(batch.defaults),
        "repeat": batch.repeat,
        "recipe": None if batch.recipe is None else dict(batch.recipe),
    }


def _batch(frame: Mapping[str, Any], tasks: list[dict[str, Any]]) -> Batch:
    targets = []
    for entry in frame["targets"]:
        target = Target.parse(entry["target"])
        parts = (dict(entry["parameters"]), entry["label"], tuple(entry["fallback"]))
        targets.append(Target(target.provider, target.model, *parts))
    return Batch(
        name=str(frame["name"]),
        tasks=tuple(Task(**{**task, "references": tuple(task["references"])}) for task in tasks),
        targets=tuple(targets),
        axes=tuple(Axis(str(name), tuple(values)) for name, values in frame["axes"]),
        defaults=cast("JsonObject", frame["defaults"]),
        repeat=int(frame["repeat"]),
        recipe=frame["recipe"],
    )


def _failed(folder: Path, error: OSError) -> FluxtuiError:
    return _problem(
        f"Unsaved edits cannot be kept in {folder}: {error.strerror or error}.", "Save the batch; check the disk."
    )


def _problem(what: str, advice: str) -> FluxtuiError:
    return FluxtuiError(Problem(ProblemKind.DISK, what, "", advice))
