"""Replicate: predictions that are created, polled or waited for, and links that die after an hour.

Faithful to the official clients (1.0.7 and 2.0.0b4) and Replicate's HTTP documentation; bodies of errors are those of
public logs. The deadline, `aborted` and the wording for refused prompts are named at their places.
"""

import json
import re
import uuid
from typing import Any, ClassVar

from fluxtui.domain.values import JsonObject, JsonValue, digest
from fluxtui.sandbox import replicate_predictions as predictions
from fluxtui.sandbox.bases import REPLICATE_KEY
from fluxtui.sandbox.bucket import Buckets
from fluxtui.sandbox.delivery import DeliveryHost
from fluxtui.sandbox.gate import CANCELLED, CONTENT_MODERATED, PICTURE, Denial, Gate, Silence
from fluxtui.sandbox.ledger import Identity
from fluxtui.sandbox.markers import Markers
from fluxtui.sandbox.messages import (
    Hangup,
    SandboxRequest,
    SandboxResponse,
    hang_up,
    html_response,
    json_response,
)
from fluxtui.sandbox.pictures import PictureSpec
from fluxtui.sandbox.replicate_models import MODELS, VERSIONS, Model, checked, described, version
from fluxtui.sandbox.replicate_predictions import FINAL, Prediction
from fluxtui.sandbox.world import World

CENT_MICROS = 10_000
LONGEST_WAIT = 60.0
_HOUR = 6.0
"""Retention in units of `Faults.expiry`, which is ten minutes by default."""
_PAGE = 100
_PREFER = re.compile(r"wait(?:=(\d+))?")


