"""Automatic1111's web UI and Forge: machines of one's own, that draw one request after the other and cost nothing.

Wire facts: the source of A1111 v1.10.1 (82a973c0) and Forge (dfdcbab6). A request stays open until it is drawn; closing
it stops nothing there, but drawing it again is free.
"""

import base64
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, Field, field_validator

from fluxtui.domain.facts import ModelFacts
from fluxtui.domain.jobs import Pending, Refusal, Ticket
from fluxtui.domain.money import ZERO, Price
from fluxtui.domain.problems import ServiceError
from fluxtui.domain.request import Adaptation, Assessment, ImageRequest
from fluxtui.domain.size import Size
from fluxtui.domain.values import JsonObject
from fluxtui.providers import (
    a1111_answers,
    a1111_errors,
    a1111_options,
    a1111_requests,
    addresses,
    catalog,
    checking,
    documents,
    facts,
    failures,
    translation,
)
from fluxtui.providers.a1111_machines import VARIABLE, Machine, Machines, bases
from fluxtui.providers.a1111_options import MachineOptions
from fluxtui.providers.base import Accepted, CheckResult, CheckState, Images, Pace
from fluxtui.providers.configuration import Key, ProviderSettings, Text, key_text, own

if TYPE_CHECKING:
    from fluxtui.providers.http import Http, Reply

AUTH_VARIABLE = "A1111_API_AUTH"
_ANSWER_BYTES = 512 * 1024 * 1024  # eight pictures of 8192 x 8192 as base64 of PNG are still below it
_LIST_BYTES = 16 * 1024 * 1024
_DRAWING_TIMEOUT = 6 * 3600.0  # a request waits inside its connection while others are drawn; there is no queue to ask
_ASKING_TIMEOUT = 60.0  # even small questions stand still while a large model is being loaded

SERVICE = a1111_errors.SERVICE


class Settings(ProviderSettings):
    """`A1111_API_URL`, one address or several separated by commas; `A1111_API_AUTH`, `user:password`."""

    api_url: Text = Field(None, validation_alias=VARIABLE)
    api_auth: Key = Field(None, validation_alias=AUTH_VARIABLE)

    @field_validator("api_url")
    @classmethod
    def _usable(cls, value: str | None) -> str | None:
        bases(value)
        return value

    @field_validator("api_auth")
    @classmethod
    def _pair(cls, value: Key) -> Key:
        if value is not None and not value.get_secret_value().partition(":")[1]:
            raise ValueError("it must be user:password, as --api-auth has them")
        return value


SETTINGS = Settings


def make(settings: BaseModel) -> "Automatic1111":
    """Return the provider. Raises TypeError when `settings` are not this module's."""
    return Automatic1111(own(settings, Settings, "a1111"))


def missing(settings: BaseModel) -> tuple[str, ...]:
    """Return the variables that still have to be set."""
    return () if isinstance(settings, Settings) and bases(settings.api_url) else (VARIABLE,)


def notes(settings: BaseModel) -> tuple[str, ...]:
    """Return what the user should know about the settings: a password that anyone on the way can read."""
    if not isinstance(settings, Settings) or settings.api_auth is None:
        return ()
    exposed = [base for base in bases(settings.api_url) if addresses.exposes_keys(base)]
    return (f"{VARIABLE} is not https: the password crosses the network unencrypted",) if exposed else ()


@dataclass(frozen=True, slots=True)
class Upscale:
    """How a picture is made larger: by `factor`, or to `size` (cropped to its shape unless `crop` is off).

    `second` is mixed in with weight `second_share`, 0 to 1; the face restorers' weights are 0 to 1 too.
    """

    upscaler: str = "R-ESRGAN 4x+"
    factor: float = 2.0
    size: Size | None = None
    crop: bool = True
    second: str = "None"
    second_share: float = 0.0
    gfpgan: float = 0.0
    codeformer: float = 0.0
    codeformer_weight: float = 0.0

    def payload(self, picture: bytes) -> JsonObject:
        body: JsonObject = {
            "image": base64.b64encode(picture).decode("ascii"),
            "resize_mode": 0 if self.size is None else 1,
            "upscaler_1": self.upscaler,
            "upscaler_2": self.second,
            "extras_upscaler_2_visibility": self.second_share,
            "gfpgan_visibility": self.gfpgan,
            "codeformer_visibility": self.codeformer,
            "codeformer_weight": self.codeformer_weight,
        }
        if self.size is None:
            return {**body, "upscaling_resize": self.factor}
        sides: JsonObject = {"upscaling_resize_w": self.size.width, "upscaling_resize_h": self.size.height}
        return {**body, **sides, "upscaling_crop": self.crop}


