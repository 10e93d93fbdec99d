"""On a terminal: one question before money is spent, a live display, no question where nothing is at stake."""

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

from tests.cli.conftest import BFL, Here, ServedSandbox

CTRL_C = b"\x03"

# A session of its own takes the terminal as the one whose Ctrl-C it hears. (pty.fork would fork our threads.)
_TAKE_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "fluxtui", *sys.argv[1:]])
"""


def on_terminal(here: Here, *arguments: str, answer: bytes = b"") -> tuple[int, str]:
    """Run a command on a terminal of its own, answering its question; return the exit code and all it showed."""
    terminal, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", _TAKE_TERMINAL, *arguments],
        cwd=here.folder,
        env=here.environment | {"TERM": "xterm-256color", "COLUMNS": "120", "LINES": "30"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown, answered, end = b"", b"", time.monotonic() + 60
    try:
        while time.monotonic() < end:
            if not select.select([terminal], [], [], 1)[0]:
                if answered == CTRL_C:  # it may fall between the question and Python's waiting for an answer
                    os.write(terminal, CTRL_C)
                continue
            piece = _read(terminal)
            if not piece:
                break
            shown += piece
            if answer and not answered and b"[y/N]" in shown:
                answered = answer
                os.write(terminal, answer)
        return process.wait(10), shown.decode(errors="replace")
    finally:
        process.kill()
        process.wait()
        os.close(terminal)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # how Linux says that the other side has closed
        return b""


def test_it_asks_once_and_shows_how_it_goes(wired: Here, served: ServedSandbox) -> None:
    batch = wired.batch("on a terminal [sandbox:slow=1]")
    code, shown = on_terminal(wired, "run", batch, "-t", BFL, "--max-cost", "1", answer=b"y\n")
    assert code == 0, shown
    assert shown.count("Start for $0.04, at most $1.00?") == 1
    assert "0/1" in shown
    assert "░" in shown
    assert "Run 1 batch: finished, 1 done, $0.04 spent" in shown
    assert len(served.records("on a terminal")) == 1


def test_no_is_an_answer(wired: Here, served: ServedSandbox) -> None:
    batch = wired.batch("never sent")
    for answer in (b"n\n", CTRL_C):
        code, shown = on_terminal(wired, "run", batch, "-t", BFL, answer=answer)
        assert code == 130, shown
        assert "Traceback" not in shown
    assert not served.records("never sent")
    assert not Path(wired.workspace, "history.sqlite3").exists()


def test_resending_what_may_be_paid_asks(wired: Here, served: ServedSandbox) -> None:
    batch = wired.batch("asked again [sandbox:reset]")
    wired.run("run", batch, "-t", BFL, code=4)
    code, shown = on_terminal(wired, "resume", "1", "--in-doubt", "resend", answer=b"n\n")
    assert (code, "Up to $0.04 may then be paid twice" in shown) == (130, True), shown
    assert len(served.records("asked again")) == 1


def test_nothing_is_asked_where_nothing_is_at_stake(here: Here) -> None:
    code, shown = on_terminal(here, "run", here.batch("a heron [sandbox:slow=0]"), "-t", "bfl", "--sandbox")
    assert code == 0, shown
    assert "[y/N]" not in shown
