"""The columns of the job table: what there is to choose from, and how they share a width. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

GAP = 2
"""Cells between two columns."""

TABLE = "jobs"
"""The table's name among the person's choices."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. Where cells are short, those that find no room are left out, the last ones first; one that
    `stays` is not.

    It has at least `least` cells and grows up to `most` when there is room. `sort` is the order that its
    heading shows; `extra` says that its facts are read separately.
    """

    id: str
    title: str
    words: str
    least: int
    most: int
    right: bool = False
    stays: bool = False
    sort: str | None = None
    extra: bool = False


_MANY = 400
_WIDEST_MODEL = 22

EVERY: Mapping[str, Column] = {
    column.id: column
    for column in (
        Column("state", "  state", "state", 11, 11, stays=True, sort="state"),
        Column("task", "task", "task", 12, 48, stays=True, sort="task"),
        Column("target", "target", "target", 10, 40, sort="target"),
        Column("time", "time", "time of the last attempt", 6, 6, right=True, sort="seconds"),
        Column("cost", "$", "money: billed, or in doubt", 6, 6, right=True, sort="cost"),
        Column("note", "", "what there is to say: error, wait, adaptations", 20, _MANY, sort="newest"),
        Column("point", "point", "the axis point: style, seed, repeat …", 14, 32, extra=True),
        Column("seed", "seed", "seed of the picture", 10, 10, right=True, extra=True),
        Column("size", "size", "size asked for", 9, 9, right=True, extra=True),
        Column("try", "try", "number of attempts", 3, 3, right=True, sort="attempts"),
        Column("pictures", "pic", "number of pictures", 3, 3, right=True),
        Column("started", "started", "when the last attempt began", 8, 8, right=True, sort="started"),
        Column("quoted", "quoted", "what it was quoted", 6, 6, right=True),
        Column("priority", "prio", "priority", 4, 4, right=True, sort="priority"),
        Column("request", "request id", "the service's id of the last request", 12, 40, extra=True),
        Column("prompt", "prompt", "the beginning of the prompt", 20, _MANY, extra=True),
    )
}
"""Every column, in the order of the chooser."""

DEFAULT = ("state", "task", "target", "time", "cost", "note")


def known(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names that are columns, once each; the usual ones where none is left."""
    found = tuple(dict.fromkeys(name for name in names if name in EVERY))
    return found or DEFAULT


def share(width: int, chosen: Sequence[str], longest_target: int, longest_model: int) -> tuple[tuple[Column, int], ...]:
    """Return the columns that fit into `width` cells, with the cells of each.

    Where whole targets do not fit beside the others, models must do.
    """
    columns = [EVERY[name] for name in chosen]
    least = {column.id: column.least for column in columns}
    most = {column.id: column.most for column in columns}
    if "target" in least:  # no fewer than tell models apart, no more than the longest name
        least["target"] = max(EVERY["target"].least, min(longest_model, _WIDEST_MODEL))
        most["target"] = max(least["target"], min(longest_target, EVERY["target"].most))
    room = width + GAP - sum(least[column.id] + GAP for column in columns if column.stays)
    for column in tuple(columns):
        if column.stays or least[column.id] + GAP <= room:
            room -= 0 if column.stays else least[column.id] + GAP
        else:
            columns.remove(column)
    columns = columns or [EVERY[chosen[0]]]
    cells = _filled(width, columns, least, most)
    if cells.get("target", longest_target) < longest_target:
        most["target"] = max(least["target"], min(longest_model, EVERY["target"].most))
        cells = _filled(width, columns, least, most)
    return tuple((column, cells[column.id]) for column in columns)


def _filled(width: int, columns: Sequence[Column], least: Mapping[str, int], most: Mapping[str, int]) -> dict[str, int]:
    """Return cells by column: the least, then what is left, evenly to those that still grow."""
    cells = {column.id: least[column.id] for column in columns}
    left = width - sum(cells.values()) - GAP * (len(columns) - 1)
    while left > 0:
        growing = [column.id for column in columns if cells[column.id] < most[column.id]]
        if not growing:
            break
        each = max(1, left // len(growing))
        for name in growing:
            more = min(each, most[name] - cells[name], left)
            cells[name] += more
            left -= more
    if left < 0:  # not even the least fits: what can give way does
        widest = max(cells, key=lambda name: cells[name])
        cells[widest] = max(1, cells[widest] + left)
    return cells
