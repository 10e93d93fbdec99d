"""Reading what clients ask of Azure: JSON of the image API, its multipart edits, and JSON of the provider route."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from fluxtui.domain.values import JsonObject, JsonValue
from fluxtui.sandbox import azure_errors as errors
from fluxtui.sandbox.azure_models import Deployment
from fluxtui.sandbox.bfl_models import MEGAPIXEL
from fluxtui.sandbox.messages import SandboxRequest, SandboxResponse
from fluxtui.sandbox.references import CorruptReferenceError, reference_sizes
from fluxtui.sandbox.validation import fault


class BadRequestError(Exception):
    """The request cannot be accepted; `answer` says so on the wire."""

    def __init__(self, answer: SandboxResponse) -> None:
        super().__init__(f"answered {answer.status}")
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Asked:
    """One request in the sandbox's terms. Sides in pixels, cost in US cents."""

    prompt: str
    width: int
    height: int
    format: str
    cost: float
    count: int = 1
    seed: int | None = None
    guidance: float | None = None
    steps: int | None = None
    input_mp: float = 0
    references: tuple[str, ...] = ()


def read_image_api(deployment: Deployment, request: SandboxRequest, *, edits: bool) -> Asked:
    """Read a request to the image API. Raises BadRequestError.

    `seed`, `width`, `height` and the like are no part of this route and are ignored, as are fields nobody knows. More
    than one picture was never shown to work there: one comes back whatever `n` says.
    """
    references: tuple[str, ...] = ()
    if edits:
        fields, files = _multipart(request)
        if not files:
            raise BadRequestError(errors.invalid_value("image", "Missing required parameter: 'image'."))
        references = tuple(hashlib.sha256(data).hexdigest() for data in files)
    else:
        body = request.json_object()
        if body is None:
            raise BadRequestError(errors.invalid_json())
        fields = body
    prompt = fields.get("prompt")
    if not isinstance(prompt, str) or not prompt:
        raise BadRequestError(errors.invalid_value("prompt", "Missing required parameter: 'prompt'."))
    width, height = _image_api_size(deployment, fields.get("size") or "1024x1024")
    output_format = fields.get("output_format") or "jpeg"
    if output_format not in ("png", "jpeg"):
        message = f"Invalid value: '{output_format}'. Supported values are: 'png' and 'jpeg'."
        raise BadRequestError(errors.invalid_value("output_format", message))
    return Asked(prompt, width, height, str(output_format), deployment.price, references=references)


def _image_api_size(deployment: Deployment, size: JsonValue) -> tuple[int, int]:
    text = str(size)
    across, _, down = text.lower().partition("x")
    if across.isdigit() and down.isdigit() and len(text) < 12:
        width, height = int(across) // 16 * 16, int(down) // 16 * 16
        if min(width, height) >= 256 and width * height <= deployment.largest:
            return width, height
    message = f"Invalid size '{text}'. {deployment.name} makes pictures of up to {deployment.largest} pixels, 'WxH'."
    raise BadRequestError(errors.invalid_value("size", message))


def read_provider_route(deployment: Deployment, body: JsonObject) -> Asked:
    """Read a request to the provider route. Raises BadRequestError.

    `size` is ignored in silence, and so is `aspect_ratio` by the FLUX.2 models; sides are floored to multiples of 16.
    """
    values, wrong = deployment.schema.check(body)
    if not wrong:
        width, height = _provider_size(deployment, values)
        if width * height > deployment.largest:
            message = f"Value error, the output must not exceed {deployment.largest} pixels"
            wrong.append(fault("value_error", "width", message, body.get("width")))
    if wrong:
        raise BadRequestError(errors.validation(wrong))
    sent = [values[name] for name in values if name.startswith("input_image") and values[name]]
    try:
        inputs = reference_sizes(sent)
    except CorruptReferenceError as error:
        raise BadRequestError(errors.invalid_value("input_image", str(error))) from error
    input_pixels = sum(across * down for across, down in inputs)
    count = max(values["num_images"] or 1, values["n"] or 1)
    return Asked(
        prompt=values["prompt"],
        width=width,
        height=height,
        format=values["output_format"] or "jpeg",
        cost=count * _cost(deployment, width * height, input_pixels),
        count=count,
        seed=values["seed"],
        guidance=values["guidance"],
        steps=values["steps"],
        input_mp=round(input_pixels / MEGAPIXEL, 2),
        references=tuple(hashlib.sha256(text.encode()).hexdigest() for text in sent),
    )


def _provider_size(deployment: Deployment, values: Mapping[str, Any]) -> tuple[int, int]:
    ratio = values["aspect_ratio"]
    if ratio and deployment.aspect_ratio and not (values["width"] or values["height"]):
        across, down = (max(1, int(part)) for part in ratio.split(":"))
        shape = min(4.0, max(0.25, across / down))
        return int(1024 * math.sqrt(shape)) // 16 * 16, int(1024 / math.sqrt(shape)) // 16 * 16
    return (values["width"] or 1024) // 16 * 16, (values["height"] or 1024) // 16 * 16


def _cost(deployment: Deployment, pixels: int, input_pixels: int) -> float:
    if deployment.per_megapixel is None:
        return deployment.price
    further = max(1, math.ceil(pixels / MEGAPIXEL)) - 1 + math.ceil(input_pixels / MEGAPIXEL)
    return round(deployment.price + further * deployment.per_megapixel, 4)


def _multipart(request: SandboxRequest) -> tuple[JsonObject, list[bytes]]:
    """Return the text fields and the files of a form. Raises BadRequestError when it is none."""
    content_type = request.headers.get("content-type", "")
    if not content_type.lower().startswith("multipart/form-data"):
        raise BadRequestError(errors.invalid_value(None, "Edits are sent as multipart/form-data."))
    message = BytesParser(policy=HTTP).parsebytes(
        b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + request.body
    )
    fields: JsonObject = {}
    files: list[bytes] = []
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        content = payload if isinstance(payload, bytes) else b""
        if part.get_filename() is not None or name in ("image", "image[]"):
            files.append(content)
        else:
            fields[str(name)] = content.decode("utf-8", "replace").strip("\r\n")
    return fields, files
