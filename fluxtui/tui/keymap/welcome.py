"""Keys of the first screen of an empty workspace."""

from fluxtui.tui.keymap.base import Key

WELCOME = (
    Key("welcome.sandbox", "s", "sandbox", "welcome", "try the sandbox", "Run the example on made-up services.", True),
    Key("welcome.keys", "k", "where_keys", "welcome", "where keys go", "The variables that each service needs.", True),
)  # fmt: skip
