"""The providers there are: our own, and those of other packages (entry point group `fluxtui.providers`); the judges.

An entry point's value is a module as `base.ProviderModule` describes it; the entry point's name is the
provider's id, and an optional `TITLE` in the module is not read before the module is loaded.
"""

import functools
import importlib
import logging
import re
from importlib import metadata
from typing import cast

from fluxtui.domain.problems import FluxtuiError, Problem, ProblemKind
from fluxtui.domain.text import plain
from fluxtui.providers.base import ProviderEntry, ProviderModule
from fluxtui.providers.judging import JudgeEntry, JudgeModule

GROUP = "fluxtui.providers"

_BUILT_IN = (
    ProviderEntry(
        "azure-flux",
        "Azure Flux",
        "fluxtui.providers.azure_flux",
        (
            "AZURE_FLUX_ENDPOINT",
            "AZURE_FLUX_API_KEY",
            "AZURE_FLUX_DEPLOYMENT",
            "AZURE_FLUX_API_VERSION",
            "AZURE_FLUX_POLL_INTERVAL",
            "AZURE_FLUX_MAX_POLL_ATTEMPTS",
        ),
        description="FLUX models deployed on Microsoft Foundry, by the image route or the provider route",
    ),
    ProviderEntry(
        "bfl",
        "Black Forest Labs",
        "fluxtui.providers.bfl",
        ("BFL_FLUX_API_KEY", "BFL_FLUX_API_URL"),
        description="FLUX from its makers: text to picture, editing and tools, by tickets",
    ),
    ProviderEntry(
        "openai",
        "OpenAI",
        "fluxtui.providers.openai",
        ("OPENAI_API_KEY", "OPENAI_BASE_URL"),
        description="GPT Image and DALL-E, paid by tokens; also any server that speaks OpenAI's images API",
    ),
    ProviderEntry(
        "azure-openai",
        "Azure OpenAI",
        "fluxtui.providers.azure_openai",
        (
            "AZURE_OPENAI_ENDPOINT",
            "AZURE_OPENAI_API_KEY",
            "AZURE_OPENAI_DEPLOYMENT_NAME",
            "AZURE_OPENAI_API_VERSION",
            "AZURE_OPENAI_MODEL",
        ),
        description="OpenAI's picture models by the name of a deployment on Azure",
    ),
    ProviderEntry(
        "fal",
        "fal.ai",
        "fluxtui.providers.fal",
        ("FAL_AI_API_KEY", "FAL_QUEUE_URL"),
        description="any model of fal.ai, by its queue",
    ),
    ProviderEntry(
        "replicate",
        "Replicate",
        "fluxtui.providers.replicate",
        ("REPLICATE_API_TOKEN", "REPLICATE_API_URL"),
        description="any model of Replicate, by predictions",
    ),
    ProviderEntry(
        "flux-schnell",
        "Flux Schnell",
        "fluxtui.providers.flux_schnell",
        ("FAL_AI_API_KEY", "FAL_QUEUE_URL", "REPLICATE_API_TOKEN", "REPLICATE_API_URL", "FLUX_SCHNELL_VIA"),
        description="FLUX.1 [schnell], the quick draft, drawn by fal.ai or Replicate",
    ),
    ProviderEntry(
        "a1111",
        "Automatic1111",
        "fluxtui.providers.a1111",
        ("A1111_API_URL", "A1111_API_AUTH"),
        description="Stable Diffusion on machines of your own, free of charge; Forge too",
    ),
)

_JUDGES = (
    JudgeEntry("gemini", "Gemini", "fluxtui.providers.gemini", ("GEMINI_API_KEY", "GEMINI_API_URL")),
    JudgeEntry("openai", "OpenAI", "fluxtui.providers.openai_judge", ("OPENAI_API_KEY", "OPENAI_BASE_URL")),
)

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_NEEDED = ("SETTINGS", "make", "missing")

log = logging.getLogger(__name__)


@functools.cache
def entries() -> tuple[ProviderEntry, ...]:
    """Return every provider's entry, ours first. Loads none of them."""
    found = {entry.id: entry for entry in _BUILT_IN}
    for point in metadata.entry_points(group=GROUP):
        name = point.name.replace("_", "-").lower()
        if not _ID.fullmatch(name) or name in found:
            # A package must not take the place of another provider, and with it the provider's key.
            log.warning("the provider %r of %s is left out: its name is taken or not usable", point.name, point.value)
            continue
        found[name] = ProviderEntry(name, name.replace("-", " ").title(), point.value, description=_summary(point))
    return tuple(found.values())


def _summary(point: metadata.EntryPoint) -> str:
    """Return what a package says about itself in one line."""
    if point.dist is None or "Summary" not in point.dist.metadata:
        return ""
    return plain(point.dist.metadata["Summary"], limit=200, newlines=False)


def entry(provider_id: str) -> ProviderEntry:
    """Return one provider's entry. Raises KeyError."""
    return {entry.id: entry for entry in entries()}[provider_id]


def load(provider_id: str) -> ProviderModule:
    """Import a provider's module. Raises KeyError for an unknown id, FluxtuiError when it cannot be used."""
    name = entry(provider_id).module
    failure: Exception
    try:
        module = importlib.import_module(name)
    except Exception as error:  # noqa: BLE001 - a package from outside may raise anything when imported
        failure = error
    else:
        absent = [part for part in _NEEDED if not hasattr(module, part)]
        if not absent:
            return cast(ProviderModule, module)
        failure = AttributeError(f"it lacks {', '.join(absent)}")
    raise FluxtuiError(
        Problem(
            ProblemKind.CONFIGURATION,
            f"The provider {provider_id} cannot be loaded.",
            f"{type(failure).__name__}: {failure}",
            "Update or remove the package that brings it.",
        )
    ) from failure


def judges() -> tuple[JudgeEntry, ...]:
    """Return every judge's entry, the preferred one first. Loads none of them."""
    return _JUDGES


def load_judge(judge_id: str) -> JudgeModule:
    """Import a judge's module. Raises KeyError for an unknown id."""
    name = {entry.id: entry for entry in _JUDGES}[judge_id].module
    return cast(JudgeModule, importlib.import_module(name))
