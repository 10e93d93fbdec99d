"""What a plan will cost and how it departs from what was asked, before anything is sent."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fluxtui.domain.money import Price, dollars, total
from fluxtui.domain.request import Cell
from fluxtui.domain.values import JsonObject


@dataclass(frozen=True, slots=True)
class QuoteLine:
    """One target's part of a quote. The pairs are a sentence and how many cells it concerns."""

    target: str
    pictures: int
    requests: int
    price: Price
    seconds: float | None
    adaptations: tuple[tuple[str, int], ...]
    impossible: tuple[tuple[str, int], ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Quote:
    """The sum of the lines. `seconds` is a rough estimate; lanes run side by side."""

    pictures: int
    requests: int
    price: Price
    seconds: float | None
    lines: tuple[QuoteLine, ...]

    @property
    def impossible(self) -> int:
        return sum(count for line in self.lines for _, count in line.impossible)

    def as_json(self) -> JsonObject:
        return {
            "pictures": self.pictures,
            "requests": self.requests,
            "price": price_json(self.price),
            "seconds": self.seconds,
            "targets": [
                {
                    "target": line.target,
                    "pictures": line.pictures,
                    "requests": line.requests,
                    "price": price_json(line.price),
                    "seconds": line.seconds,
                    "adaptations": [{"what": what, "cells": count} for what, count in line.adaptations],
                    "impossible": [{"what": what, "cells": count} for what, count in line.impossible],
                    "notes": list(line.notes),
                }
                for line in self.lines
            ],
        }


def price_json(price: Price) -> JsonObject:
    """Return a price in dollars; both ends are null while it is unknown."""
    if not price.known:
        return {"low": None, "high": None, "known": False}
    return {"low": dollars(price.low), "high": dollars(price.high), "known": True}


def quote_cells(cells: Iterable[Cell], in_flight: Mapping[str, int]) -> Quote:
    """Sum up `cells`. `in_flight` is how many requests each target bears at once."""
    by_target: dict[str, list[Cell]] = {}
    for cell in cells:
        by_target.setdefault(cell.target, []).append(cell)
    lines = tuple(_line(target, group, in_flight.get(target, 1)) for target, group in by_target.items())
    times = [line.seconds for line in lines if line.seconds is not None]
    return Quote(
        pictures=sum(line.pictures for line in lines),
        requests=sum(line.requests for line in lines),
        price=total(line.price for line in lines),
        seconds=max(times) if times else None,
        lines=lines,
    )


def _line(target: str, cells: list[Cell], in_flight: int) -> QuoteLine:
    possible = [cell for cell in cells if cell.assessment.impossible is None]
    adapted = Counter(a.sentence() for cell in possible for a in cell.assessment.adaptations)
    impossible = Counter(cell.assessment.impossible.what for cell in cells if cell.assessment.impossible is not None)
    notes = dict.fromkeys(note for cell in cells for note in cell.assessment.notes)
    typical = [cell.assessment.seconds for cell in possible if cell.assessment.seconds is not None]
    seconds = None
    if typical:
        seconds = math.ceil(len(possible) / in_flight) * sum(typical) / len(typical)
    return QuoteLine(
        target=target,
        pictures=sum(cell.request.count for cell in possible),
        requests=len(possible),
        price=total(cell.assessment.price for cell in possible),
        seconds=seconds,
        adaptations=tuple(adapted.most_common()),
        impossible=tuple(impossible.most_common()),
        notes=tuple(notes),
    )
