"""The walls of `conftest.py` hold."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests import conftest


def test_nobody_reaches_beyond_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    refused: list[str] = []
    conftest.guard(monkeypatch, refused)
    with socket.socket() as connection, pytest.raises(conftest.NetworkRefusedError):
        connection.connect(("192.0.2.1", 443))
    with pytest.raises(conftest.NetworkRefusedError):
        socket.getaddrinfo("api.bfl.ai", 443)
    assert refused == ["192.0.2.1", "api.bfl.ai"]


def test_loopback_and_sockets_in_the_file_system_are_free(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
        assert socket.getaddrinfo("localhost", server.getsockname()[1])
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(str(tmp_path / "socket"))
        server.listen()
        client.connect(str(tmp_path / "socket"))


def test_a_host_that_cannot_exist_is_not_found() -> None:
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("nobody.invalid", 443)


def test_no_settings_of_the_developer_are_seen() -> None:
    assert not [name for name in os.environ if name.startswith(("AZURE_", "BFL_", "FLUX"))]
    assert not Path(".env").exists()
    said = subprocess.run([sys.executable, "-c", "print(__import__('os').getcwd())"], capture_output=True, check=True)
    assert Path(said.stdout.decode().strip()) == Path.cwd()
