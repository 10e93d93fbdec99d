"""What a person chose in the cockpit and finds again at the next start: theme, pictures, keys, columns.

One small TOML file of the person, not of a workspace; see `default_path`. Options and variables win
over it. Several cockpits may write it: each write takes a lock, reads the file again and changes its
own entries only, so that none loses the other's choices.
"""

import fcntl
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from fluxtui.domain.problems import FluxtuiError, Problem, ProblemKind
from fluxtui.domain.text import plain
from fluxtui.tui.previews.probe import CHOICES

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

Kind = TypeVar("Kind")
Value: TypeAlias = str | bool | tuple[str, ...]
Change: TypeAlias = Value | Mapping[str, str | tuple[str, ...] | None] | None
"""A new value; None removes an entry; a mapping changes the named entries of a table and leaves the others."""

KEPT_WORKSPACES = 12
_LARGEST_FILE = 256 * 1024  # bytes


@dataclass(frozen=True, slots=True)
class Preferences:
    """The choices. `keymap` gives keys (comma-separated) by id, `columns` the shown ones by table.

    `workspaces` are absolute folders, the one opened last first.
    """

    theme: str | None = None
    images: str | None = None
    keymap: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    toured: bool = False
    workspaces: tuple[str, ...] = ()

    def changed(self, changes: Mapping[str, Change]) -> "Preferences":
        """Return the choices after `changes`, by the names of the fields."""
        values: dict[str, object] = {}
        for name, change in changes.items():
            if isinstance(change, Mapping):
                table = {**getattr(self, name), **change}
                values[name] = {key: value for key, value in table.items() if value is not None}
            else:
                values[name] = getattr(_NOTHING_CHOSEN, name) if change is None else change
        return replace(self, **values)  # type: ignore[arg-type]  # by the fields' names


_NOTHING_CHOSEN = Preferences()


def default_path() -> Path:
    """Return the file of this person, e.g. `~/.config/fluxtui/cockpit.toml`."""
    import platformdirs

    return Path(platformdirs.user_config_dir("fluxtui")) / "cockpit.toml"


def spelled(path: Path) -> str:
    """Return a path as people write it, with ~ for the home folder."""
    try:
        return str(Path("~") / path.relative_to(Path.home()))
    except (ValueError, RuntimeError):  # somewhere else, or nobody's home
        return str(path)


class PreferenceFile:
    """Reads and writes the choices. A file that cannot be read costs the choices, never the start."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> tuple[Preferences, list[str]]:
        """Return the choices, and one sentence for each entry that cannot be used. Never raises."""
        try:
            text = self._text()
            table = tomllib.loads(text)
        except (OSError, ValueError, RecursionError) as error:
            return Preferences(), [f"{self.path} cannot be read, and the defaults hold: {_reason(error)}"]
        return _Reader(table, self.path.name).preferences()

    def write(self, **changes: Change) -> None:
        """Change the named entries and leave the others as they are. Blocks; raises FluxtuiError."""
        self._change(lambda _: changes)

    def note_workspace(self, folder: Path) -> None:
        """Put a workspace first among those opened last. Blocks; raises FluxtuiError."""
        name = str(folder.absolute())

        def first(now: Preferences) -> Mapping[str, Change]:
            others = (known for known in now.workspaces if known != name)
            return {"workspaces": (name, *others)[:KEPT_WORKSPACES]}

        self._change(first)

    def forget_workspace(self, folder: Path) -> None:
        """Leave a workspace out of those opened last; nothing in it is touched. Blocks; raises FluxtuiError."""
        self._change(lambda now: {"workspaces": tuple(known for known in now.workspaces if known != str(folder))})

    def _change(self, work_out: Callable[[Preferences], Mapping[str, Change]]) -> None:
        import tomlkit

        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with _locked(self.path.with_name(".cockpit.lock")):
                text = self._text()
                document = tomlkit.parse(text)
                changes = work_out(_Reader(tomllib.loads(text), self.path.name).preferences()[0])
                for name, change in changes.items():
                    _put(document, name, change)
                changed = tomlkit.dumps(document)
                if changed != text:
                    _replace(self.path, changed)
        except (OSError, ValueError, RecursionError) as error:
            raise FluxtuiError(
                Problem(
                    ProblemKind.DISK,
                    f"The choice could not be kept in {self.path}.",
                    _reason(error),
                    "It holds until you leave. Check the file, its permissions and the free space.",
                )
            ) from error

    def _text(self) -> str:
        """Return the file's text, empty without one. Raises OSError or ValueError."""
        try:
            with self.path.open("rb") as file:
                data = file.read(_LARGEST_FILE + 1)
        except FileNotFoundError:
            return ""
        if len(data) > _LARGEST_FILE:
            raise ValueError(f"it is larger than {_LARGEST_FILE // 1024} KiB")
        return data.decode("utf-8-sig")


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8 text."
    if isinstance(error, RecursionError):
        return "it is nested too deeply."
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return plain(said, limit=200, newlines=False).rstrip(".") + "."


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock of the file's writers; the kernel frees it when a process dies."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _put(document: "TOMLDocument", name: str, change: Change) -> None:
    if change is None:
        document.pop(name, None)
        return
    if not isinstance(change, Mapping):
        document[name] = list(change) if isinstance(change, tuple) else change
        return
    table = document.setdefault(name, {})
    if not isinstance(table, dict):
        raise ValueError(f"[{name}] should be a table")
    for key, value in change.items():
        if value is None:
            table.pop(key, None)
        else:
            table[key] = list(value) if isinstance(value, tuple) else value
    if not table:
        document.pop(name)


def _replace(path: Path, text: str) -> None:
    import tempfile

    target = path.resolve()  # a link into somebody's collection of settings stays one
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".cockpit-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(target)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class _Reader:
    """What a parsed file means, entry by entry."""

    def __init__(self, table: Mapping[str, object], name: str) -> None:
        self._table, self._name = table, name
        self.problems: list[str] = []

    def preferences(self) -> tuple[Preferences, list[str]]:
        images = self._text("images")
        if images is not None and images not in CHOICES:
            self._wrong("images", f"one of {', '.join(CHOICES)}")
            images = None
        toured = self._table.get("toured", False)
        if not isinstance(toured, bool):
            self._wrong("toured", "true or false")
        chosen = Preferences(
            theme=self._text("theme"),
            images=images,
            keymap=self._section("keymap", str, "a text such as 'ctrl+k,f5'"),
            columns={key: texts for key, value in self._section("columns", list, "a list of texts").items()
                     if (texts := self._texts(f"columns {key}", value)) is not None},
            toured=toured is True,
            workspaces=self._texts("workspaces", self._table.get("workspaces", [])) or (),
        )  # fmt: skip
        return chosen, self.problems

    def _wrong(self, key: str, right: str) -> None:
        self.problems.append(f"{self._name}: {plain(key, limit=60, newlines=False)} should be {right}.")

    def _text(self, key: str) -> str | None:
        value = self._table.get(key)
        if value is None or isinstance(value, str):
            return value
        self._wrong(key, "a text")
        return None

    def _texts(self, key: str, value: object) -> tuple[str, ...] | None:
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        self._wrong(key, "a list of texts")
        return None

    def _section(self, key: str, kind: type[Kind], right: str) -> dict[str, Kind]:
        table = self._table.get(key, {})
        if not isinstance(table, dict):
            self._wrong(f"[{key}]", "a table")
            return {}
        for name, value in table.items():
            if not isinstance(value, kind):
                self._wrong(f"{key} {name}", right)
        return {name: value for name, value in table.items() if isinstance(value, kind)}
