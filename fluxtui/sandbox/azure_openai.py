"""Azure OpenAI: OpenAI's models by the name of their deployment, on the classic path and on that of v1."""

import re
import uuid
from dataclasses import dataclass
from typing import ClassVar

from fluxtui.domain.values import JsonObject, JsonValue
from fluxtui.sandbox import azure_openai_errors as errors
from fluxtui.sandbox import chat, openai_errors, openai_images
from fluxtui.sandbox.bases import AZURE_OPENAI_KEY
from fluxtui.sandbox.desk import Accepted, Desk, Limit, Order, RefusedError, is_moderated
from fluxtui.sandbox.forms import Form
from fluxtui.sandbox.links import Links
from fluxtui.sandbox.messages import SandboxRequest, SandboxResponse, html_response, json_response
from fluxtui.sandbox.openai_models import CHAT_MODELS, IMAGE_MODELS, ChatModel, ImageModel, epoch
from fluxtui.sandbox.openai_requests import read_fields, read_order
from fluxtui.sandbox.world import World

CLASSIC_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-preview)?")
ALIASES = {"sandbox-pictures": "gpt-image-2", "sandbox-judge": "gpt-5.4"}
"""Deployments whose names do not tell their models; every other deployment is named after its own."""

_CATEGORIES = ("violence", "sexual", "hate", "self_harm")


@dataclass(frozen=True, slots=True)
class _Call:
    """What a request is for: `action` is generations, edits, completions or models."""

    action: str
    deployment: str
    version: str


