from pathlib import Path

import pytest

from tests.faults.kills import FAULTS, served_sandbox, trial


def test_a_runner_killed_again_and_again_pays_nothing_twice_and_loses_no_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served_sandbox({**FAULTS, "seed": 5}, tmp_path) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        report = trial(tmp_path / "output", environment, jobs=36, kills=12, seed=5)
    assert report.broken == []
    assert (report.submitted_twice, report.uncollected, report.integrity) == (0, 0, "ok")
    assert report.kills_at_work >= 5
    assert sum(report.states.values()) == report.jobs == 36
