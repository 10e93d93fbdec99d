"""Sizes that models make: within limits, on the grid, and unchanged when they fit."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fluxtui.domain.request import Change
from fluxtui.domain.size import Size
from fluxtui.providers import catalog, sizes
from fluxtui.providers.catalog import SizeRule

RULES = [
    (model.name, model.size)
    for service in catalog.service_ids()
    for model in catalog.service(service).models.values()
    if model.size.form in ("sides", "text")
]
SIZES = st.builds(Size, st.integers(1, 16_384), st.integers(1, 16_384))


def rule_of(service: str, model: str) -> SizeRule:
    return catalog.service(service).models[model].size


@settings(deadline=None)
@given(st.sampled_from(RULES), SIZES)
def test_a_fitted_size_obeys_the_rule_and_stays(named: tuple[str, SizeRule], size: Size) -> None:
    rule = named[1]
    given_size, change, reason = sizes.fit(size, rule)
    for side in (given_size.width, given_size.height):
        assert rule.low <= side <= rule.high
        assert side % rule.multiple == 0
    assert rule.max_pixels is None or given_size.pixels <= rule.max_pixels
    assert rule.min_pixels is None or given_size.pixels >= rule.min_pixels
    assert rule.steepest is None or 1 / rule.steepest <= given_size.ratio <= rule.steepest
    assert not rule.choices or given_size in rule.choices
    assert (change is None) == (given_size == size)
    assert bool(reason) == (change is not None)
    assert sizes.fit(given_size, rule) == (given_size, None, "")


@pytest.mark.parametrize(
    ("service", "model", "asked", "given_size", "change"),
    [
        ("bfl", "flux-pro-1.1", "1024x768", "1024x768", None),
        ("bfl", "flux-pro-1.1", "1000x1000", "992x992", Change.BUCKETED),
        ("bfl", "flux-pro-1.1", "1920x1080", "1440x800", Change.CLAMPED),
        ("bfl", "flux-pro-1.1", "100x100", "256x256", Change.CLAMPED),
        ("bfl", "flux-2-pro", "1200x630", "1200x624", Change.BUCKETED),
        ("bfl", "flux-2-pro", "4096x4096", "2048x2048", Change.CLAMPED),
        ("azure-flux-provider", "FLUX.2-pro", "1200x630", "1200x624", Change.BUCKETED),
        ("azure-flux-image", "FLUX-1.1-pro", "1344x768", "1344x768", None),
        ("azure-flux-image", "FLUX.1-Kontext-pro", "2048x2048", "1024x1024", Change.CLAMPED),
        ("openai", "gpt-image-2", "3840x2160", "3840x2160", None),
        ("openai", "gpt-image-2", "1920x1080", "1920x1088", Change.BUCKETED),
        ("openai", "gpt-image-2", "512x512", "816x816", Change.CLAMPED),
        ("openai", "gpt-image-2", "4096x4096", "2880x2880", Change.CLAMPED),
        ("openai", "gpt-image-2", "4000x500", "2448x816", Change.CLAMPED),
        ("openai", "gpt-image-1.5", "1920x1080", "1536x1024", Change.BUCKETED),
        ("openai", "dall-e-3", "1920x1080", "1792x1024", Change.BUCKETED),
        ("openai", "dall-e-3", "1024x1024", "1024x1024", None),
    ],
)
def test_sizes_of_known_models(service: str, model: str, asked: str, given_size: str, change: Change | None) -> None:
    found, how, _ = sizes.fit(Size.parse(asked), rule_of(service, model))
    assert (str(found), how) == (given_size, change)


@pytest.mark.parametrize(
    ("model", "asked", "ratio"),
    [
        ("flux-pro-1.1-ultra", "1920x1080", "16:9"),
        ("flux-pro-1.1-ultra", "1344x768", "7:4"),
        ("flux-pro-1.1-ultra", "1023x767", "4:3"),
        ("flux-pro-1.1-ultra", "2100x900", "21:9"),
        ("flux-pro-1.1-ultra", "4000x500", "21:9"),
        ("flux-pro-1.1-ultra", "500x4000", "9:21"),
        ("flux-3-image", "1344x768", "16:9"),
        ("flux-3-image", "1000x1000", "1:1"),
    ],
)
def test_shapes(model: str, asked: str, ratio: str) -> None:
    size = Size.parse(asked)
    assert sizes.shape(size.width, size.height, rule_of("bfl", model)) == ratio


@pytest.mark.parametrize(
    ("asked", "name"),
    [("768x768", "768sq"), ("896x640", "1k"), ("1024x1024", "1k"), ("2048x2048", "2k"), ("8000x8000", "4k")],
)
def test_classes_of_pixels(asked: str, name: str) -> None:
    assert sizes.resolution(Size.parse(asked), rule_of("bfl", "flux-3-image")) == name


@pytest.mark.parametrize("text", ["", "16", "0:9", "16:", "a:b", "99999:1"])
def test_what_is_no_shape(text: str) -> None:
    assert sizes.parse_ratio(text) is None
