"""fal.ai: a queue that takes everything and tells of failures late, a synchronous host, and public links.

Faithful to fal_client 1.0.3, fal-ai/fal-js (2026-08) and fal's documentation of its queue and errors; choices of our
own are named at their places. Answers of models are replayed at the result's URL: their refusals are met there, not at
the submission.
"""

import base64
import json
import re
import uuid
from datetime import UTC, datetime
from typing import Any, ClassVar

from fluxtui.domain.values import JsonObject, JsonValue, digest
from fluxtui.sandbox import fal_errors as errors
from fluxtui.sandbox.bases import FAL_KEY
from fluxtui.sandbox.darkroom import black_frame
from fluxtui.sandbox.delivery import DeliveryHost, token
from fluxtui.sandbox.fal_models import OTHER, Endpoint, Model, checked, endpoint_of
from fluxtui.sandbox.fal_queue import Queue, Request
from fluxtui.sandbox.gate import (
    BLACKENED,
    CANCELLED,
    CONTENT_MODERATED,
    ERROR,
    PICTURE,
    REQUEST_MODERATED,
    Denial,
    Gate,
    Silence,
)
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
from fluxtui.sandbox.pictures import PictureSpec, bomb, endless, spoiled
from fluxtui.sandbox.world import World

CENT_MICROS = 10_000
_HOUR, _SIX_MINUTES, _WEEK = 6.0, 0.6, 1008.0
"""Retention in units of `Faults.expiry`, which is ten minutes by default."""
_LARGEST_SEED = 0xFFFF_FFFF_FFFF_FFFF
_ANIMALS = ("rabbit", "zebra", "koala", "panda", "tiger", "lion", "monkey", "elephant", "kangaroo", "penguin")
_OWN = re.compile(r"/(?P<application>.+)/requests/(?P<id>[^/]+)(?P<what>/status|/cancel|/response)?")


