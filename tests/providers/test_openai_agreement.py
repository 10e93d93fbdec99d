"""What openai and azure-openai promise of a request is what the simulated service then really does.

For every model of the catalog: nothing that was called possible is rejected, nothing that was called
impossible is sent, and size, format, number and money are as foretold.
"""

import asyncio
import base64
import io
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from fluxtui import sandbox
from fluxtui.domain.jobs import Refusal
from fluxtui.domain.problems import Acceptance, ServiceError
from fluxtui.domain.request import Assessment, Change, ImageRequest
from fluxtui.domain.size import Size
from fluxtui.providers import azure_openai, openai
from fluxtui.providers.base import EncodedImage, Images, Provider
from fluxtui.providers.http import Http, open_client
from fluxtui.sandbox.faults import Faults

SETTINGS = sandbox.environment(sandbox.IN_PROCESS)
PROVIDERS: tuple[Provider, ...] = (
    openai.make(openai.SETTINGS.model_validate(SETTINGS)),
    azure_openai.make(azure_openai.SETTINGS.model_validate(SETTINGS)),
    azure_openai.make(
        azure_openai.SETTINGS.model_validate(
            {**SETTINGS, "AZURE_OPENAI_ENDPOINT": f"{SETTINGS['AZURE_OPENAI_ENDPOINT']}/openai/v1"}
        )
    ),
)
CHOICES = [(provider, model) for provider in PROVIDERS for model in provider.models()]


def reference(kind: str) -> str:
    file = io.BytesIO()
    Image.new("RGB", (64, 48), (20, 90, 160)).save(file, kind)
    return base64.b64encode(file.getvalue()).decode()


REFERENCES = tuple(reference(kind) for kind in ("PNG", "JPEG", "WEBP"))
PARAMETERS = st.fixed_dictionaries(
    {},
    optional={
        "quality": st.sampled_from(["auto", "low", "medium", "high", "xhigh", "max", "standard", "hd", "HD"]),
        "background": st.sampled_from(["auto", "transparent", "opaque"]),
        "output_compression": st.integers(-10, 120),
        "moderation": st.sampled_from(["auto", "low"]),
        "style": st.sampled_from(["vivid", "natural"]),
        "complexity": st.sampled_from(["low", "high"]),
        "input_fidelity": st.sampled_from(["low", "high"]),
        "safety_identifier": st.just("somebody"),
        "aspect_ratio": st.sampled_from(["16:9", "1:5", "wide"]),
        "odd": st.integers(),
    },
)
REQUESTS = st.builds(
    ImageRequest,
    model=st.just(""),
    prompt=st.text(st.characters(codec="utf-8", exclude_characters="["), min_size=1, max_size=60).filter(str.strip),
    negative_prompt=st.none() | st.just("blur"),
    size=st.none() | st.builds(Size, st.integers(1, 5000), st.integers(1, 5000)),
    steps=st.none() | st.integers(1, 50),
    guidance=st.none() | st.floats(0, 20),
    seed=st.none() | st.integers(0, 2**40),
    count=st.integers(1, 12),
    output_format=st.none() | st.sampled_from(["png", "jpeg", "jpg", "webp", "gif"]),
    parameters=PARAMETERS,
    references=st.sampled_from([0, 0, 1, 2, 18]).map(lambda count: (REFERENCES * 6)[:count]),
)


async def drawn(provider: Provider, request: ImageRequest) -> tuple[Images | Refusal | ServiceError, dict[str, Any]]:
    """Return the answer and what the service wrote down of it."""
    service = sandbox.Sandbox(faults=Faults.none(historic=True, picture_bytes=1024))
    client = open_client(sandbox.transport(service))
    answer: Any
    try:
        answer = await provider.submit(request, Http(client))
    except ServiceError as error:
        answer = error
    finally:
        await client.aclose()
    records: Any = service.ledger.full()["records"]
    assert len(records) <= 1
    return answer, records[0] if records else {}


@settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(CHOICES), REQUESTS)
def test_what_is_promised_is_what_is_done(choice: tuple[Provider, str], request: ImageRequest) -> None:
    provider, model = choice
    request = replace(request, model=model)
    promised = provider.assess(request)
    answer, record = asyncio.run(drawn(provider, request))
    if promised.impossible is not None:
        assert isinstance(answer, ServiceError)
        assert (answer.acceptance, record) == (Acceptance.NO, {})
        return
    assert isinstance(answer, Images), answer
    pictures = [opened(item) for item in answer.items]
    assert len(pictures) == min(request.count, provider.max_count(model))
    for picture in pictures:
        if promised.expected_size is not None:
            assert picture.size == (promised.expected_size.width, promised.expected_size.height)
        assert picture.format == format_of(request, promised)
    assert not answer.adaptations
    money_is_as_foretold(promised, answer, record)


def opened(item: object) -> Image.Image:
    assert isinstance(item, EncodedImage)
    return Image.open(io.BytesIO(base64.b64decode(item.base64)))


def format_of(request: ImageRequest, promised: Assessment) -> str:
    """Return the format that the picture must have: as asked, or as the adaptation says."""
    told = {a.parameter: a for a in promised.adaptations}.get("output_format")
    if told is None:
        return (request.output_format or "png").upper().replace("JPG", "JPEG")
    return "PNG" if told.change is Change.DROPPED else str(told.given).upper()


def money_is_as_foretold(promised: Assessment, answer: Images, record: dict[str, Any]) -> None:
    cost = record["cost_micros"]
    assert promised.price.known
    assert cost <= promised.price.high
    if promised.price.low < promised.price.high:
        assert promised.price.low <= cost
    if answer.bill is not None:
        assert abs(answer.bill.amount - cost) <= 1
    else:
        assert (promised.price.low, promised.price.high) == (cost, cost)
