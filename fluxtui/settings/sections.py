"""Filling a pydantic model from the layers, by pydantic-settings. Import late: it costs 200 ms."""

import json
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar, Union, cast, get_args, get_origin

from pydantic import AliasChoices, BaseModel, SecretBytes, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from fluxtui.settings.errors import SettingsError
from fluxtui.settings.layers import Entry, Layer

Model = TypeVar("Model", bound=BaseModel)

_SHOWN = 20  # characters of a wrong value that are repeated: keys pasted into a wrong variable are longer


@dataclass(frozen=True, slots=True)
class Field:
    """A setting: all its names (the first is the main one) and whether its value is a secret."""

    names: tuple[str, ...]
    key: str
    info: FieldInfo
    secret: bool


def fields(model: type[BaseModel]) -> Iterator[Field]:
    """Yield the settings a model asks for."""
    for name, info in model.model_fields.items():
        alias = info.validation_alias
        choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
        names = tuple(choice for choice in choices if isinstance(choice, str)) or (name,)
        yield Field(names, names[0], info, _mentions(info.annotation, (SecretStr, SecretBytes)))


def build(model: type[Model], layers: tuple[Layer, ...], masked: Callable[[str], str]) -> Model:
    """Return `model` filled from `layers`, the first layer winning. Raises SettingsError."""
    try:
        return cast(Model, _settings_class(model, layers)())
    except ValidationError as error:
        # The input is left out here already, so that no key hangs on an exception.
        wrong = [cast(dict[str, Any], item) for item in error.errors(include_input=False, include_url=False)]
    raise _explained(model, layers, wrong, masked)


class _LayerSource(PydanticBaseSettingsSource):
    """One layer as a source of pydantic-settings."""

    def __init__(self, settings_class: type[BaseSettings], layer: Layer) -> None:
        super().__init__(settings_class)
        self._layer = layer

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        # Part of the interface; `__call__` needs more than it can say.
        return self().get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for field in fields(self.settings_cls):
            entry = self._layer.find(field.names)
            if entry is not None:
                values[field.key] = _listed(entry.value, field.info.annotation)
        return values


def _settings_class(model: type[BaseModel], layers: tuple[Layer, ...]) -> type[BaseSettings]:
    def sources(
        _cls: type[BaseSettings], /, settings_cls: type[BaseSettings], **_defaults: PydanticBaseSettingsSource
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return tuple(_LayerSource(settings_cls, layer) for layer in layers)

    namespace = {
        "__module__": model.__module__,
        "__qualname__": model.__qualname__,
        "model_config": SettingsConfigDict(extra="ignore", hide_input_in_errors=True),
        "settings_customise_sources": classmethod(sources),
    }
    made = types.new_class(model.__name__, (model, BaseSettings), exec_body=lambda body: body.update(namespace))
    return cast(type[BaseSettings], made)


def _listed(value: object, annotation: object) -> object:
    """Return text for a list as a list: JSON in brackets, else split at commas."""
    if not isinstance(value, str) or not _is_list(annotation):
        return value
    if value.startswith("["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return [part.strip() for part in value.split(",") if part.strip()]


def _is_list(annotation: object) -> bool:
    if get_origin(annotation) in {Union, types.UnionType}:
        return any(_is_list(part) for part in get_args(annotation))
    return get_origin(annotation) in {list, tuple, set, frozenset} or annotation in {list, tuple, set, frozenset}


def _mentions(annotation: object, wanted: tuple[type, ...]) -> bool:
    if isinstance(annotation, type) and issubclass(annotation, wanted):
        return True
    return any(_mentions(part, wanted) for part in get_args(annotation))


def _explained(
    model: type[BaseModel], layers: tuple[Layer, ...], wrong: list[dict[str, Any]], masked: Callable[[str], str]
) -> SettingsError:
    known = {field.key: field for field in fields(model)}
    sentences: list[str] = []
    spelled: list[str] = []
    for item in wrong:
        field = known.get(str(item["loc"][0])) if item["loc"] else None
        if field is None:
            sentences.append(f"{str(item['msg']).removeprefix('Value error, ')}.")
            continue
        entry = next((e for layer in layers if (e := layer.find(field.names)) is not None), None)
        spelled.append(entry.spelled if entry else field.names[0])
        sentences.append(_sentence(field, entry, item))
    first, *others = dict.fromkeys(masked(sentence) for sentence in sentences)
    advice = "See .env.example for every setting."
    return SettingsError(first, " ".join(others), advice, variables=tuple(dict.fromkeys(spelled)))


def _sentence(field: Field, entry: Entry | None, item: dict[str, Any]) -> str:
    allowed = _allowed(field, item)
    if entry is None:
        return f"{field.names[0]} is not set; {allowed}."
    main = "" if entry.spelled.lower() == field.names[0].lower() else f" (another name of {field.names[0]})"
    shown = ""
    if not field.secret and len(str(entry.value)) <= _SHOWN:
        shown = f", now {entry.value!r},"
    return f"{entry.spelled}{main} {entry.place}{shown} is not usable: {allowed}."


def _allowed(field: Field, item: dict[str, Any]) -> str:
    """Return what the field takes. For a secret, nothing that a validator may have built from its value."""
    kind, context = str(item["type"]), item.get("ctx") or {}
    if kind == "missing":
        return "it is needed"
    if field.secret:
        return "it must be a text (its value is not shown)"
    if kind.startswith("bool"):
        return "allowed are true and false"
    if kind in {"literal_error", "enum"}:
        return f"allowed are {str(context.get('expected', '')).replace(chr(39), '')}"
    message = str(item["msg"]).removeprefix("Value error, ")
    return message.replace("Input should be", "it should be", 1).rstrip(".")
