"""Closing the terminal under a cockpit: the screen goes, the run goes on."""

import contextlib
import os
import pty
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from fluxtui.domain.jobs import JobState, RunState
from fluxtui.engine.launch import stop_runner
from fluxtui.engine.lock import holder
from fluxtui.history import queries
from fluxtui.history.database import database_path, open_reader
from fluxtui.history.records import RunRow
from tests.conditions import wait_until

DEAF = ["sh", "-c", "trap '' HUP; exec \"$@\"", "sh"]
"""Starts a command as nohup does: with SIGHUP ignored."""


@contextlib.contextmanager
def cockpit(
    workspace: Path, batch: Path, gone: threading.Event, started_by: Sequence[str] = ()
) -> Iterator["subprocess.Popen[bytes]"]:
    """Open the real cockpit on a terminal of its own, whose output is read and thrown away until it is `gone`."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [
            *started_by,
            sys.executable,
            "-m",
            "fluxtui",
            "--sandbox",
            "--start",
            "--workspace",
            str(workspace),
            str(batch),
        ],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
        env={**os.environ, "TERM": "xterm-256color", "FLUXTUI_IMAGES": "off"},
    )
    os.close(follower)

    def drain() -> None:
        with contextlib.suppress(OSError):
            while not gone.is_set():
                if select.select([leader], [], [], 0.05)[0] and not os.read(leader, 65536):
                    break
        os.close(leader)

    reader = threading.Thread(target=drain, daemon=True)
    reader.start()
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)
        gone.set()
        reader.join(10)


def run_of(workspace: Path) -> RunRow | None:
    if not database_path(workspace).exists():
        return None
    connection = open_reader(database_path(workspace))
    try:
        return queries.latest_run(connection)
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("how", "started_by"),
    [(signal.SIGHUP, ()), (signal.SIGHUP, DEAF), (signal.SIGKILL, ()), (None, ())],
    ids=["hung up", "hung up, started by what ignores that", "killed", "terminal gone"],
)
def test_the_run_goes_on_without_its_screen(
    tmp_path: Path, how: signal.Signals | None, started_by: Sequence[str]
) -> None:
    """Without a signal it is the terminal itself that goes: the screen must not live on without one."""
    gone = threading.Event()
    workspace, batch = tmp_path / "output", tmp_path / "batch.txt"
    batch.write_text("\n".join(f"a lighthouse, view {n} [sandbox:slow=1.5]" for n in range(6)))
    try:
        with cockpit(workspace, batch, gone, started_by) as screen:
            wait_until(lambda: holder(workspace) and run_of(workspace) is not None, within=60)
            assert holder(workspace) != screen.pid
            if how is None:
                gone.set()
            else:
                screen.send_signal(how)
            screen.wait(20)
        wait_until(lambda: (run := run_of(workspace)) is not None and run.state is RunState.FINISHED, within=90)
        run = run_of(workspace)
        assert run is not None
        assert run.counts == {JobState.DONE: 12}
    finally:
        stop_runner(workspace)
