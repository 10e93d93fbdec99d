"""Keys of the History screen (F7)."""

from fluxtui.tui.keymap.base import Key

HISTORY = (
    Key("history.open", "enter", "open_run", "history", "open", "Open the selected run.", True, display="↵"),
    Key("history.resume", "r", "resume_run", "history", "resume", "Go on with an interrupted or paused run.", True),
)  # fmt: skip
