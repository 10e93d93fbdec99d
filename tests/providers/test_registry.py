"""The registry: cheap to import, tolerant of other packages, and nobody takes another's place."""

import subprocess
import sys
import types
from collections.abc import Iterator
from importlib import metadata

import pytest

from fluxtui.domain.problems import FluxtuiError
from fluxtui.providers import registry
from fluxtui.providers.base import Provider


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    registry.entries.cache_clear()
    yield
    registry.entries.cache_clear()


def install(monkeypatch: pytest.MonkeyPatch, **modules: str) -> None:
    points = [metadata.EntryPoint(name, value, registry.GROUP) for name, value in modules.items()]
    monkeypatch.setattr(metadata, "entry_points", lambda group: points if group == registry.GROUP else [])


def test_ours_are_there_and_load() -> None:
    assert [entry.id for entry in registry.entries()][:2] == ["azure-flux", "bfl"]
    for entry, variables in (("bfl", {"BFL_FLUX_API_KEY": "k" * 8}), ("azure-flux", {"AZURE_FLUX_ENDPOINT": "a.b"})):
        module = registry.load(entry)
        provider = module.make(module.SETTINGS.model_validate(variables))
        assert isinstance(provider, Provider)
        assert (provider.id, provider.title) == (entry, registry.entry(entry).title)
    with pytest.raises(KeyError):
        registry.load("nobody")


def test_the_variables_are_those_of_the_settings() -> None:
    for entry in registry.entries():
        fields = registry.load(entry.id).SETTINGS.model_fields.values()
        aliases = [getattr(field.validation_alias, "choices", [field.validation_alias])[0] for field in fields]
        assert sorted(aliases) == sorted(entry.variables)


def test_a_package_brings_a_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("their_provider")
    module.SETTINGS, module.make, module.missing = object, object, object  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "their_provider", module)
    install(monkeypatch, my_service="their_provider")
    assert registry.entry("my-service").title == "My Service"
    assert registry.load("my-service") is module


def test_a_package_cannot_take_the_place_of_another(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ours = registry.entries()
    registry.entries.cache_clear()
    install(monkeypatch, bfl="evil", azure_flux="evil", **{"../up": "evil"})
    assert registry.entries() == ours
    assert registry.entry("bfl").module == "fluxtui.providers.bfl"
    assert caplog.text.count("is left out") == 3


def test_a_package_that_does_not_work_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "half_provider", types.ModuleType("half_provider"))
    install(monkeypatch, absent="no_such_module_at_all", half="half_provider")
    for name in ("absent", "half"):
        with pytest.raises(FluxtuiError) as caught:
            registry.load(name)
        assert name in caught.value.problem.what


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("fluxtui.providers.registry", {"httpx", "aiohttp", "pydantic"}),
        ("fluxtui.providers.catalog", {"httpx", "aiohttp", "pydantic"}),
        ("fluxtui.providers.bfl", {"httpx", "aiohttp"}),
        ("fluxtui.providers.azure_flux", {"httpx", "aiohttp"}),
        ("fluxtui.providers.flux_schnell", {"httpx", "aiohttp"}),
    ],
)
def test_imports_stay_cheap(module: str, heavy: set[str]) -> None:
    code = f"import sys, {module}; print(' '.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert heavy.isdisjoint(loaded)
