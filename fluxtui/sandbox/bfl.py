"""The API of Black Forest Labs: submit at one host, poll at another, fetch from a third.

Faithful to the OpenAPI document of 2026-04 and to recorded answers; where sources are silent the choice is named at
the place. Accepted work is a task; its state follows from the clock alone, so nothing runs between two polls.
"""

import asyncio
import uuid
from typing import Any, ClassVar
from urllib.parse import quote

from fluxtui.domain.values import JsonObject, JsonValue, digest
from fluxtui.sandbox.bases import BFL_KEY
from fluxtui.sandbox.bfl_delivery import Delivery
from fluxtui.sandbox.bfl_finetunes import Finetunes
from fluxtui.sandbox.bfl_models import ENDPOINTS, Endpoint, cost, output_size, references, size_error
from fluxtui.sandbox.bfl_tasks import CREDIT_MICROS, Task, TaskBook
from fluxtui.sandbox.gate import Denial, Gate, Silence
from fluxtui.sandbox.ledger import Identity
from fluxtui.sandbox.markers import Markers
from fluxtui.sandbox.messages import (
    Hangup,
    SandboxRequest,
    SandboxResponse,
    hang_up,
    html_response,
    json_response,
    read_json,
)
from fluxtui.sandbox.pictures import PictureSpec
from fluxtui.sandbox.references import CorruptReferenceError, reference_sizes
from fluxtui.sandbox.validation import fault
from fluxtui.sandbox.world import World

CLUSTERS = ("bfl-cluster-1", "bfl-cluster-2")
ACTIVE_TASKS = 24
ACTIVE_TASKS_BY_ENDPOINT = {"flux-kontext-max": 6}

_NOT_FOUND: JsonObject = {"detail": "Not Found"}
_UPSAMPLED = "rich detail, considered composition, natural light, depth and atmosphere"


