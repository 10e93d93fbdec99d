"""FLUX on Microsoft Foundry: the image API of a deployment, and the provider route of Black Forest Labs.

Both are synchronous. Filtered prompts are refused with 400 before anything is billed. With `Faults.operation_location`
the image API answers 202 and an operation instead, as the oldest image deployments did.
"""

import base64
import json
import uuid
from typing import ClassVar

from fluxtui.domain.values import JsonObject, JsonValue, digest
from fluxtui.sandbox import azure_errors as errors
from fluxtui.sandbox.azure_models import DEPLOYMENTS, Deployment
from fluxtui.sandbox.azure_operations import Operations, Work
from fluxtui.sandbox.azure_requests import Asked, BadRequestError, read_image_api, read_provider_route
from fluxtui.sandbox.bases import AZURE_KEY
from fluxtui.sandbox.bucket import Buckets
from fluxtui.sandbox.gate import CONTENT_MODERATED, ERROR, REQUEST_MODERATED, Denial, Gate, Silence
from fluxtui.sandbox.ledger import Identity
from fluxtui.sandbox.markers import Markers
from fluxtui.sandbox.messages import Hangup, SandboxRequest, SandboxResponse, hang_up, html_response, json_response
from fluxtui.sandbox.pictures import PictureSpec, bomb, endless, spoiled
from fluxtui.sandbox.world import World

CENT_MICROS = 10_000
_SAFE: JsonObject = {
    **{name: {"filtered": False, "severity": "safe"} for name in ("sexual", "violence", "hate", "self_harm")},
    **{name: {"filtered": False, "detected": False} for name in ("profanity", "jailbreak")},
}


