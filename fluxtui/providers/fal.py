"""fal.ai: submit to the queue, ask for the status, fetch the result; each by the address that fal named.

Wire facts: fal_client 1.0.3, fal-ai/fal-js (2026-08), fal.ai/docs (queue, errors, reliability; 2026-11).
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from pydantic import AliasChoices, BaseModel, Field

from fluxtui.domain.facts import ModelFacts
from fluxtui.domain.jobs import Pending, Refusal, Ticket
from fluxtui.domain.problems import Acceptance, Problem, ProblemKind, ServiceError
from fluxtui.domain.request import Assessment, ImageRequest
from fluxtui.providers import addresses, catalog, checking, documents, facts, failures, fal_answers, translation
from fluxtui.providers.base import Accepted, CheckResult, CheckState, Images, Pace
from fluxtui.providers.configuration import Address, Key, ProviderSettings, key_text, own
from fluxtui.providers.fal_answers import KEY_VARIABLE, SERVICE, URL_VARIABLE

if TYPE_CHECKING:
    from fluxtui.providers.http import Http, Reply

PUBLIC_QUEUE = "https://queue.fal.run"
_DOMAINS = ("fal.run", "falrun.com")
"""fal's own, and the one that its clients fall back to: a key for either belongs to the same service."""

_TICKET_BYTES = 4 * 1024 * 1024
_RESULT_BYTES = 128 * 1024 * 1024  # with sync_mode the pictures are inside
_SUBMIT_TIMEOUT = 60.0
_POLL_TIMEOUT = 30.0
_RESULT_TIMEOUT = 120.0
_NAMESPACES = frozenset({"workflows", "comfy"})
_MODEL = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)+", re.ASCII)
_NOBODYS_REQUEST = "00000000-0000-0000-0000-000000000000"


class Settings(ProviderSettings):
    """`FAL_AI_API_KEY` (or `FAL_KEY`) and `FAL_QUEUE_URL`."""

    fal_key: Key = Field(None, validation_alias=AliasChoices(KEY_VARIABLE, "FAL_KEY"))
    fal_url: Address = Field(None, validation_alias=URL_VARIABLE)


SETTINGS = Settings


def make(settings: BaseModel) -> "Fal":
    """Return the provider. Raises TypeError when `settings` are not this module's."""
    return Fal(own(settings, Settings, "fal"))


def missing(settings: BaseModel) -> tuple[str, ...]:
    """Return the variables that still have to be set."""
    return () if isinstance(settings, Settings) and settings.fal_key is not None else (KEY_VARIABLE,)


def notes(settings: BaseModel) -> tuple[str, ...]:
    """Return what the user should know about the settings: an address that was corrected."""
    return queue_base(settings.fal_url)[1] if isinstance(settings, Settings) else ()


def queue_base(text: str | None) -> tuple[str, tuple[str, ...]]:
    """Return the address that models follow, and what was corrected. Raises ValueError."""
    if text is None:
        return PUBLIC_QUEUE, ()
    parts = addresses.pasted(text)
    base = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
    if (parts.hostname or "").lower() in _DOMAINS:
        note = f"{URL_VARIABLE} names the host that holds requests open; the queue beside it is used"
        return f"https://queue.{(parts.hostname or '').lower()}", (note,)
    if addresses.exposes_keys(base):
        return base, (f"{URL_VARIABLE} is not https: the key crosses the network unencrypted",)
    return base, ()


