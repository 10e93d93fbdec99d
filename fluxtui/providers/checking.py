"""Trying credentials without spending: what an answer to a harmless question says."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fluxtui.domain.problems import ProblemKind, ServiceError
from fluxtui.providers.base import CheckResult, CheckState
from fluxtui.providers.failures import Service, failure

if TYPE_CHECKING:
    from fluxtui.providers.http import Http, Reply

_TIMEOUT = 20.0
_ANSWER_BYTES = 8 * 1024 * 1024


async def ask(http: "Http", url: str, headers: Mapping[str, str], service: Service) -> "Reply | CheckResult":
    """Ask `url` with the key. Returns the answer when it is a success, else what its failure says."""
    try:
        reply = await http.send("GET", url, headers=headers, timeout=_TIMEOUT, max_bytes=_ANSWER_BYTES, paid=False)
    except ServiceError as error:
        return CheckResult(CheckState.PROBLEM, error.problem.what, error.problem)
    if 200 <= reply.status < 300:
        return reply
    problem = failure(reply, service, submitting=True).problem
    reply.release()
    if problem.kind in (ProblemKind.NOT_FOUND, ProblemKind.INVALID_REQUEST):
        # An address that answers but has no such question: nothing is known about the key.
        message = f"{service.title} answers, but has no way to check the key without drawing"
        return CheckResult(CheckState.UNKNOWN, message)
    return CheckResult(CheckState.PROBLEM, problem.what, problem)


def unconfigured(variables: tuple[str, ...]) -> CheckResult:
    return CheckResult(CheckState.UNCONFIGURED, f"not configured: {', '.join(variables)} is not set")
