"""Several who save the same file at once: each change is in it in the end, and it is always one whole batch."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fluxtui.batchfiles import saving
from fluxtui.batchfiles.findings import BatchFileError
from fluxtui.batchfiles.saving import FileChangedError, digest_of, open_batch, save_batch
from fluxtui.batchfiles.writing import write_batch
from fluxtui.domain.batch import Batch, Task

ROOT = Path(__file__).resolve().parents[2]
EMPTY = Batch("trees", (Task("seedling", "A tree"),))

_WRITER = """
import sys
from pathlib import Path
from tests.batchfiles.test_saving_at_once import add_tasks
add_tasks(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
"""

_ENDLESS = """
import sys
from pathlib import Path
from fluxtui.batchfiles.saving import digest_of, save_batch
from fluxtui.domain.batch import Batch, Task
path = Path(sys.argv[1])
digest, number = digest_of(path), 0
while True:
    number += 1
    tasks = tuple(Task(f"t{n}", f"edit {number}") for n in range(300))
    digest = save_batch(Batch("trees", tasks), path, "csv", expected=digest)
    print(number, flush=True)
"""


def add_tasks(path: Path, who: str, count: int) -> None:
    """Add tasks one by one, each over the file as it is then."""
    for number in range(count):
        while True:
            opened = open_batch(path)
            assert opened.result is not None
            batch = opened.result.batch
            more = Batch(batch.name, (*batch.tasks, Task(f"{who}-{number}", "A tree")))
            try:
                save_batch(more, path, "csv", expected=opened.digest)
            except FileChangedError:
                continue  # somebody was quicker
            break


def test_no_change_of_any_process_or_thread_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "trees.csv"
    write_batch(EMPTY, path)
    others = [
        subprocess.Popen([sys.executable, "-c", _WRITER, str(path), who, "20"], cwd=ROOT) for who in ("elm", "fir")
    ]
    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(add_tasks, path, who, 20) for who in ("ash", "oak")]:
            done.result()
    assert [other.wait() for other in others] == [0, 0]
    result = open_batch(path).result
    assert result is not None
    names = [task.name for task in result.batch.tasks]
    assert sorted(names) == sorted(
        ["seedling", *(f"{who}-{n}" for who in ("ash", "elm", "fir", "oak") for n in range(20))]
    )
    for who in ("ash", "elm", "fir", "oak"):
        assert [name for name in names if name.startswith(who)] == [f"{who}-{n}" for n in range(20)]
    assert list(tmp_path.iterdir()) == [path]


def test_a_kill_while_saving_leaves_a_whole_file_that_can_be_saved_again(tmp_path: Path) -> None:
    path = tmp_path / "trees.csv"
    write_batch(EMPTY, path)
    for round_number in range(4):
        with subprocess.Popen([sys.executable, "-c", _ENDLESS, str(path)], stdout=subprocess.PIPE, cwd=ROOT) as child:
            assert child.stdout is not None
            for _ in range(1 + round_number):
                child.stdout.readline()
            os.kill(child.pid, signal.SIGKILL)
        result = open_batch(path).result
        assert result is not None
        assert len({task.prompt for task in result.batch.tasks}) == 1
        assert len(result.batch.tasks) == 300
        save_batch(EMPTY, path, "csv", expected=digest_of(path))


def test_a_folder_that_somebody_keeps_locked_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saving, "_PATIENCE", 0.05)
    path = tmp_path / "trees.csv"
    with saving._alone_in(tmp_path, str(path)), pytest.raises(BatchFileError, match="another program"):  # noqa: SLF001
        save_batch(EMPTY, path, "csv", expected=None)
    assert not path.exists()
    save_batch(EMPTY, path, "csv", expected=None)
