"""What fal.ai answers: states of its queue, results with black frames among them, and three kinds of failures.

Sources: fal.ai/docs (queue, model errors, request errors, reliability) and recorded answers.
"""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fluxtui.domain.jobs import Bill, ImageFacts, Pending, Refusal, Ticket
from fluxtui.domain.money import Micros
from fluxtui.domain.problems import Acceptance, Problem, ProblemKind, ServiceError
from fluxtui.domain.request import Adaptation, Change
from fluxtui.domain.values import JsonValue
from fluxtui.providers import documents, failures
from fluxtui.providers.base import EncodedImage, Images, LinkedImage
from fluxtui.providers.catalog import Model
from fluxtui.providers.named_pictures import named_picture

if TYPE_CHECKING:
    from fluxtui.providers.http import Reply

KEY_VARIABLE = "FAL_AI_API_KEY"
URL_VARIABLE = "FAL_QUEUE_URL"
SERVICE = failures.Service("fal.ai", KEY_VARIABLE, URL_VARIABLE, "Top up the balance at fal.ai/dashboard/billing.")

_PICTURES = frozenset({"url", "images", "image"})
_EMPTY_PURSE = ("balance", "user is locked", "top up")

# fal.ai/docs, "Request errors" and "Model errors": what ended so was not drawn, and 5xx are not billed
# ("Reliability"). `internal_error` is left out for submissions: what is behind it may have been taken.
_NEVER_RUN = frozenset(
    {
        "startup_timeout",
        "request_timeout",
        "runner_scheduling_failure",
        "runner_connection_timeout",
        "runner_connection_refused",
        "runner_connection_error",
    }
)
_UNBILLED = _NEVER_RUN | {
    "runner_disconnected",
    "runner_incomplete_response",
    "runner_server_error",
    "internal_error",
    "internal_server_error",
    "downstream_service_unavailable",
    "generation_timeout",
}
_WITHHELD = frozenset({"no_media_generated"})


# --- the queue ---


def not_taken(reply: "Reply") -> Refusal:
    """Return the refusal that the answer to a submission is, else raise what it is; releases the reply."""
    explanation = failures.explain(reply)
    try:
        if explanation.is_moderation and 400 <= reply.status < 500:
            return failures.refusal(explanation, reply, SERVICE)
        raise judged(reply, submitting=True)
    finally:
        reply.release()


def unanswered(reply: "Reply") -> Refusal:
    """Raise what an answer means that should have told a status; releases the reply."""
    try:
        raise judged(reply, submitting=False)
    finally:
        reply.release()


def judged(reply: "Reply", *, submitting: bool) -> ServiceError:
    """Return what an answer that is no success means, by the shared rules and fal's own."""
    error = failures.failure(reply, SERVICE, submitting=submitting)
    told = failures.explain(reply).message
    if reply.status == 403 and any(word in told.lower() for word in _EMPTY_PURSE):
        problem = Problem(
            ProblemKind.CREDITS,
            f"The account at {SERVICE.title} has no credits left.",
            told,
            f"{SERVICE.top_up} Then resume.",
            reply.request_id,
            reply.status,
            told or None,
        )
        return ServiceError(problem, acceptance=error.acceptance, retry_after=error.retry_after)
    if submitting and error.acceptance is Acceptance.MAYBE and _not_queued(reply):
        return ServiceError(error.problem, acceptance=Acceptance.NO, retry_after=error.retry_after)
    return error


def _not_queued(reply: "Reply") -> bool:
    """Return whether the queue itself says that it did not take the request.

    A gateway's page proves nothing, and a 500 may come after the request was stored.
    """
    body = documents.answer(reply.body)
    if not isinstance(body.get("detail"), str):
        return False
    kind = _type(reply, body)
    return kind in _NEVER_RUN or (reply.status == 503 and kind is None)


def status(reply: "Reply") -> Pending | Refusal | None:
    """Return how a request stands, None when its result is to be fetched; releases the reply.

    Raises ServiceError for a request that failed: that too is called COMPLETED.
    """
    body = documents.answer(reply.body)
    named = body.get("status")
    if not isinstance(named, str) or not named:
        raise failures.bad_answer(reply, SERVICE, "told no status of the request", submitting=False)
    if named.upper() == "COMPLETED":
        failure = _failure_told(reply, body)
        reply.release()
        if isinstance(failure, ServiceError):
            raise failure
        return failure
    reply.release()
    position = body.get("queue_position")
    stage = named[:60]
    if isinstance(position, int) and not isinstance(position, bool) and position >= 0:
        stage = f"queued, {position} before it"
    return Pending(None, stage)