class Fal:
    """The simulated service. See `Service`."""

    id: ClassVar[str] = "fal"
    roles: ClassVar[tuple[str, ...]] = ("fal-queue", "fal-run", "fal-media")
    key: ClassVar[str] = FAL_KEY

    def __init__(self, world: World) -> None:
        self._world = world
        self._queue = Queue(world.clock, lambda: world.faults.of(self.id).concurrency, self._waited_in_vain)
        self._host = DeliveryHost(world, self.id)
        self._files: dict[str, tuple[str, int]] = {}

    def restore(self, work: JsonObject) -> None:
        if "ended_id" in work:
            moment = work["at"]
            assert isinstance(moment, int | float)
            self._queue.restore_end(str(work["ended_id"]), moment, str(work["error_type"]))
        else:
            self._remember(Request.from_json(work))

    async def handle(self, role: str, request: SandboxRequest) -> SandboxResponse:
        if role == "fal-media":
            return await self._deliver(request)
        denied = self._unauthorized(request)
        answer = denied if denied is not None else await self._route(role, request)
        answer.headers.setdefault("x-fal-request-id", str(uuid.uuid4()))
        return answer

    def _unauthorized(self, request: SandboxRequest) -> SandboxResponse | None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        wanted = self._world.faults.of(self.id).key or self.key
        if not given or scheme.lower() != "key":
            return errors.not_authenticated()
        if wanted in ("*", given):
            return None
        return errors.wrong_key() if ":" in given else errors.wrong_format()

    async def _route(self, role: str, request: SandboxRequest) -> SandboxResponse:
        own = _OWN.fullmatch(request.path)
        if own is not None and role == "fal-queue":
            return await self._about(own["application"], own["id"], own["what"] or "", request)
        endpoint = endpoint_of(request.path)
        if request.method != "POST" or endpoint is None:
            return json_response(
                405 if endpoint else 404, {"detail": "Method Not Allowed" if endpoint else "Not Found"}
            )
        if not endpoint.known:
            return errors.unknown_application(endpoint.application.partition("/")[2])
        return await self._submit(endpoint, request, waits=role == "fal-run")

    # -- submitting ---------------------------------------------------------------------------

    async def _submit(self, endpoint: Endpoint, request: SandboxRequest, *, waits: bool) -> SandboxResponse:
        try:
            body = read_json(request.body)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            # The queue itself wants JSON; what is in it is the model's business.
            return json_response(422, {"detail": [errors.entry("json_invalid", ["body"], "JSON decode error")]})
        model = endpoint.model
        values, complaints = checked(model or OTHER, body)
        identity = _identity(endpoint, values, body)
        markers = Markers(identity.prompt)
        key = request.headers["authorization"].partition(" ")[2]
        await self._world.wait(self._world.gate(identity, markers).answer_seconds())
        gate = self._world.gate(identity, markers)
        refusal = self._refusal(gate, key, waits=waits)
        if refusal is not None:
            return refusal
        accepted = self._accept(endpoint, gate, values, complaints, request, key)
        silence = gate.silence()
        if not waits:
            await self._world.wait(gate.answer_seconds())
            return _silenced(silence) or self._ticket(accepted)
        while accepted.status(self._world.clock()) != "COMPLETED":
            # Here work begins at once or is refused, so its end is known.
            self._queue.get(accepted.id)
            now = self._world.clock()
            await self._world.wait(max(0.001, (accepted.ended or accepted.ready) - now))
        await self._world.wait(gate.answer_seconds())
        answer = _silenced(silence) or await self._result(accepted, answers=True)
        answer.headers["x-fal-request-id"] = accepted.id
        return answer

    def _refusal(self, gate: Gate, key: str, *, waits: bool) -> SandboxResponse | None:
        denial, faults = gate.denial(), gate.faults
        answer, reason = None, denial.value if denial else ""
        if denial is Denial.HANGUP:
            answer = hang_up(Hangup.REFUSED)
        elif denial is Denial.SERVER_ERROR:
            # Half of them come from the gateway: the official client tells these by the word nginx, and tries again.
            ingress = faults.roll("ingress", gate.identity.fingerprint, gate.tries) < 0.5
            answer = html_response(502) if ingress else errors.unavailable()
        elif self._queue.spent >= faults.credits * CENT_MICROS:
            answer, reason = errors.locked(), "credits"
        elif denial is Denial.TOO_MANY or (waits and self._queue.full):
            answer, reason = errors.too_many(faults.retry_after), Denial.TOO_MANY.value
        if answer is not None:
            self._world.refuse(str(uuid.uuid4()), gate.identity, key, answer.status, reason)
        return answer

    def _accept(
        self,
        endpoint: Endpoint,
        gate: Gate,
        values: dict[str, Any],
        complaints: list[JsonObject],
        asked: SandboxRequest,
        key: str,
    ) -> Request:
        world = self._world
        made = _request(endpoint, gate, values, complaints, asked, world.clock())
        submission = world.submission(made.id, gate.identity, key, accepted=True, status=200)
        submission.outcome, submission.cost_micros = made.outcome, made.cost
        count = len(made.pictures)
        submission.pictures = max(0, gate.pictures(count) - made.flagged) if made.outcome == PICTURE else 0
        world.ledger.record(submission, {"service": self.id, "work": made.as_json()})
        self._remember(made, fresh=True)
        return made

    def _remember(self, request: Request, *, fresh: bool = False) -> None:
        (self._queue.add if fresh else self._queue.restore)(request)
        for number, file in enumerate(request.files):
            self._files[file] = (request.id, number)

    def _ticket(self, request: Request) -> SandboxResponse:
        body: JsonObject = {
            "status": "IN_QUEUE",
            "request_id": request.id,
            "queue_position": self._queue.position(request),
            **self._urls(request),
        }
        sent = self._world.ledger.answered
        return json_response(200, body, {"x-fal-request-id": request.id}, on_sent=lambda: sent(request.id))

    def _urls(self, request: Request) -> JsonObject:
        base = f"{self._world.bases['fal-queue']}/{request.application}/requests/{request.id}"
        return {"response_url": base, "status_url": f"{base}/status", "cancel_url": f"{base}/cancel"}

    def _waited_in_vain(self, request: Request) -> None:
        self._tell_end(request, ERROR)

    def _tell_end(self, request: Request, outcome: str) -> None:
        ended = request.ended or self._world.clock()
        work: JsonObject = {"ended_id": request.id, "at": ended, "error_type": request.error_type}
        self._world.ledger.ended(request.id, outcome, ended, {"service": self.id, "work": work})

    # -- asking after it ----------------------------------------------------------------------

    async def _about(self, application: str, request_id: str, what: str, asked: SandboxRequest) -> SandboxResponse:
        wanted = "PUT" if what == "/cancel" else "GET"
        if asked.method != wanted:
            return json_response(405, {"detail": "Method Not Allowed"}, {"allow": wanted})
        request = self._queue.get(request_id)
        # The sub-path of the model is no part of these URLs: with it they lead nowhere.
        if request is None or request.application != application or self._gone(request):
            return json_response(404, {"status": "NOT_FOUND"}) if what == "/cancel" else errors.unknown_request()
        if what == "/cancel":
            return self._cancel(request)
        faults = self._world.faults.of(self.id)
        request.polls += 1
        await self._world.wait(faults.seconds(faults.answer_latency, "poll", request.fingerprint, request.polls))
        roll = faults.roll("poll-failure", request.fingerprint, request.polls)
        if roll < faults.poll_failures:
            return errors.unavailable() if roll < faults.poll_failures / 2 else html_response(502)
        self._queue.get(request_id)
        if what == "/status":
            return self._status(request, logs=asked.query.get("logs", "0").lower() in ("1", "true"))
        answer = await self._result(request)
        answer.headers["x-fal-request-id"] = request.id
        return answer

    def _cancel(self, request: Request) -> SandboxResponse:
        if not self._queue.cancel(request, self._world.clock()):
            return json_response(400, {"status": "ALREADY_COMPLETED"})
        self._tell_end(request, CANCELLED)
        return json_response(202, {"status": "CANCELLATION_REQUESTED"})

    def _gone(self, request: Request) -> bool:
        """Whether the result was deleted: after an hour, and large ones after six minutes."""
        now, life = self._world.clock(), self._world.faults.of(self.id).expiry
        if request.status(now) != "COMPLETED" or request.ended is None:
            return False
        large = request.inline and request.outcome in (PICTURE, BLACKENED)
        return now >= request.ended + life * (_SIX_MINUTES if large else _HOUR)

    def _status(self, request: Request, *, logs: bool) -> SandboxResponse:
        status = request.status(self._world.clock())
        body: JsonObject = {"status": status, "request_id": request.id, **self._urls(request)}
        if status == "IN_QUEUE":
            body["queue_position"] = self._queue.position(request)
            return json_response(202, body)
        body["logs"] = _logs(request, done=status == "COMPLETED") if logs else None
        if status == "IN_PROGRESS":
            return json_response(202, body)
        done = request.outcome in (PICTURE, BLACKENED) and not request.error_type
        body["metrics"] = {"inference_time": round(request.seconds, 3)} if done else {}
        failure = self._failure(request)
        if failure is not None:
            body["error"], body["error_type"] = failure[2], failure[1]
        return json_response(200, body)

    def _failure(self, request: Request) -> tuple[int, str, str] | None:
        """Return status, type and sentence of what the queue knows to have gone wrong.

        What a model complains about itself is only seen at the result, and so is half of the errors.
        """
        if request.error_type == "client_cancelled":
            return 499, "client_cancelled", "Request was cancelled by the client"
        if request.error_type == "request_timeout":
            return 504, "request_timeout", "Request timed out"
        if request.outcome != ERROR or request.complaints or not request.pictures:
            return None
        if self._world.faults.roll("model-error", request.fingerprint, request.id) < 0.5:
            return None
        return 503, "runner_disconnected", "Runner disconnected"

    async def _result(self, request: Request, *, answers: bool = False) -> SandboxResponse:
        """Return what the model said. `answers`: this is also the answer to the submission."""
        if request.status(self._world.clock()) != "COMPLETED":
            return json_response(400, {"detail": "Request is still in progress"})
        failed = self._failed(request)
        if failed is None:
            return await self._pictures(request, answers=answers)
        if answers:
            failed.on_sent = lambda: self._world.ledger.answered(request.id)
        return failed

    def _failed(self, request: Request) -> SandboxResponse | None:
        failure = self._failure(request)
        if failure is not None:
            status, kind, message = failure
            answer = errors.request_error(status, kind, message, retryable=status == 503)
            if kind == "request_timeout":
                answer.headers["x-fal-request-timeout-type"] = "user"
            return answer
        if request.complaints:
            return errors.model_error(422, request.complaints)
        if not request.files:
            # Seen at the result: an application without such a path. The wording is that of third parties' logs.
            return json_response(404, {"detail": f"Path /{request.path} not found"})
        if request.outcome == REQUEST_MODERATED:
            return errors.model_error(422, [errors.content_policy(request.arguments)])
        if request.outcome == CONTENT_MODERATED:
            return errors.model_error(422, [errors.no_media()])
        if request.outcome == ERROR:
            return errors.model_error(500, [errors.internal()], retryable=True)
        return None

    async def _pictures(self, request: Request, *, answers: bool) -> SandboxResponse:
        images: list[JsonValue] = []
        if "no-image" not in Markers(request.pictures[0].prompt):
            if request.inline and spoiled(Markers(request.pictures[0].prompt)) == "huge":
                head = b'{"images":[{"url":"data:image/jpeg;base64,'
                return SandboxResponse(200, {"content-type": "application/json"}, endless(head, b"A" * 65_536))
            images = [await self._image(request, number) for number in range(len(request.pictures))]
        body: JsonObject = {"images": images, "seed": request.seed}
        if request.flags:
            flagged: list[JsonValue] = [number < request.flagged for number in range(len(request.pictures))]
            body["timings"] = {"inference": round(request.seconds, 4)}
            body["has_nsfw_concepts"] = flagged
            body["prompt"] = request.pictures[0].prompt
        headers = {"x-fal-billable-units": f"{request.units:g}"}
        return json_response(200, body, headers, on_sent=lambda: self._told(request, answers=answers))

    def _told(self, request: Request, *, answers: bool) -> None:
        ledger, now = self._world.ledger, self._world.clock()
        if answers:
            ledger.answered(request.id)
        ledger.delivered(request.id, now)
        if request.inline:
            ledger.collected(request.id, now)

    async def _image(self, request: Request, number: int) -> JsonObject:
        spec = request.pictures[number]
        image: JsonObject = {"width": spec.width, "height": spec.height, "content_type": spec.content_type}
        if not request.inline:
            url = f"{self._world.bases['fal-media']}{request.files[number]}.{_extension(spec)}"
            return {"url": url, **image}
        data = await self._inline(request, number)
        return {"url": f"data:{spec.content_type};base64,{base64.b64encode(data).decode('ascii')}", **image}

    async def _inline(self, request: Request, number: int) -> bytes:
        spec = request.pictures[number]
        markers = Markers(spec.prompt)
        match spoiled(markers):
            case "html":
                page = html_response(200).body
                return page if isinstance(page, bytes) else b""
            case "bomb":
                return bomb()
        if number < request.flagged:
            return await black_frame(spec)
        size = self._world.faults.of(self.id).picture_bytes
        return await self._world.pictures.make(spec, size, as_jpeg="jpeg" in markers)

    # -- the CDN ------------------------------------------------------------------------------

    async def _deliver(self, asked: SandboxRequest) -> SandboxResponse:
        """Send a file to anybody. A key is ignored as the CDN ignores it, and written down."""
        self._host.note_keys(asked)
        if asked.method not in ("GET", "HEAD"):
            return json_response(405, {"detail": "Method Not Allowed"})
        request_id, number = self._files.get(asked.path.rpartition(".")[0], ("", 0))
        request = self._queue.get(request_id)
        now = self._world.clock()
        if request is None or request.inline or self._failed(request) is not None:
            return json_response(404, {"detail": "Not Found"})
        if request.status(now) != "COMPLETED" or now >= (request.ended or now) + request.media_seconds:
            return json_response(404, {"detail": "Not Found"})
        spec, black = request.pictures[number], number < request.flagged
        return await self._host.send(asked, request.id, request.fingerprint, spec, black=black)


