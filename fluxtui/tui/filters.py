"""The filter line of the job table: words that must match, and `is:state`. Pure."""

from fluxtui.domain.jobs import ACTIVE, JobState
from fluxtui.history.records import JobFilter

_GROUPS = {
    "problem": frozenset({JobState.REFUSED, JobState.FAILED, JobState.IN_DOUBT}),
    "active": ACTIVE,
    "doubt": frozenset({JobState.IN_DOUBT}),
}


def state_words() -> tuple[str, ...]:
    """Return every word that may follow `is:`."""
    return (*(state.value for state in JobState), *_GROUPS)


def parse_filter(text: str) -> tuple[JobFilter, str | None]:
    """Return the filter that a line means, and what is wrong with it (or None).

    `is:failed`, `is:problem`, `is:active` may be given several times; `target:NAME` wants the whole
    name; everything else is searched in task and target.
    """
    states: set[JobState] = set()
    target: str | None = None
    words: list[str] = []
    wrong: str | None = None
    for word in text.split():
        head, colon, tail = word.partition(":")
        if head == "is" and colon:
            name = tail.lower().replace("-", "_")
            if name in _GROUPS:
                states |= _GROUPS[name]
            elif name in JobState.__members__.values():
                states.add(JobState(name))
            elif tail:
                wrong = f"is: {', '.join(state_words())}"
        elif head == "target" and colon and tail:
            target = tail
        else:
            words.append(word)
    return JobFilter(states=frozenset(states), target=target, text=" ".join(words)), wrong
