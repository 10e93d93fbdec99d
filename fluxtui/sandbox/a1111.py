"""Automatic1111's web UI v1.10.1, or Forge (`Faults.forge`): a machine of one's own, without prices and limits.

Faithful to the source of A1111 82a973c0 and Forge dfdcbab6. Requests run one after the other; nothing is moderated and
nobody is told to come later, so the faults and markers for that do nothing here. Started with `--api` and the web UI.
"""

import asyncio
import base64
import gzip
import hashlib
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

from fluxtui.domain.values import JsonObject, JsonValue, digest
from fluxtui.sandbox import a1111_data as data
from fluxtui.sandbox import a1111_errors as errors
from fluxtui.sandbox import a1111_generation as generations
from fluxtui.sandbox import a1111_requests as requests
from fluxtui.sandbox.a1111_infotext import parsed, text_of, with_text
from fluxtui.sandbox.a1111_machine import Job, Machine
from fluxtui.sandbox.darkroom import grid, resized, unfinished
from fluxtui.sandbox.gate import ERROR, PICTURE, Denial, Gate, Silence
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
from fluxtui.sandbox.pictures import PictureSpec, bomb, endless, spoiled
from fluxtui.sandbox.references import CorruptReferenceError, reference_sizes
from fluxtui.sandbox.world import World

_COMPRESSED_FROM = 1000
_OPEN_PATHS = ("loras", "refresh-loras")
_LARGEST_SIDE = 16_384

Handler = Callable[[SandboxRequest], Awaitable[SandboxResponse]]


