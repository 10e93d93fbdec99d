"""Keys of the list of keys, and of the tour."""

from fluxtui.tui.keymap.base import Key

KEYS = (
    Key("keys.close", "escape,enter", "leave", "keys", "close", "Back to the screen.", True, display="esc"),
    Key("keys.down", "down", "scroll_keys(1)", "keys", "down", "One line down.", early=False),
    Key("keys.up", "up", "scroll_keys(-1)", "keys", "up", "One line up.", early=False),
    Key("keys.page-down", "pagedown", "scroll_keys(10)", "keys", "page down", "Further.", early=False),
    Key("keys.page-up", "pageup", "scroll_keys(-10)", "keys", "page up", "Back a page.", early=False),
)  # fmt: skip

TOUR = (
    Key("tour.next", "right,enter,space,l", "step(1)", "tour", "next", "On to the next pane.", True, display="→"),
    Key("tour.back", "left,backspace,h", "step(-1)", "tour", "back", "Back to the pane before.", True, display="←"),
    Key("tour.leave", "escape,q", "leave", "tour", "leave", "Leave the tour.", True, display="esc"),
)  # fmt: skip
