"""What is wrong in a batch file, where, and what would be right."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from fluxtui.domain.batch import Batch
from fluxtui.domain.problems import FluxtuiError, Problem, ProblemKind
from fluxtui.domain.text import plain

Place: TypeAlias = "tuple[str | int, ...]"
"""Where a value stands: keys and indices (from 0) from the top of the file."""

Lines: TypeAlias = "Callable[[Collection[Place]], Mapping[Place, int]]"
"""Finds the lines (from 1) of places; asked only once something is wrong, as it reads the text again."""


def no_lines(_places: Collection[Place]) -> Mapping[Place, int]:
    return {}


def lines_of_rows(numbers: Sequence[int]) -> Lines:
    """Return what finds the lines in a format of rows: `numbers` holds the line of each, and may still grow."""

    def lines(places: Collection[Place]) -> Mapping[Place, int]:
        return {place: numbers[place[0]] for place in places if isinstance(place[0], int)}

    return lines


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong (or doubtful) in a file. Every text is plain: no escapes, no control characters.

    `line` and `row` count from 1; a row is one task: an entry of a list, a record of a table.
    """

    file: str
    line: int | None
    row: int | None
    field: str | None
    message: str
    advice: str

    def __post_init__(self) -> None:
        for name, limit in (("file", 300), ("field", 120), ("message", 500), ("advice", 500)):
            value: str | None = getattr(self, name)
            if value is not None and not (value.isascii() and value.isprintable() and len(value) <= limit):
                object.__setattr__(self, name, plain(value, limit=limit, newlines=False))

    def sentence(self) -> str:
        """Return e.g. `city.yaml, line 12, size: 99999x1 is too large. Write for example 1024x768.`"""
        where = [self.file]
        if self.line is not None:
            where.append(f"line {self.line}")
        elif self.row is not None:
            where.append(f"row {self.row}")
        if self.field:
            where.append(self.field)
        texts = [text if text.endswith((".", "!", "?")) else f"{text}." for text in (self.message, self.advice) if text]
        return f"{', '.join(where)}: {' '.join(texts)}"


class BatchFileError(FluxtuiError):
    """A batch file that cannot be used as it is, or a batch that a format cannot hold.

    `findings` are all of them, in the order of the file. `partial` holds what could be read.
    """

    def __init__(self, findings: tuple[Finding, ...], partial: Batch | None = None) -> None:
        first = findings[0].sentence()
        more = len(findings) - 1
        super().__init__(
            Problem(
                ProblemKind.INVALID_REQUEST,
                what=first if not more else f"{plain(first, limit=440)} And {more} more.",
                detail="\n".join(finding.sentence() for finding in findings[:20]) if more else None,
            )
        )
        self.findings = findings
        self.partial = partial


def one_finding(file: str, message: str, advice: str = "", *, line: int | None = None) -> BatchFileError:
    """Return the error for a file that cannot be read at all."""
    return BatchFileError((Finding(file, line, None, None, message, advice),))


@dataclass(frozen=True, slots=True)
class ReadResult:
    """A batch as read: which format it was in, and what is doubtful but not wrong."""

    batch: Batch
    format: str
    warnings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class _Note:
    place: Place
    message: str
    advice: str
    line: int | None
    is_error: bool


class Report:
    """Collects what is wrong in one file while it is read, so that all of it is told at once."""

    def __init__(self, file: str, lines: Lines = no_lines) -> None:
        self.file = file
        self.lines = lines
        self._notes: list[_Note] = []
        self._errors = 0

    @property
    def has_errors(self) -> bool:
        return self._errors > 0

    def mark(self) -> int:
        """Return the number of errors so far: the same number later means that nothing went wrong."""
        return self._errors

    def error(self, place: Place, message: str, advice: str = "", *, line: int | None = None) -> None:
        self._errors += 1
        self._notes.append(_Note(place, message, advice, line, is_error=True))

    def warn(self, place: Place, message: str, advice: str = "", *, line: int | None = None) -> None:
        self._notes.append(_Note(place, message, advice, line, is_error=False))

    def findings(self, *, errors: bool) -> tuple[Finding, ...]:
        """Return the errors or the warnings, in the order of the file."""
        notes = [note for note in self._notes if note.is_error is errors]
        wanted = {note.place[:depth] for note in notes if note.line is None for depth in range(1, len(note.place) + 1)}
        known = self.lines(wanted) if wanted else {}
        found = [self._finding(note, known) for note in notes]
        return tuple(sorted(found, key=lambda finding: finding.line or 0))

    def _finding(self, note: _Note, known: Mapping[Place, int]) -> Finding:
        line = note.line
        depth = len(note.place)
        while line is None and depth:
            line = known.get(note.place[:depth])
            depth -= 1
        row, field = _row_and_field(note.place)
        return Finding(self.file, line, row, field, note.message, note.advice)

    def result(self, batch: Batch, format_name: str) -> ReadResult:
        """Return the batch as read. Raises BatchFileError when anything was wrong."""
        self.stop_on_errors(batch if batch.tasks or batch.targets else None)
        return ReadResult(batch, format_name, self.findings(errors=False))

    def stop_on_errors(self, partial: Batch | None = None) -> None:
        errors = self.findings(errors=True)
        if errors:
            raise BatchFileError(errors, partial)


def _row_and_field(place: Place) -> tuple[int | None, str | None]:
    row: int | None = None
    rest = place
    if rest and rest[0] in ("tasks", "prompts") and len(rest) > 1 and isinstance(rest[1], int):
        rest = rest[1:]
    if rest and isinstance(rest[0], int):
        row, rest = rest[0] + 1, rest[1:]
        while len(rest) > 1 and rest[0] in ("payload", "parameters"):
            rest = rest[1:]
    field = ""
    for step in rest:
        field += f"[{step + 1}]" if isinstance(step, int) else f".{step}" if field else step
    return row, field or None