class Automatic1111:
    """The simulated service. See `Service`."""

    id: ClassVar[str] = "a1111"
    roles: ClassVar[tuple[str, ...]] = ("a1111",)
    key: ClassVar[str] = ""

    def __init__(self, world: World) -> None:
        self._world = world
        self._machines = {forge: Machine(world.clock, forge=forge) for forge in (False, True)}
        self._handlers: dict[tuple[str, str], Handler] = {
            ("POST", "txt2img"): self._txt2img,
            ("POST", "extra-single-image"): self._extra_single_image,
            ("POST", "png-info"): self._png_info,
            ("POST", "options"): self._set_options,
            ("GET", "progress"): self._progress,
        }

    def restore(self, work: JsonObject) -> None:
        """There is nothing to take back: what was under way dies with the process."""

    @property
    def _forge(self) -> bool:
        return self._world.faults.of(self.id).forge

    @property
    def _machine(self) -> Machine:
        return self._machines[self._forge]

    async def handle(self, role: str, request: SandboxRequest) -> SandboxResponse:
        started = self._world.clock()
        try:
            answer = await self._route(request)
        except errors.HttpError as error:
            answer = errors.meant(error, forge=self._forge)
        except errors.CrashError as error:
            answer = errors.crashed(error, forge=self._forge)
        except requests.InvalidError as error:
            answer = error.answer
        if not self._forge:
            answer.headers.setdefault("x-process-time", f"{self._world.clock() - started:.4f}")
        return await _compressed(answer, request)

    async def _route(self, request: SandboxRequest) -> SandboxResponse:
        path = request.path.rstrip("/")
        if path.startswith("/internal/"):
            return self._internal(path.removeprefix("/internal/"), request)
        if not path.startswith("/sdapi/v1/"):
            return errors.not_found()
        name = path.removeprefix("/sdapi/v1/")
        if name not in _OPEN_PATHS:
            self._check_password(request)
        handler = self._handlers.get((request.method, name))
        if handler is not None:
            return await handler(request)
        known, answer = self._simple(request.method, name)
        if known:
            return json_response(200, answer)
        other = "POST" if request.method == "GET" else "GET"
        exists = (other, name) in self._handlers or self._simple(other, name, only_ask=True)[0]
        return errors.wrong_method() if exists else errors.not_found()

    def _check_password(self, request: SandboxRequest) -> None:
        """Raise HttpError unless the client may come in. A1111 answers without a challenge."""
        wanted = self._world.faults.of(self.id).key or ""
        if ":" not in wanted:
            return
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            raise errors.HttpError(401, "Not authenticated")
        try:
            pair = base64.b64decode(given, validate=True).decode()
        except ValueError as error:
            raise errors.HttpError(401, "Invalid authentication credentials") from error
        if pair not in [allowed.strip() for allowed in wanted.split(",")]:
            raise errors.HttpError(401, "Incorrect username or password")

    # -- small answers ------------------------------------------------------------------------

    def _simple(self, method: str, name: str, *, only_ask: bool = False) -> tuple[bool, JsonValue]:
        """Return whether there is such a path, and its answer."""
        if method == "POST":
            if name in ("interrupt", "skip"):
                if not only_ask:
                    self._machine.stop(skip=name == "skip")
                return True, {} if name == "interrupt" else None
            if name in ("unload-checkpoint", "reload-checkpoint"):
                return True, {}
            return name in ("refresh-checkpoints", "refresh-vae", "refresh-embeddings", "refresh-loras"), None
        lists = self._lists()
        return method == "GET" and name in lists, lists.get(name)

    def _lists(self) -> JsonObject:
        machine, forge = self._machine, self._forge
        samplers = data.FORGE_SAMPLERS if forge else data.SAMPLERS
        schedulers = data.FORGE_SCHEDULERS if forge else data.SCHEDULERS
        known = data.checkpoints(forge=forge)
        scripts: list[JsonValue] = [*requests.SCRIPTS, *requests.ALWAYS_ON]
        return {
            "options": machine.options.values,
            "sd-models": [one.listed(hashed=one.name in machine.hashed) for one in known],
            "samplers": [sampler.listed() for sampler in samplers],
            "schedulers": [scheduler.listed() for scheduler in schedulers],
            "upscalers": data.listed_upscalers(),
            "latent-upscale-modes": [{"name": name} for name in data.LATENT_MODES],
            "loras": data.listed_loras(),
            ("sd-modules" if forge else "sd-vae"): data.listed_modules(forge=forge),
            "scripts": {"txt2img": scripts, "img2img": scripts},
            "script-info": [],
            "embeddings": {"loaded": {}, "skipped": {}},
            "prompt-styles": [],
            "hypernetworks": [],
            "face-restorers": [{"name": "CodeFormer", "cmd_dir": None}, {"name": "GFPGAN", "cmd_dir": None}],
            "realesrgan-models": [],
            "extensions": [],
            "cmd-flags": {"api": True, "nowebui": False},
            "memory": {"ram": {"free": 1.0, "used": 1.0, "total": 2.0}, "cuda": {"error": "unavailable"}},
        }

    def _internal(self, name: str, request: SandboxRequest) -> SandboxResponse:
        match request.method, name:
            case "GET", "ping":
                return json_response(200, {})
            case "GET", "pending-tasks":
                return json_response(200, self._machine.pending())
            case "POST", "progress":
                task = (request.json_object() or {}).get("id_task")
                if not isinstance(task, str):
                    return errors.invalid([errors.missing("id_task", forge=self._forge)])
                return json_response(200, self._machine.progress_of(task))
            case _:
                return errors.not_found()

    async def _progress(self, request: SandboxRequest) -> SandboxResponse:
        preview = None
        without = request.query.get("skip_current_image", "false").lower() in ("1", "true")
        if self._machine.job is not None and not without:
            spec = PictureSpec("a1111/preview", self._machine.job.id, 0, 64, 64)
            preview = base64.b64encode(await self._world.pictures.make(spec)).decode("ascii")
        return json_response(200, self._machine.progress(preview))

    async def _set_options(self, request: SandboxRequest) -> SandboxResponse:
        body = request.json_object()
        if body is None:
            return errors.invalid([errors.no_json(forge=self._forge)])
        machine, wanted = self._machine, body.get("sd_model_checkpoint")
        checkpoint = data.checkpoint_named(wanted, forge=self._forge)
        if wanted is not None and checkpoint is None:
            raise errors.CrashError("RuntimeError", f"model {wanted!r} not found")
        unknown = machine.options.unknown(body)
        if unknown is not None:
            raise errors.CrashError("KeyError", f"'{unknown}'")
        machine.options.values.update(body)
        if checkpoint is not None:
            machine.options.values["sd_model_checkpoint"] = checkpoint.title
            machine.options.values["sd_checkpoint_hash"] = checkpoint.sha256
            machine.load(checkpoint)
        return json_response(200, None)

    async def _png_info(self, request: SandboxRequest) -> SandboxResponse:
        given = requests.read(request, requests.PNG_INFO, forge=self._forge)["image"]
        if given is None:
            return errors.invalid([errors.missing("image", forge=self._forge)])
        try:
            text = await asyncio.to_thread(text_of, requests.decoded(given.strip()))
        except OSError as error:
            raise errors.HttpError(500, "Invalid encoded image") from error
        items: JsonObject = {"parameters": text} if text else {}
        return json_response(200, {"info": text, "items": items, "parameters": parsed(text)})

    # -- txt2img ------------------------------------------------------------------------------

    async def _txt2img(self, request: SandboxRequest) -> SandboxResponse:
        fields = requests.FORGE_TXT2IMG if self._forge else requests.TXT2IMG
        asked, machine = requests.read(request, fields, forge=self._forge), self._machine
        requests.check_scripts(asked)
        identity = generations.identity(machine, asked)
        markers = Markers(identity.prompt)
        await self._world.wait(self._world.gate(identity, markers).answer_seconds())
        gate = self._world.gate(identity, markers)
        refusal = self._refusal(gate)
        if refusal is not None:
            return refusal
        submission_id = str(uuid.uuid4())
        generation = generations.prepare(machine, asked, submission_id)
        failing = generation.crash is not None or gate.outcome() == ERROR
        count = 0 if failing or not _undisturbed(markers) else len(generation.seeds)
        self._record(submission_id, identity, ERROR if failing else PICTURE, count)
        task = asked["force_task_id"] or f"task({submission_id})"
        async with machine.turn(task, "scripts_txt2img", steps=asked["steps"], count=generation.batches) as job:
            # What is loaded is only known once the requests before have had their turn.
            generation = generations.prepare(machine, asked, submission_id)
            finished = await self._run(machine, job, generation, gate)
            if not asked["override_settings_restore_afterwards"]:
                machine.options.values.update(generation.settings)
            answer = await self._answer(machine, generation, finished, asked, gate, submission_id)
        await self._world.wait(gate.answer_seconds())
        return _silenced(gate.silence()) or answer

    def _refusal(self, gate: Gate) -> SandboxResponse | None:
        """Return what stands before the server answers in its place; it never says itself to come later."""
        denial = gate.denial()
        if denial not in (Denial.HANGUP, Denial.SERVER_ERROR):
            return None
        answer = hang_up(Hangup.REFUSED) if denial is Denial.HANGUP else html_response(502)
        self._world.refuse(str(uuid.uuid4()), gate.identity, "", answer.status, denial.value)
        return answer

    def _record(self, submission_id: str, identity: Identity, outcome: str, pictures: int) -> None:
        submission = self._world.submission(submission_id, identity, "", accepted=True, status=200)
        submission.outcome, submission.pictures = outcome, pictures
        self._world.ledger.record(submission)

    async def _run(self, machine: Machine, job: Job, generation: generations.Generation, gate: Gate) -> list[bool]:
        """Do the work of a job. Return for each picture that was begun whether it was finished."""
        if generation.crash is not None:
            raise generation.crash
        seconds, checkpoint = gate.work_seconds(), generation.made.checkpoint
        loading = 0.0
        if checkpoint != machine.loaded:
            loading = gate.faults.seconds(gate.faults.latency, "load", checkpoint.name)
        job.started, job.seconds = self._world.clock(), loading + seconds * generation.time_factor
        await machine.work(job, self._world.wait, loading)
        machine.load(checkpoint)
        finished: list[bool] = []
        for number in range(generation.batches):
            if job.interrupted:
                break
            job.number = number
            whole = await machine.work(job, self._world.wait, seconds * generation.time_factor / generation.batches)
            finished += [whole] * generation.batch_size
        if gate.outcome() == ERROR:
            raise generations.out_of_memory()
        return finished

    async def _answer(
        self,
        machine: Machine,
        generation: generations.Generation,
        finished: list[bool],
        asked: dict[str, Any],
        gate: Gate,
        submission_id: str,
    ) -> SandboxResponse:
        markers, faults = gate.markers, gate.faults
        match spoiled(markers):
            case "html":
                return html_response(200)
            case "huge":
                return SandboxResponse(
                    200, {"content-type": "application/json"}, endless(b'{"images":["', b"A" * 65_536)
                )
        pictures = [bomb()] if spoiled(markers) == "bomb" else []
        if _undisturbed(markers):
            image_format = str(machine.options.values["samples_format"])
            for spec, seed, whole in zip(generation.specs(image_format), generation.seeds, finished, strict=False):
                painted = await self._world.pictures.make(spec, faults.picture_bytes, as_jpeg="jpeg" in markers)
                picture = painted if whole else await unfinished(painted)
                pictures.append(await asyncio.to_thread(with_text, picture, generation.made.text(seed)))
        first = 0
        if asked["save_images"] and machine.options.values["return_grid"] and len(pictures) > 1:
            pictures, first = [await grid(pictures), *pictures], 1
        body = generations.answer(generation, pictures, asked, self._world.clock(), first=first)
        cut = gate.tries < markers.times("cut")
        cut = cut or faults.roll("cut", gate.identity.fingerprint, gate.tries) < faults.cut_downloads
        encoded = await asyncio.to_thread(json_response, 200, body)
        encoded.on_sent = lambda: self._sent(submission_id)
        if cut and isinstance(encoded.body, bytes):
            encoded.cut_after = len(encoded.body) // 2
        return encoded

    def _sent(self, submission_id: str) -> None:
        now, ledger = self._world.clock(), self._world.ledger
        ledger.answered(submission_id)
        ledger.delivered(submission_id, now)
        ledger.collected(submission_id, now)

    # -- extras -------------------------------------------------------------------------------

    async def _extra_single_image(self, request: SandboxRequest) -> SandboxResponse:
        asked, machine = requests.read(request, requests.EXTRAS, forge=self._forge), self._machine
        picture = requests.decoded(asked["image"])
        try:
            ((width, height),) = await asyncio.to_thread(reference_sizes, [base64.b64encode(picture).decode("ascii")])
        except CorruptReferenceError as error:
            raise errors.HttpError(500, "Invalid encoded image") from error
        size = _upscaled(asked, width, height)
        more = digest([hashlib.sha256(picture).hexdigest(), asked["codeformer_visibility"], asked["gfpgan_visibility"]])
        identity = Identity(self.id, f"extras/{asked['upscaler_1']}", "", None, f"{size[0]}x{size[1]}", more[:16])
        gate = self._world.gate(identity, Markers(""))
        refusal = self._refusal(gate)
        if refusal is not None:
            return refusal
        submission_id, seconds = str(uuid.uuid4()), gate.work_seconds()
        known = [name for name, _ in data.UPSCALERS]
        crash = next(
            (name for name in (asked["upscaler_1"], asked["upscaler_2"]) if name is not None and name not in known),
            None,
        )
        failing = crash is not None or max(size) > _LARGEST_SIDE or gate.outcome() == ERROR
        self._record(submission_id, identity, ERROR if failing else PICTURE, 0 if failing else 1)
        async with machine.turn(f"task({submission_id})", "extras", steps=0, count=1) as job:
            job.seconds = seconds
            await machine.work(job, self._world.wait, seconds)
            if crash is not None:
                raise errors.CrashError("AssertionError", f"could not find upscaler named {crash}")
            if failing:
                raise generations.out_of_memory()
            enlarged = await resized(picture, *size)
        info = f"Postprocess upscale by: {asked['upscaling_resize']:g}, Postprocess upscaler: {asked['upscaler_1']}"
        body: JsonObject = {"html_info": f"<p>{info}</p>", "image": base64.b64encode(enlarged).decode("ascii")}
        return _silenced(gate.silence()) or json_response(200, body, on_sent=lambda: self._sent(submission_id))