class Replicate:
    """The simulated service. See `Service`."""

    id: ClassVar[str] = "replicate"
    roles: ClassVar[tuple[str, ...]] = ("replicate", "replicate-delivery")
    key: ClassVar[str] = REPLICATE_KEY

    def __init__(self, world: World) -> None:
        self._world = world
        self._predictions: dict[str, Prediction] = {}
        self._files: dict[str, tuple[str, int]] = {}
        self._buckets = Buckets(world.clock)
        self._host = DeliveryHost(world, self.id)
        self._spent = 0

    def restore(self, work: JsonObject) -> None:
        if "ended_id" in work:
            moment = work["at"]
            assert isinstance(moment, int | float)
            self._end(self._predictions[str(work["ended_id"])], moment)
        else:
            self._remember(Prediction.from_json(work))

    async def handle(self, role: str, request: SandboxRequest) -> SandboxResponse:
        if role == "replicate-delivery":
            return await self._deliver(request)
        return self._unauthorized(request) or await self._route(request)

    def _unauthorized(self, request: SandboxRequest) -> SandboxResponse | None:
        # `Token` is the scheme of older clients, and still taken.
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        good = scheme.lower() in ("bearer", "token") and given
        if good and (self._world.faults.of(self.id).key or self.key) in ("*", given):
            return None
        return _problem(401, "Unauthenticated", "You did not pass a valid authentication token")

    async def _route(self, request: SandboxRequest) -> SandboxResponse:
        parts = request.path.strip("/").split("/")
        match request.method, parts:
            case "POST", ["v1", "predictions"]:
                return await self._create_by_version(request)
            case "POST", ["v1", "models", owner, name, "predictions"]:
                model = MODELS.get(f"{owner}/{name}")
                # Models without an official deployment are only called by version.
                return await self._create(model, "hidden", request) if model and model.official else _not_found()
            case "GET", ["v1", "predictions"]:
                return self._list()
            case "GET", ["v1", "predictions", prediction_id]:
                return await self._poll(prediction_id)
            case "POST", ["v1", "predictions", prediction_id, "cancel"]:
                return self._cancel(prediction_id)
            case "GET", ["v1", "account"]:
                account: JsonObject = {"type": "user", "username": "sandbox", "name": "Sandbox"}
                return json_response(200, {**account, "github_url": "https://github.com/sandbox"})
            case "GET", ["v1", "models", *rest]:
                return self._models(rest)
            case _:
                return _not_found()

    def _models(self, rest: list[str]) -> SandboxResponse:
        base = self._world.bases["replicate"]
        model = MODELS.get("/".join(rest[:2]))
        match rest:
            case []:
                return _page([described(known, base) for known in MODELS.values()])
            case [_, _] if model is not None:
                return json_response(200, described(model, base))
            case [_, _, "versions"] if model is not None:
                return _page([version(model)])
            case [_, _, "versions", wanted] if model is not None and wanted == model.version:
                return json_response(200, version(model))
            case _:
                return _not_found()

    # -- creating -----------------------------------------------------------------------------

    async def _create_by_version(self, request: SandboxRequest) -> SandboxResponse:
        body = request.json_object()
        if body is None:
            return _problem(400, "Bad request", "The request body is not valid JSON.")
        wanted = body.get("version")
        if not isinstance(wanted, str):
            return _invalid([{"type": "required", "field": "", "description": "version is required"}])
        name, _, version_id = wanted.rpartition(":")
        model = VERSIONS.get(version_id) or MODELS.get(wanted)
        if model is None or (name and name != model.id):
            detail = "The specified version does not exist (or perhaps you don't have permission to use it?)"
            return _problem(422, "Invalid version or not permitted", detail)
        return await self._create(model, "hidden" if model.official else model.version, request)

    async def _create(self, model: Model, version_id: str, request: SandboxRequest) -> SandboxResponse:
        body = request.json_object()
        if body is None:
            return _problem(400, "Bad request", "The request body is not valid JSON.")
        given = body.get("input")
        if not isinstance(given, dict):
            return _invalid([{"type": "required", "field": "", "description": "input is required"}])
        values, invalid = checked(model, given)
        if invalid:
            return _invalid(invalid)
        identity = _identity(model, values)
        markers = Markers(identity.prompt)
        await self._world.wait(self._world.gate(identity, markers).answer_seconds())
        gate = self._world.gate(identity, markers)
        key = request.headers["authorization"].partition(" ")[2]
        refusal = self._refusal(gate, model, values, key)
        if refusal is not None:
            return refusal
        made = self._accept(model, version_id, gate, values, request, key)
        await self._world.wait(gate.answer_seconds())
        waited = await self._wait_for(made, request)
        return _silenced(gate.silence()) or self._created(made, waited=waited)

    def _refusal(self, gate: Gate, model: Model, values: dict[str, Any], key: str) -> SandboxResponse | None:
        denial, faults = gate.denial(), gate.faults
        price = model.price * (values.get("num_outputs") or 1)
        answer, reason = None, denial.value if denial else ""
        if denial is Denial.HANGUP:
            answer = hang_up(Hangup.REFUSED)
        elif denial is Denial.SERVER_ERROR:
            answer = _problem(503, "Service Unavailable", "The service is temporarily unavailable.")
        elif faults.credits * CENT_MICROS - self._spent < price:
            detail = (
                "You have insufficient credit to run this model. Go to https://replicate.com/account/billing#billing "
                "to purchase credit."
            )
            answer, reason = _problem(402, "Insufficient credit", detail), "credits"
        elif denial is Denial.TOO_MANY:
            answer = _throttled(faults.retry_after, told=faults.retry_after is not None)
        else:
            seconds = self._buckets.take("create", faults.rpm)
            if seconds > 0:
                answer, reason = _throttled(seconds, told=faults.retry_after is not None), Denial.TOO_MANY.value
        if answer is not None:
            self._world.refuse(uuid.uuid4().hex, gate.identity, key, answer.status, reason)
        return answer

    def _accept(
        self, model: Model, version_id: str, gate: Gate, values: dict[str, Any], request: SandboxRequest, key: str
    ) -> Prediction:
        world = self._world
        made = _prediction(model, version_id, gate, values, request, world.clock())
        submission = world.submission(made.id, gate.identity, key, accepted=True, status=201)
        submission.outcome, submission.cost_micros = made.outcome, made.cost
        submission.pictures = gate.pictures(len(made.pictures)) if made.outcome == PICTURE else 0
        if made.outcome == PICTURE and made.status(made.ended) in ("canceled", "aborted"):
            submission.outcome, submission.pictures = CANCELLED, 0
        world.ledger.record(submission, {"service": self.id, "work": made.as_json()})
        self._remember(made)
        return made

    def _remember(self, prediction: Prediction) -> None:
        self._predictions[prediction.id] = prediction
        self._spent += prediction.cost
        for number in range(len(prediction.pictures)):
            self._files[prediction.file(number)] = (prediction.id, number)

    async def _wait_for(self, prediction: Prediction, request: SandboxRequest) -> bool | None:
        """Hold the answer back as the client prefers. Return whether the end was reached, None without a wish."""
        found = _PREFER.search(request.headers.get("prefer", ""))
        if found is None:
            return None
        patience = min(LONGEST_WAIT, max(1.0, float(found[1] or LONGEST_WAIT)))
        if prediction.ended - self._world.clock() > patience:
            await self._world.wait(patience)
            return False
        while (left := prediction.ended - self._world.clock()) > 0:
            await self._world.wait(left + 0.001)
        return True

    def _created(self, prediction: Prediction, *, waited: bool | None) -> SandboxResponse:
        ledger, now = self._world.ledger, self._world.clock()
        body = self._described(prediction, early=waited is True)
        if waited is False:
            # The promised time is over: the state says so, whatever it has come to by now.
            body["status"] = "starting"
        told = body["output"] is not None

        def sent() -> None:
            ledger.answered(prediction.id)
            if told:
                ledger.delivered(prediction.id, now)

        return json_response(202 if waited is False else 201, body, on_sent=sent)

    # -- asking after it ----------------------------------------------------------------------

    def _described(self, prediction: Prediction, *, early: bool = False) -> JsonObject:
        base, delivery = self._world.bases["replicate"], self._world.bases["replicate-delivery"]

        def link(number: int) -> str:
            return f"{delivery}{prediction.file(number)}"

        removed = self._removed(prediction)
        return predictions.described(prediction, self._world.clock(), base, link, removed=removed, early=early)

    def _removed(self, prediction: Prediction) -> bool:
        life = self._world.faults.of(self.id).expiry * _HOUR
        return self._world.clock() >= prediction.ended + life

    async def _poll(self, prediction_id: str) -> SandboxResponse:
        prediction = self._predictions.get(prediction_id)
        if prediction is None:
            return _not_found()
        faults = self._world.faults.of(self.id)
        prediction.polls += 1
        await self._world.wait(faults.seconds(faults.answer_latency, "poll", prediction.fingerprint, prediction.polls))
        roll = faults.roll("poll-failure", prediction.fingerprint, prediction.polls)
        if roll < faults.poll_failures:
            page = html_response(502)
            return _throttled(faults.retry_after, told=True) if roll < faults.poll_failures / 2 else page
        body, now = self._described(prediction), self._world.clock()
        told = bool(body["output"])
        return json_response(
            200, body, on_sent=lambda: self._world.ledger.delivered(prediction.id, now) if told else None
        )

    def _list(self) -> SandboxResponse:
        newest = list(self._predictions.values())[: -_PAGE - 1 : -1]
        return _page([self._described(prediction) for prediction in newest])

    def _cancel(self, prediction_id: str) -> SandboxResponse:
        prediction = self._predictions.get(prediction_id)
        if prediction is None:
            return _not_found()
        now = self._world.clock()
        if prediction.status(now) not in FINAL:
            self._end(prediction, now)
            work: JsonObject = {"ended_id": prediction.id, "at": now}
            self._world.ledger.ended(prediction.id, CANCELLED, now, {"service": self.id, "work": work})
        return json_response(200, self._described(prediction))

    def _end(self, prediction: Prediction, at: float) -> None:
        prediction.ended_early = at
        self._spent -= prediction.cost

    # -- delivery -----------------------------------------------------------------------------

    async def _deliver(self, request: SandboxRequest) -> SandboxResponse:
        """Send an output to anybody. A token is ignored (the official client sends its own), and written down."""
        self._host.note_keys(request)
        if request.method not in ("GET", "HEAD"):
            return SandboxResponse(405, {"content-type": "text/plain"}, b"Method Not Allowed")
        prediction_id, number = self._files.get(request.path, ("", 0))
        prediction = self._predictions.get(prediction_id)
        done = prediction is not None and prediction.status(self._world.clock()) == "succeeded"
        if prediction is None or not done or self._removed(prediction):
            return SandboxResponse(404, {"content-type": "text/plain"}, b"Not Found")
        return await self._host.send(request, prediction.id, prediction.fingerprint, prediction.pictures[number])


