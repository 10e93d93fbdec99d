"""What Automatic1111 and Forge are sent: LoRAs as tags, the checkpoint as a setting, the second pass.

Wire facts: modules/api/models.py, modules/processing.py and the Lora extension of A1111 v1.10.1 and Forge.
"""

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from fluxtui.domain.problems import Problem, ProblemKind
from fluxtui.domain.request import Adaptation, Change, ImageRequest
from fluxtui.domain.size import Size
from fluxtui.domain.values import JsonObject, JsonValue
from fluxtui.providers import translation
from fluxtui.providers.translation import Translation

if TYPE_CHECKING:
    from fluxtui.providers.catalog import Model

LOADED = "default"
"""The model that stands for whatever the machine has loaded."""

FORGE_ONLY = ("distilled_cfg_scale", "hr_cfg", "hr_distilled_cfg", "hr_additional_modules")

_SECOND_PASS = (
    "hr_scale",
    "hr_upscaler",
    "hr_second_pass_steps",
    "hr_resize_x",
    "hr_resize_y",
    "hr_checkpoint_name",
    "hr_sampler_name",
    "hr_scheduler",
    "hr_prompt",
    "hr_negative_prompt",
    "denoising_strength",
    "hr_cfg",
    "hr_distilled_cfg",
    "hr_additional_modules",
)
_FIRST_UPSCALER = "Latent"
_GUIDANCE = 7.0  # what the API draws with when nobody says
_SUFFIX = re.compile(r"\.(safetensors|ckpt|pt)$", re.IGNORECASE)
_UNSPEAKABLE = re.compile(r"[<>:]")


def translated(request: ImageRequest, model: "Model") -> Translation:
    """Return what a machine is sent for `request`, short of what only Forge wants. Pure."""
    plain = translation.translate(request, model)
    return _Completion(request, plain).translation()


def for_forge(payload: JsonObject) -> JsonObject:
    """Return the payload with what a second pass needs at Forge.

    Without `hr_additional_modules` Forge crashes, and its own CFG of a second pass would be 1, not the first one's.
    """
    if not payload.get("enable_hr"):
        return payload
    needed: JsonObject = {
        "hr_additional_modules": ["Use same choices"],
        "hr_cfg": payload.get("cfg_scale", _GUIDANCE),
    }
    if "distilled_cfg_scale" in payload:
        needed["hr_distilled_cfg"] = payload["distilled_cfg_scale"]
    return {**needed, **payload}


def without_forge(payload: JsonObject) -> tuple[JsonObject, tuple[Adaptation, ...]]:
    """Return the payload for A1111, which has none of Forge's fields, and what is lost by that."""
    lost = tuple(
        Adaptation(name, Change.OBSERVED, payload[name], "nothing", "only Forge has it, and this machine is A1111")
        for name in FORGE_ONLY
        if name in payload
    )
    return {name: value for name, value in payload.items() if name not in FORGE_ONLY}, lost


def lora_tags(loras: JsonValue) -> list[tuple[str, str]]:
    """Return (name, tag) of every LoRA of a translated `loras`. Raises ValueError for a name no tag can hold."""
    tags = []
    for item in loras if isinstance(loras, list) else []:
        if not isinstance(item, dict):
            continue
        name = _SUFFIX.sub("", str(item.get("path", "")).strip())
        scale = item.get("scale")
        weight = float(scale) if isinstance(scale, int | float) else 1.0
        if not name or _UNSPEAKABLE.search(name):
            raise ValueError(name)
        tags.append((name, f"<lora:{name}:{weight:g}>"))
    return tags


class _Completion:
    """The catalog's translation, made into what this API understands."""

    def __init__(self, request: ImageRequest, plain: Translation) -> None:
        self.request = request
        self.plain = plain
        self.payload = dict(plain.payload)
        self.adaptations = list(plain.adaptations)
        self.impossible = plain.impossible

    def translation(self) -> Translation:
        if "output_format" not in self.request.extra:
            self.payload.pop("output_format", None)
        self._loras()
        self._second_pass()
        self._settings()
        return replace(
            self.plain,
            payload=self.payload,
            adaptations=tuple(self.adaptations),
            impossible=self.impossible,
            expected_size=self._measured(),
        )

    def _cannot(self, what: str, advice: str) -> None:
        if self.impossible is None:
            self.impossible = Problem(ProblemKind.INVALID_REQUEST, what, advice=advice)

    def _loras(self) -> None:
        if "loras" in self.request.extra or "loras" not in self.payload:
            return
        wanted, asked = self.payload.pop("loras"), self.request.parameters.get("loras")
        try:
            tags = " ".join(tag for _, tag in lora_tags(wanted))
        except ValueError as error:
            what = f"A LoRA of A1111 is named as it is installed there, not {str(error)[:100]!r}."
            self._cannot(what, "Name the file without folder and ending, for example {add_detail: 0.8}.")
            return
        if "prompt" in self.request.extra:
            self.adaptations.append(Adaptation("loras", Change.DROPPED, asked, None, "`extra` says the whole prompt"))
        elif tags:
            self.payload["prompt"] = f"{self.payload.get('prompt', '')} {tags}".strip()
            reason = "this service reads LoRAs from the prompt"
            self.adaptations.append(Adaptation("loras", Change.REWRITTEN, asked, tags, reason))

    def _second_pass(self) -> None:
        if self.payload.get("enable_hr"):
            self.payload.setdefault("hr_upscaler", _FIRST_UPSCALER)  # the API has none, and fails without
            return
        for name in _SECOND_PASS:
            if name in self.payload and name not in self.request.extra:
                value = self.payload.pop(name)
                self.adaptations = [said for said in self.adaptations if said.parameter != name]
                self.adaptations.append(Adaptation(name, Change.DROPPED, value, None, "only with enable_hr"))

    def _settings(self) -> None:
        """Put what is a setting of the machine where it holds for this request alone."""
        settings: JsonObject = {}
        if self.request.model not in ("", LOADED):
            settings["sd_model_checkpoint"] = self.request.model
        for name, setting in (("clip_skip", "CLIP_stop_at_last_layers"), ("vae", "sd_vae")):
            if name in self.payload and name not in self.request.extra:
                settings[setting] = self.payload.pop(name)
        given = self.payload.pop("override_settings", None)
        if isinstance(given, dict):
            settings |= given
        elif given is not None:
            self._cannot("override_settings has to be a table of settings.", "Write {name: value}.")
        if settings:
            self.payload["override_settings"] = settings

    def _measured(self) -> Size | None:
        first = self.plain.expected_size
        if first is None:
            return None
        if not self.payload.get("enable_hr"):
            return _floored(first.width, first.height)
        across, down = (_whole(self.payload.get(name)) for name in ("hr_resize_x", "hr_resize_y"))
        if not across and not down:
            scale = self.payload.get("hr_scale", 2.0)
            if not isinstance(scale, int | float):
                return None
            across, down = int(first.width * scale), int(first.height * scale)
        elif not down:
            down = across * first.height // first.width
        elif not across:
            across = down * first.width // first.height
        return _floored(across, down)


def _whole(value: JsonValue) -> int:
    return value if isinstance(value, int) else 0


def _floored(width: int, height: int) -> Size | None:
    try:
        return Size(max(8, width // 8 * 8), max(8, height // 8 * 8))
    except ValueError:
        return None
