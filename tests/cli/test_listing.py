"""Long listings come out whole, in order, and without being in memory at once."""

import json
import tracemalloc
from functools import partial
from pathlib import Path

import pytest

from fluxtui.cli import main as cli
from fluxtui.history import runs
from fluxtui.history.database import database_path, open_reader
from fluxtui.history.journal import Journal
from fluxtui.history.listing import listed_jobs
from tests.history.builders import cell, new_run

JOBS = 1500


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("long")
    with Journal(database_path(folder)) as journal:
        cells = [cell(index, impossible=index == 700) for index in range(JOBS)]
        journal.write_now(partial(runs.create_run, run=new_run(paused=True), cells=cells))
        for _ in range(250):
            journal.write_now(partial(runs.create_run, run=new_run(paused=True), cells=[]))
    return folder


def test_every_job_comes_once_and_in_order(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["show", "1", "--json", "--workspace", str(workspace)]) == 0
    jobs = json.loads(capsys.readouterr().out)["jobs"]
    assert [job["task"] for job in jobs] == [f"task-{index}" for index in range(JOBS)]
    assert [job["task"] for job in jobs if job["error"]] == ["task-700"]
    assert jobs[700]["error"]["kind"] == "unsupported"
    assert jobs[0]["adaptations"][0]["change"] == "dropped"


def test_every_run_comes_once_newest_first(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for limit, expected in (([], 251), (["--limit", "201"], 201), (["--limit", "3"], 3)):
        assert cli.run(["runs", "--json", "--workspace", str(workspace), *limit]) == 0
        ids = [run["id"] for run in json.loads(capsys.readouterr().out)["runs"]]
        assert ids == list(range(251, 251 - expected, -1))
    assert cli.run(["runs", "--workspace", str(workspace)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 252


def test_a_listing_holds_a_page_at_a_time(workspace: Path) -> None:
    reader = open_reader(database_path(workspace))
    tracemalloc.start()
    try:
        total = sum(1 for _ in listed_jobs(reader, 1))
        streamed = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        held = list(listed_jobs(reader, 1))
        whole = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        reader.close()
    assert total == len(held) == JOBS
    assert streamed < whole / 2
