"""The real command line against the served sandbox, which keeps the books that tests believe."""

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from fluxtui import sandbox
from fluxtui.cli import main as cli
from fluxtui.domain.jobs import JobState
from fluxtui.engine.launch import stop_runner
from fluxtui.history import queries
from fluxtui.history.database import database_path, open_reader

AZURE, BFL = "azure-flux/FLUX-1.1-pro", "bfl/flux-pro-1.1"

_OURS = ("AZURE_", "BFL_", "FLUX", "OUTPUT_", "ENABLE_", "ENABLED_", "DEFAULT_PROVIDER", "LOG_LEVEL", "NO_COLOR")


def bare_environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    # Warnings count as failures here too: they would stand on stderr.
    return kept | {"PYTHONWARNINGS": "default", "PYTHONUTF8": "1"}


@dataclass
class ServedSandbox:
    """A sandbox in a process of its own. `environment` is what it printed."""

    process: "subprocess.Popen[str]"
    environment: dict[str, str]

    def ledger(self) -> dict[str, Any]:
        return self._page("ledger?full=1")

    def records(self, word: str) -> list[dict[str, Any]]:
        """Return the submissions whose prompt holds `word`: tests share the sandbox, not their prompts."""
        records: list[dict[str, Any]] = self.ledger()["records"]
        return [record for record in records if word in record["prompt"]]

    def _page(self, page: str) -> dict[str, Any]:
        url = f"{self.environment['BFL_FLUX_API_URL']}/sandbox/{page}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            found: dict[str, Any] = json.loads(answer.read())
        return found


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedSandbox]:
    folder = tmp_path_factory.mktemp("sandbox")
    faults = folder / "faults.toml"
    faults.write_text("latency = 0\nanswer_latency = 0\npicture_bytes = 2048\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "fluxtui", "sandbox", "--port", "0", "--faults", str(faults)],
        cwd=folder,
        env=bare_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    lines = [process.stdout.readline().rstrip("\n") for _ in sandbox.environment()]
    environment = dict(line.split("=", 1) for line in lines)
    assert "BFL_FLUX_API_URL" in environment, lines
    yield ServedSandbox(process, environment)
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert all(line.startswith("# ") for line in rest.splitlines()), rest


@dataclass
class Ended:
    """What one command line left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def summary(self) -> dict[str, Any]:
        last = self.lines[-1]
        assert last["event"] == "summary"
        return last


@dataclass
class Here:
    """A folder where somebody works: its workspace is `output`, its keys are in `environment`."""

    folder: Path
    environment: dict[str, str] = field(default_factory=bare_environment)
    begun: "list[subprocess.Popen[str]]" = field(default_factory=list)

    @property
    def workspace(self) -> Path:
        return self.folder / "output"

    def begin(self, *arguments: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-m", "fluxtui", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.begun.append(process)
        return process

    def close(self) -> None:
        """End what a test has left behind, so that one failure stays one."""
        for process in self.begun:
            with process:
                process.kill()
        stop_runner(self.workspace, patience=20)

    def end(self, process: "subprocess.Popen[str]") -> Ended:
        out, err = process.communicate(timeout=60)
        ended = Ended(process.returncode, out, err)
        assert "Traceback" not in err, err
        assert "Warning" not in err, err
        return ended

    def run(self, *arguments: str, code: int = 0) -> Ended:
        """Run a command to its end and expect its exit code."""
        ended = self.end(self.begin(*arguments))
        assert ended.code == code, f"{arguments} ended with {ended.code}\n{ended.out}\n{ended.err}"
        return ended

    def ask(self, *arguments: str, code: int = 0) -> Ended:
        """As `run`, in this process: quicker, and as good where no signal, lock or import is in question."""
        out, err = io.StringIO(), io.StringIO()
        with (
            contextlib.chdir(self.folder),
            mock.patch.dict(os.environ, self.environment, clear=True),
            mock.patch.multiple(sys, excepthook=sys.excepthook, unraisablehook=sys.unraisablehook),
            mock.patch.object(threading, "excepthook", threading.excepthook),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            ended = Ended(int(cli.run(arguments)), out.getvalue(), err.getvalue())
        assert ended.code == code, f"{arguments} ended with {ended.code}\n{ended.out}\n{ended.err}"
        return ended

    def counts(self, run_id: int = 1) -> Mapping[JobState, int]:
        """Return a run's jobs by state, as the database has them now."""
        reader = open_reader(database_path(self.workspace))
        try:
            run = queries.run(reader, run_id)
        finally:
            reader.close()
        assert run is not None
        return run.counts

    def batch(self, *prompts: str, name: str = "batch.json", **payload: object) -> str:
        tasks = [{"name": f"task-{i}", "payload": {"prompt": p, "seed": i, **payload}} for i, p in enumerate(prompts)]
        (self.folder / name).write_text(json.dumps(tasks))
        return name


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Here]:
    """A folder without any key."""
    here = Here(tmp_path)
    yield here
    here.close()


@pytest.fixture
def wired(here: Here, served: ServedSandbox) -> Here:
    """A folder whose settings point at the served sandbox."""
    here.environment |= served.environment
    return here


Command = Callable[..., Ended]


@pytest.fixture
def command(here: Here, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """Run a command in this process: quick, for those that start and host nothing."""
    monkeypatch.chdir(here.folder)

    def call(*arguments: str, code: int = 0) -> Ended:
        ended = int(cli.run(arguments))
        out, err = capfd.readouterr()
        assert ended == code, f"{arguments} ended with {ended}\n{out}\n{err}"
        assert "Traceback" not in err
        return Ended(ended, out, err)

    return call
