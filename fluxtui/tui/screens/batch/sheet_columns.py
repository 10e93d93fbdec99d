"""The columns of the sheet: which there are, how wide, which are in view. They only ever grow: nothing jumps. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from fluxtui.domain.batch import Batch, Task
from fluxtui.tui import faces
from fluxtui.tui.editing import fields
from fluxtui.tui.editing.difference import LONGEST, MEASURED, Difference
from fluxtui.tui.editing.fields import CONTEXT, PARAMETERS, TEXTS, Column

GAP = 2
"""Cells between two columns."""
_NAME = (12, 28)  # cells: the least and the most
_PROMPT = (20, 96)
_OTHER = (6, 24)
_WORTH = 6  # cells: less of a column says nothing


@dataclass(frozen=True, slots=True)
class Placed:
    """A column in view: where it begins, how many cells it has, and whether it is cut at the edge."""

    column: Column
    x: int
    width: int
    cut: bool = False


class SheetColumns:
    """Name and prompt, whatever some task has, and what a person adds."""

    def __init__(self) -> None:
        self._keys: dict[str, None] = {"name": None, "prompt": None}
        self._widths: dict[str, int] = {}
        self._shown: tuple[Column, ...] = ()

    @property
    def shown(self) -> tuple[Column, ...]:
        """Every column, from left to right; the name comes first and stays in view."""
        return self._shown

    def index(self, key: str) -> int:
        """Return the place of a column, 0 when there is no such."""
        return next((place for place, column in enumerate(self._shown) if column.key == key), 0)

    def open(self, batch: Batch) -> None:
        """Begin anew with another batch."""
        self._keys = dict.fromkeys(column.key for column in fields.columns_of(batch, every=False))
        self._widths = {}
        self._arrange()
        self._measure(batch.tasks[:MEASURED])

    def follow(self, difference: Difference) -> None:
        """Take in the columns and widths that changed tasks need."""
        self._keys.update(dict.fromkeys(difference.keys))
        if len(self._keys) != len(self._shown):
            self._arrange()
        for key, texts in difference.sample.items():
            self._widen(key, texts)

    def add(self, key: str) -> None:
        """Show a column, empty or not."""
        self._keys[key] = None
        self._arrange()

    def drop(self, key: str) -> None:
        """Show a column no more; name and prompt stay."""
        if key not in ("name", "prompt"):
            self._keys.pop(key, None)
            self._arrange()

    def width(self, key: str, room: int) -> int:
        """Return the width of a column in a sheet `room` cells wide; the prompt takes what the others leave."""
        if key == "name":
            return min(self._widths[key], max(_NAME[0], room // 3))
        if key != "prompt":
            return self._widths[key]
        others = sum(self.width(column.key, room) + GAP for column in self._shown if column.key != "prompt")
        return max(_PROMPT[0], min(_PROMPT[1], room - others - 1))

    def place(self, first: int, left: int, room: int) -> list[Placed]:
        """Return the columns in view when column `first` (1 or more) is the leftmost beside the name.

        `left` cells are taken by the gutter; `room` is the width of everything.
        """
        placed: list[Placed] = []
        x = left
        for place, column in enumerate(self._shown):
            if 0 < place < first:
                continue
            if x >= room:
                break
            wanted = self.width(column.key, room - left)
            width = min(wanted, room - x)
            if place > first and width < min(wanted, _WORTH):
                break  # nothing but an ellipsis
            placed.append(Placed(column, x, width, width < wanted))
            x += width + GAP
        return placed

    def reveal(self, index: int, first: int, left: int, room: int) -> int:
        """Return the leftmost column with which column `index` is in view as a whole, moving as little as can be."""
        if index <= 0:
            return first
        first = min(first, index)
        while first < index:
            whole = [p.column.key for p in self.place(first, left, room) if not p.cut]
            if self._shown[index].key in whole:
                break
            first += 1
        return first

    def _arrange(self) -> None:
        order = [key for key in (*TEXTS, *PARAMETERS) if key in self._keys]
        known = {*order, "references", "extra"}
        rest = [key for key in self._keys if key not in known]
        order += [key for key in rest if not key.startswith(CONTEXT)]
        order += [key for key in rest if key.startswith(CONTEXT)]
        order += [key for key in ("references", "extra") if key in self._keys]
        self._shown = tuple(fields.column(key) for key in order)
        for column in self._shown:
            least = _NAME[0] if column.key == "name" else _OTHER[0]
            self._widths.setdefault(column.key, max(least, min(cell_len(faces.one_line(column.title, 40)), _OTHER[1])))

    def _measure(self, tasks: Sequence[Task]) -> None:
        for column in self._shown:
            if column.key != "prompt":
                self._widen(column.key, {fields.text_of(task, column.key)[:LONGEST] for task in tasks})

    def _widen(self, key: str, texts: Iterable[str]) -> None:
        """Make a column as wide as the beginnings of some texts need."""
        most = _NAME[1] if key == "name" else _OTHER[1]
        for text in texts:
            width = len(text) if _simple(text, LONGEST) else cell_len(faces.one_line(text, LONGEST))
            self._widths[key] = max(self._widths[key], min(width, most))


def first_words(text: str, most: int) -> str:
    """Return the beginning of a text as one safe line, at least `most` cells of it."""
    # Cut before it is made safe: a prompt of a megabyte must not cost more than what is seen of it.
    return faces.one_line(text[: 2 * most + 40], most + 1) if not _simple(text, most) else text[: most + 1]


def _simple(text: str, most: int) -> bool:
    start = text[: most + 1]
    return start.isascii() and start.isprintable()
