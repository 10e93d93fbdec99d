"""Unsaved edits survive whatever ends the program, and belong to one cockpit at a time."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from fluxtui.domain.batch import Batch, Task
from fluxtui.domain.problems import FluxtuiError
from fluxtui.engine import drafts
from fluxtui.engine.drafts import Draft
from fluxtui.tui.editing.document import same
from tests.batchfiles.strategies import native_batches

BATCH = Batch("trees", (Task("oak", "An oak\nin fog \ud800", parameters={"steps": 28}),))

_CHILD = """
import sys, time
from pathlib import Path
from fluxtui.domain.batch import Batch, Task
from fluxtui.engine.drafts import Draft
draft = Draft.begin(Path(sys.argv[1]))
number = 0
while True:
    number += 1
    tasks = tuple(Task(f"t{n}", f"edit {number}") for n in range(200))
    draft.keep(Batch("trees", tasks), Path(sys.argv[2]), "d", "csv")
    print(number, flush=True)
"""


def test_a_draft_survives_a_kill_whole(tmp_path: Path) -> None:
    source = tmp_path / "trees.csv"
    command = [sys.executable, "-c", _CHILD, str(tmp_path), str(source)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        kept = [int(child.stdout.readline()) for _ in range(3)][-1]
        assert drafts.orphans(tmp_path) == []
        os.kill(child.pid, signal.SIGKILL)
    (info,) = drafts.orphans(tmp_path, source)
    assert (info.name, info.tasks, info.source, info.digest, info.format) == ("trees", 200, source, "d", "csv")
    held, batch = drafts.take(tmp_path, info.id)
    prompts = {task.prompt for task in batch.tasks}
    assert len(prompts) == 1
    assert int(prompts.pop().split()[1]) >= kept
    held.discard()
    held.release()
    assert list((tmp_path / drafts.FOLDER).iterdir()) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(native_batches())
def test_any_batch_comes_back_the_same(tmp_path: Path, batch: Batch) -> None:
    draft = Draft.begin(tmp_path)
    draft.keep(batch, None, None, "")
    draft.release()
    again, back = drafts.take(tmp_path, draft.id)
    assert same(back, batch)
    again.discard()
    again.release()


def test_what_no_file_can_hold_is_kept_all_the_same(tmp_path: Path) -> None:
    batch = Batch("", (*BATCH.tasks, Task("oak", "")))
    draft = Draft.begin(tmp_path)
    draft.keep(batch, None, None, "")
    draft.release()
    assert drafts.take(tmp_path, draft.id)[1] == batch


def test_a_draft_in_use_is_nobody_elses(tmp_path: Path) -> None:
    draft = Draft.begin(tmp_path)
    draft.keep(BATCH, None, None, "")
    assert drafts.orphans(tmp_path) == []
    with pytest.raises(FluxtuiError, match="another window"):
        drafts.take(tmp_path, draft.id)
    drafts.discard(tmp_path, draft.id)
    draft.release()
    assert [info.id for info in drafts.orphans(tmp_path)] == [draft.id]
    drafts.discard(tmp_path, draft.id)
    assert drafts.orphans(tmp_path) == []


def test_what_is_no_draft_is_left_out(tmp_path: Path) -> None:
    folder = tmp_path / drafts.FOLDER
    folder.mkdir()
    (folder / "broken.json").write_text("{", "utf-8")
    (folder / "newer.json").write_text('{"version": 99}', "utf-8")
    assert drafts.orphans(tmp_path) == []
    with pytest.raises(FluxtuiError, match="cannot be read"):
        drafts.take(tmp_path, "broken")


def test_a_workspace_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / drafts.FOLDER).write_text("", "utf-8")
    with pytest.raises(FluxtuiError, match="cannot be kept"):
        Draft.begin(tmp_path)
