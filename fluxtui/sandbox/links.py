"""Links to pictures that wait at a delivery host, for the models that answer with one instead of the bytes."""

import hashlib
from dataclasses import dataclass

from fluxtui.domain.values import JsonObject
from fluxtui.sandbox.desk import Accepted, seed_of
from fluxtui.sandbox.markers import Markers
from fluxtui.sandbox.messages import SandboxRequest, SandboxResponse, html_response
from fluxtui.sandbox.pictures import PictureSpec, bomb, endless, spoiled
from fluxtui.sandbox.world import World

LIFE_SECONDS = 3600
_KEY_HEADERS = ("authorization", "api-key", "x-key", "x-goog-api-key")


@dataclass(frozen=True, slots=True)
class _Waiting:
    spec: PictureSpec
    created: float


class Links:
    """The pictures of one service that wait behind links, for an hour each."""

    def __init__(self, world: World, service: str, role: str) -> None:
        self._world = world
        self._service = service
        self._role = role
        self._waiting: dict[str, _Waiting] = {}

    @staticmethod
    def work(spec: PictureSpec) -> JsonObject:
        """Return what an order keeps of its picture, to be found again after a crash."""
        return {"spec": spec.as_json()}

    def restore(self, work: JsonObject) -> None:
        spec, created = work.get("spec"), work.get("created")
        if isinstance(spec, dict) and isinstance(created, int | float):
            order_id = str(work["id"])
            spec = {**spec, "seed": seed_of(order_id)}
            self._waiting[order_id] = _Waiting(PictureSpec(**spec), float(created))  # type: ignore[arg-type]

    def add(self, accepted: Accepted, spec: PictureSpec) -> str:
        """Return the link to the picture of an order."""
        self._waiting[accepted.id] = _Waiting(spec, self._world.clock())
        return f"{self._world.bases[self._role]}{_path(accepted.id)}"

    async def deliver(self, request: SandboxRequest) -> SandboxResponse:
        """Answer at the host of the pictures: no key is wanted there, and sending one is a violation."""
        keys = [name for name in _KEY_HEADERS if name in request.headers]
        if keys:
            what = f"the header {keys[0]} was sent to a delivery host"
            self._world.ledger.violation(self._service, what, self._world.clock())
            return SandboxResponse(400, {"x-ms-error-code": "InvalidAuthenticationInfo"})
        order_id = request.path.split("/")[2] if request.path.count("/") > 2 else ""
        waiting = self._waiting.get(order_id)
        if waiting is None or request.path != _path(order_id):
            return SandboxResponse(404, {"x-ms-error-code": "BlobNotFound"})
        if self._world.clock() >= waiting.created + LIFE_SECONDS:
            return SandboxResponse(403, {"x-ms-error-code": "AuthenticationFailed"})
        return await self._picture(order_id, waiting.spec)

    async def _picture(self, order_id: str, spec: PictureSpec) -> SandboxResponse:
        headers = {"content-type": spec.content_type}
        markers = Markers(spec.prompt)
        match spoiled(markers):
            case "html":
                return html_response(200)
            case "huge":
                return SandboxResponse(200, headers, endless())
            case "bomb":
                return SandboxResponse(200, headers, bomb())
        size = self._world.faults.of(self._service).picture_bytes
        data = await self._world.pictures.make(spec, size, as_jpeg="jpeg" in markers)
        ledger = self._world.ledger
        return SandboxResponse(200, headers, data, on_sent=lambda: ledger.collected(order_id, self._world.clock()))


def _path(order_id: str) -> str:
    """Return the unguessable path of the picture of an order."""
    sign = hashlib.sha256(f"sandbox link {order_id}".encode()).hexdigest()[:32]
    return f"/private/{order_id}/{sign}/img-generated.png"
