"""Each provider against the simulated service, from submission to picture."""

import asyncio
import base64

import pytest

from fluxtui import sandbox
from fluxtui.domain.imagefile import sniff
from fluxtui.domain.jobs import Pending
from fluxtui.domain.request import ImageRequest
from fluxtui.domain.size import Size
from fluxtui.providers import registry
from fluxtui.providers.base import Accepted, CheckState, EncodedImage, Images
from fluxtui.providers.http import Http, open_client
from fluxtui.sandbox.faults import Faults


@pytest.mark.parametrize(
    ("provider_id", "model"),
    [
        ("bfl", "flux-dev"),
        ("bfl", "flux-pro-1.1-ultra"),
        ("bfl", "flux-2-klein-4b"),
        ("bfl", "flux-3-image"),
        ("azure-flux", "FLUX-1.1-pro"),
        ("openai", "gpt-image-2.5-flare"),
        ("openai", "gpt-image-1.5"),
        ("azure-openai", "gpt-image-2"),
    ],
)
async def test_from_request_to_picture(provider_id: str, model: str) -> None:
    module = registry.load(provider_id)
    provider = module.make(module.SETTINGS.model_validate(sandbox.environment(sandbox.IN_PROCESS)))
    client = open_client(sandbox.transport(sandbox.Sandbox(faults=Faults.none())))
    http = Http(client)
    assert (await provider.check(http)).state in (CheckState.OK, CheckState.UNKNOWN)
    request = ImageRequest(model, "a fox", size=Size(512, 512), seed=3, output_format="png")
    answer: object = await provider.submit(request, http)
    async with asyncio.timeout(30):
        if isinstance(answer, Accepted):
            ticket = answer.ticket
            answer = Pending()
            while isinstance(answer, Pending):
                await asyncio.sleep(0.05)
                answer = await provider.collect(ticket, http)
    assert isinstance(answer, Images)
    (item,) = answer.items
    if isinstance(item, EncodedImage):
        data = base64.b64decode(bytes(item.base64))
    else:
        data = (await http.download(item.url, max_bytes=10_000_000, timeout=10)).body
    assert sniff(data) is not None
    await client.aclose()
