"""Keys of the Run screen (F3)."""

from fluxtui.tui.keymap.base import Key

RUN = (
    Key("run.open", "enter", "open_job", "run", "look", "The picture large, with every detail.", True, display="↵"),
    Key("run.pause", "p", "pause", "run", "pause", "Pause the run, a lane or jobs; or go on. Asks which.", True),
    Key("run.retry", "R", "retry", "run", "retry", "Try failed jobs again; asks which, with the price.", True),
    Key("run.cancel", "x", "cancel", "run", "cancel", "Cancel this job, the unsent ones, or all; asks.", True),
    Key("run.resolve", "a", "resolve", "run", "in doubt", "Decide jobs in doubt; asks.", True),
    Key("run.unpark", "u", "unpark", "run", "unpark", "Let a lane that stands still try again.", True),
    Key("run.sooner", "greater_than_sign", "send_sooner(1)", "run", "sooner", "Send queued jobs sooner.", display=">"),
    Key("run.later", "less_than_sign", "send_sooner(-1)", "run", "later", "Send queued jobs later.", display="<"),
    Key("run.more", "plus,equals_sign", "change_limit(1)", "run", "more at once", "One request more.", display="+"),
    Key("run.fewer", "minus", "change_limit(-1)", "run", "fewer at once", "One request fewer at once.", display="-"),
    Key("run.cap", "B", "raise_cap", "run", "cap", "Raise the spending cap, or lift it."),
    Key("run.filter", "slash", "filter", "run", "filter", "Show some jobs only.", True, display="/"),
    Key("run.unfilter", "escape", "unfilter", "run", "every job", "Leave the filter and show every job."),
    Key("run.problem", "n", "next_problem(1)", "run", "next problem", "Jump to the next job that needs you."),
    Key("run.problem-back", "N", "next_problem(-1)", "run", "previous problem", "Jump back to a job that needs you."),
    Key("run.sort", "s", "sort", "run", "sort", "Sort by order, state, task, target, time, cost or newest change."),
    Key("run.follow", "f", "follow", "run", "follow", "Keep the newest finished job selected."),
    Key("run.copy", "c", "copy_problem", "run", "copy error", "Copy the selected job's error card."),
    Key("run.prompt", "y", "copy_prompt", "run", "copy prompt", "Copy the selected job's prompt."),
)  # fmt: skip
