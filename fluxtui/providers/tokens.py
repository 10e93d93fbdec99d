"""Pictures billed by tokens: how many a picture is, what a request will cost, what an answer did cost.

The formula of the models that take any size was worked out by the community and reproduces every
published count (community.openai.com/t/1382699); OpenAI's own tables hold for the others.
"""

import math
from collections.abc import Iterable, Mapping

from fluxtui.domain.money import Micros, Price
from fluxtui.domain.size import Size
from fluxtui.providers.catalog import TokenPrices

_BYTES_PER_TOKEN = 3
"""Of prompts: usual texts have four and more, so that the estimate is on the safe side."""

_STEP = 100
"""Micros. Estimates are rounded to a hundredth of a cent, up: more digits would only pretend."""


def of_picture(prices: TokenPrices, quality: str, size: Size) -> int | None:
    """Return the tokens of one picture, None for a quality that is not known."""
    longer, shorter = max(size.width, size.height), min(size.width, size.height)
    if quality in prices.counts:
        square, oblong = prices.counts[quality]
        return square if longer == shorter else oblong
    factor = prices.factors.get(quality)
    if factor is None:
        return None
    scaled = (2 * factor * shorter + longer) // (2 * longer)
    return (factor * scaled * (2_000_000 + size.pixels) + 3_999_999) // 4_000_000


def estimate(
    prices: TokenPrices, quality: str, size: Size | None, *, prompt: str, count: int, references: int
) -> Price:
    """Return what `count` pictures will cost; a range when `quality` is `auto` or the service chooses the size.

    The prices of tokens are dollars per million, which is micros per token.
    """
    qualities: Iterable[str] = [*prices.factors, *prices.counts] if quality == "auto" else [quality]
    sizes = [size] if size is not None else prices.sizes
    tokens = [of_picture(prices, name, each) for name in qualities for each in sizes]
    known = [number for number in tokens if number is not None]
    if not known:
        return Price.unknown()
    text = math.ceil(len(prompt.encode("utf-8", "replace")) / _BYTES_PER_TOKEN) * prices.text
    least, most = (
        count * number * prices.output + references * each * prices.image
        for number, each in zip((min(known), max(known)), prices.reference, strict=True)
    )
    high = Micros(math.ceil((most + text) / _STEP) * _STEP)
    return Price(high if least == most else Micros(math.floor(least / _STEP) * _STEP), high)


def billed(prices: TokenPrices, usage: object) -> Micros | None:
    """Return what the tokens of an answer's `usage` cost, None when it does not say them.

    Where it does not say which tokens are pictures, those of the answer count as pictures and those
    of the request as text: what they are with next to every request.
    """
    if not isinstance(usage, Mapping):
        return None
    output, given = _count(usage.get("output_tokens")), _count(usage.get("input_tokens"))
    if output is None:
        return None
    inputs, outputs = usage.get("input_tokens_details"), usage.get("output_tokens_details")
    image_in = (_count(inputs.get("image_tokens")) if isinstance(inputs, Mapping) else None) or 0
    text_out = (_count(outputs.get("text_tokens")) if isinstance(outputs, Mapping) else None) or 0
    text_out = min(text_out, output) if prices.output_text else 0
    text_in = max(0, (given or 0) - image_in)
    amount = text_in * prices.text + image_in * prices.image
    return Micros(round(amount + (output - text_out) * prices.output + text_out * prices.output_text))


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
