"""What frames the tasks, as text that is edited: axes, repeat, defaults, and how many cells they make. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from math import prod

from fluxtui.domain.batch import PARAMETER_ALIASES, Axis, Batch, Target
from fluxtui.domain.values import JsonValue
from fluxtui.engine.files import BatchFileError, format_cell, parse_axis_values
from fluxtui.tui.editing import edits, fields
from fluxtui.tui.editing.edits import Edited
from fluxtui.tui.editing.fields import FieldError

USUAL = ("seed", "steps", "guidance", "size", "quality")
"""The parameters that are swept most."""
_SHORTEST_RANGE = 3
_MARK = re.compile(r"\{([^{}\s]{1,40})\}")
_MOST_LOOKED_AT = 2000  # tasks whose prompts are searched for words in braces
_AS_THEY_ARE = {"guidance": "guidance values", "quality": "qualities"}


def values_text(values: Sequence[JsonValue]) -> str:
    """Return the values of an axis as text that `axis_of` reads back."""
    numbers = [value for value in values if isinstance(value, int) and not isinstance(value, bool)]
    rising = len(numbers) == len(values) and all(b == a + 1 for a, b in pairwise(numbers))
    if rising and len(numbers) >= _SHORTEST_RANGE:
        return f"{numbers[0]}..{numbers[-1]}"
    return ", ".join(_one(value) for value in values)


def axis_of(name: str, text: str) -> Axis:
    """Return the axis that a name and a text like `1..4` or `anime, manga` mean. Raises FieldError."""
    if not name.strip():
        raise FieldError("the name is empty", "Name a parameter, for example seed, or a word in braces of the prompts")
    own = PARAMETER_ALIASES.get(name.strip(), name.strip())
    if not text.strip():
        raise FieldError("there are no values", "Write for example 1..4, or 2.5, 5, or anime, manga")
    try:
        return Axis(own, parse_axis_values(own, text))
    except BatchFileError as error:
        raise FieldError(error.findings[0].message, error.findings[0].advice) from error


def parameter_of(name: str, text: str) -> tuple[str, JsonValue]:
    """Return the parameter that a name and a text mean, under this project's name. Raises FieldError."""
    own = PARAMETER_ALIASES.get(name.strip(), name.strip())
    if not own:
        raise FieldError("the name is empty", "Name a parameter, for example size")
    if not text.strip():
        raise FieldError("there is no value", "Write one, or empty the name too")
    return own, fields.parameter_value(own, text)


def repeat_of(text: str) -> int:
    """Return how often each cell is drawn; once for no text. Raises FieldError."""
    said = text.strip() or "1"
    if not (said.isascii() and said.isdecimal()) or not 1 <= int(said[:9]) <= edits.MOST_REPEATS:
        raise FieldError(f"{said[:20]} cannot be", f"Write a whole number from 1 to {edits.MOST_REPEATS}")
    return int(said[:9])


def framed(batch: Batch, axes: Sequence[Axis], repeat: int, defaults: Iterable[tuple[str, JsonValue]]) -> Edited:
    """Return the batch with these axes, repeat and defaults, in one step. Raises FieldError."""
    done = [edits.set_axes(batch, axes)]
    done.append(edits.set_repeat(done[-1].batch, repeat))
    done.append(edits.set_defaults(done[-1].batch, dict(defaults)))
    before = batch
    labels = []
    for edit in done:
        labels += [edit.label] if edit.batch is not before else []
        before = edit.batch
    return replace(done[-1], label=labels[0] if len(labels) == 1 else "change axes and defaults")


def words_in_braces(batch: Batch) -> tuple[str, ...]:
    """Return the words that prompts have in braces: an axis of such a name puts its values there."""
    found: dict[str, None] = {}
    for task in batch.tasks[:_MOST_LOOKED_AT]:
        for text in (task.prompt, task.negative_prompt or ""):
            if "{" in text:
                found.update(dict.fromkeys(_MARK.findall(text[:10_000])))
    return tuple(found)[:20]


def suggested(batch: Batch, taken: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the names that an axis may have here, words of the prompts first."""
    used = set(taken)
    return tuple(name for name in dict.fromkeys((*words_in_braces(batch), *USUAL)) if name not in used)


def product_words(batch: Batch, targets: Sequence[Target], axes: Sequence[Axis], repeat: int) -> str:
    """Return e.g. `4 tasks × 3 targets × 4 seeds × 2 repeats = 96 cells`."""
    parts = [(len(batch.tasks), "task"), (len(targets), "target"), *((len(a.values), a.name) for a in axes)]
    parts += [(repeat, "repeat")] if repeat != 1 else []
    cells = prod(count for count, _ in parts)
    return f"{' × '.join(many(count, word) for count, word in parts)} = {many(cells, 'cell')}"


def many(count: int, word: str) -> str:
    """Return `1 seed`, `4 seeds`."""
    plural = _AS_THEY_ARE.get(word, word if word.endswith("s") else f"{word}s")
    return f"{count:,} {word if count == 1 else plural}"


def _one(value: JsonValue) -> str:
    text = format_cell(value)
    if any(sign in text for sign in ',"') or text != text.strip():
        doubled = text.replace('"', '""')
        return f'"{doubled}"'
    return text
