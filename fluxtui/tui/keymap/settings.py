"""Keys of the Settings screen (F9), and of the question for a new key."""

from fluxtui.tui.keymap.base import Key

SCREEN = (
    Key("settings.choose", "enter", "choose", "settings", "choose", "Use what the cursor is on.", True, display="↵"),
    Key("settings.back", "escape", "back", "settings", "back", "Back to the sections.", True, display="esc"),
    Key("settings.filter", "slash", "filter", "settings", "search", "Show some lines only.", True, display="/"),
    Key("settings.reread", "r", "reread", "settings", "read again", "Read variables and themes again.", True),
)  # fmt: skip

KEYS = (
    Key("settings.add-key", "a", "add_key", "settings", "add a key", "A further key for the action.", True),
    Key("settings.reset", "backspace,delete", "reset", "settings", "own key", "The key that it came with.", True),
    Key("settings.reset-all", "R", "reset_all", "settings", "all keys anew", "Every action's own key; asks."),
)  # fmt: skip

WORKSPACES = (
    Key("settings.open-folder", "o", "open_folder", "settings", "other folder", "Open a workspace by its path.", True),
    Key("settings.forget", "x", "forget", "settings", "forget", "Take the workspace off this list, no more.", True),
)  # fmt: skip

CAPTURE = (
    Key("capture.keep", "enter", "keep", "new key", "keep", "Give the pressed key to the action.", True, display="↵"),
)  # fmt: skip

SETTINGS = (*SCREEN, *KEYS, *WORKSPACES, *CAPTURE)
