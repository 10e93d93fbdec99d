"""What settings of providers have in common: keys and addresses as they are pasted."""

from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, SecretStr

from fluxtui.providers import addresses

Model = TypeVar("Model", bound=BaseModel)


class ProviderSettings(BaseModel):
    """The base of every service's settings. What is wrong is told without the value, which may be a key."""

    model_config = ConfigDict(populate_by_name=True, extra="ignore", hide_input_in_errors=True)


def own(settings: BaseModel, model: type[Model], provider: str) -> Model:
    """Return `settings` as the provider's own. Raises TypeError when they are another's."""
    if not isinstance(settings, model):
        raise TypeError(f"these are not the settings of {provider}")
    return settings


def _pasted_key(value: object) -> object:
    """Take the white space of pasting off; an empty variable is one that is not set."""
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, str):
        return value.strip() or None
    return value


def _pasted(value: object) -> object:
    if isinstance(value, str):
        return value.strip().strip("\"'") or None
    return value


def _usable(value: str | None) -> str | None:
    if value is not None:
        addresses.pasted(value)
    return value


Key = Annotated[SecretStr | None, BeforeValidator(_pasted_key)]
Text = Annotated[str | None, BeforeValidator(_pasted)]
Address = Annotated[str | None, BeforeValidator(_pasted), AfterValidator(_usable)]
"""The address of a service; what is none is told with the reason."""


def key_text(key: SecretStr | None) -> str:
    """Return the key itself, empty when there is none; only for the header that carries it."""
    return key.get_secret_value() if key is not None else ""