def _silenced(silence: Silence | None) -> SandboxResponse | None:
    if silence is Silence.CUT:
        return hang_up(Hangup.CUT)
    return errors.server_error() if silence is Silence.SERVER_ERROR else None


def _request(
    endpoint: Endpoint,
    gate: Gate,
    values: dict[str, Any],
    complaints: list[JsonObject],
    asked: SandboxRequest,
    now: float,
) -> Request:
    model, request_id, prompt = endpoint.model or OTHER, str(uuid.uuid4()), gate.identity.prompt
    count = 0 if complaints or endpoint.model is None else values["num_images"] or 1
    outcome, flagged = _outcome(gate, model, values, count)
    seed = values["seed"] if values["seed"] is not None else uuid.UUID(request_id).int & _LARGEST_SEED
    image_format = values.get("output_format") or values.get("format") or "jpeg"
    guidance, steps = values.get("guidance_scale"), values.get("num_inference_steps")
    width, height = values["size"]
    price = model.cost([(width, height)] * count)
    return Request(
        id=request_id,
        application=endpoint.application,
        path=endpoint.path,
        fingerprint=gate.identity.fingerprint,
        created=now,
        seconds=gate.work_seconds() * (1.0 if count else 0.1),
        outcome=outcome,
        arguments={"prompt": prompt},
        complaints=complaints,
        seed=seed,
        pictures=tuple(
            PictureSpec(endpoint.id, prompt, seed + number, width, height, image_format, guidance, steps)
            for number in range(count)
        ),
        flagged=flagged,
        flags=model.flags,
        inline=bool(values["sync_mode"]),
        cost=price if outcome in (PICTURE, BLACKENED) else 0,
        units=price / model.price,
        limit=_number(asked.headers.get("x-fal-request-timeout")),
        media_seconds=_media_seconds(asked, gate.faults.expiry),
        files=tuple(_file(token(request_id, number)) for number in range(count)),
    )


