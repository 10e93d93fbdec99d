"""Batches: reading their files, and what they would cost."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

from fluxtui.domain.batch import Batch, Target
from fluxtui.domain.problems import FluxtuiError
from fluxtui.engine.quote import Quote
from fluxtui.tui.doors.workshop import Workshop

if TYPE_CHECKING:
    from fluxtui.engine.live_quote import LiveQuote, Pricer
    from fluxtui.engine.plan import Plan
    from fluxtui.engine.services import Services

EXAMPLE = "city.yaml"
"""The example batch that the sandbox is shown with."""

Stamp: TypeAlias = tuple[int, int]
"""When a file was changed last, in ns, and how many bytes it has."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A batch file as read. `findings` are sentences: warnings, or why it cannot be used (`broken`).

    `chosen` are the targets that it names, or else the defaults; `offered` also the other models
    of configured services. `unusable` pairs a target's name with why it cannot draw here. `stamp` tells the file
    as it was read from any later one; None when there is no file yet.
    """

    path: Path
    batch: Batch
    format: str
    findings: tuple[str, ...]
    broken: bool
    chosen: tuple[Target, ...]
    offered: tuple[Target, ...]
    unusable: tuple[tuple[str, str], ...] = ()
    stamp: Stamp | None = None


@dataclass(frozen=True, slots=True)
class Quoted:
    """A batch worked out for some targets; what `start` takes."""

    quote: Quote
    plan: "Plan | None" = None


class BatchDoor(Protocol):
    def example(self) -> Path: ...

    def read(self, path: Path) -> Sheet: ...

    def unsaved(self, batch: Batch, path: Path) -> Sheet:
        """Return a batch that is in no file yet as one that would be at `path`."""
        ...

    def write(self, batch: Batch, path: Path, format_name: str) -> Stamp | None: ...

    def stamp(self, path: Path) -> Stamp | None: ...

    def quote(self, sheet: Sheet, targets: Iterable[Target]) -> Quoted: ...

    def price(
        self, batch: Batch, targets: Iterable[Target], source: str | None, stopped: Callable[[], bool]
    ) -> "LiveQuote | None": ...


class Batches:
    """The real door. `targets` take the place of those that a batch names."""

    def __init__(self, workshop: Workshop, targets: tuple[Target, ...] = ()) -> None:
        self._workshop = workshop
        self._targets = targets
        self._pricer: tuple[Services, Pricer] | None = None

    def example(self) -> Path:
        from fluxtui.resources import examples_folder

        return examples_folder() / EXAMPLE

    def read(self, path: Path) -> Sheet:
        from fluxtui.engine.files import BatchFileError, read_batch

        before = self.stamp(path)
        try:
            result = read_batch(path)
        except BatchFileError as error:
            findings = tuple(finding.sentence() for finding in error.findings)
            batch = error.partial or Batch(path.stem, ())
            return Sheet(path, batch, "", findings, True, (), ())
        findings = tuple(finding.sentence() for finding in result.warnings)
        wanted = self._targets or result.batch.targets
        sheet = self._sheet(result.batch, path, wanted, format_name=result.format, findings=findings)
        return replace(sheet, stamp=before)

    def unsaved(self, batch: Batch, path: Path) -> Sheet:
        return self._sheet(batch, path, batch.targets)

    def _sheet(
        self,
        batch: Batch,
        path: Path,
        wanted: tuple[Target, ...],
        *,
        format_name: str = "",
        findings: tuple[str, ...] = (),
    ) -> Sheet:
        services = self._workshop.services()
        chosen: list[Target] = []
        unusable: list[tuple[str, str]] = []
        for target in wanted or services.default_targets():
            try:
                chosen.append(services.resolve(target))
            except FluxtuiError as error:
                unusable.append((target.name, error.problem.what))
        names = {target.name for target in chosen}
        more = (Target(s.id, model) for s in services.statuses() for model in s.models)
        offered = (*chosen, *(target for target in more if target.name not in names))
        return Sheet(path, batch, format_name, findings, False, tuple(chosen), offered, tuple(unusable))

    def write(self, batch: Batch, path: Path, format_name: str) -> Stamp | None:
        """Write a batch whole or not at all, in the format of the file's extension when none is named.

        Returns the file's stamp. Raises FluxtuiError when the format cannot hold it, or the disk does not take it.
        """
        from fluxtui.engine.files import write_batch

        write_batch(batch, path, format_name or None)
        return self.stamp(path)

    def stamp(self, path: Path) -> Stamp | None:
        """Return what tells whether a file was changed, None when there is none."""
        try:
            found = path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size

    def quote(self, sheet: Sheet, targets: Iterable[Target]) -> Quoted:
        from fluxtui.engine.plan import plan

        worked_out = plan(sheet.batch, self._workshop.services(), targets=tuple(targets), source=str(sheet.path))
        return Quoted(worked_out.quote, worked_out)

    def price(
        self, batch: Batch, targets: Iterable[Target], source: str | None, stopped: Callable[[], bool]
    ) -> "LiveQuote | None":
        """Quote a batch while it is edited; what did not change since the last time is not asked again.

        Returns None as soon as `stopped` says so. Raises FluxtuiError for the settings only.
        """
        from fluxtui.engine.live_quote import Pricer

        services = self._workshop.services()
        if self._pricer is None or self._pricer[0] is not services:
            self._pricer = (services, Pricer(services))
        return self._pricer[1].quote(batch, targets, source=source, stopped=stopped)
