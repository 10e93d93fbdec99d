"""The places settings come from, each read once into a plain table that remembers file and line."""

import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

from fluxtui.settings.errors import SettingsError

OPTION, ENVIRONMENT, DOTENV, TOML = "option", "environment", ".env", "fluxtui.toml"


CATALOG = "catalog"
"""The table of fluxtui.toml that holds models and prices of one's own, not settings."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One value as the user wrote it. Its repr hides the value: it may be a key."""

    spelled: str
    value: object = field(repr=False)
    layer: str
    file: Path | None = None
    line: int | None = None

    @property
    def place(self) -> str:
        """Return where it stands, e.g. `in /home/me/.env, line 3`."""
        if self.file is None:
            return "given as an option" if self.layer == OPTION else "in the environment"
        return f"in {self.file.absolute()}" + (f", line {self.line}" if self.line else "")


@dataclass(frozen=True, slots=True)
class Layer:
    """One place; `entries` by lower-case name, since case does not matter."""

    name: str
    entries: Mapping[str, Entry]

    def find(self, names: Iterable[str]) -> Entry | None:
        """Return the first of `names` that is set here. An empty text counts as not set."""
        return next((entry for name in names if (entry := self.entries.get(name.lower())) is not None), None)


def from_mapping(values: Mapping[str, str], name: str) -> Layer:
    # Sorted so that, of two spellings that differ in case only, the capital one wins.
    items = sorted(values.items(), reverse=True)
    return _layer(name, (Entry(key, value, name) for key, value in items))


def from_environment() -> Layer:
    return from_mapping(os.environ, ENVIRONMENT)


def from_dotenv(path: Path) -> Layer:
    """Read a `.env` file. Raises SettingsError with the line of what cannot be read."""
    text = _text_of(path)
    if text is None:
        return Layer(DOTENV, {})
    from dotenv import dotenv_values
    from dotenv.parser import parse_stream

    lines: dict[str, int] = {}
    for binding in parse_stream(StringIO(text)):
        written = binding.original.string
        line = binding.original.line + written[: len(written) - len(written.lstrip())].count("\n")
        if binding.error:
            raise SettingsError(
                f"{path.absolute()}, line {line}, cannot be read.",
                "The line is no NAME=value pair, or a quote is not closed.",
                "Write NAME=value, with quotes around a value that holds # or spaces; begin comments with #.",
            )
        if binding.key is not None:
            lines[binding.key] = line
    values = dotenv_values(stream=StringIO(text))
    return _layer(DOTENV, (Entry(key, value, DOTENV, path, lines.get(key)) for key, value in values.items()))


def from_toml(path: Path) -> Layer:
    """Read `fluxtui.toml`; a table `[bfl_flux]` with `api_key` means BFL_FLUX_API_KEY.

    Raises SettingsError with the line of what cannot be read.
    """
    text = _text_of(path)
    if text is None:
        return Layer(TOML, {})
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
    else:
        found = _flattened({key: value for key, value in values.items() if key != CATALOG})
        return _layer(TOML, (Entry(key, value, TOML, path, _line_of(text, keys)) for key, value, keys in found))
    place = re.search(r"\(at line (\d+)", message)
    where = f", line {place[1]}," if place else ""
    raise SettingsError(
        f"{path.absolute()}{where} is not valid TOML.",
        re.sub(r"\s*\(at .*", "", message) + ".",
        'Write NAME = "value", with quotes around texts; true and false and numbers stand without.',
    )


def catalog_of(path: Path) -> Mapping[str, object]:
    """Return the table `[catalog]` of a fluxtui.toml that `from_toml` has read, empty without one."""
    table = tomllib.loads(_text_of(path) or "").get(CATALOG, {})
    return table if isinstance(table, dict) else {}


def _layer(name: str, entries: Iterable[Entry]) -> Layer:
    kept: dict[str, Entry] = {}
    for entry in entries:
        value = entry.value.strip() if isinstance(entry.value, str) else entry.value
        if value is None or value == "":
            continue
        kept[entry.spelled.lower().replace("-", "_")] = Entry(entry.spelled, value, entry.layer, entry.file, entry.line)
    return Layer(name, kept)


def _flattened(
    values: Mapping[str, object], above: tuple[str, ...] = ()
) -> Iterator[tuple[str, object, tuple[str, ...]]]:
    for key, value in values.items():
        keys = (*above, key)
        if isinstance(value, dict):
            yield from _flattened(value, keys)
        else:
            yield "_".join(keys), value, keys


def _line_of(text: str, keys: tuple[str, ...]) -> int | None:
    """Return the line that sets `keys`, as far as simple TOML goes."""
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[\s*([^\[\]]+?)\s*\]", line)
        if header:
            table = _names(header[1])
        elif (pair := re.match(r"\s*([\w.\"' -]+?)\s*=", line)) and (*table, *_names(pair[1])) == keys:
            return number
    return None


def _names(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))


def _text_of(path: Path) -> str | None:
    """Return the file's text, None without a file. Raises SettingsError with the line that is not UTF-8."""
    try:
        if path.is_dir():
            return None  # a virtual environment is sometimes called .env
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SettingsError(
            f"{path.absolute()} cannot be read.", f"{error.strerror}.", "Give yourself read access to it, or remove it."
        ) from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
    # Outside the handler, so that the bytes of the file, keys among them, hang on no exception.
    raise SettingsError(
        f"{path.absolute()}, line {line}, is not UTF-8 text.",
        "An editor saved it in another encoding, or it is no text file.",
        "Save the file as UTF-8.",
    )
