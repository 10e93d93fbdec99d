"""The few things the screens ask of the engine, behind one protocol that tests can stand in for.

The engine, its settings and its libraries are imported here, late and in threads: the first paint
pays for none of them.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from fluxtui.domain.batch import Batch, Target
from fluxtui.domain.money import Price
from fluxtui.domain.problems import FluxtuiError
from fluxtui.domain.values import JsonValue

if TYPE_CHECKING:
    from fluxtui.engine.services import Services
    from fluxtui.history.journal import Journal

T = TypeVar("T")

EXAMPLE = "city.yaml"
"""The example batch that the sandbox is shown with."""


@dataclass(frozen=True, slots=True)
class ServiceView:
    """A service as the welcome shows it. `missing` are the variables that it still needs."""

    id: str
    title: str
    ready: bool
    state: str
    missing: tuple[str, ...]
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A batch file as read. `findings` are sentences: warnings, or why it cannot be used (`broken`).

    `chosen` are the targets that it names, or else the defaults; `offered` also the other models
    of configured services. `unusable` pairs a target's name with why it cannot draw here.
    """

    path: Path
    batch: Batch
    format: str
    findings: tuple[str, ...]
    broken: bool
    chosen: tuple[Target, ...]
    offered: tuple[Target, ...]
    unusable: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TargetQuote:
    """One target's part of the price. The pairs are a sentence and how many cells it concerns."""

    target: str
    pictures: int
    price: Price
    seconds: float | None
    adaptations: tuple[tuple[str, int], ...]
    impossible: tuple[tuple[str, int], ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Quoted:
    """A batch worked out for some targets; what `start` takes."""

    pictures: int
    requests: int
    price: Price
    seconds: float | None
    lines: tuple[TargetQuote, ...]
    plan: object = None

    @property
    def impossible(self) -> int:
        return sum(count for line in self.lines for _, count in line.impossible)


class EngineDoor(Protocol):
    """What the cockpit needs. Blocking calls are made in threads; all may raise FluxtuiError."""

    sandbox: bool

    def simulated(self) -> "EngineDoor":
        """Return the same workspace's door to the sandbox."""
        ...

    def services(self) -> tuple[ServiceView, ...]: ...

    def example(self) -> Path: ...

    def read(self, path: Path) -> Sheet: ...

    def quote(self, sheet: Sheet, targets: Iterable[Target]) -> Quoted: ...

    def runner_alive(self) -> bool: ...

    def ensure_runner(self) -> None: ...

    async def start(self, quoted: Quoted) -> int:
        """Record the run and return its id; `ensure_runner` then has it taken up."""
        ...

    async def control(self, kind: str, run_id: int | None, **payload: JsonValue) -> None: ...

    async def resume(self, run_id: int) -> None: ...

    def close(self) -> None: ...


class RealEngine:
    """The engine of one workspace. `targets` take the place of those that a batch names."""

    def __init__(self, workspace: Path, *, sandbox: bool, targets: tuple[Target, ...] = ()) -> None:
        self.workspace = workspace
        self.sandbox = sandbox
        self._targets = targets
        self._services: Services | None = None
        self._journal: Journal | None = None
        self._opening = asyncio.Lock()

    def simulated(self) -> "RealEngine":
        return RealEngine(self.workspace, sandbox=True)

    def _loaded(self) -> "Services":
        if self._services is None:
            from fluxtui.engine.services import Services

            self._services = Services.load(sandbox=self.sandbox)
        return self._services

    def services(self) -> tuple[ServiceView, ...]:
        from fluxtui.engine.services import ServiceState

        return tuple(
            ServiceView(s.id, s.title, s.state is ServiceState.READY, s.state.value, s.missing, s.models)
            for s in self._loaded().statuses()
        )

    def example(self) -> Path:
        from fluxtui.resources import examples_folder

        return examples_folder() / EXAMPLE

    def read(self, path: Path) -> Sheet:
        from fluxtui.engine.files import BatchFileError, read_batch

        services = self._loaded()
        try:
            result = read_batch(path)
        except BatchFileError as error:
            findings = tuple(finding.sentence() for finding in error.findings)
            batch = error.partial or Batch(path.stem, ())
            return Sheet(path, batch, "", findings, True, (), ())
        findings = tuple(finding.sentence() for finding in result.warnings)
        chosen: list[Target] = []
        unusable: list[tuple[str, str]] = []
        for target in self._targets or result.batch.targets or services.default_targets():
            try:
                chosen.append(services.resolve(target))
            except FluxtuiError as error:
                unusable.append((target.name, error.problem.what))
        names = {target.name for target in chosen}
        more = (Target(s.id, model) for s in services.statuses() for model in s.models)
        offered = (*chosen, *(target for target in more if target.name not in names))
        return Sheet(path, result.batch, result.format, findings, False, tuple(chosen), offered, tuple(unusable))

    def quote(self, sheet: Sheet, targets: Iterable[Target]) -> Quoted:
        from fluxtui.engine.plan import plan

        wanted = tuple(targets)
        worked_out = plan(sheet.batch, self._loaded(), targets=wanted, source=str(sheet.path))
        quote = worked_out.quote
        lines = tuple(
            TargetQuote(q.target, q.pictures, q.price, q.seconds, q.adaptations, q.impossible, q.notes)
            for q in quote.lines
        )
        return Quoted(quote.pictures, quote.requests, quote.price, quote.seconds, lines, worked_out)

    def runner_alive(self) -> bool:
        from fluxtui.engine.lock import holder

        return holder(self.workspace) is not None

    def ensure_runner(self) -> None:
        from fluxtui.engine.launch import ensure_runner

        ensure_runner(self.workspace)

    async def start(self, quoted: Quoted) -> int:
        from fluxtui.engine import launch
        from fluxtui.engine.plan import Plan

        if not isinstance(quoted.plan, Plan):
            raise TypeError("a quote of another engine")
        core = (await in_thread(self._loaded)).loaded.core
        options = launch.RunOptions(metadata=core.output_include_metadata, layout=core.output_layout)
        return await launch.start_run(await self._writer(), self.workspace, quoted.plan, options)

    async def control(self, kind: str, run_id: int | None, **payload: JsonValue) -> None:
        await (await self._writer()).control(kind, run_id, **payload)
        await in_thread(self.ensure_runner)

    async def resume(self, run_id: int) -> None:
        from fluxtui.engine.launch import resume_run

        await resume_run(await self._writer(), run_id)
        await in_thread(self.ensure_runner)

    async def _writer(self) -> "Journal":
        async with self._opening:
            if self._journal is None:
                from fluxtui.history.database import database_path
                from fluxtui.history.journal import Journal

                journal = Journal(database_path(self.workspace))
                await in_thread(journal.open)
                self._journal = journal
            return self._journal

    def close(self) -> None:
        if self._journal is not None:
            self._journal.close()
            self._journal = None


async def in_thread(function: Callable[..., T], *arguments: object) -> T:
    """Run a blocking call of the engine off the loop."""
    return await asyncio.to_thread(function, *arguments)