def _file(name: str) -> str:
    return f"/files/{_ANIMALS[int(name[:4], 16) % len(_ANIMALS)]}/{name}"


def _outcome(gate: Gate, model: Model, values: dict[str, Any], count: int) -> tuple[str, int]:
    """Return how the work ends, and how many pictures the safety checker blackens.

    `[sandbox:content-moderate=2]` blackens the first two only. Without a checker nothing is blackened.
    """
    outcome = gate.outcome()
    if not count:
        return ERROR, 0
    if outcome != CONTENT_MODERATED:
        return outcome, 0
    if values.get("enable_safety_checker") is False:
        return PICTURE, 0
    if not model.flags:
        return CONTENT_MODERATED, 0
    flagged = min(count, int(min(64.0, gate.markers.seconds("content-moderate", 64.0) or 64.0)))
    return (BLACKENED if flagged == count else PICTURE), flagged


def _identity(endpoint: Endpoint, values: dict[str, Any], body: JsonObject) -> Identity:
    prompt, seed = values.get("prompt"), values.get("seed")
    width, height = values["size"]
    names = ("guidance_scale", "num_inference_steps", "negative_prompt", "loras", "image_url", "raw", "num_images")
    chosen = {name: body[name] for name in names if body.get(name) not in (None, "", [])}
    said = digest(json.loads(json.dumps(chosen)))[:16] if chosen else ""
    return Identity("fal", endpoint.id, prompt if isinstance(prompt, str) else "", seed, f"{width}x{height}", said)


def _logs(request: Request, *, done: bool) -> list[JsonValue]:
    moment = datetime.fromtimestamp(request.started or request.created, UTC)
    stamp = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    text = "100%|##########| 4/4" if done else " 25%|##5       | 1/4"
    return [{"message": text, "level": "INFO", "source": "USER", "timestamp": stamp}]


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None


def _media_seconds(request: SandboxRequest, expiry: float) -> float:
    """Return how long files stay: a week, or what the client prefers."""
    try:
        preference = json.loads(request.headers.get("x-fal-object-lifecycle-preference", "{}"))
        return float(preference["expiration_duration_seconds"])
    except (ValueError, KeyError, TypeError):
        return expiry * _WEEK


def _extension(spec: PictureSpec) -> str:
    return "jpg" if spec.format == "jpeg" else spec.format
