"""Opening the screens: the one place of the command line that knows them."""

from pathlib import Path

from fluxtui.domain.batch import Target


def open_cockpit(
    workspace: Path,
    *,
    batch: Path | None,
    sandbox: bool,
    start: bool,
    images: str,
    theme: str | None,
    targets: tuple[Target, ...],
) -> int:
    """Open the cockpit and return its exit code once it is left."""
    from fluxtui.tui.app import run_cockpit

    return run_cockpit(
        workspace, batch=batch, sandbox=sandbox, start=start, images=images, theme=theme, targets=targets
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
