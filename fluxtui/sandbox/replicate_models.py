"""The models of Replicate that the sandbox knows: their inputs, their sizes and what they cost.

Sources: Replicate's model pages (black-forest-labs/flux-schnell and flux-dev in full); the other models' fields are
those that public clients send. Inputs that a model does not know are dropped in silence (replicate/cog 2943). Problems
are worded as by the JSON schema validator behind Replicate's `Input validation failed` answers.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fluxtui.domain.values import JsonObject, JsonValue
from fluxtui.sandbox.validation import Rule

_SIZES: Mapping[str, tuple[int, int]] = {
    "1:1": (1024, 1024),
    "16:9": (1344, 768),
    "21:9": (1536, 640),
    "3:2": (1216, 832),
    "2:3": (832, 1216),
    "4:5": (896, 1088),
    "5:4": (1088, 896),
    "3:4": (896, 1152),
    "4:3": (1152, 896),
    "9:16": (768, 1344),
    "9:21": (640, 1536),
}
"""Sides of a megapixel, from the open source of the FLUX models there; a quarter of one halves both."""
_RATIOS = tuple(_SIZES)
_FORMATS = ("webp", "jpg", "png")
_MEGAPIXEL = 1024 * 1024

_COMMON: Mapping[str, Rule] = {
    "prompt": Rule("str", required=True),
    "aspect_ratio": Rule("str", default="1:1", choices=_RATIOS),
    "seed": Rule("int"),
    "output_format": Rule("str", default="webp", choices=_FORMATS),
    "output_quality": Rule("int", default=80, low=0, high=100),
}
_SCHNELL: Mapping[str, Rule] = {
    **_COMMON,
    "num_outputs": Rule("int", default=1, low=1, high=4),
    "num_inference_steps": Rule("int", default=4, low=1, high=4),
    "disable_safety_checker": Rule("bool", default=False),
    "go_fast": Rule("bool", default=True),
    "megapixels": Rule("str", default="1", choices=("1", "0.25")),
}
_DEV: Mapping[str, Rule] = {
    **_SCHNELL,
    "num_inference_steps": Rule("int", default=28, low=1, high=50),
    "guidance": Rule("number", default=3.5, low=0, high=10),
    "image": Rule("str"),
    "prompt_strength": Rule("number", default=0.8, low=0, high=1),
}
_PRO: Mapping[str, Rule] = {
    **_COMMON,
    "aspect_ratio": Rule("str", default="1:1", choices=("custom", *_RATIOS)),
    "width": Rule("int", low=256, high=1440),
    "height": Rule("int", low=256, high=1440),
    "safety_tolerance": Rule("int", default=2, low=1, high=6),
    "prompt_upsampling": Rule("bool", default=False),
    "image_prompt": Rule("str"),
}
_ULTRA: Mapping[str, Rule] = {
    **_COMMON,
    "output_format": Rule("str", default="jpg", choices=("jpg", "png")),
    "safety_tolerance": Rule("int", default=2, low=1, high=6),
    "raw": Rule("bool", default=False),
    "image_prompt": Rule("str"),
    "image_prompt_strength": Rule("number", default=0.1, low=0, high=1),
}
_SDXL: Mapping[str, Rule] = {
    "prompt": Rule("str", default="An astronaut riding a rainbow unicorn"),
    "negative_prompt": Rule("str", default=""),
    "width": Rule("int", default=1024, low=256, high=2048),
    "height": Rule("int", default=1024, low=256, high=2048),
    "num_outputs": Rule("int", default=1, low=1, high=4),
    "num_inference_steps": Rule("int", default=50, low=1, high=500),
    "guidance_scale": Rule("number", default=7.5, low=1, high=50),
    "scheduler": Rule("str", default="K_EULER", choices=("DDIM", "DPMSolverMultistep", "K_EULER", "PNDM")),
    "seed": Rule("int"),
    "disable_safety_checker": Rule("bool", default=False),
    "refine": Rule("str", default="no_refiner"),
    "apply_watermark": Rule("bool", default=True),
}
_STABLE_DIFFUSION_35: Mapping[str, Rule] = {
    **_COMMON,
    "cfg": Rule("number", default=5, low=1, high=10),
    "steps": Rule("int", default=35, low=1, high=50),
    "negative_prompt": Rule("str"),
}


@dataclass(frozen=True, slots=True)
class Model:
    """One model. `price` of a picture in millionths of a dollar; `pixels` is the area that ratios are made from.

    `official` models are called by name; others only by version. `listed` tells that the output is a list.
    """

    id: str
    inputs: Mapping[str, Rule]
    price: int
    official: bool = True
    listed: bool = True
    pixels: int = _MEGAPIXEL
    description: str = ""

    @property
    def owner(self) -> str:
        return self.id.partition("/")[0]

    @property
    def name(self) -> str:
        return self.id.partition("/")[2]

    @property
    def version(self) -> str:
        """The id of its newest version (64 hexadecimal digits)."""
        return hashlib.sha256(f"sandbox version {self.id}".encode()).hexdigest()

    def size(self, values: Mapping[str, Any]) -> tuple[int, int]:
        """Return the sides of a picture: those asked for, else those of the ratio."""
        ratio = values.get("aspect_ratio") or "custom"
        if ratio == "custom":
            return (values.get("width") or 1024) // 16 * 16, (values.get("height") or 1024) // 16 * 16
        width, height = _SIZES[ratio]
        if values.get("megapixels") == "0.25":
            return width // 2, height // 2
        factor = math.isqrt(self.pixels // _MEGAPIXEL)
        return width * factor, height * factor


_ALL = (
    Model("black-forest-labs/flux-schnell", _SCHNELL, 3_000, description="The fastest image generation model"),
    Model("black-forest-labs/flux-dev", _DEV, 25_000, description="A 12 billion parameter rectified flow transformer"),
    Model("black-forest-labs/flux-1.1-pro", _PRO, 40_000, listed=False, description="Faster, better FLUX Pro"),
    Model(
        "black-forest-labs/flux-1.1-pro-ultra",
        _ULTRA,
        60_000,
        listed=False,
        pixels=4 * _MEGAPIXEL,
        description="FLUX1.1 [pro] in ultra and raw modes",
    ),
    Model("stability-ai/stable-diffusion-3.5-large", _STABLE_DIFFUSION_35, 65_000, description="A text-to-image model"),
    Model("stability-ai/sdxl", _SDXL, 4_300, official=False, description="A text-to-image model by version"),
)
MODELS: Mapping[str, Model] = {model.id: model for model in _ALL}
VERSIONS: Mapping[str, Model] = {model.version: model for model in _ALL}

_TYPES = {"str": "string", "int": "integer", "number": "number", "bool": "boolean"}


def checked(model: Model, given: JsonObject) -> tuple[dict[str, Any], list[JsonObject]]:
    """Return the values with defaults filled in and the invalid fields. Nothing is converted: "4" is no number."""
    values: dict[str, Any] = {}
    invalid: list[JsonObject] = []
    for name, rule in model.inputs.items():
        value = given.get(name)
        values[name] = rule.default if value is None else value
        if name not in given:
            if rule.required:
                invalid.append(_invalid("required", "input", f"{name} is required"))
        elif not _is_a(rule.kind, value):
            expected, got = _TYPES[rule.kind], _type_of(value)
            invalid.append(
                _invalid("invalid_type", f"input.{name}", f"Invalid type. Expected: {expected}, given: {got}")
            )
        elif rule.choices and value not in rule.choices:
            choices = ", ".join(f'"{choice}"' for choice in rule.choices)
            invalid.append(_invalid("enum", f"input.{name}", f"input.{name} must be one of the following: {choices}"))
        elif rule.low is not None and isinstance(value, int | float) and value < rule.low:
            invalid.append(_invalid("number_gte", f"input.{name}", f"Must be greater than or equal to {rule.low:g}"))
        elif rule.high is not None and isinstance(value, int | float) and value > rule.high:
            invalid.append(_invalid("number_lte", f"input.{name}", f"Must be less than or equal to {rule.high:g}"))
    return values, invalid


def _invalid(kind: str, field: str, description: str) -> JsonObject:
    return {"type": kind, "field": field, "description": description}


def _is_a(kind: str, value: JsonValue) -> bool:
    match kind:
        case "int":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "bool":
            return isinstance(value, bool)
        case _:
            return isinstance(value, str)


def _type_of(value: JsonValue) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def described(model: Model, base: str) -> JsonObject:
    """Return a model as the API lists it."""
    return {
        "url": f"https://replicate.com/{model.id}",
        "owner": model.owner,
        "name": model.name,
        "description": model.description,
        "visibility": "public",
        "is_official": model.official,
        "github_url": None,
        "paper_url": None,
        "license_url": None,
        "run_count": 1_000_000,
        "cover_image_url": None,
        "default_example": None,
        "latest_version": version(model),
        "urls": {"get": f"{base}/v1/models/{model.id}", "web": f"https://replicate.com/{model.id}"},
    }


def version(model: Model) -> JsonObject:
    """Return a model's version with the schema of its inputs."""
    properties: JsonObject = {}
    for name, rule in model.inputs.items():
        field: JsonObject = {"type": _TYPES[rule.kind], "title": name}
        if rule.default is not None:
            field["default"] = rule.default
        if rule.choices:
            field["enum"] = list(rule.choices)
        for key, limit in (("minimum", rule.low), ("maximum", rule.high)):
            if limit is not None:
                field[key] = limit
        properties[name] = field
    required: list[JsonValue] = [name for name, rule in model.inputs.items() if rule.required]
    uri: JsonObject = {"type": "string", "format": "uri"}
    output: JsonObject = {"type": "array", "items": uri} if model.listed else uri
    schemas: JsonObject = {
        "Input": {"type": "object", "title": "Input", "properties": properties, "required": required},
        "Output": {**output, "title": "Output"},
    }
    return {
        "id": model.version,
        "created_at": "2026-01-15T12:00:00.000000Z",
        "cog_version": "0.16.9",
        "openapi_schema": {"openapi": "3.0.2", "components": {"schemas": schemas}},
    }
