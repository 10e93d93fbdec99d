"""The models of the Gemini API: which answer, which answer in another's place, and what their tokens cost.

Source: Google's model and deprecation pages and price tables of November 2026. Where they contradict each other the
sandbox is lenient, except for gemini-2.5-flash and -pro: reported as withdrawn, and good to try a client with.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GeminiModel:
    """One model. Prices in dollars for a million tokens; those of pictures in dollars each, by size.

    `answers_as` is the `modelVersion` of its answers when another model stands behind the name. `gone` models answer
    404 outside of historic mode. `draws_twice`: the thoughts hold a first draft of the picture.
    """

    name: str
    input_price: float
    output_price: float
    answers_as: str = ""
    gone: bool = False
    image_prices: Mapping[str, float] | None = None
    ratios: tuple[str, ...] = ()
    mime: str = "image/png"
    draws_twice: bool = False
    budget: bool = False

    @property
    def version(self) -> str:
        return self.answers_as or self.name

    @property
    def draws(self) -> bool:
        return self.image_prices is not None


_RATIOS = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")
_MORE_RATIOS = (*_RATIOS, "1:4", "4:1", "1:8", "8:1")

_ALL = (
    GeminiModel("gemini-3.8-flash", 0.75, 3.75),
    GeminiModel("gemini-4-argon", 2, 10),
    GeminiModel("gemini-3.6-flash", 0.75, 3.75),
    GeminiModel("gemini-3.5-flash-lite", 0.30, 2.50),
    GeminiModel("gemini-3.1-flash-lite", 0.25, 1.50),
    GeminiModel("gemini-3.7-flash", 0.75, 3.75, "gemini-3.8-flash"),
    GeminiModel("gemini-3.5-flash", 0.75, 3.75, "gemini-3.6-flash"),
    GeminiModel("gemini-flash-latest", 0.75, 3.75, "gemini-3.8-flash"),
    GeminiModel("gemini-flash-lite-latest", 0.30, 2.50, "gemini-3.5-flash-lite"),
    GeminiModel("gemini-pro-latest", 2, 10, "gemini-4-argon"),
    GeminiModel("gemini-2.5-flash", 0.30, 2.50, gone=True, budget=True),
    GeminiModel("gemini-2.5-pro", 1.25, 10, gone=True, budget=True),
    GeminiModel(
        "gemini-nano-banana-2.1", 0.5, 30, image_prices={"1K": 0.0336, "2K": 0.101, "4K": 0.151}, ratios=_MORE_RATIOS
    ),
    GeminiModel(
        "gemini-3.1-flash-image",
        0.5,
        60,
        image_prices={"512": 0.045, "1K": 0.067, "2K": 0.101, "4K": 0.151},
        ratios=_RATIOS,
    ),
    GeminiModel(
        "gemini-3.1-flash-lite-image", 0.25, 30, image_prices={"1K": 0.0336}, ratios=_RATIOS, mime="image/jpeg"
    ),
    GeminiModel(
        "gemini-3-pro-image",
        2,
        120,
        image_prices={"1K": 0.134, "2K": 0.134, "4K": 0.24},
        ratios=_RATIOS,
        draws_twice=True,
    ),
    GeminiModel("gemini-2.5-flash-image", 0.3, 30, image_prices={"1K": 0.039}, ratios=_RATIOS, budget=True),
)

MODELS: Mapping[str, GeminiModel] = {model.name: model for model in _ALL}
_EDGES = {"512": 512, "1K": 1024, "2K": 2048, "4K": 4096}


def sides(ratio: str, size: str) -> tuple[int, int]:
    """Return the sides of a picture: about as many pixels as a square of that size, multiples of 16."""
    across, down = (int(part) for part in ratio.split(":"))
    edge = _EDGES[size]
    if across == down:
        return edge, edge
    width, height = edge * math.sqrt(across / down), edge * math.sqrt(down / across)
    return math.ceil(width / 16 - 1e-9) * 16, math.ceil(height / 16 - 1e-9) * 16
