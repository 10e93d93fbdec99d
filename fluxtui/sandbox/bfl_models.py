"""The generation endpoints of Black Forest Labs: what each takes, how large its pictures are and what they cost.

Sources: the OpenAPI document of 2026-04 (api.bfl.ai/openapi.json), the official SDK's catalog, the price page of
2026-01-28 and, for flux-3-image, the release notes of 2026-10. One credit is one US cent.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fluxtui.sandbox.validation import Rule, Schema

MEGAPIXEL = 1_048_576
FORMATS = ("jpeg", "png", "webp")

_OPTIONAL_TEXT = Rule("str", nullable=True)
_PROMPT = Rule("str", default="", nullable=True)
_REQUIRED_PROMPT = Rule("str", required=True)
_REQUIRED_TEXT = Rule("str", required=True)
_FLAG = Rule("bool", default=False)
_SEED = Rule("int", nullable=True)
_FORMAT = Rule("str", default="jpeg", nullable=True, choices=FORMATS)
_WEBHOOK = Rule("str", nullable=True, shortest=1, longest=2083, pattern=r"https?://.+")
_STRENGTH = Rule("number", default=1.2, low=0, high=2)
_RATIO = r"\d{1,5}:\d{1,5}"

_COMMON = Schema({"seed": _SEED, "output_format": _FORMAT, "webhook_url": _WEBHOOK, "webhook_secret": _OPTIONAL_TEXT})
_SAFETY_6 = Rule("int", default=2, low=0, high=6)
_SAFETY_5 = Rule("int", default=2, low=0, high=5)


def _inputs(count: int) -> dict[str, Rule]:
    names = ["input_image", *(f"input_image_{n}" for n in range(2, count + 1))]
    return dict.fromkeys(names, _OPTIONAL_TEXT)


_PRO_11 = _COMMON.plus(
    prompt=_PROMPT,
    image_prompt=_OPTIONAL_TEXT,
    width=Rule("int", default=1024, low=256, high=1440, multiple_of=32),
    height=Rule("int", default=768, low=256, high=1440, multiple_of=32),
    prompt_upsampling=_FLAG,
    safety_tolerance=_SAFETY_6,
)
_DEV = _PRO_11.plus(
    prompt=Rule("str", default=""),
    steps=Rule("int", default=28, nullable=True, low=1, high=50),
    guidance=Rule("number", default=3.0, nullable=True, low=1.5, high=5),
)
_PRO = _PRO_11.plus(
    steps=Rule("int", default=40, nullable=True, low=1, high=50),
    guidance=Rule("number", default=2.5, nullable=True, low=1.5, high=5),
    interval=Rule("number", default=2.0, nullable=True, low=1, high=4),
)
_ULTRA = _COMMON.plus(
    prompt=_PROMPT,
    prompt_upsampling=_FLAG,
    aspect_ratio=Rule("str", default="16:9", pattern=_RATIO),
    safety_tolerance=_SAFETY_6,
    raw=_FLAG,
    image_prompt=_OPTIONAL_TEXT,
    image_prompt_strength=Rule("number", default=0.1, low=0, high=1),
)
_KONTEXT = _COMMON.plus(
    **_inputs(4),
    prompt=_REQUIRED_PROMPT,
    aspect_ratio=Rule("str", nullable=True, pattern=_RATIO),
    prompt_upsampling=_FLAG,
    safety_tolerance=_SAFETY_6,
    output_format=Rule("str", default="png", nullable=True, choices=FORMATS),
)
_SIDE = Rule("int", default=0, nullable=True, low=64, also=(0,))
_FLUX_2 = _COMMON.plus(
    **_inputs(8),
    prompt=_REQUIRED_PROMPT,
    width=_SIDE,
    height=_SIDE,
    safety_tolerance=_SAFETY_5,
    disable_pup=_FLAG,
    transparent_bg=_FLAG,
    user=_OPTIONAL_TEXT,
)
_FLEX = _FLUX_2.without("disable_pup").plus(
    prompt_upsampling=Rule("bool", default=True, nullable=True),
    guidance=Rule("number", default=5.0, nullable=True, low=1.5, high=10),
    steps=Rule("int", default=50, nullable=True, low=1, high=50),
    input_image_blob_path=_OPTIONAL_TEXT,
)
_KLEIN = _FLUX_2.without("disable_pup", *(f"input_image_{n}" for n in range(5, 9)))
_FILL = _COMMON.plus(
    image=_REQUIRED_TEXT,
    mask=_OPTIONAL_TEXT,
    prompt=_PROMPT,
    steps=Rule("int", default=50, nullable=True, low=15, high=50),
    prompt_upsampling=Rule("bool", default=False, nullable=True),
    guidance=Rule("number", default=60, nullable=True, low=1.5, high=100),
    safety_tolerance=_SAFETY_6,
)
_MARGIN = Rule("int", default=0, nullable=True, low=0, high=2048)
_EXPAND = _FILL.without("mask").plus(top=_MARGIN, bottom=_MARGIN, left=_MARGIN, right=_MARGIN)
_OUTPAINT = Schema(
    {
        "input_image": _REQUIRED_TEXT,
        "width": Rule("int", required=True, low=64),
        "height": Rule("int", required=True, low=64),
        "auto_crop": _FLAG,
        "reference_offset_x": Rule("int", nullable=True),
        "reference_offset_y": Rule("int", nullable=True),
        "mode": Rule("str", default="high", choices=("high", "fast")),
        "prompt": _PROMPT,
        "seed": _SEED,
        "safety_tolerance": _SAFETY_5,
        "output_format": Rule("str", default="png", choices=FORMATS),
    },
    strict=True,
)
_ERASE = _COMMON.plus(
    image=_REQUIRED_TEXT,
    mask=_REQUIRED_TEXT,
    dilate_pixels=Rule("int", default=10, low=0, high=25),
    safety_tolerance=_SAFETY_5,
)
_DEBLUR = _COMMON.plus(image=_REQUIRED_TEXT, safety_tolerance=_SAFETY_5)
_VTO = _COMMON.plus(prompt=_REQUIRED_PROMPT, person=_REQUIRED_TEXT, garment=_REQUIRED_TEXT, safety_tolerance=_SAFETY_5)
_RATIOS_3 = [
    "21:9",
    "2:1",
    "16:9",
    "3:2",
    "7:5",
    "4:3",
    "5:4",
    "1:1",
    "4:5",
    "3:4",
    "5:7",
    "2:3",
    "9:16",
    "1:2",
    "9:21",
    "auto",
]
_RESOLUTIONS_3 = {"768sq": (768, 4.1), "1k": (1024, 4.8), "1.5k": (1536, 7.5), "2k": (2048, 10.0), "4k": (4096, 60.7)}
_FLUX_3 = Schema(
    {
        "prompt": _REQUIRED_PROMPT,
        "images": Rule("any", nullable=True),
        "aspect_ratio": Rule("str", default="auto", choices=tuple(_RATIOS_3)),
        "resolution": Rule("str", default="1k", choices=tuple(_RESOLUTIONS_3)),
        "safety_tolerance": Rule("int", default=2, low=0, high=4),
        "grounding": Rule("bool", default=True),
        "version": Rule("str", default="latest"),
    },
    strict=True,
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One route that makes pictures. Prices are in credits.

    `sizing`: `sides` (width and height), `automatic` (the same, 0 = automatic, multiples of 16), `ultra`, `kontext` and
    `flux-3` (by aspect ratio), `image` and `expand` (by the picture sent). With `per_megapixel`, `price` is that of the
    first megapixel, every further one and every one sent in costs so much more, and the answer tells the cost.
    """

    schema: Schema
    price: float
    sizing: str
    per_megapixel: float | None = None
    tells_cost: bool = False
    finetune: bool = False


