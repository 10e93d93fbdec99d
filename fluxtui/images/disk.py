"""Writing files so that a kill or a power cut leaves either the whole file or none.

Every function blocks and is meant for a pool thread; the calls that take time (write, sync, link)
release the GIL.
"""

import contextlib
import errno
import itertools
import os
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from fluxtui.domain.problems import FluxtuiError, Problem, ProblemKind

Bytes: TypeAlias = "bytes | bytearray | memoryview"

_START = getattr(os, "POSIX_FADV_DONTNEED", None)  # Linux takes this as a wish to write back soon; macOS has none
_TOKEN = secrets.token_hex(4)  # tells this process from an earlier one that had the same pid (containers)
_numbers = itertools.count()
_TEMPORARY = re.compile(r"\.fluxtui-(\d+)-([0-9a-f]{8})-\d+\.part")
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})

_ADVICE = {
    errno.ENOSPC: ("the disk is full", "Free some space or choose another OUTPUT_ROOT_DIR, then resume the run"),
    errno.EDQUOT: ("your disk quota is used up", "Free some space or choose another OUTPUT_ROOT_DIR, then resume"),
    errno.EACCES: (
        "you may not write there",
        "Give yourself write access to the folder or choose another OUTPUT_ROOT_DIR, then resume the run",
    ),
    errno.EPERM: (
        "you may not write there",
        "Give yourself write access to the folder or choose another OUTPUT_ROOT_DIR, then resume the run",
    ),
    errno.EROFS: (
        "the file system is mounted read-only",
        "Mount it writable or choose another OUTPUT_ROOT_DIR, then resume the run",
    ),
    errno.ENAMETOOLONG: (
        "the path is too long for this file system",
        "Choose a shorter OUTPUT_ROOT_DIR, or shorter names of batch and tasks",
    ),
    errno.EMFILE: ("too many files are open", "Raise the limit (ulimit -n 4096) and start the runner again"),
    errno.ENFILE: ("too many files are open", "Close other programs and start the runner again"),
    errno.ENOTDIR: ("a file stands where a folder is needed", "Move that file away or choose another OUTPUT_ROOT_DIR"),
    errno.EEXIST: ("a file stands where a folder is needed", "Move that file away or choose another OUTPUT_ROOT_DIR"),
    errno.EIO: ("the disk reported an error", "Check the disk; choose another OUTPUT_ROOT_DIR, then resume the run"),
}


class DiskProblem(FluxtuiError):  # noqa: N818 - read as "a disk problem", which it carries
    """A file could not be written or read. `errno` is the operating system's number, None if unknown."""

    def __init__(self, error: OSError, path: Path, doing: str = "write") -> None:
        reason = error.strerror or str(error)
        cause, advice = _ADVICE.get(
            error.errno or 0, (reason, "Check the folder and the disk, or choose another OUTPUT_ROOT_DIR, then resume")
        )
        super().__init__(
            Problem(
                ProblemKind.DISK,
                f"Could not {doing} {str(path)[-300:]}",
                cause[:1].upper() + cause[1:],
                advice,
                detail=f"{errno.errorcode.get(error.errno or 0, 'OSError')}: {reason}",
            )
        )
        self.errno = error.errno


@dataclass(frozen=True, slots=True)
class NewFile:
    """Bytes that are to become `folder/stem.extension`."""

    data: Bytes
    folder: Path
    stem: str
    extension: str

    @property
    def path(self) -> Path:
        return self.folder / f"{self.stem}.{self.extension}"


@dataclass(frozen=True, slots=True)
class Written:
    """Where a file ended up; `reused`: it was there already."""

    path: Path
    reused: bool


def write_new(data: Bytes, folder: Path, stem: str, extension: str) -> Written:
    """Store one file as `write_all` does. Raises DiskProblem."""
    (outcome,) = write_all([NewFile(data, folder, stem, extension)])
    if isinstance(outcome, DiskProblem):
        raise outcome
    return outcome


def write_all(files: Sequence[NewFile]) -> list[Written | DiskProblem]:
    """Store files durably, each under its name; return what became of each, in order.

    A file that already holds the same bytes is kept and reused, so that fetching once more after a
    crash makes no duplicate; one that holds others is never touched: `-2`, `-3` ... is appended.
    Files are synced before they get their names and the folders before this returns. All files are
    written, and on their way to the disk, before the first is synced, and a folder is synced once: what
    a disk commits together costs little more than one file.
    """
    work = [_Write(file) for file in files]
    for step in (_Write.write, _Write.start, _Write.sync, _Write.publish):
        for each in work:
            each.attempt(step)
    for folder in {each.file.folder for each in work if each.written is not None}:
        _sync_for(folder, work)
    for each in work:
        each.close()
        _discard(each.temporary)
    return [each.outcome() for each in work]