def _failure_told(reply: "Reply", body: Mapping[str, Any]) -> ServiceError | Refusal | None:
    """Return what a completed request failed of, as far as its status tells."""
    told, kind = body.get("error"), body.get("error_type")
    if not told and not kind:
        return None
    message = reply.scrub(told) if isinstance(told, str) else ""
    return _ended(reply, kind if isinstance(kind, str) else "", message, None)


# --- failures of requests ---


def failed(reply: "Reply") -> Pending | Refusal:
    """Return or raise what the result's address answered instead of a result; releases the reply.

    The model's own answer is replayed there, whatever its status: that is final, while an answer of
    something before it is not.
    """
    try:
        explanation, body = failures.explain(reply), documents.answer(reply.body)
        if reply.status == 400 and "in progress" in explanation.message.lower():
            return Pending(None, "finishing")
        kind = _type(reply, body)
        if reply.status == 404 and explanation.message.startswith("Path "):
            problem = Problem(
                ProblemKind.NOT_FOUND,
                f"{SERVICE.title} knows no such model.",
                explanation.message,
                "Check the model's name in the target.",
                reply.request_id,
                reply.status,
            )
            raise ServiceError(problem, acceptance=Acceptance.NO, permanent=True)
        final = kind is not None or isinstance(body.get("detail"), list)
        if not final or reply.status in (401, 403, 404, 408, 410, 429):
            raise judged(reply, submitting=False)
        ended = _ended(reply, kind or "", explanation.message, explanation)
        if isinstance(ended, ServiceError):
            raise ended
        return ended
    finally:
        reply.release()


def _type(reply: "Reply", body: Mapping[str, Any]) -> str | None:
    """Return fal's own name for a failure: from the body, else from the header."""
    detail = body.get("detail")
    first = detail[0] if isinstance(detail, list) and detail else None
    for named in (
        body.get("error_type"),
        first.get("type") if isinstance(first, dict) else None,
        reply.headers.get("x-fal-error-type"),
    ):
        if isinstance(named, str) and named:
            return named[:100]
    return None


def _ended(reply: "Reply", kind: str, message: str, explanation: failures.Explanation | None) -> ServiceError | Refusal:
    """Return what a request ended in. It is over: asking again cannot bring a picture."""
    told = failures.Explanation(message, (kind,)) if explanation is None else explanation
    if told.is_moderation:
        return failures.refusal(told, reply, SERVICE)
    if kind in _WITHHELD:
        cause = "It drew nothing for this prompt (no_media_generated); usually its safety filter is the reason."
        what = f"{SERVICE.title} withheld the picture."
        advice = "Change the prompt; the same one will most likely end the same."
        problem = Problem(ProblemKind.MODERATION, what, cause, advice, reply.request_id, detail=message or None)
        return Refusal(problem)
    final = reply.status if reply.status >= 400 else None
    problem = Problem(
        _kind(kind, final),
        _what(kind, told, final),
        message,
        "Correct the task's parameters."
        if _kind(kind, final) is ProblemKind.INVALID_REQUEST
        else "Retry the job if its picture is still wanted.",
        reply.request_id,
        final,
        message or None,
    )
    unbilled = kind in _UNBILLED or kind == "client_cancelled" or (final is not None and final >= 500)
    return ServiceError(problem, acceptance=Acceptance.NO if unbilled else Acceptance.YES, permanent=True)


def _kind(kind: str, final: int | None) -> ProblemKind:
    if kind.endswith("_timeout"):
        return ProblemKind.TIMEOUT
    server = kind.startswith(("runner_", "internal_", "downstream_", "client_"))
    if kind and not server and (final is None or 400 <= final < 500):
        return ProblemKind.INVALID_REQUEST
    return ProblemKind.SERVER_ERROR