def _flux_2(schema: Schema, first: float, further: float) -> Endpoint:
    return Endpoint(schema, first, "automatic", further, tells_cost=True)


def _finetuned(base: Endpoint, strength: float) -> Endpoint:
    schema = base.schema.plus(finetune_id=_REQUIRED_TEXT, finetune_strength=replace(_STRENGTH, default=strength))
    return replace(base, schema=schema, finetune=True)


_KLEIN_4B = _flux_2(_KLEIN, 1.4, 0.1)
_KLEIN_9B = _flux_2(_KLEIN.plus(input_image_5=_OPTIONAL_TEXT), 1.5, 0.2)
_KLEIN_FINETUNES = {
    f"flux-2-klein-{name}-finetuned": _finetuned(_KLEIN_4B if "4b" in name else _KLEIN_9B, 1.0)
    for name in ("4b", "9b", "9b-kv", "9b-kv-bf16", "base-4b", "base-9b")
}

ENDPOINTS: Mapping[str, Endpoint] = {
    "flux-2-pro": _flux_2(_FLUX_2, 3.0, 1.5),
    "flux-2-pro-preview": _flux_2(_FLUX_2, 3.0, 1.5),
    "flux-2-max": _flux_2(_FLUX_2, 7.0, 3.0),
    "flux-2-flex": _flux_2(_FLEX, 5.0, 5.0),
    "flux-2-klein-4b": _KLEIN_4B,
    "flux-2-klein-9b": _KLEIN_9B,
    "flux-2-klein-9b-preview": _KLEIN_9B,
    **_KLEIN_FINETUNES,
    "flux-kontext-pro": Endpoint(_KONTEXT, 4.0, "kontext"),
    "flux-kontext-max": Endpoint(_KONTEXT, 8.0, "kontext"),
    "flux-pro-1.1": Endpoint(_PRO_11, 4.0, "sides"),
    "flux-pro-1.1-ultra": Endpoint(_ULTRA, 6.0, "ultra"),
    "flux-pro": Endpoint(_PRO, 5.0, "sides"),
    "flux-dev": Endpoint(_DEV, 2.5, "sides"),
    "flux-pro-1.0-fill": Endpoint(_FILL, 5.0, "image"),
    "flux-pro-1.0-expand": Endpoint(_EXPAND, 5.0, "expand"),
    "flux-pro-1.1-ultra-finetuned": _finetuned(Endpoint(_ULTRA.without("raw"), 6.0, "ultra"), 1.2),
    "flux-pro-1.0-fill-finetuned": _finetuned(Endpoint(_FILL, 5.0, "image"), 1.1),
    "flux-tools/outpainting-v1": Endpoint(_OUTPAINT, 20.0, "sides", tells_cost=True),
    "flux-tools/erase-v1": Endpoint(_ERASE, 3.0, "image", tells_cost=True),
    "flux-tools/deblur-v1": Endpoint(_DEBLUR, 3.0, "image", tells_cost=True),
    "flux-tools/vto-v1": Endpoint(_VTO, 4.75, "person", tells_cost=True),
    "flux-tools/vto-v2": Endpoint(_VTO, 4.75, "person", tells_cost=True),
    "flux-3-image": Endpoint(_FLUX_3, 4.8, "flux-3", tells_cost=True),
}

