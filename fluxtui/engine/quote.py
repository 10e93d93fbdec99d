"""What a plan will cost and how it departs from what was asked, before anything is sent."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from fluxtui.domain.money import Micros, Price, dollars, total
from fluxtui.domain.request import Assessment, Cell, ImageRequest
from fluxtui.domain.values import JsonObject

T = TypeVar("T")


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


@dataclass(slots=True)
class Tally:
    """Adds up cells of one target, and other tallies of it. The order of adding is that of the cells."""

    pictures: int = 0
    requests: int = 0
    low: int = 0
    high: int = 0
    known: bool = True
    adapted: dict[str, int] = field(default_factory=dict)
    impossible: dict[str, int] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)
    seconds: dict[float, int] = field(default_factory=dict)

    def add(self, request: ImageRequest, assessment: Assessment) -> None:
        """Count one cell."""
        self.notes.update(dict.fromkeys(assessment.notes))
        if assessment.impossible is not None:
            _count(self.impossible, assessment.impossible.what, 1)
            return
        self.pictures += request.count
        self.requests += 1
        self.low += assessment.price.low
        self.high += assessment.price.high
        self.known = self.known and assessment.price.known
        for adaptation in assessment.adaptations:
            _count(self.adapted, adaptation.sentence(), 1)
        if assessment.seconds is not None:
            _count(self.seconds, assessment.seconds, 1)

    def merge(self, other: "Tally", times: int = 1) -> None:
        """Count every cell of `other`, each so many times."""
        self.pictures += other.pictures * times
        self.requests += other.requests * times
        self.low += other.low * times
        self.high += other.high * times
        self.known = self.known and other.known
        if other.notes:
            self.notes.update(other.notes)
        for sentence, count in other.adapted.items():
            _count(self.adapted, sentence, count * times)
        for sentence, count in other.impossible.items():
            _count(self.impossible, sentence, count * times)
        for seconds, count in other.seconds.items():
            _count(self.seconds, seconds, count * times)

    def line(self, target: str, in_flight: int) -> QuoteLine:
        """Return the sum. `in_flight` is how many requests the target bears at once."""
        seconds = None
        if self.seconds:
            # In the order of size: the sum of floats depends on the order, and must not on how it was added up.
            typical = sum(one * count for one, count in sorted(self.seconds.items())) / sum(self.seconds.values())
            seconds = math.ceil(self.requests / in_flight) * typical
        return QuoteLine(
            target=target,
            pictures=self.pictures,
            requests=self.requests,
            price=Price(Micros(self.low), Micros(self.high), self.known),
            seconds=seconds,
            adaptations=tuple(sorted(self.adapted.items(), key=_times, reverse=True)),
            impossible=tuple(sorted(self.impossible.items(), key=_times, reverse=True)),
            notes=tuple(self.notes),
        )


def quote_cells(cells: Iterable[Cell], in_flight: Mapping[str, int]) -> Quote:
    """Sum up `cells`. `in_flight` is how many requests each target bears at once."""
    tallies: dict[str, Tally] = {}
    for cell in cells:
        tallies.setdefault(cell.target, Tally()).add(cell.request, cell.assessment)
    return quote_tallies(tallies, in_flight)


def quote_tallies(tallies: Mapping[str, Tally], in_flight: Mapping[str, int]) -> Quote:
    """Return the quote of what was added up by target. `in_flight` as in `quote_cells`."""
    lines = tuple(tally.line(target, in_flight.get(target, 1)) for target, tally in tallies.items())
    times = [line.seconds for line in lines if line.seconds is not None]
    return Quote(
        pictures=sum(line.pictures for line in lines),
        requests=sum(line.requests for line in lines),
        price=total(line.price for line in lines),
        seconds=max(times) if times else None,
        lines=lines,
    )


def _count(counts: dict[T, int], what: T, times: int) -> None:
    counts[what] = counts.get(what, 0) + times


def _times(pair: tuple[str, int]) -> int:
    return pair[1]
