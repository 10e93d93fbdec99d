"""Opening the screens: the one place of the command line that knows them."""

import gc
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from fluxtui.domain.batch import Target


def open_cockpit(
    workspace: Path,
    *,
    batch: Path | None,
    sandbox: bool,
    start: bool,
    images: str | None,
    theme: str | None,
    targets: tuple[Target, ...],
    options: Mapping[str, str],
) -> int:
    """Open the cockpit and return its exit code once it is left.

    `images` and `theme` are None where neither an option nor a variable says. `options` are those of the
    command line by the variable they stand for.
    """
    _make_haste()
    from fluxtui.tui.opening import run_cockpit

    return run_cockpit(
        workspace,
        batch=batch,
        sandbox=sandbox,
        start=start,
        images=images,
        theme=theme,
        targets=targets,
        options=options,
    )


def _make_haste() -> None:
    """Keep out of the way of the first paint and of the frames after it; before Textual is imported."""
    gc.disable()  # what imports make stays; the cockpit goes on with it once it is painted
    sys.setswitchinterval(0.001)  # a key waits no longer for the thread that reads the history (5 ms else)
    if not (os.environ.get("SSH_CONNECTION") or os.environ.get("SSH_TTY")):
        # A key pressed just after a frame waits for the next one: 4 ms instead of 17, where bytes cost nothing.
        os.environ.setdefault("TEXTUAL_FPS", "240")


def picture_modes() -> list[tuple[str, str]]:
    """Return what this terminal can show pictures with, and what would be chosen, as lines of two parts.

    Asks the terminal, which answers within a fraction of a second; for a terminal only.
    """
    from fluxtui.tui.previews.probe import ask, probe, understand

    chosen = probe()
    told = understand(ask())
    width, height = told.cell
    return [
        ("pictures", f"{chosen.mode.value}: {chosen.reason}"),
        ("graphics", f"{told.mode.value}: {told.reason}"),
        ("cell", f"{width}x{height} pixels"),
    ]
