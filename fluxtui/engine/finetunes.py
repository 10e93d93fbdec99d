"""The finetunes of the account at Black Forest Labs: list, look, delete, train. For commands and screens."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fluxtui.domain.problems import FluxtuiError, Problem, ProblemKind, ServiceError
from fluxtui.domain.values import JsonObject
from fluxtui.engine.connections import Connections
from fluxtui.engine.services import Services
from fluxtui.providers.bfl import BlackForestLabs
from fluxtui.providers.bfl_archive import MOST_PICTURES, Archive, ArchiveError, inspected
from fluxtui.providers.bfl_finetuned import DEFAULT_ENDPOINT, PREFIX
from fluxtui.providers.bfl_finetunes import (
    KINDS,
    MODES,
    PRIORITIES,
    RANKS,
    TRAINING_CLOSED,
    Finetune,
    Finetunes,
    FinetuneState,
    Training,
)

if TYPE_CHECKING:
    from fluxtui.providers.http import Http

__all__ = [
    "DEFAULT_ENDPOINT",
    "KINDS",
    "MODES",
    "MOST_PICTURES",
    "PRIORITIES",
    "RANKS",
    "TRAINING_CLOSED",
    "Archive",
    "ArchiveError",
    "Finetune",
    "FinetuneState",
    "Listed",
    "Training",
    "delete",
    "inspected",
    "listed",
    "shown",
    "target",
    "train",
]

_AT_ONCE = 8
_MOST_DETAILED = 200


@dataclass(frozen=True, slots=True)
class Listed:
    """One finetune of the list. `details` are empty where they could not be had."""

    id: str
    details: JsonObject


def target(finetune: str) -> str:
    """Return the target that draws with a finetune."""
    return f"bfl/{PREFIX}{finetune}"


async def listed(services: Services, workspace: Path) -> list[Listed]:
    """Return the finetunes of the account, in the service's order. Raises FluxtuiError."""
    async with _account(services, workspace) as (account, http):
        ids = await account.ids(http)
        gate = asyncio.Semaphore(_AT_ONCE)

        async def detailed(finetune: str) -> Listed:
            async with gate:
                try:
                    return Listed(finetune, await account.details(finetune, http))
                except ServiceError:
                    return Listed(finetune, {})

        found = await asyncio.gather(*(detailed(finetune) for finetune in ids[:_MOST_DETAILED]))
        return [*found, *(Listed(finetune, {}) for finetune in ids[_MOST_DETAILED:])]


async def shown(services: Services, workspace: Path, finetune: str) -> Finetune:
    """Return one finetune and how far it is. Raises FluxtuiError."""
    async with _account(services, workspace) as (account, http):
        return await account.find(finetune, http)


async def delete(services: Services, workspace: Path, finetune: str) -> str:
    """Delete a finetune for good; return what the service says. Raises FluxtuiError."""
    async with _account(services, workspace) as (account, http):
        return await account.delete(finetune, http)


async def train(services: Services, workspace: Path, training: Training) -> str:
    """Begin a training and return the finetune's id. Raises FluxtuiError.

    A ServiceError with acceptance MAYBE leaves open whether it began: the list tells.
    """
    if wrong := training.wrong():
        raise FluxtuiError(Problem(ProblemKind.INVALID_REQUEST, "The training cannot begin.", " ".join(wrong)))
    payload = await asyncio.to_thread(training.payload)
    async with _account(services, workspace) as (account, http):
        return await account.train(training, payload, http)


@asynccontextmanager
async def _account(services: Services, workspace: Path) -> "AsyncIterator[tuple[Finetunes, Http]]":
    provider = services.provider("bfl")
    if not isinstance(provider, BlackForestLabs):
        what = "The service bfl is not the one of this program."
        raise FluxtuiError(Problem(ProblemKind.CONFIGURATION, what))
    connections = Connections(workspace)
    try:
        yield Finetunes(provider), connections.http(sandbox=services.sandbox)
    finally:
        await connections.close()
