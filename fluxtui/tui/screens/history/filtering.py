"""The line that filters the runs: `is:interrupted batch:name target:name`, and words that are searched in prompts."""

import re
from collections.abc import Iterable
from dataclasses import replace

from fluxtui.domain.jobs import RunState
from fluxtui.history.run_list import RunFilter

_WORD = re.compile(r'\w+:"[^"]*"?|"[^"]*"?|\S+')

_GROUPS = {
    "live": frozenset({RunState.READY, RunState.RUNNING}),
    "stopped": frozenset({RunState.PAUSED, RunState.PARKED, RunState.CAPPED, RunState.INTERRUPTED}),
}

_KINDS = ("failed", "in-doubt", "sandbox", "real")
"""What may follow `is:` besides states: with jobs that failed, with jobs in doubt, of play money, of real money."""

HINT = "words of a prompt  is:stopped  is:failed  batch:name  target:name  sandbox:"
"""What may stand in the line, for who looks at an empty one."""


def state_words() -> tuple[str, ...]:
    """Return every word that may follow `is:`."""
    return (*(state.value for state in RunState), *_GROUPS, *_KINDS)


def parse_filter(text: str) -> tuple[RunFilter, str | None]:
    """Return the filter that a line means, and what is wrong with it (or None).

    `is:` may be given several times and keeps any of the states; all other words must hold together.
    """
    found, wrong = RunFilter(), None
    words: list[str] = []
    for word in _WORD.findall(text):
        head, colon, tail = word.partition(":")
        tail = tail.strip('"')
        match head.lower() if colon else "":
            case "is" | "state":
                found, trouble = _with_state(found, tail.lower().replace("_", "-"))
                wrong = wrong or trouble
            case "batch":
                found = replace(found, batch=tail)
            case "target":
                found = replace(found, target=tail)
            case "sandbox":
                found = replace(found, sandbox=tail.lower() not in ("no", "off", "false"))
            case _:
                words.append(word)
    return replace(found, text=" ".join(words)), wrong


def _with_state(found: RunFilter, word: str) -> tuple[RunFilter, str | None]:
    if word in _GROUPS:
        return replace(found, states=found.states | _GROUPS[word]), None
    if word in RunState.__members__.values():
        return replace(found, states=found.states | {RunState(word)}), None
    match word:
        case "failed":
            return replace(found, failed=True), None
        case "in-doubt" | "doubtful":
            return replace(found, doubtful=True), None
        case "sandbox" | "real":
            return replace(found, sandbox=word == "sandbox"), None
    if any(known.startswith(word) for known in state_words()):
        return found, None  # still being typed
    return found, f"There is no state “{word}”. After is: may stand {', '.join(state_words())}."


def suggest(text: str, *, batches: Iterable[str] = (), targets: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the whole lines that the last word of `text` may become, most likely first."""
    last = ""
    for found in _WORD.finditer(text):
        last = found[0] if found.end() == len(text) else ""
    if not last:
        return ()
    before = text[: len(text) - len(last)]
    head, colon, tail = last.partition(":")
    choices = {"is": state_words(), "state": state_words(), "batch": batches, "target": targets}
    if colon:
        words = [f"{head}:{_quoted(name)}" for name in choices.get(head, ())]
    else:
        words = ["is:", "batch:", "target:", "sandbox:"]
    wanted = last.casefold()
    fitting = [word for word in words if word.casefold().startswith(wanted) and word != last]
    if colon and tail:  # a part of a name will do, too
        part = tail.strip('"').casefold()
        more = (word for word in words if part in word.partition(":")[2].casefold() and word != last)
        fitting += [word for word in more if word not in fitting]
    return tuple(before + word for word in fitting[:12])


def _quoted(name: str) -> str:
    return f'"{name}"' if re.search(r"\s", name) else name
