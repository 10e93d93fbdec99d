"""What a service's error means: one reading of statuses, envelopes and waiting times for all services.

Understood bodies: FastAPI's `detail` (text or list), the `error` envelope of OpenAI and Azure with
every spelling of its content filter, that of Google with its typed details, RFC 9457 `title`/`detail`,
a bare `message`, HTML pages, nothing.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fluxtui.domain.jobs import Bill, Refusal
from fluxtui.domain.problems import Acceptance, Problem, ProblemKind, ServiceError
from fluxtui.providers import waiting
from fluxtui.providers.waiting import QUOTA_WAIT, retry_after

if TYPE_CHECKING:
    from fluxtui.providers.http import Reply

MODERATION_CODES = frozenset(
    {
        "content_policy_violation",
        "contentfilter",
        "content_filter",
        "moderation_blocked",
        "responsibleaipolicyviolation",
    }
)
"""Codes of refusals, in lower case. Sources: Azure's image API (2024-2025), OpenAI, fal."""

_QUOTA_CODES = frozenset(
    {
        "insufficient_quota",
        "project_spend_limit_exceeded",
        "billing_hard_limit_reached",
        "billing_limit_user_error",
    }
)
_DAILY = re.compile(r"per_?day", re.IGNORECASE)  # in Google's names of quotas: nothing changes before tomorrow
_NO_QUOTA = re.compile(r"\blimit: 0\b")
_VIOLATIONS = re.compile(r"safety_violations=\[([^\]]{1,200})\]")
_NO_MODEL = re.compile(r"\bmodel\b.{1,120}\bdoes not exist", re.IGNORECASE)
_FILTER_RESULTS = ("content_filter_results", "content_filter_result", "prompt_filter_results")