class AzureFlux:
    """The simulated resource. See `Service`."""

    id: ClassVar[str] = "azure-flux"
    roles: ClassVar[tuple[str, ...]] = ("azure", "azure-delivery")
    key: ClassVar[str] = AZURE_KEY

    def __init__(self, world: World) -> None:
        self._world = world
        self._buckets = Buckets(world.clock)
        self._operations = Operations(world)

    def restore(self, work: JsonObject) -> None:
        self._operations.restore(work)

    async def handle(self, role: str, request: SandboxRequest) -> SandboxResponse:
        if role == "azure-delivery":
            return await self._operations.deliver(request)
        answer = await self._route(request)
        answer.headers.setdefault("apim-request-id", str(uuid.uuid4()))
        answer.headers.setdefault("x-ms-region", "Sandbox")
        return answer

    async def _route(self, request: SandboxRequest) -> SandboxResponse:
        action, name = _destination(request)
        if not action:
            return errors.no_resource()
        if action != "v1" and not request.query.get("api-version"):
            return errors.no_resource()
        denied = self._unauthorized(request)
        if denied is not None:
            return denied
        if action == "v1":
            return errors.wrong_api()
        if action == "operation":
            return await self._operations.poll(name, request)
        if request.method != "POST":
            return errors.no_resource()
        if "content-length" not in request.headers:
            return errors.no_content_length()
        if action == "provider":
            return await self._provider_route(name, request)
        return await self._image_api(name, action, request)

    def _unauthorized(self, request: SandboxRequest) -> SandboxResponse | None:
        bearer = request.headers.get("authorization", "")
        given = request.headers.get("api-key") or (bearer[7:] if bearer.lower().startswith("bearer ") else "")
        if given and (self._world.faults.of(self.id).key or self.key) in ("*", given):
            return None
        return errors.wrong_key()

    # -- the two routes -----------------------------------------------------------------------

    async def _image_api(self, name: str, action: str, request: SandboxRequest) -> SandboxResponse:
        deployment = DEPLOYMENTS.get(name)
        if deployment is None:
            return errors.no_deployment()
        if not deployment.image_api or (action == "edits" and not deployment.edits):
            return errors.unsupported_operation(action, name)
        try:
            asked = read_image_api(deployment, request, edits=action == "edits")
        except BadRequestError as error:
            return error.answer
        operation = self._world.faults.of(self.id).operation_location
        return await self._make(deployment, asked, request, image_api=True, operation=operation)

    async def _provider_route(self, segment: str, request: SandboxRequest) -> SandboxResponse:
        body = request.json_object()
        if body is None:
            return errors.invalid_json()
        if not body.get("model"):
            return errors.no_model_name()
        deployment = DEPLOYMENTS.get(str(body["model"]))
        if deployment is None or deployment.segment != segment:
            return errors.no_deployment()
        try:
            asked = read_provider_route(deployment, body)
        except BadRequestError as error:
            return error.answer
        return await self._make(deployment, asked, request, image_api=False, operation=False)

    # -- making pictures ----------------------------------------------------------------------

    async def _make(
        self, deployment: Deployment, asked: Asked, request: SandboxRequest, *, image_api: bool, operation: bool
    ) -> SandboxResponse:
        world = self._world
        identity = _identity(deployment, asked)
        markers = Markers(asked.prompt)
        await world.wait(world.gate(identity, markers).answer_seconds())
        gate = world.gate(identity, markers)
        key = request.headers.get("api-key") or request.headers.get("authorization", "").partition(" ")[2]
        refusal = self._refusal(deployment, gate, key, request)
        if refusal is not None:
            return refusal
        work = self._accept(deployment, asked, gate, key, image_api=image_api, operation=operation)
        silence = gate.silence()
        if operation and silence is None:
            await world.wait(gate.answer_seconds())
            return self._operations.begin(work, request.query["api-version"])
        await world.wait(gate.answer_seconds() + (0.0 if operation else work.seconds))
        if silence is Silence.CUT:
            return hang_up(Hangup.CUT)
        if silence is Silence.SERVER_ERROR:
            return errors.server_error()
        return await self._finished(work, markers)

    def _refusal(self, deployment: Deployment, gate: Gate, key: str, request: SandboxRequest) -> SandboxResponse | None:
        denial, outcome = gate.denial(), gate.outcome()
        answer, reason = None, ""
        if denial is Denial.HANGUP:
            answer, reason = hang_up(Hangup.REFUSED), denial.value
        elif denial is Denial.SERVER_ERROR:
            answer, reason = errors.unavailable(), denial.value
        elif denial is Denial.TOO_MANY:
            wait = gate.faults.retry_after
            version = request.query["api-version"]
            answer, reason = errors.too_many(deployment.name, version, 1.0 if wait is None else wait), denial.value
            if wait is None:
                del answer.headers["retry-after"]
        else:
            wait = self._buckets.take(deployment.name, gate.faults.rpm)
            if wait > 0:
                answer = errors.too_many(deployment.name, request.query["api-version"], wait)
                reason = Denial.TOO_MANY.value
        if answer is None and outcome == REQUEST_MODERATED:
            answer, reason = errors.filtered_prompt(gate.identity.prompt), outcome
        if answer is None and outcome == ERROR:
            answer, reason = errors.server_error(), Denial.SERVER_ERROR.value
        if answer is not None:
            self._world.refuse(str(uuid.uuid4()), gate.identity, key, answer.status, reason)
        return answer

    def _accept(
        self, deployment: Deployment, asked: Asked, gate: Gate, key: str, *, image_api: bool, operation: bool
    ) -> Work:
        world = self._world
        work_id = str(uuid.uuid4())
        seed = asked.seed if asked.seed is not None else uuid.UUID(work_id).int & 0xFFFF_FFFF
        specs = tuple(
            PictureSpec(
                f"azure/{deployment.name}",
                asked.prompt,
                seed + number,
                asked.width,
                asked.height,
                asked.format,
                asked.guidance,
                asked.steps,
            )
            for number in range(asked.count)
        )
        work = Work(
            id=work_id,
            created=world.clock(),
            seconds=gate.work_seconds(),
            outcome=gate.outcome(),
            fingerprint=gate.identity.fingerprint,
            pictures=specs,
            cost=asked.cost,
            input_mp=asked.input_mp,
            image_api=image_api,
            operation=operation,
        )
        submission = world.submission(work_id, gate.identity, key, accepted=True, status=200)
        submission.outcome, submission.pictures = work.outcome, gate.pictures(asked.count)
        submission.cost_micros = round(work.cost * CENT_MICROS)
        world.ledger.record(submission, {"service": self.id, "work": work.as_json()})
        return work

    async def _finished(self, work: Work, markers: Markers) -> SandboxResponse:
        if work.outcome == CONTENT_MODERATED:
            return errors.filtered_picture(int(self._world.clock()))
        match spoiled(markers):
            case "html":
                return html_response(200)
            case "huge":
                head = b'{"created":0,"data":[{"url":null,"b64_json":"'
                return SandboxResponse(200, {"content-type": "application/json"}, endless(head, b"A" * 65_536))
            case "bomb":
                return json_response(200, self._body(work, [bomb()]))
        if "no-image" in markers:
            return json_response(200, self._body(work, []))
        size = self._world.faults.of(self.id).picture_bytes
        made = [await self._world.pictures.make(spec, size, as_jpeg="jpeg" in markers) for spec in work.pictures]
        cut = self._world.faults.of(self.id)
        broken = "cut" in markers and self._world.ledger.tries(work.fingerprint) <= markers.times("cut")
        broken = broken or cut.roll("cut", work.fingerprint, work.id) < cut.cut_downloads
        answer = json_response(200, self._body(work, made), on_sent=lambda: self._sent(work))
        answer.cut_after = len(answer.body) // 2 if broken and isinstance(answer.body, bytes) else None
        return answer

    def _sent(self, work: Work) -> None:
        now = self._world.clock()
        self._world.ledger.answered(work.id)
        self._world.ledger.delivered(work.id, now)
        self._world.ledger.collected(work.id, now)

    def _body(self, work: Work, pictures: list[bytes]) -> JsonObject:
        encoded = [base64.b64encode(picture).decode("ascii") for picture in pictures]
        created = int(self._world.clock())
        if work.image_api:
            data: list[JsonValue] = [
                {"url": None, "b64_json": text, "revised_prompt": None, "content_filter_results": _SAFE}
                for text in encoded
            ]
            return {"created": created, "data": data}
        first = work.pictures[0]
        pixels = first.width * first.height
        meta: JsonObject = {
            "cost": int(work.cost) if float(work.cost).is_integer() else work.cost,
            "input_mp": work.input_mp,
            "output_mp": round(pixels / 1_048_576, 2),
            "total_pixels": pixels,
        }
        return {"created": created, "data": [{"b64_json": text} for text in encoded], "request_meta": meta}


def _identity(deployment: Deployment, asked: Asked) -> Identity:
    variation = [asked.guidance, asked.steps, asked.references, asked.count if asked.count > 1 else None]
    said = digest(json.loads(json.dumps(variation)))[:16] if any(variation) else ""
    return Identity("azure-flux", deployment.name, asked.prompt, asked.seed, f"{asked.width}x{asked.height}", said)


def _destination(request: SandboxRequest) -> tuple[str, str]:
    """Return what a path asks for and of which deployment, model or operation; two empty texts for a wrong path."""
    match request.path.strip("/").split("/"):
        case ["openai", "deployments", name, "images", "generations" | "edits" as action]:
            return action, name
        case ["openai", "images", "generations" | "edits" as action]:
            return action, str((request.json_object() or {}).get("model", ""))
        case ["providers", "blackforestlabs", "v1", segment]:
            return "provider", segment
        case ["openai", "operations", "images", operation]:
            return "operation", operation
        case ["openai", "v1", "images", "generations" | "edits"]:
            return "v1", ""
        case _:
            return "", ""
