"""What a request will cost by the catalog's rules, before it is sent."""

from fluxtui.domain.money import ZERO, Micros, Price, megapixels_started
from fluxtui.domain.size import Size
from fluxtui.domain.values import JsonObject
from fluxtui.providers import tokens
from fluxtui.providers.catalog import Model, PriceRule

_MOST_MEGAPIXELS = 4
"""What a picture counts at most when the service chooses its size: the largest it makes."""


def price(model: Model, payload: JsonObject, expected: Size | None, references: int) -> Price:
    """Return what `payload` will cost. A range where the service decides what counts."""
    rule = model.price
    if rule is None:
        return Price.unknown()
    # The user's own `extra` has the last word here too.
    fields = (*model.constants, *((model.count,) if model.count else ()))
    count = max((n for key in fields if isinstance(n := payload.get(key), int)), default=1)
    if rule.tokens is not None and rule.parameter is not None:
        quality, prompt = payload.get(rule.parameter) or rule.otherwise, payload.get("prompt")
        return tokens.estimate(
            rule.tokens, str(quality), expected, prompt=str(prompt), count=max(1, count), references=references
        )
    return _single(rule, payload, expected, references).times(max(1, count))


def _single(rule: PriceRule, payload: JsonObject, expected: Size | None, references: int) -> Price:
    if rule.flat is not None:
        return Price.exactly(rule.flat)
    if rule.parameter is not None:
        usual = zip(rule.parameter.split(","), rule.otherwise.split(","), strict=True)
        amounts = rule.values.get(",".join(str(payload.get(name) or otherwise) for name, otherwise in usual))
        return Price(*amounts) if amounts else Price.unknown()
    if rule.first is None:
        return Price.unknown()
    least = most = megapixels_started(expected.width, expected.height) if expected else 1
    if expected is None:
        most = _MOST_MEGAPIXELS
    # Small reference pictures may share a megapixel: they are added up before that is rounded.
    low = _output(rule, least) + (rule.input if references else ZERO)
    # Nobody has opened the reference pictures yet, so the most that the service accepts is reserved.
    high = _output(rule, most) + (rule.input * max(references, rule.budget - least) if references else ZERO)
    return Price(Micros(low), Micros(max(low, high)))


def _output(rule: PriceRule, megapixels: int) -> int:
    return (rule.first or ZERO) + rule.further * (megapixels - 1)
