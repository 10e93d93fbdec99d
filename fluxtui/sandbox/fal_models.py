"""The models of fal.ai: what they take, how large their pictures are and what they cost.

Sources: fal-ai/fal-js endpoints.ts (2026-08) for the fields, fal.ai's model pages for ranges and prices; ranges that no
page shows (guidance of flux-lora, everything of fast-sdxl) are those seen in third-party code.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fluxtui.domain.money import megapixels_started
from fluxtui.domain.values import JsonObject, JsonValue
from fluxtui.sandbox import fal_errors as errors
from fluxtui.sandbox.validation import Rule, Schema

PRESETS: Mapping[str, tuple[int, int]] = {
    "square_hd": (1024, 1024),
    "square": (512, 512),
    "portrait_4_3": (768, 1024),
    "portrait_16_9": (576, 1024),
    "landscape_4_3": (1024, 768),
    "landscape_16_9": (1024, 576),
}
ULTRA_SIZES: Mapping[str, tuple[int, int]] = {
    "21:9": (3136, 1344),
    "16:9": (2752, 1536),
    "4:3": (2368, 1792),
    "3:2": (2496, 1664),
    "1:1": (2048, 2048),
    "2:3": (1664, 2496),
    "3:4": (1792, 2368),
    "9:16": (1536, 2752),
    "9:21": (1344, 3136),
}
LARGEST_SIDE = 14_142
_LARGEST_PIXELS = 16 * 1024 * 1024
"""What the sandbox is ready to paint; where fal itself stops is not known."""

_FLAG = Rule("bool", default=False, nullable=True)
_BASE = Schema(
    {
        "prompt": Rule("str", required=True),
        "seed": Rule("int", nullable=True),
        "num_images": Rule("int", default=1, nullable=True, low=1, high=4),
        "sync_mode": _FLAG,
    }
)
_FORMAT = Rule("str", default="jpeg", nullable=True, choices=("jpeg", "png"))
_SIZE = Rule("any")
_CHECKER = Rule("bool", default=True, nullable=True)
_TOLERANCE = Rule("str", default="2", nullable=True, choices=("1", "2", "3", "4", "5", "6"))
_SCHNELL = _BASE.plus(
    image_size=_SIZE,
    num_inference_steps=Rule("int", default=4, nullable=True, low=1, high=12),
    guidance_scale=Rule("number", default=3.5, nullable=True, low=1, high=20),
    enable_safety_checker=_CHECKER,
    output_format=_FORMAT,
    acceleration=Rule("str", default="none", nullable=True, choices=("none", "regular", "high")),
)
_DEV = _SCHNELL.plus(num_inference_steps=Rule("int", default=28, nullable=True, low=1, high=50))
_LORA = _DEV.plus(
    guidance_scale=Rule("number", default=3.5, nullable=True, low=0, high=35),
    acceleration=Rule("str", default="none", nullable=True, choices=("none", "regular")),
    loras=Rule("any"),
)
_PRO = _BASE.plus(image_size=_SIZE, safety_tolerance=_TOLERANCE, output_format=_FORMAT, enhance_prompt=_FLAG)
_ULTRA = _PRO.without("image_size").plus(
    aspect_ratio=Rule("str", default="16:9", nullable=True, choices=tuple(ULTRA_SIZES)),
    raw=_FLAG,
    image_url=Rule("str", nullable=True),
    image_prompt_strength=Rule("number", default=0.1, nullable=True, low=0, high=1),
)
_SDXL = _BASE.plus(
    image_size=_SIZE,
    num_images=Rule("int", default=1, nullable=True, low=1, high=8),
    num_inference_steps=Rule("int", default=25, nullable=True, low=1, high=50),
    guidance_scale=Rule("number", default=7.5, nullable=True, low=0, high=20),
    negative_prompt=Rule("str", default="", nullable=True),
    enable_safety_checker=_CHECKER,
    safety_checker_version=Rule("str", default="v1", nullable=True, choices=("v1", "v2")),
    format=_FORMAT,
    expand_prompt=_FLAG,
    loras=Rule("any"),
    embeddings=Rule("any"),
)
_GENERIC = _BASE.plus(
    image_size=_SIZE,
    aspect_ratio=Rule("any"),
    num_inference_steps=Rule("int", nullable=True, low=1),
    guidance_scale=Rule("number", nullable=True, low=0),
    negative_prompt=Rule("str", nullable=True),
    enable_safety_checker=_CHECKER,
    output_format=Rule("str", default="jpeg", nullable=True, choices=("jpeg", "png", "webp")),
    loras=Rule("any"),
)


@dataclass(frozen=True, slots=True)
class Model:
    """One model. Prices in millionths of a dollar, of a megapixel begun (`per_megapixel`) or of a picture.

    `flags` tells whether its answers say which pictures the safety checker blackened.
    """

    schema: Schema
    price: int
    per_megapixel: bool = True
    default_size: str = "landscape_4_3"
    flags: bool = True

    def cost(self, pictures: list[tuple[int, int]]) -> int:
        return sum(self.price * (megapixels_started(*size) if self.per_megapixel else 1) for size in pictures)


MODELS: Mapping[str, Model] = {
    "fal-ai/flux/schnell": Model(_SCHNELL, 3_000),
    "fal-ai/flux-1/schnell": Model(_SCHNELL, 3_000),
    "fal-ai/flux/dev": Model(_DEV, 25_000),
    "fal-ai/flux-1/dev": Model(_DEV, 25_000),
    "fal-ai/flux-lora": Model(_LORA, 35_000),
    "fal-ai/flux-pro/v1.1": Model(_PRO, 40_000),
    "fal-ai/flux-pro/v1.1-ultra": Model(_ULTRA, 60_000, per_megapixel=False),
    "fal-ai/fast-sdxl": Model(_SDXL, 2_500, per_megapixel=False, default_size="square_hd"),
    "fal-ai/flux-2-pro": Model(_GENERIC, 30_000, per_megapixel=False, flags=False),
    "fal-ai/flux-2/klein/4b": Model(_GENERIC, 9_000, flags=False),
    "fal-ai/nano-banana-2": Model(_GENERIC, 80_000, per_megapixel=False, flags=False),
    "openai/gpt-image-2": Model(_GENERIC, 40_000, per_megapixel=False, flags=False),
}

OTHER = Model(_GENERIC, 30_000, per_megapixel=False)
"""What every other model is taken to be; the price is ours."""

_CLOSED_APPLICATIONS = frozenset(("fal-ai/flux", "fal-ai/flux-1", "fal-ai/flux-lora", "fal-ai/fast-sdxl"))
_OTHERS = """
aura-flow bria dreamo fast-lightning-sdxl fast-turbo-diffusion flux-2 flux-2-flex flux-2-max flux-2-pro
flux-general flux-krea flux-krea-lora flux-kontext-lora flux-pro flux-realism hidream-i1-dev hidream-i1-fast
hidream-i1-full hyper-sdxl ideogram imagen3 imagen4 kolors lora luma-photon minimax nano-banana nano-banana-2
omnigen-v2 pixart-sigma playground-v25 qwen-image recraft recraft-v3 sana stable-cascade
stable-diffusion-v3-medium stable-diffusion-v35-large stable-diffusion-v35-medium z-image
"""
_OTHER_APPLICATIONS = frozenset(_OTHERS.split())
"""Some of fal's own applications beside those above; any other name of its own is a mistake."""

