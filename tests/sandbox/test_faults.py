"""Faults files, the decisions drawn from them, and the markers that force one."""

import json
from contextlib import suppress
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxtui.sandbox import Faults, FaultsError, read_faults
from fluxtui.sandbox.faults import faults_from
from fluxtui.sandbox.gate import Gate
from fluxtui.sandbox.ledger import Identity
from fluxtui.sandbox.markers import Markers, without_markers


def _gate(faults: Faults, prompt: str = "x", tries: int = 0, seed: int = 1) -> Gate:
    return Gate(faults, Identity("bfl", "flux-dev", prompt, seed, "1x1"), Markers(prompt), tries)


def test_a_toml_file_with_settings_of_one_service(tmp_path: Path) -> None:
    path = tmp_path / "faults.toml"
    path.write_text('seed = 7\nlatency = [0.1, 0.3]\n[bfl]\nrate_429 = 0.5\n["azure-flux"]\nrpm = 6\nlatency = 2\n')
    faults = read_faults(path)
    assert (faults.seed, faults.latency, faults.rate_429) == (7, (0.1, 0.3), 0.0)
    assert (faults.of("bfl").rate_429, faults.of("bfl").latency) == (0.5, (0.1, 0.3))
    assert (faults.of("azure-flux").rpm, faults.of("azure-flux").latency) == (6, (2, 2))


def test_a_json_file(tmp_path: Path) -> None:
    path = tmp_path / "faults.json"
    path.write_text(json.dumps({"reset_after": 0.25, "services": {"bfl": {"credits": 5}}}))
    faults = read_faults(path)
    assert (faults.reset_after, faults.of("bfl").credits) == (0.25, 5)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "faults.toml"
    path.write_text(
        'rate_429 = 2\nlatency = [3, 1]\nfoo = 1\nrpm = 0\ncredits = "many"\n[bfl]\nseed = "x"\n[openai]\nrpm = 1\n'
    )
    with pytest.raises(FaultsError) as caught:
        read_faults(path)
    cause = caught.value.problem.cause + caught.value.problem.what
    assert str(path) in cause
    for part in (
        "rate_429 is a rate from 0 to 1, not 2",
        "latency is two numbers",
        "foo is no setting",
        "rpm is a whole",
    ):
        assert part in cause


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.toml", "= ="), ("a.json", "{"), ("a.json", "[1]"), ("a.toml", "services = 3"), ("a.toml", "bfl = 3")],
)
def test_files_that_are_no_faults(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(FaultsError):
        read_faults(tmp_path / name)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FaultsError, match="cannot be read"):
        read_faults(tmp_path / "none.toml")


def test_a_wrong_value_in_code_is_refused_too() -> None:
    with pytest.raises(FaultsError, match="moderation"):
        Faults(moderation=1.5)
    with pytest.raises(FaultsError, match="picture_bytes"):
        Faults(services={"bfl": {"picture_bytes": 1}})


_VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
_NAMES = st.sampled_from([f.name for f in fields(Faults)]) | st.text(max_size=12)


@given(st.dictionaries(_NAMES, _VALUES | st.lists(_VALUES, max_size=3)))
def test_no_settings_break_the_reader(settings: dict[str, object]) -> None:
    with suppress(FaultsError):
        faults_from(settings)


@given(st.integers(), st.text(), st.integers(0, 9))
def test_decisions_depend_on_seed_job_and_try_alone(seed: int, prompt: str, tries: int) -> None:
    faults = Faults(seed=seed, rate_429=0.5, reset_after=0.5, moderation=0.3)
    first, second = _gate(faults, prompt, tries), _gate(faults, prompt, tries)
    assert (first.denial(), first.silence(), first.outcome()) == (second.denial(), second.silence(), second.outcome())
    low, high = faults.latency
    assert low <= first.work_seconds() <= high or "slow" in first.markers


@pytest.mark.parametrize("rate", ["rate_429", "rate_5xx", "reset_before"])
def test_rates_come_out_about_right(rate: str) -> None:
    faults = faults_from({rate: 0.3})
    denied = sum(_gate(faults, f"prompt {number}").denial() is not None for number in range(1000))
    assert 230 < denied < 370


def test_another_try_is_drawn_anew() -> None:
    faults = Faults(rate_429=0.5)
    assert len({_gate(faults, tries=number).denial() for number in range(20)}) == 2


def test_markers() -> None:
    markers = Markers("a fox [sandbox:429=3] and [SANDBOX:slow=1.5][sandbox:reset=always] [sandbox:moderate]")
    assert markers.times("429") == 3
    assert markers.seconds("slow", 30) == 1.5
    assert Markers("[sandbox:slow]").seconds("slow", 30) == 30
    assert Markers("[sandbox:slow=fast]").seconds("slow", 30) == 30
    assert markers.times("reset") == float("inf")
    assert "moderate" in markers
    assert "error" not in markers
    assert Markers("sandbox:error").times("error") == 0
    assert without_markers("a fox [sandbox:429=3]") == "a fox"
