"""Saying again what may have changed, and drawing (or laying out) only where it has.

A layout walks every widget of the screen, and a title redraws its whole pane: both cost more than a frame
is worth while a run changes ten times a second.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Self

from textual.containers import Container
from textual.content import Content
from textual.geometry import Region
from textual.widget import Widget
from textual.widgets import Static


def say(static: Static, content: Content) -> None:
    """Show `content`. The screen is laid out again only when it takes another number of lines."""
    before, width = static.content, static.content_size.width
    if isinstance(before, Content) and before.is_same(content):
        return
    fixed = width > 0 and isinstance(before, Content)
    same_height = fixed and _height(before, static, width) == _height(content, static, width)
    static.update(content, layout=not same_height)


def _height(content: object, static: Static, width: int) -> int:
    return content.get_height(static.styles.get_rules(), width) if isinstance(content, Content) else 0


class Pane(Container):
    """A container whose title can change without its contents being drawn again."""

    _only_border = False

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        if self._only_border:
            (width, height), (x, y) = self.outer_size, self.content_offset
            regions = (Region(-x, -y, width, 1), Region(-x, height - 1 - y, width, 1))
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    @contextmanager
    def entitling(self) -> Iterator[None]:
        """What is refreshed within is the border alone."""
        self._only_border = True
        try:
            yield
        finally:
            self._only_border = False


def entitle(pane: Widget, title: Content, subtitle: Content | None = None) -> None:
    """Set what stands in a pane's border; `subtitle` None leaves that as it is."""
    with pane.entitling() if isinstance(pane, Pane) else nullcontext():
        if pane.border_title != title.markup:
            pane.border_title = title
        if subtitle is not None and pane.border_subtitle != subtitle.markup:
            pane.border_subtitle = subtitle


class Line(Widget):
    """One line of text, drawn again only when it says something else. Subclasses make its `text` of `facts`."""

    _told: object = None

    def facts(self) -> object:
        """Return all that the text comes of, cheap to make and to compare: every piece of news asks for it."""
        return None

    def text(self) -> Content:
        """Return what the line says now."""
        return Content("")

    def renew(self) -> None:
        """What the line tells of may have changed."""
        if self.facts() != self._told:
            self.refresh()

    def render(self) -> Content:
        self._told = self.facts()
        return self.text()
