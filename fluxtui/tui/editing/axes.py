"""The axes of a batch as one line: `seed=1..4; style=anime, manga; repeat=2`. Pure."""

from collections.abc import Sequence
from itertools import pairwise

from fluxtui.domain.batch import Axis, Batch
from fluxtui.domain.values import JsonValue
from fluxtui.engine.files import BatchFileError, format_cell, parse_axis_values
from fluxtui.tui.editing import edits
from fluxtui.tui.editing.edits import Edited
from fluxtui.tui.editing.fields import FieldError

_REPEAT = "repeat"
_SHORTEST_RANGE = 3


def axes_line(batch: Batch) -> str:
    """Return axes and repeat as a line that `with_axes` reads back."""
    parts = [f"{axis.name}={_values(axis.values)}" for axis in batch.axes]
    parts += [f"{_REPEAT}={batch.repeat}"] if batch.repeat != 1 else []
    return "; ".join(parts)


def with_axes(batch: Batch, line: str) -> Edited:
    """Return the batch with the axes and the repeat of a line; an empty one sweeps nothing. Raises FieldError."""
    axes: list[Axis] = []
    repeat = 1
    for part in _parts(line):
        name, equals, values = (text.strip() for text in part.partition("="))
        if not equals or not name or not values:
            raise FieldError(f"{part.strip()!r} is no axis", "Write for example seed=1..4 or style=anime, manga")
        if name == _REPEAT:
            if not values.isdecimal():
                raise FieldError(f"repeat={values} cannot be", f"Write a whole number from 1 to {edits.MOST_REPEATS}")
            repeat = int(values[:9])
            continue
        if name in {axis.name for axis in axes}:
            raise FieldError(f"{name} is swept twice", "Write all its values behind one =")
        try:
            axes.append(Axis(name, parse_axis_values(name, values)))
        except BatchFileError as error:
            raise FieldError(f"{name}: {error.findings[0].message}", error.findings[0].advice) from error
    swept = edits.set_axes(batch, axes)
    done = edits.set_repeat(swept.batch, repeat)
    return Edited(done.batch, "change the axes")


def cells(batch: Batch) -> int:
    """Return how many cells a task makes for each target."""
    count = batch.repeat
    for axis in batch.axes:
        count *= len(axis.values)
    return count


def _parts(line: str) -> list[str]:
    """Split at semicolons outside of double quotes."""
    parts, quoted = [""], False
    for character in line:
        quoted ^= character == '"'
        if character == ";" and not quoted:
            parts.append("")
        else:
            parts[-1] += character
    return [part for part in parts if part.strip()]


def _values(values: Sequence[JsonValue]) -> str:
    numbers = [value for value in values if isinstance(value, int) and not isinstance(value, bool)]
    rising = len(numbers) == len(values) and all(b == a + 1 for a, b in pairwise(numbers))
    if rising and len(numbers) >= _SHORTEST_RANGE:
        return f"{numbers[0]}..{numbers[-1]}"
    return ", ".join(_one(value) for value in values)


def _one(value: JsonValue) -> str:
    text = format_cell(value)
    if any(sign in text for sign in ',;"') or text != text.strip():
        doubled = text.replace('"', '""')
        return f'"{doubled}"'
    return text
