"""Exit codes: what a script may rely on. docs/commands.md lists them for people."""

from collections.abc import Iterable
from enum import IntEnum

from fluxtui.domain.jobs import JobState, RunState
from fluxtui.history.records import RunRow


class Exit(IntEnum):
    """What a command ended with."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    REFUSED = 3
    IN_DOUBT = 4
    CAPPED = 5
    PARKED = 6
    DEFECT = 70  # a mistake in fluxtui; EX_SOFTWARE of sysexits.h
    INTERRUPTED = 130
    PIPE_CLOSED = 141  # the reader went away, as a shell reports it


_WORST_FIRST = (Exit.INTERRUPTED, Exit.PARKED, Exit.CAPPED, Exit.IN_DOUBT, Exit.FAILED, Exit.REFUSED, Exit.DONE)


def worst(codes: Iterable[Exit]) -> Exit:
    """Return the code that says most about several runs; DONE for none."""
    found = set(codes)
    return next((code for code in _WORST_FIRST if code in found), Exit.DONE)


def of_run(run: RunRow) -> Exit:
    """Return what a run has come to. A run that has not ended (paused, interrupted) counts as interrupted."""
    standing = {
        RunState.PARKED: Exit.PARKED,
        RunState.CAPPED: Exit.CAPPED,
        RunState.FINISHED: Exit.DONE,
        RunState.CANCELLED: Exit.DONE,  # its cancelled jobs count, below
    }
    by_job = {
        JobState.IN_DOUBT: Exit.IN_DOUBT,
        JobState.FAILED: Exit.FAILED,
        JobState.CANCELLED: Exit.FAILED,  # somebody gave it up: there is no picture
        JobState.REFUSED: Exit.REFUSED,
    }
    codes = [standing.get(run.state, Exit.INTERRUPTED)]
    codes += [code for state, code in by_job.items() if run.counts.get(state, 0)]
    return worst(codes)
