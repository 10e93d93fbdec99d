"""Where pictures land in the workspace. Names come from outside and are made safe here, once more."""

from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Literal, TypeAlias

from fluxtui.domain.text import file_stem

Layout: TypeAlias = Literal["by_target", "by_task"]
"""`by_target`: {run folder}/{provider}/{stem}; `by_task`: {run folder}/{task}/{provider…}."""

LAYOUTS: tuple[Layout, ...] = ("by_target", "by_task")

_LIMIT = 200
"""Characters of a stem that arrives here: it is readable and unique already, only its safety is checked."""


def run_folder(batch_name: str, created_at: float) -> str:
    """Return the folder name of a run, `{batch}_{YYYYmmdd-HHMMSS}` in local time.

    `created_at` is in seconds since the epoch.
    """
    return f"{file_stem(batch_name)}_{datetime.fromtimestamp(created_at):%Y%m%d-%H%M%S}"


def image_stem(
    layout: str, folder: str, *, provider: str, task: str, stem: str, ordinal: int = 0, count: int = 1
) -> Path:
    """Return the path of a picture inside the workspace, without extension. Never leaves the workspace.

    `stem` is the cell's, unique among the cells of one provider in a run. `ordinal` counts the
    pictures of one job from 0; with `count` above 1 they get `-1`, `-2` ... appended. Raises
    ValueError for an unknown layout.
    """
    safe_folder, safe_provider = _recurring(folder), _recurring(provider)
    safe_stem = file_stem(stem, limit=_LIMIT)
    suffix = f"-{ordinal + 1}" if count > 1 else ""
    if layout == "by_target":
        return Path(safe_folder, safe_provider, safe_stem + suffix)
    if layout == "by_task":
        safe_task = file_stem(task)
        rest = safe_stem[len(safe_task) :] if safe_stem.startswith(safe_task) else f"_{safe_stem}"
        return Path(safe_folder, safe_task, file_stem(safe_provider + rest, limit=_LIMIT) + suffix)
    raise ValueError(f"a layout is one of {', '.join(LAYOUTS)}, not {layout!r}")


@lru_cache(maxsize=64)
def _recurring(name: str) -> str:
    """Return the safe form of a name that all pictures of a run share."""
    return file_stem(name, limit=_LIMIT)
