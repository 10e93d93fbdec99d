"""Keys of the History screen (F7), and of its dialog that adds to a run."""

from fluxtui.tui.keymap.base import Key

HISTORY = (
    Key("history.open", "enter", "open_run", "history", "open", "Open the selected run.", True, display="↵"),
    Key("history.resume", "r", "resume_run", "history", "resume", "Go on with a run that stands still.", True),
    Key("history.amend", "a", "amend_run", "history", "add to it", "Add targets, values or repeats; asks.", True),
    Key("history.rerun", "f", "rerun_failed", "history", "rerun failed", "Try its failed jobs again; asks.", True),
    Key("history.duplicate", "d", "duplicate", "history", "duplicate", "Open its batch as a new one.", True),
    Key("history.delete", "x,delete", "delete", "history", "delete", "Delete; asks what becomes of pictures.", True),
    Key("history.filter", "slash", "filter", "history", "search", "Search prompts, show some runs.", True, display="/"),
    Key("history.back", "escape", "back", "history", "every run", "Take the marks away, then show every run."),
    Key("history.mark", "space", "mark", "history", "mark", "Mark the run; what follows acts on the marked ones."),
    Key("history.mark-all", "A", "mark_all", "history", "mark all", "Mark every run that is shown, or none."),
    Key("history.sort", "s", "sort", "history", "sort", "Sort by when, batch, state, jobs, money or size."),
    Key("history.sort-by", "S", "choose_sort", "history", "sort by", "Choose the order; the same again: turned round."),
    Key("history.disk", "u", "disk_use", "history", "disk use", "What pictures take on disk, and what is free."),
)  # fmt: skip

AMEND = (
    Key("amend.tick", "space", "tick", "add to a run", "on/off", "Add this target, or not.", True),
    Key("amend.buy", "enter", "buy", "add to a run", "buy", "Add what is missing; asks once.", True, display="↵"),
)  # fmt: skip
