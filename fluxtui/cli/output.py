"""Writing lines that may find nobody: a reader that went away or a terminal that was closed stops no run."""

import sys
from typing import TextIO

from fluxtui.domain.text import plain


class Output:
    """stdout for data and stderr for narration; each falls silent when its reader is gone."""

    def __init__(self) -> None:
        self._silent: set[str] = set()

    def data(self, text: str) -> None:
        """Write one line to stdout, at once."""
        self._write("stdout", sys.stdout, text)

    def say(self, text: str) -> None:
        """Write one line to stderr."""
        self._write("stderr", sys.stderr, text)

    def _write(self, name: str, stream: TextIO | None, text: str) -> None:
        if stream is None or name in self._silent:
            return
        try:
            stream.write(f"{text}\n")
            stream.flush()
        except OSError:
            self._silent.add(name)
            if name == "stdout":
                from fluxtui.cli.failures import pipe_closed

                pipe_closed()


def shown(text: str, limit: int = 200) -> str:
    """Return text from outside as it may be printed: one line without escapes."""
    return plain(text, limit=limit, newlines=False)
