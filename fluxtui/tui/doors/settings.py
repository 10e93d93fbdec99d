"""Settings: what holds and where it was set, and the workspaces that one can go to."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fluxtui.history.workspaces import WorkspaceFacts
from fluxtui.tui.doors.workshop import Workshop

OTHER = "Other"
"""The group of variables that the page about variables does not tell of: those of plugins."""


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable as it holds. `place` is where it was set (`.env, line 3`), empty for a default.

    The value of a `secret` is never here, only whether it `is_set`.
    """

    name: str
    value: str
    is_set: bool
    secret: bool
    origin: str
    place: str
    group: str = OTHER
    help: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """Every variable, by group, and what is wrong with any, as sentences."""

    variables: tuple[Variable, ...]
    problems: tuple[str, ...] = ()

    def find(self, name: str) -> Variable | None:
        return next((variable for variable in self.variables if variable.name == name), None)


class SettingsDoor(Protocol):
    def report(self) -> Report:
        """Read all places. Raises FluxtuiError when the settings as a whole cannot be read."""
        ...

    def forget(self) -> None:
        """Have everybody read the settings anew who asks for something next."""
        ...

    def workspace(self, folder: Path) -> WorkspaceFacts: ...


class SettingsReader:
    """The real door. `options` are those of the command line by the variable they stand for."""

    def __init__(self, workshop: Workshop, options: Mapping[str, str]) -> None:
        self._workshop = workshop
        self._options = dict(options)

    def report(self) -> Report:
        from fluxtui import settings
        from fluxtui.engine.settings_report import settings_report
        from fluxtui.resources import settings_guide

        loaded = settings.load(self._options)
        facts, problems = settings_report(loaded)
        guide = settings_guide()
        told = {} if guide is None else dict(explained(guide.read_text(encoding="utf-8")))
        order = {name: position for position, name in enumerate(told)}
        variables = []
        for fact in facts:
            group, words = told.get(fact.variable, (OTHER, ""))
            is_set = fact.value != "not set" if fact.secret else bool(fact.place)
            value = "" if fact.secret else fact.value
            place = _shortened(fact.place)
            variables.append(Variable(fact.variable, value, is_set, fact.secret, fact.origin, place, group, words))
        variables.sort(key=lambda variable: order.get(variable.name, len(order)))
        return Report(tuple(variables), (*problems, *loaded.notes))

    def forget(self) -> None:
        self._workshop.forget()

    def workspace(self, folder: Path) -> WorkspaceFacts:
        from fluxtui.history.workspaces import look_at

        return look_at(folder)


def _shortened(place: str) -> str:
    """Return a place without `in` and without this folder's path."""
    return place.removeprefix("in ").replace(f"{Path.cwd()}/", "")


_GROUP = re.compile(r"# --- (.+?) -+$")
_SETTING = re.compile(r"([A-Z][A-Z0-9_]*)=")


def explained(guide: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield (variable, (group, explanation)) in the order of the page about variables."""
    group, used = OTHER, False
    words: list[str] = []
    for line in guide.splitlines():
        heading, setting = _GROUP.match(line), _SETTING.match(line)
        if heading is not None:
            group, words = re.sub(r" \(.*", "", heading[1]), []
        elif setting is not None:
            yield setting[1], (group, " ".join(words))
            used = True
        elif line.startswith("#"):
            if used:
                words, used = [], False
            words.append(line.lstrip("# "))
        else:
            words, used = [], False
