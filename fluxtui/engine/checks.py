"""Trying every configured service's credentials without spending; judges that are no service of their own too."""

import asyncio
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from fluxtui.engine.connections import Connections
from fluxtui.engine.services import Services, ServiceState
from fluxtui.history import presence
from fluxtui.history.database import database_path
from fluxtui.history.journal import Journal
from fluxtui.history.records import CheckRow
from fluxtui.providers import registry
from fluxtui.providers.base import CheckResult, CheckState

if TYPE_CHECKING:
    from fluxtui.providers.http import Http

__all__ = ["CheckResult", "CheckRow", "CheckState", "check_one", "check_services", "keep_results", "titles"]


async def check_services(services: Services, workspace: Path) -> list[tuple[str, CheckResult]]:
    """Return what each service answered, side by side, in the order of the services."""
    connections = Connections(workspace)
    try:
        http = connections.http(sandbox=services.sandbox)

        async def check(provider_id: str) -> CheckResult:
            return await services.provider(provider_id).check(http)

        results: list[tuple[str, CheckResult]] = []
        ready = [status.id for status in services.statuses() if status.state is ServiceState.READY]
        answers = dict(zip(ready, await asyncio.gather(*(check(i) for i in ready)), strict=True))
        for status in services.statuses():
            if status.id in answers:
                results.append((status.id, answers[status.id]))
            elif status.state is ServiceState.UNCONFIGURED:
                message = f"not configured: {', '.join(status.missing)} is not set"
                results.append((status.id, CheckResult(CheckState.UNCONFIGURED, message)))
            elif status.problem is not None:
                results.append((status.id, CheckResult(CheckState.PROBLEM, status.problem.sentence())))
            else:
                results.append((status.id, CheckResult(CheckState.UNCONFIGURED, "switched off in the settings")))
        return [*results, *await _judges(services, http)]
    finally:
        await connections.close()


async def check_one(services: Services, provider_id: str, http: "Http") -> CheckRow | None:
    """Return what one service answered, and how soon; None for one that is not configured, so cannot be asked.

    Raises FluxtuiError for a service that does not exist.
    """
    status = next((status for status in services.statuses() if status.id == provider_id), None)
    if status is not None and status.state is not ServiceState.READY:
        return None
    begun = time.monotonic()
    result = await services.provider(provider_id).check(http)
    seconds = round(time.monotonic() - begun, 3)
    return CheckRow(
        provider_id, services.sandbox, result.state.value, result.message, result.credits, time.time(), seconds
    )


async def _judges(services: Services, http: "Http") -> list[tuple[str, CheckResult]]:
    """Return what the judges answered whose key is not that of a service above."""
    results: list[tuple[str, CheckResult]] = []
    for entry in registry.judges():
        if entry.id not in services.ids():
            module = registry.load_judge(entry.id)
            judge = module.make_judge(services.loaded.section(module.SETTINGS), None)
            results.append((entry.id, await judge.check(http)))
    return results


def titles(services: Services) -> dict[str, str]:
    """Return the names for people of everything that `check_services` tells of."""
    named = {entry.id: f"{entry.title} (judge)" for entry in registry.judges()}
    return {**named, **{status.id: status.title for status in services.statuses()}}


def keep_results(workspace: Path, results: Iterable[tuple[str, CheckResult]], *, sandbox: bool) -> None:
    """Write what the services answered where screens find it; a workspace without a history stays without one.

    Blocks for a moment. Raises HistoryError.
    """
    path = database_path(workspace)
    if not path.exists():
        return
    now = time.time()
    checks = [
        CheckRow(name, sandbox, result.state.value, result.message, result.credits, now)
        for name, result in results
        if result.state is not CheckState.UNCONFIGURED
    ]
    with Journal(path) as journal:
        journal.write_now(partial(presence.keep_checks, checks=checks))
