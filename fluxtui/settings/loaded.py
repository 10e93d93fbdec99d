"""The settings as they were found, and sections of services read from the same places."""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

from fluxtui.settings.layers import TOML, Entry, Layer

if TYPE_CHECKING:
    from pydantic import BaseModel, SecretStr

    Model = TypeVar("Model", bound=BaseModel)

Layout: TypeAlias = Literal["by_target", "by_task"]
Images: TypeAlias = Literal["auto", "kitty", "sixel", "cells", "off"]

_LIKE_A_KEY = re.compile(r"(?i)(api_?key|token|secret|password)$")
_SHORTEST_GUESS = 8  # characters: anything shorter under a name like a key's may be a plain word
_SHORTEST_KEY = 4  # characters: masking every "a" of a text would help nobody


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings that are not one service's. Variables and meanings: `.env.example`.

    `enabled_providers` is None when every configured one counts. `default_provider` is a provider's
    id or a whole target. `blocked_words` are empty when moderation of one's own is off.
    `theme` is None for the cockpit's own choice.
    """

    output_root_dir: Path
    output_include_metadata: bool
    output_layout: Layout
    log_level: str
    enabled_providers: tuple[str, ...] | None
    default_provider: str | None
    enable_bfl_flux: bool
    blocked_words: tuple[str, ...]
    max_images_per_request: int | None
    theme: str | None
    images: Images


class Loaded:
    """Settings with their origins. Made by `load`."""

    def __init__(self, layers: tuple[Layer, ...], directory: Path, catalog: Mapping[str, object] | None = None) -> None:
        from fluxtui.settings.core import CoreModel

        self.catalog = catalog or {}
        self._layers = layers
        self._sections: dict[type[BaseModel], BaseModel] = {}
        self._names: dict[str, tuple[str, ...]] = {}  # lower-case name -> all names of that setting
        self._secrets: dict[str, None] = {}
        for layer in layers:
            named = (entry for entry in layer.entries.values() if _LIKE_A_KEY.search(entry.spelled))
            self._keep_secrets(named, _SHORTEST_GUESS)
        self.core: Settings = self.section(CoreModel).settings(directory)

    def __repr__(self) -> str:
        return f"<settings from {', '.join(layer.name for layer in self._layers if layer.entries) or 'defaults'}>"

    def section(self, model: "type[Model]") -> "Model":
        """Return `model` filled from the places settings come from.

        A field's `validation_alias` (with `AliasChoices`: the first that is set) names its variable;
        case does not matter; an empty text counts as not set; text for a list is split at commas.
        Raises SettingsError that names every wrong variable, where it stands and what is allowed.
        """
        from fluxtui.settings import sections

        known = self._sections.get(model)
        if not isinstance(known, model):
            for field in sections.fields(model):
                self.know(*field.names)
                if field.secret:
                    self._keep_secrets(e for layer in self._layers if (e := layer.find(field.names)) is not None)
            known = self._sections[model] = sections.build(model, self._layers, self._masked)
        return known

    def know(self, *names: str) -> None:
        """Accept `names` (one setting under several names) in fluxtui.toml without a note."""
        for name in names:
            self._names[name.lower()] = names

    def origin(self, variable: str) -> str | None:
        """Return `option`, `environment`, `.env`, `fluxtui.toml` or `default`; None for an unknown variable."""
        names = self._names.get(variable.lower(), (variable,))
        for layer in self._layers:
            if layer.find(names) is not None:
                return layer.name
        return "default" if variable.lower() in self._names else None

    def place(self, variable: str) -> str | None:
        """Return where a variable is set, e.g. `in /home/me/.env, line 3`; None when it is not."""
        names = self._names.get(variable.lower(), (variable,))
        return next((entry.place for layer in self._layers if (entry := layer.find(names)) is not None), None)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know: keys of fluxtui.toml that mean nothing, with the nearest that would.

        Complete once the sections of all services were read (or their names given to `know`).
        """
        notes = []
        for layer in self._layers:
            if layer.name != TOML:
                continue
            for name, entry in layer.entries.items():
                if name not in self._names:
                    notes.append(self._unknown(name, entry))
        return tuple(notes)

    def secrets(self) -> "tuple[SecretStr, ...]":
        """Return every key that was found, used or not, for the log's redaction."""
        from pydantic import SecretStr

        return tuple(SecretStr(value) for value in self._secrets)

    def _unknown(self, name: str, entry: Entry) -> str:
        close = difflib.get_close_matches(name, self._names, 1, 0.7)
        hint = f"did you mean {close[0].upper()}?" if close else "remove it or see .env.example for what there is."
        return f"{entry.spelled} {entry.place} is no setting and is ignored: {hint}"

    def _keep_secrets(self, entries: Iterable[Entry], shortest: int = _SHORTEST_KEY) -> None:
        for entry in entries:
            if isinstance(entry.value, str) and len(entry.value) >= shortest:
                self._secrets[entry.value] = None

    def _masked(self, text: str) -> str:
        for value in self._secrets:
            text = text.replace(value, "***")
        return text
