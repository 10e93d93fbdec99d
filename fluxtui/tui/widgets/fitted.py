"""Text that is laid out for the width it has: drawn anew when that changes."""

from collections.abc import Callable

from textual.content import Content
from textual.widgets import Static

from fluxtui.tui.widgets.quietly import say


class Fitted(Static):
    """Shows what a function makes of the width in cells. `made_for` is the width that it was made for last."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__("", id=id, markup=False)
        self._make: Callable[[int], Content] = lambda _: Content("")
        self.made_for = 0

    def show(self, make: Callable[[int], Content]) -> None:
        self._make, self.made_for = make, self.size.width
        say(self, make(self.made_for))

    def on_resize(self) -> None:
        if self.size.width != self.made_for:
            self.show(self._make)
