"""Reading what clients ask of A1111: the fields of txt2img and of the extras, with their defaults."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from fluxtui.domain.values import JsonObject, JsonValue
from fluxtui.sandbox import a1111_errors as errors
from fluxtui.sandbox.messages import SandboxRequest, SandboxResponse

Fields = Mapping[str, tuple[str, Any]]

TXT2IMG: Fields = {
    "prompt": ("str", ""),
    "negative_prompt": ("str", ""),
    "styles": ("list", None),
    "seed": ("int", -1),
    "subseed": ("int", -1),
    "subseed_strength": ("float", 0),
    "seed_resize_from_h": ("int", -1),
    "seed_resize_from_w": ("int", -1),
    "sampler_name": ("str", None),
    "sampler_index": ("str", "Euler"),
    "scheduler": ("str", None),
    "batch_size": ("int", 1),
    "n_iter": ("int", 1),
    "steps": ("int", 50),
    "cfg_scale": ("float", 7.0),
    "width": ("int", 512),
    "height": ("int", 512),
    "restore_faces": ("bool", None),
    "tiling": ("bool", None),
    "eta": ("float", None),
    "s_churn": ("float", None),
    "s_tmin": ("float", None),
    "s_tmax": ("float", None),
    "s_noise": ("float", None),
    "s_min_uncond": ("float", None),
    "denoising_strength": ("float", 0.75),
    "disable_extra_networks": ("bool", False),
    "enable_hr": ("bool", False),
    "hr_scale": ("float", 2.0),
    "hr_upscaler": ("str", None),
    "hr_second_pass_steps": ("int", 0),
    "hr_resize_x": ("int", 0),
    "hr_resize_y": ("int", 0),
    "hr_checkpoint_name": ("str", None),
    "hr_sampler_name": ("str", None),
    "hr_scheduler": ("str", None),
    "hr_prompt": ("str", ""),
    "hr_negative_prompt": ("str", ""),
    "refiner_checkpoint": ("str", None),
    "refiner_switch_at": ("float", None),
    "override_settings": ("dict", None),
    "override_settings_restore_afterwards": ("bool", True),
    "script_name": ("str", None),
    "script_args": ("list", []),
    "alwayson_scripts": ("dict", {}),
    "send_images": ("bool", True),
    "save_images": ("bool", False),
    "force_task_id": ("str", None),
    "infotext": ("str", None),
}
FORGE_TXT2IMG: Fields = {
    **TXT2IMG,
    "distilled_cfg_scale": ("float", 3.5),
    "hr_cfg": ("float", 1.0),
    "hr_distilled_cfg": ("float", 3.5),
    "hr_additional_modules": ("list", None),
}
EXTRAS: Fields = {
    "image": ("str", ""),
    "resize_mode": ("int", 0),
    "show_extras_results": ("bool", True),
    "gfpgan_visibility": ("float", 0),
    "codeformer_visibility": ("float", 0),
    "codeformer_weight": ("float", 0),
    "upscaling_resize": ("float", 2),
    "upscaling_resize_w": ("int", 512),
    "upscaling_resize_h": ("int", 512),
    "upscaling_crop": ("bool", True),
    "upscaler_1": ("str", "None"),
    "upscaler_2": ("str", "None"),
    "extras_upscaler_2_visibility": ("float", 0),
    "upscale_first": ("bool", False),
}
PNG_INFO: Fields = {"image": ("str", None)}
SCRIPTS = ("prompt matrix", "prompts from file or textbox", "x/y/z plot")
ALWAYS_ON = ("extra options", "hypertile", "refiner", "seed", "sampler")


class InvalidError(Exception):
    """The body is not of the form that the server takes; `answer` says so on the wire."""

    def __init__(self, answer: SandboxResponse) -> None:
        super().__init__(f"answered {answer.status}")
        self.answer = answer


def read(request: SandboxRequest, fields: Fields, *, forge: bool) -> dict[str, Any]:
    """Return the values of a body with defaults filled in; null stands for the default, unknown fields are ignored.

    Raises InvalidError.
    """
    body = request.json_object()
    if body is None:
        raise InvalidError(errors.invalid([errors.no_json(forge=forge)]))
    values: dict[str, Any] = {}
    faults: list[JsonObject] = []
    for name, (kind, default) in fields.items():
        given = body.get(name)
        if given is None:
            values[name] = default
            continue
        try:
            values[name] = _converted(kind, given, forge=forge)
        except ValueError:
            faults.append(errors.fault(name, kind, given, forge=forge))
    if faults:
        raise InvalidError(errors.invalid(faults))
    return values


def _converted(kind: str, given: JsonValue, *, forge: bool) -> Any:
    """Return a value as pydantic reads it; version 1 is the more forgiving. Raises ValueError."""
    match kind, given:
        case "list", list():
            return given
        case "dict", dict():
            return given
        case "str", str():
            return given
        case "str", int() | float() if not forge:
            return str(given)
        case "bool", bool():
            return given
        case "bool", str() | int() if str(given).lower() in ("1", "true", "yes", "on", "0", "false", "no", "off"):
            return str(given).lower() in ("1", "true", "yes", "on")
        case "int", int():
            return int(given)
        case "int", float() if given.is_integer() or not forge:
            return int(given)
        case "int", str():
            return int(given)
        case "float", int() | float() | str():
            return float(given)
        case _:
            raise ValueError(kind)


def check_scripts(values: Mapping[str, Any]) -> None:
    """Raise HttpError when a script is named that is not installed."""
    name = values["script_name"]
    if name and name.lower() not in SCRIPTS:
        raise errors.HttpError(422, f"Script '{name}' not found")
    for always_on in values["alwayson_scripts"]:
        if always_on.lower() not in ALWAYS_ON:
            raise errors.HttpError(422, f"always on script {always_on} not found")


def decoded(text: str) -> bytes:
    """Return the bytes of a picture that was sent: bare base64 or a data URI. Raises HttpError."""
    encoded = text.partition(",")[2] if text.startswith("data:image/") else text
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise errors.HttpError(500, "Invalid encoded image") from error
