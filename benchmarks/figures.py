"""Numbers into tables."""

import math
import os
import platform
import sys
from collections.abc import Sequence


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that `share` (0..1) of them do not exceed; NaN of none."""
    if not values:
        return math.nan
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, math.ceil(share * len(ordered)) - 1))]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def milliseconds(seconds: float) -> str:
    if math.isnan(seconds):
        return "-"
    return f"{seconds * 1000:.1f}" if seconds < 0.1 else f"{seconds * 1000:,.0f}"


def spread(values: Sequence[float]) -> str:
    """Return p50, p99 and the largest in milliseconds."""
    if not values:
        return "-"
    return " / ".join(milliseconds(v) for v in (percentile(values, 0.5), percentile(values, 0.99), max(values)))


def ratio(ours: float, theirs: float) -> str:
    return "-" if not ours or math.isnan(ours + theirs) else f"**{theirs / ours:.1f}**"


def verdict(holds: bool) -> str:
    return "holds" if holds else "MISSED"


def note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def machine() -> str:
    return f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"


def hurry(niceness: int) -> None:
    """Give this process, and those it starts, another priority where that is allowed."""
    try:
        os.nice(niceness)
    except OSError:
        note(f"A niceness of {niceness} is not allowed here; measuring without.")
