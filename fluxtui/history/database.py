"""Opening the database: paths, pragmas, and errors that a user can act on."""

import contextlib
import sqlite3
from pathlib import Path

from fluxtui.domain.problems import FluxtuiError, Problem, ProblemKind

DATABASE_NAME = "history.sqlite3"

BUSY_TIMEOUT_SECONDS = 30.0
"""How long a writer waits for another process's write. Writes here last milliseconds."""


class HistoryError(FluxtuiError):
    """The database cannot be opened, read or written."""


def database_path(workspace: Path) -> Path:
    return workspace / DATABASE_NAME


def explain(error: sqlite3.Error, path: Path) -> HistoryError:
    """Return a teaching error for what SQLite reported about `path`."""
    text = str(error)
    code = getattr(error, "sqlite_errorcode", None)
    primary = None if code is None else code & 0xFF
    if primary == sqlite3.SQLITE_FULL or "disk is full" in text:
        problem = Problem(
            ProblemKind.DISK,
            f"The disk that holds {path} is full.",
            "The run's journal cannot grow.",
            "Free some space; nothing recorded so far is lost, and `fluxtui resume` goes on from it.",
        )
    elif primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        problem = Problem(
            ProblemKind.DISK,
            f"{path} is damaged or is not a fluxtui database.",
            f"SQLite says: {text}.",
            "Move the file away to begin a new history, or restore it from a copy. The pictures are not touched.",
        )
    elif primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        problem = Problem(
            ProblemKind.DISK,
            f"{path} is locked by another process.",
            "A program that is not fluxtui may hold it open, or the folder is on a network share without locks.",
            "Close that program, or choose a workspace on a local disk with --workspace.",
        )
    elif primary in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_IOERR):
        problem = Problem(
            ProblemKind.DISK,
            f"{path} cannot be opened or written.",
            f"SQLite says: {text}. The folder may be read-only, or belong to another user.",
            "Check the folder's permissions, or choose another one with --workspace.",
        )
    else:
        problem = Problem(
            ProblemKind.INTERNAL,
            f"The history database reported: {text}.",
            "This is most likely a mistake in fluxtui.",
            "Please report it with the log file in the workspace's logs folder.",
        )
    return HistoryError(problem)


def newer_version(path: Path, found: int, known: int) -> HistoryError:
    return HistoryError(
        Problem(
            ProblemKind.CONFIGURATION,
            f"{path} was written by a newer fluxtui (schema {found}; this one knows {known}).",
            "Opening it could lose what the newer version recorded.",
            "Update fluxtui, or choose another workspace with --workspace.",
        )
    )


def open_writer(path: Path) -> sqlite3.Connection:
    """Open for the journal's thread: WAL, synchronous=FULL, explicit transactions.

    Raises HistoryError.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=256
        )
    except sqlite3.Error as error:
        raise explain(error, path) from error
    except OSError as error:
        raise HistoryError(
            Problem(
                ProblemKind.DISK,
                f"The workspace {path.parent} cannot be made or opened.",
                error.strerror or "",
                "Check its permissions, or choose another one with --workspace.",
            )
        ) from error
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA temp_store=MEMORY")
    except sqlite3.Error as error:
        connection.close()
        raise explain(error, path) from error
    return connection


def open_reader(path: Path, *, patience: float = BUSY_TIMEOUT_SECONDS) -> sqlite3.Connection:
    """Open read-only. The connection may be used from any one thread at a time; it waits `patience` seconds for locks.

    A history of an older version is brought up to date first. Raises HistoryError when the file is
    missing, damaged or of a newer version.
    """
    from fluxtui.history.migrations import SCHEMA_VERSION, migrate

    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro",
            uri=True,
            timeout=patience,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        try:
            found = int(connection.execute("PRAGMA user_version").fetchone()[0])
        except sqlite3.Error:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise explain(error, path) from error
    if found > SCHEMA_VERSION:
        connection.close()
        raise newer_version(path, found, SCHEMA_VERSION)
    if 0 < found < SCHEMA_VERSION:
        try:
            with contextlib.closing(open_writer(path)) as writer:
                migrate(writer, path)
        except HistoryError:
            connection.close()
            raise
    return connection
