"""Black Forest Labs: submit to the configured host, poll the address it names, fetch without the key.

Wire facts: api.bfl.ai/openapi.json (2026-04), docs.bfl.ai integration guidelines, live captures of 2026.
"""

import contextlib
import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote, urlsplit

from pydantic import AliasChoices, BaseModel, Field

from fluxtui.domain.facts import ModelFacts
from fluxtui.domain.jobs import Bill, ImageFacts, Pending, Refusal, Ticket
from fluxtui.domain.money import ZERO, Micros
from fluxtui.domain.problems import Acceptance, Problem, ProblemKind, ServiceError
from fluxtui.domain.request import Assessment, ImageRequest
from fluxtui.domain.values import JsonValue
from fluxtui.providers import addresses, bfl_finetuned, catalog, checking, facts, failures, translation
from fluxtui.providers.base import Accepted, CheckResult, CheckState, Images, LinkedImage, Pace
from fluxtui.providers.configuration import Address, Key, ProviderSettings, key_text, own

if TYPE_CHECKING:
    from fluxtui.providers.http import Http, Reply

PUBLIC_API = "https://api.bfl.ai"
KEY_VARIABLE = "BFL_FLUX_API_KEY"
_DOMAIN = "bfl.ai"
_ANSWER_BYTES = 4 * 1024 * 1024
_SUBMIT_TIMEOUT = 60.0
_POLL_TIMEOUT = 30.0
_MICROS_PER_CREDIT = 10_000  # one credit is one US cent
_ACCOUNT_TASKS = 24  # active tasks of an account; help.bfl.ai article 7158018353
_LINK_LIFE = 600.0  # seconds from a task's end, where the link itself does not say

SERVICE = failures.Service("Black Forest Labs", KEY_VARIABLE, "BFL_FLUX_API_URL", "Add credits at dashboard.bfl.ai.")

_FINAL = frozenset({"Ready", "Request Moderated", "Content Moderated", "Error", "Failed", "Task not found"})
_UNDERWAY = frozenset({"Pending", "Reasoning", "Generating"})


class Settings(ProviderSettings):
    """`BFL_FLUX_API_KEY` and `BFL_FLUX_API_URL`, or their older names."""

    api_key: Key = Field(None, validation_alias=AliasChoices(KEY_VARIABLE, "FLUX_API_KEY"))
    api_url: Address = Field(None, validation_alias=AliasChoices("BFL_FLUX_API_URL", "FLUX_API_ENDPOINT"))


SETTINGS = Settings


def make(settings: BaseModel) -> "BlackForestLabs":
    """Return the provider. Raises TypeError when `settings` are not this module's."""
    return BlackForestLabs(own(settings, Settings, "bfl"))


def missing(settings: BaseModel) -> tuple[str, ...]:
    """Return the variables that still have to be set."""
    return () if isinstance(settings, Settings) and settings.api_key is not None else (KEY_VARIABLE,)


def notes(settings: BaseModel) -> tuple[str, ...]:
    """Return what the user should know about the settings: an address that was corrected."""
    return api_base(settings.api_url)[1] if isinstance(settings, Settings) else ()


def api_base(text: str | None) -> tuple[str, tuple[str, ...]]:
    """Return the address that paths such as `/v1/flux-dev` follow, and what was corrected.

    `/v1` at the end, the address of an endpoint and that of the `/scalar` documentation page are
    understood. Raises ValueError.
    """
    if text is None:
        return PUBLIC_API, ()
    parts = addresses.pasted(text)
    told: list[str] = []
    path = parts.path.rstrip("/")
    segments = path.split("/")
    if "scalar" in segments:
        path = "/".join(segments[: segments.index("scalar")])
        told.append("BFL_FLUX_API_URL names the documentation page (/scalar); the API beside it is used")
    elif "v1" in segments:
        path = "/".join(segments[: segments.index("v1")])
        if segments[-1] != "v1":
            told.append("BFL_FLUX_API_URL names one endpoint; the API it belongs to is used, targets name endpoints")
    base = f"{parts.scheme}://{parts.netloc}{path.removesuffix('/v1')}"
    if addresses.exposes_keys(base):
        told.append("BFL_FLUX_API_URL is not https: the key crosses the network unencrypted")
    return base, tuple(told)


