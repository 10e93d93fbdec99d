"""Every key of the cockpit, in one registry: id, key, action, words for footer, help and palette.

Keys are rebound by id (`App.set_keymap`); footer, help and palette read what is bound, not this table.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from textual.binding import Binding, BindingType


@dataclass(frozen=True, slots=True)
class Key:
    """One action that a key starts.

    `area` is the screen or pane it belongs to (the palette's `area: action`), `name` the word in
    the footer and palette, `tip` one sentence for help. `footer` puts it among the keys shown there.
    """

    id: str
    keys: str
    action: str
    area: str
    name: str
    tip: str
    footer: bool = False
    priority: bool = False
    display: str | None = None
    palette: bool = True

    def binding(self) -> Binding:
        return Binding(
            self.keys,
            self.action,
            self.name,
            show=self.footer,
            key_display=self.display,
            priority=self.priority,
            tooltip=self.tip,
            id=self.id,
        )


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
    Key("app.batch", "f2", "go('batch')", "go to", "batch", "What the file says and costs.", True, display="F2"),
    Key("app.run", "f3", "go('run')", "go to", "run", "The run: progress, jobs, pictures.", True, display="F3"),
    Key("app.history", "f7", "go('history')", "go to", "history", "All runs of this workspace.", True, display="F7"),
    Key("app.keys", "question_mark", "show_keys", "app", "keys", "The keys of this screen.", display="?"),
    Key("app.palette", "ctrl+p", "command_palette", "app", "commands", "Every action, by name.", True, palette=False),
    Key("app.open", "ctrl+o", "open_file", "app", "open a batch", "Open a batch file by its path."),
    Key("app.theme", "ctrl+t", "next_theme", "app", "next theme", "Switch between the themes, light and dark."),
    Key("app.redraw", "ctrl+l", "redraw", "app", "redraw", "Draw the whole screen again."),
    Key("app.quit", "ctrl+q", "leave", "app", "quit", "Leave. Work under way goes on without the screen.", True, True),
)

RUN = (
    Key("run.open", "enter", "open_job", "run", "look", "The picture large, with every detail.", True, display="↵"),
    Key("run.pause", "p", "pause", "run", "pause", "Pause the run, or go on with it.", True),
    Key("run.retry", "R", "retry", "run", "retry", "Try failed jobs again; asks which.", True),
    Key("run.cancel", "x", "cancel", "run", "cancel", "Cancel this job, the unsent ones, or all; asks.", True),
    Key("run.resolve", "a", "resolve", "run", "in doubt", "Decide jobs in doubt; asks.", True),
    Key("run.filter", "slash", "filter", "run", "filter", "Show some jobs only.", True, display="/"),
    Key("run.problem", "n", "next_problem(1)", "run", "next problem", "Jump to the next job that needs you."),
    Key("run.problem-back", "N", "next_problem(-1)", "run", "previous problem", "Jump back to a job that needs you."),
    Key("run.sort", "s", "sort", "run", "sort", "Sort by order, state, task, target, time, cost or newest change."),
    Key("run.follow", "f", "follow", "run", "follow", "Keep the newest finished job selected."),
    Key("run.copy", "c", "copy_problem", "run", "copy error", "Copy the selected job's error card."),
    Key("run.prompt", "y", "copy_prompt", "run", "copy prompt", "Copy the selected job's prompt."),
)  # fmt: skip

HISTORY = (
    Key("history.open", "enter", "open_run", "history", "open", "Open the selected run.", True, display="↵"),
    Key("history.resume", "r", "resume_run", "history", "resume", "Go on with an interrupted or paused run.", True),
)  # fmt: skip

BATCH = (
    Key("batch.start", "s", "start", "batch", "start", "Start; asks once, with pictures, money and time.", True),
    Key("batch.toggle", "space", "toggle_target", "batch", "target on/off", "Let the target draw, or not.", True),
    Key("batch.all", "A", "all_targets", "batch", "all targets", "Tick every target that can draw, or none."),
    Key("batch.reload", "r", "reload", "batch", "read again", "Read the file again."),
    Key("batch.findings", "w", "show_findings", "batch", "warnings", "Every warning and impossible cell.", True),
)  # fmt: skip

WELCOME = (
    Key("welcome.sandbox", "s", "sandbox", "welcome", "try the sandbox", "Run the example on made-up services.", True),
    Key("welcome.keys", "k", "where_keys", "welcome", "where keys go", "The variables that each service needs.", True),
)

LOOK = (
    Key("look.next", "right,l,j,down", "step(1)", "picture", "next job", "The table's next job.", True, display="→"),
    Key("look.previous", "left,h,k,up", "step(-1)", "picture", "previous job", "The previous job.", True, display="←"),
    Key("look.facts", "i", "facts", "picture", "facts", "Show or hide the facts.", True),
    Key("look.copy", "c", "copy_problem", "picture", "copy error", "Copy the error card."),
    Key("look.prompt", "y", "copy_prompt", "picture", "copy prompt", "Copy the prompt."),
    Key("look.close", "escape,enter,q", "close", "picture", "back", "Back to the table.", True, display="esc"),
)  # fmt: skip

ROWS = (
    Key("rows.down", "down,j", "move(1)", "table", "down", "One row down.", palette=False),
    Key("rows.up", "up,k", "move(-1)", "table", "up", "One row up.", palette=False),
    Key("rows.page-down", "pagedown,ctrl+d", "page(1)", "table", "page down", "One page down.", palette=False),
    Key("rows.page-up", "pageup,ctrl+u", "page(-1)", "table", "page up", "One page up.", palette=False),
    Key("rows.first", "home,g", "edge(-1)", "table", "first", "The first row.", palette=False),
    Key("rows.last", "end,G", "edge(1)", "table", "last", "The last row.", palette=False),
)

EVERY = (*GLOBAL, *RUN, *HISTORY, *BATCH, *WELCOME, *LOOK, *ROWS)


def bindings(keys: Iterable[Key]) -> list[BindingType]:
    """Return Textual's bindings for a class's BINDINGS."""
    return [key.binding() for key in keys]
