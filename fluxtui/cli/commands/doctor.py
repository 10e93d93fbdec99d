"""`fluxtui doctor`: what was found here, for whoever wonders why something does not work."""

import sys
from collections.abc import Callable, Iterator
from typing import TypeAlias

import click

from fluxtui.cli import options
from fluxtui.cli.exits import Exit
from fluxtui.cli.session import Session
from fluxtui.domain.problems import FluxtuiError

Facts: TypeAlias = "Iterator[tuple[str, str]]"

_LIBRARIES = ("textual", "textual-image", "httpx", "httpx-aiohttp", "aiohttp", "pydantic", "pillow", "click", "rich")
_TERMINAL = ("TERM", "COLORTERM", "TERM_PROGRAM", "TMUX", "SSH_CONNECTION", "NO_COLOR", "LANG", "LC_ALL")


@click.command()
@options.workspace
def command(session: Session) -> int:
    """Say what fluxtui found here: versions, workspace, history, settings, services, terminal.

    Keys are never shown. Exit code 2 when something has to be put right.
    """
    sections: tuple[tuple[str, Callable[[Session], Facts]], ...] = (
        ("Versions", _versions),
        ("Workspace", _workspace),
        ("History", _history),
        ("Settings", _settings),
        ("Services", _services),
        ("Terminal", _terminal),
    )
    healthy = True
    for title, facts in sections:
        click.echo(title)
        try:
            _print(facts(session))
        except FluxtuiError as error:
            healthy = False
            click.echo(f"  ! {error.problem.sentence()}")
    return Exit.DONE if healthy else Exit.USAGE


def _print(facts: Facts) -> None:
    from fluxtui.cli.output import shown

    for name, value in facts:
        click.echo(f"  {name:<28} {shown(value, 500)}")


def _versions(_session: Session) -> Facts:
    import platform
    import sqlite3
    from importlib import metadata

    from fluxtui import __version__

    yield "fluxtui", __version__
    yield "python", f"{platform.python_version()} at {sys.executable}"
    yield "system", platform.platform()
    yield "sqlite", sqlite3.sqlite_version
    for library in _LIBRARIES:
        try:
            yield library, metadata.version(library)
        except metadata.PackageNotFoundError:
            yield library, "not installed"


def _workspace(session: Session) -> Facts:
    import os
    import shutil

    from fluxtui.engine.lock import holder

    folder = session.workspace
    yield "folder", str(folder)
    if not folder.exists():
        yield "state", "not there yet; the first run makes it"
        return
    yield "writable", "yes" if os.access(folder, os.W_OK) else "NO: runs cannot be recorded here"
    yield "free space", f"{shutil.disk_usage(folder).free / 1e9:.1f} GB"
    pid = holder(folder)
    yield "runner", "none at work" if pid is None else f"at work, pid {pid}"


def _history(session: Session) -> Facts:
    if not session.has_history():
        yield "state", "none yet"
        return
    import sqlite3

    from fluxtui.history.database import database_path, explain

    path = database_path(session.workspace)
    reader = session.reader()
    try:
        yield "file", f"{path}, {path.stat().st_size / 1e6:.1f} MB"
        yield "schema", str(reader.execute("PRAGMA user_version").fetchone()[0])
        yield "integrity", ", ".join(row[0] for row in reader.execute("PRAGMA integrity_check(5)"))
        runs, jobs = (reader.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("runs", "jobs"))
        yield "holds", f"{runs:,} runs, {jobs:,} jobs"
    except sqlite3.Error as error:
        raise explain(error, path) from error
    finally:
        reader.close()


def _settings(session: Session) -> Facts:
    from fluxtui.engine.settings_report import settings_report

    facts, problems = settings_report(session.loaded)
    for fact in facts:
        place = f" {fact.place}" if fact.place and fact.origin not in ("environment", "option") else ""
        yield fact.variable, f"{fact.value} ({fact.origin}{place})"
    for note in session.loaded.notes:
        yield "note", note
    for problem in problems:
        yield "! wrong", problem


def _services(_session: Session) -> Facts:
    from fluxtui.engine.services import Services

    services = Services.load()
    for status in services.statuses():
        missing = f": {', '.join(status.missing)} is not set" if status.missing else ""
        models = f", {len(status.models)} models" if status.models else ""
        wrong = f": {status.problem.sentence()}" if status.problem is not None else ""
        yield status.id, f"{status.state.value}{missing}{wrong}{models}"


def _terminal(_session: Session) -> Facts:
    import os
    import shutil

    on_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    yield "terminal", "yes" if on_terminal else "no: the cockpit needs one, the other commands do not"
    size = shutil.get_terminal_size()
    yield "size", f"{size.columns}x{size.lines}"
    yield "encoding", str(sys.stdout.encoding)
    for name in _TERMINAL:
        if name in os.environ:
            yield name, os.environ[name]
    if on_terminal:
        from fluxtui.cli.cockpit import picture_modes

        yield from picture_modes()
