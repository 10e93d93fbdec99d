"""What is assessed is what is sent: one translation, checked against the catalog's rules and the wire."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fluxtui.domain.money import Micros, Price, usd
from fluxtui.domain.problems import ProblemKind, ServiceError
from fluxtui.domain.request import Assessment, Change, ImageRequest
from fluxtui.domain.size import Size
from fluxtui.domain.values import JsonObject
from fluxtui.providers import azure_flux, bfl, catalog
from fluxtui.providers.base import Provider
from fluxtui.providers.translation import Translation, assess, translate

from .wire import Wire

PICTURE = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"
BARE = PICTURE.partition(",")[2]
LINK = "https://example.com/fox.png"

BFL = catalog.service("bfl")


def ask(model: str, **more: Any) -> ImageRequest:
    return replace(ImageRequest(model, "a fox"), **more)


def translated(model: str, **more: Any) -> Translation:
    return translate(ask(model, **more), BFL.find(model))


def assessed(model: str, **more: Any) -> Assessment:
    return assess(ask(model, **more), BFL.find(model))


# --- properties ---

AZURE_IMAGE = "https://res.services.ai.azure.com/openai/deployments/FLUX-1.1-pro/images/generations?api-version=p"
AZURE_PROVIDER = "https://res.services.ai.azure.com/providers/blackforestlabs/v1/flux-2-pro?api-version=preview"


def azure(endpoint: str) -> Provider:
    settings = {"AZURE_FLUX_ENDPOINT": endpoint, "AZURE_FLUX_API_KEY": "azure-key-123"}
    return azure_flux.make(azure_flux.SETTINGS.model_validate(settings))


PROVIDERS: list[Provider] = [
    bfl.make(bfl.SETTINGS.model_validate({"BFL_FLUX_API_KEY": "bfl-key-123"})),
    azure(AZURE_IMAGE),
    azure(AZURE_PROVIDER),
]
CHOICES = [(provider, model) for provider in PROVIDERS for model in (*provider.models(), "something-new")]
PARAMETERS = st.dictionaries(
    st.sampled_from(
        ["safety_tolerance", "prompt_upsampling", "raw", "aspect_ratio", "resolution", "interval", "finetune_id", "odd"]
    ),
    st.one_of(st.none(), st.booleans(), st.integers(-5, 20), st.floats(-3, 20), st.sampled_from(["2", "16:9", "1k"])),
    max_size=4,
)
EXTRA = st.dictionaries(
    st.sampled_from(["width", "height", "size", "seed", "steps", "aspect_ratio", "model", "n", "odd"]),
    st.one_of(st.none(), st.integers(0, 3000), st.sampled_from(["16:9", "640x480", "auto"])),
    max_size=3,
)
REQUESTS = st.builds(
    ImageRequest,
    model=st.just(""),
    prompt=st.text(max_size=20),
    negative_prompt=st.none() | st.just("blur"),
    size=st.none() | st.builds(Size, st.integers(1, 5000), st.integers(1, 5000)),
    steps=st.none() | st.integers(-1, 200),
    guidance=st.none() | st.floats(0, 120),
    seed=st.none() | st.integers(-1, 2**63 - 1),
    count=st.integers(1, 4),
    output_format=st.none() | st.sampled_from(["png", "jpg", "jpeg", "webp", "gif"]),
    parameters=PARAMETERS,
    references=st.lists(st.sampled_from([PICTURE, BARE, LINK]), max_size=12).map(tuple),
    extra=EXTRA,
)


def sent(provider: Provider, request: ImageRequest) -> JsonObject | None:
    """Return the body that reaches the wire, None when nothing is sent."""
    wire = Wire([httpx.Response(200, json={"id": "1", "data": [{"b64_json": "aGVsbG8="}]})])
    try:
        asyncio.run(_submitted(provider, request, wire))
    except ServiceError:
        assert wire.requests == []
        return None
    body: JsonObject = wire.body
    return body


async def _submitted(provider: Provider, request: ImageRequest, wire: Wire) -> None:
    await provider.submit(request, wire.http)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(CHOICES), REQUESTS)
def test_the_assessment_is_what_is_sent(choice: tuple[Provider, str], request: ImageRequest) -> None:
    provider, model = choice
    request = replace(request, model=model)
    assessment = provider.assess(request)
    body = sent(provider, request)
    assert (body is None) == (assessment.impossible is not None)
    if body is None:
        return
    for name, value in request.extra.items():
        assert body[name] == value, "the user's word is final"
    adapted = {adaptation.parameter: adaptation for adaptation in assessment.adaptations}
    for name in ("seed", "steps", "guidance", "output_format"):
        asked, change = getattr(request, name), adapted.get(name)
        if asked is None or name in request.extra:
            assert change is None
        elif change is None:
            assert body[name] == ("jpeg" if asked == "jpg" and model != "something-new" else asked) or asked == "jpg"
        elif change.change is Change.DROPPED:
            assert name not in body
        else:
            assert body[name] == change.given != asked
    assert ("negative_prompt" in adapted) == (request.negative_prompt is not None)
    assert ("n" in adapted) == (request.count > 1 and "n" not in request.extra)
    _size_agrees(assessment, body, request)


def _size_agrees(assessment: Assessment, body: JsonObject, request: ImageRequest) -> None:
    width, height, size = body.get("width"), body.get("height"), body.get("size")
    expected = assessment.expected_size
    if isinstance(width, int) and isinstance(height, int) and width and height and expected is not None:
        assert str(expected) in (f"{width}x{height}", size)
    change = next((a for a in assessment.adaptations if a.parameter == "size"), None)
    if change is not None and change.change in (Change.BUCKETED, Change.CLAMPED) and expected is not None:
        assert change.given == str(expected)
    said = {"width", "height", "size", "aspect_ratio"} & request.extra.keys()
    if change is None and request.size is not None and not said:
        assert expected == request.size


@settings(deadline=None)
@given(st.sampled_from(CHOICES), REQUESTS)
def test_prices_are_ranges_that_make_sense(choice: tuple[Provider, str], request: ImageRequest) -> None:
    price = choice[0].assess(replace(request, model=choice[1])).price
    assert 0 <= price.low <= price.high
    assert price.known or price == Price.unknown()


# --- single rules ---


def test_a_plain_request_is_sent_as_it_is() -> None:
    found = translated("flux-dev", size=Size(1024, 768), steps=28, guidance=3.5, seed=7, output_format="jpg")
    assert found.payload == {
        "prompt": "a fox",
        "width": 1024,
        "height": 768,
        "steps": 28,
        "guidance": 3.5,
        "seed": 7,
        "output_format": "jpeg",
    }
    assert found.adaptations == ()


def test_what_is_not_asked_for_is_not_sent() -> None:
    assert translated("flux-pro-1.1").payload == {"prompt": "a fox"}
    assert assessed("flux-pro-1.1").expected_size == Size(1024, 768)
    assert assessed("flux-2-pro").expected_size == Size(1024, 1024)
    assert assessed("flux-2-pro", references=(PICTURE,)).expected_size is None


def test_a_negative_prompt_is_never_smuggled_into_the_prompt() -> None:
    found = translated("flux-2-pro", negative_prompt="blur")
    assert found.payload == {"prompt": "a fox"}
    (adaptation,) = found.adaptations
    assert (adaptation.parameter, adaptation.change, adaptation.asked) == ("negative_prompt", Change.DROPPED, "blur")


@pytest.mark.parametrize(
    ("given_value", "sent_value", "change"),
    [
        (2, 2, None),
        ("2", 2, None),
        (2.0, 2, None),
        (2.5, 2, Change.BUCKETED),
        (9, 6, Change.CLAMPED),
        (-1, 0, Change.CLAMPED),
    ],
)
def test_numbers_come_into_range(given_value: Any, sent_value: Any, change: Change | None) -> None:
    found = translated("flux-pro-1.1", parameters={"safety_tolerance": given_value})
    assert found.payload["safety_tolerance"] == sent_value
    assert [a.change for a in found.adaptations] == ([change] if change else [])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("safety_tolerance", "high"),
        ("safety_tolerance", True),
        ("safety_tolerance", float("inf")),
        ("prompt_upsampling", "maybe"),
        ("output_format", 7),
    ],
)
def test_a_value_of_the_wrong_kind_is_impossible(name: str, value: Any) -> None:
    found = translated("flux-pro-1.1", parameters={name: value})
    assert found.impossible is not None
    assert found.impossible.kind is ProblemKind.INVALID_REQUEST
    assert name in found.impossible.what
    with pytest.raises(ServiceError):
        found.ready()
    assert translated("flux-pro-1.1", parameters={name: value}, extra={name: 1}).impossible is None


def test_other_names_of_parameters_are_understood() -> None:
    assert translated("flux-dev", parameters={"guidance_scale": 2, "num_inference_steps": 9}).payload == {
        "prompt": "a fox",
        "guidance": 2,
        "steps": 9,
    }


def test_extra_goes_last_and_silences_what_it_overrides() -> None:
    found = translated("flux-3-image", seed=5, extra={"seed": 5, "anything": {"deep": [1]}})
    assert found.payload == {"prompt": "a fox", "seed": 5, "anything": {"deep": [1]}}
    assert found.adaptations == ()
    half = translated("flux-pro-1.1", size=Size(1000, 1000), extra={"width": 640})
    assert (half.payload["width"], half.payload["height"]) == (640, 992)
    assert [a.given for a in half.adaptations] == ["640x992"]
    assert half.expected_size == Size(640, 992)
    automatic = translated("flux-2-pro", extra={"width": 0, "height": 0})
    assert automatic.expected_size is None


def test_shapes_and_pixels_stand_in_for_each_other() -> None:
    ultra = translated("flux-pro-1.1-ultra", size=Size(1920, 1080))
    assert ultra.payload["aspect_ratio"] == "16:9"
    assert [(a.change, a.given) for a in ultra.adaptations] == [(Change.REWRITTEN, "16:9")]
    dev = translated("flux-dev", parameters={"aspect_ratio": "1:1"})
    assert dev.payload["width"] == dev.payload["height"] == 896
    assert [a.change for a in dev.adaptations] == [Change.REWRITTEN]
    both = translated("flux-pro-1.1-ultra", size=Size(512, 512), parameters={"aspect_ratio": "3:2"})
    assert both.payload["aspect_ratio"] == "3:2"
    assert [(a.parameter, a.change) for a in both.adaptations] == [("size", Change.DROPPED)]
    odd = translated("flux-3-image", parameters={"aspect_ratio": "16:10"})
    assert odd.payload["aspect_ratio"] == "3:2"
    assert [a.change for a in odd.adaptations] == [Change.BUCKETED]
    assert translated("flux-3-image", parameters={"aspect_ratio": "auto"}).adaptations == ()
    assert translated("flux-dev", parameters={"width": 640, "height": 480}).payload["height"] == 480


def test_flux_3_takes_neither_seed_nor_pixels() -> None:
    found = translated("flux-3-image", size=Size(2048, 2048), seed=3, output_format="png")
    assert found.payload == {"prompt": "a fox", "aspect_ratio": "1:1", "resolution": "2k"}
    assert {a.parameter for a in found.adaptations} == {"size", "seed", "output_format"}
    assert "seed" in assessed("flux-3-image").notes[0]
    assert translated("flux-3-image", parameters={"resolution": "8k"}).impossible is not None


def test_reference_pictures_go_where_the_model_wants_them() -> None:
    assert translated("flux-2-pro", references=(PICTURE, LINK)).payload == {
        "prompt": "a fox",
        "input_image": BARE,
        "input_image_2": LINK,
    }
    assert translated("flux-3-image", references=(BARE, LINK)).payload["images"] == [BARE, LINK]
    assert translated("flux-pro-1.0-fill", references=(PICTURE, PICTURE)).payload["mask"] == BARE
    many = translated("flux-kontext-pro", references=(LINK,) * 6)
    assert [(a.parameter, a.asked, a.given) for a in many.adaptations] == [("references", 6, 4)]
    assert translated("flux-dev", references=(LINK,)).impossible is not None


@pytest.mark.parametrize("model", ["flux-pro-1.0-fill", "flux-pro-1.0-expand", "flux-tools/erase-v1"])
def test_editing_needs_a_picture(model: str) -> None:
    impossible = translated(model).impossible
    assert impossible is not None
    assert "image" in impossible.what
    assert translated(model, extra={"image": BARE, "mask": BARE}).impossible is None


def test_finetuned_endpoints_need_their_finetune() -> None:
    assert translated("flux-2-klein-4b-finetuned").impossible is not None
    assert translated("flux-2-klein-4b-finetuned", parameters={"finetune_id": "mine"}).impossible is None


def test_an_endpoint_that_the_catalog_does_not_know_works() -> None:
    found = translated("flux-9", size=Size(1000, 1000), steps=3, parameters={"new": [1]})
    assert found.payload == {"prompt": "a fox", "width": 1000, "height": 1000, "steps": 3, "new": [1]}
    assert not assessed("flux-9").price.known
    assert "not in the catalog" in assessed("flux-9").notes[0]


@pytest.mark.parametrize(
    ("model", "more", "price"),
    [
        ("flux-pro-1.1", {}, Price.exactly(usd("0.04"))),
        ("flux-dev", {"size": Size(1440, 1440)}, Price.exactly(usd("0.025"))),
        ("flux-2-pro", {"size": Size(1440, 1440)}, Price.exactly(usd("0.045"))),
        ("flux-2-pro", {"size": Size(2048, 2048)}, Price.exactly(usd("0.075"))),
        ("flux-2-pro", {}, Price.exactly(usd("0.03"))),
        ("flux-2-pro", {"references": (LINK,), "size": Size(1024, 1024)}, Price(usd("0.045"), usd("0.15"))),
        ("flux-2-pro", {"references": (LINK,)}, Price(usd("0.045"), usd("0.195"))),
        ("flux-3-image", {}, Price.exactly(usd("0.048"))),
        ("flux-3-image", {"parameters": {"resolution": "4k"}}, Price.exactly(usd("0.607"))),
        ("flux-3-image", {"parameters": {"resolution": "1.5k"}}, Price(usd("0.048"), usd("0.1"))),
        ("flux-3-image", {"extra": {"resolution": "9k"}}, Price.unknown()),
        ("flux-pro-1.0-fill-finetuned", {"parameters": {"finetune_id": "x"}}, Price.unknown()),
    ],
)
def test_prices(model: str, more: dict[str, Any], price: Price) -> None:
    assert assessed(model, **more).price == price


def test_extra_that_asks_for_more_pictures_costs_more() -> None:
    model = catalog.service("azure-flux-image").find("FLUX-1.1-pro")
    assert assess(ask("FLUX-1.1-pro", extra={"n": 3}), model).price == Price.exactly(Micros(120_000))


def test_the_catalog_reads_and_dates_what_is_going() -> None:
    for service in catalog.service_ids():
        part = catalog.service(service)
        assert part.names()[0] == part.default
        assert set(part.names()) == set(part.models)
        for model in part.models.values():
            if model.price is not None:
                assert model.price.source
                assert model.price.date
            assert model.in_flight >= 1
    names = BFL.names()
    assert names.index("flux-2-flex") < names.index("flux-kontext-pro") < names.index("flux-pro-1.0-canny")
    assert "deprecated since 2026-06-01" in assessed("flux-kontext-pro").notes[0]
    assert "retired on 2025-10-31" in assessed("flux-pro-1.0-depth").notes[0]
    with pytest.raises(KeyError):
        catalog.service("nobody")
