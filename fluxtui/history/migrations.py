"""The schema, as named steps. Each runs together with its record in one transaction."""

import contextlib
import sqlite3
import time
from collections.abc import Callable
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path

from fluxtui.history.database import explain, newer_version


def _first_schema(connection: sqlite3.Connection) -> None:
    for statement in _FIRST_SCHEMA.split(";;"):
        if statement.strip():
            connection.execute(statement)


_FIRST_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID
;;
INSERT INTO meta VALUES ('revision', 0)
;;
CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    batch TEXT NOT NULL,
    source TEXT,
    frozen TEXT NOT NULL,
    state TEXT NOT NULL,
    sandbox INTEGER NOT NULL,
    folder TEXT NOT NULL,
    layout TEXT NOT NULL,
    metadata INTEGER NOT NULL,
    in_doubt TEXT NOT NULL,
    concurrency INTEGER,
    cap INTEGER,
    quoted INTEGER NOT NULL,
    created_at REAL NOT NULL,
    started_at REAL,
    finished_at REAL
)
;;
CREATE TABLE cells (
    id INTEGER PRIMARY KEY,
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    task TEXT NOT NULL,
    task_index INTEGER NOT NULL,
    target TEXT NOT NULL,
    provider TEXT NOT NULL,
    request TEXT NOT NULL,
    context TEXT NOT NULL,
    axis_point TEXT NOT NULL,
    repeat INTEGER NOT NULL,
    stem TEXT NOT NULL,
    adaptations TEXT NOT NULL,
    fallback TEXT NOT NULL
)
;;
CREATE INDEX cells_by_run ON cells (run_id)
;;
CREATE INDEX cells_by_key ON cells (key)
;;
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY,
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    cell_id INTEGER NOT NULL REFERENCES cells (id) ON DELETE CASCADE,
    parent_id INTEGER REFERENCES jobs (id) ON DELETE SET NULL,
    kind TEXT NOT NULL,
    iteration INTEGER NOT NULL DEFAULT 1,
    target TEXT NOT NULL,
    lane TEXT NOT NULL,
    position INTEGER NOT NULL,
    priority INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL,
    not_before REAL,
    attempts INTEGER NOT NULL DEFAULT 0,
    throttled INTEGER NOT NULL DEFAULT 0,
    ticket TEXT,
    problem TEXT,
    adaptations TEXT NOT NULL DEFAULT '[]',
    quoted INTEGER NOT NULL DEFAULT 0,
    reserved INTEGER NOT NULL DEFAULT 0,
    billed INTEGER NOT NULL DEFAULT 0,
    uncertain INTEGER NOT NULL DEFAULT 0,
    certainty TEXT,
    started_at REAL,
    ended_at REAL,
    pictures INTEGER NOT NULL DEFAULT 0,
    revision INTEGER NOT NULL
)
;;
CREATE UNIQUE INDEX jobs_by_position ON jobs (run_id, position)
;;
CREATE INDEX jobs_by_revision ON jobs (run_id, revision)
;;
CREATE INDEX jobs_by_cell ON jobs (cell_id)
;;
CREATE INDEX jobs_by_parent ON jobs (parent_id) WHERE parent_id IS NOT NULL
;;
CREATE INDEX jobs_to_send ON jobs (run_id, lane, priority DESC, position) WHERE state = 'queued'
;;
CREATE INDEX jobs_under_way ON jobs (state) WHERE state IN ('sending', 'waiting', 'fetching')
;;
CREATE INDEX jobs_done ON jobs (run_id, target, ended_at) WHERE state = 'done'
;;
CREATE TABLE attempts (
    job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    started_at REAL NOT NULL,
    accepted_at REAL,
    ended_at REAL,
    outcome TEXT,
    request_id TEXT,
    ticket TEXT,
    problem TEXT,
    PRIMARY KEY (job_id, number)
) WITHOUT ROWID
;;
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    attempt INTEGER NOT NULL,
    state TEXT NOT NULL,
    at REAL NOT NULL
)
;;
CREATE INDEX events_by_job ON events (job_id)
;;
CREATE INDEX events_by_run ON events (run_id)
;;
CREATE TRIGGER event_of_state AFTER UPDATE OF state ON jobs WHEN old.state <> new.state BEGIN
    INSERT INTO events (run_id, job_id, attempt, state, at)
    VALUES (new.run_id, new.id, new.attempts, new.state, (julianday('now') - 2440587.5) * 86400.0);
