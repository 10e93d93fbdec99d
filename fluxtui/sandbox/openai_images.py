"""Finished pictures in the words of OpenAI's API: one JSON answer, or a stream of events with partial pictures.

Azure OpenAI speaks the same words and adds its filters' findings to every picture.
"""

import asyncio
import base64
import io
import json
from collections.abc import Callable, Iterator

from fluxtui.domain.values import JsonObject, JsonValue
from fluxtui.sandbox.desk import Accepted, Desk, Order
from fluxtui.sandbox.links import Links
from fluxtui.sandbox.markers import without_markers
from fluxtui.sandbox.messages import SandboxResponse, html_response, json_response
from fluxtui.sandbox.openai_requests import Asked
from fluxtui.sandbox.pictures import PictureSpec, endless
from fluxtui.sandbox.world import World

SSE_HEADERS = {"content-type": "text/event-stream; charset=utf-8"}
_HUGE_HEAD = b'{"created":0,"data":[{"b64_json":"'


def order_of(asked: Asked, service: str, name: str, key: str, version: str = "") -> Order:
    """Return the order; `name` is the model's, or the deployment's."""
    by_link = asked.model.is_dalle and asked.response_format == "url"
    return Order(
        identity=asked.identity(service, name),
        key=key,
        cost_micros=asked.cost_micros,
        pictures=asked.count,
        weight=asked.count + len(asked.references),
        version=version,
        keep=Links.work(_spec(asked, service, 0)) if by_link else None,
    )


def _spec(asked: Asked, service: str, seed: int) -> PictureSpec:
    painter = f"{service}/{asked.model.name}"
    return PictureSpec(painter, asked.prompt, seed, asked.width, asked.height, asked.format)


def refuses_picture(accepted: Accepted) -> str:
    """Return the spelling in which a marker wants a finished picture refused."""
    return accepted.order.markers.value("content-moderate")


class Finisher:
    """Turns accepted orders into answers. `findings` are added to every picture."""

    def __init__(self, world: World, desk: Desk, links: Links, findings: Callable[[], JsonObject] = dict) -> None:
        self._world = world
        self._desk = desk
        self._links = links
        self._findings = findings

    async def finish(self, asked: Asked, accepted: Accepted, service: str) -> SandboxResponse:
        """Return the answer to an order that was made and may be shown."""
        markers = accepted.order.markers
        specs = [_spec(asked, service, accepted.seed + number) for number in range(asked.count)]
        if asked.model.is_dalle and asked.response_format == "url" and "no-image" not in markers:
            return self._desk.hand_out(self._link(asked, accepted, specs[0]), accepted, collected=False)
        if "html" in markers:
            return html_response(200)
        if "huge" in markers:
            return SandboxResponse(200, {"content-type": "application/json"}, endless(_HUGE_HEAD, b"A" * 65_536))
        made = [] if "no-image" in markers else await self._desk.make(specs, accepted)
        if asked.background == "transparent" and self._desk.faults.picture_bytes is None and "bomb" not in markers:
            made = [await asyncio.to_thread(_cut_out, data) for data in made]
        encoded = [base64.b64encode(data).decode("ascii") for data in made]
        if asked.stream:
            answer = SandboxResponse(200, dict(SSE_HEADERS), b"".join(self._events(asked, encoded)))
        else:
            answer = json_response(200, self._body(asked, encoded))
        return self._desk.hand_out(answer, accepted)

    def _link(self, asked: Asked, accepted: Accepted, spec: PictureSpec) -> SandboxResponse:
        picture: JsonObject = {"revised_prompt": _revised(asked.prompt), "url": self._links.add(accepted, spec)}
        data: list[JsonValue] = [{**picture, **self._findings()}]
        return json_response(200, {"created": int(self._world.clock()), "data": data})

    def _body(self, asked: Asked, encoded: list[str]) -> JsonObject:
        created = int(self._world.clock())
        if asked.model.is_dalle:
            revised = _revised(asked.prompt)
            old: list[JsonValue] = [
                {"revised_prompt": revised, "b64_json": text, **self._findings()} for text in encoded
            ]
            return {"created": created, "data": old}
        data: list[JsonValue] = [{"b64_json": text, **self._findings()} for text in encoded]
        return {"created": created, **self._resolved(asked), "data": data, "usage": asked.usage()}

    def _resolved(self, asked: Asked) -> JsonObject:
        """Return what `auto` became; the word itself never appears in an answer."""
        resolved: JsonObject = {
            "background": asked.background,
            "output_format": asked.format,
            "quality": asked.quality,
            "size": asked.size,
        }
        if asked.safety_identifier:
            resolved["safety_identifier"] = asked.safety_identifier
        return resolved

    def _events(self, asked: Asked, encoded: list[str]) -> Iterator[bytes]:
        name = "image_edit" if asked.edits else "image_generation"
        created = int(self._world.clock())
        shared: JsonObject = {"created_at": created, **self._resolved(asked)}
        for text in encoded:
            for number in range(asked.partials_sent):
                kind = f"{name}.partial_image"
                yield event(kind, {"type": kind, "partial_image_index": number, "b64_json": text, **shared})
            kind = f"{name}.completed"
            yield event(kind, {"type": kind, "b64_json": text, **shared, "usage": asked.usage()})


def event(name: str, data: JsonObject) -> bytes:
    """Return one server-sent event."""
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"event: {name}\ndata: {body}\n\n".encode()


def _revised(prompt: str) -> str:
    plain = without_markers(prompt).rstrip(". ")
    return f"{plain}, rendered in vivid detail with careful attention to light, texture and composition."


def _cut_out(data: bytes) -> bytes:
    """Return the picture with a transparent surrounding. Blocks: call it in a thread."""
    from PIL import Image, ImageDraw

    with Image.open(io.BytesIO(data)) as image:
        kind, picture = str(image.format), image.convert("RGBA")
    mask = Image.new("L", picture.size, 0)
    width, height = picture.size
    ImageDraw.Draw(mask).ellipse((width * 0.06, height * 0.06, width * 0.94, height * 0.94), fill=255)
    picture.putalpha(mask)
    file = io.BytesIO()
    if kind == "WEBP":
        picture.save(file, "webp", quality=82, method=0)
    else:
        picture.save(file, "png", compress_level=1)
    return file.getvalue()
