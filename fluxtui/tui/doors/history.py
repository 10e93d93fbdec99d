"""What can be done to the runs that were made: adding to one, deleting one, reading the batch of one."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from fluxtui.domain.batch import Axis, Batch, Target
from fluxtui.engine.quote import Quote
from fluxtui.tui.doors.workshop import Workshop
from fluxtui.tui.work import in_thread

if TYPE_CHECKING:
    import sqlite3

    from fluxtui.engine.amending import Amendment
    from fluxtui.engine.services import Services


@dataclass(frozen=True, slots=True)
class RunBatch:
    """The batch of a run, and the targets that could draw it as well."""

    batch: Batch
    offered: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class Additions:
    """What a person wants besides. `axes` is text: `seed=5..8; style=ink, oil`. `repeat` None leaves it.

    `prompt` makes one more task; `file` is the path of a batch file of which everything is added.
    """

    targets: tuple[Target, ...] = ()
    axes: str = ""
    repeat: int | None = None
    prompt: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True)
class Amended:
    """An amendment worked out; what `amend` takes. `quote` is of the `missing` cells alone."""

    cells: int
    missing: int
    quote: Quote
    waiting: int = 0
    left_out: tuple[tuple[str, str], ...] = ()
    amendment: "Amendment | None" = None

    @property
    def present(self) -> int:
        return self.cells - self.missing


@dataclass(frozen=True, slots=True)
class Gone:
    """What a deletion removed; `kept` pictures were to go and could not, for `reason`."""

    pictures: int
    freed_bytes: int
    kept: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Room:
    """Bytes: what the history itself takes, and what is free on the workspace's disk."""

    history_bytes: int
    free_bytes: int
    disk_bytes: int


class HistoryDoor(Protocol):
    """Plain methods block and are called in threads; all may raise FluxtuiError."""

    def batch_of(self, run_id: int) -> Batch: ...

    def open(self, run_id: int, *, sandbox: bool) -> RunBatch: ...

    def work_out(self, run_id: int, batch: Batch, additions: Additions, *, sandbox: bool) -> Amended: ...

    async def amend(self, amended: Amended) -> int:
        """Append what is missing; returns how many cells. A runner is started if none is there."""
        ...

    async def delete(self, run_id: int, *, pictures: bool) -> Gone: ...

    async def finish_deletions(self) -> int:
        """Finish what a crash broke off; returns how many runs."""
        ...

    def room(self) -> Room: ...


class Past:
    """The real door."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._other: Services | None = None

    def batch_of(self, run_id: int) -> Batch:
        from contextlib import closing

        from fluxtui.engine.amending import batch_of_run

        with closing(self._reader()) as reader:
            return batch_of_run(reader, run_id)

    def open(self, run_id: int, *, sandbox: bool) -> RunBatch:
        batch = self.batch_of(run_id)
        services = self._services(sandbox)
        every = (Target(status.id, model) for status in services.statuses() for model in status.models)
        return RunBatch(batch, tuple(every))

    def work_out(self, run_id: int, batch: Batch, additions: Additions, *, sandbox: bool) -> Amended:
        from contextlib import closing

        from fluxtui.engine.amending import amendment

        whole, source = _amended(batch, additions)
        with closing(self._reader()) as reader:
            wanted = amendment(reader, run_id, whole, self._services(sandbox), source=source)
        return Amended(wanted.cells, len(wanted.missing), wanted.quote, wanted.waiting, wanted.left_out, wanted)

    async def amend(self, amended: Amended) -> int:
        from fluxtui.engine.amending import amend_run
        from fluxtui.engine.launch import ensure_runner

        if amended.amendment is None:
            raise TypeError("an amendment of another engine")
        appended = await amend_run(await self._workshop.journal(), amended.amendment)
        await in_thread(ensure_runner, self._workshop.workspace)
        return appended

    async def delete(self, run_id: int, *, pictures: bool) -> Gone:
        from fluxtui.engine.deletion import delete_run

        journal = await self._workshop.journal()
        deleted = await delete_run(journal, self._workshop.workspace, run_id, pictures=pictures)
        return Gone(deleted.pictures, deleted.freed_bytes, deleted.kept, deleted.reason)

    async def finish_deletions(self) -> int:
        from fluxtui.engine.deletion import finish_deletions

        return await finish_deletions(await self._workshop.journal(), self._workshop.workspace)

    def room(self) -> Room:
        import shutil

        from fluxtui.history.database import database_path

        usage = shutil.disk_usage(self._workshop.workspace)
        path = database_path(self._workshop.workspace)
        files = (path.with_name(path.name + suffix) for suffix in ("", "-wal", "-shm"))
        return Room(sum(file.stat().st_size for file in files if file.exists()), usage.free, usage.total)

    def _reader(self) -> "sqlite3.Connection":
        from fluxtui.history.database import database_path, open_reader

        return open_reader(database_path(self._workshop.workspace))

    def _services(self, sandbox: bool) -> "Services":
        """Return the services that a run draws with: one of the sandbox stays in it."""
        if sandbox == self._workshop.sandbox:
            return self._workshop.services()
        if self._other is None:
            from fluxtui.engine.services import Services

            self._other = Services.load(sandbox=sandbox)
        return self._other


def _amended(batch: Batch, additions: Additions) -> tuple[Batch, str | None]:
    """Return the batch with everything that is added, and the file that some of it comes from."""
    from pathlib import Path

    from fluxtui.domain.batch import Task
    from fluxtui.domain.frozen import grown
    from fluxtui.domain.text import file_stem, unique_stem

    source = None
    if additions.file.strip():
        from fluxtui.engine.files import read_batch

        path = Path(additions.file.strip()).expanduser().absolute()
        batch, source = grown(batch, read_batch(path).batch), str(path)
    tasks: tuple[Task, ...] = ()
    prompt = additions.prompt.strip()
    if prompt:
        taken = {task.name.casefold() for task in batch.tasks}
        tasks = (Task(unique_stem(file_stem(prompt, limit=40), taken), prompt),)
    more = Batch("", tasks, additions.targets, _axes(additions.axes), repeat=additions.repeat or 1)
    return grown(batch, more), source


def _axes(text: str) -> tuple[Axis, ...]:
    """Read `seed=5..8; style=ink, oil`. Raises FluxtuiError that says which part cannot be read."""
    from fluxtui.domain.batch import PARAMETER_ALIASES
    from fluxtui.domain.problems import FluxtuiError, Problem, ProblemKind
    from fluxtui.engine.files import parse_axis_values

    axes: dict[str, Axis] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        name, equals, values = (piece.strip() for piece in part.partition("="))
        name = PARAMETER_ALIASES.get(name, name)
        if not (name and equals and values) or name in axes:
            what = f"{name} stands there twice" if name in axes else f"{part} is no axis"
            advice = "Write for example seed=5..8; style=ink, oil"
            raise FluxtuiError(Problem(ProblemKind.INVALID_REQUEST, what, "", advice))
        axes[name] = Axis(name, parse_axis_values(name, values))
    return tuple(axes.values())
