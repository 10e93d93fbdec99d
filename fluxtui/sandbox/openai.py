"""OpenAI: pictures made and edited, the list of models, and chat completions for judges.

Everything is synchronous and nothing is deduplicated: a request whose answer is lost was billed all the same.
"""

import uuid
from typing import ClassVar

from fluxtui.domain.values import JsonObject, JsonValue
from fluxtui.sandbox import chat, openai_images
from fluxtui.sandbox import openai_errors as errors
from fluxtui.sandbox.bases import OPENAI_KEY
from fluxtui.sandbox.desk import Accepted, Desk, Limit, Order, RefusedError, is_moderated
from fluxtui.sandbox.links import Links
from fluxtui.sandbox.messages import SandboxRequest, SandboxResponse, html_response, json_response
from fluxtui.sandbox.openai_models import CHAT_MODELS, IMAGE_MODELS, RETIRED_NAMES, ImageModel, epoch
from fluxtui.sandbox.openai_requests import read_fields, read_order
from fluxtui.sandbox.world import World

_UNNAMED = "gpt-image-2.5-sunburst"


class OpenAIManners:
    """How OpenAI words what every service has to say."""

    def overloaded(self, order: Order) -> SandboxResponse:
        return errors.overloaded()

    def broken(self, order: Order) -> SandboxResponse:
        return errors.server_error()

    def too_many(self, order: Order, limit: Limit) -> SandboxResponse:
        return errors.too_many(order, limit)

    def out_of_money(self, order: Order) -> SandboxResponse:
        return errors.billing_limit() if order.pictures else errors.insufficient_quota()

    def prompt_refused(self, order: Order, spelling: str) -> SandboxResponse:
        if order.pictures:
            return errors.moderated(request_id(), "input", category(order), spelling)
        message = "Invalid prompt: your prompt was flagged as potentially violating our usage policy."
        return errors.error(400, errors.INVALID, "invalid_prompt", message)