def _undisturbed(markers: Markers) -> bool:
    """Whether there will be pictures that are pictures."""
    return spoiled(markers) is None and "no-image" not in markers


def _upscaled(asked: dict[str, Any], width: int, height: int) -> tuple[int, int]:
    """Return the sides of an enlarged picture. Without a first upscaler nothing is enlarged at all."""
    if asked["upscaler_1"] in (None, "None"):
        return width, height
    if asked["resize_mode"] == 0:
        return max(1, int(width * asked["upscaling_resize"])), max(1, int(height * asked["upscaling_resize"]))
    across, down = asked["upscaling_resize_w"], asked["upscaling_resize_h"]
    if asked["upscaling_crop"]:
        return across, down
    factor = max(across / width, down / height)
    return max(1, int(width * factor)), max(1, int(height * factor))


def _silenced(silence: Silence | None) -> SandboxResponse | None:
    if silence is Silence.CUT:
        return hang_up(Hangup.CUT)
    return html_response(502) if silence is Silence.SERVER_ERROR else None


async def _compressed(answer: SandboxResponse, request: SandboxRequest) -> SandboxResponse:
    """Compress what is worth it, as the server's middleware does."""
    accepted = "gzip" in request.headers.get("accept-encoding", "").lower()
    if not accepted or not isinstance(answer.body, bytes) or len(answer.body) < _COMPRESSED_FROM:
        return answer
    whole = len(answer.body)
    answer.body = await asyncio.to_thread(gzip.compress, answer.body, 1)
    answer.headers |= {"content-encoding": "gzip", "vary": "Accept-Encoding"}
    if answer.cut_after is not None:
        answer.cut_after = answer.cut_after * len(answer.body) // whole
    return answer
