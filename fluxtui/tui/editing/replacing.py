"""Search and replace over a column, shown before it is done.

A regular expression can take for ever (`(a+)+$`), and Python cannot stop one: it would stand in the way of the
whole process, in whatever thread. So it runs in a process of its own, which is killed when its time is up.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fluxtui.domain.batch import Batch, Task
from fluxtui.tui.editing import edits, fields
from fluxtui.tui.editing.edits import Edited
from fluxtui.tui.editing.fields import FieldError

LONGEST_PATTERN = 2_000
"""Characters of a pattern and of what takes its place."""
LARGEST_COLUMN = 32 * 1024 * 1024
"""Characters of all the texts that are searched at once."""
SECONDS = 2.0
"""How long a pattern may take over a whole column."""

_SEARCH = """
import json, re, sys

def answer(**said):
    json.dump(said, sys.stdout)
    sys.exit()

job = json.load(sys.stdin)
try:
    found = re.compile(job["find"], job["flags"])
except re.error as error:
    answer(pattern=error.msg, place=error.pos)
except (OverflowError, RecursionError, MemoryError) as error:
    answer(pattern=str(error), place=None)
try:
    found.subn(job["put"], "")
    pairs = [found.subn(job["put"], text) for text in job["texts"]]
except (re.error, IndexError) as error:
    answer(replacement=str(error))
answer(texts=[text if times else None for text, times in pairs])
"""


@dataclass(frozen=True, slots=True)
class Change:
    """What one row would become. `problem` says why it cannot: such a row is left as it is."""

    row: int
    before: str
    after: str
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What a replacement would do. `error` says what is wrong with the pattern; then there are no changes."""

    key: str
    changes: tuple[Change, ...] = ()
    error: str | None = None

    @property
    def possible(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.problem is None)


def preview(
    batch: Batch,
    rows: Iterable[int],
    key: str,
    find: str,
    put: str,
    *,
    regex: bool = True,
    ignore_case: bool = False,
    seconds: float = SECONDS,
) -> Preview:
    """Work out what replacing `find` by `put` in a column would change. Blocks for at most about `seconds`.

    With `regex`, `put` may name groups: `\\1`, `\\g<name>`. Never raises for a bad pattern: the answer says it.
    """
    if not find:
        return Preview(key)
    if len(find) > LONGEST_PATTERN or len(put) > LONGEST_PATTERN:
        return Preview(key, error=f"Pattern and replacement have at most {LONGEST_PATTERN:,} characters.")
    chosen = sorted({row for row in rows if 0 <= row < len(batch.tasks)})
    texts = [fields.text_of(batch.tasks[row], key) for row in chosen]
    if sum(map(len, texts)) > LARGEST_COLUMN:
        return Preview(key, error="The texts are too long to be searched at once. Mark fewer rows.")
    try:
        if regex:
            found = _searched(texts, find, put, int(re.IGNORECASE) if ignore_case else 0, seconds)
        else:
            found = _literally(texts, find, put, ignore_case)
    except FieldError as error:
        return Preview(key, error=error.sentence())
    pairs = [
        (row, before, after)
        for row, before, after in zip(chosen, texts, found, strict=True)
        if after is not None and after != before
    ]
    return Preview(key, _judged(batch, key, pairs))


def replaced(batch: Batch, shown: Preview) -> Edited:
    """Do what a preview showed, to the rows that still hold what they held then."""
    texts = {
        change.row: change.after
        for change in shown.possible
        if change.row < len(batch.tasks) and fields.text_of(batch.tasks[change.row], shown.key) == change.before
    }
    return edits.set_texts(batch, texts, shown.key, f"replace in {fields.column(shown.key).title}")


def _searched(texts: Sequence[str], find: str, put: str, flags: int, seconds: float) -> list[str | None]:
    job = json.dumps({"find": find, "put": put, "flags": flags, "texts": list(texts)}).encode()
    command = [sys.executable, "-I", "-S", "-W", "ignore", "-c", _SEARCH]
    try:
        done = subprocess.run(command, input=job, capture_output=True, timeout=seconds, check=True)
    except subprocess.TimeoutExpired as error:
        raise FieldError(
            f"The pattern takes longer than {seconds:g} s over these texts",
            "Repetitions inside repetitions, such as (a+)+, do that; write it more simply",
        ) from error
    except (subprocess.CalledProcessError, OSError) as error:
        raise FieldError("The pattern could not be tried", "Write it more simply, or mark fewer rows") from error
    answer = json.loads(done.stdout)
    if "pattern" in answer:
        where = "" if answer["place"] is None else f" (character {answer['place'] + 1})"
        advice = "Correct it, or switch regular expressions off to search for the text itself"
        raise FieldError(f"The pattern cannot be used: {answer['pattern']}{where}", advice)
    if "replacement" in answer:
        raise FieldError(
            f"The replacement cannot be used: {answer['replacement']}", r"Groups are \1, \2 ...; a backslash is \\"
        )
    result: list[str | None] = answer["texts"]
    return result


def _literally(texts: Sequence[str], find: str, put: str, ignore_case: bool) -> list[str | None]:
    if not ignore_case:
        return [text.replace(find, put) if find in text else None for text in texts]
    pattern = re.compile(re.escape(find), re.IGNORECASE)
    return [pattern.sub(lambda _: put, text) if pattern.search(text) else None for text in texts]


def _judged(batch: Batch, key: str, pairs: Sequence[tuple[int, str, str]]) -> tuple[Change, ...]:
    """Check each new text as if it had been typed; of names also that nobody else has them."""
    names = _names_after(batch, pairs) if key == "name" else {}
    changes = []
    for row, before, after in pairs:
        problem = _problem(batch.tasks[row], key, after)
        if problem is None and names.get(after.strip(), 0) > 1:
            problem = "Another task would have the same name."
        changes.append(Change(row, before, after, problem))
    return tuple(changes)


def _names_after(batch: Batch, pairs: Sequence[tuple[int, str, str]]) -> Mapping[str, int]:
    """Return how often each name would be there, with the names before the change counted too."""
    # A row that is left as it is keeps its name, so nobody may take one that is there now.
    before = {task.name for task in batch.tasks}
    counts: dict[str, int] = {}
    for _, old, after in pairs:
        name = after.strip()
        counts[name] = counts.get(name, 1 if name in before and name != old else 0) + 1
    return counts


def _problem(task: Task, key: str, after: str) -> str | None:
    try:
        fields.with_text(task, key, after)
    except FieldError as error:
        return error.sentence()
    return None
