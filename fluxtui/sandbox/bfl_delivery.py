"""BFL's delivery hosts: signed links that live ten minutes and want no key."""

import hashlib
import uuid
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

from fluxtui.sandbox.bfl_tasks import Task, TaskBook
from fluxtui.sandbox.markers import Markers
from fluxtui.sandbox.messages import SandboxRequest, SandboxResponse, html_response
from fluxtui.sandbox.pictures import bomb, endless, spoiled
from fluxtui.sandbox.world import World

KEY_HEADERS = ("x-key", "authorization", "api-key", "x-api-key", "ocp-apim-subscription-key")
_HOUR_LONG = "flux-3-image"


class Delivery:
    """Answers at the delivery host. Anything that looks like a key is a violation, and is told so."""

    def __init__(self, world: World, tasks: TaskBook) -> None:
        self._world = world
        self._tasks = tasks

    def url(self, task: Task) -> str:
        """Return the signed link of a finished task: the same one every time."""
        expires = datetime.fromtimestamp(int(task.ended + self._life(task)), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        path = f"/results/{task.id[:2]}/{uuid.UUID(task.id).hex}/sample.{task.picture.format}"
        query = {
            "se": expires,
            "sp": "r",
            "sv": "2024-11-04",
            "sr": "b",
            "rsct": task.picture.content_type,
            "sig": _signature(path, expires),
        }
        return f"{self._world.bases['bfl-delivery']}{path}?{urlencode(query, quote_via=quote, safe='/')}"

    def _life(self, task: Task) -> float:
        life = self._world.faults.of("bfl").expiry
        return life * 6 if task.endpoint == _HOUR_LONG else life

    async def handle(self, request: SandboxRequest) -> SandboxResponse:
        keys = [name for name in KEY_HEADERS if name in request.headers]
        if keys:
            what = f"the header {keys[0]} was sent to a delivery host"
            self._world.ledger.violation("bfl", what, self._world.clock())
            return _xml(400, "InvalidHeaderValue", f"The sandbox refuses this: {what}.")
        if request.method not in ("GET", "HEAD"):
            return _xml(405, "UnsupportedHttpVerb", "The resource doesn't support specified Http Verb.")
        task = self._task(request.path)
        if task is None or task.status(self._world.clock())[0] != "Ready":
            return _xml(404, "BlobNotFound", "The specified blob does not exist.")
        if request.query.get("sig") != _signature(request.path, request.query.get("se", "")):
            return _xml(403, "AuthenticationFailed", "Server failed to authenticate the request.")
        if self._world.clock() >= task.ended + self._life(task):
            return _xml(403, "AuthenticationFailed", "Signature not valid in the specified time frame.")
        return await self._picture(task, request.method)

    def _task(self, path: str) -> Task | None:
        parts = path.split("/")
        try:
            return self._tasks.get(str(uuid.UUID(parts[3]))) if len(parts) == 5 and parts[1] == "results" else None
        except ValueError:
            return None

    async def _picture(self, task: Task, method: str) -> SandboxResponse:
        markers = Markers(task.picture.prompt)
        headers = {"content-type": task.picture.content_type, "x-ms-request-id": str(uuid.uuid4())}
        match spoiled(markers):
            case "html":
                return html_response(200)
            case "huge":
                return SandboxResponse(200, headers, endless())
            case "bomb":
                return SandboxResponse(200, headers, bomb())
        faults = self._world.faults.of("bfl")
        picture = await self._world.pictures.make(task.picture, faults.picture_bytes, as_jpeg="jpeg" in markers)
        if method == "HEAD":
            return SandboxResponse(200, {**headers, "content-length": str(len(picture))})
        task.downloads += 1
        cut = task.downloads <= markers.times("cut")
        cut = cut or faults.roll("cut", task.fingerprint, task.downloads) < faults.cut_downloads
        return SandboxResponse(
            200,
            headers,
            picture,
            cut_after=len(picture) // 2 if cut else None,
            on_sent=lambda: self._world.ledger.collected(task.id, self._world.clock()),
        )


def _signature(path: str, expires: str) -> str:
    return hashlib.sha256(f"sandbox {path} {expires}".encode()).hexdigest()[:44]


def _xml(status: int, code: str, message: str) -> SandboxResponse:
    text = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return SandboxResponse(status, {"content-type": "application/xml", "x-ms-error-code": code}, text.encode())