class BlackForestLabs:
    """The simulated service. See `Service`."""

    id: ClassVar[str] = "bfl"
    roles: ClassVar[tuple[str, ...]] = ("bfl-api", *CLUSTERS, "bfl-delivery")
    key: ClassVar[str] = BFL_KEY

    def __init__(self, world: World) -> None:
        self._world = world
        self._tasks = TaskBook(world)
        self._delivery = Delivery(world, self._tasks)
        self._finetunes = Finetunes(world)

    def restore(self, work: JsonObject) -> None:
        training = work.get("training")
        if isinstance(training, dict):
            self._finetunes.restore(training)
        else:
            self._tasks.add(Task.from_json(work))

    async def handle(self, role: str, request: SandboxRequest) -> SandboxResponse:
        if role == "bfl-delivery":
            return await self._delivery.handle(request)
        answer = await self._route(role, request)
        answer.headers.setdefault("x-request-id", uuid.uuid4().hex)
        return answer

    async def _route(self, role: str, request: SandboxRequest) -> SandboxResponse:
        prefix, _, name = request.path.removeprefix("/").partition("/")
        name = name.rstrip("/")
        if prefix != "v1":
            return json_response(404, _NOT_FOUND)
        if name == "get_result":
            return await self._poll(role, request) if request.method == "GET" else _wrong_method("GET")
        trains = name == Finetunes.TRAINING and self._world.faults.of(self.id).historic
        wanted = "POST" if name in ENDPOINTS or trains or name == "delete_finetune" else "GET"
        if name not in ENDPOINTS and not trains and name not in ("credits", *Finetunes.ROUTES):
            return json_response(404, _NOT_FOUND)
        if request.method != wanted:
            return _wrong_method(wanted)
        denied = self._unauthorized(request)
        if denied is not None:
            return denied
        if name == "credits":
            return json_response(200, {"credits": round(self._tasks.balance(), 4)})
        if name in ENDPOINTS:
            return await self._submit(role, name, request)
        if trains:
            return self._finetunes.train(request)
        return self._finetunes.handle(name, request)

    def _unauthorized(self, request: SandboxRequest) -> SandboxResponse | None:
        given = request.headers.get("x-key")
        if not given:
            return json_response(403, {"detail": "Not authenticated"})
        if (self._world.faults.of(self.id).key or self.key) not in ("*", given):
            return json_response(403, {"detail": "Not authenticated - Invalid Authentication"})
        return None

    # -- submitting ---------------------------------------------------------------------------

    async def _submit(self, role: str, name: str, request: SandboxRequest) -> SandboxResponse:
        endpoint = ENDPOINTS[name]
        values, errors = _validated(endpoint, request)
        if errors:
            return json_response(422, {"detail": list(errors)})
        if endpoint.finetune and not self._finetunes.usable(values["finetune_id"]):
            return json_response(400, {"detail": "Finetune not found or not ready"})
        sent, corrupt = references(values), False
        try:
            inputs = await asyncio.to_thread(reference_sizes, sent) if sent else []
        except CorruptReferenceError:
            inputs, corrupt = [], True
        size = output_size(endpoint, values, inputs)
        key = request.headers["x-key"]
        identity = _identity(name, values, size, sent)
        markers = Markers(identity.prompt)
        await self._world.wait(self._world.gate(identity, markers).answer_seconds())
        gate = self._world.gate(identity, markers)
        refusal = self._refusal(gate, name, cost(endpoint, values, size, inputs), key)
        if refusal is not None:
            return refusal
        task = self._accept(role, name, gate, values, size, inputs, key, corrupt=corrupt)
        await self._world.wait(gate.answer_seconds())
        return self._answer(task, gate.silence(), values)

    def _refusal(self, gate: Gate, name: str, price: float, key: str) -> SandboxResponse | None:
        world, denial = self._world, gate.denial()
        answer, reason = None, ""
        if denial is Denial.HANGUP:
            answer, reason = hang_up(Hangup.REFUSED), denial.value
        elif denial is Denial.SERVER_ERROR:
            answer, reason = json_response(503, {"detail": "Service Unavailable"}), denial.value
        elif self._tasks.balance() < price:
            answer, reason = json_response(402, {"detail": "Insufficient credits"}), "credits"
        elif denial is Denial.TOO_MANY or (gate.faults.active_limit and self._too_many(name)):
            answer, reason = _too_many(gate.faults.retry_after), Denial.TOO_MANY.value
        if answer is not None:
            world.refuse(str(uuid.uuid4()), gate.identity, key, answer.status, reason)
        return answer

    def _too_many(self, name: str) -> bool:
        own_limit = ACTIVE_TASKS_BY_ENDPOINT.get(name)
        if own_limit is not None and self._tasks.active(name) >= own_limit:
            return True
        return self._tasks.active() >= ACTIVE_TASKS

    def _accept(
        self,
        role: str,
        name: str,
        gate: Gate,
        values: dict[str, Any],
        size: tuple[int, int],
        inputs: list[tuple[int, int]],
        key: str,
        *,
        corrupt: bool,
    ) -> Task:
        world, endpoint = self._world, ENDPOINTS[name]
        task_id, now = str(uuid.uuid4()), world.clock()
        seed = values.get("seed")
        if seed is None:
            # flux-dev answers the milliseconds of the day it was asked, everything else 32 random bits.
            seed = int(now * 1000) if name == "flux-dev" else uuid.UUID(task_id).int & 0xFFFF_FFFF
        prompt = gate.identity.prompt
        task = Task(
            id=task_id,
            endpoint=name,
            role=role if role in CLUSTERS else CLUSTERS[int(task_id[0], 16) % 2],
            fingerprint=gate.identity.fingerprint,
            created=now,
            seconds=gate.work_seconds(),
            outcome="error" if corrupt else gate.outcome(),
            error="Invalid or corrupted image input" if corrupt else "Generation failed",
            cost=cost(endpoint, values, size, inputs),
            tells_cost=endpoint.tells_cost,
            input_mp=round(sum(w * h for w, h in inputs) / 1_048_576, 2),
            picture=PictureSpec(
                name,
                prompt,
                seed,
                *size,
                values.get("output_format") or "jpeg",
                values.get("guidance"),
                values.get("steps"),
            ),
            prompt=f"{prompt}, {_UPSAMPLED}" if values.get("prompt_upsampling") else prompt,
            tells_seed="seed" in endpoint.schema.rules,
        )
        submission = world.submission(task_id, gate.identity, key, accepted=True, status=200)
        submission.outcome, submission.cost_micros = task.outcome, round(task.cost * CREDIT_MICROS)
        submission.pictures = 0 if corrupt else gate.pictures()
        world.ledger.record(submission, {"service": self.id, "work": task.as_json()})
        self._tasks.add(task)
        return task

    def _answer(self, task: Task, silence: Silence | None, values: dict[str, Any]) -> SandboxResponse:
        if silence is Silence.CUT:
            return hang_up(Hangup.CUT)
        if silence is Silence.SERVER_ERROR:
            return json_response(500, {"detail": "Internal Server Error"})
        told = task.tells_cost
        bill: JsonObject = {
            "cost": task.cost if told else None,
            "input_mp": task.input_mp if told else None,
            "output_mp": round(task.picture.width * task.picture.height / 1_048_576, 2) if told else None,
        }
        answer: JsonObject = {"id": task.id, "polling_url": self._polling_url(task), **bill}
        if values.get("webhook_url"):
            answer = {"id": task.id, "status": "Pending", "webhook_url": values["webhook_url"], **bill}
        return json_response(200, answer, on_sent=lambda: self._world.ledger.answered(task.id))

    def _polling_url(self, task: Task) -> str:
        return f"{self._world.bases[task.role]}/v1/get_result?id={quote(task.id)}"

    # -- polling ------------------------------------------------------------------------------

    async def _poll(self, role: str, request: SandboxRequest) -> SandboxResponse:
        task_id = request.query.get("id")
        if task_id is None:
            return json_response(422, {"detail": [fault("missing", "id", "Field required", place="query")]})
        task = self._tasks.get(task_id)
        trained = self._finetunes.status(task_id) if role == "bfl-api" else None
        if trained is not None:
            return json_response(200, _result(task_id, trained))
        if task is None or task.role != role:
            # A task is known to its own cluster only: polling the global host for it was answered 404 in a live run.
            return json_response(404, _result(task_id, "Task not found", detail="Task not found"))
        faults = self._world.faults.of(self.id)
        task.polls += 1
        await self._world.wait(faults.seconds(faults.answer_latency, "poll", task.fingerprint, task.polls))
        roll = faults.roll("poll-failure", task.fingerprint, task.polls)
        if roll < faults.poll_failures:
            # Half of them as the API's own error, half as the page of a gateway.
            service_error = json_response(503, {"detail": "Service Unavailable"})
            return service_error if roll < faults.poll_failures / 2 else html_response(502)
        return self._state(task)

    def _state(self, task: Task) -> SandboxResponse:
        status, progress = task.status(self._world.clock())
        if status == "Ready":
            return self._ready(task)
        if status in ("Pending", "Reasoning", "Generating"):
            return json_response(200, _result(task.id, status, progress=progress))
        details: JsonObject = {"error": task.error}
        if status != "Error":
            reason = "Derivative Works Filter" if status == "Request Moderated" else "NSFW"
            details = {"Moderation Reasons": [reason]}
        code = 200
        if self._world.faults.roll("failed-poll", task.fingerprint) < 1 / 3:
            # Seen live: some polls of failed work answer 422 or 503 with the ordinary body.
            code = 503 if status == "Error" else 422
        return json_response(code, _result(task.id, status, details=details))

    def _ready(self, task: Task) -> SandboxResponse:
        ended = task.created + task.seconds
        result: JsonObject = {"sample": self._delivery.url(task), "prompt": task.prompt, "duration": task.seconds}
        if task.tells_seed:
            result |= {"seed": task.picture.seed, "start_time": task.created, "end_time": ended}
        if "no-image" in Markers(task.picture.prompt):
            del result["sample"]
        extra: JsonObject = {"cost": task.cost} if task.tells_cost else {}
        now = self._world.clock()
        body = {**_result(task.id, "Ready", result=result), **extra}
        return json_response(200, body, on_sent=lambda: self._world.ledger.delivered(task.id, now))