class Automatic1111:
    """`a1111/<checkpoint>`, or `a1111/default` for whatever is loaded; each request goes to a free machine."""

    id: ClassVar[str] = "a1111"
    title: ClassVar[str] = SERVICE.title
    resend_is_free: ClassVar[bool] = True

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._machines = Machines(bases(settings.api_url))
        self._catalog = catalog.service("a1111")
        self.notes = notes(settings)

    def models(self) -> Sequence[str]:
        """Return `default`; any checkpoint works as a target, and `options` lists those that are installed."""
        return self._catalog.names()

    def pace(self, model: str) -> Pace:
        machines = max(1, len(self._machines.all))
        return Pace(in_flight=machines, account_in_flight=machines, collect_for=_DRAWING_TIMEOUT)

    def max_count(self, model: str) -> int:
        return self._catalog.find(model).max_count

    def facts(self, model: str) -> ModelFacts:
        """Return what the catalog knows of `model`."""
        return facts.of(self._catalog.find(model))

    def assess(self, request: ImageRequest) -> Assessment:
        model = self._catalog.find(request.model)
        done = a1111_requests.translated(request, model)
        return Assessment(
            price=Price.exactly(ZERO),
            adaptations=done.adaptations,
            impossible=done.impossible,
            expected_size=done.expected_size,
            notes=(*model.life(), *self.notes),
            seconds=model.seconds,
        )

    async def submit(self, request: ImageRequest, http: "Http") -> Images | Accepted | Refusal:
        """Draw on a free machine; the answer is the pictures. Raises ServiceError."""
        self._require()
        if (unready := translation.unloaded(request)) is not None:
            raise unready
        payload = a1111_requests.translated(request, self._catalog.find(request.model)).ready()
        task = str(payload.setdefault("force_task_id", f"task(fluxtui-{uuid.uuid4().hex})"))
        with self._machines.free(task) as machine:
            payload, lost = await self._suited(payload, machine, http)
            reply = await self._post(machine, "/sdapi/v1/txt2img", payload, http)
            return a1111_answers.images(reply, payload, lost)

    async def collect(self, ticket: Ticket, http: "Http") -> Pending | Images | Refusal:
        """Raise ServiceError: there are no tickets here, the answer is the pictures."""
        raise failures.nothing_to_collect(SERVICE)

    async def cancel(self, ticket: Ticket, http: "Http") -> bool:
        """Return False: an interrupt stops whatever is being drawn, which may be another client's."""
        return False

    async def check(self, http: "Http") -> CheckResult:
        """Ask every machine for its settings, which only a signed-in client may see."""
        if names := missing(self._settings):
            return checking.unconfigured(names)
        loaded, problems = [], []
        for machine in self._machines.all:
            try:
                loaded.append(await self._identified(machine, http))
            except ServiceError as error:
                problems.append((machine.base, error.problem))
        if not problems:
            return CheckResult(CheckState.OK, "; ".join(loaded))
        base, problem = problems[0]
        several = len(self._machines.all) > 1
        what = f"{len(loaded)} of {len(self._machines.all)} machines answer; {base}: " if several else ""
        return CheckResult(CheckState.PROBLEM, f"{what}{problem.what}", problem)

    # --- beyond drawing ---

    async def upscale(self, image_bytes: bytes, http: "Http", how: Upscale | None = None) -> Images:
        """Return the picture enlarged. Raises ServiceError; kind `invalid_request` for an unknown upscaler."""
        self._require()
        task = f"task(fluxtui-{uuid.uuid4().hex})"
        payload = (how or Upscale()).payload(image_bytes)
        with self._machines.free(task) as machine:
            reply = await self._post(machine, "/sdapi/v1/extra-single-image", payload, http)
            return a1111_answers.picture(reply)

    async def options(self, http: "Http") -> MachineOptions:
        """Return what can be chosen: what all machines that answer have in common. Raises ServiceError."""
        self._require()
        found: list[MachineOptions] = []
        trouble: ServiceError | None = None
        for machine in self._machines.all:
            try:
                found.append(await self._installed(machine, http))
            except ServiceError as error:
                trouble = error
        if not found:
            raise trouble if trouble is not None else failures.unconfigured(SERVICE, (VARIABLE,))
        return a1111_options.common(found)

    def drawing(self) -> tuple[str, ...]:
        """Return the tasks that this process has on the machines now, for `progress`."""
        return self._machines.tasks()

    async def progress(self, task: str, http: "Http") -> Pending | None:
        """Return how far a task is; None when it is not on a machine, or the machine runs without its web UI.

        Raises ServiceError.
        """
        machine = self._machines.drawing(task)
        if machine is None:
            return None
        body: JsonObject = {"id_task": task, "id_live_preview": -1, "live_preview": False}
        reply = await http.send(
            "POST",
            f"{machine.base}/internal/progress",
            headers=self._headers(),
            json=body,
            timeout=_ASKING_TIMEOUT,
            max_bytes=_LIST_BYTES,
            paid=False,
        )
        answer = documents.answer(reply.body)
        known = 200 <= reply.status < 300
        reply.release()
        if not known:
            return None
        share, text = answer.get("progress"), answer.get("textinfo")
        # Before the number of pictures is known, the share can be odd.
        share = min(max(float(share), 0.0), 1.0) if isinstance(share, int | float) else None
        stage = "queued" if answer.get("queued") else "drawing" if answer.get("active") else None
        return Pending(share, str(text)[:60] if text else stage)

    # --- one machine ---

    def _require(self) -> None:
        if names := missing(self._settings):
            raise failures.unconfigured(SERVICE, names)

    def _headers(self) -> dict[str, str]:
        """Return the password unasked: A1111 refuses without saying that it wants one."""
        if self._settings.api_auth is None:
            return {}
        pair = base64.b64encode(key_text(self._settings.api_auth).encode()).decode("ascii")
        return {"authorization": f"Basic {pair}"}

    async def _suited(
        self, payload: JsonObject, machine: Machine, http: "Http"
    ) -> tuple[JsonObject, tuple[Adaptation, ...]]:
        """Return the payload as this machine takes it; it is only asked what it is where that matters."""
        if not payload.get("enable_hr") and not any(name in payload for name in a1111_requests.FORGE_ONLY):
            return payload, ()
        if await self._is_forge(machine, http):
            return a1111_requests.for_forge(payload), ()
        return a1111_requests.without_forge(payload)

    async def _is_forge(self, machine: Machine, http: "Http") -> bool:
        """Return whether the machine is a Forge: only those list modules. Raises ServiceError."""
        if machine.forge is None:
            reply = await self._ask(machine, "/sdapi/v1/sd-modules", http)
            if reply.status not in (200, 404):
                raise a1111_errors.failed(reply)
            machine.forge = reply.status == 200
            reply.release()
        return machine.forge

    async def _identified(self, machine: Machine, http: "Http") -> str:
        """Return what the machine is and what it has loaded. Raises ServiceError."""
        reply = await self._get(machine, "/sdapi/v1/options", http)
        settings = documents.answer(reply.body)
        if not settings:
            raise a1111_errors.no_api(reply)
        reply.release()
        machine.forge = "forge_additional_modules" in settings
        loaded = settings.get("sd_model_checkpoint")
        return f"{'Forge' if machine.forge else 'A1111'} with {loaded or 'no checkpoint'}"

    async def _installed(self, machine: Machine, http: "Http") -> MachineOptions:
        answers: list[Any] = []
        for name in a1111_options.LISTS:
            reply = await self._ask(machine, f"/sdapi/v1/{name}", http)
            if reply.status == 404 and name in a1111_options.OPTIONAL:
                reply.release()
                answers.append([])
                continue
            if not 200 <= reply.status < 300:
                raise a1111_errors.failed(reply)
            if (answer := a1111_options.listed(reply)) is None:
                raise a1111_errors.no_api(reply)
            answers.append(answer)
        return a1111_options.read(answers, forge=bool(machine.forge))

    async def _post(self, machine: Machine, path: str, payload: JsonObject, http: "Http") -> "Reply":
        reply = await http.send(
            "POST",
            f"{machine.base}{path}",
            headers=self._headers(),
            json=payload,
            timeout=_DRAWING_TIMEOUT,
            max_bytes=_ANSWER_BYTES,
            paid=True,
        )
        if not 200 <= reply.status < 300:
            raise a1111_errors.failed(reply)
        return reply

    async def _ask(self, machine: Machine, path: str, http: "Http") -> "Reply":
        """Ask a question that draws nothing. Raises ServiceError, of which the request may be sent again."""
        return await http.send(
            "GET",
            f"{machine.base}{path}",
            headers=self._headers(),
            timeout=_ASKING_TIMEOUT,
            max_bytes=_LIST_BYTES,
            paid=True,  # a failure here has to count as "not drawn", never as "accepted"
        )

    async def _get(self, machine: Machine, path: str, http: "Http") -> "Reply":
        reply = await self._ask(machine, path, http)
        if not 200 <= reply.status < 300:
            raise a1111_errors.failed(reply)
        return reply
