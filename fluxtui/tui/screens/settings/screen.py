"""Settings (F9)."""

from typing import ClassVar

from fluxtui.tui import keymap
from fluxtui.tui.screens.base import CockpitScreen


class SettingsScreen(CockpitScreen):
    """What holds here and where it was set; looks and keys."""

    BINDINGS = keymap.bindings(keymap.SETTINGS)
    HELP: ClassVar[str] = "What holds here and where it was set; looks and keys."
