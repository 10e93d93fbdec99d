"""Money: whole millionths of a US dollar, so that sums are exact."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import NewType

Micros = NewType("Micros", int)
"""An amount in millionths of a US dollar."""

ZERO = Micros(0)

_ABSURD = Decimal(10) ** 12  # dollars; beyond it "1e99999999" would become a number that fills the memory


def usd(amount: float | str | Decimal) -> Micros:
    """Return dollars as micros, rounded half up to the millionth.

    Raises ValueError when `amount` is no finite number, or an absurd one (a trillion and more).
    """
    try:
        value = Decimal(str(amount))
    except ArithmeticError as error:
        raise ValueError(f"not an amount of money: {amount!r}") from error
    if not value.is_finite() or value.copy_abs() >= _ABSURD:
        raise ValueError(f"not an amount of money: {amount!r}")
    return Micros(int((value * 1_000_000).to_integral_value(ROUND_HALF_UP)))


def dollars(amount: Micros) -> float:
    """Return micros as dollars for JSON output."""
    return round(amount / 1_000_000, 6)


def show(amount: Micros) -> str:
    """Return `amount` as people read it: `$0.04`, `$0.003`, `$12.50`; never fewer than two decimals."""
    text = f"{amount / 1_000_000:.6f}".rstrip("0")
    whole, _, decimals = text.partition(".")
    return f"${whole}.{decimals.ljust(2, '0')}"


class Certainty(StrEnum):
    """How sure a receipt is."""

    SETTLED = "settled"  # the service said what it billed
    ESTIMATED = "estimated"  # the catalog's price; the service does not tell
    UNKNOWN = "unknown"  # it may have been billed, nobody can tell yet


@dataclass(frozen=True, slots=True)
class Price:
    """What one request will cost, before it is sent. `high` is what a cap reserves."""

    low: Micros
    high: Micros
    known: bool = True

    @classmethod
    def exactly(cls, amount: Micros) -> "Price":
        return cls(amount, amount)

    @classmethod
    def unknown(cls) -> "Price":
        """A price that nobody has told us; never shown as zero."""
        return cls(ZERO, ZERO, known=False)

    def times(self, count: int) -> "Price":
        return Price(Micros(self.low * count), Micros(self.high * count), self.known)

    def __str__(self) -> str:
        if not self.known:
            return "unknown"
        return show(self.low) if self.low == self.high else f"{show(self.low)}-{show(self.high)}"


def total(prices: Iterable[Price]) -> Price:
    """Return the sum of `prices`; known only when every part is."""
    low = high = 0
    known = True
    for price in prices:
        low, high, known = low + price.low, high + price.high, known and price.known
    return Price(Micros(low), Micros(high), known)


def megapixels_started(width: int, height: int) -> int:
    """Return the megapixels that are billed: pixels over 1,048,576, rounded up, at least one.

    Source: the price formula of Black Forest Labs; Azure's measured costs agree.
    """
    return max(1, math.ceil(width * height / 1_048_576))
