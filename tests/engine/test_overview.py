"""What can draw here: every service with its state, and what the catalog knows of its models."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from fluxtui.domain.facts import ModelFacts
from fluxtui.domain.money import usd
from fluxtui.domain.problems import Problem, ProblemKind
from fluxtui.domain.size import Size
from fluxtui.engine.overview import ServiceView, overview
from fluxtui.engine.services import Services
from fluxtui.history.records import CheckRow, LaneRow
from fluxtui.providers import catalog, registry
from fluxtui.providers.base import ProviderEntry
from fluxtui.providers.facts import Describing
from tests.engine.fakes import FakeProvider, FakeServices

REASON = Problem(ProblemKind.CREDITS, "No credits are left.")


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    yield
    catalog.customise({})


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Services:
    return Services.load(sandbox=True, directory=tmp_path_factory.mktemp("nothing"))


def lane(target: str, state: str, problem: Problem | None = None, *, sandbox: bool = True) -> LaneRow:
    return LaneRow(target, target.partition("/")[0], target, sandbox, state, 0, 8, None, problem, 1.0)


def by_id(views: list[ServiceView]) -> dict[str, ServiceView]:
    return {view.id: view for view in views}


def fact(views: list[ServiceView], target: str) -> ModelFacts:
    return next(model for view in views for model in view.models if view.target(model) == target)


def test_every_service_is_listed_with_models_that_are_described(simulated: Services) -> None:
    views = overview(simulated)
    assert [view.id for view in views] == [entry.id for entry in registry.entries()]
    for view in views:
        assert (view.state, view.missing, view.problem) == ("ready", (), None)
        assert view.description
        assert isinstance(simulated.provider(view.id), Describing)
        assert len(view.models) == len({view.target(model) for model in view.models}) > 0
        for model in view.models:
            assert model.sizes is not None
            assert model.abilities is not None
            assert model.sizes.words
            assert model.max_pictures == simulated.provider(view.id).max_count(model.model)


def test_sizes_prices_and_dates_are_those_of_the_catalog(simulated: Services) -> None:
    views = overview(simulated)
    pro = fact(views, "bfl/flux-pro-1.1")
    assert pro.sizes is not None
    assert (pro.sizes.form, pro.sizes.multiple, pro.sizes.low, pro.sizes.high) == ("pixels", 32, 256, 1440)
    assert (pro.sizes.words, pro.sizes.default) == ("sides of 256 to 1440, multiples of 32", Size(1024, 768))
    assert (pro.price.low, pro.price.high) == (usd("0.04"), usd("0.04"))
    ultra = fact(views, "bfl/flux-pro-1.1-ultra").sizes
    assert ultra is not None
    assert (ultra.form, ultra.words, ultra.any_ratio) == ("shapes", "21:9 to 9:21, any between", True)
    dall_e = fact(views, "openai/dall-e-3")
    assert dall_e.sizes is not None
    assert (dall_e.sizes.form, dall_e.sizes.words) == ("list", "1024x1024, 1792x1024 or 1024x1792")
    assert dall_e.retired == date(2026, 5, 12)
    fill = fact(views, "bfl/flux-pro-1.0-fill")
    assert fill.sizes is not None
    assert fill.sizes.form == "fixed"
    schnell = fact(views, "flux-schnell")
    assert schnell.sizes is not None
    assert len(schnell.sizes.choices) == 5
    assert schnell.abilities is not None
    assert (schnell.abilities.seed, schnell.abilities.count, schnell.abilities.negative_prompt) == (True, True, False)
    sdxl = fact(views, "fal/fal-ai/fast-sdxl").abilities
    assert sdxl is not None
    assert sdxl.negative_prompt


def test_services_that_lack_their_keys_list_their_models_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENABLE_BFL_FLUX", "false")
    views = by_id(overview(Services.load(directory=tmp_path)))
    assert (views["bfl"].state, views["bfl"].missing) == ("disabled", ())
    assert (views["openai"].state, views["openai"].missing) == ("unconfigured", ("OPENAI_API_KEY",))
    assert "AZURE_FLUX_ENDPOINT" in views["azure-flux"].missing
    for view in views.values():
        assert view.models
    names = {model.model for model in views["azure-flux"].models}
    assert {"FLUX-1.1-pro", "FLUX.2-pro"} <= names  # both routes: nobody knows yet which it will be


def test_lanes_say_which_service_stands_still_and_why(simulated: Services) -> None:
    lanes = [
        lane("bfl/flux-dev", "ok"),
        lane("bfl/flux-pro-1.1", "open", REASON),
        lane("fal/fal-ai/flux/dev", "open"),
        lane("fal/fal-ai/fast-sdxl", "parked", REASON),
        lane("openai/gpt-image-2", "limited"),
        lane("replicate/a/b", "parked", REASON, sandbox=False),
    ]
    checks = [CheckRow("bfl", True, "ok", "", 40.0, 1.0), CheckRow("fal", False, "ok", "", 2.0, 1.0)]
    views = by_id(overview(simulated, lanes, checks))
    assert (views["bfl"].state, views["bfl"].problem, views["bfl"].credits) == ("open", REASON, 40.0)
    assert (views["fal"].state, views["fal"].problem, views["fal"].credits) == ("parked", REASON, None)
    assert views["openai"].state == views["replicate"].state == "ready"
    assert [len(views[name].lanes) for name in ("bfl", "fal", "openai", "replicate")] == [2, 2, 1, 0]


def test_a_text_narrows_the_list_down(simulated: Services) -> None:
    views = by_id(overview(simulated, matching="SCHNELL"))
    assert views.keys() == {"fal", "replicate", "flux-schnell"}
    assert all("schnell" in view.target(model) for view in views.values() for model in view.models)
    assert overview(simulated, matching="no such model") == []


def test_a_provider_that_describes_nothing_lists_with_less(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = FakeProvider()
    entry = ProviderEntry("fake", "Scripted", "nowhere")
    monkeypatch.setattr(registry, "entries", lambda: (entry,))
    (view,) = overview(FakeServices(provider))
    assert view.models[0] == ModelFacts("one", 1, provider.price, 2.0)
    assert [model.model for model in view.models] == ["one", "two"]
