"""What was asked and what it cost, as a JSON file beside the picture."""

import json
from pathlib import Path

from fluxtui.domain.values import JsonObject
from fluxtui.images.disk import replace


def sidecar_path(picture: Path) -> Path:
    """Return where the facts of `picture` stand: the same name, ending in `.json`."""
    return picture.with_suffix(".json")


def write_sidecar(picture: Path, facts: JsonObject) -> Path:
    """Write `facts` beside `picture` in one step, sorted, indented, UTF-8; return the path.

    It can be written again from the history, so it is not synced to disk. Raises DiskProblem, and
    ValueError for a number that JSON does not have.
    """
    # A lone surrogate (possible in JSON escapes) has no UTF-8; it is written as the escape it was.
    text = json.dumps(facts, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    path = sidecar_path(picture)
    replace((text + "\n").encode("utf-8", "backslashreplace"), path)
    return path
