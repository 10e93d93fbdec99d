"""What a person chose in the cockpit and finds again at the next start: theme, pictures, keys, columns.

One small TOML file of the person, not of a workspace; see `default_path`. Options and variables win
over it. Two cockpits may write it: each write reads the file again and changes its own entries only.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fluxtui.domain.problems import FluxtuiError, Problem, ProblemKind


@dataclass(frozen=True, slots=True)
class Preferences:
    """The choices. `keymap` gives keys (comma-separated) by id, `columns` the shown ones by table."""

    theme: str | None = None
    images: str | None = None
    keymap: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    toured: bool = False
    workspaces: tuple[str, ...] = ()


def default_path() -> Path:
    """Return the file of this person, e.g. `~/.config/fluxtui/cockpit.toml`."""
    import platformdirs

    return Path(platformdirs.user_config_dir("fluxtui")) / "cockpit.toml"


class PreferenceFile:
    """Reads and writes the choices. A file that cannot be read costs the choices, never the start."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> tuple[Preferences, list[str]]:
        """Return the choices, and one sentence for each entry that cannot be used. Never raises."""
        try:
            table = tomllib.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return Preferences(), []
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            return Preferences(), [f"{self.path}: {error}"]
        return _understood(table, self.path.name)

    def write(self, **changes: object) -> None:
        """Change the named entries and leave the others; None removes one. Raises FluxtuiError."""
        import tomlkit

        try:
            text = self.path.read_text(encoding="utf-8") if self.path.exists() else ""
            document = tomlkit.parse(text)
            for name, value in changes.items():
                if value is None:
                    document.pop(name, None)
                else:
                    document[name] = list(value) if isinstance(value, tuple) else value
            _replace(self.path, tomlkit.dumps(document))
        except (OSError, ValueError) as error:
            raise FluxtuiError(
                Problem(
                    ProblemKind.DISK,
                    f"The choice could not be kept in {self.path}.",
                    str(error),
                    "It holds until you leave. Check the file and the free space.",
                )
            ) from error


def _replace(path: Path, text: str) -> None:
    import os
    import tempfile

    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".cockpit-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise


def _understood(table: dict[str, Any], name: str) -> tuple[Preferences, list[str]]:  # what TOML may hold
    problems: list[str] = []

    def text(key: str) -> str | None:
        value = table.get(key)
        if value is None or isinstance(value, str):
            return value
        problems.append(f"{name}: {key} should be a text")
        return None

    def texts(value: object, key: str) -> tuple[str, ...]:
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        problems.append(f"{name}: {key} should be a list of texts")
        return ()

    def section(key: str) -> dict[str, Any]:
        value = table.get(key, {})
        if isinstance(value, dict):
            return value
        problems.append(f"{name}: [{key}] should be a table")
        return {}

    keymap = {key: value for key, value in section("keymap").items() if isinstance(value, str)}
    problems += [f"{name}: keymap {key} should be a text" for key in section("keymap").keys() - keymap.keys()]
    columns = {key: texts(value, f"columns {key}") for key, value in section("columns").items()}
    workspaces = texts(table["workspaces"], "workspaces") if "workspaces" in table else ()
    chosen = Preferences(text("theme"), text("images"), keymap, columns, table.get("toured") is True, workspaces)
    return chosen, problems
