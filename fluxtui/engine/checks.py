"""Trying every configured service's credentials without spending."""

import asyncio
from pathlib import Path

from fluxtui.engine.connections import Connections
from fluxtui.engine.services import Services, ServiceState
from fluxtui.providers.base import CheckResult, CheckState

__all__ = ["CheckResult", "CheckState", "check_services"]


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
            else:
                results.append((status.id, CheckResult(CheckState.UNCONFIGURED, "switched off in the settings")))
        return results
    finally:
        await connections.close()
