"""Batches: reading their files, and what they would cost."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from fluxtui.domain.batch import Batch, Target
from fluxtui.domain.problems import FluxtuiError
from fluxtui.engine.quote import Quote
from fluxtui.tui.doors.batch_files import BatchFiles
from fluxtui.tui.doors.workshop import Workshop

if TYPE_CHECKING:
    from fluxtui.engine.files import BatchFileError, Stamp
    from fluxtui.engine.live_quote import LiveQuote, Pricer
    from fluxtui.engine.plan import Plan
    from fluxtui.engine.ranges import TargetRanges
    from fluxtui.engine.services import Services

EXAMPLE = "city.yaml"
"""The example batch that the sandbox is shown with."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A batch file as read. `findings` are sentences: warnings, or why it cannot be used (`broken`).

    `chosen` are the targets that it names, or else the defaults; `offered` also the other models
    of configured services. `unusable` pairs a target's name with why it cannot draw here. `digest` and
    `stamp` are of the file's bytes, None when there is no file yet; `head` are its comments at the top, and
    `comments` is how many others there are, which saving drops.
    """

    path: Path
    batch: Batch
    format: str
    findings: tuple[str, ...]
    broken: bool
    chosen: tuple[Target, ...]
    offered: tuple[Target, ...]
    unusable: tuple[tuple[str, str], ...] = ()
    digest: str | None = None
    stamp: "Stamp | None" = None
    head: str = ""
    comments: int = 0


@dataclass(frozen=True, slots=True)
class Quoted:
    """A batch worked out for some targets; what `start` takes."""

    quote: Quote
    plan: "Plan | None" = None


class BatchDoor(Protocol):
    files: BatchFiles

    def example(self) -> Path: ...

    def read(self, path: Path) -> Sheet: ...

    def unsaved(self, batch: Batch, path: Path) -> Sheet:
        """Return a batch that is in no file yet as one that would be at `path`."""
        ...

    def quote(self, sheet: Sheet, targets: Iterable[Target]) -> Quoted: ...

    def price(
        self, batch: Batch, targets: Iterable[Target], source: str | None, stopped: Callable[[], bool]
    ) -> "LiveQuote | None": ...

    def ranges(self, targets: Iterable[Target]) -> "tuple[TargetRanges, ...]":
        """Return what each target takes, for editors. Raises FluxtuiError for the settings only."""
        ...


class Batches:
    """The real door. `targets` take the place of those that a batch names."""

    def __init__(self, workshop: Workshop, targets: tuple[Target, ...] = ()) -> None:
        self._workshop = workshop
        self._targets = targets
        self.files = BatchFiles(workshop.workspace)
        self._pricer: tuple[Services, Pricer] | None = None

    def example(self) -> Path:
        from fluxtui.resources import examples_folder

        return examples_folder() / EXAMPLE

    def read(self, path: Path) -> Sheet:
        from fluxtui.engine.files import BatchFileError, open_batch

        try:
            opened = open_batch(path)
        except BatchFileError as error:
            return _unreadable(path, error)
        if opened.result is None:
            return replace(_unreadable(path, opened.error), digest=opened.digest, stamp=opened.stamp)
        result = opened.result
        findings = tuple(finding.sentence() for finding in result.warnings)
        wanted = self._targets or result.batch.targets
        sheet = self._sheet(result.batch, path, wanted, format_name=result.format, findings=findings)
        return replace(sheet, digest=opened.digest, stamp=opened.stamp, head=opened.head, comments=opened.comments)

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

    def ranges(self, targets: Iterable[Target]) -> "tuple[TargetRanges, ...]":
        from fluxtui.engine.ranges import ranges_of

        return ranges_of(self._workshop.services(), targets)


def _unreadable(path: Path, error: "BatchFileError | None") -> Sheet:
    """Return what could be read of a file that cannot be used as it is."""
    findings = () if error is None else tuple(finding.sentence() for finding in error.findings)
    batch = (None if error is None else error.partial) or Batch(path.stem, ())
    return Sheet(path, batch, "", findings, True, (), ())
