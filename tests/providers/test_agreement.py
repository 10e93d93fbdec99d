"""What a provider says beforehand is what comes back: for every service and model that there is, in the sandbox.

A service that joins the registry is tried here without another line. What is particular to one is tried
beside its own tests.
"""

import asyncio
import base64
import io
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from fluxtui import sandbox
from fluxtui.domain.problems import Acceptance, ProblemKind, ServiceError
from fluxtui.domain.request import Adaptation, Assessment, Change, ImageRequest
from fluxtui.domain.size import Size
from fluxtui.domain.values import JsonValue
from fluxtui.providers import registry
from fluxtui.providers.base import CheckState, Images, Provider
from fluxtui.providers.facts import Describing
from fluxtui.providers.http import Http, open_client
from fluxtui.sandbox.bfl_finetunes import FINETUNE_ID
from fluxtui.sandbox.faults import Faults
from tests.providers.drawing import Drawn, draw


def made(provider_id: str, **more: str) -> Provider:
    module = registry.load(provider_id)
    return module.make(module.SETTINGS.model_validate({**sandbox.environment(), **more}))


AZURE = {"AZURE_FLUX_ENDPOINT": sandbox.IN_PROCESS["azure"], "AZURE_FLUX_DEPLOYMENT": "FLUX.2-pro"}
PROVIDERS: Mapping[str, Provider] = {
    **{entry.id: made(entry.id) for entry in registry.entries()},
    "azure-flux by the provider route": made("azure-flux", **AZURE),
}
CHOICES = [(name, model) for name, provider in PROVIDERS.items() for model in provider.models()]
PARTICULAR = [(name, model) for name, model in CHOICES if name.startswith(("bfl", "azure-flux"))]


def reference(size: tuple[int, int]) -> str:
    file = io.BytesIO()
    Image.new("RGB", size, (20, 90, 160)).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


REFERENCES = (reference((64, 48)), reference((256, 256)))


def agree(provider: Provider, request: ImageRequest, promised: Assessment, drawn: Drawn) -> None:
    """Hold what was promised against what came."""
    adapted = {adaptation.parameter: adaptation for adaptation in promised.adaptations}
    if promised.impossible is not None:
        assert isinstance(drawn.answer, ServiceError)
        assert drawn.answer.acceptance is Acceptance.NO
        assert drawn.ledger.submissions == []
        return
    if isinstance(drawn.answer, ServiceError) and drawn.answer.problem.kind is ProblemKind.NOT_FOUND:
        assert any("was retired" in note for note in promised.notes)
        return
    assert isinstance(drawn.answer, Images), drawn.answer
    assert drawn.ledger.summary()["violations"] == 0
    (submission,) = drawn.ledger.submissions
    most = provider.max_count(request.model)
    assert len(drawn.pictures) == min(request.count, most)
    assert ("n" in adapted) == (request.count > most)
    if request.seed is not None and "seed" not in adapted:
        assert drawn.pictures[0][2].seed in (None, request.seed)  # of several the others may count on from it
    for size, image_format, _ in drawn.pictures:
        assert promised.expected_size in (None, size)
        if request.size is not None and not adapted.keys() & {"size", "aspect_ratio"}:
            assert size == request.size
        if request.output_format is not None:
            assert image_format == format_of(request.output_format, adapted.get("output_format"), image_format)
    if promised.price.known:
        assert promised.price.low <= submission.cost_micros <= promised.price.high


def format_of(asked: str, told: Adaptation | None, came: str) -> str:
    """Return the format that was promised; `came` where it was left to the service."""
    if told is not None and told.change is Change.DROPPED:
        return came
    return str(asked if told is None else told.given).lower().replace("jpg", "jpeg")


SIMPLE = ImageRequest("", "a fox", parameters={"finetune_id": FINETUNE_ID})
DEMANDING = replace(
    SIMPLE,
    negative_prompt="blur",
    size=Size(1000, 700),
    steps=200,
    guidance=50.0,
    seed=11,
    count=3,
    output_format="webp",
)
REQUESTS = {
    "simple": SIMPLE,
    "sized": replace(SIMPLE, size=Size(768, 768), seed=3),
    "demanding": DEMANDING,
    "with references": replace(SIMPLE, references=REFERENCES, size=Size(1024, 512)),
}


@pytest.mark.parametrize("name", PROVIDERS)
@pytest.mark.parametrize("kind", REQUESTS)
def test_every_model_does_what_was_said(name: str, kind: str) -> None:
    provider = PROVIDERS[name]
    for model in provider.models():
        request = replace(REQUESTS[kind], model=model)
        agree(provider, request, provider.assess(request), asyncio.run(draw(provider, request, historic=True)))


@pytest.mark.parametrize("name", PROVIDERS)
def test_what_is_listed_is_what_is_honoured(name: str) -> None:
    provider = PROVIDERS[name]
    assert isinstance(provider, Describing)
    asked = replace(DEMANDING, references=REFERENCES)
    for model in provider.models():
        listed = provider.facts(model)
        told = {a.parameter: a.change for a in provider.assess(replace(asked, model=model)).adaptations}
        assert listed.abilities is not None
        for parameter in ("seed", "negative_prompt", "steps", "guidance"):
            honoured = told.get(parameter) is not Change.DROPPED
            assert getattr(listed.abilities, parameter) == honoured, (model, parameter)
        assert listed.max_pictures == provider.max_count(model)
        assert listed.abilities.count == (listed.max_pictures > 1)
        if "references" in told:
            assert listed.abilities.references < len(REFERENCES)


@pytest.mark.parametrize("name", PROVIDERS)
async def test_a_check_costs_nothing(name: str) -> None:
    simulated = sandbox.Sandbox(faults=Faults.none())
    client = open_client(sandbox.transport(simulated))
    result = await PROVIDERS[name].check(Http(client))
    await client.aclose()
    assert result.state in (CheckState.OK, CheckState.UNKNOWN)
    assert simulated.ledger.submissions == []


VALUES = st.one_of(
    st.booleans(),
    st.integers(-2, 30),
    st.floats(-1, 30).map(lambda number: round(number, 2)),
    st.sampled_from(["3", "high", "1k", "16:9", "7:9", "wide", "odd"]),
)
NAMES = [
    "safety_tolerance", "prompt_upsampling", "raw", "image_prompt_strength", "aspect_ratio", "resolution", "version",
    "transparent_bg", "disable_pup", "grounding", "interval", "quality", "mode", "odd",
]  # fmt: skip
ANYTHING = st.builds(
    ImageRequest,
    model=st.just(""),
    prompt=st.just("a fox"),
    negative_prompt=st.none() | st.just("blur"),
    size=st.none() | st.builds(Size, st.integers(1, 3000), st.integers(1, 3000)),
    steps=st.none() | st.integers(-1, 60),
    guidance=st.none() | st.floats(0, 40).map(lambda number: round(number, 2)),
    seed=st.none() | st.integers(0, 2**31 - 1),
    count=st.integers(1, 4),
    output_format=st.none() | st.sampled_from(["png", "jpg", "jpeg", "webp"]),
    parameters=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=3).map(
        lambda found: dict[str, JsonValue]({**found, "finetune_id": FINETUNE_ID})
    ),
    references=st.lists(st.sampled_from(REFERENCES), max_size=3).map(tuple),
)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(PARTICULAR), ANYTHING)
def test_whatever_is_asked_is_done_as_said(choice: tuple[str, str], request: ImageRequest) -> None:
    provider = PROVIDERS[choice[0]]
    request = replace(request, model=choice[1])
    agree(provider, request, provider.assess(request), asyncio.run(draw(provider, request, historic=True)))
