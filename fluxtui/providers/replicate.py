"""Replicate: create a prediction, ask for it, fetch its outputs without the token.

Wire facts: replicate 1.0.7 and 2.0.0b4, replicate.com/docs (HTTP API, predictions), public logs of errors.
Never `Prefer: wait`: the ticket must be on disk before anybody waits.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from pydantic import BaseModel, Field

from fluxtui.domain.facts import ModelFacts
from fluxtui.domain.jobs import ImageFacts, Pending, Refusal, Ticket
from fluxtui.domain.problems import Acceptance, Problem, ProblemKind, ServiceError
from fluxtui.domain.request import Adaptation, Assessment, Change, ImageRequest
from fluxtui.domain.values import JsonValue
from fluxtui.providers import addresses, catalog, checking, documents, facts, failures, translation
from fluxtui.providers.base import Accepted, CheckResult, CheckState, EncodedImage, Images, Pace
from fluxtui.providers.catalog import Model
from fluxtui.providers.configuration import Address, Key, ProviderSettings, key_text, own
from fluxtui.providers.named_pictures import named_picture

if TYPE_CHECKING:
    from fluxtui.providers.http import Http, Reply

PUBLIC_API = "https://api.replicate.com/v1"
KEY_VARIABLE = "REPLICATE_API_TOKEN"
URL_VARIABLE = "REPLICATE_API_URL"
_ANSWER_BYTES = 64 * 1024 * 1024  # small models may send their pictures as data URIs
_SUBMIT_TIMEOUT = 60.0
_POLL_TIMEOUT = 30.0
_LONGEST_RUN = 1800.0  # seconds; replicate.com/docs/topics/predictions/lifecycle
_LINK_LIFE = 3600.0  # seconds from a prediction's end

_MODEL = re.compile(r"([A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(?::([0-9A-Za-z]{1,128}))?", re.ASCII)
_SEED = re.compile(r"\busing seed:?\s*(\d{1,40})", re.IGNORECASE)
_OUTPUTS = frozenset({"output"})
_UNSAFE = ("nsfw", "flagged as sensitive", "content policy", "safety filter", "(e005)")
"""In errors of predictions that a filter ended: FLUX of black-forest-labs and others say it in these words."""

SERVICE = failures.Service("Replicate", KEY_VARIABLE, URL_VARIABLE, "Add credit at replicate.com/account/billing.")


class Settings(ProviderSettings):
    """`REPLICATE_API_TOKEN` and `REPLICATE_API_URL`."""

    replicate_token: Key = Field(None, validation_alias=KEY_VARIABLE)
    replicate_url: Address = Field(None, validation_alias=URL_VARIABLE)


SETTINGS = Settings


def make(settings: BaseModel) -> "Replicate":
    """Return the provider. Raises TypeError when `settings` are not this module's."""
    return Replicate(own(settings, Settings, "replicate"))


def missing(settings: BaseModel) -> tuple[str, ...]:
    """Return the variables that still have to be set."""
    return () if isinstance(settings, Settings) and settings.replicate_token is not None else (KEY_VARIABLE,)


def notes(settings: BaseModel) -> tuple[str, ...]:
    """Return what the user should know about the settings."""
    return api_base(settings.replicate_url)[1] if isinstance(settings, Settings) else ()


def api_base(text: str | None) -> tuple[str, tuple[str, ...]]:
    """Return the address that paths such as `/predictions` follow; `/v1` may be left out. Raises ValueError."""
    if text is None:
        return PUBLIC_API, ()
    parts = addresses.pasted(text)
    base = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
    if not base.endswith("/v1"):
        base += "/v1"
    if addresses.exposes_keys(base):
        return base, (f"{URL_VARIABLE} is not https: the token crosses the network unencrypted",)
    return base, ()