class BlackForestLabs:
    """`bfl/<endpoint>`: every generation endpoint, asynchronous; `bfl/finetune:<id>`: a finetune of one's own."""

    id: ClassVar[str] = "bfl"
    title: ClassVar[str] = SERVICE.title
    resend_is_free: ClassVar[bool] = False

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._base, self.notes = api_base(settings.api_url)
        self._catalog = catalog.service("bfl")

    @property
    def base(self) -> str:
        """The address that paths such as `/v1/flux-dev` follow."""
        return self._base

    def models(self) -> Sequence[str]:
        """Return the catalog's endpoints; others work too, with a generic set of parameters."""
        return self._catalog.names()

    def pace(self, model: str) -> Pace:
        return Pace(
            in_flight=self._catalog.find(bfl_finetuned.endpoint_of(model)).in_flight,
            account_in_flight=_ACCOUNT_TASKS,
            first_poll=0.5,
            poll_interval=1.0,
            collect_for=600.0,
        )

    def max_count(self, model: str) -> int:
        return self._catalog.find(bfl_finetuned.endpoint_of(model)).max_count

    def facts(self, model: str) -> ModelFacts:
        """Return what the catalog knows of `model`."""
        return facts.of(self._catalog.find(bfl_finetuned.endpoint_of(model)))

    def assess(self, request: ImageRequest) -> Assessment:
        at = bfl_finetuned.placed(request, self._catalog)
        assessment = translation.assess(at.request, at.model, self.notes)
        return assessment if at.impossible is None else replace(assessment, impossible=at.impossible)

    async def submit(self, request: ImageRequest, http: "Http") -> Accepted | Refusal:
        """Send the request to its endpoint. Raises ServiceError."""
        if (unready := self._unready(request)) is not None:
            raise unready
        at = bfl_finetuned.placed(request, self._catalog)
        if at.impossible is not None:
            raise ServiceError(at.impossible, acceptance=Acceptance.NO, permanent=True)
        payload = translation.translate(at.request, at.model).ready()
        url = f"{self._base}/v1/{quote(at.model.endpoint, safe='/.-_')}"
        reply = await http.send(
            "POST",
            url,
            headers=self.headers(url),
            json=payload,
            timeout=_SUBMIT_TIMEOUT,
            max_bytes=_ANSWER_BYTES,
            paid=True,
        )
        if not 200 <= reply.status < 300:
            if (unusable := bfl_finetuned.refused(reply, at)) is not None:
                reply.release()
                raise unusable
            return failures.rejected(reply, SERVICE, submitting=True, bill=Bill(ZERO))
        body = _object(reply)
        task = body.get("id")
        if not isinstance(task, str | int) or isinstance(task, bool) or not str(task):
            raise failures.bad_answer(reply, SERVICE, "named no task", submitting=True)
        reply.release()
        return Accepted(
            Ticket({"id": str(task), "polling_url": self._polling_url(body, str(task)), "model": request.model}),
            _bill(body),
        )

    async def collect(self, ticket: Ticket, http: "Http") -> Pending | Images | Refusal:
        """Ask the address that the ticket names. Raises ServiceError."""
        url = str(ticket.data["polling_url"])
        reply = await http.send(
            "GET", url, headers=self.headers(url), timeout=_POLL_TIMEOUT, max_bytes=_ANSWER_BYTES, paid=False
        )
        body = _object(reply)
        status = body.get("status")
        succeeded = 200 <= reply.status < 300
        # A failed task's answer may come with 422 or 503, so the task's own status counts first.
        if isinstance(status, str) and (status in _FINAL or status in _UNDERWAY or succeeded):
            return _task(reply, body, status)
        if succeeded:
            raise failures.bad_answer(reply, SERVICE, "told no status of the task", submitting=False)
        return failures.rejected(reply, SERVICE, submitting=False, bill=Bill(ZERO))

    async def check(self, http: "Http") -> CheckResult:
        """Ask for the account's credits."""
        if self._settings.api_key is None:
            return checking.unconfigured((KEY_VARIABLE,))
        url = f"{self._base}/v1/credits"
        reply = await checking.ask(http, url, self.headers(url), SERVICE)
        if isinstance(reply, CheckResult):
            return reply
        left = _number(_object(reply).get("credits"))
        reply.release()
        if left is None:
            return CheckResult(CheckState.UNKNOWN, f"{self.title} answers, but told no credits")
        told = f"{left:,.1f} credits (${left / 100:.2f})"
        if left <= 0:
            problem = Problem(ProblemKind.CREDITS, f"The account at {self.title} has {told}.", advice=SERVICE.top_up)
            return CheckResult(CheckState.PROBLEM, told, problem, left)
        return CheckResult(CheckState.OK, told, credits=left)

    async def cancel(self, ticket: Ticket, http: "Http") -> bool:
        """Return False: the service has no such call."""
        return False

    def _unready(self, request: ImageRequest) -> ServiceError | None:
        if self._settings.api_key is None:
            problem = Problem(
                ProblemKind.CONFIGURATION, f"{self.title} is not configured.", f"{KEY_VARIABLE} is not set."
            )
            return ServiceError(problem, acceptance=Acceptance.NO, permanent=True)
        return translation.unloaded(request)

    def headers(self, url: str) -> dict[str, str]:
        """Return the key for the configured host and, if that is the public API, its https clusters; else nothing."""
        trusted = addresses.same_origin(url, self._base)
        if not trusted and addresses.is_secure_host_under(self._base, _DOMAIN):
            host = addresses.origin(url)[1]
            trusted = addresses.is_secure_host_under(url, _DOMAIN) and not host.startswith("delivery")
        return {"x-key": key_text(self._settings.api_key)} if trusted else {}

    def _polling_url(self, body: dict[str, Any], task: str) -> str:
        """Return where to ask: the address that the service names, verbatim; tasks live on clusters."""
        url = body.get("polling_url")
        if not isinstance(url, str) or not addresses.is_web(url):
            # Tasks with a webhook are told no address.
            return f"{self._base}/v1/get_result?id={quote(task, safe='')}"
        if addresses.query_value(url, "id") is None:
            return addresses.with_query(url, "id", task)
        return url


