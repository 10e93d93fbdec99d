"""Every key of the cockpit, one module a screen or pane: id, key, action, words for footer, help and palette.

Keys are rebound by id (`App.set_keymap`); footer, help and palette read what is bound, not these tables.
"""

from fluxtui.tui.keymap.base import Key, bindings
from fluxtui.tui.keymap.batch import BATCH, PROMPT, TASK, TASK_LINE
from fluxtui.tui.keymap.cockpit import GLOBAL
from fluxtui.tui.keymap.dialogs import CHOICES, DIALOG, PAPER
from fluxtui.tui.keymap.frame import FIELDS, FIND, FRAME, PREFLIGHT, RECIPE, TARGETS
from fluxtui.tui.keymap.help import KEYS, TOUR
from fluxtui.tui.keymap.history import AMEND, HISTORY
from fluxtui.tui.keymap.picture import LOOK
from fluxtui.tui.keymap.providers import PROVIDERS
from fluxtui.tui.keymap.run import RUN
from fluxtui.tui.keymap.run_view import COLUMNS, FILTER, JOBS, LOG, RUN_VIEW, RUNS
from fluxtui.tui.keymap.settings import SETTINGS
from fluxtui.tui.keymap.sheet import CELL, NOTHING, PICK, REPLACE, SHEET
from fluxtui.tui.keymap.table import ROWS
from fluxtui.tui.keymap.welcome import WELCOME

__all__ = [
    "AMEND",
    "BATCH",
    "CELL",
    "CHOICES",
    "COLUMNS",
    "DIALOG",
    "EVERY",
    "FIELDS",
    "FILTER",
    "FIND",
    "FRAME",
    "GLOBAL",
    "HISTORY",
    "JOBS",
    "KEYS",
    "LOG",
    "LOOK",
    "NOTHING",
    "PAPER",
    "PICK",
    "PREFLIGHT",
    "PROMPT",
    "PROVIDERS",
    "RECIPE",
    "REPLACE",
    "ROWS",
    "RUN",
    "RUNS",
    "RUN_VIEW",
    "SETTINGS",
    "SHEET",
    "TARGETS",
    "TASK",
    "TASK_LINE",
    "TOUR",
    "WELCOME",
    "Key",
    "bindings",
]

EVERY: tuple[Key, ...] = (
    *GLOBAL, *RUN, *RUN_VIEW, *JOBS, *FILTER, *LOG, *COLUMNS, *RUNS, *BATCH, *FRAME, *FIELDS, *RECIPE, *SHEET,
    *CELL, *REPLACE, *PICK, *NOTHING, *TARGETS, *FIND, *PREFLIGHT, *PROMPT, *TASK, *TASK_LINE, *PROVIDERS,
    *HISTORY, *AMEND, *SETTINGS, *WELCOME, *LOOK, *ROWS, *DIALOG, *CHOICES, *PAPER, *KEYS, *TOUR,
)  # fmt: skip
