"""What one txt2img request comes to on the machine: the fallbacks, the sides, the time, the answer."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fluxtui.domain.values import JsonObject, JsonValue, digest
from fluxtui.sandbox.a1111_data import (
    FORGE_VERSION,
    LATENT_MODES,
    UPSCALERS,
    VERSION,
    Checkpoint,
    checkpoint_named,
    sampler_and_scheduler,
)
from fluxtui.sandbox.a1111_errors import CrashError
from fluxtui.sandbox.a1111_infotext import Made, lora_hashes
from fluxtui.sandbox.a1111_machine import Machine
from fluxtui.sandbox.ledger import Identity
from fluxtui.sandbox.pictures import PictureSpec

_LARGEST_PIXELS = 16 * 1024 * 1024
"""What fits into the memory of the simulated graphics card."""
_RANDOM_SEEDS = 4_294_967_294
_HIRES_TIME = 1.5


@dataclass(frozen=True, slots=True)
class Generation:
    """One request as the machine carries it out. `crash` is what it dies of when its turn has come."""

    made: Made
    seeds: tuple[int, ...]
    subseeds: tuple[int, ...]
    batch_size: int
    batches: int
    size: tuple[int, int]
    time_factor: float
    settings: Mapping[str, JsonValue]
    crash: CrashError | None

    def specs(self, image_format: str) -> list[PictureSpec]:
        made = self.made
        name = {"jpg": "jpeg", "webp": "webp"}.get(image_format, "png")
        model, (width, height) = f"a1111/{made.checkpoint.name}", self.size
        return [
            PictureSpec(model, made.prompt, seed, width, height, name, made.cfg_scale, made.steps)
            for seed in self.seeds
        ]


def identity(machine: Machine, values: Mapping[str, Any]) -> Identity:
    """Return what makes a request the same job as another."""
    asked = (values["override_settings"] or {}).get("sd_model_checkpoint")
    known = checkpoint_named(asked, forge=machine.forge) or machine.wanted()
    names = ("negative_prompt", "steps", "cfg_scale", "sampler_name", "scheduler", "batch_size", "n_iter", "enable_hr")
    more = ("hr_scale", "hr_upscaler", "denoising_strength", "distilled_cfg_scale") if values["enable_hr"] else ()
    said = digest({name: values.get(name) for name in (*names, *more)})[:16]
    seed = values["seed"] if values["seed"] != -1 else None
    return Identity("a1111", known.name, values["prompt"], seed, f"{values['width']}x{values['height']}", said)


def prepare(machine: Machine, values: Mapping[str, Any], drawn: str) -> Generation:
    """Return what a request comes to; `drawn` is what random seeds are made from."""
    forge = machine.forge
    settings = dict(values["override_settings"] or {})
    crash = _crash(machine, values, settings)
    wanted = settings.get("sd_model_checkpoint")
    checkpoint = checkpoint_named(wanted, forge=forge) if wanted is not None else None
    if checkpoint is None:
        # What is not installed is dropped, and the loaded model used: only `info` tells.
        settings.pop("sd_model_checkpoint", None)
        checkpoint = machine.wanted()
    sampler, scheduler = sampler_and_scheduler(
        values["sampler_name"] or values["sampler_index"], values["scheduler"], forge=forge
    )
    size, final = _sides(values)
    made = Made(
        prompt=values["prompt"],
        negative=values["negative_prompt"],
        steps=values["steps"],
        sampler=sampler,
        scheduler=scheduler,
        cfg_scale=values["cfg_scale"],
        width=values["width"],
        height=values["height"],
        checkpoint=checkpoint,
        forge=forge,
        extra=_extra(values, settings, checkpoint, final, forge=forge),
    )
    if crash is None and final[0] * final[1] * values["batch_size"] > _LARGEST_PIXELS:
        crash = out_of_memory()
    count = values["batch_size"] * values["n_iter"]
    number = int(digest(drawn)[:12], 16)
    seed = values["seed"] if values["seed"] != -1 else number % _RANDOM_SEEDS
    subseed = values["subseed"] if values["subseed"] != -1 else number // 7 % _RANDOM_SEEDS
    fixed = values["subseed_strength"] != 0
    return Generation(
        made=made,
        seeds=tuple(seed + (0 if fixed else place) for place in range(count)),
        subseeds=tuple(subseed + place for place in range(count)),
        batch_size=values["batch_size"],
        batches=values["n_iter"],
        size=final if values["enable_hr"] else size,
        time_factor=values["n_iter"] * (_HIRES_TIME if values["enable_hr"] else 1.0),
        settings=settings,
        crash=crash,
    )


def out_of_memory() -> CrashError:
    message = "CUDA out of memory. Tried to allocate 2.25 GiB. GPU 0 has a total capacity of 11.99 GiB."
    return CrashError("OutOfMemoryError", message)


def _crash(machine: Machine, values: Mapping[str, Any], settings: Mapping[str, Any]) -> CrashError | None:
    unknown = machine.options.unknown(settings)
    if unknown is not None:
        return CrashError("KeyError", f"'{unknown}'")
    if not values["enable_hr"]:
        return None
    upscaler = values["hr_upscaler"]
    if upscaler not in LATENT_MODES and upscaler not in [name for name, _ in UPSCALERS]:
        return CrashError("Exception", f"could not find upscaler named {upscaler}")
    if machine.forge and values["hr_additional_modules"] is None:
        # Forge looks into the list without asking whether there is one.
        return CrashError("TypeError", "argument of type 'NoneType' is not iterable")
    return None


def _sides(values: Mapping[str, Any]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the sides without and with the second pass: latents are an eighth, what does not divide is cut off."""
    width, height = max(8, values["width"] // 8 * 8), max(8, values["height"] // 8 * 8)
    if not values["enable_hr"]:
        return (width, height), (width, height)
    across, down = values["hr_resize_x"], values["hr_resize_y"]
    if not across and not down:
        across, down = int(width * values["hr_scale"]), int(height * values["hr_scale"])
    elif not down:
        down = across * height // width
    elif not across:
        across = down * width // height
    return (width, height), (max(8, across // 8 * 8), max(8, down // 8 * 8))


def _extra(
    values: Mapping[str, Any],
    settings: Mapping[str, Any],
    checkpoint: Checkpoint,
    final: tuple[int, int],
    *,
    forge: bool,
) -> tuple[tuple[str, str], ...]:
    pairs: list[tuple[str, str]] = []
    if forge and checkpoint.flux == "dev":
        # Schnell has no input for guidance: the value is ignored, and not written down.
        pairs.append(("Distilled CFG Scale", str(values["distilled_cfg_scale"])))
    if int(settings.get("CLIP_stop_at_last_layers") or 1) > 1:
        pairs.append(("Clip skip", str(settings["CLIP_stop_at_last_layers"])))
    if values["enable_hr"]:
        pairs.append(("Denoising strength", str(values["denoising_strength"])))
        if values["hr_resize_x"] or values["hr_resize_y"]:
            pairs.append(("Hires resize", f"{final[0]}x{final[1]}"))
        else:
            pairs.append(("Hires upscale", f"{values['hr_scale']:g}"))
        if values["hr_second_pass_steps"]:
            pairs.append(("Hires steps", str(values["hr_second_pass_steps"])))
        pairs.append(("Hires upscaler", values["hr_upscaler"]))
    hashes = "" if values["disable_extra_networks"] else lora_hashes(values["prompt"])
    return (*pairs, ("Lora hashes", f'"{hashes}"')) if hashes else tuple(pairs)


def answer(
    generation: Generation,
    pictures: list[bytes],
    asked: Mapping[str, Any],
    now: float,
    *,
    first: int = 0,
) -> JsonObject:
    """Return the body of the answer; `first` is where the pictures begin behind a grid. `info` is text, not JSON."""
    made, count = generation.made, len(pictures) - first
    seeds, subseeds = list(generation.seeds[:count]), list(generation.subseeds[:count])
    info: JsonObject = {
        "prompt": made.prompt,
        "all_prompts": [made.prompt] * count,
        "negative_prompt": made.negative,
        "all_negative_prompts": [made.negative] * count,
        "seed": generation.seeds[0],
        "all_seeds": list[JsonValue](seeds),
        "subseed": generation.subseeds[0],
        "all_subseeds": list[JsonValue](subseeds),
        "subseed_strength": asked["subseed_strength"],
        "width": made.width,
        "height": made.height,
        "sampler_name": made.sampler,
        "cfg_scale": made.cfg_scale,
        "steps": made.steps,
        "batch_size": generation.batch_size,
        "restore_faces": bool(asked["restore_faces"]),
        "face_restoration_model": None,
        "sd_model_name": made.checkpoint.name,
        "sd_model_hash": made.checkpoint.hash,
        "sd_vae_name": None,
        "sd_vae_hash": None,
        "seed_resize_from_w": asked["seed_resize_from_w"],
        "seed_resize_from_h": asked["seed_resize_from_h"],
        "denoising_strength": asked["denoising_strength"] if asked["enable_hr"] else None,
        "extra_generation_params": dict(made.extra),
        "index_of_first_image": first,
        "infotexts": [made.text(seed) for seed in [*generation.seeds[:1] * first, *seeds]],
        "styles": asked["styles"] or [],
        "job_timestamp": datetime.fromtimestamp(now, UTC).strftime("%Y%m%d%H%M%S"),
        "clip_skip": int(generation.settings.get("CLIP_stop_at_last_layers") or 1),  # type: ignore[arg-type]
        "is_using_inpainting_conditioning": False,
        "version": FORGE_VERSION if made.forge else VERSION,
    }
    sent: list[JsonValue] = [base64.b64encode(picture).decode("ascii") for picture in pictures]
    return {"images": sent if asked["send_images"] else [], "parameters": dict(asked), "info": json.dumps(info)}
