"""FLUX.1 [schnell] as a target of its own: who draws it, in which sizes, and whose ticket it is."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from fluxtui.domain.batch import Target
from fluxtui.domain.jobs import Pending, Ticket
from fluxtui.domain.problems import Acceptance, ProblemKind, ServiceError
from fluxtui.domain.request import Adaptation, Change, ImageRequest
from fluxtui.domain.size import Size
from fluxtui.providers import flux_schnell
from fluxtui.providers.base import Accepted, CheckState, Provider

from .wire import answering

FAL = {"FAL_KEY": "canary-fal-id:canary-fal-secret"}
REPLICATE = {"REPLICATE_API_TOKEN": "r8_canary0123456789"}
BOTH = {**FAL, **REPLICATE}
CREATED = {"id": "abc", "request_id": "abc", "status": "starting"}


def service(**settings: str) -> Provider:
    return flux_schnell.make(flux_schnell.SETTINGS.model_validate(settings))


def ask(**more: Any) -> ImageRequest:
    return ImageRequest("", "a fox", **more)


@pytest.mark.parametrize(
    ("configured", "missing", "host"),
    [
        ({}, ("FAL_AI_API_KEY", "REPLICATE_API_TOKEN"), ""),
        (FAL, (), "queue.fal.run"),
        (REPLICATE, (), "api.replicate.com"),
        (BOTH, (), "queue.fal.run"),
        ({**BOTH, "FLUX_SCHNELL_VIA": " Replicate "}, (), "api.replicate.com"),
        ({**BOTH, "FLUX_SCHNELL_VIA": ""}, (), "queue.fal.run"),
        ({**FAL, "FLUX_SCHNELL_VIA": "replicate"}, ("REPLICATE_API_TOKEN",), ""),
        ({**REPLICATE, "FLUX_SCHNELL_VIA": "fal"}, ("FAL_AI_API_KEY",), ""),
    ],
)
async def test_whichever_is_configured_draws(configured: dict[str, str], missing: tuple[str, ...], host: str) -> None:
    assert flux_schnell.missing(flux_schnell.SETTINGS.model_validate(configured)) == missing
    provider, wire = service(**configured), answering(200, CREATED)
    if missing:
        assert (await provider.check(wire.http)).state is CheckState.UNCONFIGURED
        with pytest.raises(ServiceError) as caught:
            await provider.submit(ask(), wire.http)
        assert caught.value.problem.kind is ProblemKind.CONFIGURATION
        assert wire.requests == []
        return
    await provider.submit(ask(seed=7, count=4), wire.http)
    assert wire.last.url.host == host
    given = wire.body["input"] if host == "api.replicate.com" else wire.body
    assert given["seed"] == 7
    assert 4 in given.values()
    for key in (*FAL.values(), *REPLICATE.values()):
        assert (key in str(wire.last.headers.raw)) == (key in wire.last.headers["authorization"])
    assert any("drawn by" in note for note in provider.assess(ask()).notes)


def test_nobody_else_can_be_named() -> None:
    with pytest.raises(ValidationError):
        flux_schnell.SETTINGS.model_validate({"FLUX_SCHNELL_VIA": "bfl"})


async def test_work_belongs_to_whom_it_was_given() -> None:
    accepted = await service(**FAL).submit(ask(), answering(200, CREATED).http)
    assert isinstance(accepted, Accepted)
    later, wire = service(**BOTH, FLUX_SCHNELL_VIA="replicate"), answering(202, {"status": "IN_PROGRESS"})
    assert isinstance(await later.collect(Ticket(accepted.ticket.as_json()), wire.http), Pending)
    assert wire.last.url.host == "queue.fal.run"
    assert await later.cancel(accepted.ticket, wire.http)
    assert (wire.last.method, wire.last.url.host) == ("PUT", "queue.fal.run")
    with pytest.raises(ServiceError) as caught:
        await service(**REPLICATE).collect(accepted.ticket, wire.http)
    assert (caught.value.problem.kind, caught.value.acceptance) == (ProblemKind.CONFIGURATION, Acceptance.YES)


def test_its_target_is_its_name() -> None:
    provider = service(**FAL)
    assert list(provider.models()) == [""]
    assert Target("flux-schnell", provider.models()[0]).name == "flux-schnell"
    assert provider.max_count("") == 4
    assert isinstance(provider, Provider)
    problem = provider.assess(ImageRequest("dev", "a fox")).impossible
    assert problem is not None
    assert problem.kind is ProblemKind.NOT_FOUND


Said = tuple[str, Change, str, str]
REASON = "it makes 512x512, 768x768, 1024x1024, 1536x1024, 1024x1536"


@pytest.mark.parametrize(
    ("more", "expected", "adaptations"),
    [
        ({"size": Size(1536, 1024)}, Size(1536, 1024), []),
        ({"size": Size(1920, 1080)}, Size(1536, 1024), [("size", Change.BUCKETED, "1920x1080", "1536x1024")]),
        ({"size": Size(600, 600)}, Size(512, 512), [("size", Change.BUCKETED, "600x600", "512x512")]),
        ({"parameters": {"aspect_ratio": "3:2"}}, Size(1536, 1024), []),
        (
            {"parameters": {"aspect_ratio": "9:16"}},
            Size(1024, 1536),
            [("aspect_ratio", Change.BUCKETED, "9:16", "1024x1536")],
        ),
        ({"size": Size(600, 600), "extra": {"image_size": "square_hd"}}, Size(1024, 1024), []),
    ],
)
def test_sizes_at_fal(more: dict[str, Any], expected: Size, adaptations: list[Said]) -> None:
    assessment = service(**FAL).assess(ask(**more))
    assert assessment.expected_size == expected
    assert assessment.adaptations == tuple(Adaptation(*said, REASON) for said in adaptations)


def test_sizes_at_replicate() -> None:
    (said,) = service(**REPLICATE).assess(ask(size=Size(1920, 1080))).adaptations
    assert (said.parameter, said.asked, said.given) == ("size", "1920x1080", "3:2 at 1 megapixel")
    (said,) = service(**REPLICATE).assess(ask(size=Size(768, 768))).adaptations
    assert (said.asked, said.given) == ("768x768", "1:1 at 1 megapixel")


@settings(deadline=None)
@given(st.integers(1, 5000), st.integers(1, 5000))
def test_every_size_becomes_one_of_the_five(width: int, height: int) -> None:
    size = Size(width, height)
    assessment = service(**FAL).assess(ask(size=size))
    assert assessment.expected_size in flux_schnell.SIZES
    assert bool(assessment.adaptations) == (size not in flux_schnell.SIZES)
    assert assessment.price.known
