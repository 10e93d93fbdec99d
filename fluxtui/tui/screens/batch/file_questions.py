"""The questions about files of batches, in words. Pure."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.content import Content

from fluxtui.tui import faces
from fluxtui.tui.screens.dialogs.screen import AskScreen, Choice

if TYPE_CHECKING:
    from fluxtui.engine.drafts import DraftInfo

MOST_DRAFTS = 6


def unsaved_question(name: str, *, keep: bool = True) -> AskScreen:
    """Ask what becomes of unsaved changes: save, keep (as a draft), drop; anything else stays."""
    kept = (Choice("k", "keep", "keep them as a draft", "offered when it is opened again"),) if keep else ()
    choices = (
        Choice("s", "save", "save it"),
        *kept,
        Choice("d", "drop", "go on without saving", "the changes are lost", "warning"),
        Choice("n", "stay", "stay"),
    )
    body = Content("What was changed since the last save is in no file.")
    return AskScreen(f"{faces.one_line(name, 40)} is not saved", body, choices)


def changed_question(name: str, *, gone: bool) -> AskScreen:
    """The file on disk is not the one that was read: what now?"""
    shown = faces.one_line(name, 60)
    choices = [
        Choice("a", "elsewhere", "save under another name", "" if gone else "both are kept"),
        Choice("o", "overwrite", "write over it", "" if gone else "their changes are lost", "warning"),
        Choice("n", "stay", "do not save"),
    ]
    if gone:
        return AskScreen("The file is gone", Content(f"{shown} is no longer where it was read from."), choices)
    choices.insert(2, Choice("r", "read", "read theirs", "your changes are lost", "warning"))
    return AskScreen("Somebody else changed the file", Content(f"{shown} is not as it was when it was read."), choices)


def losses_question(name: str, form: str, lost: Sequence[str], *, copy: bool) -> AskScreen:
    """The format cannot hold everything: save without it, or as YAML, which can."""
    parts = " and ".join([", ".join(lost[:-1]), lost[-1]] if len(lost) > 1 else lost)
    note = "a copy; your batch keeps them" if copy else "they stay on the screen only"
    choices = (
        Choice("y", "yaml", "save as YAML", "holds everything"),
        Choice("w", "without", "save without them", note, "warning"),
    )
    return AskScreen(
        f"{form} cannot hold all of it", Content(f"{faces.one_line(name, 60)} would lose {parts}."), choices
    )


def comments_question(name: str, comments: int) -> AskScreen:
    what = "1 comment" if comments == 1 else f"{comments:,} comments"
    choices = (
        Choice("a", "elsewhere", "save under another name", "the file stays as it is"),
        Choice("s", "save", "save over it", "comments at the top are kept", "warning"),
    )
    return AskScreen(
        "Save over it?", Content(f"{faces.one_line(name, 60)} holds {what} that saving would drop."), choices
    )


def exists_question(name: str) -> AskScreen:
    choices = (
        Choice("n", "no", "choose another name"),
        Choice("o", "overwrite", "overwrite", "what it holds is lost", "error"),
    )
    return AskScreen("There is such a file", Content(f"{faces.one_line(name, 80)} would be replaced."), choices)


def restore_question(drafts: Sequence["DraftInfo"], now: float | None = None) -> AskScreen:
    """Unsaved edits were left behind: go on with one, or not. The answer is its id, `drop` or `not now`."""
    now = time.time() if now is None else now
    shown = drafts[:MOST_DRAFTS]
    choices = [
        Choice(str(number), info.id, faces.one_line(info.name, 30) or "untitled", draft_note(info, now))
        for number, info in enumerate(shown, 1)
    ]
    choices.append(Choice("n", "later", "not now", "they stay"))
    choices.append(Choice("x", "drop", "drop them" if len(shown) > 1 else "drop it", "gone for good", "error"))
    what = "Unsaved edits were left behind when fluxtui ended. Go on with them?"
    return AskScreen("Unsaved edits", Content(what), choices)


def draft_note(info: "DraftInfo", now: float) -> str:
    """Return e.g. `12 tasks, of city.yaml, 5 min ago`."""
    tasks = "1 task" if info.tasks == 1 else f"{info.tasks:,} tasks"
    source = "" if info.source is None else f", of {faces.one_line(info.source.name, 40)}"
    minutes = max(0, int(now - info.written)) // 60
    ago = "just now" if minutes < 1 else f"{minutes} min ago" if minutes < 90 else f"{minutes // 60} h ago"
    return f"{tasks}{source}, {ago}"
