"""Logs without keys: a rotating file in the workspace, and crash reports that teach.

Redaction is the last step before text is written, so it covers messages, arguments, exception texts
and tracebacks alike, from our code and from libraries.
"""

import asyncio
import json
import logging
import re
import sys
import threading
import traceback
from collections.abc import Iterable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol
from urllib.parse import quote

from fluxtui.domain.problems import FluxtuiError
from fluxtui.domain.text import plain

FOLDER = "logs"
"""Where logs live inside a workspace."""

_MASK = "***"
_LARGEST_FILE = 5_000_000  # bytes; with its predecessors a workspace's log stays below 20 MB
_PREDECESSORS = 3
_SHORTEST = 4  # characters of a secret worth masking

_HEADERS = re.compile(
    r"""(?ix)
    (x-key|api[-_]?key|subscription-key|authorization|x-webhook-secret)
    (\\?["']?\s*[:=]\s*(?:b(?=["']))?\\?["']? | ["']\s*,\s*b?["'])  # a header line, a dict, JSON, an argument; a pair
    ((?:bearer|basic|key|token)\s+)?
    (?!\*\*\*)[^\s"',;)}\]\\]+
    """
)
_QUERY = re.compile(r"(?i)([?&](?:sig|signature|token|key|code|api[-_]?key)=)[^&\s\"']+")

_log = logging.getLogger("fluxtui.crash")


class Secret(Protocol):
    """What pydantic's SecretStr offers."""

    def get_secret_value(self) -> str: ...


class Redactor:
    """Masks known keys, in plain, URL-encoded and JSON spelling, and whatever stands where keys stand."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._known: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self.add(secrets)

    def add(self, secrets: Iterable[Secret]) -> None:
        """Mask these too, from now on."""
        for secret in secrets:
            value = secret.get_secret_value()
            if len(value) >= _SHORTEST:
                self._known |= {value, quote(value, safe=""), json.dumps(value)[1:-1], repr(value)[1:-1]}
        if self._known:
            longest_first = sorted(self._known, key=len, reverse=True)
            self._pattern = re.compile("|".join(re.escape(value) for value in longest_first))

    def __call__(self, text: str) -> str:
        if self._pattern is not None:
            text = self._pattern.sub(_MASK, text)
        text = _HEADERS.sub(lambda found: f"{found[1]}{found[2]}{found[3] or ''}{_MASK}", text)
        return _QUERY.sub(lambda found: found[1] + _MASK, text)


redactor = Redactor()
"""The process's own; `start` and `reveal_nothing_of` teach it the keys."""


def reveal_nothing_of(secrets: Iterable[Secret]) -> None:
    """Mask `secrets` in every log line and crash report of this process from now on."""
    redactor.add(secrets)


def start(workspace: Path, *, name: str, level: str = "INFO", secrets: Iterable[Secret] = ()) -> Path | None:
    """Log to `logs/{name}.log` in the workspace; return the file's path.

    `name` is `runner` for the runner (one a workspace) and `commands` for the rest, since two
    processes must not rotate one file. Called again, it replaces the former file. A folder that
    cannot be written costs the log, not the work: one line on stderr, and None.
    """
    redactor.add(secrets)
    path = workspace / FOLDER / f"{name}.log"
    stop()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = _File(path, maxBytes=_LARGEST_FILE, backupCount=_PREDECESSORS, encoding="utf-8", errors="replace")
    except OSError as error:
        _say(f"No log is written: {path} cannot be opened ({error.strerror}).")
        return None
    handler.setFormatter(_Formatter("%(asctime)s %(levelname)-7s %(process)d %(name)s: %(message)s"))
    handler.setLevel(level)
    # Libraries stay at the root's WARNING: some log addresses and bodies below it.
    logging.getLogger("fluxtui").setLevel(level)
    logging.getLogger().addHandler(handler)
    logging.captureWarnings(True)
    return path


def stop() -> None:
    """Close the file that `start` opened, if any."""
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _File)]:
        root.removeHandler(handler)
        handler.close()
        logging.captureWarnings(False)


def catch_crashes() -> None:
    """Report uncaught errors of this process, its threads and finalizers to the log, and one line to stderr."""
    sys.excepthook = _on_crash
    threading.excepthook = _on_thread_crash
    sys.unraisablehook = _on_unraisable


def catch_task_crashes(loop: asyncio.AbstractEventLoop) -> None:
    """Report errors that no task awaited to the log."""
    loop.set_exception_handler(_on_task_crash)


def report(error: BaseException, doing: str = "") -> str:
    """Write a crash report to the log and return the one line for the person.

    Tracebacks show code, never the values of variables.
    """
    trace = "".join(traceback.TracebackException.from_exception(error, capture_locals=False).format())
    _log.error("%s\n%s", doing or "stopped by an error nobody expected", trace)
    files = [handler.baseFilename for handler in logging.getLogger().handlers if isinstance(handler, _File)]
    if isinstance(error, FluxtuiError):
        return _one_line(error.problem.sentence(), 1000)
    said = _one_line(f"{type(error).__name__}: {error}".rstrip(": "), 300)
    where = f" The report is in {files[0]}." if files else ""
    return f"fluxtui stopped by an error of its own ({said}).{where} No picture is lost: `fluxtui resume` goes on."


class _Formatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        # `super` caches the formatted exception on the record, for other handlers to write: not this one.
        cached, record.exc_text = record.exc_text, None
        try:
            text = super().format(record)
        except (TypeError, ValueError):  # arguments that do not fit the message: say what there is
            text = f"{record.levelname} {record.name}: {record.msg} {record.args!r}"
        finally:
            record.exc_text = cached
        # Controls go first: they could hide a key from the redactor by splitting it. A line break
        # from outside must not look like the beginning of another entry.
        return redactor(plain(text)).replace("\n", "\n    ")

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the name is logging's
        kind, error, trace = ei
        if error is None:
            return ""
        return "".join(traceback.TracebackException(kind, error, trace, capture_locals=False).format()).rstrip("\n")


class _File(RotatingFileHandler):
    _failed = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is logging's
        # logging's own prints the record with its arguments, keys and all.
        if not self._failed:
            self._failed = True
            _say(f"The log {self.baseFilename} could not be written ({type(sys.exc_info()[1]).__name__}).")


def _on_crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if isinstance(error, KeyboardInterrupt):
        _say("Interrupted.")
        return
    _say(report(error.with_traceback(trace)))


def _on_thread_crash(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_value is None or isinstance(arguments.exc_value, SystemExit):
        return
    name = arguments.thread.name if arguments.thread else "a thread"
    _say(report(arguments.exc_value, f"the thread {name} ended with an error"))


def _on_unraisable(arguments: "sys.UnraisableHookArgs") -> None:
    if arguments.exc_value is not None:
        report(arguments.exc_value, arguments.err_msg or "an error while tidying up")


def _on_task_crash(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    error, message = context.get("exception"), str(context.get("message", "an error in a task"))
    if isinstance(error, BaseException):
        report(error, message)
    else:
        _log.error("%s", message)


def _one_line(text: str, limit: int) -> str:
    # Cut last, or the first half of a key could stand at the end.
    return plain(redactor(plain(text, newlines=False)), limit=limit)


def _say(line: str) -> None:
    if sys.stderr is not None:
        try:
            print(_one_line(line, 2000), file=sys.stderr)
        except (OSError, ValueError):
            pass  # a detached runner has nobody to tell; the report is in the log
