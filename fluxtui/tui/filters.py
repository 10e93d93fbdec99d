"""The filter line of the job table: words that must match, `is:state`, `cost>0.05`. Pure."""

import re
from collections.abc import Iterable, Mapping

from fluxtui.domain.jobs import ACTIVE, JobState
from fluxtui.history.records import Bound, Comparison, JobFilter, Measure, Term

_GROUPS: Mapping[str, frozenset[JobState]] = {
    "problem": frozenset({JobState.REFUSED, JobState.FAILED, JobState.IN_DOUBT}),
    "active": ACTIVE,
    "doubt": frozenset({JobState.IN_DOUBT}),
    "settled": frozenset(set(JobState) - ACTIVE - {JobState.QUEUED}),
}
_HELD = "held"
_FIELDS = ("task", "target", "prompt")
_MEASURES = {
    "cost": Measure.COST, "time": Measure.TIME, "try": Measure.TRY,
    "price": Measure.COST, "seconds": Measure.TIME, "tries": Measure.TRY, "attempts": Measure.TRY,
}  # fmt: skip

_WORD = re.compile(r'-?(?:[A-Za-z]+:)?"[^"]*"?|\S+')
_BOUND = re.compile(r"([A-Za-z]+)(>=|<=|<>|>|<|=)(.*)")
_TIME = re.compile(r"(?:(\d+):)?(\d+(?:\.\d+)?)\s*(s|m|min|h)?")
_UNITS = {None: 1, "s": 1, "m": 60, "min": 60, "h": 3600}

HINT = 'text "two words" -not  is:failed  task:  target:  prompt:  cost>0.05  time>10  try>1'
"""What may stand in the line, for who looks at an empty one."""


def state_words() -> tuple[str, ...]:
    """Return every word that may follow `is:`."""
    return (*(state.value for state in JobState), *_GROUPS, _HELD)


def parse_filter(text: str) -> tuple[JobFilter, str | None]:
    """Return the filter that a line means, and what is wrong with it (or None).

    `is:failed`, `is:problem`, `is:active` may be given several times; `task:`, `target:` and `prompt:` look
    in one of them, a bare word in all three; `cost` is in dollars, `time` in seconds, `try` counts attempts.
    A `-` before a word turns it round. Words that mean nothing are left out.
    """
    kept: frozenset[JobState] = frozenset()
    shut: frozenset[JobState] = frozenset()
    terms: list[Term] = []
    bounds: list[Bound] = []
    held: bool | None = None
    wrong: str | None = None
    for raw in _WORD.findall(text):
        absent = raw.startswith("-") and len(raw) > 1
        word = raw[1:] if absent else raw
        head, colon, tail = word.partition(":")
        tail = tail.strip('"')
        bound = _BOUND.fullmatch(word)
        if colon and head.lower() in ("is", "state") and tail.lower() == _HELD:
            held = not absent
        elif colon and head.lower() in ("is", "state"):
            states, trouble = _states(tail)
            wrong = wrong or trouble
            kept, shut = (kept, shut | states) if absent else (kept | states, shut)
        elif colon and head.lower() in _FIELDS:
            if tail:
                terms.append(Term(tail, head.lower(), absent))
        elif bound is not None and bound[1].lower() in _MEASURES:
            found, trouble = _bound(_MEASURES[bound[1].lower()], Comparison(bound[2]), bound[3], absent=absent)
            wrong = wrong or trouble
            bounds += found
        elif word.strip('"'):
            terms.append(Term(word.strip('"'), None, absent))
    wanted = None if not kept and not shut else (kept or frozenset(JobState)) - shut
    return JobFilter(wanted, tuple(terms), tuple(bounds), held), wrong


def _states(word: str) -> tuple[frozenset[JobState], str | None]:
    name = word.lower().replace("-", "_")
    if name in _GROUPS:
        return _GROUPS[name], None
    if name in JobState.__members__.values():
        return frozenset({JobState(name)}), None
    if any(known.startswith(name) for known in state_words()):
        return frozenset(), None  # still being typed
    return frozenset(), f"There is no state “{word}”. After is: may stand {', '.join(state_words())}."


def _bound(
    measure: Measure, comparison: Comparison, text: str, *, absent: bool
) -> tuple[tuple[Bound, ...], str | None]:
    text = text.strip().lower()
    value: float | None = None
    if measure is Measure.COST:
        found = re.fullmatch(r"\$?(\d*\.?\d+|\d+\.)", text)
        value = None if found is None else round(float(found[1]) * 1_000_000)
    elif measure is Measure.TIME:
        found = _TIME.fullmatch(text)
        value = None if found is None else float(found[1] or 0) * 60 + float(found[2]) * _UNITS[found[3]]
    elif text.isdecimal():
        value = float(text)
    if value is None or value > 1e15:
        example = {Measure.COST: "cost>0.05 (dollars)", Measure.TIME: "time>10 (seconds)", Measure.TRY: "try>1"}
        return (), f"{measure.value}{comparison.value} wants a number, such as {example[measure]}."
    return (Bound(measure, comparison.opposite if absent else comparison, value),), None


def suggest(text: str, *, targets: Iterable[str] = (), tasks: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the whole lines that the last word of `text` may become, most likely first."""
    before, last = _last_word(text)
    if not last:
        return ()
    sign = "-" if last.startswith("-") else ""
    word = last.removeprefix("-")
    if not word:
        return ()
    head, colon, tail = word.partition(":")
    if colon and head in ("is", "state"):
        words = [f"{head}:{name.replace('_', '-')}" for name in state_words()]
    elif colon and head == "target":
        words = [f"target:{_quoted(name)}" for name in targets]
    elif colon and head == "task":
        words = [f"task:{_quoted(name)}" for name in tasks]
    else:
        words = ["is:", "target:", "task:", "prompt:", "cost>", "time>", "try>"]
    wanted = word.casefold()
    fitting = [each for each in words if each.casefold().startswith(wanted) and each != word]
    if colon and tail:  # a part of a name will do, too
        part = tail.strip('"').casefold()
        fitting += [each for each in words if part in each.partition(":")[2].casefold() and each not in fitting]
        fitting = [each for each in fitting if each != word]
    return tuple(f"{before}{sign}{each}" for each in fitting[:12])


def _last_word(text: str) -> tuple[str, str]:
    at = 0
    for found in _WORD.finditer(text):
        at = found.start()
        if found.end() == len(text):
            return text[:at], text[at:]
    return text, ""


def _quoted(name: str) -> str:
    return f'"{name}"' if re.search(r"\s", name) else name
