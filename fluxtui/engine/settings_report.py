"""Every setting there is here, its value with keys masked, and where it comes from: for a person who wonders."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fluxtui.domain.problems import FluxtuiError
from fluxtui.providers import registry

if TYPE_CHECKING:
    from pydantic import BaseModel

    from fluxtui.settings import Loaded


@dataclass(frozen=True, slots=True)
class SettingFact:
    """One variable. `value` shows a key only as `set`; `place` is a file and line, or empty for a default.

    `secret` is a key or password, whether it is set or not.
    """

    variable: str
    value: str
    origin: str
    place: str
    secret: bool = False


def settings_report(loaded: "Loaded") -> tuple[list[SettingFact], list[str]]:
    """Return the settings of the core and of every provider and judge, and what is wrong with any of them."""
    from fluxtui.settings.core import CoreModel

    facts, problems = _facts(loaded, CoreModel), []
    for entry in registry.entries():
        loaded.know(*entry.variables)
        try:
            facts += _facts(loaded, registry.load(entry.id).SETTINGS)
        except FluxtuiError as error:
            problems.append(error.problem.sentence())
    for judge in registry.judges():
        try:
            facts += _facts(loaded, registry.load_judge(judge.id).SETTINGS)
        except FluxtuiError as error:
            problems.append(error.problem.sentence())
    return list({fact.variable: fact for fact in facts}.values()), list(dict.fromkeys(problems))


def service_facts(loaded: "Loaded", service: str) -> list[SettingFact]:
    """Return the settings of one service; none where they cannot be read."""
    try:
        return _facts(loaded, registry.load(service).SETTINGS)
    except FluxtuiError:
        return []


def _facts(loaded: "Loaded", model: "type[BaseModel]") -> list[SettingFact]:
    from fluxtui.settings import sections

    filled = loaded.section(model)
    facts = []
    for name, field in zip(model.model_fields, sections.fields(model), strict=True):
        variable, value = field.names[0], getattr(filled, name)
        if value is None or value == "":
            text = "not set"
        elif field.secret:
            text = "set (not shown)"
        else:
            text = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
        origin, place = loaded.origin(variable) or "default", loaded.place(variable) or ""
        facts.append(SettingFact(variable, text, origin, place, field.secret))
    return facts
