"""The Gemini API: judging and refining with pictures, drawing them, and the list of models.

What other services refuse with an error is a success here: a blocked prompt is HTTP 200 without candidates, a withheld
answer a candidate without content.
"""

import base64
import hashlib
import json
import math
import uuid
from collections.abc import Mapping
from typing import Any, ClassVar

from fluxtui.domain.values import JsonObject, JsonValue
from fluxtui.sandbox import gemini_errors as errors
from fluxtui.sandbox.bases import GEMINI_KEY
from fluxtui.sandbox.desk import Accepted, Desk, Limit, Order, RefusedError, is_moderated
from fluxtui.sandbox.gemini_models import MODELS, GeminiModel
from fluxtui.sandbox.gemini_requests import LARGEST_REQUEST, Asked, read_request
from fluxtui.sandbox.judging import Brief, answer, plain_answer
from fluxtui.sandbox.markers import Markers
from fluxtui.sandbox.messages import SandboxRequest, SandboxResponse, html_response, json_response
from fluxtui.sandbox.openai_models import text_tokens
from fluxtui.sandbox.pictures import PictureSpec, endless
from fluxtui.sandbox.world import World

_HUGE_HEAD = b'{"candidates":[{"content":{"role":"model","parts":[{"inlineData":{"mimeType":"image/png","data":"'
_VERSIONS = ("v1", "v1alpha", "v1beta")
_RATINGS: list[JsonValue] = [
    {"category": f"HARM_CATEGORY_{name}", "probability": "NEGLIGIBLE"}
    for name in ("SEXUALLY_EXPLICIT", "HATE_SPEECH", "HARASSMENT", "DANGEROUS_CONTENT")
]


class GeminiManners:
    """How Gemini words what every service has to say."""

    def overloaded(self, order: Order) -> SandboxResponse:
        return errors.overloaded()

    def broken(self, order: Order) -> SandboxResponse:
        return errors.internal()

    def too_many(self, order: Order, limit: Limit) -> SandboxResponse:
        return errors.too_many(order.identity.model, limit)

    def out_of_money(self, order: Order) -> SandboxResponse:
        return errors.spent_for_today(order.identity.model)

    def prompt_refused(self, order: Order, spelling: str) -> SandboxResponse:
        tokens = text_tokens(order.identity.prompt)
        feedback: JsonObject = {"blockReason": _constant(spelling) or "PROHIBITED_CONTENT", "safetyRatings": []}
        body: JsonObject = {
            "promptFeedback": feedback,
            "usageMetadata": {"promptTokenCount": tokens, "totalTokenCount": tokens},
            "modelVersion": MODELS[order.identity.model].version,
            "responseId": uuid.uuid4().hex[:22],
        }
        return json_response(200, body)


