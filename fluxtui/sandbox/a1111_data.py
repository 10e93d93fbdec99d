"""What is installed on the simulated machine: checkpoints, samplers, schedulers, upscalers, LoRAs, options.

Names and defaults are those of A1111 v1.10.1 (commit 82a973c0) and Forge (dfdcbab6); hashes are made up.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from fluxtui.domain.values import JsonObject, JsonValue

VERSION = "v1.10.1"
FORGE_VERSION = "f2.0.1v1.10.1-previous-669-gdfdcbab6"
_MODELS = "/opt/webui/models"


def _hash(name: str) -> str:
    return hashlib.sha256(f"sandbox {name}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One model file. `flux` is "dev" or "schnell" for a Flux model, which only Forge can run."""

    name: str
    flux: str = ""

    @property
    def file(self) -> str:
        return f"{self.name}.safetensors"

    @property
    def sha256(self) -> str:
        return _hash(self.name)

    @property
    def hash(self) -> str:
        return self.sha256[:10]

    @property
    def title(self) -> str:
        return f"{self.file} [{self.hash}]"

    @property
    def path(self) -> str:
        return f"{_MODELS}/Stable-diffusion/{self.file}"

    @property
    def aliases(self) -> frozenset[str]:
        return frozenset((self.name, self.file, self.title, self.hash, self.sha256, f"{self.name} [{self.hash}]"))

    def listed(self, *, hashed: bool) -> JsonObject:
        """Return the entry of `sd-models`; a checkpoint has no hash before it was first loaded."""
        return {
            "title": self.title if hashed else self.file,
            "model_name": self.name,
            "hash": self.hash if hashed else None,
            "sha256": self.sha256 if hashed else None,
            "filename": self.path,
            "config": None,
        }


CHECKPOINTS = (Checkpoint("v1-5-pruned-emaonly"), Checkpoint("sdxl"), Checkpoint("dreamshaper_8"))
FORGE_CHECKPOINTS = (*CHECKPOINTS, Checkpoint("flux1-dev-fp8", "dev"), Checkpoint("flux1-schnell-fp8", "schnell"))


def checkpoints(*, forge: bool) -> tuple[Checkpoint, ...]:
    return FORGE_CHECKPOINTS if forge else CHECKPOINTS


def checkpoint_named(name: object, *, forge: bool) -> Checkpoint | None:
    """Return a checkpoint by any of its aliases."""
    return next((known for known in checkpoints(forge=forge) if name in known.aliases), None)


@dataclass(frozen=True, slots=True)
class Sampler:
    """`scheduler` is the one that `Automatic` stands for, where the sampler has one of its own."""

    name: str
    aliases: tuple[str, ...] = ()
    scheduler: str = ""

    def listed(self) -> JsonObject:
        options: JsonObject = {"scheduler": self.scheduler} if self.scheduler else {}
        return {"name": self.name, "aliases": list(self.aliases), "options": options}


SAMPLERS = (
    Sampler("DPM++ 2M", ("k_dpmpp_2m",), "karras"),
    Sampler("DPM++ SDE", ("k_dpmpp_sde",), "karras"),
    Sampler("DPM++ 2M SDE", ("k_dpmpp_2m_sde",), "exponential"),
    Sampler("DPM++ 2M SDE Heun", ("k_dpmpp_2m_sde_heun",), "exponential"),
    Sampler("DPM++ 2S a", ("k_dpmpp_2s_a",), "karras"),
    Sampler("DPM++ 3M SDE", ("k_dpmpp_3m_sde",), "exponential"),
    Sampler("Euler a", ("k_euler_a", "k_euler_ancestral")),
    Sampler("Euler", ("k_euler",)),
    Sampler("LMS", ("k_lms",)),
    Sampler("Heun", ("k_heun",)),
    Sampler("DPM2", ("k_dpm_2",), "karras"),
    Sampler("DPM2 a", ("k_dpm_2_a",), "karras"),
    Sampler("DPM fast", ("k_dpm_fast",)),
    Sampler("DPM adaptive", ("k_dpm_ad",)),
    Sampler("Restart", ("restart",), "karras"),
    Sampler("DDIM", ("ddim",)),
    Sampler("DDIM CFG++", ("ddim_cfgpp",)),
    Sampler("PLMS", ("plms",)),
    Sampler("UniPC", ("unipc",)),
    Sampler("LCM", ("k_lcm",)),
)
FORGE_SAMPLERS = (
    *SAMPLERS,
    *(Sampler(name, (name.lower(),)) for name in ("HeunPP2", "IPNDM", "IPNDM_V", "DEIS", "DDPM")),
)


