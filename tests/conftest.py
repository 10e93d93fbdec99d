"""Walls around every test: none of the developer's settings, and no network beyond loopback."""

import gc
import ipaddress
import os
import re
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests import pace

if not os.environ.get("CI"):  # where it is set, Hypothesis chooses a repeatable profile by itself
    settings.register_profile("here", deadline=None)  # a busy machine is no defect
    settings.load_profile("here")

_SNAPSHOT_PYTHON = (3, 11)

_SETTINGS = re.findall(r"^([A-Z0-9_]+)=", (Path(__file__).parents[1] / ".env.example").read_text("utf-8"), re.MULTILINE)
_SERVICES = ("AZURE_", "BFL_", "FLUX", "OPENAI_", "GEMINI_", "GOOGLE_", "FAL_", "REPLICATE_", "A1111_")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
_TERMINAL = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "COLUMNS", "LINES", "TEXTUAL", "TTY_", "SSH_")
_FOREIGN = (*_SETTINGS, *_SERVICES, *_PROXIES, *_TERMINAL)
_SNAPSHOT_FOLDER = "TEXTUAL_SNAPSHOT_TEMPDIR"  # pytest-textual-snapshot hands its folder over this way

_CONNECT, _CONNECT_EX, _LOOK_UP = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo


class NetworkRefusedError(RuntimeError):
    """A test reached for an address beyond this machine."""


gc.set_threshold(20_000, 50, 50)  # an app's thousands of objects are looked through a tenth as often


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("update_snapshots", default=False) and sys.version_info[:2] != _SNAPSHOT_PYTHON:
        wanted, got = (".".join(map(str, version)) for version in (_SNAPSHOT_PYTHON, sys.version_info[:2]))
        raise pytest.UsageError(f"snapshots are made with Python {wanted} only, not {got}")


@pytest.fixture(scope="session", autouse=True)
def _quick() -> Iterator[None]:
    """Have Textual wait no longer than it must."""
    with pytest.MonkeyPatch.context() as patch:
        pace.quicken(patch)
        yield


@pytest.fixture(scope="session")
def _empty_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("empty")


@pytest.fixture(autouse=True)
def _walls(monkeypatch: pytest.MonkeyPatch, _empty_folder: Path) -> Iterator[None]:
    """Hide keys, `.env` and home of whoever runs the tests, also from processes that a test starts."""
    for name in os.environ:
        if name.upper().startswith(_FOREIGN) and name != _SNAPSHOT_FOLDER:
            monkeypatch.delenv(name)
    for name, folder in (("HOME", ""), ("XDG_CONFIG_HOME", ".config"), ("XDG_DATA_HOME", ".local/share")):
        monkeypatch.setenv(name, str(_empty_folder / "home" / folder))
    monkeypatch.setenv("COLORTERM", "truecolor")  # or the screens would be drawn for whatever terminal this is
    here = _empty_folder / "work"
    here.mkdir()
    monkeypatch.chdir(here)
    refused: list[str] = []
    guard(monkeypatch, refused)
    yield
    assert not refused, f"a test reached beyond this machine: {', '.join(refused)}"
    left = sorted(path.name for path in here.iterdir())
    shutil.rmtree(here)
    assert not left, f"a test left something in the current folder: {', '.join(left)}"


def guard(monkeypatch: pytest.MonkeyPatch, refused: list[str]) -> None:
    """Let sockets reach this machine only; `refused` gets what was asked for besides.

    Code under test may take the error for a broken network, so the test fails at its end all the same.
    """

    def check(host: object) -> None:
        if not _is_here(host):
            refused.append(str(host))
            raise NetworkRefusedError(f"{host} is not this machine")

    def connect(self: socket.socket, address: object) -> None:
        check(_host(self, address))
        _CONNECT(self, address)  # type: ignore[arg-type]  # whatever was given goes on unchanged

    def connect_ex(self: socket.socket, address: object) -> int:
        check(_host(self, address))
        return _CONNECT_EX(self, address)  # type: ignore[arg-type]  # likewise

    def look_up(host: object, *arguments: object, **options: object) -> object:
        if str(host).rstrip(".").endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")  # what every resolver says
        check(host)
        return _LOOK_UP(host, *arguments, **options)  # type: ignore[arg-type]  # likewise

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket.socket, "connect_ex", connect_ex)
    monkeypatch.setattr(socket, "getaddrinfo", look_up)


def _host(connection: socket.socket, address: object) -> object:
    """Return the host of an address, None for a socket in the file system."""
    internet = connection.family in (socket.AF_INET, socket.AF_INET6)
    return address[0] if internet and isinstance(address, tuple) else None


def _is_here(host: object) -> bool:
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if text in (None, "", "localhost", "0.0.0.0", "::"):
        return True
    try:
        return ipaddress.ip_address(str(text)).is_loopback
    except ValueError:
        return False
