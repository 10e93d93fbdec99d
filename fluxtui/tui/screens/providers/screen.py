"""Providers (F6)."""

from typing import ClassVar

from fluxtui.tui import keymap
from fluxtui.tui.screens.base import CockpitScreen


class ProvidersScreen(CockpitScreen):
    """What can draw here, how each target does, and what to do about it."""

    BINDINGS = keymap.bindings(keymap.PROVIDERS)
    HELP: ClassVar[str] = "What can draw here, how each target does, and what to do about it."