class OpenAI:
    """The simulated service. See `Service`."""

    id: ClassVar[str] = "openai"
    roles: ClassVar[tuple[str, ...]] = ("openai", "openai-delivery")
    key: ClassVar[str] = OPENAI_KEY

    def __init__(self, world: World) -> None:
        self._world = world
        self._desk = Desk(world, self.id, OpenAIManners())
        self._links = Links(world, self.id, "openai-delivery")
        self._finisher = openai_images.Finisher(world, self._desk, self._links)

    def restore(self, work: JsonObject) -> None:
        self._links.restore(work)

    async def handle(self, role: str, request: SandboxRequest) -> SandboxResponse:
        if role == "openai-delivery":
            return await self._links.deliver(request)
        begun = self._world.clock()
        try:
            answer = await self._route(request)
        except RefusedError as refused:
            answer = refused.answer
        answer.headers.setdefault("x-request-id", request_id())
        answer.headers.setdefault("openai-organization", errors.ORGANIZATION)
        answer.headers.setdefault("openai-version", "2020-10-01")
        answer.headers.setdefault("openai-processing-ms", str(round(1000 * (self._world.clock() - begun))))
        return answer

    async def _route(self, request: SandboxRequest) -> SandboxResponse:
        self._check_key(request)
        match request.method, request.path.rstrip("/").split("/")[1:]:
            case "GET", ["v1", "models"]:
                return json_response(200, {"object": "list", "data": [*self._models()]})
            case "GET", ["v1", "models", name]:
                known = [model for model in self._models() if isinstance(model, dict) and model["id"] == name]
                return json_response(200, known[0]) if known else errors.no_model(name)
            case "POST", ["v1", "images", "generations" | "edits" as action]:
                return await self._pictures(request, edits=action == "edits")
            case "POST", ["v1", "images", "variations"]:
                return errors.gone("dall-e-2")
            case "POST", ["v1", "chat", "completions"]:
                return await self._chat(request)
            case _:
                return errors.unknown_url(request.method, request.path)

    def _check_key(self, request: SandboxRequest) -> None:
        bearer = request.headers.get("authorization", "")
        given = bearer[7:] if bearer.lower().startswith("bearer ") else ""
        if not given:
            raise RefusedError(errors.no_key())
        if (self._world.faults.of(self.id).key or self.key) not in ("*", given):
            raise RefusedError(errors.wrong_key(given))

    # -- models -------------------------------------------------------------------------------

    def _models(self) -> list[JsonValue]:
        now = self._world.clock()
        historic = self._desk.faults.historic
        pictures: list[JsonValue] = [
            _listed(model.name, model.created, model.shutdown)
            for model in IMAGE_MODELS.values()
            if historic or not model.is_gone(now)
        ]
        return [*pictures, *(_listed(model.name, model.created, None) for model in CHAT_MODELS.values())]

    def _model(self, name: str) -> ImageModel:
        """Return a picture model that answers. Raises RefusedError."""
        model, faults = IMAGE_MODELS.get(name), self._desk.faults
        if name in RETIRED_NAMES or (model is not None and model.is_gone(self._world.clock()) and not faults.historic):
            raise RefusedError(errors.gone(name))
        if model is None:
            raise RefusedError(errors.no_model(name))
        if faults.unverified and not model.is_dalle:
            raise RefusedError(errors.unverified(name))
        return model

    # -- the two kinds of work ------------------------------------------------------------------

    async def _pictures(self, request: SandboxRequest, *, edits: bool) -> SandboxResponse:
        form = read_fields(request, edits=edits)
        model = self._model(str(form.fields.get("model", _UNNAMED)))
        if edits and model.is_dalle:
            raise RefusedError(errors.invalid_value(f"The model '{model.name}' does not support edits.", "model"))
        asked = read_order(model, form, edits=edits)
        order = openai_images.order_of(asked, self.id, model.name, _key(request))
        accepted = await self._desk.take(order)
        if not isinstance(accepted, Accepted):
            return self._with_limits(accepted, model.name)
        if is_moderated(accepted):
            spelling = openai_images.refuses_picture(accepted)
            answer = errors.moderated(request_id(), "output", category(order), spelling)
            return self._with_limits(self._desk.hand_out(answer, accepted), model.name)
        return self._with_limits(await self._finisher.finish(asked, accepted, self.id), model.name)

    async def _chat(self, request: SandboxRequest) -> SandboxResponse:
        body = request.json_object()
        if body is None:
            raise RefusedError(errors.invalid_json())
        if not body.get("model"):
            raise RefusedError(errors.missing("model"))
        model = CHAT_MODELS.get(str(body["model"]))
        if model is None:
            raise RefusedError(errors.no_model(str(body["model"])))
        asked = chat.read_chat(model, model.name, body)
        accepted = await self._desk.take(chat.order_of(asked, self.id, _key(request)))
        if not isinstance(accepted, Accepted):
            return self._with_limits(accepted, model.name)
        if "html" in accepted.order.markers:
            return html_response(200)
        given = chat.replies(asked, filtered=is_moderated(accepted))
        completion_id, created = f"chatcmpl-{accepted.id.replace('-', '')}", int(self._world.clock())
        if asked.stream:
            events = b"".join(chat.chunks(asked, given, completion_id, created))
            answer = SandboxResponse(200, dict(openai_images.SSE_HEADERS), events)
        else:
            answer = json_response(200, chat.completion(asked, given, completion_id, created))
        return self._with_limits(self._desk.hand_out(answer, accepted), model.name)

    def _with_limits(self, answer: SandboxResponse, model: str) -> SandboxResponse:
        limit, left = self._desk.left(model)
        answer.headers["x-ratelimit-limit-requests"] = str(limit)
        answer.headers["x-ratelimit-remaining-requests"] = str(left)
        answer.headers["x-ratelimit-reset-requests"] = errors.span((limit - left) * 60 / limit)
        return answer


def _listed(name: str, created: str, shutdown: str | None) -> JsonObject:
    return {
        "id": name,
        "object": "model",
        "created": epoch(created),
        "owned_by": "system",
        "shutdown_date": shutdown,
    }


def _key(request: SandboxRequest) -> str:
    return request.headers.get("authorization", "").partition(" ")[2]


def request_id() -> str:
    return f"req_{uuid.uuid4().hex}"


def category(order: Order) -> str:
    """Return the category that a refusal names: always the same for one job."""
    return errors.CATEGORIES[int(order.identity.fingerprint[:8], 16) % len(errors.CATEGORIES)]