def _task(reply: "Reply", body: dict[str, Any], status: str) -> Pending | Images | Refusal:
    """Return what a task's status means. Unknown ones are not final: the lane's patience bounds them."""
    details = body.get("details")
    match status:
        case "Ready":
            return _images(reply, body)
        case "Request Moderated" | "Content Moderated":
            return _refusal(reply, status, details)
        case "Error" | "Failed":
            raise _broken(reply, details)
        case "Task not found":
            problem = Problem(
                ProblemKind.EXPIRED,
                f"{SERVICE.title} no longer knows this task.",
                "Finished tasks are forgotten, and so are those of other accounts.",
                "It may have been paid for; draw it anew if its picture is still wanted.",
                reply.request_id,
                reply.status,
            )
            reply.release()
            raise ServiceError(problem, acceptance=Acceptance.YES, permanent=True)
    reply.release()
    progress = _number(body.get("progress"))
    return Pending(None if progress is None else min(max(progress, 0.0), 1.0), status[:60])


def _images(reply: "Reply", body: dict[str, Any]) -> Images:
    result = body.get("result")
    sample = result.get("sample") if isinstance(result, dict) else None
    if not isinstance(result, dict) or not isinstance(sample, str) or not addresses.is_web(sample):
        raise failures.bad_answer(reply, SERVICE, "the finished task names no picture", submitting=False, final=True)
    seed, prompt, ended = result.get("seed"), result.get("prompt"), _number(result.get("end_time"))
    details: dict[str, JsonValue] = {"task": str(body.get("id", ""))[:200]}
    if (duration := _number(result.get("duration"))) is not None:
        details["duration"] = duration
    facts = ImageFacts(
        seed if isinstance(seed, int) and not isinstance(seed, bool) else None,
        prompt if isinstance(prompt, str) else None,
        details,
    )
    expires = _expiry(sample)
    if expires is None and ended is not None:
        expires = ended + _LINK_LIFE
    reply.release()
    return Images((LinkedImage(sample, facts, expires),), _bill(body))


def _refusal(reply: "Reply", status: str, details: object) -> Refusal:
    reasons = details.get("Moderation Reasons") if isinstance(details, dict) else None
    told = ", ".join(str(reason) for reason in reasons) if isinstance(reasons, list) else ""
    what = "the request" if status == "Request Moderated" else "the picture it had drawn"
    problem = Problem(
        ProblemKind.MODERATION,
        f"{SERVICE.title} refused {what}{f' ({told})' if told else ''}.",
        "Its moderation took exception; refused tasks are not charged.",
        "Change the prompt, or raise safety_tolerance where the model has it.",
        reply.request_id,
        detail=told or None,
    )
    reply.release()
    return Refusal(problem, Bill(ZERO))


def _broken(reply: "Reply", details: object) -> ServiceError:
    told = details.get("error") if isinstance(details, dict) else None
    told = reply.scrub(told) if isinstance(told, str) else ""
    faulty_input = any(word in told.lower() for word in ("invalid", "corrupt", "unsupported"))
    problem = Problem(
        ProblemKind.INVALID_REQUEST if faulty_input else ProblemKind.SERVER_ERROR,
        f"{SERVICE.title} could not draw this.",
        told or "The task ended in an error that says nothing more.",
        "Correct the task's parameters." if faulty_input else "Retry the job if its picture is still wanted.",
        reply.request_id,
        detail=told or None,
    )
    reply.release()
    return ServiceError(problem, acceptance=Acceptance.YES, permanent=True)


def _object(reply: "Reply") -> dict[str, Any]:
    """Return the body's JSON object, an empty one for anything else."""
    with contextlib.suppress(ValueError):
        body = reply.json()
        if isinstance(body, dict):
            return body
    return {}


def _number(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    return None


def _bill(body: dict[str, Any]) -> Bill | None:
    cost = _number(body.get("cost"))
    return None if cost is None or cost < 0 else Bill(Micros(round(cost * _MICROS_PER_CREDIT)))


def _expiry(url: str) -> float | None:
    """Return when a signed link ends, by its own `se`, in seconds since the epoch."""
    value = addresses.query_value(url, "se") if urlsplit(url).query else None
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
