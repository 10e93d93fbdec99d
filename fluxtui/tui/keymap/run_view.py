"""Keys of the Run screen that choose what is shown, and of its panes: table, filter, log, columns, runs."""

from fluxtui.tui.keymap.base import Key

RUN_VIEW = (
    Key("run.next", "right_square_bracket", "next_run(1)", "run", "next run", "The tab to the right.", display="]"),
    Key("run.back", "left_square_bracket", "next_run(-1)", "run", "run before", "The tab to the left.", display="["),
    Key("run.switch", "w", "switch_run", "run", "other run", "Choose among all runs; type to find one."),
    Key("run.sort-by", "S", "choose_sort", "run", "sort by", "Choose what the table is sorted by."),
    Key("run.reverse", "r", "reverse", "run", "reverse", "Turn the order of the table round."),
    Key("run.group", "b", "choose_group", "run", "group by", "Put jobs in groups by task, target or state."),
    Key("run.columns", "C", "choose_columns", "run", "columns", "Choose the columns and their order."),
    Key("run.log", "L", "toggle_log", "run", "log", "Show or hide what happened, line by line."),
)  # fmt: skip

JOBS = (
    Key("jobs.fold", "space", "fold", "jobs", "fold", "Fold the group, or unfold it."),
    Key("jobs.fold-all", "z", "fold_all", "jobs", "fold all", "Fold every group, or unfold all."),
    Key("jobs.outward", "left,h", "outward", "jobs", "to the heading", "To its heading; then fold it.", early=False),
    Key("jobs.inward", "right,l", "inward", "jobs", "into the group", "Unfold it; then its first job.", early=False),
)  # fmt: skip

FILTER = (
    Key("filter.complete", "tab", "complete", "filter", "complete", "Take the suggested word."),
    Key("filter.earlier", "up", "recall(-1)", "filter", "earlier filter", "The filter before this one.", early=False),
    Key("filter.later", "down", "recall(1)", "filter", "later filter", "The filter after this one.", early=False),
)  # fmt: skip

LOG = (
    Key("log.go", "space", "go_to_job", "log", "show job", "Select this line's job in the table.", True),
    Key("log.job", "o", "only_job", "log", "one job", "Only lines of the selected job, or of all.", True),
    Key("log.problems", "e", "only_problems", "log", "problems", "Only lines that tell of trouble, or all.", True),
)  # fmt: skip

COLUMNS = (
    Key("columns.tick", "space", "tick", "columns", "show or hide", "Show this column, or leave it out.", True),
    Key("columns.down", "J,shift+down", "carry(1)", "columns", "further right", "Move the column to the right.", True),
    Key("columns.up", "K,shift+up", "carry(-1)", "columns", "further left", "Move the column to the left.", True),
    Key("columns.usual", "d", "usual", "columns", "the usual ones", "The columns as they were at first.", True),
    Key("columns.keep", "enter", "keep", "columns", "keep", "Use these columns from now on.", True, display="↵"),
)  # fmt: skip

RUNS = (
    Key("runs.open", "enter", "open_run", "runs", "show", "Show the marked run.", True, True, display="↵"),
    Key("runs.down", "down", "step(1)", "runs", "next", "One run down.", priority=True, early=False),
    Key("runs.up", "up", "step(-1)", "runs", "before", "One run up.", priority=True, early=False),
)  # fmt: skip
