"""The quote of a batch that is being edited: whatever did not change since the last one is not asked again.

What a provider says of a task is kept by task, target and axes, so that a keystroke in one of 1,000 tasks costs
one task. The sums are those of `plan.plan`, to the millionth and the letter; but what is wrong in one row spoils
the quote of that row only, and is told.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from itertools import product

from fluxtui.batchfiles.single import task_errors
from fluxtui.domain.batch import Batch, Target, Task
from fluxtui.domain.problems import FluxtuiError, Problem
from fluxtui.domain.values import JsonValue, canonical_json
from fluxtui.engine import plan, references
from fluxtui.engine.quote import Quote, Tally, quote_tallies
from fluxtui.engine.services import Services

REFERENCES_HOLD = 2.0
"""Seconds for which the look at a reference file counts."""


class Severity(StrEnum):
    """How bad it is, worst first."""

    WRONG = "wrong"  # the row cannot be priced, or no file could hold it: it has to be corrected before a start
    IMPOSSIBLE = "impossible"  # this target cannot draw it; it costs nothing
    ADAPTED = "adapted"  # drawn, but not as asked


@dataclass(frozen=True, slots=True)
class RowNote:
    """One thing to say about a row. `target` is empty where it concerns them all, `cells` how many cells."""

    severity: Severity
    target: str
    sentence: str
    cells: int = 1


@dataclass(frozen=True, slots=True)
class Notice:
    """The same thing said of many rows (from 0, in order)."""

    severity: Severity
    target: str
    sentence: str
    rows: tuple[int, ...]
    cells: int


@dataclass(slots=True)
class _Priced:
    """What is known of one task: its tally by group of targets, and what is wrong with it."""

    task: Task
    references: tuple[Problem | None, ...]
    errors: tuple[str, ...]
    tallies: dict[str, Tally] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LiveQuote:
    """A quote, and what there is to say by row.

    `jobs` is how many the whole batch makes (requests and impossible ones). `problem` is what concerns no row
    (a target that cannot be used, too many cells): then nothing is priced.
    """

    quote: Quote
    repeat: int = 1
    problem: Problem | None = None
    _rows: tuple[_Priced, ...] = ()
    _groups: tuple[tuple[str, str], ...] = ()

    @property
    def jobs(self) -> int:
        return self.quote.requests + self.quote.impossible

    @cached_property
    def wrong_rows(self) -> tuple[int, ...]:
        """The rows that have to be corrected before a start."""
        return tuple(row for row in range(len(self._rows)) if self.worst(row) is Severity.WRONG)

    def worst(self, row: int) -> Severity | None:
        """Return the worst there is to say about a row, None when all is well (or not priced)."""
        priced = self._of(row)
        if priced is None:
            return None
        if priced.errors or any(key in priced.wrong for key, _ in self._groups):
            return Severity.WRONG
        tallies = [priced.tallies[key] for key, _ in self._groups if key in priced.tallies]
        if any(tally.impossible for tally in tallies):
            return Severity.IMPOSSIBLE
        return Severity.ADAPTED if any(tally.adapted for tally in tallies) else None

    def pictures(self, row: int) -> int:
        """Return how many pictures a row makes."""
        priced = self._of(row)
        tallies = {} if priced is None else priced.tallies
        return sum(tallies[key].pictures for key, _ in self._groups if key in tallies) * self.repeat

    def of_row(self, row: int) -> tuple[RowNote, ...]:
        """Return everything to say about a row, worst first."""
        priced = self._of(row)
        if priced is None:
            return ()
        notes = [RowNote(Severity.WRONG, "", sentence) for sentence in priced.errors]
        for key, target in self._groups:
            if key in priced.wrong:
                notes.append(RowNote(Severity.WRONG, target, priced.wrong[key]))
            tally = priced.tallies.get(key, _NOTHING)
            pairs = [(Severity.IMPOSSIBLE, tally.impossible), (Severity.ADAPTED, tally.adapted)]
            for severity, sentences in pairs:
                notes += [RowNote(severity, target, what, n * self.repeat) for what, n in sentences.items()]
        return tuple(sorted(notes, key=lambda note: _ORDER[note.severity]))

    @cached_property
    def notices(self) -> tuple[Notice, ...]:
        """Everything to say, the same of many rows put together: worst first, then the most rows."""
        rows: dict[tuple[Severity, str, str], list[int]] = {}
        cells: dict[tuple[Severity, str, str], int] = {}
        for row in range(len(self._rows)):
            if self.worst(row) is None:
                continue
            for note in self.of_row(row):
                what = (note.severity, note.target, note.sentence)
                rows.setdefault(what, []).append(row)
                cells[what] = cells.get(what, 0) + note.cells
        found = [Notice(*what, tuple(where), cells[what]) for what, where in rows.items()]
        return tuple(sorted(found, key=lambda notice: (_ORDER[notice.severity], -notice.cells)))

    def _of(self, row: int) -> _Priced | None:
        return self._rows[row] if 0 <= row < len(self._rows) else None


_NOTHING = Tally()
_ORDER = {severity: place for place, severity in enumerate(Severity)}
_EMPTY = quote_tallies({}, {})


@dataclass(frozen=True, slots=True)
class _Setting:
    """What the answers about a task depend on beside the task. Targets of one name make one line of a quote."""

    batch: Batch
    groups: tuple[tuple[str, str, tuple[Target, ...]], ...]
    points: Sequence[dict[str, JsonValue]]
    source: str | None


class Pricer:
    """Quotes a batch again and again. One call works at a time; another waits for it to end or to be stopped."""

    def __init__(self, services: Services, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._services = services
        self._clock = clock
        self._lock = threading.Lock()
        self._context = ""
        self._known: dict[int, _Priced] = {}
        self._looked: dict[str, tuple[float, Problem | None]] = {}

    def quote(
        self,
        batch: Batch,
        targets: Iterable[Target] = (),
        *,
        source: str | None = None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> LiveQuote | None:
        """Price `batch` for `targets` (as `plan.plan` chooses them). Blocks: to be called in a thread.

        Returns None when `stopped` said so; what was worked out until then is kept. Never raises FluxtuiError.
        """
        with self._lock:
            try:
                prepared = plan.prepared(batch, self._services, targets=targets)
                setting = self._setting(prepared, source)
                for target in prepared.targets:
                    for name in target.fallback:
                        self._services.resolve(Target.parse(name))
            except FluxtuiError as error:
                return LiveQuote(_EMPTY, problem=error.problem)
            rows = []
            for task in batch.tasks:
                if stopped():
                    return None
                rows.append(self._priced(task, setting))
            self._forget(batch)
            return self._summed(prepared, setting, tuple(rows))

    def _setting(self, batch: Batch, source: str | None) -> _Setting:
        by_name: dict[str, list[Target]] = {}
        for target in batch.targets:
            by_name.setdefault(target.name, []).append(target)
        groups = tuple(
            (canonical_json([target.as_json() for target in same]), name, tuple(same)) for name, same in by_name.items()
        )
        axes = [[axis.name, list(axis.values)] for axis in batch.axes]
        context = canonical_json({"axes": axes, "defaults": dict(batch.defaults), "source": source})
        if context != self._context:
            self._context = context
            self._known.clear()
        # Repeats multiply what is known of one: they are no reason to ask again.
        return _Setting(replace(batch, repeat=1), groups, plan.points(batch.axes), source)

    def _priced(self, task: Task, setting: _Setting) -> _Priced:
        placed = plan.located(task, plan.folder_of(setting.source))
        found = tuple(self._look(r) for r in placed.references if references.is_file(r))
        known = self._known.get(id(task))
        if known is None or known.references != found:
            errors = tuple(_said(finding.field, finding.message, finding.advice) for finding in task_errors(task))
            known = self._known[id(task)] = _Priced(task, found, errors)
        for key, _, targets in setting.groups:
            if key not in known.tallies and key not in known.wrong:
                try:
                    known.tallies[key] = self._tally(placed, targets, setting)
                except FluxtuiError as error:
                    known.wrong[key] = error.problem.what
        return known

    def _tally(self, task: Task, targets: Sequence[Target], setting: _Setting) -> Tally:
        tally = Tally()
        for point, target in product(setting.points, targets):
            for request, assessment in plan.assessed(setting.batch, task, target, point, self._services):
                tally.add(request, assessment)
            if target.fallback:
                plan.fallbacks_of(setting.batch, task, target, point, self._services)
        return tally

    def _look(self, reference: str) -> Problem | None:
        """Return what is wrong with a reference file; a look at the disk counts for a while."""
        now = self._clock()
        when, problem = self._looked.get(reference, (now - REFERENCES_HOLD, None))
        if now - when >= REFERENCES_HOLD:
            problem = references.problem_with(reference)
            self._looked[reference] = (now, problem)
        return problem

    def _forget(self, batch: Batch) -> None:
        """Keep what an undo may need again, but not without end."""
        if len(self._known) > 2 * len(batch.tasks) + 1000:
            now = {id(task) for task in batch.tasks}
            self._known = {key: known for key, known in self._known.items() if key in now}
        if len(self._looked) > 10_000:
            self._looked.clear()

    def _summed(self, batch: Batch, setting: _Setting, rows: tuple[_Priced, ...]) -> LiveQuote:
        tallies: dict[str, Tally] = {}
        for key, name, _ in setting.groups:
            tally = Tally()
            for row in rows:
                if key in row.tallies:
                    tally.merge(row.tallies[key], batch.repeat)
            if rows and setting.points:
                tallies[name] = tally
        quote = quote_tallies(tallies, plan.paces(batch.targets, self._services))
        groups = tuple((key, name) for key, name, _ in setting.groups)
        return LiveQuote(quote, batch.repeat, None, rows, groups)


def _said(where: str | None, message: str, advice: str) -> str:
    texts = [text if text.endswith((".", "!", "?")) else f"{text}." for text in (message, advice) if text]
    said = " ".join(texts)
    return f"{where}: {said}" if where and where not in message else f"{said[0].upper()}{said[1:]}"
