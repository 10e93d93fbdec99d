"""Keys of the Settings screen (F9)."""

from fluxtui.tui.keymap.base import Key

SETTINGS: tuple[Key, ...] = ()
