from collections.abc import Iterator

import pytest

from fluxtui.domain.money import usd
from fluxtui.domain.problems import FluxtuiError
from fluxtui.domain.request import ImageRequest
from fluxtui.providers import catalog, translation


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    yield
    catalog.customise({})


def price(service: str, model: str) -> int:
    return translation.assess(ImageRequest(model, "a fox"), catalog.service(service).find(model)).price.high


def test_a_price_of_ones_own_takes_the_place_of_the_catalogs() -> None:
    catalog.customise({"bfl": {"flux-pro-1.1": {"price": 0.031}}})
    assert price("bfl", "flux-pro-1.1") == usd("0.031")
    assert catalog.service("bfl").find("flux-pro-1.1").size.multiple == 32


def test_a_new_model_needs_no_code() -> None:
    catalog.customise({"bfl": {"flux-9-pro": {"shape": "bfl-2", "price": 0.5, "seconds": 3.0}}})
    model = catalog.service("bfl").find("flux-9-pro")
    assert "flux-9-pro" in catalog.service("bfl").names()
    assert (model.size.multiple, model.seconds, price("bfl", "flux-9-pro")) == (16, 3.0, usd("0.5"))


def test_a_service_with_several_routes_is_meant_as_a_whole() -> None:
    catalog.customise({"azure-flux": {"my-flux": {"price": 0.07}}})
    for route in ("azure-flux-image", "azure-flux-provider"):
        assert price(route, "my-flux") == usd("0.07")


@pytest.mark.parametrize(
    "tables",
    [
        {"nobody": {"x": {"price": 1}}},
        {"bfl": {"flux-pro-1.1": {"colour": "red"}}},
        {"bfl": {"flux-pro-1.1": {"price": "much"}}},
        {"bfl": {"new": {"shape": "no such shape"}}},
        {"bfl": {"new": 3}},
        {"bfl": 3},
    ],
)
def test_an_entry_that_cannot_be_used_is_named_and_changes_nothing(tables: dict[str, object]) -> None:
    before = price("bfl", "flux-pro-1.1")
    with pytest.raises(FluxtuiError, match=r"fluxtui\.toml"):
        catalog.customise(tables)
    assert price("bfl", "flux-pro-1.1") == before
