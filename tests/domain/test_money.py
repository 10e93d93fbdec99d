"""Money is exact."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxtui.domain.money import Micros, Price, dollars, megapixels_started, show, total, usd

amounts = st.integers(0, 10**12).map(Micros)


@given(st.lists(st.integers(0, 10**9), max_size=50))
def test_sums_are_exact(micros: list[int]) -> None:
    texts = [f"{Decimal(value) / 1_000_000:f}" for value in micros]
    assert sum(usd(text) for text in texts) == sum(micros)
    prices = total(Price.exactly(usd(text)) for text in texts)
    assert (prices.low, prices.high, prices.known) == (sum(micros), sum(micros), True)


@pytest.mark.parametrize(
    ("amount", "micros"),
    [(0.04, 40_000), ("0.0000005", 1), ("0.00000049", 0), (0.1 + 0.2, 300_000), (Decimal("12.5"), 12_500_000), (0, 0)],
)
def test_dollars_round_half_up_to_the_millionth(amount: float | str | Decimal, micros: int) -> None:
    assert usd(amount) == micros


@pytest.mark.parametrize(
    "amount", ["nan", "inf", "-Infinity", "4 cents", "", "1e999999999", "1e99999999", float("nan")]
)
def test_what_is_no_amount_is_refused(amount: float | str) -> None:
    with pytest.raises(ValueError, match="not an amount of money"):
        usd(amount)


@given(amounts)
def test_what_is_shown_reads_back(amount: Micros) -> None:
    text = show(amount)
    assert text.startswith("$")
    assert len(text.partition(".")[2]) >= 2
    assert usd(text[1:]) == amount
    assert usd(dollars(amount)) == amount


@pytest.mark.parametrize(
    ("micros", "text"), [(40_000, "$0.04"), (3_000, "$0.003"), (12_500_000, "$12.50"), (0, "$0.00"), (1, "$0.000001")]
)
def test_amounts_read_like_prices(micros: int, text: str) -> None:
    assert show(Micros(micros)) == text


def test_a_sum_with_an_unknown_part_is_not_known() -> None:
    price = total([Price.exactly(Micros(5)), Price.unknown()])
    assert not price.known
    assert str(price) == "unknown"


def test_a_range_is_shown_as_one() -> None:
    price = Price(Micros(30_000), Micros(45_000)).times(2)
    assert str(price) == "$0.06-$0.09"
    assert str(Price.exactly(Micros(30_000))) == "$0.03"


@pytest.mark.parametrize(("size", "started"), [((1024, 1024), 1), ((1025, 1024), 2), ((1920, 768), 2), ((1, 1), 1)])
def test_megapixels_are_rounded_up(size: tuple[int, int], started: int) -> None:
    assert megapixels_started(*size) == started
