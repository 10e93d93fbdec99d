"""Keys of the Providers screen (F6)."""

from fluxtui.tui.keymap.base import Key

PROVIDERS: tuple[Key, ...] = ()
