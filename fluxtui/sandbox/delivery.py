"""Delivery hosts: they hand out files by unguessable links, and want no key."""

import hashlib
from collections import Counter

from fluxtui.sandbox.darkroom import black_frame
from fluxtui.sandbox.markers import Markers
from fluxtui.sandbox.messages import SandboxRequest, SandboxResponse, html_response
from fluxtui.sandbox.pictures import PictureSpec, bomb, endless, spoiled
from fluxtui.sandbox.world import World

KEY_HEADERS = ("x-key", "authorization", "api-key", "x-api-key", "x-goog-api-key", "ocp-apim-subscription-key")


class DeliveryHost:
    """What the delivery hosts of all services have in common."""

    def __init__(self, world: World, service: str) -> None:
        self._world = world
        self._service = service
        self._downloads: Counter[str] = Counter()

    def note_keys(self, request: SandboxRequest) -> None:
        """Write down every header that looks like a key."""
        for name in KEY_HEADERS:
            if name in request.headers:
                what = f"the header {name} was sent to a delivery host"
                self._world.ledger.violation(self._service, what, self._world.clock())

    async def send(
        self,
        request: SandboxRequest,
        submission_id: str,
        fingerprint: str,
        spec: PictureSpec,
        *,
        black: bool = False,
    ) -> SandboxResponse:
        """Send one picture, or what its prompt's markers put in its place."""
        markers = Markers(spec.prompt)
        headers = {"content-type": spec.content_type}
        match spoiled(markers):
            case "html":
                return html_response(200)
            case "huge":
                return SandboxResponse(200, headers, endless())
            case "bomb":
                return SandboxResponse(200, headers, bomb())
        faults, world = self._world.faults.of(self._service), self._world
        if black:
            picture = await black_frame(spec)
        else:
            picture = await world.pictures.make(spec, faults.picture_bytes, as_jpeg="jpeg" in markers)
        if request.method == "HEAD":
            return SandboxResponse(200, {**headers, "content-length": str(len(picture))})
        self._downloads[request.path] += 1
        number = self._downloads[request.path]
        cut = number <= markers.times("cut") or faults.roll("cut", fingerprint, number) < faults.cut_downloads
        return SandboxResponse(
            200,
            headers,
            picture,
            cut_after=len(picture) // 2 if cut else None,
            on_sent=lambda: world.ledger.collected(submission_id, world.clock()),
        )


def token(*what: object) -> str:
    """Return what makes a link unguessable (32 characters)."""
    return hashlib.sha256(f"sandbox {' '.join(map(str, what))}".encode()).hexdigest()[:32]
