"""The picture models of OpenAI: what they take, what their tokens cost and until when they answer.

Sources: the types of openai 3.52.0, OpenAI's deprecation page and the price tables of November 2026. The tokens of the
models that take any size follow a formula that reproduces every published count. What is marked as assumed there is
assumed here: the token table of gpt-image-2.6 (taken as that of 2.5) and the tokens of gpt-image-1-mini (from its
prices).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

FIXED_SIZES = ("1024x1024", "1536x1024", "1024x1536")

_FACTORS_2 = {"low": 16, "medium": 48, "high": 96}
_FACTORS_25 = {"low": 16, "medium": 24, "high": 48, "xhigh": 64, "max": 96}
_TOKENS_15 = {"low": (272, 408), "medium": (1056, 1584), "high": (4160, 6240)}
_TOKENS_MINI = {"low": (625, 938), "medium": (1375, 2063), "high": (4500, 6750)}


@dataclass(frozen=True, slots=True)
class ImageModel:
    """One picture model. Prices are in dollars for a million tokens, which is millionths of a dollar for one.

    `factors` belong to the formula of the models that take any size; `counts` are the tokens of a square and of an
    oblong picture of the others. `shutdown` and `azure_shutdown` are the first days without it (None: not announced).
    """

    name: str
    created: str
    shutdown: str | None = None
    azure_shutdown: str | None = None
    factors: Mapping[str, int] | None = None
    counts: Mapping[str, tuple[int, int]] | None = None
    input_fidelity: tuple[str, ...] = ()
    markup: bool = False
    complexity: bool = False
    text_price: float = 5
    image_price: float = 8
    output_price: float = 30

    @property
    def qualities(self) -> tuple[str, ...]:
        return tuple(self.factors or self.counts or {"standard": 0, "hd": 0})

    @property
    def any_size(self) -> bool:
        return self.factors is not None

    @property
    def is_dalle(self) -> bool:
        return self.factors is None and self.counts is None

    def is_gone(self, now: float, *, azure: bool = False) -> bool:
        """Return whether the model is shut down at `now`, in seconds since the epoch."""
        last = self.azure_shutdown if azure else self.shutdown
        return last is not None and now >= datetime.fromisoformat(last).replace(tzinfo=UTC).timestamp()

    def output_tokens(self, quality: str, width: int, height: int) -> int:
        """Return the tokens that one picture is billed as."""
        if self.factors is not None:
            return _formula(self.factors[quality], width, height)
        square, oblong = (self.counts or {}).get(quality, (0, 0))
        return square if width == height else oblong


def _formula(factor: int, width: int, height: int) -> int:
    longer, shorter = max(width, height), min(width, height)
    scaled = (2 * factor * shorter + longer) // (2 * longer)
    return (factor * scaled * (2_000_000 + width * height) + 3_999_999) // 4_000_000


def _generation_2(name: str, created: str, azure: str | None = None) -> ImageModel:
    return ImageModel(name, created, azure_shutdown=azure, factors=_FACTORS_2)


def _generation_25(name: str, created: str, azure: str | None = None, *, complexity: bool = False) -> ImageModel:
    return ImageModel(name, created, None, azure, _FACTORS_25, markup=True, complexity=complexity)


def _generation_15(name: str, azure: str | None) -> ImageModel:
    return ImageModel(
        name, "2025-12-16", "2026-12-01", azure, counts=_TOKENS_15, input_fidelity=("low", "high"), output_price=32
    )


_ALL = (
    _generation_25("gpt-image-2.6-flare", "2026-10-20", complexity=True),
    _generation_25("gpt-image-2.6-sunburst", "2026-10-20", complexity=True),
    _generation_25("gpt-image-2.5-flare", "2026-09-08", "2027-09-09"),
    _generation_25("gpt-image-2.5-flare-2026-09-08", "2026-09-08", "2027-09-09"),
    _generation_25("gpt-image-2.5-sunburst", "2026-09-08", "2027-09-09"),
    _generation_25("gpt-image-2.5-sunburst-2026-09-08", "2026-09-08", "2027-09-09"),
    _generation_2("gpt-image-2", "2026-04-21", "2027-10-21"),
    _generation_2("gpt-image-2-2026-04-21", "2026-04-21", "2027-10-21"),
    _generation_15("gpt-image-1.5", "2026-12-16"),
    _generation_15("gpt-image-1.5-2025-12-16", "2026-12-16"),
    _generation_15("chatgpt-image-latest", "2026-12-01"),
    ImageModel(
        "gpt-image-1-mini",
        "2025-10-06",
        "2026-12-01",
        "2027-04-07",
        counts=_TOKENS_MINI,
        input_fidelity=("low",),
        text_price=2,
        image_price=2.5,
        output_price=8,
    ),
    ImageModel(
        "gpt-image-1",
        "2025-04-23",
        "2026-10-23",
        "2026-10-23",
        counts=_TOKENS_15,
        input_fidelity=("low", "high"),
        image_price=10,
        output_price=40,
    ),
    ImageModel("dall-e-3", "2023-11-06", "2026-05-12", "2026-05-12"),
)

IMAGE_MODELS: Mapping[str, ImageModel] = {model.name: model for model in _ALL}
RETIRED_NAMES = frozenset(("dall-e-2",))
"""Models of old that are not even played in historic mode."""

DALLE_SIZES = ("1024x1024", "1792x1024", "1024x1792")


def dalle_micros(quality: str, size: str) -> int:
    """Return what a picture of DALL-E 3 cost, in millionths of a dollar."""
    wide = size != "1024x1024"
    return {(False, False): 40_000, (False, True): 80_000, (True, False): 80_000, (True, True): 120_000}[
        (quality == "hd", wide)
    ]


@dataclass(frozen=True, slots=True)
class ChatModel:
    """One model that answers with text. Prices in dollars for a million tokens, assumed."""

    name: str
    created: str
    reasoning: bool = True
    input_price: float = 1.25
    output_price: float = 10


_CHAT = (
    ChatModel("gpt-6.1-sol", "2026-10-01"),
    ChatModel("gpt-6.1-terra", "2026-10-01", input_price=0.5, output_price=4),
    ChatModel("gpt-6-astra", "2026-08-01"),
    ChatModel("gpt-6-luna", "2026-08-01", input_price=0.25, output_price=2),
    ChatModel("gpt-5.5", "2026-04-23"),
    ChatModel("gpt-5.4", "2026-03-05"),
    ChatModel("gpt-5.4-mini", "2026-03-17", input_price=0.25, output_price=2),
    ChatModel("gpt-5.4-nano", "2026-03-17", input_price=0.05, output_price=0.4),
    ChatModel("gpt-5", "2025-08-07"),
    ChatModel("gpt-5-mini", "2025-08-07", input_price=0.25, output_price=2),
    ChatModel("gpt-4.1", "2025-04-14", False, 2, 8),
    ChatModel("gpt-4.1-mini", "2025-04-14", False, 0.4, 1.6),
    ChatModel("gpt-4o", "2024-05-13", False, 2.5, 10),
    ChatModel("gpt-4o-mini", "2024-07-18", False, 0.15, 0.6),
)

CHAT_MODELS: Mapping[str, ChatModel] = {model.name: model for model in _CHAT}
"""Names from the types of openai 3.52.0; the first answers for OpenAI-compatible judges that name none."""


def epoch(day: str) -> int:
    """Return the second at which a day begins."""
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())


def text_tokens(text: str) -> int:
    """Return about how many tokens a text has: four bytes each."""
    return max(1, math.ceil(len(text.encode()) / 4))


def picture_tokens(width: int, height: int) -> int:
    """Return about how many tokens a picture that is sent along has; the real count is not published."""
    return min(1536, math.ceil(width / 32) * math.ceil(height / 32))