END
;;
CREATE TABLE images (
    id INTEGER PRIMARY KEY,
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    path TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    format TEXT NOT NULL,
    seed INTEGER,
    prompt_used TEXT,
    details TEXT NOT NULL,
    thumbnail TEXT,
    side_steps TEXT NOT NULL DEFAULT 'pending',
    created_at REAL NOT NULL
)
;;
CREATE INDEX images_by_job ON images (job_id)
;;
CREATE INDEX images_by_run ON images (run_id)
;;
CREATE INDEX images_pending ON images (id) WHERE side_steps = 'pending'
;;
CREATE TABLE controls (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    created_at REAL NOT NULL,
    kind TEXT NOT NULL,
    run_id INTEGER,
    payload TEXT NOT NULL,
    taken_at REAL,
    outcome TEXT
)
;;
CREATE INDEX controls_open ON controls (id) WHERE taken_at IS NULL
;;
CREATE TABLE lanes (
    key TEXT PRIMARY KEY,
    provider TEXT NOT NULL,
    target TEXT NOT NULL,
    sandbox INTEGER NOT NULL,
    state TEXT NOT NULL,
    in_flight INTEGER NOT NULL,
    capacity INTEGER NOT NULL,
    resume_at REAL,
    problem TEXT,
    updated_at REAL NOT NULL
) WITHOUT ROWID
;;
CREATE TABLE runner (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    pid INTEGER NOT NULL,
    started_at REAL NOT NULL,
    heartbeat_at REAL NOT NULL
)
;;
CREATE TABLE tallies (
    run_id INTEGER NOT NULL,
    target TEXT NOT NULL,
    lane TEXT NOT NULL,
    state TEXT NOT NULL,
    jobs INTEGER NOT NULL,
    reserved INTEGER NOT NULL,
    billed INTEGER NOT NULL,
    uncertain INTEGER NOT NULL,
    PRIMARY KEY (run_id, target, lane, state)
) WITHOUT ROWID
;;
CREATE TRIGGER tally_insert AFTER INSERT ON jobs BEGIN
    INSERT INTO tallies VALUES (
        new.run_id, new.target, new.lane, new.state, 1, new.reserved, new.billed, new.uncertain
    )
    ON CONFLICT DO UPDATE SET jobs = jobs + 1, reserved = reserved + new.reserved,
        billed = billed + new.billed, uncertain = uncertain + new.uncertain;
END
;;
CREATE TRIGGER tally_update AFTER UPDATE OF state, target, lane, reserved, billed, uncertain ON jobs BEGIN
    UPDATE tallies SET jobs = jobs - 1, reserved = reserved - old.reserved,
        billed = billed - old.billed, uncertain = uncertain - old.uncertain
    WHERE run_id = old.run_id AND target = old.target AND lane = old.lane AND state = old.state;
    INSERT INTO tallies VALUES (
        new.run_id, new.target, new.lane, new.state, 1, new.reserved, new.billed, new.uncertain
    )
    ON CONFLICT DO UPDATE SET jobs = jobs + 1, reserved = reserved + new.reserved,
        billed = billed + new.billed, uncertain = uncertain + new.uncertain;
END
;;
CREATE TRIGGER tally_delete AFTER DELETE ON jobs BEGIN
    UPDATE tallies SET jobs = jobs - 1, reserved = reserved - old.reserved,
        billed = billed - old.billed, uncertain = uncertain - old.uncertain
    WHERE run_id = old.run_id AND target = old.target AND lane = old.lane AND state = old.state;
END
;;
CREATE TRIGGER tally_forget AFTER DELETE ON runs BEGIN
    DELETE FROM tallies WHERE run_id = old.id;
