"""Settings: option > environment > `.env` > `fluxtui.toml` > default, with errors that name the place.

Importing this costs nothing; pydantic and pydantic-settings are imported by the first `load`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from fluxtui.settings.errors import SettingsError
from fluxtui.settings.loaded import Images, Layout, Loaded, Settings

if TYPE_CHECKING:
    from fluxtui.settings import layers

__all__ = ["Images", "Layout", "Loaded", "Settings", "SettingsError", "glance", "load"]


def load(overrides: Mapping[str, str] | None = None, directory: Path | None = None) -> Loaded:
    """Read the core settings; sections of services are read from the same places on demand.

    `overrides` are options of the command line by the name of the variable they stand for.
    `directory` is where `.env` and `fluxtui.toml` are looked for (the current directory if None).
    Raises SettingsError.
    """
    from fluxtui.settings import layers

    folder = directory or Path()
    return Loaded(_places(overrides or {}, folder), folder, layers.catalog_of(folder / "fluxtui.toml"))


def glance(*variables: str, directory: Path | None = None) -> dict[str, str]:
    """Return those of `variables` that are set, as they are written: no check, and no pydantic.

    For the first paint, which cannot wait for the libraries that check. Raises SettingsError when a
    file cannot be read.
    """
    found = {}
    for variable in variables:
        entries = (layer.find((variable,)) for layer in _places({}, directory or Path()))
        entry = next((entry for entry in entries if entry is not None), None)
        if entry is not None:
            found[variable] = str(entry.value)
    return found


def _places(overrides: Mapping[str, str], folder: Path) -> "tuple[layers.Layer, ...]":
    from fluxtui.settings import layers

    return (
        layers.from_mapping(overrides, layers.OPTION),
        layers.from_environment(),
        layers.from_dotenv(folder / ".env"),
        layers.from_toml(folder / "fluxtui.toml"),
    )
