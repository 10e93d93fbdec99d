"""Opening the screens: the one place of the command line that knows them."""

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
    from fluxtui.tui.app import run_cockpit

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