@dataclass(frozen=True, slots=True)
class Scheduler:
    name: str
    label: str
    aliases: tuple[str, ...] = ()
    default_rho: float = -1.0
    need_inner_model: bool = False

    def listed(self) -> JsonObject:
        return {
            "name": self.name,
            "label": self.label,
            "aliases": list(self.aliases) or None,
            "default_rho": self.default_rho,
            "need_inner_model": self.need_inner_model,
        }


SCHEDULERS = (
    Scheduler("automatic", "Automatic"),
    Scheduler("uniform", "Uniform", need_inner_model=True),
    Scheduler("karras", "Karras", default_rho=7.0),
    Scheduler("exponential", "Exponential"),
    Scheduler("polyexponential", "Polyexponential", default_rho=1.0),
    Scheduler("sgm_uniform", "SGM Uniform", ("SGMUniform",), need_inner_model=True),
    Scheduler("kl_optimal", "KL Optimal"),
    Scheduler("align_your_steps", "Align Your Steps"),
    Scheduler("simple", "Simple", need_inner_model=True),
    Scheduler("normal", "Normal", need_inner_model=True),
    Scheduler("ddim", "DDIM", need_inner_model=True),
    Scheduler("beta", "Beta", need_inner_model=True),
)
FORGE_SCHEDULERS = (
    *SCHEDULERS,
    Scheduler("turbo", "Turbo", need_inner_model=True),
    Scheduler("align_your_steps_GITS", "Align Your Steps GITS"),
    Scheduler("align_your_steps_11", "Align Your Steps 11"),
    Scheduler("align_your_steps_32", "Align Your Steps 32"),
)


def sampler_and_scheduler(sampler: str | None, scheduler: str | None, *, forge: bool) -> tuple[str, str]:
    """Return the sampler and the scheduler's label that names come to. What is unknown falls back in silence.

    As `sd_samplers.get_sampler_and_scheduler` does it: names are exact, aliases do not count, and a scheduler may be
    the last word of a sampler's name.
    """
    samplers = FORGE_SAMPLERS if forge else SAMPLERS
    schedulers = FORGE_SCHEDULERS if forge else SCHEDULERS
    found = next((known for known in schedulers if scheduler in (known.name, known.label)), schedulers[0])
    name = sampler or samplers[0].name
    for known in schedulers:
        for ending in (known.label, known.name, *known.aliases):
            if name.endswith(f" {ending}"):
                found, name = known, name[: -len(ending) - 1]
                break
    chosen = next((known for known in samplers if known.name == name), samplers[0])
    if chosen.scheduler and chosen.scheduler == found.name:
        found = schedulers[0]
    return chosen.name, found.label


UPSCALERS: tuple[tuple[str, float], ...] = (
    ("None", 1),
    ("Lanczos", 4),
    ("Nearest", 4),
    ("DAT x4", 4),
    ("ESRGAN_4x", 4),
    ("LDSR", 4),
    ("R-ESRGAN 4x+", 4),
    ("R-ESRGAN 4x+ Anime6B", 4),
    ("ScuNET GAN", 4),
    ("SwinIR 4x", 4),
)
LATENT_MODES = (
    "Latent",
    "Latent (antialiased)",
    "Latent (bicubic)",
    "Latent (bicubic antialiased)",
    "Latent (nearest)",
    "Latent (nearest-exact)",
)
LORAS = ("add_detail", "watercolour_v2", "pixel-art-xl")