END
"""
# The tallies make counts and sums by state free to read, however many jobs there are; triggers
# keep them in the very transaction that changes a job, so a spending cap can trust them.


def _health_of_lanes(connection: sqlite3.Connection) -> None:
    """How a lane does, beside its state; and what the last check of a service told."""
    for column in (
        "p50 REAL",
        "p95 REAL",
        "errors TEXT NOT NULL DEFAULT '{}'",
        "headroom INTEGER",
        "headroom_limit INTEGER",
        "succeeded_at REAL",
        "circuit TEXT NOT NULL DEFAULT 'closed'",
    ):
        connection.execute(f"ALTER TABLE lanes ADD COLUMN {column}")
    connection.execute(
        "CREATE TABLE checks (provider TEXT NOT NULL, sandbox INTEGER NOT NULL, state TEXT NOT NULL,"
        " message TEXT NOT NULL, credits REAL, checked_at REAL NOT NULL, PRIMARY KEY (provider, sandbox)) WITHOUT ROWID"
    )


def _steering(connection: sqlite3.Connection) -> None:
    """What people wish for lanes, jobs and runs outlives the runner that heard it."""
    connection.execute(
        "CREATE TABLE lane_wishes (lane TEXT PRIMARY KEY, enabled INTEGER NOT NULL DEFAULT 1,"
        " paused INTEGER NOT NULL DEFAULT 0, capacity INTEGER, changed_at REAL NOT NULL) WITHOUT ROWID"
    )
    for table, column in (
        ("jobs", "held INTEGER NOT NULL DEFAULT 0"),
        ("runs", "cancelled INTEGER NOT NULL DEFAULT 0"),
        ("runs", "held_back INTEGER NOT NULL DEFAULT 0"),
        ("lanes", "latencies TEXT NOT NULL DEFAULT '[]'"),
        ("checks", "seconds REAL"),
    ):
        connection.execute(f"ALTER TABLE {table} ADD COLUMN {column}")
    # Claims pass over held jobs: were they in the way, a lane would walk past thousands of them each time.
    connection.execute("DROP INDEX jobs_to_send")
    connection.execute(
        "CREATE INDEX jobs_to_send ON jobs (run_id, lane, held, priority DESC, position) WHERE state = 'queued'"
    )


def _search(connection: sqlite3.Connection) -> None:
    """What was asked for, one row a task of a run, and an index of its letters where SQLite has one to offer."""
    connection.execute(
        "CREATE TABLE prompts (id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,"
        " task_index INTEGER NOT NULL, task TEXT NOT NULL, prompt TEXT NOT NULL, batch TEXT NOT NULL)"
    )
    connection.execute("CREATE UNIQUE INDEX prompts_by_task ON prompts (run_id, task_index)")
    with contextlib.suppress(sqlite3.OperationalError):  # no FTS5, or none with trigrams: search reads every prompt
        connection.execute(
            "CREATE VIRTUAL TABLE prompts_index USING fts5 (task, prompt, batch, content = 'prompts',"
            " content_rowid = 'id', tokenize = 'trigram', detail = none)"
        )
        for event, parts in {"INSERT": ("new",), "DELETE": ("old",), "UPDATE": ("old", "new")}.items():
            statements = " ".join(_INDEXED[part] for part in parts)
            connection.execute(
                f"CREATE TRIGGER prompts_{event.lower()} AFTER {event} ON prompts BEGIN {statements} END"
            )
    rows = connection.execute(
        "SELECT cells.run_id, cells.task_index, cells.task, runs.batch, json_extract(cells.request, '$.prompt')"
        " FROM cells JOIN runs ON runs.id = cells.run_id ORDER BY cells.run_id, cells.task_index, cells.id"
    )
    for (run_id, task_index), cells in groupby(rows, key=itemgetter(0, 1)):
        kept = list(cells)
        prompts = dict.fromkeys(str(row[4] or "") for row in kept)
        connection.execute(
            "INSERT INTO prompts (run_id, task_index, task, prompt, batch) VALUES (?, ?, ?, ?, ?)",
            (run_id, task_index, kept[0][2], "\n".join(islice(prompts, MOST_SPELLINGS)), kept[0][3]),
        )


MOST_SPELLINGS = 16
"""An axis may put its values into a prompt: so many spellings of one task's prompt are searched."""

_INDEXED = {
    "new": "INSERT INTO prompts_index (rowid, task, prompt, batch) VALUES (new.id, new.task, new.prompt, new.batch);",
    "old": "INSERT INTO prompts_index (prompts_index, rowid, task, prompt, batch)"
    " VALUES ('delete', old.id, old.task, old.prompt, old.batch);",
}