class Gemini:
    """The simulated service. See `Service`."""

    id: ClassVar[str] = "gemini"
    roles: ClassVar[tuple[str, ...]] = ("gemini",)
    key: ClassVar[str] = GEMINI_KEY

    def __init__(self, world: World) -> None:
        self._world = world
        self._desk = Desk(world, self.id, GeminiManners())

    def restore(self, work: JsonObject) -> None:
        """Nothing outlives its answer here."""

    async def handle(self, role: str, request: SandboxRequest) -> SandboxResponse:
        try:
            answered = await self._route(request)
        except RefusedError as refused:
            answered = refused.answer
        answered.headers.setdefault("server", "scaffolding on HTTPServer2")
        return _streamed(answered, request) if request.path.endswith(":streamGenerateContent") else answered

    async def _route(self, request: SandboxRequest) -> SandboxResponse:
        match request.method, request.path.strip("/").split("/"):
            case "GET", [version, "models"] if version in _VERSIONS:
                self._checked_key(request)
                return json_response(200, self._page(request))
            case "GET", [version, "models", name] if version in _VERSIONS:
                self._checked_key(request)
                return json_response(200, _listed(self._model(name, "getModel")))
            case "POST", [version, "models", target] if version in _VERSIONS and ":" in target:
                key = self._checked_key(request)
                name, _, method = target.partition(":")
                return await self._call(name, method, request, key)
            case _:
                return errors.no_page()

    def _checked_key(self, request: SandboxRequest) -> str:
        given = request.headers.get("x-goog-api-key") or request.query.get("key", "")
        if not given:
            raise RefusedError(errors.no_key())
        if (self._world.faults.of(self.id).key or self.key) not in ("*", given):
            raise RefusedError(errors.wrong_key())
        return given

    async def _call(self, name: str, method: str, request: SandboxRequest, key: str) -> SandboxResponse:
        if method not in ("generateContent", "streamGenerateContent", "countTokens"):
            return errors.no_model(name, method)
        model = self._model(name, method)
        if len(request.body) > LARGEST_REQUEST:
            return errors.invalid(f"Request payload size exceeds the limit: {LARGEST_REQUEST} bytes.")
        body = request.json_object()
        if body is None:
            return errors.invalid("Invalid JSON payload received. Expected an object.")
        asked = read_request(model, body)
        if method == "countTokens":
            return json_response(200, {"totalTokens": asked.prompt_tokens})
        return await self._generate(asked, key)

    # -- models -------------------------------------------------------------------------------

    def _model(self, name: str, method: str) -> GeminiModel:
        model = MODELS.get(name)
        if model is None:  # all of Imagen too: it is shut down here
            raise RefusedError(errors.no_model(name, method))
        if model.gone and not self._desk.faults.historic:
            raise RefusedError(errors.withdrawn(name))
        return model

    def _page(self, request: SandboxRequest) -> JsonObject:
        """Return one page of the models."""
        size, token = request.query.get("pageSize", "50"), request.query.get("pageToken", "0")
        start, count = (int(text) if text.isdecimal() else 0 for text in (token, size))
        names = [name for name, model in MODELS.items() if self._desk.faults.historic or not model.gone]
        end = start + (count or 50)
        body: JsonObject = {"models": [_listed(MODELS[name]) for name in names[start:end]]}
        return {**body, "nextPageToken": str(end)} if end < len(names) else body

    # -- answers ------------------------------------------------------------------------------

    async def _generate(self, asked: Asked, key: str) -> SandboxResponse:
        order = self._order(asked, key)
        accepted = await self._desk.take(order)
        if not isinstance(accepted, Accepted):
            return accepted
        markers = order.markers
        if "html" in markers:
            return html_response(200)
        if "huge" in markers and asked.picture:
            return SandboxResponse(200, {"content-type": "application/json"}, endless(_HUGE_HEAD, b"A" * 65_536))
        candidates: list[JsonValue] = []
        tokens = thoughts = 0
        for number in range(asked.count):
            candidate, spent, thought = await self._candidate(asked, accepted, number)
            candidates.append({**candidate, "index": number})
            tokens, thoughts = tokens + spent, thoughts + thought
        body: JsonObject = {
            "candidates": candidates,
            "usageMetadata": _usage(asked, tokens, thoughts),
            "modelVersion": asked.model.version,
            "responseId": accepted.id.replace("-", "")[:22],
        }
        return self._desk.hand_out(json_response(200, body), accepted)

    def _order(self, asked: Asked, key: str) -> Order:
        model = asked.model
        inputs = asked.prompt_tokens * model.input_price
        if asked.picture is not None:
            output = 1_000_000 * (model.image_prices or {})[asked.picture_size]
        else:
            spent = [_written(asked, number) for number in range(asked.count)]
            output = sum(tokens + thoughts for _, tokens, thoughts in spent) * model.output_price
        return Order(asked.identity(self.id), key, round(inputs + output), pictures=int(asked.picture is not None))

    async def _candidate(self, asked: Asked, accepted: Accepted, number: int) -> tuple[JsonObject, int, int]:
        """Return one candidate, the tokens of its answer and those of its thoughts."""
        if is_moderated(accepted):
            reason = _constant(accepted.order.markers.value("content-moderate"))
            return _withheld(reason or ("IMAGE_SAFETY" if asked.picture else "SAFETY")), 0, 0
        if asked.picture is not None:
            return await self._drawn(asked, accepted)
        return _written(asked, number)

    async def _drawn(self, asked: Asked, accepted: Accepted) -> tuple[JsonObject, int, int]:
        assert asked.picture is not None
        model, markers = asked.model, accepted.order.markers
        if "no-image" in markers or "refuse-answer" in markers:
            text = "I can describe that picture to you, but I cannot create it."
            return _candidate([{"text": text}], "STOP"), text_tokens(text), 0
        width, height = asked.picture
        kind = model.mime.removeprefix("image/")
        spec = PictureSpec(f"gemini/{model.name}", asked.text, accepted.seed, width, height, kind)
        (data,) = await self._desk.make([spec], accepted)
        mime = "image/jpeg" if data[:2] == b"\xff\xd8" else "image/png"
        parts: list[JsonValue] = []
        if model.draws_twice:
            draft = PictureSpec(spec.model, spec.prompt, spec.seed ^ 1, width // 4, height // 4, kind)
            (sketch,) = await self._desk.make([draft], accepted)
            parts += [{"text": "I begin with a sketch of the scene.", "thought": True}]
            parts += [{"inlineData": _inline(sketch, mime), "thought": True}]
        if asked.with_text:
            parts.append({"text": "Here is your picture."})
        parts.append({"inlineData": _inline(data, mime), "thoughtSignature": _signature(asked.text)})
        price = (model.image_prices or {})[asked.picture_size]
        return _candidate(parts, "STOP"), round(1_000_000 * price / model.output_price), 0


def _written(asked: Asked, number: int) -> tuple[JsonObject, int, int]:
    """Return a candidate in words, its tokens and those of its thoughts; thinking may leave no room for an answer."""
    text, markers = _text(asked, number), Markers(asked.text)
    needed = text_tokens(text)
    thoughts = asked.thoughts if asked.limit is None else min(asked.thoughts, asked.limit)
    room = needed if asked.limit is None else min(needed, asked.limit - thoughts)
    if "truncate" in markers:
        room = min(room, needed // 2)
    if room <= 0:
        return {"content": {"role": "model"}, "finishReason": "MAX_TOKENS"}, 0, thoughts
    parts: list[JsonValue] = []
    if asked.shows_thoughts and thoughts:
        parts.append({"text": "I compare the picture with the prompt, point by point.", "thought": True})
    if room >= needed:
        parts.append({"text": text, "thoughtSignature": _signature(text)})
        return _candidate(parts, "STOP"), needed, thoughts
    parts.append({"text": text.encode()[: 4 * room].decode("utf-8", "ignore")})
    return _candidate(parts, "MAX_TOKENS"), room, thoughts


def _text(asked: Asked, number: int) -> str:
    if "refuse-answer" in Markers(asked.text):
        return "I am not able to help with that request."
    brief = Brief(asked.text, asked.pictures, f"{asked.model.version}/{number}")
    if asked.schema is None:
        if asked.mime == "application/json":
            return json.dumps({"score": round(10 * brief.merit), "reason": plain_answer(brief)}, ensure_ascii=False)
        return plain_answer(brief)
    value = answer(brief, asked.schema)
    if asked.mime == "text/x.enum" and isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, indent=2)


def _candidate(parts: list[JsonValue], reason: str) -> JsonObject:
    return {"content": {"role": "model", "parts": parts}, "finishReason": reason}


def _withheld(reason: str) -> JsonObject:
    message = "The answer was withheld: it may violate the Generative AI Prohibited Use policy."
    return {"finishReason": reason, "finishMessage": message, "safetyRatings": _RATINGS}


def _constant(spelling: str) -> str:
    """Return a marker's word as the API writes its constants."""
    return spelling.upper().replace("-", "_")


def _inline(data: bytes, mime: str) -> JsonObject:
    return {"mimeType": mime, "data": base64.b64encode(data).decode("ascii")}


def _signature(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def _usage(asked: Asked, tokens: int, thoughts: int) -> JsonObject:
    words = text_tokens(asked.text)
    details: list[JsonValue] = [{"modality": "TEXT", "tokenCount": words}]
    if asked.pictures:
        details.append({"modality": "IMAGE", "tokenCount": asked.prompt_tokens - words})
    usage: JsonObject = {
        "promptTokenCount": asked.prompt_tokens,
        "candidatesTokenCount": tokens,
        "totalTokenCount": asked.prompt_tokens + tokens + thoughts,
        "promptTokensDetails": details,
    }
    if asked.picture is not None:
        usage["candidatesTokensDetails"] = [{"modality": "IMAGE", "tokenCount": tokens}]
    if thoughts:
        usage["thoughtsTokenCount"] = thoughts
    return usage


def _listed(model: GeminiModel) -> JsonObject:
    return {
        "name": f"models/{model.name}",
        "version": "001",
        "displayName": model.name.replace("-", " ").title(),
        "description": "A simulated model.",
        "inputTokenLimit": 1_048_576,
        "outputTokenLimit": 65_536,
        "supportedGenerationMethods": ["generateContent", "countTokens"],
        "thinking": not model.draws,
    }


# -- streams ------------------------------------------------------------------------------------


def _streamed(answered: SandboxResponse, request: SandboxRequest) -> SandboxResponse:
    """Return an answer as a stream: events with `alt=sse`, else one JSON list, in which errors stand too."""
    as_json = answered.headers.get("content-type", "").startswith("application/json")
    if answered.hangup is not None or not as_json or not isinstance(answered.body, bytes):
        return answered
    events = request.query.get("alt") == "sse"
    if answered.status != 200:
        answered.body = answered.body if events else b"[" + answered.body + b"]"
        return answered
    pieces = [json.dumps(piece, ensure_ascii=False).encode() for piece in _split(json.loads(answered.body))]
    if events:
        answered.headers["content-type"] = "text/event-stream"
        answered.body = b"".join(b"data: " + piece + b"\r\n\r\n" for piece in pieces)
    else:
        answered.body = b"[" + b",\r\n".join(pieces) + b"]"
    if answered.cut_after is not None:
        answered.cut_after = len(answered.body) // 2
    return answered


def _split(body: JsonObject) -> list[JsonObject]:
    """Return an answer in two pieces: the first half of its text, then the rest with the reason why it ended."""
    candidates = body.get("candidates")
    match candidates:
        case [{"content": {"parts": [*before, {"text": str(text), **more}]}, **rest}]:
            middle = math.ceil(len(text) / 2)
            first: list[JsonValue] = [*before, {"text": text[:middle]}]
            last: list[JsonValue] = [{"text": text[middle:], **_plain(more)}]
            head: JsonObject = {"content": {"role": "model", "parts": first}, "index": 0}
            tail: JsonObject = {**_plain(rest), "content": {"role": "model", "parts": last}}
            return [{**body, "candidates": [head]}, {**body, "candidates": [tail]}]
        case _:
            return [body]


def _plain(rest: Mapping[Any, Any]) -> JsonObject:
    return {str(name): value for name, value in rest.items()}
