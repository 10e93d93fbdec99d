"""The JSON Schema of the native format, for editors that complete and check while one types."""

from typing import Any

from fluxtui.batchfiles.checks import LONGEST_NAME, MOST_REFERENCES
from fluxtui.batchfiles.native import MOST_REPEATS
from fluxtui.batchfiles.parameters import LARGEST_SEED, LONGEST_PROMPT, MOST_AXIS_VALUES, MOST_IMAGES
from fluxtui.domain.batch import PARAMETER_ALIASES
from fluxtui.domain.imagefile import ImageFormat

_PARAMETER_SCHEMAS: dict[str, dict[str, Any]] = {
    "size": {
        "type": ["string", "null"],
        "pattern": r"^(auto|\s*\d{1,6}\s*[xX×*]\s*\d{1,6}\s*)$",
        "description": "WIDTHxHEIGHT in pixels, or auto. Services without that size make the nearest one.",
        "examples": ["1024x1024", "1440x816"],
    },
    "steps": {"type": ["integer", "null"], "minimum": 1, "maximum": 1000, "description": "Steps of inference."},
    "guidance": {
        "type": ["number", "null"],
        "minimum": 0,
        "maximum": 100,
        "description": "How closely to follow the prompt.",
    },
    "seed": {
        "type": ["integer", "null"],
        "minimum": -1,
        "maximum": LARGEST_SEED,
        "description": "The same seed, prompt and model make the same picture, where the service has seeds.",
    },
    "n": {"type": ["integer", "null"], "minimum": 1, "maximum": MOST_IMAGES, "description": "Pictures to make."},
    "output_format": {
        "enum": [*(image_format.value for image_format in ImageFormat), "jpg", None],
        "description": "The format of the picture.",
    },
    "quality": {"description": "Quality in the words of the service, for example hd."},
    "width": {"type": ["integer", "null"], "description": "In pixels, together with height: another way to say size."},
    "height": {"type": ["integer", "null"], "description": "In pixels, together with width."},
}


def _parameters() -> dict[str, Any]:
    aliases = {
        alias: {**_PARAMETER_SCHEMAS[name], "description": f"The same as {name}."}
        for alias, name in PARAMETER_ALIASES.items()
    }
    return {**_PARAMETER_SCHEMAS, **aliases}


def _texts(description: str) -> dict[str, Any]:
    items = {"type": "array", "items": {"type": "string", "minLength": 1}, "maxItems": MOST_REFERENCES}
    return {"anyOf": [{"type": "string", "minLength": 1}, items, {"type": "null"}], "description": description}


def _shared_parameters(description: str) -> dict[str, Any]:
    return {
        "type": ["object", "null"],
        "description": description,
        "properties": {
            **_parameters(),
            "negative_prompt": {"type": ["string", "null"], "maxLength": LONGEST_PROMPT},
        },
    }


def _task() -> dict[str, Any]:
    prompt = {
        "type": "string",
        "pattern": r"\S",
        "maxLength": LONGEST_PROMPT,
        "description": "What the picture should show.",
    }
    context = {"type": ["string", "number", "boolean", "null"], "description": "Shown with the picture, never sent."}
    return {
        "type": "object",
        "description": "One thing to draw. Fields that are not named here are parameters, sent as they are.",
        "required": ["prompt"],
        "properties": {
            "name": {
                "type": ["string", "integer", "null"],
                "maxLength": LONGEST_NAME,
                "description": "Unique; pictures are named after it. Made from the prompt when left out.",
            },
            "id": {"type": ["string", "integer", "null"], "description": "A name, for files that call it so."},
            "prompt": prompt,
            "negative_prompt": {
                "type": ["string", "null"],
                "maxLength": LONGEST_PROMPT,
                "description": "What should not be in the picture.",
            },
            "parameters": {"type": ["object", "null"], "properties": _parameters()},
            "context": {"type": ["object", "null"], "additionalProperties": context},
            "title": context,
            "scene": context,
            "mood": context,
            "references": _texts("Pictures to start from: paths or URLs."),
            "extra": {
                "type": ["object", "null"],
                "description": "Merged verbatim and last into what is sent; azure, bfl ... for that service only.",
            },
            **_parameters(),
        },
    }


def _target() -> dict[str, Any]:
    name = {"type": "string", "pattern": r"^\s*[A-Za-z0-9]", "examples": ["bfl/flux-pro-1.1"]}
    details = {
        "type": "object",
        "required": ["target"],
        "additionalProperties": False,
        "properties": {
            "target": {**name, "description": "provider/model"},
            "label": {"type": ["string", "null"], "minLength": 1, "description": "The name shown for it."},
            "parameters": _shared_parameters("Parameters for this target only."),
            "fallback": _texts("Targets to try, in order, when this one fails for good."),
        },
    }
    return {"anyOf": [{**name, "description": "provider/model"}, details]}


def batch_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the native format; `fluxtui schema` prints it."""
    scalar = {"type": ["string", "number", "boolean"]}
    values = {"type": "array", "minItems": 1, "maxItems": MOST_AXIS_VALUES}
    task_or_prompt = {"anyOf": [_task(), {"type": "string", "pattern": r"\S", "description": "A prompt."}]}
    targets = {"type": "array", "items": _target()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "fluxtui batch",
        "description": "Tasks to draw, the targets that draw them, and the parameters to sweep.",
        "type": "object",
        "required": ["tasks"],
        "additionalProperties": False,
        "properties": {
            "$schema": {"type": "string"},
            "name": {"type": ["string", "null"], "maxLength": LONGEST_NAME, "description": "The name of the batch."},
            "tasks": {"type": "array", "minItems": 1, "items": task_or_prompt},
            "defaults": _shared_parameters("Parameters of every task that does not set them itself."),
            "targets": {"anyOf": [targets, *_target()["anyOf"], {"type": "null"}], "description": "Who draws."},
            "axes": {
                "type": ["object", "null"],
                "description": "Parameters to sweep: every value of every axis is drawn.",
                "additionalProperties": {
                    "anyOf": [values, {**scalar, "description": "A value, 1..4, or values with commas between."}]
                },
                "examples": [{"seed": "1..4", "guidance": [2.5, 5]}],
            },
            "repeat": {"type": ["integer", "null"], "minimum": 1, "maximum": MOST_REPEATS},
            "recipe": {"type": ["object", "null"], "description": "What follows a finished picture."},
        },
    }
