"""Where the simulated services live, and the variables that point a client there."""

from collections.abc import Mapping
from dataclasses import dataclass

BFL_KEY = "sandbox-bfl-key"
AZURE_KEY = "sandbox-azure-key"
AZURE_DEPLOYMENT = "FLUX-1.1-pro"
AZURE_API_VERSION = "2025-04-01-preview"
OPENAI_KEY = "sandbox-openai-key"
AZURE_OPENAI_KEY = "sandbox-azure-openai-key"
AZURE_OPENAI_DEPLOYMENT = "gpt-image-2"
GEMINI_KEY = "sandbox-gemini-key"
FAL_KEY = "sandbox-fal-id:sandbox-fal-secret"
REPLICATE_KEY = "sandbox-replicate-token"

ROLES: tuple[str, ...] = (
    "bfl-api",
    "bfl-cluster-1",
    "bfl-cluster-2",
    "bfl-delivery",
    "azure",
    "azure-delivery",
    "openai",
    "openai-delivery",
    "azure-openai",
    "azure-openai-delivery",
    "gemini",
    "fal-queue",
    "fal-run",
    "fal-media",
    "replicate",
    "replicate-delivery",
    "a1111",
)
"""The doors of the sandbox, in the order in which they take ports. New services append theirs."""


@dataclass(frozen=True, slots=True)
class Bases:
    """The origin (`scheme://host[:port]`, no trailing slash) of every door, by role."""

    origins: Mapping[str, str]

    def __getitem__(self, role: str) -> str:
        return self.origins[role]

    def role_of(self, origin: str) -> str | None:
        """Return the door behind `origin`, None for a host that the sandbox does not play."""
        for role, known in self.origins.items():
            if known == origin:
                return role
        return None


IN_PROCESS = Bases({role: f"http://{role}.sandbox.invalid" for role in ROLES})
"""Made-up hosts for use without ports; `.invalid` can never be reached by mistake."""


def environment(bases: Bases = IN_PROCESS) -> dict[str, str]:
    """Return the variables that point fluxtui, or any client of these services, at the sandbox."""
    return {
        "AZURE_FLUX_ENDPOINT": (
            f"{bases['azure']}/openai/deployments/{AZURE_DEPLOYMENT}/images/generations?api-version={AZURE_API_VERSION}"
        ),
        "AZURE_FLUX_API_KEY": AZURE_KEY,
        "AZURE_FLUX_DEPLOYMENT": AZURE_DEPLOYMENT,
        "BFL_FLUX_API_URL": bases["bfl-api"],
        "BFL_FLUX_API_KEY": BFL_KEY,
        "OPENAI_BASE_URL": f"{bases['openai']}/v1",
        "OPENAI_API_KEY": OPENAI_KEY,
        "AZURE_OPENAI_ENDPOINT": bases["azure-openai"],
        "AZURE_OPENAI_API_KEY": AZURE_OPENAI_KEY,
        "AZURE_OPENAI_DEPLOYMENT_NAME": AZURE_OPENAI_DEPLOYMENT,
        "GEMINI_API_URL": bases["gemini"],
        "GEMINI_API_KEY": GEMINI_KEY,
        "FAL_QUEUE_URL": bases["fal-queue"],
        "FAL_AI_API_KEY": FAL_KEY,
        "REPLICATE_API_URL": f"{bases['replicate']}/v1",
        "REPLICATE_API_TOKEN": REPLICATE_KEY,
        "A1111_API_URL": bases["a1111"],
    }
