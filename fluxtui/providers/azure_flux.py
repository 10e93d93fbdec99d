"""FLUX on Microsoft Foundry (Azure): one request, one answer with the picture inside.

The image route and the provider route are told apart by the address. An answer 202 with
`operation-location` is followed too: FLUX never sent one, older image deployments do.
Wire facts: learn.microsoft.com use-foundry-models-flux (2026-03-23) and captures of 2025-2026.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, Field, field_validator

from fluxtui.domain.facts import ModelFacts
from fluxtui.domain.jobs import Bill, Pending, Refusal, Ticket
from fluxtui.domain.money import Micros
from fluxtui.domain.problems import Acceptance, Problem, ProblemKind, ServiceError
from fluxtui.domain.request import Assessment, ImageRequest
from fluxtui.domain.values import JsonObject
from fluxtui.providers import addresses, checking, documents, facts, failures, image_answers, translation
from fluxtui.providers.azure_addresses import Call, Endpoint, endpoint
from fluxtui.providers.base import Accepted, CheckResult, CheckState, Images, Pace
from fluxtui.providers.configuration import Key, ProviderSettings, Text, key_text, own
from fluxtui.providers.waiting import retry_after

if TYPE_CHECKING:
    from fluxtui.providers.http import Http, Reply

ENDPOINT_VARIABLE = "AZURE_FLUX_ENDPOINT"
KEY_VARIABLE = "AZURE_FLUX_API_KEY"
_ANSWER_BYTES = 64 * 1024 * 1024
_TIMEOUT = 300.0  # the answer is the picture, so this covers the drawing; 8-10 s are usual
_POLL_TIMEOUT = 60.0
_MICROS_PER_CENT = 10_000

SERVICE = failures.Service(
    "Azure Flux",
    KEY_VARIABLE,
    ENDPOINT_VARIABLE,
    "Check the subscription in the Azure portal.",
    # "Unavailable" says that the request was not served. A 500 may come after drawing: it stays in doubt.
    unbilled=frozenset({(503, "serviceunavailable"), (503, "service_unavailable")}),
)


class Settings(ProviderSettings):
    """The AZURE_FLUX_* variables. Times in seconds."""

    endpoint: Text = Field(None, validation_alias=ENDPOINT_VARIABLE)
    api_key: Key = Field(None, validation_alias=KEY_VARIABLE)
    deployment: Text = Field(None, validation_alias="AZURE_FLUX_DEPLOYMENT")
    api_version: Text = Field(None, validation_alias="AZURE_FLUX_API_VERSION")
    poll_interval: float = Field(2.0, gt=0, le=600, validation_alias="AZURE_FLUX_POLL_INTERVAL")
    max_poll_attempts: int = Field(60, ge=1, le=100_000, validation_alias="AZURE_FLUX_MAX_POLL_ATTEMPTS")

    @field_validator("endpoint")
    @classmethod
    def _usable(cls, value: str | None) -> str | None:
        if value is not None:
            endpoint(value, None)
        return value


SETTINGS = Settings


def make(settings: BaseModel) -> "AzureFlux":
    """Return the provider. Raises TypeError when `settings` are not this module's, ValueError without an endpoint."""
    return AzureFlux(own(settings, Settings, "azure-flux"))


def missing(settings: BaseModel) -> tuple[str, ...]:
    """Return the variables that still have to be set."""
    if not isinstance(settings, Settings):
        return ENDPOINT_VARIABLE, KEY_VARIABLE
    wanted = ((ENDPOINT_VARIABLE, settings.endpoint), (KEY_VARIABLE, settings.api_key))
    return tuple(name for name, value in wanted if value is None)


def notes(settings: BaseModel) -> tuple[str, ...]:
    """Return what the user should know about the settings."""
    if not isinstance(settings, Settings) or settings.endpoint is None:
        return ()
    return endpoint(settings.endpoint, settings.api_version).notes


