"""One request, lived through in the sandbox as a lane lives it, and what came of it."""

import asyncio
import base64
import io
from dataclasses import dataclass
from typing import Any

from PIL import Image

from fluxtui import sandbox
from fluxtui.domain.jobs import ImageFacts, Pending, Refusal
from fluxtui.domain.problems import ServiceError
from fluxtui.domain.request import ImageRequest
from fluxtui.domain.size import Size
from fluxtui.providers.base import Accepted, EncodedImage, Images, LinkedImage, Provider
from fluxtui.providers.http import Http, open_client
from fluxtui.sandbox.faults import Faults
from fluxtui.sandbox.ledger import Ledger


@dataclass
class Drawn:
    """What came of one request: the answer, its pictures as they are, and the sandbox's own book."""

    answer: Images | Refusal | ServiceError
    pictures: list[tuple[Size, str, ImageFacts]]
    ledger: Ledger


async def draw(provider: Provider, request: ImageRequest, **faults: Any) -> Drawn:
    """Live one request as a lane would: submit, collect until there is an answer, fetch."""
    simulated = sandbox.Sandbox(faults=Faults.none(**{"picture_bytes": 2500, **faults}))
    client = open_client(sandbox.transport(simulated))
    http = Http(client)
    try:
        answer: object = await provider.submit(request, http)
        async with asyncio.timeout(30):
            if isinstance(answer, Accepted):
                ticket = answer.ticket
                answer = Pending()
                while isinstance(answer, Pending):
                    await asyncio.sleep(0)
                    answer = await provider.collect(ticket, http)
        assert isinstance(answer, Images | Refusal)
        pictures = [await _seen(item, http) for item in answer.items] if isinstance(answer, Images) else []
        return Drawn(answer, pictures, simulated.ledger)
    except ServiceError as error:
        return Drawn(error, [], simulated.ledger)
    finally:
        await client.aclose()


async def _seen(item: EncodedImage | LinkedImage, http: Http) -> tuple[Size, str, ImageFacts]:
    """Return a picture's own size and format, and what the service said about it."""
    if isinstance(item, EncodedImage):
        data = base64.b64decode(bytes(item.base64))
    else:
        data = (await http.download(item.url, max_bytes=10_000_000, timeout=10)).body
    with Image.open(io.BytesIO(data)) as image:
        return Size(*image.size), str(image.format).lower(), item.facts
