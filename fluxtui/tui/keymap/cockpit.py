"""Keys that work on every screen."""

from fluxtui.tui.keymap.base import Key

GLOBAL = (
    Key(
        "app.help",
        "f1",
        "show_help",
        "app",
        "help",
        "What this screen and the focused pane are for.",
        True,
        display="F1",
    ),
    Key("app.batch", "f2", "go('batch')", "go to", "batch", "What the file says and costs.", True, True, display="F2"),
    Key("app.run", "f3", "go('run')", "go to", "run", "The run: progress, jobs, pictures.", True, True, display="F3"),
    Key("app.providers", "f6", "go('providers')", "go to", "providers", "How targets do.", True, True, display="F6"),
    Key("app.history", "f7", "go('history')", "go to", "history", "All runs made here.", True, True, display="F7"),
    Key("app.settings", "f9", "go('settings')", "go to", "settings", "Values, looks, keys.", True, True, display="F9"),
    Key("app.keys", "question_mark", "show_keys", "app", "keys", "The keys of this screen.", display="?"),
    Key("app.palette", "ctrl+p", "command_palette", "app", "commands", "Actions by name.", True, True, early=False),
    Key("app.open", "ctrl+o", "open_file", "app", "open a batch", "Open a batch file by its path."),
    Key("app.theme", "ctrl+t", "next_theme", "app", "next theme", "Switch between the themes, light and dark."),
    Key("app.tour", "f12", "show_tour", "app", "tour", "Five steps through the cockpit.", display="F12"),
    Key("app.redraw", "ctrl+l", "redraw", "app", "redraw", "Draw the whole screen again."),
    Key("app.quit", "ctrl+q", "leave", "app", "quit", "Leave. Work under way goes on without the screen.", True, True),
)  # fmt: skip
