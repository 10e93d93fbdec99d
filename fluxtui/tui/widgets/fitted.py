"""Text that is laid out for the width it has: drawn anew when that changes."""

from collections.abc import Callable

from textual.content import Content
from textual.widgets import Static


class Fitted(Static):
    """Shows what a function makes of the width in cells."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__("", id=id, markup=False)
        self._make: Callable[[int], Content] = lambda _: Content("")
        self._width = 0

    def show(self, make: Callable[[int], Content]) -> None:
        self._make, self._width = make, self.size.width
        self.update(make(self._width))

    def on_resize(self) -> None:
        if self.size.width != self._width:
            self.show(self._make)
