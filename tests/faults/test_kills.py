from pathlib import Path

import pytest

from fluxtui.domain.batch import Target
from tests.faults.kills import EVERY_SERVICE, FAULTS, TARGETS, served_sandbox, trial


@pytest.mark.parametrize(("targets", "kills"), [(TARGETS, 12), (EVERY_SERVICE, 8)], ids=["flux", "every service"])
def test_a_runner_killed_again_and_again_pays_nothing_twice_and_loses_no_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, targets: tuple[Target, ...], kills: int
) -> None:
    with served_sandbox({**FAULTS, "seed": 5}, tmp_path) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        report = trial(tmp_path / "output", environment, jobs=36, kills=kills, seed=5, targets=targets)
    assert report.broken == []
    assert (report.submitted_twice, report.uncollected, report.integrity) == (0, 0, "ok")
    assert report.kills_at_work >= 3
    assert sum(report.states.values()) == report.jobs == 36