def _what(kind: str, told: failures.Explanation, final: int | None) -> str:
    if kind == "client_cancelled":
        return f"The request was cancelled at {SERVICE.title}."
    if _kind(kind, final) is ProblemKind.INVALID_REQUEST:
        named = f": {', '.join(told.fields[:5])}" if told.fields else ""
        return f"{SERVICE.title} rejects the request{named}."
    if _kind(kind, final) is ProblemKind.TIMEOUT:
        return f"{SERVICE.title} ran out of time ({kind})."
    return f"{SERVICE.title} could not draw this{f' ({kind})' if kind else ''}."


# --- results ---


def result(reply: "Reply", ticket: Ticket, model: Model) -> Images | Refusal:
    """Return the pictures of a result, without the black frames of the safety checker; releases what needs no body.

    All frames black is a refusal, and billed: the frames were drawn. Raises ServiceError.
    """
    body = documents.answer(reply.body, _PICTURES)
    pictures = _pictures(body)
    flags = body.get("has_nsfw_concepts")
    black = [flag is True for flag in flags] if isinstance(flags, list) else []
    black += [False] * (len(pictures) - len(black))
    good = [picture for picture, flagged in zip(pictures, black, strict=False) if picture and not flagged]
    if not good and any(black):
        refusal = _blackened(reply, _bill(reply, model) or _quoted(ticket))
        reply.release()
        return refusal
    if not good:
        error = failures.bad_answer(reply, SERVICE, "the finished request names no picture", submitting=False)
        # A result is stored: asking again brings the same one. What is no JSON came from something before it.
        raise ServiceError(error.problem, acceptance=Acceptance.YES, permanent=bool(body))
    asked = ticket.data.get("count")
    adaptations = _fewer(asked if isinstance(asked, int) else 1, len(good), sum(black))
    bill = _bill(reply, model)
    held: Reply | None = reply
    if not any(isinstance(picture, EncodedImage) for picture in good):
        reply.release()
        held = None
    return Images(tuple(good), bill, adaptations, held)


def _pictures(body: Mapping[str, Any]) -> list[EncodedImage | LinkedImage | None]:
    """Return the pictures in order; other models than FLUX may have a single `image`, or bare links."""
    images = body.get("images")
    if not isinstance(images, list):
        images = [body["image"]] if body.get("image") else []
    facts = _facts(body)
    return [named_picture(image.get("url") if isinstance(image, dict) else image, facts) for image in images]


def _facts(body: Mapping[str, Any]) -> ImageFacts:
    """Return what is told of all pictures together: there is one seed for the whole request."""
    seed, prompt, timings = body.get("seed"), body.get("prompt"), body.get("timings")
    details: dict[str, JsonValue] = {}
    inference = timings.get("inference") if isinstance(timings, dict) else None
    if isinstance(inference, int | float) and math.isfinite(inference):
        details["duration"] = inference
    return ImageFacts(
        seed if isinstance(seed, int) and not isinstance(seed, bool) else None,
        prompt if isinstance(prompt, str) and prompt else None,
        details,
    )


def _fewer(asked: int, came: int, black: int) -> tuple[Adaptation, ...]:
    if came >= asked:
        return ()
    reason = f"the safety checker blacked out {black}" if black else "no more pictures came"
    return (Adaptation("n", Change.OBSERVED, asked, came, reason),)


def _blackened(reply: "Reply", bill: Bill | None) -> Refusal:
    problem = Problem(
        ProblemKind.MODERATION,
        f"{SERVICE.title} blacked out the picture.",
        "Its safety checker found it unsafe (has_nsfw_concepts); the black frame is charged all the same.",
        "Change the prompt, or set enable_safety_checker: false where the model has it.",
        reply.request_id,
    )
    return Refusal(problem, bill)


def _bill(reply: "Reply", model: Model) -> Bill | None:
    """Return what the header of billed units comes to, for models whose unit is the megapixel.

    The header is known from third parties' logs only; units of other models are not documented.
    """
    rule = model.price
    if rule is None or rule.first is None or rule.first != rule.further:
        return None
    try:
        units = float(reply.headers.get("x-fal-billable-units", ""))
    except ValueError:
        return None
    if not math.isfinite(units) or not 0 < units <= 1000:
        return None
    return Bill(Micros(round(units * rule.first)))


def _quoted(ticket: Ticket) -> Bill | None:
    price = ticket.data.get("price")
    return Bill(Micros(price)) if isinstance(price, int) and not isinstance(price, bool) else None
