"""The lines of the job table: what stands in the columns of a job, and the headings of groups."""

import time
from collections.abc import Callable, Iterable
from functools import lru_cache

from rich.cells import cell_len

from fluxtui.domain.jobs import ACTIVE, JobState
from fluxtui.history.job_list import GroupTally
from fluxtui.history.records import JobExtras, JobRow
from fluxtui.tui import faces
from fluxtui.tui.ink import Ink, Part, fit
from fluxtui.tui.widgets import job_columns
from fluxtui.tui.widgets.job_columns import GAP, Column

_BAR = 16
_BETWEEN = " " * GAP


@lru_cache(maxsize=8192)
def _safe(text: str) -> str:
    return faces.one_line(text, 240)


class JobLines:
    """Draws lines. It knows the chosen columns, and the names of the targets so that theirs fits."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._longest, self._longest_model = 16, 12
        self.chosen: tuple[str, ...] = job_columns.DEFAULT
        self._shared: dict[int, tuple[tuple[Column, int], ...]] = {}

    def set_targets(self, targets: Iterable[str]) -> bool:
        """Tell the names that the column should have room for; True when that changes a width."""
        names = list(targets)
        if not names:
            return False
        before = (self._longest, self._longest_model)
        self._longest = max(map(len, names))
        self._longest_model = max(len(name.partition("/")[2] or name) for name in names)
        self._shared.clear()
        return (self._longest, self._longest_model) != before

    def set_columns(self, chosen: Iterable[str]) -> None:
        self.chosen = job_columns.known(chosen)
        self._shared.clear()

    @property
    def extras(self) -> bool:
        """Whether a chosen column shows what is read separately."""
        return any(job_columns.EVERY[name].extra for name in self.chosen)

    def columns(self, width: int) -> tuple[tuple[Column, int], ...]:
        """Return the columns and their cells in a line of `width` cells."""
        shared = self._shared.get(width)
        if shared is None:
            self._shared.clear()  # one width at a time
            shared = job_columns.share(width - 1, self.chosen, self._longest, self._longest_model)
            self._shared[width] = shared
        return shared

    def heading(self, width: int, ink: Ink, sorted_by: str, *, descending: bool) -> list[Part]:
        """Return the titles of the columns; the one sorted by carries a mark."""
        quiet, active = ink("muted"), ink("foreground", bold=True)
        parts: list[Part] = [(" ", quiet)]
        for column, cells in self.columns(width - 1):
            here = column.sort == sorted_by and (sorted_by != "position")
            mark = ("▾" if descending else "▴") if here else ""
            title = fit(column.title + mark, cells, right=column.right)
            parts.append((title + _BETWEEN, active if here else quiet))
        return parts

    def row(self, row: JobRow | None, more: JobExtras | None, width: int, ink: Ink) -> list[Part]:
        """Return one job's line; a quiet dot while its row is being read."""
        if row is None:
            return [(fit("  ·", width), ink("faint"))]
        parts: list[Part] = []
        for column, cells in self.columns(width):
            text, color = self._cell(column.id, row, more, cells)
            parts.append((fit(text, cells, right=column.right) + _BETWEEN, ink(color)))
        return parts

    def _cell(self, column: str, row: JobRow, more: JobExtras | None, cells: int) -> tuple[str, str]:
        """Return a column's text and the theme variable of its colour."""
        settled = row.state in (JobState.QUEUED, JobState.CANCELLED)
        match column:
            case "state":
                if row.held and row.state is JobState.QUEUED:
                    return "‖ held", "muted"
                return f"{faces.GLYPHS[row.state]} {row.state.label}", faces.color_of(row.state)
            case "task":
                return _safe(row.task), "muted" if settled else "foreground"
            case "target":
                return self._target_name(row.target, cells), "muted"
            case "time":
                return self._seconds(row), "foreground" if row.state in ACTIVE else "muted"
            case "cost":
                money = faces.job_money(row.billed, row.uncertain, row.certainty)
                return money, "state-in-doubt" if row.uncertain else "muted"
            case "note":
                return self._note(row)
            case _:
                return self._further(column, row, more), "muted"

    def _further(self, column: str, row: JobRow, more: JobExtras | None) -> str:
        match column:
            case "try":
                return str(row.attempts) if row.attempts else "—"
            case "pictures":
                return str(row.pictures) if row.pictures else "—"
            case "started":
                return "—" if row.started_at is None else time.strftime("%H:%M:%S", time.localtime(row.started_at))
            case "quoted":
                return faces.short_money(row.quoted)
            case "priority":
                return f"{row.priority:+d}" if row.priority else "—"
            case _ if more is None:
                return ""
            case "seed":
                return "—" if more.seed is None else str(more.seed)
            case "size":
                return more.size or "—"
            case "point":
                words = [f"{name} {value}" for name, value in more.axis_point.items()]
                if more.repeat > 1:
                    words.append(f"repeat {more.repeat}")
                return _safe(" · ".join(words)) or "—"
            case "request":
                return _safe(more.request_id or "—")
            case _:
                return _safe(more.prompt)

    def _target_name(self, target: str, width: int) -> str:
        """Leave the provider out, in every row, where not all targets fit whole: models tell them apart."""
        name = _safe(target)
        return name if self._longest <= width else name.partition("/")[2] or name

    def _seconds(self, row: JobRow) -> str:
        if row.state in ACTIVE and row.started_at is not None:
            return faces.whole_seconds(self._clock() - row.started_at)
        if row.state is JobState.QUEUED or row.seconds is None:
            return "—"
        return faces.duration(row.seconds)

    def _note(self, row: JobRow) -> tuple[str, str]:
        if row.state is JobState.QUEUED and row.not_before is not None:
            left = row.not_before - self._clock()
            if left > 0:
                return f"try {row.attempts + 1} in {faces.countdown(left)}", "warning"
        if row.problem and row.state is not JobState.DONE:
            return _safe(row.problem), faces.color_of(row.state)
        words = []
        if row.attempts > 1:
            words.append(f"try {row.attempts}")
        if row.adapted:
            words.append("1 adaptation" if row.adapted == 1 else f"{row.adapted} adaptations")
        return " · ".join(words), "muted"

    # --- groups ----------------------------------------------------------------------------------

    def group(self, name: str, tally: GroupTally | None, *, folded: bool, by: str, width: int, ink: Ink) -> list[Part]:
        """Return a group's line: its name, a bar of its states, their counts, its money."""
        quiet = ink("muted")
        label, color = group_label(name, by)
        mark = "▸ " if folded else "▾ "
        if tally is None:
            return [(mark, ink("primary")), (label, ink(color, bold=True))]
        name_cells = max(10, min(36, width * 2 // 5)) - len(mark)
        bar_width = 0 if by == "state" else (_BAR if width >= 70 else 8)
        parts: list[Part] = [
            (mark, ink("primary")),
            (fit(label, name_cells), ink(color, bold=True)),
            (f"{tally.jobs:>8,}  ", quiet),
        ]
        if bar_width:
            parts += [(part.glyph * part.cells, ink(part.color)) for part in faces.bar(tally.counts, bar_width)]
            parts.append(("  ", quiet))
        money = faces.group_money(tally.billed, tally.uncertain)
        room = width - name_cells - len(mark) - 10 - bar_width - 2 - 1
        money = fit(money, min(cell_len(money), room))
        room -= cell_len(money)
        for color, text in [] if by == "state" else faces.group_counts(tally.counts):
            if cell_len(text) + 2 > room:
                break
            parts.append((f"{text}  ", ink(color)))
            room -= cell_len(text) + 2
        parts.append((" " * max(room + (2 if not bar_width else 0), 0), quiet))
        parts.append((money, ink("state-in-doubt") if tally.uncertain else quiet))
        return parts


def group_label(name: str, by: str) -> tuple[str, str]:
    """Return how a group is called, and the theme variable of its colour."""
    if by == "state":
        state = JobState(name)
        return f"{faces.GLYPHS[state]} {state.label}", faces.color_of(state)
    return _safe(name) or "(no name)", "foreground"