@dataclass(frozen=True, slots=True)
class Service:
    """What error messages need to know about a service.

    `unbilled` are the server errors (status and code of its own envelope, in lower case) that prove
    that nothing was accepted.
    """

    title: str
    key_variable: str
    address_variable: str
    top_up: str = "Add credits to the account."
    unbilled: frozenset[tuple[int, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the body of an error says. `fields` are the parameters it complains about.

    `stage` is where a filter took exception, `output` when it was the finished picture; `delay` the
    seconds that the body (not a header) asks to wait.
    """

    message: str = ""
    codes: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    enveloped: bool = False
    stage: str = ""
    delay: float | None = None

    @property
    def is_moderation(self) -> bool:
        return bool(self.categories) or any(code.lower() in MODERATION_CODES for code in self.codes)


def explain(reply: "Reply") -> Explanation:
    """Read the body of an error, whatever it is. Never raises."""
    try:
        body = reply.json()
    except ValueError:
        return Explanation(_page_text(reply.text()))
    if isinstance(body, list) and body:
        body = body[0]
    reader = _Reader()
    reader.read(body)
    # Wording may quote the request, so the keys go before anything is cut.
    return Explanation(
        reply.scrub("; ".join(dict.fromkeys(reader.messages)))[:2000],
        tuple(reply.scrub(code) for code in dict.fromkeys(reader.codes)),
        tuple(reply.scrub(name) for name in dict.fromkeys(reader.fields)),
        tuple(reply.scrub(category) for category in dict.fromkeys(reader.categories)),
        isinstance(body, dict) and isinstance(body.get("error"), dict),
        reader.stage,
        reader.delay,
    )


def filtered(results: object) -> Iterator[str]:
    """Yield the categories that a content filter refused, with their severity when told."""
    if isinstance(results, list):
        for item in results:
            yield from filtered(item)
    if isinstance(results, Mapping):
        for name, verdict in results.items():
            if isinstance(verdict, Mapping) and verdict.get("filtered") is True:
                severity = verdict.get("severity")
                yield f"{name} ({severity})" if isinstance(severity, str) else str(name)


@dataclass(slots=True)
class _Reader:
    """Collects what the parts of an error body say."""

    messages: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    fields: list[str] = field(default_factory=list)
    categories: list[str] = field(default_factory=list)
    stage: str = ""
    delay: float | None = None

    def read(self, part: object, depth: int = 0) -> None:
        if depth > 6:
            return
        if isinstance(part, str):
            if part.strip():
                self.messages.append(part.strip())
        elif isinstance(part, list):
            for item in part[:20]:
                self.read(item, depth + 1)
        elif isinstance(part, dict):
            self._read_object(part, depth)

    def _read_object(self, part: dict[str, Any], depth: int) -> None:
        for key in ("code", "type", "error_type", "status"):
            if isinstance(code := part.get(key), str | int) and not isinstance(code, bool):
                self.codes.append(str(code)[:100])
        for key in _FILTER_RESULTS:
            self.categories += filtered(part.get(key))
        self._read_moderation(part)
        self._read_google(part)
        where = _field(part.get("loc")) or (part["param"] if isinstance(part.get("param"), str) else "")
        message = part.get("msg") or part.get("message")
        if where:
            self.fields.append(where)
        if isinstance(message, str):
            self.messages.append(f"{where}: {message}" if where and where not in message else message)
        elif isinstance(part.get("title"), str):
            self.messages.append(part["title"])
        for key in ("error", "detail", "details", "errors", "inner_error", "innererror"):
            self.read(part.get(key), depth + 1)
        self._read_invalid(part.get("invalid_fields"))

    def _read_invalid(self, fields: object) -> None:
        """Read Replicate's list of what is wrong with an input."""
        for item in fields[:20] if isinstance(fields, list) else []:
            if isinstance(item, dict) and isinstance(item.get("field"), str):
                self.fields.append(item["field"].removeprefix("input.") or "input")
                if isinstance(told := item.get("description"), str):
                    self.messages.append(told)

    def _read_moderation(self, part: dict[str, Any]) -> None:
        """Read what OpenAI's image models say of a refusal, in the newer form or inside the wording."""
        details = part.get("moderation_details")
        if isinstance(details, dict):
            named = details.get("categories")
            self.categories += [str(name)[:100] for name in named[:20]] if isinstance(named, list) else []
            self.stage = str(details.get("moderation_stage") or "")
        elif isinstance(message := part.get("message"), str) and (told := _VIOLATIONS.search(message)):
            self.categories += [name.strip() for name in told[1].split(",") if name.strip()]

    def _read_google(self, part: dict[str, Any]) -> None:
        """Read Google's typed details: why, which quota, and how long to wait (there is no header)."""
        match part.get("@type"):
            case str(kind) if kind.endswith(".ErrorInfo"):
                self.codes.append(str(part.get("reason"))[:100])
            case str(kind) if kind.endswith(".RetryInfo"):
                self.delay = waiting.amount(str(part.get("retryDelay")))
            case str(kind) if kind.endswith(".QuotaFailure"):
                violations = part.get("violations")
                for violation in violations[:20] if isinstance(violations, list) else []:
                    if isinstance(violation, dict):
                        self.codes.append(str(violation.get("quotaId"))[:100])


def _field(location: object) -> str:
    """Return `width` for FastAPI's `["body", "width"]`."""
    if not isinstance(location, list):
        return ""
    parts = [str(part) for part in location]
    return ".".join(parts[1:] if parts[:1] in (["body"], ["query"], ["path"]) and len(parts) > 1 else parts)


_TITLE = re.compile(r"<title[^>]*>(.{1,200}?)</title", re.IGNORECASE | re.DOTALL)


def _page_text(text: str) -> str:
    """Return what an HTML page says about itself, or the start of a text that is no page."""
    if "<" not in text[:200]:
        return " ".join(text[:300].split())
    title = _TITLE.search(text)
    return f"a web page: {' '.join(title[1].split())}" if title else "a web page"


def refusal(explanation: Explanation, reply: "Reply", service: Service, bill: Bill | None = None) -> Refusal:
    """Return the refusal that a content filter's error is."""
    which = f" ({', '.join(explanation.categories)})" if explanation.categories else ""
    verb = "withholds the picture it drew" if explanation.stage == "output" else "refused to draw this"
    return Refusal(
        Problem(
            ProblemKind.MODERATION,
            f"{service.title} {verb}{which}.",
            explanation.message,
            "Change the prompt; the same one will be refused again.",
            reply.request_id,
            reply.status,
        ),
        bill,
    )


def failure(reply: "Reply", service: Service, *, submitting: bool) -> ServiceError:
    """Return what an answer that is no success means.

    While submitting, the acceptance is NO for what proves that nothing was accepted (4xx, 429, what
    the service documents as unbilled) and MAYBE for the rest. While collecting it is always YES, and
    only work that is gone (404, 410: kind `expired`) is permanent.
    """
    explanation = explain(reply)
    wait = retry_after(reply.headers, explanation.message) if explanation.delay is None else explanation.delay
    kind, permanent, acceptance = _judged(reply, explanation, service, wait)
    if not submitting:
        acceptance = Acceptance.YES
        if kind is ProblemKind.NOT_FOUND or reply.status == 410:
            kind, permanent = ProblemKind.EXPIRED, True
        else:
            permanent = False
    what, cause, advice = _words(kind, reply, explanation, service)
    problem = Problem(
        kind, what, cause or explanation.message, advice, reply.request_id, reply.status, explanation.message or None
    )
    return ServiceError(problem, acceptance=acceptance, permanent=permanent, retry_after=wait)


def rejected(reply: "Reply", service: Service, *, submitting: bool, bill: Bill | None = None) -> Refusal:
    """Return the refusal that `reply` is, else raise the ServiceError that it is; releases the reply."""
    try:
        explanation = explain(reply)
        if explanation.is_moderation and 400 <= reply.status < 500:
            return refusal(explanation, reply, service, bill)
        raise failure(reply, service, submitting=submitting)
    finally:
        reply.release()


def bad_answer(
    reply: "Reply", service: Service, what: str, *, submitting: bool, detail: str | None = None, final: bool = False
) -> ServiceError:
    """Return the error for a success that holds nothing usable; releases the reply.

    A submission may have been accepted and billed, so its acceptance is MAYBE. `final`: the service
    would say the same again.
    """
    problem = Problem(
        ProblemKind.BAD_ANSWER,
        f"{service.title} answered {reply.status}, but {what}.",
        "The service changed, or something else answers at its address.",
        f"Look at the account's own list of requests, and check {service.address_variable}.",
        reply.request_id,
        reply.status,
        detail if detail is not None else reply.text(500),
    )
    reply.release()
    return ServiceError(problem, acceptance=Acceptance.MAYBE if submitting else Acceptance.YES, permanent=final)


def unconfigured(service: Service, variables: tuple[str, ...]) -> ServiceError:
    """Return the error of a provider that was made without what it needs."""
    problem = Problem(
        ProblemKind.CONFIGURATION, f"{service.title} is not configured.", f"{', '.join(variables)} is not set."
    )
    return ServiceError(problem, acceptance=Acceptance.NO, permanent=True)


def nothing_to_collect(service: Service) -> ServiceError:
    """Return the error for asking a service for accepted work when its answers are always complete."""
    problem = Problem(
        ProblemKind.EXPIRED, f"{service.title} keeps no pictures to ask for.", "It answers with the picture itself."
    )
    return ServiceError(problem, acceptance=Acceptance.YES, permanent=True)


_BY_STATUS: Mapping[int, ProblemKind] = {
    401: ProblemKind.AUTHENTICATION,
    402: ProblemKind.CREDITS,
    403: ProblemKind.AUTHENTICATION,
    404: ProblemKind.NOT_FOUND,
    408: ProblemKind.TIMEOUT,
    429: ProblemKind.RATE_LIMITED,
    504: ProblemKind.TIMEOUT,
}


def _judged(
    reply: "Reply", explanation: Explanation, service: Service, wait: float | None
) -> tuple[ProblemKind, bool, Acceptance]:
    status, codes = reply.status, [code.lower() for code in explanation.codes]
    kind = _BY_STATUS.get(status)
    if any(code in _QUOTA_CODES for code in codes):
        return ProblemKind.QUOTA, False, Acceptance.NO
    if "api_key_invalid" in codes:  # Google says 400
        return ProblemKind.AUTHENTICATION, False, Acceptance.NO
    if kind is ProblemKind.RATE_LIMITED:
        exhausted = wait is not None and wait >= QUOTA_WAIT
        exhausted = (
            exhausted or any(_DAILY.search(code) for code in codes) or bool(_NO_QUOTA.search(explanation.message))
        )
        return (ProblemKind.QUOTA if exhausted else kind), False, Acceptance.NO
    if kind is ProblemKind.TIMEOUT:  # a gateway gave up waiting; what is behind it may not have
        return kind, False, Acceptance.MAYBE
    if kind is not None:
        return kind, kind is ProblemKind.NOT_FOUND, Acceptance.NO
    if status >= 500:
        documented = explanation.enveloped and any((status, code) in service.unbilled for code in codes)
        return ProblemKind.SERVER_ERROR, False, Acceptance.NO if documented else Acceptance.MAYBE
    if status >= 400:
        # OpenAI says 400, not 404, of models that it has retired.
        unknown = status == 400 and _NO_MODEL.search(explanation.message)
        return ProblemKind.NOT_FOUND if unknown else ProblemKind.INVALID_REQUEST, True, Acceptance.NO
    if 300 <= status < 400:
        return ProblemKind.CONFIGURATION, True, Acceptance.NO
    return ProblemKind.BAD_ANSWER, False, Acceptance.MAYBE


def _words(kind: ProblemKind, reply: "Reply", explanation: Explanation, service: Service) -> tuple[str, str, str]:
    """Return what happened, the likely cause ("" = the service's own words) and what to do next."""
    title = service.title
    match kind:
        case ProblemKind.AUTHENTICATION if reply.status == 403 and explanation.message:
            advice = f"See to what it says, or check {service.key_variable}; then resume."
            return f"{title} denies access.", "", advice
        case ProblemKind.AUTHENTICATION:
            cause = explanation.message or "The key is wrong, has expired, or belongs to another address."
            return f"{title} does not accept the key.", cause, f"Check {service.key_variable}; then resume."
        case ProblemKind.CREDITS:
            return f"The account at {title} has no credits left.", "", f"{service.top_up} Then resume."
        case ProblemKind.QUOTA:
            return f"The quota at {title} is used up.", "", "Raise the quota or wait for its renewal; then resume."
        case ProblemKind.RATE_LIMITED:
            return f"{title} asks to slow down.", "", ""
        case ProblemKind.NOT_FOUND:
            advice = f"Check the model's name in the target and {service.address_variable}."
            return f"{title} knows no such model or address.", "", advice
        case ProblemKind.EXPIRED:
            return f"{title} no longer has this picture.", "", "It may have been paid for; ask again or draw it anew."
        case ProblemKind.INVALID_REQUEST:
            named = f": {', '.join(explanation.fields[:5])}" if explanation.fields else ""
            return f"{title} rejects the request{named}.", "", "Correct the task's parameters."
        case ProblemKind.CONFIGURATION:
            return (
                f"{title} redirects to another address, and keys do not follow redirects.",
                "",
                f"Set {service.address_variable} to the final address.",
            )
        case _:
            return f"{title} had trouble (HTTP {reply.status}).", "", ""
