"""The lines of the job table: how wide its columns are, and what stands in them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fluxtui.domain.jobs import ACTIVE, JobState
from fluxtui.history.records import JobRow
from fluxtui.tui import faces
from fluxtui.tui.ink import Ink, Part, fit

_WIDEST_TASK = 48


@dataclass(frozen=True, slots=True)
class Columns:
    """Widths of the table's columns in cells; 0 leaves a column out."""

    state: int
    task: int
    target: int
    seconds: int
    cost: int
    note: int


def columns(width: int, longest_target: int, longest_model: int) -> Columns:
    """Share `width` cells out: fixed columns first, then task, target and note. Pure.

    Where whole targets would take more than half of what is left, models must do.
    """
    state, seconds, cost = 11, 6, 6
    gaps = 2 * 4
    rest = max(width - state - seconds - cost - gaps - 1, 12)
    whole = longest_target <= rest // 2
    target = min(max(longest_target if whole else longest_model, 6), max(6, rest // 2))
    task, note = max(rest - target, 6), 0
    if width >= 92:
        task = max(12, min(_WIDEST_TASK, (rest - target) // 2))
        note = rest - target - task - 2
    return Columns(state, task, target, seconds, cost, note)


class JobLines:
    """Draws lines. It knows the names of the targets, so that their column fits."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._longest, self._longest_model = 16, 12

    def set_targets(self, targets: Iterable[str]) -> bool:
        """Tell the names that the column should have room for; True when that changes a width."""
        names = list(targets)
        if not names:
            return False
        before = (self._longest, self._longest_model)
        self._longest = max(map(len, names))
        self._longest_model = max(len(name.partition("/")[2] or name) for name in names)
        return (self._longest, self._longest_model) != before

    def _columns(self, width: int) -> Columns:
        return columns(width, self._longest, self._longest_model)

    def heading(self, width: int, ink: Ink, sorted_by: str, *, descending: bool) -> list[Part]:
        """Return the titles of the columns; the one sorted by carries a mark."""
        c = self._columns(width - 1)
        quiet, active = ink("muted"), ink("foreground", bold=True)

        def head(word: str, sort: str, cells: int, right: bool = False) -> Part:
            mark = ("▾" if descending else "▴") if sort == sorted_by != "position" else ""
            return fit(word + mark, cells, right=right), active if mark else quiet

        parts = [
            (" ", quiet),
            head("  state", "state", c.state),
            ("  ", quiet),
            head("task", "task", c.task),
            ("  ", quiet),
            head("target", "target", c.target),
            ("  ", quiet),
            head("time", "seconds", c.seconds, True),
            ("  ", quiet),
            head("$", "cost", c.cost, True),
        ]
        return [*parts, ("  ", quiet), head("", "newest", c.note)] if c.note else parts

    def row(self, row: JobRow | None, width: int, ink: Ink) -> list[Part]:
        """Return one job's line; a quiet dot while its row is being read."""
        c = self._columns(width)
        quiet = ink("muted")
        if row is None:
            return [(fit("  ·", width), ink("faint"))]
        color = ink(faces.color_of(row.state))
        settled = row.state in (JobState.QUEUED, JobState.CANCELLED)
        name = quiet if settled else ink("foreground")
        money = faces.job_money(row.billed, row.uncertain, row.certainty)
        parts = [
            (fit(f"{faces.GLYPHS[row.state]} {row.state.label}", c.state), color),
            ("  ", quiet),
            (fit(faces.one_line(row.task, 200), c.task), name),
            ("  ", quiet),
            (fit(self._target_name(row.target, c.target), c.target), quiet),
            ("  ", quiet),
            (fit(self._seconds(row), c.seconds, right=True), name if row.state in ACTIVE else quiet),
            ("  ", quiet),
            (fit(money, c.cost, right=True), ink("state-in-doubt") if row.uncertain else quiet),
        ]
        if c.note:
            text, style = self._note(row, ink)
            parts += [("  ", quiet), (fit(text, c.note), style)]
        return parts

    def _target_name(self, target: str, width: int) -> str:
        """Leave the provider out, in every row, where not all targets fit whole: models tell them apart."""
        name = faces.one_line(target, 200)
        return name if self._longest <= width else name.partition("/")[2] or name

    def _seconds(self, row: JobRow) -> str:
        if row.state in ACTIVE and row.started_at is not None:
            return faces.whole_seconds(self._clock() - row.started_at)
        if row.state is JobState.QUEUED or row.seconds is None:
            return "—"
        return faces.duration(row.seconds)

    def _note(self, row: JobRow, ink: Ink) -> Part:
        if row.state is JobState.QUEUED and row.not_before is not None:
            left = row.not_before - self._clock()
            if left > 0:
                return f"try {row.attempts + 1} in {faces.duration(float(int(left) + 1)).replace('.0', '')}", ink(
                    "warning"
                )
        if row.problem and row.state is not JobState.DONE:
            return faces.one_line(row.problem, 200), ink(faces.color_of(row.state))
        words = []
        if row.attempts > 1:
            words.append(f"try {row.attempts}")
        if row.adapted:
            words.append("1 adaptation" if row.adapted == 1 else f"{row.adapted} adaptations")
        return " · ".join(words), ink("muted")
