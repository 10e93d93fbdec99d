"""What one command line works with: its workspace and the settings, read when they are needed."""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from fluxtui.domain.problems import FluxtuiError, Problem, ProblemKind

if TYPE_CHECKING:
    import sqlite3

    from fluxtui.settings import Loaded


class Session:
    """`workspace` is the option's, else OUTPUT_ROOT_DIR; settings that nobody needs are not read."""

    def __init__(self, workspace: Path | None = None) -> None:
        self._workspace = workspace
        self._loaded: Loaded | None = None

    @property
    def loaded(self) -> "Loaded":
        """The settings. Raises SettingsError (a FluxtuiError)."""
        if self._loaded is None:
            from fluxtui import logs, settings

            self._loaded = settings.load()
            logs.reveal_nothing_of(self._loaded.secrets())
        return self._loaded

    @property
    def named_workspace(self) -> Path | None:
        """The absolute folder that --workspace names, None without the option."""
        return None if self._workspace is None else self._workspace.expanduser().absolute()

    @property
    def workspace(self) -> Path:
        """The absolute folder. Raises SettingsError when it has to be read from wrong settings."""
        chosen = self._workspace if self._workspace is not None else self.loaded.core.output_root_dir
        return chosen.expanduser().absolute()

    def has_history(self) -> bool:
        from fluxtui.history.database import database_path

        return database_path(self.workspace).exists()

    def reader(self) -> "sqlite3.Connection":
        """Open the history for reading. Raises FluxtuiError when there is none yet, or it cannot be read."""
        from fluxtui.history.database import database_path, open_reader

        if not self.has_history():
            raise FluxtuiError(
                Problem(
                    ProblemKind.NOT_FOUND,
                    f"There is no history in {self.workspace}.",
                    "Nothing was run in this workspace yet.",
                    "Start with `fluxtui run BATCH`, or name another folder with --workspace.",
                )
            )
        return open_reader(database_path(self.workspace))

    def start_log(self, name: str) -> None:
        """Log to the workspace from now on; keys that the settings hold never get there."""
        from fluxtui import logs

        level, workspace = "INFO", self._workspace
        with contextlib.suppress(FluxtuiError):  # a log with a default level is better than none
            level, workspace = self.loaded.core.log_level, self.workspace
        if workspace is not None:
            logs.start(workspace, name=name, level=level, secrets=self._loaded.secrets() if self._loaded else ())


def no_such_run(run_id: int, workspace: Path) -> FluxtuiError:
    return FluxtuiError(
        Problem(
            ProblemKind.NOT_FOUND,
            f"There is no run {run_id} in {workspace}.",
            "",
            "`fluxtui runs` lists what is there; --workspace names another folder.",
        )
    )
