"""Drawing what changed, nothing that lies between, and never so much at once that a key has to wait.

Textual's compositor draws a partial update by going through every widget that touches the smallest rectangle
around all that changed. While a run is live that is nearly the whole screen, ten times a second: a line at its top
and a row at its bottom change at once. This one asks only the widget that is seen at a place for the lines of it that
changed, and leaves to the next frame what would make this one long.
"""

import time
from collections.abc import Collection, Iterator

from rich.console import Console
from rich.control import Control
from textual._compositor import Compositor, CompositorUpdate
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

FRAME = 0.003
"""Seconds of drawing after which the rest is left to the next frame."""
_AT_ONCE = 8
"""Lines of a widget that are drawn between two looks at the clock."""


class StripsUpdate(CompositorUpdate):
    """Pieces of lines and where they begin (x, y)."""

    def __init__(self, pieces: list[tuple[int, int, Strip]]) -> None:
        self.pieces = pieces

    def render_segments(self, console: Console) -> str:
        """Return what the terminal is sent."""
        return "".join(f"{Control.move_to(x, y).segment.text}{strip.render(console)}" for x, y, strip in self.pieces)


class ExactCompositor(Compositor):
    """Updates exactly the regions that changed. All else is Textual's."""

    def __init__(self) -> None:
        super().__init__()
        self.urgent: Collection[Widget] = ()
        """What is drawn before all else, and whole."""
        self._shown: dict[Widget, tuple[Region, Region]] | None = None
        self._across: dict[int, list[tuple[int, int, Widget]]] = {}

    @property
    def unfinished(self) -> bool:
        """Whether something is still to be drawn."""
        return bool(self._dirty_regions)

    def render_partial_update(self) -> CompositorUpdate | None:  # type: ignore[override]  # it only asks for one of these
        """Return what has to be sent for the regions that are dirty (what fits a frame of it), None when none is."""
        screen, dirty = self.size.region, self._dirty_regions.copy()
        self._dirty_regions.clear()
        inside = [region for each in dirty if (region := each.intersection(screen))]
        seen: dict[Widget, list[Region]] = {}
        for span in self._regions_to_spans(inside):
            for widget, part in self._seen(*span):
                seen.setdefault(widget, []).append(part)
        pieces: list[tuple[int, int, Strip]] = []
        late = time.perf_counter() + FRAME
        for widget in sorted(seen, key=lambda widget: widget not in self.urgent):
            parts = seen[widget]
            while parts and (time.perf_counter() < late or not pieces or widget in self.urgent):
                now, parts = parts[:_AT_ONCE], parts[_AT_ONCE:]
                pieces += _render(widget, self.visible_widgets[widget][0], now)
            self._dirty_regions.update(parts)
        return StripsUpdate(pieces) if pieces else None

    def _seen(self, y: int, start: int, end: int) -> Iterator[tuple[Widget, Region]]:
        """Cut a piece of a line where another widget is seen."""
        across = self._row(y)
        while start < end:
            until = end
            for left, right, widget in across:  # from the front to the back
                if left <= start < right:
                    until = min(until, right)
                    yield widget, Region(start, y, until - start, 1)
                    break
                if start < left < until:
                    until = left
            start = until

    def _row(self, y: int) -> list[tuple[int, int, Widget]]:
        """Return which widgets cross a line of the screen, from where to where, those in front first."""
        shown = self.visible_widgets
        if shown is not self._shown:
            self._shown, self._across = shown, {}
        row = self._across.get(y)
        if row is None:
            seen = ((widget, region.intersection(clip)) for widget, (region, clip) in shown.items())
            row = [(part.x, part.right, widget) for widget, part in seen if part.y <= y < part.bottom]
            self._across[y] = row
        return row


def _render(widget: Widget, region: Region, parts: list[Region]) -> Iterator[tuple[int, int, Strip]]:
    """Have a widget draw some pieces of its lines, which stand in their order."""
    first = parts[0].y
    lines = widget.render_lines(Region(0, first - region.y, region.width, parts[-1].y - first + 1))
    for part in parts:
        if part.y - first < len(lines):
            strip = lines[part.y - first]
            whole = part.width == region.width
            yield part.x, part.y, strip if whole else strip.crop(part.x - region.x, part.right - region.x)


class ExactScreen(Screen[None]):
    """A screen that is drawn by an `ExactCompositor`."""

    def __init__(self) -> None:
        super().__init__()
        self._compositor: ExactCompositor = ExactCompositor()

    def _compositor_refresh(self) -> None:
        super()._compositor_refresh()
        # After what waits by now; behind another screen it is drawn with that one, or not at all.
        if self._compositor.unfinished and self.is_current:
            self.call_later(self._draw_the_rest)

    def _draw_the_rest(self) -> None:
        # What came meanwhile is drawn along with the rest: a refresh forgets who asked for one.
        self._compositor.update_widgets(self._dirty_widgets)
        self._compositor_refresh()


def draw_now(*widgets: Widget) -> None:
    """Draw what changed of widgets of one screen (and of others, as far as time allows) before the next tick."""
    screen = widgets[0].screen
    exact = screen._compositor if isinstance(screen, ExactScreen) else None  # noqa: SLF001
    if exact is not None:
        exact.urgent = widgets
    screen._dirty_widgets.update(widgets)  # noqa: SLF001 - where they would be some turns of the loop later
    try:
        screen._on_timer_update()  # noqa: SLF001 - the tick that would come then
    finally:
        if exact is not None:
            exact.urgent = ()
