"""Reading what clients ask of OpenAI's picture API: JSON of generations, forms of edits, and the rules of both."""

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass

from fluxtui.domain.values import JsonObject, JsonValue, digest
from fluxtui.sandbox import openai_errors as errors
from fluxtui.sandbox.desk import RefusedError
from fluxtui.sandbox.forms import Form, read_form
from fluxtui.sandbox.ledger import Identity
from fluxtui.sandbox.messages import SandboxRequest
from fluxtui.sandbox.openai_models import (
    DALLE_SIZES,
    FIXED_SIZES,
    ImageModel,
    dalle_micros,
    picture_tokens,
    text_tokens,
)

MOST_PICTURES = 10
MOST_REFERENCES = 16
LARGEST_REFERENCE = 50 * 1024 * 1024
LARGEST_MASK = 4 * 1024 * 1024
LONGEST_PROMPT = 32_000
LONGEST_DALLE_PROMPT = 4_000
LONGEST_EDGE = 3840
LEAST_PIXELS, MOST_PIXELS = 655_360, 8_294_400
PARTIAL_TOKENS = 100
"""What every partial picture adds to the bill."""

_FILES = frozenset(("image", "mask", "markup"))
_KINDS: Mapping[str, type] = {
    **dict.fromkeys(("prompt", "model", "size", "quality", "output_format", "background", "moderation"), str),
    **dict.fromkeys(("complexity", "safety_identifier", "user", "input_fidelity", "response_format", "style"), str),
    **dict.fromkeys(("n", "output_compression", "partial_images", "frame_count", "frame_duration_ms"), int),
    "stream": bool,
    "svg": dict,
}
_NAMES = {str: "a string", int: "an integer", bool: "a boolean", dict: "an object"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request in the sandbox's terms. `auto` is resolved. Sides in pixels.

    `references` are digests of the pictures that were sent along; `response_format` and `style` belong to DALL-E.
    """

    model: ImageModel
    prompt: str
    count: int
    width: int
    height: int
    quality: str
    format: str = "png"
    background: str = "opaque"
    stream: bool = False
    partial_images: int = 0
    safety_identifier: str | None = None
    references: tuple[str, ...] = ()
    reference_tokens: int = 0
    response_format: str = "b64_json"
    style: str = "vivid"
    edits: bool = False

    @property
    def size(self) -> str:
        return f"{self.width}x{self.height}"

    @property
    def partials_sent(self) -> int:
        """Return how many partial pictures come: quick work has no time for more than one, whatever was asked."""
        return min(self.partial_images, 1) if self.quality == "low" else self.partial_images

    def identity(self, service: str, name: str) -> Identity:
        """Return what makes this request the same job as another; `name` is the model's, or the deployment's."""
        variation = [self.quality, self.format, self.background, self.references, self.count, self.style]
        said = digest(json.loads(json.dumps(variation)))[:16]
        return Identity(service, name, self.prompt, None, self.size, said)

    def usage(self) -> JsonObject:
        """Return the tokens that are billed, in the words of the answer."""
        text = text_tokens(self.prompt)
        each = self.model.output_tokens(self.quality, self.width, self.height)
        output = self.count * (each + PARTIAL_TOKENS * self.partials_sent)
        return {
            "input_tokens": text + self.reference_tokens,
            "input_tokens_details": {"text_tokens": text, "image_tokens": self.reference_tokens},
            "output_tokens": output,
            "output_tokens_details": {"image_tokens": output, "text_tokens": 0},
            "total_tokens": text + self.reference_tokens + output,
        }

    @property
    def cost_micros(self) -> int:
        if self.model.is_dalle:
            return dalle_micros(self.quality, self.size)
        each = self.model.output_tokens(self.quality, self.width, self.height)
        output = self.count * (each + PARTIAL_TOKENS * self.partials_sent)
        model = self.model
        inputs = text_tokens(self.prompt) * model.text_price + self.reference_tokens * model.image_price
        return round(inputs + output * model.output_price)


def read_fields(request: SandboxRequest, *, edits: bool) -> Form:
    """Return the fields of a request with their types checked; null counts as left out. Raises RefusedError."""
    if edits:
        form = read_form(request, _FILES)
        if form is None:
            raise RefusedError(errors.not_a_form())
        return Form({name: _from_text(name, value) for name, value in form.fields.items()}, form.files)
    body = request.json_object()
    if body is None:
        raise RefusedError(errors.invalid_json())
    return Form({name: value for name, value in body.items() if value is not None})


def _from_text(name: str, value: JsonValue) -> JsonValue:
    """Return a form's text as the type that its field has, unchanged when it cannot be read as one."""
    kind, text = _KINDS.get(name), str(value)
    if kind is int and text.removeprefix("-").isdigit():
        return int(text)
    if kind is bool and text.lower() in ("true", "false", "1", "0"):
        return text.lower() in ("true", "1")
    return value


def read_order(model: ImageModel, form: Form, *, edits: bool) -> Asked:
    """Return what is asked of `model`. Raises RefusedError with the answer of the API to what is wrong."""
    fields = form.fields
    _check_names(model, fields, edits=edits)
    prompt = fields.get("prompt")
    if not prompt:
        raise RefusedError(errors.missing("prompt"))
    longest = LONGEST_DALLE_PROMPT if model.is_dalle else LONGEST_PROMPT
    if len(str(prompt)) > longest:
        raise RefusedError(errors.too_long("prompt", len(str(prompt)), longest))
    count = _integer(fields, "n", 1, 1, 1 if model.is_dalle else MOST_PICTURES)
    if model.is_dalle:
        return _dalle(model, fields, str(prompt))
    quality = _choice(fields, "quality", (*model.qualities, "auto"), "auto")
    image_format, background = _output(fields)
    width, height = _size(model, fields, str(prompt))
    references, tokens = _references(model, form) if edits else ((), 0)
    stream = bool(fields.get("stream", False))
    if "partial_images" in fields and not stream:
        raise RefusedError(
            errors.invalid_value("partial_images is only supported when stream is true.", "partial_images")
        )
    return Asked(
        model=model,
        prompt=str(prompt),
        count=count,
        width=width,
        height=height,
        quality=_drawn(model.qualities, str(prompt)) if quality == "auto" else quality,
        format=image_format,
        background=background,
        stream=stream,
        partial_images=_integer(fields, "partial_images", 0, 0, 3),
        safety_identifier=str(fields.get("safety_identifier") or fields.get("user") or "") or None,
        references=references,
        reference_tokens=tokens,
        edits=edits,
    )


def _check_names(model: ImageModel, fields: JsonObject, *, edits: bool) -> None:
    unknown = {"response_format", "style"} if not model.is_dalle else {"output_format", "background", "moderation"}
    if not edits:
        unknown.add("input_fidelity")
    if not model.complexity:
        unknown.add("complexity")
    for name, value in fields.items():
        kind = _KINDS.get(name)
        if kind is None or name in unknown:
            raise RefusedError(errors.unknown_parameter(name))
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise RefusedError(errors.invalid_type(name, _NAMES[kind], value))
    for name in ("frame_count", "frame_duration_ms", "svg"):
        if name in fields:
            raise RefusedError(errors.invalid_value(f"'{name}' is in preview and not enabled for your account.", name))
    _choice(fields, "moderation", ("low", "auto"), "auto")
    _choice(fields, "complexity", ("low", "medium", "high"), "medium")


def _integer(fields: JsonObject, name: str, default: int, low: int, high: int) -> int:
    value = fields.get(name, default)
    assert isinstance(value, int)
    if not low <= value <= high:
        raise RefusedError(errors.out_of_range(name, value, low, high))
    return value


def _choice(fields: JsonObject, name: str, choices: tuple[str, ...], default: str) -> str:
    value = str(fields.get(name, default))
    if value not in choices:
        raise RefusedError(errors.invalid_choice(name, value, choices))
    return value


def _drawn(choices: tuple[str, ...], prompt: str) -> str:
    """Return what `auto` becomes: the same for the same prompt."""
    return choices[int(digest(["auto", prompt])[:8], 16) % len(choices)]


def _output(fields: JsonObject) -> tuple[str, str]:
    """Return the format and the background."""
    image_format = str(fields.get("output_format", "png"))
    if image_format in ("gif", "svg"):
        message = f"The output format '{image_format}' is in preview and not enabled for your account."
        raise RefusedError(errors.invalid_value(message, "output_format"))
    _choice(fields, "output_format", ("png", "jpeg", "webp"), "png")
    compression = _integer(fields, "output_compression", 100, 0, 100)
    if image_format == "png" and compression < 100:
        message = "Compression less than 100 is not supported for PNG output format."
        raise RefusedError(errors.invalid_value(message, "output_compression"))
    background = _choice(fields, "background", ("transparent", "opaque", "auto"), "auto")
    if background == "transparent" and image_format == "jpeg":
        message = "Transparent background is not supported for JPEG output format."
        raise RefusedError(errors.invalid_value(message, "background"))
    return image_format, "opaque" if background == "auto" else background


def _size(model: ImageModel, fields: JsonObject, prompt: str) -> tuple[int, int]:
    text = str(fields.get("size", "auto"))
    if text == "auto":
        text = _drawn(FIXED_SIZES, prompt)
    across, _, down = text.partition("x")
    sides = (int(across), int(down)) if across.isdecimal() and down.isdecimal() and len(text) < 16 else None
    if sides is None or (not model.any_size and text not in FIXED_SIZES):
        raise RefusedError(errors.invalid_choice("size", text, (*FIXED_SIZES, "auto")))
    wrong = _wrong_sides(*sides) if model.any_size else ""
    if wrong:
        raise RefusedError(errors.invalid_value(f"Invalid size '{text}'. {wrong}", "size"))
    return sides


def _wrong_sides(width: int, height: int) -> str:
    longer, shorter = max(width, height), min(width, height)
    if longer > LONGEST_EDGE:
        return f"The longest edge must be less than or equal to {LONGEST_EDGE}."
    if width % 16 or height % 16:
        return "Width and height must both be multiples of 16."
    if width * height < LEAST_PIXELS:
        return "Requested resolution is below the current minimum pixel budget."
    if width * height > MOST_PIXELS:
        return "Requested resolution is above the current maximum pixel budget."
    return "The aspect ratio must be between 1:3 and 3:1." if longer > 3 * shorter else ""


def _dalle(model: ImageModel, fields: JsonObject, prompt: str) -> Asked:
    width, height = map(int, _choice(fields, "size", DALLE_SIZES, DALLE_SIZES[0]).split("x"))
    return Asked(
        model=model,
        prompt=prompt,
        count=1,
        width=width,
        height=height,
        quality=_choice(fields, "quality", ("standard", "hd"), "standard"),
        response_format=_choice(fields, "response_format", ("url", "b64_json"), "url"),
        style=_choice(fields, "style", ("vivid", "natural"), "vivid"),
    )


# -- pictures that are sent along ---------------------------------------------------------------


def _references(model: ImageModel, form: Form) -> tuple[tuple[str, ...], int]:
    """Return the digests of the pictures of an edit, and their tokens."""
    _check_fidelity(model, form.fields)
    images = form.files.get("image", [])
    if not images:
        raise RefusedError(errors.missing("image"))
    if len(images) > MOST_REFERENCES:
        message = f"Invalid 'image': too many images. Expected at most {MOST_REFERENCES}, but got {len(images)}."
        raise RefusedError(errors.invalid_value(message, "image"))
    sides: list[tuple[int, int]] = []
    for number, data in enumerate(images, start=1):
        known = _opened(data)
        if known is None or known[0] not in ("PNG", "JPEG", "MPO", "WEBP") or len(data) >= LARGEST_REFERENCE:
            raise RefusedError(errors.bad_picture(number))
        sides.append((known[1], known[2]))
    _check_overlay(model, form, sides[0])
    sent = [*images, *form.files.get("mask", []), *form.files.get("markup", [])]
    tokens = sum(picture_tokens(*size) for size in sides)
    return tuple(hashlib.sha256(data).hexdigest() for data in sent), tokens


def _check_fidelity(model: ImageModel, fields: JsonObject) -> None:
    if "input_fidelity" not in fields:
        return
    given = _choice(fields, "input_fidelity", ("high", "low"), "low")
    if given not in model.input_fidelity:
        message = f"The model '{model.name}' does not support input_fidelity '{given}'."
        raise RefusedError(
            errors.error(400, errors.USER_ERROR, "invalid_input_fidelity_model", message, "input_fidelity")
        )


def _check_overlay(model: ImageModel, form: Form, sides: tuple[int, int]) -> None:
    mask, markup = form.files.get("mask", []), form.files.get("markup", [])
    if markup and (mask or not model.markup):
        reason = "cannot be combined with a mask" if mask else f"is not supported by '{model.name}'"
        raise RefusedError(errors.invalid_value(f"'markup' {reason}.", "markup"))
    for name, data in [("mask", data) for data in mask] + [("markup", data) for data in markup]:
        known = _opened(data)
        if known is None or known[0] != "PNG" or not known[3] or len(data) >= LARGEST_MASK:
            message = f"Invalid {name} image format - {name} must be a PNG of less than 4 MB with an alpha channel."
            raise RefusedError(errors.invalid_value(message, name))
        if known[1:3] != sides:
            message = f"Invalid {name} image - {name} size does not match image size."
            raise RefusedError(errors.invalid_value(message, name))


def _opened(data: bytes) -> tuple[str, int, int, bool] | None:
    """Return format, sides and whether there is an alpha channel, None for what is no picture."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data)) as image:
            alpha = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
            return str(image.format), image.width, image.height, alpha
    except (UnidentifiedImageError, ValueError, OSError, SyntaxError, Image.DecompressionBombError):
        return None