def _disk_use(connection: sqlite3.Connection) -> None:
    """What the pictures of a run weigh, kept as they come and go; and what deleting a run needs to be quick."""
    connection.execute("ALTER TABLE images ADD COLUMN thumbnail_bytes INTEGER NOT NULL DEFAULT 0")
    connection.execute("ALTER TABLE runs ADD COLUMN deleting TEXT")
    connection.execute("CREATE INDEX images_by_content ON images (sha256)")
    connection.execute("CREATE INDEX controls_by_run ON controls (run_id)")
    connection.execute(
        "CREATE TABLE disk_use (run_id INTEGER PRIMARY KEY, pictures INTEGER NOT NULL, picture_bytes INTEGER NOT NULL,"
        " thumbnail_bytes INTEGER NOT NULL)"
    )
    connection.execute(
        "INSERT INTO disk_use SELECT run_id, count(*), sum(size_bytes), sum(thumbnail_bytes) FROM images GROUP BY 1"
    )
    for statement in _DISK_USE_TRIGGERS.split(";;"):
        connection.execute(statement)


_DISK_USE_TRIGGERS = """
CREATE TRIGGER disk_use_insert AFTER INSERT ON images BEGIN
    INSERT INTO disk_use VALUES (new.run_id, 1, new.size_bytes, new.thumbnail_bytes)
    ON CONFLICT DO UPDATE SET pictures = pictures + 1, picture_bytes = picture_bytes + new.size_bytes,
        thumbnail_bytes = thumbnail_bytes + new.thumbnail_bytes;
END
;;
CREATE TRIGGER disk_use_update AFTER UPDATE OF thumbnail_bytes ON images BEGIN
    UPDATE disk_use SET thumbnail_bytes = thumbnail_bytes - old.thumbnail_bytes + new.thumbnail_bytes
    WHERE run_id = new.run_id;
END
;;
CREATE TRIGGER disk_use_delete AFTER DELETE ON images BEGIN
    UPDATE disk_use SET pictures = pictures - 1, picture_bytes = picture_bytes - old.size_bytes,
        thumbnail_bytes = thumbnail_bytes - old.thumbnail_bytes
    WHERE run_id = old.run_id;
END
;;
CREATE TRIGGER disk_use_forget AFTER DELETE ON runs BEGIN
    DELETE FROM disk_use WHERE run_id = old.id;
END
"""


def _log_and_tabs(connection: sqlite3.Connection) -> None:
    """Trouble is found among a million events, and live runs among many, without reading all of them."""
    connection.execute(
        "CREATE INDEX events_of_trouble ON events (run_id) WHERE state IN ('queued', 'refused', 'failed', 'in_doubt')"
    )
    connection.execute("CREATE INDEX runs_by_state ON runs (state)")


def _frozen_batches(connection: sqlite3.Connection) -> None:
    """The batch of a run apart from the run: megabytes, seldom read, in the way of a row that is read all the time."""
    connection.execute(
        "CREATE TABLE frozen_batches (run_id INTEGER PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,"
        " batch TEXT NOT NULL)"
    )
    # Run by run: what one leaves behind is where the next one goes, so the file grows by a batch and not by all.
    # Dropping the column writes every row anew; by then they are small.
    for (run_id,) in connection.execute("SELECT id FROM runs").fetchall():
        connection.execute("INSERT INTO frozen_batches SELECT id, frozen FROM runs WHERE id = ?", (run_id,))
        connection.execute("UPDATE runs SET frozen = '' WHERE id = ?", (run_id,))
    connection.execute("ALTER TABLE runs DROP COLUMN frozen")


MIGRATIONS: tuple[tuple[str, Callable[[sqlite3.Connection], None]], ...] = (
    ("first schema", _first_schema),
    ("health of lanes", _health_of_lanes),
    ("steering", _steering),
    ("search", _search),
    ("disk use", _disk_use),
    ("log and tabs", _log_and_tabs),
    ("frozen batches", _frozen_batches),
)
"""In order; never renamed or removed once released."""

SCHEMA_VERSION = len(MIGRATIONS)


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the database up to SCHEMA_VERSION; harmless when it already is, also side by side.

    Raises HistoryError when the database is newer than this program, or damaged.
    """
    try:
        found = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if found > SCHEMA_VERSION:
            raise newer_version(path, found, SCHEMA_VERSION)
        while found < SCHEMA_VERSION:
            _apply_next(connection)
            found = int(connection.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.Error as error:
        raise explain(error, path) from error


def _apply_next(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Read again under the lock: another process may have done this step meanwhile.
        found = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if found < SCHEMA_VERSION:
            name, step = MIGRATIONS[found]
            connection.execute(
                "CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied_at REAL NOT NULL) WITHOUT ROWID"
            )
            step(connection)
            connection.execute("INSERT INTO migrations VALUES (?, ?)", (name, time.time()))
            connection.execute(f"PRAGMA user_version = {found + 1}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