_KONTEXT_SIZES = [
    (672, 1568),
    (688, 1504),
    (720, 1456),
    (752, 1392),
    (800, 1328),
    (832, 1248),
    (880, 1184),
    (944, 1104),
]
"""Kontext's own sizes of about a megapixel, upright ones; the others are these on their sides."""

REFERENCE_FIELDS = (
    "image",
    "input_image",
    *(f"input_image_{n}" for n in range(2, 9)),
    "image_prompt",
    "person",
    "garment",
)


def references(values: Mapping[str, Any]) -> list[str]:
    """Return the pictures that were sent along, as sent: base64, data URI or URL."""
    found = [values[name] for name in REFERENCE_FIELDS if isinstance(values.get(name), str) and values[name]]
    images = values.get("images")
    found += [images] if isinstance(images, str) else [item for item in images or () if isinstance(item, str)]
    return found


def output_size(endpoint: Endpoint, values: Mapping[str, Any], inputs: list[tuple[int, int]]) -> tuple[int, int]:
    """Return the sides of the picture; `inputs` are those of the pictures sent in, in order."""
    first = inputs[0] if inputs else None
    match endpoint.sizing:
        case "automatic":
            return _automatic(values["width"] or 0, values["height"] or 0, first)
        case "ultra":
            return _by_area(_ratio(values["aspect_ratio"]), 2048, 32)
        case "kontext":
            ratio = _ratio(values["aspect_ratio"]) if values["aspect_ratio"] else first[0] / first[1] if first else 1.0
            return _kontext(ratio)
        case "flux-3":
            named = values["aspect_ratio"]
            ratio = _ratio(named) if named != "auto" else first[0] / first[1] if first else 1.0
            return _by_area(ratio, _RESOLUTIONS_3[values["resolution"]][0], 16)
        case "image" | "person":
            return _within(first or (1024, 1024))
        case "expand":
            width, height = first or (1024, 1024)
            wider, higher = values["left"] + values["right"], values["top"] + values["bottom"]
            return _within((width + wider, height + higher))
        case _:
            return values["width"], values["height"]