class AzureFlux:
    """`azure-flux/<deployment>`."""

    id: ClassVar[str] = "azure-flux"
    title: ClassVar[str] = SERVICE.title
    resend_is_free: ClassVar[bool] = False

    def __init__(self, settings: Settings) -> None:
        if settings.endpoint is None:
            raise ValueError(f"{ENDPOINT_VARIABLE} is not set")
        self._settings = settings
        self._endpoint: Endpoint = endpoint(settings.endpoint, settings.api_version)

    def models(self) -> Sequence[str]:
        """Return the configured deployment, then the usual names of others; any deployment works as a target."""
        known = self._endpoint.catalog
        default = self._settings.deployment or self._endpoint.deployment or known.default
        return tuple(dict.fromkeys((default, *known.names())))

    def pace(self, model: str) -> Pace:
        interval = self._settings.poll_interval
        return Pace(
            in_flight=self._endpoint.model(model).in_flight,
            first_poll=interval,
            poll_interval=interval,
            collect_for=interval * self._settings.max_poll_attempts,
        )

    def max_count(self, model: str) -> int:
        return self._endpoint.model(model).max_count

    def facts(self, model: str) -> ModelFacts:
        """Return what the catalog knows of `model`."""
        return facts.of(self._endpoint.model(model))

    def assess(self, request: ImageRequest) -> Assessment:
        return translation.assess(request, self._endpoint.model(request.model), self._endpoint.notes)

    def _payload(self, request: ImageRequest, call: Call) -> JsonObject:
        payload = translation.translate(request, call.model).ready()
        return {"model": request.model, **payload} if call.in_body else payload

    async def submit(self, request: ImageRequest, http: "Http") -> Accepted | Images | Refusal:
        """Send the request; the answer is the picture. Raises ServiceError."""
        if (unready := self._unready(request)) is not None:
            raise unready
        call = self._endpoint.call(request.model)
        reply = await http.send(
            "POST",
            call.url,
            headers=self._headers(call.url),
            json=self._payload(request, call),
            timeout=_TIMEOUT,
            max_bytes=_ANSWER_BYTES,
            paid=True,
        )
        if not 200 <= reply.status < 300:
            return failures.rejected(reply, SERVICE, submitting=True)
        body = documents.answer(reply.body)
        if reply.status == 202 or "operation-location" in reply.headers:
            return self._accepted(reply, body, request.model)
        return image_answers.outcome(reply, body, SERVICE, submitting=True, bill=_bill(body))

    async def collect(self, ticket: Ticket, http: "Http") -> Pending | Images | Refusal:
        """Ask for an operation. Raises ServiceError."""
        url = str(ticket.data["operation"])
        reply = await http.send(
            "GET", url, headers=self._headers(url), timeout=_POLL_TIMEOUT, max_bytes=_ANSWER_BYTES, paid=False
        )
        body = documents.answer(reply.body)
        status = str(body.get("status", "")).lower()
        if status == "failed" and isinstance(body.get("error"), dict):
            return _failed(reply)
        if not 200 <= reply.status < 300:
            return failures.rejected(reply, SERVICE, submitting=False)
        if status in ("canceled", "cancelled", "deleted", "failed"):
            raise _ended(reply, status)
        if status in ("succeeded", "completed") or (not status and image_answers.items(body)):
            return image_answers.outcome(reply, body, SERVICE, submitting=False, bill=_bill(body))
        wait = retry_after(reply.headers)
        reply.release()
        return Pending(stage=status[:60] or None, poll_after=wait)

    async def check(self, http: "Http") -> CheckResult:
        """Ask for the resource's list of models; whether a deployment exists shows only when it draws."""
        if names := missing(self._settings):
            return checking.unconfigured(names)
        url = self._endpoint.listing()
        reply = await checking.ask(http, url, self._headers(url), SERVICE)
        if isinstance(reply, CheckResult):
            return reply
        reply.release()
        return CheckResult(CheckState.OK, "the key is accepted (deployments are not checked)")

    async def cancel(self, ticket: Ticket, http: "Http") -> bool:
        """Return False: the service has no such call."""
        return False

    def _unready(self, request: ImageRequest) -> ServiceError | None:
        if names := missing(self._settings):
            problem = Problem(
                ProblemKind.CONFIGURATION, f"{self.title} is not configured.", f"{', '.join(names)} is not set."
            )
            return ServiceError(problem, acceptance=Acceptance.NO, permanent=True)
        return translation.unloaded(request)

    def _headers(self, url: str) -> dict[str, str]:
        return {"api-key": key_text(self._settings.api_key)} if self._endpoint.takes_key(url) else {}

    def _accepted(self, reply: "Reply", body: dict[str, Any], deployment: str) -> Accepted:
        """Return the ticket of an answer 202: the address in a header, or made from the id in the body."""
        named = reply.headers.get("operation-location") or reply.headers.get("location")
        task = body.get("id")
        if not addresses.is_web(named):
            if not isinstance(task, str) or not task:
                raise failures.bad_answer(reply, SERVICE, "named no operation to ask for", submitting=True)
            named = self._endpoint.operation(task)
        reply.release()
        identity = task if isinstance(task, str) else None
        return Accepted(Ticket({"operation": named, "id": identity, "model": deployment}))


def _failed(reply: "Reply") -> Refusal:
    """Return the refusal of a failed operation, or raise what else it failed of."""
    explanation = failures.explain(reply)
    if explanation.is_moderation:
        answer = failures.refusal(explanation, reply, SERVICE)
        reply.release()
        return answer
    raise _ended(reply, "failed", explanation.message)


def _ended(reply: "Reply", status: str, message: str = "") -> ServiceError:
    problem = Problem(
        ProblemKind.SERVER_ERROR,
        f"{SERVICE.title} ended the operation: {status}.",
        message,
        "Retry the job if its picture is still wanted.",
        reply.request_id,
        reply.status,
        message or None,
    )
    reply.release()
    return ServiceError(problem, acceptance=Acceptance.YES, permanent=True)


def _bill(body: dict[str, Any]) -> Bill | None:
    """Return what `request_meta` says was charged, in US cents there."""
    meta = body.get("request_meta")
    cost = meta.get("cost") if isinstance(meta, dict) else None
    if isinstance(cost, bool) or not isinstance(cost, int | float) or not math.isfinite(cost) or cost < 0:
        return None
    return Bill(Micros(round(cost * _MICROS_PER_CENT)))
