"""The sandbox's memory on disk: one JSON line an event, appended before the answer goes out.

Lines are written without fsync: they survive the death of the process, which is what is simulated; they need not
survive the death of the machine.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

from fluxtui.domain.values import JsonObject


class StateFile:
    """An append-only file of events. Opened for writing on the first event, so that reading alone leaves no trace."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def events(self) -> Iterator[JsonObject]:
        """Yield the events in order. A last line that was cut by the death of its writer is skipped."""
        try:
            text = self.path.read_bytes()
        except FileNotFoundError:
            return
        for line in text.split(b"\n"):
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict):
                yield event

    def append(self, event: JsonObject) -> None:
        """Write one event. Raises OSError when the disk does not take it."""
        line = json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
        if self._descriptor is None:
            self._descriptor = self._open()
        # One write call a line: with O_APPEND lines of several writers do not mix.
        os.write(self._descriptor, line)

    def _open(self) -> int:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        with self.path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            if file.tell():
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    os.write(descriptor, b"\n")  # ends the torn line, so that the next event is not lost with it
        return descriptor

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
