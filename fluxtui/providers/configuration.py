"""What settings of providers have in common: keys and addresses as they are pasted."""

from typing import Annotated

from pydantic import BeforeValidator, SecretStr


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


Key = Annotated[SecretStr | None, BeforeValidator(_pasted_key)]
Text = Annotated[str | None, BeforeValidator(_pasted)]


def key_text(key: SecretStr | None) -> str:
    """Return the key itself, empty when there is none; only for the header that carries it."""
    return key.get_secret_value() if key is not None else ""
