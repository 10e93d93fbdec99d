"""What goes wrong at Automatic1111 and Forge, in both dialects, and a page where the API should be.

A1111 wraps every exception as {error, detail, body, errors}; Forge sends {detail} for those it means and {error,
detail, body, message} for those it does not. Nothing costs anything, so whatever is unclear may be sent again.
"""

import re
from typing import TYPE_CHECKING, Any

from fluxtui.domain.problems import Acceptance, Problem, ProblemKind, ServiceError
from fluxtui.providers import documents, failures

if TYPE_CHECKING:
    from fluxtui.providers.http import Reply

SERVICE = failures.Service("Automatic1111", "A1111_API_AUTH", "A1111_API_URL")

_NO_MEMORY = re.compile(r"out of memory|outofmemory", re.IGNORECASE)
_NO_UPSCALER = re.compile(r"could not find upscaler named (.{0,100})")
_NO_MODEL = re.compile(r"model .{0,200} not found")
_UNKNOWN_ROUTE = ("", "Not Found", "Method Not Allowed")


def said(body: dict[str, Any]) -> tuple[str, str]:
    """Return the exception's name and text, empty where the body is no such error."""
    name = body.get("error")
    texts = (body.get(key) for key in ("errors", "message", "detail"))
    text = next((text for text in texts if isinstance(text, str) and text), "")
    return name if isinstance(name, str) else "", text


def failed(reply: "Reply") -> ServiceError:
    """Return what an answer that is no success means; releases the reply."""
    try:
        body = documents.answer(reply.body)
        name, text = said(body)
        text = reply.scrub(text)
        known = _meant(reply, name, text, reads="detail" in body)
        return known if known is not None else failures.failure(reply, SERVICE, submitting=True)
    finally:
        reply.release()


def no_api(reply: "Reply") -> ServiceError:
    """Return the error for an address where something answers that is not this API; releases the reply."""
    problem = Problem(
        ProblemKind.CONFIGURATION,
        f"Something answers at {SERVICE.address_variable}, but not the API of A1111 or Forge.",
        "The web UI runs without its API, or the address is another program's.",
        f"Start it with --api (in COMMANDLINE_ARGS), and check {SERVICE.address_variable}.",
        reply.request_id,
        reply.status,
        reply.text(300) or None,
    )
    reply.release()
    return ServiceError(problem, acceptance=Acceptance.NO, permanent=True)


def no_picture(reply: "Reply") -> ServiceError:
    """Return the error for a success without a picture: an interrupt came before the first one; releases the reply."""
    problem = Problem(
        ProblemKind.BAD_ANSWER,
        f"{SERVICE.title} answered without a picture.",
        "Somebody interrupted it, or its settings keep pictures out of answers.",
        "Retry the job: it costs nothing.",
        http_status=reply.status,
        detail=reply.text(300) or None,
    )
    reply.release()
    return ServiceError(problem, acceptance=Acceptance.MAYBE)


def _meant(reply: "Reply", name: str, text: str, *, reads: bool) -> ServiceError | None:
    """Return what the server's own words prove, None where the status says enough."""
    if reply.status in (404, 405):
        # Only its own words about something inside the request tell that the API is there.
        return no_api(reply) if not reads or text in _UNKNOWN_ROUTE else _wrong(reply, text)
    if reply.status == 401:
        what = f"{SERVICE.title} wants a user name and a password."
        advice = f"Set {SERVICE.key_variable}=user:password, as its --api-auth has them; then resume."
        return _problem(reply, ProblemKind.AUTHENTICATION, what, text, advice, permanent=False)
    if reply.status != 500:
        return None
    if _NO_MEMORY.search(f"{name} {text}"):
        what = "The machine has too little memory for this picture."
        advice = "Ask for a smaller size, fewer pictures at once or a smaller hr_scale."
        return _problem(reply, ProblemKind.INVALID_REQUEST, what, text, advice)
    if name == "KeyError":
        return _wrong(reply, f"It knows no setting {text}.")
    if found := _NO_UPSCALER.search(text):
        return _wrong(reply, f"It has no upscaler {found[1].strip()}.")
    if _NO_MODEL.search(text):
        what = f"{SERVICE.title} has no such checkpoint."
        return _problem(reply, ProblemKind.NOT_FOUND, what, text, "Check the model's name in the target.")
    if name == "TypeError" and "NoneType" in text:
        return _wrong(reply, f"{text}: Forge wants hr_additional_modules for a second pass.")
    if text == "Invalid encoded image":
        return _wrong(reply, text)
    return None


def _wrong(reply: "Reply", cause: str) -> ServiceError:
    what = f"{SERVICE.title} rejects the request."
    return _problem(reply, ProblemKind.INVALID_REQUEST, what, cause, "Correct the task's parameters.")


def _problem(
    reply: "Reply", kind: ProblemKind, what: str, cause: str, advice: str, *, permanent: bool = True
) -> ServiceError:
    problem = Problem(kind, what, cause, advice, reply.request_id, reply.status, cause or None)
    return ServiceError(problem, acceptance=Acceptance.NO, permanent=permanent)
