"""Saving over a file: nobody's change is overwritten, and what a format cannot hold is told first."""

from pathlib import Path

import pytest
from hypothesis import given, settings

from fluxtui.batchfiles.findings import BatchFileError
from fluxtui.batchfiles.saving import (
    FileChangedError,
    digest_of,
    losses,
    open_batch,
    save_batch,
    stamp_of,
    without_losses,
    writable,
)
from fluxtui.batchfiles.writing import batch_text
from fluxtui.domain.batch import Axis, Batch, Target, Task
from tests.batchfiles.strategies import native_batches

TEXT = "# my trees\n\nname: trees\ntasks:\n  # the first\n  - name: oak\n    prompt: 'An oak # 1'\n"
BATCH = Batch("trees", (Task("oak", "An oak", context={"mood": "calm"}),), (Target("bfl"),), (Axis("seed", (1, 2)),))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "trees.yaml"
    path.write_text(TEXT, "utf-8")
    path.chmod(0o640)
    return path


def test_comments_at_the_top_stay_and_others_are_counted(file: Path) -> None:
    opened = open_batch(file)
    assert opened.result is not None
    assert (opened.head, opened.comments) == ("# my trees\n\n", 2)
    digest = save_batch(BATCH, file, "native-yaml", expected=opened.digest, head=opened.head)
    assert file.read_text("utf-8").startswith("# my trees\n\nname: trees\n")
    assert digest == digest_of(file)
    assert file.stat().st_mode & 0o777 == 0o640
    again = open_batch(file).result
    assert again is not None
    assert again.batch == BATCH


def test_a_file_that_changed_is_not_overwritten(file: Path) -> None:
    opened = open_batch(file)
    file.write_text(f"{TEXT}    seed: 1\n", "utf-8")
    assert stamp_of(file) != opened.stamp
    with pytest.raises(FileChangedError) as caught:
        save_batch(BATCH, file, "native-yaml", expected=opened.digest)
    assert "seed" in file.read_text("utf-8")
    save_batch(BATCH, file, "native-yaml", expected=caught.value.digest)
    with pytest.raises(FileChangedError, match="changed"):
        save_batch(BATCH, file, "native-yaml", expected=None)
    file.unlink()
    with pytest.raises(FileChangedError, match="no longer there"):
        save_batch(BATCH, file, "native-yaml", expected=opened.digest)


def test_a_link_stays_a_link(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.yaml"
    link.symlink_to(file)
    save_batch(BATCH, link, "native-yaml", expected=digest_of(link))
    assert link.is_symlink()
    assert "bfl" in file.read_text("utf-8")


def test_a_file_that_cannot_be_used_says_why_and_still_has_a_digest(tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text("tasks:\n  - prompt: a\n    steps: many\n", "utf-8")
    opened = open_batch(path)
    assert opened.result is None
    assert opened.error is not None
    assert opened.digest == digest_of(path)
    with pytest.raises(BatchFileError, match="no such file"):
        open_batch(tmp_path / "none.yaml")


def test_what_a_format_loses_is_named() -> None:
    assert losses(BATCH, "native-yaml") == ()
    assert losses(BATCH, "csv") == ("targets", "axes")
    assert losses(BATCH, "text") == ("targets", "axes", "context")


@settings(max_examples=60, deadline=None)
@given(native_batches())
def test_what_is_left_can_be_written(batch: Batch) -> None:
    for form in ("csv", "jsonl", "native-toml"):
        left = without_losses(batch, form)
        assert losses(left, form) == ()
        assert batch_text(left, form)


def test_where_nothing_can_be_written_is_said(tmp_path: Path) -> None:
    assert writable(tmp_path / "new.yaml") is None
    assert "no folder" in (writable(tmp_path / "no" / "new.yaml") or "")
    assert "is a folder" in (writable(tmp_path) or "")
