"""Every key of the cockpit, one module a screen or pane: id, key, action, words for footer, help and palette.

Keys are rebound by id (`App.set_keymap`); footer, help and palette read what is bound, not these tables.
"""

from fluxtui.tui.keymap.base import Key, bindings
from fluxtui.tui.keymap.batch import BATCH
from fluxtui.tui.keymap.cockpit import GLOBAL
from fluxtui.tui.keymap.dialogs import CHOICES, DIALOG, PAPER
from fluxtui.tui.keymap.history import HISTORY
from fluxtui.tui.keymap.picture import LOOK
from fluxtui.tui.keymap.providers import PROVIDERS
from fluxtui.tui.keymap.run import RUN
from fluxtui.tui.keymap.settings import SETTINGS
from fluxtui.tui.keymap.table import ROWS
from fluxtui.tui.keymap.welcome import WELCOME

__all__ = [
    "BATCH",
    "CHOICES",
    "DIALOG",
    "EVERY",
    "GLOBAL",
    "HISTORY",
    "LOOK",
    "PAPER",
    "PROVIDERS",
    "ROWS",
    "RUN",
    "SETTINGS",
    "WELCOME",
    "Key",
    "bindings",
]

EVERY: tuple[Key, ...] = (
    *GLOBAL, *RUN, *BATCH, *PROVIDERS, *HISTORY, *SETTINGS, *WELCOME, *LOOK, *ROWS, *DIALOG, *CHOICES, *PAPER,
)  # fmt: skip