def _prediction(
    model: Model, version_id: str, gate: Gate, values: dict[str, Any], request: SandboxRequest, now: float
) -> Prediction:
    prediction_id = _new_id()
    outcome = gate.outcome()
    if outcome == CONTENT_MODERATED and values.get("disable_safety_checker"):
        outcome = PICTURE
    seed = values["seed"] if values["seed"] is not None else int(digest(prediction_id)[:8], 16)
    width, height = model.size(values)
    image_format = str(values.get("output_format") or "png").replace("jpg", "jpeg")
    guidance = values.get("guidance") or values.get("guidance_scale") or values.get("cfg")
    steps = values.get("num_inference_steps") or values.get("steps")
    count = values.get("num_outputs") or 1
    patience = predictions.duration(request.headers.get("cancel-after"))
    made = Prediction(
        id=prediction_id,
        model=model.id,
        version=version_id,
        fingerprint=gate.identity.fingerprint,
        created=now,
        seconds=gate.work_seconds(),
        outcome=outcome,
        input=(request.json_object() or {})["input"],  # type: ignore[arg-type]  # it was looked at before
        seed=seed,
        pictures=tuple(
            PictureSpec(
                f"replicate/{model.id}", gate.identity.prompt, seed + n, width, height, image_format, guidance, steps
            )
            for n in range(count)
        ),
        listed=model.listed,
        cost=0,
        deadline=None if patience is None else now + max(5.0, patience),
    )
    made.cost = model.price * count if made.status(made.ended) == "succeeded" else 0
    return made