def size_error(endpoint: Endpoint, values: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the field and the sentence of what no single field's range can say, None when all is well."""
    if endpoint.sizing == "automatic" or "mode" in values:
        width, height = values["width"] or 0, values["height"] or 0
        if width * height > 4 * MEGAPIXEL or max(width, height) > 4 * MEGAPIXEL // 64:
            return "width", "Value error, the output must not exceed 4 megapixels"
    named = values.get("aspect_ratio")
    if named and named != "auto":
        widest = 21 / 9 if endpoint.sizing != "kontext" else 4.0
        across, _, down = named.partition(":")
        if not int(across) or not int(down) or not 1 / widest - 0.001 <= int(across) / int(down) <= widest + 0.001:
            limits = "21:9 and 9:21" if endpoint.sizing != "kontext" else "4:1 and 1:4"
            return "aspect_ratio", f"Value error, aspect_ratio must be between {limits}"
    images = values.get("images")
    if images is not None and not (isinstance(images, str) or (isinstance(images, list) and 1 <= len(images) <= 10)):
        return "images", "Value error, images must be a string or a list of 1 to 10 strings"
    return None


def cost(endpoint: Endpoint, values: Mapping[str, Any], size: tuple[int, int], inputs: list[tuple[int, int]]) -> float:
    """Return what one picture costs in credits. A started megapixel counts in full."""
    if endpoint.sizing == "flux-3":
        return _RESOLUTIONS_3[values["resolution"]][1]
    if values.get("mode") == "fast":
        return 4.5
    if endpoint.per_megapixel is None:
        return endpoint.price
    out = max(1, math.ceil(size[0] * size[1] / MEGAPIXEL))
    sent = math.ceil(sum(width * height for width, height in inputs) / MEGAPIXEL)
    return round(endpoint.price + (out - 1 + sent) * endpoint.per_megapixel, 4)


def _automatic(width: int, height: int, first: tuple[int, int] | None) -> tuple[int, int]:
    automatic = _within(first, 1024 * 1024) if first else (1024, 1024)
    return max(64, (width or automatic[0]) // 16 * 16), max(64, (height or automatic[1]) // 16 * 16)


def _within(size: tuple[int, int], pixels: int = 4 * MEGAPIXEL) -> tuple[int, int]:
    """Return the size made smaller, in proportion, until it has at most `pixels`; at least 64 a side."""
    width, height = size
    scale = min(1.0, math.sqrt(pixels / (width * height)))
    return max(64, min(4096, int(width * scale))), max(64, min(4096, int(height * scale)))


def _ratio(text: str) -> float:
    match = re.fullmatch(r"(\d+):(\d+)", text)
    return int(match[1]) / int(match[2]) if match else 1.0


def _by_area(ratio: float, side: int, multiple: int) -> tuple[int, int]:
    """Return the sides of about side x side pixels in that shape, rounded up to the multiple."""
    width, height = side * math.sqrt(ratio), side / math.sqrt(ratio)
    return math.ceil(round(width / multiple, 3)) * multiple, math.ceil(round(height / multiple, 3)) * multiple


def _kontext(ratio: float) -> tuple[int, int]:
    choices = [(1024, 1024), *_KONTEXT_SIZES, *((height, width) for width, height in _KONTEXT_SIZES)]
    return min(choices, key=lambda size: abs(math.log(size[0] / size[1] / ratio)))
