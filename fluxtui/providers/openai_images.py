"""The images protocol of OpenAI, which Azure OpenAI and compatible servers speak too: one request, one answer.

Pictures from text are asked for in JSON, pictures from reference pictures with a form. Nothing is
deduplicated: a request whose answer is lost may have been billed.
Wire facts: types of openai 3.52.0, logs and test fixtures of 2025-2026.
"""

import asyncio
import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from fluxtui.domain.imagefile import ImageFormat, sniff
from fluxtui.domain.jobs import Bill, Refusal
from fluxtui.domain.problems import Acceptance, Problem, ProblemKind, ServiceError
from fluxtui.domain.request import Adaptation, Assessment, Change, ImageRequest
from fluxtui.domain.values import JsonObject, JsonValue
from fluxtui.providers import documents, failures, image_answers, tokens, translation
from fluxtui.providers.base import Images
from fluxtui.providers.catalog import Model
from fluxtui.providers.failures import Service

if TYPE_CHECKING:
    from fluxtui.providers.http import Content, Http, Reply
    from fluxtui.providers.multipart import File

_TIMEOUT, _MORE_TIME, _LONGEST = 300.0, 30.0, 600.0
"""Seconds for one picture (120 s are known to be too few), for each further one, and at most."""

_PICTURE_BYTES, _ANSWER_BYTES = 48 * 1024 * 1024, 256 * 1024 * 1024
"""Of one picture of 8.3 megapixels as base64, and of a whole answer at most."""

_RESOLVED = ("quality", "size", "background", "output_format")
_LIMIT = re.compile(r"\bLimit:? (\d+),.{0,40}\bRequested:? (\d+)")


@dataclass(frozen=True, slots=True)
class Door:
    """Where a model's pictures are asked for. `name` is said in the body, None where the address says it."""

    service: Service
    generations: str
    edits: str
    headers: Mapping[str, str]
    name: str | None


def assess(request: ImageRequest, model: Model, notes: Iterable[str] = ()) -> Assessment:
    """Return what `model` will do with `request`. Pure."""
    assessment = translation.assess(request, model, notes)
    problem = _unreadable(request)
    if problem is None or assessment.impossible is not None:
        return assessment
    return replace(assessment, impossible=problem)


def _unreadable(request: ImageRequest) -> Problem | None:
    """Return why the answer could not be read: it would be paid for, and nobody here could open it."""
    asked = {**request.parameters, **request.extra}
    if asked.get("stream") or asked.get("partial_images"):
        what, advice = "Streamed answers are not read here.", "Take stream and partial_images out of the task."
    elif asked.get("output_format") == "svg":
        what, advice = "Drawings in SVG are not read here.", "Choose png, jpeg or webp."
    else:
        return None
    return Problem(ProblemKind.UNSUPPORTED, what, advice=advice)


async def submit(request: ImageRequest, model: Model, door: Door, http: "Http") -> Images | Refusal:
    """Ask for the pictures and wait for them. Raises ServiceError."""
    if (unready := translation.unloaded(request)) is not None:
        raise unready
    if (problem := _unreadable(request)) is not None:
        raise ServiceError(problem, acceptance=Acceptance.NO, permanent=True)
    payload = translation.translate(request, model).ready()
    if door.name is not None:
        payload = {"model": door.name, **payload}
    pictures = payload.get("image")
    count = asked if isinstance(asked := payload.get("n"), int) and asked > 0 else 1
    form = None
    if isinstance(pictures, list) and pictures:
        form = await asyncio.to_thread(_form, {k: v for k, v in payload.items() if k != "image"}, pictures)
    reply = await http.send(
        "POST",
        door.generations if form is None else door.edits,
        headers=door.headers,
        json=payload if form is None else None,
        content=form,
        timeout=min(_TIMEOUT + _MORE_TIME * (count - 1), _LONGEST),
        max_bytes=min(_PICTURE_BYTES * count, _ANSWER_BYTES),
        paid=True,
    )
    if not 200 <= reply.status < 300:
        if (error := _never_within_the_limit(reply, door.service)) is not None:
            raise error
        return failures.rejected(reply, door.service, submitting=True)
    return _answer(reply, payload, model, door.service, count)