def listed_upscalers() -> list[JsonValue]:
    return [
        {
            "name": name,
            "model_name": None if name in ("None", "Lanczos", "Nearest") else name,
            "model_path": None if name in ("None", "Lanczos", "Nearest") else f"{_MODELS}/ESRGAN/{name}.pth",
            "model_url": None,
            "scale": scale,
        }
        for name, scale in UPSCALERS
    ]


def listed_loras() -> list[JsonValue]:
    return [
        {"name": name, "alias": name, "path": f"{_MODELS}/Lora/{name}.safetensors", "metadata": {}} for name in LORAS
    ]


def lora_hash(name: str) -> str:
    return _hash(f"lora {name}")[:12]


def listed_modules(*, forge: bool) -> list[JsonValue]:
    """Return the VAEs of A1111, or Forge's modules."""
    names = ("ae", "clip_l", "t5xxl_fp16") if forge else ("vae-ft-mse-840000-ema-pruned",)
    folder = "VAE" if not forge else "text_encoder"
    return [
        {"model_name": f"{name}.safetensors", "filename": f"{_MODELS}/{folder}/{name}.safetensors"} for name in names
    ]


_OPTIONS: JsonObject = {
    "samples_save": True,
    "samples_format": "png",
    "grid_save": True,
    "grid_format": "png",
    "return_grid": True,
    "enable_pnginfo": True,
    "jpeg_quality": 80,
    "webp_lossless": False,
    "save_images_add_number": True,
    "sd_model_checkpoint": CHECKPOINTS[0].title,
    "sd_checkpoint_hash": CHECKPOINTS[0].sha256,
    "sd_vae": "Automatic",
    "sd_vae_checkpoint_cache": 0,
    "sd_checkpoints_limit": 1,
    "CLIP_stop_at_last_layers": 1,
    "eta_noise_seed_delta": 0,
    "randn_source": "GPU",
    "face_restoration": False,
    "face_restoration_model": "CodeFormer",
    "code_former_weight": 0.5,
    "tiling": False,
    "upscaler_for_img2img": None,
    "ESRGAN_tile": 192,
    "ESRGAN_tile_overlap": 8,
    "live_previews_enable": True,
    "live_previews_image_format": "png",
    "show_progress_every_n_steps": 10,
    "show_progress_type": "Approx NN",
    "lora_preferred_name": "Alias from file",
    "sd_lora": "None",
    "lora_add_hashes_to_infotext": True,
    "add_model_name_to_info": True,
    "add_version_to_infotext": True,
    "send_seed": True,
    "token_merging_ratio": 0.0,
    "sgm_noise_multiplier": False,
    "no_dpmpp_sde_batch_determinism": False,
    "always_discard_next_to_last_sigma": False,
    "s_churn": 0.0,
    "s_tmin": 0.0,
    "s_tmax": 0.0,
    "s_noise": 1.0,
    "eta_ddim": 0.0,
    "eta_ancestral": 1.0,
    "outdir_samples": "",
    "outdir_txt2img_samples": "output/txt2img-images",
}
_FORGE_OPTIONS: JsonObject = {
    "forge_additional_modules": [],
    "forge_unet_storage_dtype": "Automatic",
    "forge_preset": "sd",
    "forge_inference_memory": 1024,
    "forge_async_loading": "Queue",
    "forge_pin_shared_memory": "CPU",
}
"""The settings that clients meet most often; the server has four times as many."""


class Options:
    """The settings of the machine, which every client shares and any client can change."""

    def __init__(self, *, forge: bool) -> None:
        self.values: JsonObject = {**_OPTIONS, **(_FORGE_OPTIONS if forge else {})}

    def unknown(self, names: Iterable[str]) -> str | None:
        """Return the first name that is no setting."""
        return next((name for name in names if name not in self.values), None)
