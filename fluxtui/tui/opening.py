"""Opening the cockpit in this terminal, on one workspace after the other."""

import os
from collections.abc import Mapping
from pathlib import Path

from fluxtui.domain.batch import Target
from fluxtui.tui.app import Cockpit
from fluxtui.tui.doors.door import RealEngine
from fluxtui.tui.hangup import watch_terminal
from fluxtui.tui.preferences import PreferenceFile, default_path
from fluxtui.tui.previews.probe import Mode, probe


def run_cockpit(
    workspace: Path,
    *,
    batch: Path | None = None,
    sandbox: bool = False,
    start: bool = False,
    images: str | None = None,
    theme: str | None = None,
    targets: tuple[Target, ...] = (),
    options: Mapping[str, str] | None = None,
) -> int:
    """Open the cockpit on a workspace, then on those that are chosen in it, and return the exit code.

    `start` begins the batch: at once in the sandbox, which costs nothing, else after the one
    question. `images` (one of `previews.probe.CHOICES`; ValueError for any other) and `theme` are what
    an option or a variable says; without them holds what was chosen last. `targets` take the place of
    those that a batch names. `options` are the options of the command line by the variable they stand for.
    """
    web = bool(os.environ.get("TEXTUAL_DRIVER"))
    if not web:
        watch_terminal()  # first: it may go while it is asked what it can do
    preferences = PreferenceFile(default_path())
    remembered = preferences.read()[0].images if images is None else None
    terminal = probe(images or remembered or "auto", remembered=remembered is not None, web=web)
    if terminal.mode is Mode.SIXEL:
        from fluxtui.tui.previews import sixel

        sixel.prepare()
    while True:
        engine = RealEngine(workspace, sandbox=sandbox, targets=targets, options=options or {})
        app = Cockpit(
            workspace, engine, batch=batch, start=start, tour=True, terminal=terminal, theme=theme,
            preferences=preferences,
        )  # fmt: skip
        code = app.run()
        if app.next_workspace is None:
            return code if isinstance(code, int) else app.return_code or 0
        workspace, batch, start, terminal = app.next_workspace, None, False, app.pictures.terminal