def _answer(reply: "Reply", payload: JsonObject, model: Model, service: Service, count: int) -> Images | Refusal:
    body = documents.answer(reply.body)
    answer = image_answers.outcome(
        reply, body, service, submitting=True, bill=_bill(model, body), asked=count, details=_details(body)
    )
    if isinstance(answer, Refusal):
        return answer
    return replace(answer, adaptations=(*answer.adaptations, *_observed(payload, body)))


def _bill(model: Model, body: Mapping[str, Any]) -> Bill | None:
    prices = model.price.tokens if model.price is not None else None
    amount = tokens.billed(prices, body.get("usage")) if prices is not None else None
    return None if amount is None else Bill(amount)


def _details(body: Mapping[str, Any]) -> dict[str, JsonValue]:
    """Return what became of `auto`, and the tokens."""
    details: dict[str, JsonValue] = {
        name: value[:100] for name in _RESOLVED if isinstance(value := body.get(name), str) and value
    }
    usage = body.get("usage")
    if isinstance(usage, dict):
        for name in ("input_tokens", "output_tokens"):
            if isinstance(number := usage.get(name), int):
                details[name] = number
    return details


def _observed(payload: JsonObject, body: Mapping[str, Any]) -> Iterator[Adaptation]:
    for name in ("quality", "background"):
        asked, given = payload.get(name), body.get(name)
        if isinstance(asked, str) and asked != "auto" and isinstance(given, str) and given and given != asked:
            yield Adaptation(name, Change.OBSERVED, asked, given[:100], "the service says that it used this")


def _never_within_the_limit(reply: "Reply", service: Service) -> ServiceError | None:
    """Return the error for a single request above the limit of a minute: waiting cannot help it."""
    if reply.status != 429:
        return None
    message = failures.explain(reply).message
    limit = _LIMIT.search(message)
    if limit is None or int(limit[2]) <= int(limit[1]):
        return None
    problem = Problem(
        ProblemKind.INVALID_REQUEST,
        f"{service.title} allows {limit[1]} a minute, and this one request needs {limit[2]}.",
        message,
        "Ask for fewer pictures a request (n; reference pictures count too), or have the account's limit raised.",
        reply.request_id,
        reply.status,
        message,
    )
    reply.release()
    return ServiceError(problem, acceptance=Acceptance.NO, permanent=True)


# --- reference pictures ---


def _form(fields: JsonObject, pictures: list[JsonValue]) -> "Content":
    """Return the form of an edit. Blocking: for a thread. Raises ServiceError for what is no picture."""
    from fluxtui.providers.multipart import form

    name = "image[]" if len(pictures) > 1 else "image"
    return form(_texts(fields), [_file(name, number, text) for number, text in enumerate(pictures, 1)])


def _texts(fields: JsonObject) -> Iterator[tuple[str, str]]:
    for name, value in fields.items():
        if isinstance(value, list):
            yield from ((f"{name}[]", _text(item)) for item in value)
        elif value is not None:
            yield name, _text(value)


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _file(field: str, number: int, text: JsonValue) -> "File":
    from fluxtui.providers.multipart import File

    try:
        data = base64.b64decode(str(text), validate=True)
    except (binascii.Error, ValueError) as error:
        problem = Problem(
            ProblemKind.INVALID_REQUEST, f"Reference picture {number} is not base64.", advice="Name the file instead."
        )
        raise ServiceError(problem, acceptance=Acceptance.NO, permanent=True) from error
    found = sniff(data[:12]) or ImageFormat.PNG
    return File(field, f"reference-{number}.{found.extension}", f"image/{found.value}", data)