_NAMESPACES = ("workflows", "comfy")
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What a submitted path names: an application and a path inside it, which its other URLs do without."""

    application: str
    path: str

    @property
    def id(self) -> str:
        return f"{self.application}/{self.path}" if self.path else self.application

    @property
    def known(self) -> bool:
        """Whether there is such an application. Those of other accounts than fal's own are taken on trust."""
        owner, _, name = self.application.partition("/")
        return owner != "fal-ai" or self.application in _CLOSED_APPLICATIONS or name in _OTHER_APPLICATIONS

    @property
    def model(self) -> Model | None:
        """The model, None when the application has no such path: the queue takes the request all the same."""
        if self.application in _CLOSED_APPLICATIONS:
            return MODELS.get(self.id)
        return MODELS.get(self.id, OTHER)


def endpoint_of(path: str) -> Endpoint | None:
    """Return what a path such as `/fal-ai/flux/schnell` names, None when it cannot name anything."""
    parts = path.strip("/").split("/")
    head = 3 if parts[0] in _NAMESPACES else 2
    if len(parts) < head or not all(_PART.fullmatch(part) for part in parts):
        return None
    return Endpoint("/".join(parts[:head]), "/".join(parts[head:]))


def checked(model: Model, body: JsonObject) -> tuple[dict[str, Any], list[JsonObject]]:
    """Return the values with defaults filled in and the model's complaints. Unknown fields are ignored in silence."""
    values, wrong = model.schema.check(body)
    complaints = [errors.translated(fault) for fault in wrong]
    if "image_size" in model.schema.rules:
        values["size"], complaint = _size(body.get("image_size") or model.default_size)
        complaints += [complaint] if complaint else []
    else:
        values["size"] = ULTRA_SIZES.get(values["aspect_ratio"] or "16:9", (0, 0))
    if body.get("loras"):
        complaints += _wrong_loras(body["loras"])
    return values, complaints


def _size(given: JsonValue) -> tuple[tuple[int, int], JsonObject | None]:
    place: list[JsonValue] = ["body", "image_size"]
    if isinstance(given, str):
        if given in PRESETS:
            return PRESETS[given], None
        expected: list[JsonValue] = list(PRESETS)
        return (0, 0), errors.entry("one_of", place, "Input should be a preset or an object", given, expected=expected)
    if not isinstance(given, dict):
        return (0, 0), errors.entry("value_error", place, "Input should be a preset or an object", given)
    sides: list[int] = []
    for name in ("width", "height"):
        side = given.get(name, 512)
        if isinstance(side, bool) or not isinstance(side, int):
            return (0, 0), errors.entry("int_type", [*place, name], "Input should be a valid integer", side)
        if side > LARGEST_SIDE:
            text = f"Input should be less than or equal to {LARGEST_SIDE}"
            return (0, 0), errors.entry("less_than_equal", [*place, name], text, side, le=LARGEST_SIDE)
        if side <= 0:
            return (0, 0), errors.entry("greater_than", [*place, name], "Input should be greater than 0", side, gt=0)
        sides.append(side)
    width, height = sides
    if width * height > _LARGEST_PIXELS:
        return (0, 0), errors.entry("image_too_large", place, "The image is too large", given)
    return (width, height), None


def _wrong_loras(loras: JsonValue) -> list[JsonObject]:
    """Return what is wrong with a list of weights. The sandbox can fetch all but those called missing."""
    if not isinstance(loras, list):
        return [errors.entry("list_type", ["body", "loras"], "Input should be a valid list", loras)]
    wrong: list[JsonObject] = []
    for number, lora in enumerate(loras):
        path = lora.get("path") if isinstance(lora, dict) else None
        if not isinstance(path, str):
            wrong.append(errors.entry("missing", ["body", "loras", number, "path"], "Field required", lora))
        elif "missing" in path or ".invalid" in path or "/" not in path:
            message = f"Failed to download the file from {path}"
            wrong.append(errors.entry("file_download_error", ["body", "loras", number, "path"], message, path))
    return wrong