class AzureManners:
    """How Azure words what every service has to say."""

    def __init__(self, world: World) -> None:
        self._world = world

    def overloaded(self, order: Order) -> SandboxResponse:
        return errors.unavailable()

    def broken(self, order: Order) -> SandboxResponse:
        return errors.server_error()

    def too_many(self, order: Order, limit: Limit) -> SandboxResponse:
        return errors.too_many(order, limit)

    def out_of_money(self, order: Order) -> SandboxResponse:
        return errors.out_of_quota()

    def prompt_refused(self, order: Order, spelling: str) -> SandboxResponse:
        return self.refused(order, "input", spelling)

    def refused(self, order: Order, stage: str, spelling: str) -> SandboxResponse:
        """Refuse in the spelling that a marker asks for; without one, a job keeps to the spelling drawn for it."""
        drawn = int(order.identity.fingerprint[:8], 16)
        spelling = spelling or (errors.SPELLINGS[drawn % 4] if order.pictures else "content_filter")
        category = _CATEGORIES[drawn // 4 % len(_CATEGORIES)]
        return errors.refused(order, stage, category, spelling, int(self._world.clock()), str(uuid.uuid4()))


class AzureOpenAI:
    """The simulated resource. See `Service`."""

    id: ClassVar[str] = "azure-openai"
    roles: ClassVar[tuple[str, ...]] = ("azure-openai", "azure-openai-delivery")
    key: ClassVar[str] = AZURE_OPENAI_KEY

    def __init__(self, world: World) -> None:
        self._world = world
        self._manners = AzureManners(world)
        self._desk = Desk(world, self.id, self._manners)
        self._links = Links(world, self.id, "azure-openai-delivery")
        self._finisher = openai_images.Finisher(world, self._desk, self._links, errors.picture_findings)

    def restore(self, work: JsonObject) -> None:
        self._links.restore(work)

    async def handle(self, role: str, request: SandboxRequest) -> SandboxResponse:
        if role == "azure-openai-delivery":
            return await self._links.deliver(request)
        try:
            answer = await self._route(request)
        except RefusedError as refused:
            answer = refused.answer
        answer.headers.setdefault("apim-request-id", str(uuid.uuid4()))
        answer.headers.setdefault("x-ms-region", "Sandbox")
        return answer

    async def _route(self, request: SandboxRequest) -> SandboxResponse:
        call = _destination(request)
        if call is None:
            return errors.no_resource()
        key = self._checked_key(request)
        if call.action == "models":
            return json_response(200, {"object": "list", "data": self._models()})
        if call.action == "completions":
            return await self._chat(call, request, key)
        return await self._pictures(call, request, key)

    def _checked_key(self, request: SandboxRequest) -> str:
        bearer = request.headers.get("authorization", "")
        given = request.headers.get("api-key") or (bearer[7:] if bearer.lower().startswith("bearer ") else "")
        if not given or (self._world.faults.of(self.id).key or self.key) not in ("*", given):
            raise RefusedError(errors.wrong_key())
        return given

    def _models(self) -> list[JsonValue]:
        pictures = [model for model in IMAGE_MODELS.values() if not self._is_gone(model)]
        models: list[ImageModel | ChatModel] = [*pictures, *CHAT_MODELS.values()]
        return [
            {"id": model.name, "object": "model", "created_at": epoch(model.created), "status": "succeeded"}
            for model in models
        ]

    def _is_gone(self, model: ImageModel) -> bool:
        return model.is_gone(self._world.clock(), azure=True) and not self._desk.faults.historic

    # -- the two kinds of work ------------------------------------------------------------------

    async def _pictures(self, call: _Call, request: SandboxRequest, key: str) -> SandboxResponse:
        form = read_fields(request, edits=call.action == "edits")
        name = call.deployment or str(form.fields.get("model", ""))
        if ALIASES.get(name, name) in CHAT_MODELS:
            raise RefusedError(errors.unsupported_operation(f"images_{call.action}", name))
        model = IMAGE_MODELS.get(ALIASES.get(name, name))
        if model is None or self._is_gone(model) or (call.action == "edits" and model.is_dalle):
            raise RefusedError(errors.no_deployment())
        # The path names the deployment: on the classic path whatever the body calls the model is ignored.
        fields = {key: value for key, value in form.fields.items() if key != "model"}
        asked = read_order(model, Form(fields, form.files), edits=call.action == "edits")
        order = openai_images.order_of(asked, self.id, name, key, call.version)
        accepted = await self._desk.take(order)
        if not isinstance(accepted, Accepted):
            return accepted
        if is_moderated(accepted):
            refused = self._manners.refused(order, "output", openai_images.refuses_picture(accepted))
            return self._desk.hand_out(refused, accepted)
        return await self._finisher.finish(asked, accepted, self.id)

    async def _chat(self, call: _Call, request: SandboxRequest, key: str) -> SandboxResponse:
        body = request.json_object()
        if body is None:
            raise RefusedError(openai_errors.invalid_json())
        name = call.deployment or str(body.get("model", ""))
        model = CHAT_MODELS.get(ALIASES.get(name, name))
        if model is None:
            known = IMAGE_MODELS.get(ALIASES.get(name, name))
            raise RefusedError(
                errors.no_deployment() if known is None else errors.unsupported_operation("chatCompletion", name)
            )
        asked = chat.read_chat(model, name, body)
        accepted = await self._desk.take(chat.order_of(asked, self.id, key, call.version))
        if not isinstance(accepted, Accepted):
            return accepted
        if "html" in accepted.order.markers:
            return html_response(200)
        return self._desk.hand_out(self._answer(asked, accepted), accepted)

    def _answer(self, asked: chat.Asked, accepted: Accepted) -> SandboxResponse:
        filtered = is_moderated(accepted)
        given = chat.replies(asked, filtered=filtered)
        completion_id, created = f"chatcmpl-{accepted.id.replace('-', '')}", int(self._world.clock())
        if asked.stream:
            events = b"".join(chat.chunks(asked, given, completion_id, created))
            return SandboxResponse(200, dict(openai_images.SSE_HEADERS), events)
        findings: JsonObject = {"content_filter_results": errors.text_findings("violence" if filtered else "")}
        body = chat.completion(asked, given, completion_id, created, findings)
        return json_response(200, {**body, "prompt_filter_results": errors.prompt_findings()})


def _destination(request: SandboxRequest) -> _Call | None:
    """Return what a path asks for, None for a wrong one. The classic path needs a version, that of v1 does not."""
    version = request.query.get("api-version", "")
    classic = CLASSIC_VERSION.fullmatch(version) is not None
    verb = request.method
    match request.path.strip("/").split("/"):
        case ["openai", "deployments", name, "images", "generations" | "edits" as action] if classic and verb == "POST":
            return _Call(action, name, version)
        case ["openai", "deployments", name, "chat", "completions"] if classic and verb == "POST":
            return _Call("completions", name, version)
        case ["openai", "v1", "images", "generations" | "edits" as action] if verb == "POST":
            return _Call(action, "", version or "v1")
        case ["openai", "v1", "chat", "completions"] if verb == "POST":
            return _Call("completions", "", version or "v1")
        case ["openai", "v1", "models"] if verb == "GET":
            return _Call("models", "", version)
        case ["openai", "models"] if classic and verb == "GET":
            return _Call("models", "", version)
        case _:
            return None
