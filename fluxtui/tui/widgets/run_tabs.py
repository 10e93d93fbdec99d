"""One line of tabs: the runs that are live or were opened, the shown one marked."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from textual.events import Click
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from fluxtui.domain.jobs import JobState
from fluxtui.history.records import RunRow
from fluxtui.tui import faces
from fluxtui.tui.ink import Ink, Part, ink_of, strip_of

_NAME = 20


def window(widths: Sequence[int], current: int, room: int) -> range:
    """Return which of the tabs are shown: the current one, and as many around it as fit into `room` cells. Pure."""
    first = last = max(0, min(current, len(widths) - 1))
    used = widths[first] if widths else 0
    while True:
        grown = False
        for at in (last + 1, first - 1):
            if 0 <= at < len(widths) and used + widths[at] <= room:
                used += widths[at]
                first, last = min(first, at), max(last, at)
                grown = True
                break
        if not grown:
            return range(first, last + 1) if widths else range(0)


class RunTabs(Widget):
    """Tabs of runs: number, batch, state as glyph and word, done of all."""

    DEFAULT_CSS = """
    RunTabs { height: 1; display: none; background: $surface; }
    RunTabs.-several { display: block; }
    """

    @dataclass
    class Picked(Message):
        """A tab was clicked."""

        run_id: int

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._runs: tuple[RunRow, ...] = ()
        self._current: int | None = None
        self._spots: list[tuple[range, int]] = []

    def show(self, runs: Sequence[RunRow], current: int | None) -> None:
        """Show these runs, `current` (an id) marked. One run alone needs no tabs."""
        if (tuple(runs), current) != (self._runs, self._current):
            self._runs, self._current = tuple(runs), current
            self.set_class(len(self._runs) > 1, "-several")
            self.refresh()

    def render_line(self, y: int) -> Strip:
        ink, width = ink_of(self.app), self.size.width
        labels = [self._label(run, short=width < 100) for run in self._runs]
        widths = [sum(cell_len(text) for text in label) + 3 for label in labels]
        at = next((index for index, run in enumerate(self._runs) if run.id == self._current), 0)
        shown = window(widths, at, width - 8)
        parts: list[Part] = []
        used = 0
        if shown.start:
            parts.append((f"‹{shown.start} ", ink("muted")))
            used = cell_len(parts[0][0])
        self._spots = []
        for index in shown:
            run = self._runs[index]
            self._spots.append((range(used, used + widths[index]), run.id))
            parts += self._tab(run, labels[index], ink)
            used += widths[index]
        if shown.stop < len(self._runs):
            parts.append((f" {len(self._runs) - shown.stop}›", ink("muted")))
        return strip_of(parts, width, ink("foreground", "surface"))

    def _label(self, run: RunRow, *, short: bool) -> tuple[str, str, str]:
        """Return a tab's (run and batch, state, progress)."""
        name = faces.one_line(run.batch, 10 if short else _NAME)
        here = run.id == self._current
        word = f" {run.state.value}" if here or not short else ""
        done = run.counts.get(JobState.DONE, 0)
        return f"{run.id} {name} ", f"{faces.RUN_GLYPHS[run.state]}{word}", f" {done:,}/{run.jobs:,}"

    def _tab(self, run: RunRow, label: tuple[str, str, str], ink: Ink) -> list[Part]:
        here = run.id == self._current
        on = "cursor" if here else None
        name, state, progress = label
        return [
            ("▌" if here else " ", ink("primary", on)),
            (name, ink("foreground" if here else "muted", on, bold=here)),
            (state, ink(faces.RUN_COLORS[run.state], on)),
            (progress + " ", ink("foreground" if here else "muted", on)),
            (" ", ink(None, "surface")),
        ]

    def on_click(self, event: Click) -> None:
        run_id = next((run_id for spot, run_id in self._spots if event.x in spot), None)
        if run_id is not None:
            self.post_message(self.Picked(run_id))