@dataclass(slots=True)
class _Write:
    """One file on its way; the first error ends it."""

    file: NewFile
    temporary: Path | None = None
    descriptor: int | None = None
    written: Written | None = None
    error: OSError | None = None

    def attempt(self, step: "Callable[[_Write], None]") -> None:
        if self.error is None:
            try:
                step(self)
            except OSError as error:
                self.error = error

    def write(self) -> None:
        self.temporary = _temporary(self.file.folder)
        self.descriptor = _create(self.temporary)
        _write_whole(self.descriptor, self.file.data)

    def start(self) -> None:
        """Let the system begin to write. Without this each sync would have to place its file first."""
        if _START is not None and self.descriptor is not None:
            with contextlib.suppress(OSError):  # advice that a file system does not take
                os.posix_fadvise(self.descriptor, 0, 0, _START)

    def sync(self) -> None:
        assert self.descriptor is not None
        os.fsync(self.descriptor)
        self.close()

    def publish(self) -> None:
        assert self.temporary is not None
        self.written = _publish(self.temporary, self.file)

    def close(self) -> None:
        descriptor, self.descriptor = self.descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def outcome(self) -> Written | DiskProblem:
        if self.error is not None:
            return DiskProblem(self.error, self.file.path)
        assert self.written is not None
        return self.written


def _sync_for(folder: Path, work: Sequence[_Write]) -> None:
    try:
        sync_folder(folder)
    except OSError as error:
        for each in work:
            if each.file.folder == folder and each.error is None:
                each.error = error


def replace(data: Bytes, path: Path, *, durable: bool = False) -> None:
    """Put `data` at `path` in one step, over whatever was there. Raises DiskProblem.

    Without `durable` it survives a kill but perhaps not a power cut: right for what can be made again.
    """
    temporary: Path | None = _temporary(path.parent)
    try:
        assert temporary is not None
        descriptor = _create(temporary)
        try:
            _write_whole(descriptor, data)
            if durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        temporary.replace(path)
        temporary = None
        if durable:
            sync_folder(path.parent)
    except OSError as error:
        raise DiskProblem(error, path) from error
    finally:
        _discard(temporary)


def sweep(folder: Path) -> int:
    """Remove the temporary files that killed processes left in `folder` and below; return how many.

    Those of this process and of other living ones stay. Never raises: a leftover does no harm.
    """
    removed = 0
    for parent, _folders, names in os.walk(folder):
        for name in names:
            match = _TEMPORARY.fullmatch(name)
            if match is None or match[2] == _TOKEN or _is_another_living_process(int(match[1])):
                continue
            try:
                Path(parent, name).unlink()
                removed += 1
            except OSError:
                continue
    return removed


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` survive a power cut. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems cannot sync a folder; they have nothing better to offer.
        if error.errno not in {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP}:
            raise
    finally:
        os.close(descriptor)


def _temporary(folder: Path) -> Path:
    return folder / f".fluxtui-{os.getpid()}-{_TOKEN}-{next(_numbers)}.part"


def _create(path: Path) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o666)
    except FileNotFoundError:
        _make_folder(path.parent)
        return os.open(path, flags, 0o666)


def _write_whole(descriptor: int, data: Bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _make_folder(folder: Path) -> None:
    """Make `folder` and its parents, and make their names durable."""
    missing = [folder]
    while not missing[-1].parent.exists():
        missing.append(missing[-1].parent)
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        sync_folder(path.parent)


def _publish(temporary: Path, file: NewFile) -> Written:
    for number in itertools.count(1):
        path = file.path if number == 1 else file.folder / f"{file.stem}-{number}.{file.extension}"
        try:
            _name(temporary, path)
        except FileExistsError:
            if _holds(path, file.data):
                return Written(path, reused=True)
        else:
            return Written(path, reused=False)
    raise AssertionError("the numbers do not end")


def _name(temporary: Path, path: Path) -> None:
    """Give the file its name unless that name is taken (FileExistsError)."""
    try:
        # A link, unlike a rename, refuses to replace: no check that another thread could outrun.
        path.hardlink_to(temporary)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # A file system without hard links (exFAT, some shares): claim the name, then move over the claim.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC))
        temporary.replace(path)


def _holds(path: Path, data: Bytes) -> bool:
    if path.is_symlink() or not path.is_file() or path.stat().st_size != len(data):
        return False
    return path.read_bytes() == data


def _discard(temporary: Path | None) -> None:
    if temporary is not None:
        try:
            temporary.unlink(missing_ok=True)
        except OSError:
            pass  # the sweep at the next start takes it


def _is_another_living_process(pid: int) -> bool:
    if pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
