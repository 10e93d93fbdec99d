"""What is installed on the machines: checkpoints, samplers, schedulers, upscalers, LoRAs, for editors to offer."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fluxtui.providers.http import Reply


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A model file. `hash` is None until it was loaded for the first time."""

    title: str
    name: str
    hash: str | None = None


@dataclass(frozen=True, slots=True)
class Upscaler:
    """`scale` is what it was trained for, None where it does not matter."""

    name: str
    scale: float | None = None


@dataclass(frozen=True, slots=True)
class MachineOptions:
    """What can be chosen. With several machines: what all that answer have in common.

    `latent_upscalers` are for the second pass alone, beside the others; `loaded` is the checkpoint that
    `a1111/default` draws with (of the first machine), empty when it does not say.
    """

    checkpoints: tuple[Checkpoint, ...]
    samplers: tuple[str, ...]
    schedulers: tuple[str, ...]
    upscalers: tuple[Upscaler, ...]
    latent_upscalers: tuple[str, ...]
    loras: tuple[str, ...]
    loaded: str
    forge: bool


LISTS = ("sd-models", "samplers", "schedulers", "upscalers", "latent-upscale-modes", "loras", "options")
"""The questions, in the order of `read`."""

OPTIONAL = frozenset({"schedulers", "latent-upscale-modes", "loras"})
"""What older servers, or those without the Lora extension, do not have."""


def listed(reply: "Reply") -> Any:
    """Return the JSON of a list, None for what is none; releases the reply."""
    try:
        return json.loads(reply.body)
    except (ValueError, RecursionError):
        return None
    finally:
        reply.release()


def read(answers: "list[Any]", *, forge: bool) -> MachineOptions:
    """Return the options of one machine from the answers to LISTS; what is missing there is empty."""
    models, samplers, schedulers, upscalers, latent, loras, settings = answers
    loaded = settings.get("sd_model_checkpoint") if isinstance(settings, dict) else None
    return MachineOptions(
        tuple(
            Checkpoint(_word(item, "title"), _word(item, "model_name"), _word(item, "hash") or None)
            for item in _items(models)
            if _word(item, "title")
        ),
        _names(samplers),
        tuple(_word(item, "label") or _word(item, "name") for item in _items(schedulers)),
        tuple(Upscaler(_word(item, "name"), _number(item.get("scale"))) for item in _items(upscalers)),
        _names(latent),
        _names(loras),
        loaded if isinstance(loaded, str) else "",
        forge or (isinstance(settings, dict) and "forge_additional_modules" in settings),
    )


def common(found: "list[MachineOptions]") -> MachineOptions:
    """Return what all machines have; each request may go to any of them."""
    first, others = found[0], found[1:]

    def shared(values: "Callable[[MachineOptions], Iterable[Any]]", key: "Callable[[Any], object]" = str) -> Any:
        sets = [{key(item) for item in values(other)} for other in others]
        return tuple(item for item in values(first) if all(key(item) in known for known in sets))

    return MachineOptions(
        shared(lambda one: one.checkpoints, lambda item: item.name),
        shared(lambda one: one.samplers),
        shared(lambda one: one.schedulers),
        shared(lambda one: one.upscalers, lambda item: item.name),
        shared(lambda one: one.latent_upscalers),
        shared(lambda one: one.loras),
        first.loaded,
        all(one.forge for one in found),
    )


def _items(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _names(value: Any) -> tuple[str, ...]:
    return tuple(name for item in _items(value) if (name := _word(item, "name")))


def _word(item: dict[str, Any], name: str) -> str:
    value = item.get(name)
    return value if isinstance(value, str) else ""


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
