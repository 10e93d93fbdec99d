"""Azure's oldest image protocol: 202, an operation to ask after, a link to fetch from. FLUX never used it, clients
meet it all the same behind gateways."""

import hashlib
import uuid
from dataclasses import asdict, dataclass

from fluxtui.domain.values import JsonObject, JsonValue
from fluxtui.sandbox import azure_errors as errors
from fluxtui.sandbox.gate import PICTURE
from fluxtui.sandbox.markers import Markers
from fluxtui.sandbox.messages import SandboxRequest, SandboxResponse, html_response, json_response
from fluxtui.sandbox.pictures import PictureSpec, bomb, endless, spoiled
from fluxtui.sandbox.world import World

LINK_SECONDS = 24 * 3600
_KEY_HEADERS = ("api-key", "authorization", "x-key")


@dataclass(frozen=True, slots=True)
class Work:
    """One accepted request. Times in seconds, cost in US cents."""

    id: str
    created: float
    seconds: float
    outcome: str
    fingerprint: str
    pictures: tuple[PictureSpec, ...]
    cost: float
    input_mp: float
    image_api: bool
    operation: bool

    def as_json(self) -> JsonObject:
        return {**asdict(self), "pictures": [spec.as_json() for spec in self.pictures]}

    @classmethod
    def from_json(cls, data: JsonObject) -> "Work":
        specs = data["pictures"]
        assert isinstance(specs, list)
        pictures = tuple(PictureSpec(**spec) for spec in specs if isinstance(spec, dict))  # type: ignore[arg-type]
        return cls(**{**data, "pictures": pictures})  # type: ignore[arg-type]

    def link(self, number: int) -> str:
        """Return the unguessable path of one picture."""
        sign = hashlib.sha256(f"sandbox {self.id} {number}".encode()).hexdigest()[:32]
        return f"/private/images/{self.id}/{number}/{sign}/generated.{self.pictures[number].format}"


class Operations:
    """Operations under way or finished, by id."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._works: dict[str, Work] = {}

    def restore(self, work: JsonObject) -> None:
        restored = Work.from_json(work)
        if restored.operation:
            self._works[restored.id] = restored

    def begin(self, work: Work, api_version: str) -> SandboxResponse:
        """Answer 202 with where to ask for the outcome."""
        self._works[work.id] = work
        location = f"{self._world.bases['azure']}/openai/operations/images/{work.id}?api-version={api_version}"
        headers = {"operation-location": location, "retry-after": "1"}
        answer: JsonObject = {"id": work.id, "status": "notRunning"}
        return json_response(202, answer, headers, on_sent=lambda: self._world.ledger.answered(work.id))

    async def poll(self, operation_id: str, request: SandboxRequest) -> SandboxResponse:
        work = self._works.get(operation_id)
        if work is None or request.method != "GET":
            return errors.no_resource()
        faults = self._world.faults.of("azure-flux")
        if faults.poll_failures and faults.roll("poll", uuid.uuid4()) < faults.poll_failures:
            return errors.unavailable()
        now = self._world.clock()
        done = 1.0 if now >= work.created + work.seconds else (now - work.created) / work.seconds
        if done < 1:
            return json_response(200, {"id": work.id, "status": "notRunning" if done < 0.3 else "running"})
        ended = int(work.created + work.seconds)
        head: JsonObject = {"id": work.id, "created": int(work.created), "expires": ended + LINK_SECONDS}
        if work.outcome != PICTURE:
            message = "Generated image was filtered as a result of our safety system."
            failed: JsonObject = {"code": "contentFilter", "message": message}
            return json_response(200, {**head, "status": "failed", "error": failed})
        base = self._world.bases["azure-delivery"]
        links: list[JsonValue] = [{"url": f"{base}{work.link(number)}"} for number in range(len(work.pictures))]
        if "no-image" in Markers(work.pictures[0].prompt):
            links = []
        body: JsonObject = {**head, "status": "succeeded", "result": {"created": ended, "data": links}}
        return json_response(200, body, on_sent=lambda: self._world.ledger.delivered(work.id, now))

    async def deliver(self, request: SandboxRequest) -> SandboxResponse:
        """Answer at the host of the pictures: no key is wanted there, and sending one is a violation."""
        keys = [name for name in _KEY_HEADERS if name in request.headers]
        if keys:
            what = f"the header {keys[0]} was sent to a delivery host"
            self._world.ledger.violation("azure-flux", what, self._world.clock())
            return errors.invalid_value(None, f"The sandbox refuses this: {what}.")
        parts = request.path.split("/")
        work = self._works.get(parts[3]) if len(parts) == 7 else None
        number = int(parts[4]) if work is not None and parts[4].isdigit() else -1
        if work is None or not 0 <= number < len(work.pictures) or work.link(number) != request.path:
            return errors.no_resource()
        if self._world.clock() >= work.created + work.seconds + LINK_SECONDS:
            return SandboxResponse(403, {"x-ms-error-code": "AuthenticationFailed"})
        return await self._picture(work, work.pictures[number])

    async def _picture(self, work: Work, spec: PictureSpec) -> SandboxResponse:
        markers = Markers(spec.prompt)
        headers = {"content-type": spec.content_type}
        match spoiled(markers):
            case "html":
                return html_response(200)
            case "huge":
                return SandboxResponse(200, headers, endless())
            case "bomb":
                return SandboxResponse(200, headers, bomb())
        size = self._world.faults.of("azure-flux").picture_bytes
        picture = await self._world.pictures.make(spec, size, as_jpeg="jpeg" in markers)
        sent = self._world.ledger
        return SandboxResponse(200, headers, picture, on_sent=lambda: sent.collected(work.id, self._world.clock()))
