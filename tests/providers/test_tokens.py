"""Tokens: the published counts, the published prices, and estimates that hold what was billed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxtui.domain.money import Micros, Price, usd
from fluxtui.domain.size import Size
from fluxtui.providers import catalog, tokens
from fluxtui.providers.catalog import TokenPrices


def prices(model: str) -> TokenPrices:
    rule = catalog.service("openai").models[model].price
    assert rule is not None
    assert rule.tokens is not None
    return rule.tokens


@pytest.mark.parametrize(
    ("model", "quality", "size", "count"),
    [
        ("gpt-image-2", "low", "1024x1024", 196),
        ("gpt-image-2", "medium", "1024x1024", 1756),
        ("gpt-image-2", "high", "1024x1024", 7024),
        ("gpt-image-2", "high", "1536x1024", 5488),
        ("gpt-image-2", "high", "1024x1536", 5488),
        ("gpt-image-2", "high", "1792x1024", 5063),
        ("gpt-image-2", "high", "3584x2048", 12329),
        ("gpt-image-2.5-flare", "medium", "1024x1024", 439),
        ("gpt-image-2.5-flare", "high", "1024x1024", 1756),
        ("gpt-image-2.5-sunburst", "xhigh", "1024x1024", 3122),
        ("gpt-image-2.5-sunburst", "max", "1024x1024", 7024),
        ("gpt-image-1.5", "high", "1024x1024", 4160),
        ("gpt-image-1.5", "high", "1024x1536", 6240),
        ("gpt-image-2", "max", "1024x1024", None),
    ],
)
def test_the_published_counts(model: str, quality: str, size: str, count: int | None) -> None:
    assert tokens.of_picture(prices(model), quality, Size.parse(size)) == count


@pytest.mark.parametrize(
    ("model", "quality", "dollars"),
    [
        ("gpt-image-2", "low", 0.006),
        ("gpt-image-2", "high", 0.211),
        ("gpt-image-2.5-flare", "xhigh", 0.094),
        ("gpt-image-1.5", "medium", 0.034),
        ("gpt-image-1-mini", "high", 0.036),
    ],
)
def test_the_published_prices(model: str, quality: str, dollars: float) -> None:
    found = tokens.estimate(prices(model), quality, Size(1024, 1024), prompt="a fox", count=1, references=0)
    assert found.low == found.high
    assert round(found.high / 1_000_000, 3) == dollars


def test_what_the_service_chooses_makes_a_range() -> None:
    def estimate(quality: str, size: Size | None, references: int = 0) -> Price:
        return tokens.estimate(prices("gpt-image-2"), quality, size, prompt="a fox", count=2, references=references)

    square = Size(1024, 1024)
    assert estimate("auto", square) == Price(usd("0.0117"), usd("0.4215"))
    assert estimate("high", None) == Price(usd("0.3292"), usd("0.4215"))
    assert estimate("high", square, 1).high - estimate("high", square).high == usd("0.052")
    assert not estimate("hyper", square).known


@pytest.mark.parametrize(
    ("model", "usage", "micros"),
    [
        ("gpt-image-2", {"input_tokens": 14, "output_tokens": 1756}, 14 * 5 + 1756 * 30),
        (
            "gpt-image-2",
            {
                "input_tokens": 314,
                "input_tokens_details": {"text_tokens": 14, "image_tokens": 300},
                "output_tokens": 1756,
                "output_tokens_details": {"image_tokens": 1756, "text_tokens": 0},
            },
            14 * 5 + 300 * 8 + 1756 * 30,
        ),
        (
            "gpt-image-1.5",
            {"input_tokens": 1, "output_tokens": 300, "output_tokens_details": {"text_tokens": 100}},
            5 + 200 * 32 + 100 * 10,
        ),
        ("gpt-image-2", {"output_tokens": -1}, None),
        ("gpt-image-2", {"input_tokens": 5}, None),
        ("gpt-image-2", "many", None),
        ("gpt-image-2", {"output_tokens": True}, None),
    ],
)
def test_what_an_answer_cost(model: str, usage: Any, micros: int | None) -> None:
    assert tokens.billed(prices(model), usage) == (None if micros is None else Micros(micros))


@given(
    st.sampled_from(["gpt-image-2", "gpt-image-2.5-flare", "gpt-image-1.5"]),
    st.sampled_from(["low", "medium", "high"]),
    st.sampled_from([Size(1024, 1024), Size(1536, 1024), Size(1024, 1536)]),
    st.text(max_size=200),
    st.integers(1, 10),
)
def test_an_estimate_holds_what_is_billed(model: str, quality: str, size: Size, prompt: str, count: int) -> None:
    rule = prices(model)
    each = tokens.of_picture(rule, quality, size)
    assert each is not None
    usage = {"input_tokens": len(prompt.encode()) // 4, "output_tokens": count * each}
    bill = tokens.billed(rule, usage)
    assert bill is not None
    for known in (quality, "auto"):
        for asked in (size, None):
            found = tokens.estimate(rule, known, asked, prompt=prompt, count=count, references=0)
            assert bill <= found.high
