"""What there is to know about a model before choosing it: sizes, abilities, time, price, end of life."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from fluxtui.domain.money import Price
from fluxtui.domain.size import Size
from fluxtui.domain.values import JsonValue

SizeForm = Literal["pixels", "list", "shapes", "fixed"]


@dataclass(frozen=True, slots=True)
class SizeFacts:
    """Which sizes a model makes; `words` says it to a person.

    `form`: pixels (any, within the limits), list (only `choices`), shapes (a shape such as 16:9, with
    `resolutions` also a class of pixels), fixed (it cannot be chosen). Sides and pixels are limits, None
    for none that is known; `steepest` is the largest quotient of the sides; `default` is what comes when
    no size is asked, None when the service decides.
    """

    words: str
    form: SizeForm
    multiple: int = 1
    low: int | None = None
    high: int | None = None
    min_pixels: int | None = None
    max_pixels: int | None = None
    steepest: float | None = None
    choices: tuple[Size, ...] = ()
    ratios: tuple[str, ...] = ()
    any_ratio: bool = False
    resolutions: tuple[str, ...] = ()
    default: Size | None = None


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a model honours when it is asked for it. `references` is the most reference pictures, 0 for none."""

    seed: bool
    negative_prompt: bool
    steps: bool
    guidance: bool
    references: int
    count: bool


@dataclass(frozen=True, slots=True)
class ParameterFacts:
    """What a model takes for one parameter: `words` says it to a person (`1 to 50, usually 28`).

    `low` and `high` are limits, None for none; `choices` the only values, empty for any; `default` is the
    service's own, None where it does not say.
    """

    name: str
    words: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    default: JsonValue = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """One model. `price` is that of one picture of the default size, `seconds` the typical time to a picture.

    `sizes` and `abilities` are None, and `parameters` empty, where the provider does not say. `ranges` are of the
    `parameters`; with `any_parameter`, others are passed on as they are.
    """

    model: str
    max_pictures: int
    price: Price
    seconds: float | None = None
    sizes: SizeFacts | None = None
    abilities: Abilities | None = None
    parameters: tuple[str, ...] = ()
    deprecated: date | None = None
    retired: date | None = None
    note: str | None = None
    ranges: tuple[ParameterFacts, ...] = ()
    any_parameter: bool = False
