"""Keys of the Providers screen (F6)."""

from fluxtui.tui.keymap.base import Key

PROVIDERS = (
    Key("providers.open", "enter", "open_card", "providers", "card", "Show everything about it.", True, display="↵"),
    Key("providers.check", "t", "check", "providers", "test", "Try the service's key now; costs nothing.", True),
    Key("providers.switch", "space", "switch", "providers", "on/off", "Switch a target off or on, in every run.", True),
    Key("providers.faster", "plus,equals_sign", "limit(1)", "providers", "more", "One request more at once.", True),
    Key("providers.slower", "minus", "limit(-1)", "providers", "fewer", "One request less at once.", True),
    Key("providers.automatic", "a", "automatic", "providers", "auto limit", "As many at once as the service bears."),
    Key("providers.reset", "r", "reset", "providers", "reset", "Close the circuit, forget a wait, unpark.", True),
    Key("providers.key", "K", "show_key", "providers", "its key", "Which variables hold its key, and where.", True),
    Key("providers.filter", "slash", "filter", "providers", "filter", "Show some targets only.", True, display="/"),
    Key("providers.back", "escape", "back", "providers", "every target", "Take the filter away."),
)  # fmt: skip
