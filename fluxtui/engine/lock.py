"""One runner per workspace: a lock that the kernel releases when its process dies."""

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType

from fluxtui.domain.problems import FluxtuiError, Problem, ProblemKind

LOCK_NAME = "runner.lock"

_TRIES, _PAUSE = 10, 0.01


class RunnerLock:
    """The lock file `runner.lock` in a workspace; while held, it holds the runner's pid."""

    def __init__(self, workspace: Path) -> None:
        self.path = workspace / LOCK_NAME
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Take the lock if nobody holds it; returns whether it is ours now.

        Raises FluxtuiError when the workspace cannot be written.
        """
        if self._descriptor is not None:
            return True
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise FluxtuiError(
                Problem(
                    ProblemKind.DISK,
                    f"The workspace {self.path.parent} cannot be written.",
                    error.strerror or "",
                    "Check its permissions, or choose another one with --workspace.",
                )
            ) from error
        if not _locked(descriptor):
            os.close(descriptor)
            return False
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Give the lock back; the file stays, empty, since removing it would race with another taker."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> "RunnerLock":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _locked(descriptor: int) -> bool:
    # Whoever asks for the holder takes a shared lock for an instant: try for a little while.
    for _ in range(_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_PAUSE)
        else:
            return True
    return False


def holder(workspace: Path) -> int | None:
    """Return the pid of the runner that holds the workspace's lock, None when nobody does.

    A pid may be 0 for the instant between taking the lock and writing the pid.
    """
    path = workspace / LOCK_NAME
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            text = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
            return int(text) if text.isdigit() else 0
        return None
    finally:
        os.close(descriptor)