class Fal:
    """`fal/<model id>`: any model of fal.ai, by its queue."""

    id: ClassVar[str] = "fal"
    title: ClassVar[str] = SERVICE.title
    resend_is_free: ClassVar[bool] = False

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._base, self.notes = queue_base(settings.fal_url)
        self._catalog = catalog.service("fal")

    def models(self) -> Sequence[str]:
        """Return the catalog's models; others work too, with a generic set of parameters."""
        return self._catalog.names()

    def pace(self, model: str) -> Pace:
        # The queue takes everything and counts only what is being drawn, so work may wait there for long.
        return Pace(self._catalog.find(model).in_flight, first_poll=0.5, poll_interval=1.0, collect_for=3600.0)

    def max_count(self, model: str) -> int:
        return self._catalog.find(model).max_count

    def facts(self, model: str) -> ModelFacts:
        """Return what the catalog knows of `model`."""
        return facts.of(self._catalog.find(model))

    def assess(self, request: ImageRequest) -> Assessment:
        assessment = translation.assess(request, self._catalog.find(request.model), self.notes)
        problem = _unusable(request.model)
        return assessment if problem is None else replace(assessment, impossible=problem)

    async def submit(self, request: ImageRequest, http: "Http") -> Accepted | Refusal:
        """Put the request into the queue. Raises ServiceError."""
        if (unready := self._unready(request)) is not None:
            raise unready
        model = self._catalog.find(request.model)
        translated = translation.translate(request, model)
        payload = translated.ready()
        url = f"{self._base}/{quote(model.endpoint, safe='/.-_')}"
        reply = await http.send(
            "POST",
            url,
            headers=self._headers(),
            json=payload,
            timeout=_SUBMIT_TIMEOUT,
            max_bytes=_TICKET_BYTES,
            paid=True,
        )
        if not 200 <= reply.status < 300:
            return fal_answers.not_taken(reply)
        return Accepted(self._ticket(reply, request, translated.count))

    async def collect(self, ticket: Ticket, http: "Http") -> Pending | Images | Refusal:
        """Ask for the status and, when it is completed, for the result. Raises ServiceError."""
        reply = await self._ask(http, self._own(ticket, "status_url"), _POLL_TIMEOUT, _TICKET_BYTES)
        if not 200 <= reply.status < 300:
            return fal_answers.unanswered(reply)
        underway = fal_answers.status(reply)
        if underway is not None:
            return underway
        reply = await self._result(http, self._own(ticket, "response_url"))
        model = self._catalog.find(str(ticket.data.get("model", "")))
        if 200 <= reply.status < 300:
            return fal_answers.result(reply, ticket, model)
        return fal_answers.failed(reply)

    async def check(self, http: "Http") -> CheckResult:
        """Ask for a request that nobody made: a wrong key is refused before it is looked for."""
        if names := missing(self._settings):
            return checking.unconfigured(names)
        url = f"{self._base}/{self._catalog.default.rpartition('/')[0]}/requests/{_NOBODYS_REQUEST}/status"
        try:
            reply = await self._ask(http, url, 20.0, _TICKET_BYTES)
        except ServiceError as error:
            return CheckResult(CheckState.PROBLEM, error.problem.what, error.problem)
        known_form = bool(documents.answer(reply.body))
        if 200 <= reply.status < 300 or (reply.status in (400, 404, 422) and known_form):
            reply.release()
            return CheckResult(CheckState.OK, "the key is accepted (fal.ai tells no credits)")
        problem = fal_answers.judged(reply, submitting=True).problem
        reply.release()
        if problem.kind is ProblemKind.NOT_FOUND:
            return CheckResult(CheckState.UNKNOWN, f"something answers, but not as {self.title} does")
        return CheckResult(CheckState.PROBLEM, problem.what, problem)

    async def cancel(self, ticket: Ticket, http: "Http") -> bool:
        """Take the request out of the queue; what is being drawn may still be finished. Raises ServiceError."""
        url = self._own(ticket, "cancel_url")
        reply = await http.send(
            "PUT", url, headers=self._headers(), timeout=_POLL_TIMEOUT, max_bytes=_TICKET_BYTES, paid=False
        )
        reply.release()
        return 200 <= reply.status < 300  # 400: it is completed already

    # --- where the key travels ---

    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Key {key_text(self._settings.fal_key)}"}

    async def _ask(self, http: "Http", url: str, timeout: float, max_bytes: int) -> "Reply":
        return await http.send("GET", url, headers=self._headers(), timeout=timeout, max_bytes=max_bytes, paid=False)

    async def _result(self, http: "Http", url: str) -> "Reply":
        """Fetch a stored result. One that is too large to be read stays so. Raises ServiceError."""
        try:
            return await self._ask(http, url, _RESULT_TIMEOUT, _RESULT_BYTES)
        except ServiceError as error:
            if error.problem.kind is not ProblemKind.BAD_ANSWER:
                raise
            problem = error.problem
        raise ServiceError(problem, acceptance=Acceptance.YES, permanent=True)

    def _trusts(self, url: object) -> bool:
        """Return whether the key may go to `url`: the configured origin, or fal's own hosts beside each other."""
        if not isinstance(url, str):
            return False
        return addresses.same_origin(url, self._base) or any(
            addresses.is_secure_host_under(self._base, domain) and addresses.is_secure_host_under(url, domain)
            for domain in _DOMAINS
        )

    def _own(self, ticket: Ticket, name: str) -> str:
        """Return one of the ticket's addresses, or the same one at the configured origin. Raises ServiceError.

        A gateway may pass on answers that name fal's own host, where the key that belongs to the gateway
        must not go.
        """
        named = ticket.data.get(name)
        if isinstance(named, str) and self._trusts(named):
            return named
        accepted_at = str(ticket.data.get("base", ""))
        identity = ticket.data.get("id")
        if accepted_at == self._base and isinstance(identity, str) and identity:
            return _address(self._base, str(ticket.data.get("model", "")), identity, name)
        raise ServiceError(
            Problem(
                ProblemKind.CONFIGURATION,
                f"{self.title} accepted this at another address than the configured one.",
                f"It was {accepted_at}; {URL_VARIABLE} now says {self._base}, and the key goes nowhere else.",
                f"Set {URL_VARIABLE} back and retry the job: what was accepted is collected then.",
            ),
            acceptance=Acceptance.YES,
            permanent=True,
        )

    # --- submitting ---

    def _unready(self, request: ImageRequest) -> ServiceError | None:
        problem = _unusable(request.model)
        if names := missing(self._settings):
            problem = Problem(
                ProblemKind.CONFIGURATION, f"{self.title} is not configured.", f"{', '.join(names)} is not set."
            )
        if problem is not None:
            return ServiceError(problem, acceptance=Acceptance.NO, permanent=True)
        return translation.unloaded(request)

    def _ticket(self, reply: "Reply", request: ImageRequest, count: int) -> Ticket:
        """Return the ticket of an answer, with the addresses as they are. Raises ServiceError."""
        body = documents.answer(reply.body)
        identity = body.get("request_id")
        named = {name: body.get(name) for name in ("status_url", "response_url", "cancel_url")}
        followable = all(self._trusts(named[name]) for name in ("status_url", "response_url"))
        if not (isinstance(identity, str) and identity) and not followable:
            raise failures.bad_answer(reply, SERVICE, "named no request", submitting=True)
        reply.release()
        data: dict[str, Any] = {name: url for name, url in named.items() if isinstance(url, str)}
        price = self.assess(request).price
        return Ticket(
            {
                "id": identity if isinstance(identity, str) else None,
                **data,
                "base": self._base,
                "model": request.model,
                "count": count,
                "price": price.high if price.known else None,
            }
        )


def _unusable(model: str) -> Problem | None:
    """Return why `model` names nothing at fal.ai, None when it may."""
    if _MODEL.fullmatch(model):
        return None
    return Problem(
        ProblemKind.NOT_FOUND,
        f"{model!r} is no model of fal.ai.",
        "Its models are written owner/name or owner/name/variant.",
        "Write the target for example fal/fal-ai/flux/schnell.",
    )


def _address(base: str, model: str, identity: str, name: str) -> str:
    """Return where a request is asked for: the variant of the model is no part of that address."""
    parts = model.split("/")
    application = "/".join(parts[: 3 if parts[0] in _NAMESPACES else 2])
    end = {"status_url": "/status", "cancel_url": "/cancel"}.get(name, "")
    return f"{base}/{quote(application, safe='/.-_')}/requests/{quote(identity, safe='')}{end}"
