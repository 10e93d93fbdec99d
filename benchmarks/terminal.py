"""A program in a pseudo-terminal: what it writes is timed as it arrives and kept as a grid of cells.

A thread does nothing but read, take the time and answer the questions that a terminal answers. The frames
are taken apart afterwards, so that this costs what is measured as little as possible.
"""

import codecs
import contextlib
import fcntl
import os
import pty
import queue
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from benchmarks.grid import FRAME_BEGIN, Grid
from fluxtui.tui.preferences import PreferenceFile

SIZE = (120, 40)

_ANSWERS = (
    (b"\x1b[?2026$p", b"\x1b[?2026;2$y"),  # synchronised updates: known
    (b"\x1b[16t", b"\x1b[6;20;10t"),  # a cell is 10 x 20 pixels
    (b"\x1b]11;?", b"\x1b]11;rgb:1010/1010/1010\x1b\\"),  # a dark background
    (b"\x1b[6n", b"\x1b[1;1R"),
    (b"\x1b[c", b"\x1b[?62;22c"),  # no graphics
)
_TICKS = os.sysconf("SC_CLK_TCK")

Seen = Callable[[Grid], bool]


def environment(home: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the variables of a plain terminal: nobody's settings, and a home of its own."""
    kept = {
        name: os.environ[name]
        for name in ("PATH", "LANG", "LC_ALL", "TMPDIR", "TZ", "PYTHONPATH")
        if name in os.environ
    }
    kept.setdefault("LANG", "C.UTF-8")
    return {**kept, "HOME": str(home), "TERM": "xterm-256color", "COLORTERM": "truecolor", **(more or {})}


def settled_home(home: Path) -> Path:
    """Make the home of somebody who has seen the tour; returns it."""
    folder = home / ".config" / "fluxtui"
    folder.mkdir(parents=True)
    PreferenceFile(folder / "cockpit.toml").write(toured=True)
    return home


class Terminal:
    """Starts `command`; `started` is when. Close it (or leave its context) to end the program."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        folder: Path,
        variables: Mapping[str, str],
        size: tuple[int, int] = SIZE,
    ) -> None:
        sys.setswitchinterval(0.0002)  # the reading thread must not wait for the taking apart
        self.grid = Grid(*size)
        self.bytes_read = self.frames = 0
        self.entered: float | None = None  # when the program took the screen
        self._chunks: queue.SimpleQueue[tuple[float, bytes] | None] = queue.SimpleQueue()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._in_frames = False
        self._ended = False
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], size[0] * 10, size[1] * 20))
        self.started = time.perf_counter()
        self._process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, cwd=folder, env=dict(variables), start_new_session=True
        )
        os.close(slave)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                chunk = os.read(self._master, 65536)
            except OSError:  # the program has ended
                chunk = b""
            self._chunks.put((time.perf_counter(), chunk) if chunk else None)
            if not chunk:
                return
            for question, answer in _ANSWERS:
                if question in chunk:
                    os.write(self._master, answer)

    # --- keys and frames -------------------------------------------------------------------------

    def press(self, keys: bytes) -> float:
        """Send a key; returns when."""
        now = time.perf_counter()
        os.write(self._master, keys)
        return now

    def wait(self, seen: Seen, *, within: float) -> float | None:
        """Return when the first frame from now on was complete that shows what `seen` looks for.

        A frame is complete when the end of its synchronised update was read; before the program knows
        that this terminal has those, whatever was read together counts as one. None: not within that time,
        or the program ended.
        """
        end = time.perf_counter() + within
        while (left := end - time.perf_counter()) > 0 and not self._ended:
            at, frames = self._take(left)
            if frames and seen(self.grid):
                return at
        return None

    def idle(self, seconds: float) -> None:
        """Let time pass."""
        self.wait(lambda _: False, within=seconds)

    def _take(self, within: float) -> tuple[float, int]:
        try:
            taken = self._chunks.get(timeout=within)
        except queue.Empty:
            return 0.0, 0
        if taken is None:
            self._ended = True
            return 0.0, 0
        at, chunk = taken
        self.bytes_read += len(chunk)
        text = self._decoder.decode(chunk)
        self._in_frames = self._in_frames or FRAME_BEGIN in text
        if self.entered is None and "\x1b[?1049h" in text:
            self.entered = at
        frames = self.grid.feed(text)
        self.frames += frames
        return at, frames if self._in_frames else 1

    # --- the process -----------------------------------------------------------------------------

    def cpu_seconds(self) -> float:
        """Return what the program has used so far: all threads, user and kernel. Linux only."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def peak_rss_mb(self) -> float:
        """Return the largest resident memory so far. Linux only."""
        status = Path(f"/proc/{self._process.pid}/status").read_text("ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(3)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._reader.join()
        os.close(self._master)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
