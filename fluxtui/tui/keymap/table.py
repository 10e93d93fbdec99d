"""Keys of every list and table."""

from fluxtui.tui.keymap.base import Key

ROWS = (
    Key("rows.down", "down,j", "move(1)", "table", "down", "One row down.", early=False),
    Key("rows.up", "up,k", "move(-1)", "table", "up", "One row up.", early=False),
    Key("rows.page-down", "pagedown,ctrl+d", "page(1)", "table", "page down", "One page down.", early=False),
    Key("rows.page-up", "pageup,ctrl+u", "page(-1)", "table", "page up", "One page up.", early=False),
    Key("rows.first", "home,g", "edge(-1)", "table", "first", "The first row.", early=False),
    Key("rows.last", "end,G", "edge(1)", "table", "last", "The last row.", early=False),
)  # fmt: skip