class Replicate:
    """`replicate/<owner>/<name>`, and `replicate/<owner>/<name>:<version>` for models without a route of their own."""

    id: ClassVar[str] = "replicate"
    title: ClassVar[str] = SERVICE.title
    resend_is_free: ClassVar[bool] = False

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._base, self.notes = api_base(settings.replicate_url)
        self._catalog = catalog.service("replicate")

    def models(self) -> Sequence[str]:
        """Return the catalog's models; others work too, with the inputs that most of them share."""
        return self._catalog.names()

    def _model(self, name: str) -> Model:
        """Return what is known of a model; a version of it takes the same inputs."""
        return replace(self._catalog.find(name.partition(":")[0]), name=name)

    def pace(self, model: str) -> Pace:
        # 600 creations and 3000 other requests a minute; replicate.com/docs/topics/predictions/rate-limits
        return Pace(self._model(model).in_flight, first_poll=0.5, poll_interval=1.0, collect_for=_LONGEST_RUN + 100)

    def max_count(self, model: str) -> int:
        return self._model(model).max_count

    def facts(self, model: str) -> ModelFacts:
        """Return what the catalog knows of `model`."""
        return facts.of(self._model(model))

    def assess(self, request: ImageRequest) -> Assessment:
        assessment = translation.assess(request, self._model(request.model), self.notes)
        problem = _unusable(request.model)
        return assessment if problem is None else replace(assessment, impossible=problem)

    async def submit(self, request: ImageRequest, http: "Http") -> Accepted | Refusal:
        """Create the prediction. Raises ServiceError."""
        if (unready := self._unready(request)) is not None:
            raise unready
        translated = translation.translate(request, self._model(request.model))
        payload: dict[str, JsonValue] = {"input": translated.ready()}
        name, _, version = request.model.partition(":")
        if version:
            payload["version"] = version
        url = f"{self._base}/predictions" if version else f"{self._base}/models/{quote(name, safe='/.-_')}/predictions"
        reply = await http.send(
            "POST",
            url,
            headers=self._headers(),
            json=payload,
            timeout=_SUBMIT_TIMEOUT,
            max_bytes=_ANSWER_BYTES,
            paid=True,
        )
        if not 200 <= reply.status < 300:
            return _not_taken(reply, request.model)
        return Accepted(self._ticket(reply, request.model, translated.count))

    async def collect(self, ticket: Ticket, http: "Http") -> Pending | Images | Refusal:
        """Ask for the prediction. Raises ServiceError."""
        url = self._own(ticket, "get")
        reply = await http.send(
            "GET", url, headers=self._headers(), timeout=_POLL_TIMEOUT, max_bytes=_ANSWER_BYTES, paid=False
        )
        if not 200 <= reply.status < 300:
            return failures.rejected(reply, SERVICE, submitting=False)
        return _prediction(reply, ticket)

    async def check(self, http: "Http") -> CheckResult:
        """Ask for the account that the token belongs to."""
        if names := missing(self._settings):
            return checking.unconfigured(names)
        reply = await checking.ask(http, f"{self._base}/account", self._headers(), SERVICE)
        if isinstance(reply, CheckResult):
            return reply
        name = documents.answer(reply.body).get("username")
        told = f" for {reply.scrub(name)[:100]}" if isinstance(name, str) and name else ""
        reply.release()
        return CheckResult(CheckState.OK, f"the token is accepted{told} (Replicate tells no credits)")

    async def cancel(self, ticket: Ticket, http: "Http") -> bool:
        """Ask Replicate to stop the prediction. Raises ServiceError."""
        url = self._own(ticket, "cancel")
        reply = await http.send(
            "POST", url, headers=self._headers(), timeout=_POLL_TIMEOUT, max_bytes=_ANSWER_BYTES, paid=False
        )
        stopped = documents.answer(reply.body).get("status") in ("canceled", "aborted", "starting", "processing")
        reply.release()
        return 200 <= reply.status < 300 and stopped

    # --- where the token travels ---

    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {key_text(self._settings.replicate_token)}"}

    def _own(self, ticket: Ticket, name: str) -> str:
        """Return the ticket's address if the token may go there, else the same one at the configured origin.

        Raises ServiceError for a ticket of another address than the configured one.
        """
        named = ticket.data.get(name)
        if isinstance(named, str) and addresses.same_origin(named, self._base):
            return named
        accepted_at = str(ticket.data.get("base", ""))
        if accepted_at == self._base:
            url = f"{self._base}/predictions/{quote(str(ticket.data['id']), safe='')}"
            return f"{url}/cancel" if name == "cancel" else url
        raise ServiceError(
            Problem(
                ProblemKind.CONFIGURATION,
                f"{self.title} accepted this at another address than the configured one.",
                f"It was {accepted_at}; {URL_VARIABLE} now says {self._base}, and the token goes nowhere else.",
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

    def _ticket(self, reply: "Reply", model: str, count: int) -> Ticket:
        body = documents.answer(reply.body, _OUTPUTS)
        identity, urls = body.get("id"), body.get("urls")
        if not isinstance(identity, str) or not identity:
            raise failures.bad_answer(reply, SERVICE, "named no prediction", submitting=True)
        reply.release()
        named = urls if isinstance(urls, dict) else {}
        data: dict[str, Any] = {name: named[name] for name in ("get", "cancel") if isinstance(named.get(name), str)}
        return Ticket({"id": identity, **data, "base": self._base, "model": model, "count": count})


def _unusable(model: str) -> Problem | None:
    """Return why `model` names nothing at Replicate, None when it may."""
    if _MODEL.fullmatch(model):
        return None
    return Problem(
        ProblemKind.NOT_FOUND,
        f"{model!r} is no model of Replicate.",
        "Its models are written owner/name, or owner/name:version.",
        "Write the target for example replicate/black-forest-labs/flux-schnell.",
    )


def _not_taken(reply: "Reply", model: str) -> Refusal:
    """Return the refusal that the answer to a submission is, else raise what it is."""
    try:
        return failures.rejected(reply, SERVICE, submitting=True)
    except ServiceError as error:
        if error.problem.kind is not ProblemKind.NOT_FOUND or ":" in model:
            raise
        advice = f"Models that are not official need a version: replicate/{model}:VERSION (see the model's page)."
        problem = error.problem.with_advice(advice)
    raise ServiceError(problem, acceptance=Acceptance.NO, permanent=True)


# --- predictions ---


def _prediction(reply: "Reply", ticket: Ticket) -> Pending | Images | Refusal:
    """Return what a prediction has come to; releases what needs no body. Raises ServiceError."""
    body = documents.answer(reply.body, _OUTPUTS)
    match body.get("status"):
        case "succeeded":
            return _images(reply, body, ticket)
        case "processing" if _is_whole(body.get("output"), ticket):
            return _images(reply, body, ticket)
        case "failed":
            return _failed(reply, body)
        case "canceled" | "aborted" as status:
            raise _stopped(reply, status)
        case str(status) if status:
            reply.release()
            return Pending(None, status[:60])
    raise failures.bad_answer(reply, SERVICE, "told no status of the prediction", submitting=False)


def _is_whole(output: object, ticket: Ticket) -> bool:
    """Return whether all pictures are there: finished work may still be called processing for a moment."""
    asked = ticket.data.get("count")
    return bool(output) and len(_names(output)) >= (asked if isinstance(asked, int) else 1)


def _images(reply: "Reply", body: dict[str, Any], ticket: Ticket) -> Images:
    ended = _moment(body.get("completed_at"))
    facts, expires = _facts(body), None if ended is None else ended + _LINK_LIFE
    named = (named_picture(name, facts, expires) for name in _names(body.get("output")))
    pictures = tuple(picture for picture in named if picture is not None)
    if not pictures:
        raise _without_picture(reply, body)
    asked = ticket.data.get("count")
    adaptations: tuple[Adaptation, ...] = ()
    if isinstance(asked, int) and len(pictures) < asked:
        adaptations = (Adaptation("n", Change.OBSERVED, asked, len(pictures), "no more pictures came"),)
    held: Reply | None = reply
    if not any(isinstance(picture, EncodedImage) for picture in pictures):
        reply.release()
        held = None
    return Images(pictures, None, adaptations, held)


def _names(output: object) -> list[object]:
    """Return what may be pictures in an output: one, a list, or the values of an object; models differ."""
    if isinstance(output, dict):
        output = list(output.values())
    if not isinstance(output, list):
        return [output]
    return [name for item in output for name in (_names(item) if isinstance(item, list | dict) else [item])]


def _facts(body: dict[str, Any]) -> ImageFacts:
    """Return what is told of all pictures together. A seed that the model chose shows in its logs only."""
    logs, given, metrics = body.get("logs"), body.get("input"), body.get("metrics")
    found = _SEED.search(logs) if isinstance(logs, str) else None
    seed = int(found[1]) if found else given.get("seed") if isinstance(given, dict) else None
    details: dict[str, JsonValue] = {"prediction": str(body.get("id", ""))[:200]}
    duration = metrics.get("predict_time") if isinstance(metrics, dict) else None
    if isinstance(duration, int | float) and not isinstance(duration, bool):
        details["duration"] = duration
    return ImageFacts(seed if isinstance(seed, int) and not isinstance(seed, bool) else None, details=details)


def _moment(text: object) -> float | None:
    """Return a time of the API in seconds since the epoch."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    if moment is None:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _without_picture(reply: "Reply", body: dict[str, Any]) -> ServiceError:
    """Return the error for a prediction that succeeded and has nothing to show; it will not change its mind."""
    if body.get("data_removed") is True:
        problem = Problem(
            ProblemKind.EXPIRED,
            f"{SERVICE.title} no longer has this picture.",
            "It deletes what predictions made one hour after their end.",
            "It was paid for; draw it anew if its picture is still wanted.",
            reply.request_id,
            reply.status,
        )
        reply.release()
    else:
        problem = failures.bad_answer(
            reply, SERVICE, "the finished prediction names no picture", submitting=False
        ).problem
    return ServiceError(problem, acceptance=Acceptance.YES, permanent=True)


def _failed(reply: "Reply", body: dict[str, Any]) -> Refusal:
    """Return the refusal of a prediction that a filter ended, else raise what it failed of."""
    told = body.get("error")
    message = reply.scrub(told) if isinstance(told, str) else ""
    reply.release()
    if any(word in message.lower() for word in _UNSAFE):
        return Refusal(
            Problem(
                ProblemKind.MODERATION,
                f"{SERVICE.title} refused to draw this.",
                message,
                "Change the prompt; some models draw another picture of the same one that passes.",
                reply.request_id,
            )
        )
    problem = Problem(
        ProblemKind.SERVER_ERROR,
        "The prediction failed.",
        message or "Replicate says nothing more.",
        "Retry the job if its picture is still wanted.",
        reply.request_id,
        detail=message or None,
    )
    raise ServiceError(problem, acceptance=Acceptance.YES, permanent=True)


def _stopped(reply: "Reply", status: str) -> ServiceError:
    """Return the error for a prediction that was stopped; before its start (`aborted`) it costs nothing."""
    problem = Problem(
        ProblemKind.SERVER_ERROR,
        f"The prediction was stopped at {SERVICE.title} ({status}).",
        "By its deadline, or by somebody at the account's website.",
        "Retry the job if its picture is still wanted.",
        reply.request_id,
    )
    reply.release()
    acceptance = Acceptance.NO if status == "aborted" else Acceptance.YES
    return ServiceError(problem, acceptance=acceptance, permanent=True)
