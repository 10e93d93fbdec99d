"""Files and drafts of batches. Everything here blocks: to be called in threads."""

from pathlib import Path
from typing import TYPE_CHECKING

from fluxtui.domain.batch import Batch

if TYPE_CHECKING:
    from fluxtui.engine.drafts import Draft, DraftInfo
    from fluxtui.engine.files import Stamp


class BatchFiles:
    """The files of batches, and the drafts of one workspace."""

    def __init__(self, workspace: Path) -> None:
        self._workspace = workspace

    def save(self, batch: Batch, path: Path, format_name: str, expected: str | None, head: str = "") -> str:
        """Write a batch; returns the digest. Raises FileChangedError or BatchFileError (FluxtuiErrors)."""
        from fluxtui.engine.files import save_batch

        return save_batch(batch, path, format_name, expected=expected, head=head)

    def reduced(self, batch: Batch, format_name: str) -> Batch:
        """Return the batch without what a format has no place for."""
        from fluxtui.engine.files import without_losses

        return without_losses(batch, format_name)

    def losses(self, batch: Batch, format_name: str) -> tuple[str, ...]:
        """Return the parts of a batch that a format has no place for."""
        from fluxtui.engine.files import losses

        return losses(batch, format_name)

    def format_for(self, path: Path) -> str:
        """Return the format that a file's extension stands for, "" for none."""
        from fluxtui.engine.files import format_for

        return format_for(path)

    def stamp(self, path: Path) -> "Stamp | None":
        """Return what tells cheaply that a file may have changed, None when it is not there."""
        from fluxtui.engine.files import stamp_of

        return stamp_of(path)

    def digest(self, path: Path) -> str | None:
        """Return the digest of a file's bytes, None when it is not there. Raises BatchFileError."""
        from fluxtui.engine.files import digest_of

        return digest_of(path)

    def begin_draft(self) -> "Draft":
        """Hold a new draft. Raises FluxtuiError."""
        from fluxtui.engine.drafts import Draft

        return Draft.begin(self._workspace)

    def left_behind(self, source: Path | None) -> "list[DraftInfo]":
        """Return the drafts that nobody is editing, of one file or (None) all, newest first."""
        from fluxtui.engine.drafts import orphans

        return orphans(self._workspace, source)

    def take_draft(self, draft_id: str) -> "tuple[Draft, Batch]":
        """Hold a draft that was left behind. Raises FluxtuiError."""
        from fluxtui.engine.drafts import take

        return take(self._workspace, draft_id)

    def drop_draft(self, draft_id: str) -> None:
        """Remove a draft that was left behind. Raises FluxtuiError."""
        from fluxtui.engine.drafts import discard

        discard(self._workspace, draft_id)
