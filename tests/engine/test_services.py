from collections.abc import Iterator
from pathlib import Path

import pytest

from fluxtui.domain.batch import Target
from fluxtui.domain.money import usd
from fluxtui.domain.problems import FluxtuiError
from fluxtui.domain.request import ImageRequest
from fluxtui.engine.services import Services, ServiceState
from fluxtui.providers import catalog


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    yield
    catalog.customise({})


def load(folder: Path, monkeypatch: pytest.MonkeyPatch, **variables: str) -> Services:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return Services.load(directory=folder)


def test_without_keys_nothing_is_ready_and_each_says_what_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = load(tmp_path, monkeypatch)
    missing = {s.id: s.missing for s in services.statuses() if s.state is ServiceState.UNCONFIGURED}
    assert missing["bfl"] == ("BFL_FLUX_API_KEY",)
    assert not services.any_ready
    with pytest.raises(FluxtuiError, match="No service is configured"):
        services.default_targets()


def test_every_configured_service_draws_when_nobody_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    services = load(tmp_path, monkeypatch, BFL_FLUX_API_KEY="k" * 20, FAL_KEY="f" * 20)
    names = {target.provider for target in services.default_targets()}
    assert names == {"bfl", "fal"}


def test_a_default_provider_draws_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    services = load(tmp_path, monkeypatch, BFL_FLUX_API_KEY="k" * 20, FAL_KEY="f" * 20, DEFAULT_PROVIDER="bfl/flux-dev")
    assert services.default_targets() == (Target("bfl", "flux-dev"),)


@pytest.mark.parametrize(
    "variables", [{"ENABLE_BFL_FLUX": "false"}, {"ENABLED_PROVIDERS": "azure_flux"}], ids=["off", "not listed"]
)
def test_a_service_that_is_switched_off_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    services = load(tmp_path, monkeypatch, BFL_FLUX_API_KEY="k" * 20, **variables)
    with pytest.raises(FluxtuiError, match="switched off"):
        services.provider("bfl")


def test_the_sandbox_needs_no_keys_and_two_services_stand_for_all(tmp_path: Path) -> None:
    services = Services.load(sandbox=True, directory=tmp_path)
    assert {s.state for s in services.statuses()} == {ServiceState.READY}
    assert [target.provider for target in services.default_targets()] == ["azure-flux", "bfl"]


def test_prices_of_ones_own_come_from_fluxtui_toml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fluxtui.toml").write_text('[catalog.bfl."flux-pro-1.1"]\nprice = 0.012\n')
    services = load(tmp_path, monkeypatch, BFL_FLUX_API_KEY="k" * 20)
    assessment = services.provider("bfl").assess(ImageRequest("flux-pro-1.1", "a fox"))
    assert assessment.price.high == usd("0.012")
    assert services.notes == ()


def test_limits_of_ones_own_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    services = load(tmp_path, monkeypatch, BLOCKED_WORDS="gun, bad thing", MAX_IMAGES_PER_REQUEST="2")
    assert services.rules.blocked_words == ("gun", "bad thing")
    assert services.rules.most_images(4) == 2
    off = load(tmp_path, monkeypatch, ENABLE_CONTENT_MODERATION="false")
    assert off.rules.blocked_words == ()


def test_a_wrong_value_of_one_service_leaves_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    variables = {"BFL_FLUX_API_KEY": "k" * 20, "AZURE_FLUX_POLL_INTERVAL": "often"}
    services = load(tmp_path, monkeypatch, **variables)
    assert {target.provider for target in services.default_targets()} == {"bfl"}
    wrong = next(status for status in services.statuses() if status.id == "azure-flux")
    assert wrong.state is ServiceState.MISCONFIGURED
    assert any("AZURE_FLUX_POLL_INTERVAL" in note for note in services.notes)
    with pytest.raises(FluxtuiError, match="AZURE_FLUX_POLL_INTERVAL"):
        services.provider("azure-flux")
