"""Settings: option > environment > `.env` > `fluxtui.toml` > default, with errors that name the place.

Importing this costs nothing; pydantic and pydantic-settings are imported by the first `load`.
"""

from collections.abc import Mapping
from pathlib import Path

from fluxtui.settings.errors import SettingsError
from fluxtui.settings.loaded import Images, Layout, Loaded, Settings

__all__ = ["Images", "Layout", "Loaded", "Settings", "SettingsError", "load"]


def load(overrides: Mapping[str, str] | None = None, directory: Path | None = None) -> Loaded:
    """Read the core settings; sections of services are read from the same places on demand.

    `overrides` are options of the command line by the name of the variable they stand for.
    `directory` is where `.env` and `fluxtui.toml` are looked for (the current directory if None).
    Raises SettingsError.
    """
    from fluxtui.settings import layers

    folder = directory or Path()
    found = (
        layers.from_mapping(overrides or {}, layers.OPTION),
        layers.from_environment(),
        layers.from_dotenv(folder / ".env"),
        layers.from_toml(folder / "fluxtui.toml"),
    )
    return Loaded(found, folder, layers.catalog_of(folder / "fluxtui.toml"))
