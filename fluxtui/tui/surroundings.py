"""What can go wrong around a history that is open: its folder is gone, full, or cannot be written."""

import os
from pathlib import Path

from fluxtui.domain.problems import Problem, ProblemKind

LOW_BYTES = 48 * 1024 * 1024
"""Free space below which pictures and records are likely to fail: a large picture and a journal that grows."""


def identity(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from another of the same name; None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def vanished(path: Path) -> Problem:
    """Return the problem of a history that was there and is not any more."""
    return Problem(
        ProblemKind.DISK,
        f"The history {path} is gone.",
        "The workspace was deleted, moved or unmounted while it was open here.",
        "Put it back, and this screen goes on by itself; or leave with ctrl+q and open another workspace.",
    )


def trouble(workspace: Path) -> Problem | None:
    """Return why the workspace cannot be used in full, None when it can. Never raises."""
    try:
        space = os.statvfs(workspace)
    except OSError:
        return None  # a workspace that is not there yet, or whose history says more
    free = space.f_bavail * space.f_frsize
    if free < LOW_BYTES:
        return Problem(
            ProblemKind.DISK,
            f"The disk that holds {workspace} is nearly full: {free / 1_048_576:,.0f} MB are free.",
            "Pictures and records may fail to be saved; while they do, the runner waits and sends nothing.",
            "Free some space. Nothing that was recorded is lost, and work goes on by itself.",
        )
    if space.f_flag & os.ST_RDONLY or not os.access(workspace, os.W_OK):
        return Problem(
            ProblemKind.DISK,
            f"The workspace {workspace} cannot be written.",
            "It is on a read-only disk, or belongs to another user.",
            "Looking works; starting and steering do not. Check its permissions, or choose another workspace.",
        )
    return None