def _validated(endpoint: Endpoint, request: SandboxRequest) -> tuple[dict[str, Any], list[JsonObject]]:
    try:
        body = read_json(request.body)
    except ValueError as error:
        position = getattr(error, "pos", 0)
        return {}, [
            fault("json_invalid", position, "JSON decode error", {}, error=getattr(error, "msg", "Invalid JSON"))
        ]
    if not isinstance(body, dict):
        message = "Input should be a valid dictionary or object to extract fields from"
        entry: JsonObject = {"type": "model_attributes_type", "loc": ["body"], "msg": message, "input": body}
        return {}, [entry]
    values, errors = endpoint.schema.check(body)
    if not errors:
        wrong = size_error(endpoint, values)
        if wrong is not None:
            name, message = wrong
            errors.append(fault("value_error", name, message, body.get(name)))
    return values, errors


def _identity(name: str, values: dict[str, Any], size: tuple[int, int], sent: list[str]) -> Identity:
    variation = [values.get("guidance"), values.get("steps"), digest(list(sent)) if sent else None]
    said = "" if not any(variation) else digest(variation)[:16]
    return Identity("bfl", name, values.get("prompt") or "", values.get("seed"), f"{size[0]}x{size[1]}", said)


def _result(
    task_id: str,
    status: str,
    *,
    result: JsonValue = None,
    progress: float | None = None,
    details: JsonValue = None,
    detail: str | None = None,
) -> JsonObject:
    body: JsonObject = {
        "id": task_id,
        "status": status,
        "result": result,
        "progress": progress,
        "details": details,
        "preview": None,
    }
    return body if detail is None else {**body, "detail": detail}


def _too_many(retry_after: float | None) -> SandboxResponse:
    # The wording is ours: no recorded body of this answer was found.
    headers = {} if retry_after is None else {"retry-after": f"{retry_after:g}"}
    return json_response(429, {"detail": "Too many active tasks. Try again when some have finished."}, headers)


def _wrong_method(allowed: str) -> SandboxResponse:
    return json_response(405, {"detail": "Method Not Allowed"}, {"allow": allowed})