def _identity(model: Model, values: dict[str, Any]) -> Identity:
    prompt, seed = values.get("prompt") or "", values["seed"]
    names = ("guidance", "guidance_scale", "num_inference_steps", "steps", "cfg", "negative_prompt", "num_outputs")
    more = ("go_fast", "image", "image_prompt", "prompt_strength", "scheduler", "raw")
    chosen = {
        name: values[name] for name in (*names, *more) if name in values and values[name] != model.inputs[name].default
    }
    width, height = model.size(values)
    said = digest(json.loads(json.dumps(chosen)))[:16] if chosen else ""
    return Identity("replicate", model.id, prompt, seed, f"{width}x{height}", said)


def _new_id() -> str:
    """Return an id of 26 characters in Replicate's alphabet."""
    number, letters = uuid.uuid4().int, "0123456789abcdefghjkmnpqrstvwxyz"
    return "".join(letters[(number >> (5 * place)) & 31] for place in range(26))


def _silenced(silence: Silence | None) -> SandboxResponse | None:
    if silence is Silence.CUT:
        return hang_up(Hangup.CUT)
    if silence is Silence.SERVER_ERROR:
        return _problem(500, "Internal server error", "An internal error occurred.")
    return None


def _problem(status: int, title: str, detail: str) -> SandboxResponse:
    headers = {"content-type": "application/problem+json"}
    return json_response(status, {"title": title, "detail": detail, "status": status}, headers)


def _not_found() -> SandboxResponse:
    return json_response(404, {"detail": "The requested resource could not be found.", "status": 404})


def _invalid(fields: list[JsonObject]) -> SandboxResponse:
    def line(field: JsonObject) -> str:
        place, text = str(field["field"]), str(field["description"])
        if field["type"] == "required":
            return f"- {place}.{text}\n" if place else f"- {text}\n"
        return f"- {text}\n" if text.startswith(place) else f"- {place}: {text}\n"

    detail = "".join(line(field) for field in fields)
    body: JsonObject = {"title": "Input validation failed", "detail": detail, "status": 422}
    return json_response(422, {**body, "invalid_fields": list(fields)}, {"content-type": "application/problem+json"})


def _throttled(seconds: float | None, *, told: bool) -> SandboxResponse:
    """Answer a spent rate: the sentence always names a time, the header is only sometimes there."""
    whole = max(1, round(seconds if seconds is not None else 30))
    headers = {"retry-after": str(whole)} if told else {}
    return json_response(429, {"detail": f"Request was throttled. Your rate limit resets in ~{whole}s."}, headers)


def _page(results: list[JsonObject]) -> SandboxResponse:
    values: list[JsonValue] = list(results)
    return json_response(200, {"previous": None, "next": None, "results": values})
