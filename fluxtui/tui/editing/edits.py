"""What can be done to a batch: functions from a batch to the next, each with its name for undo.

Rows count from 0. Rows that do not exist are left out silently: a selection may be older than the batch.
An edit that changes nothing gives back the very same batch. All are pure; FieldError says what cannot be.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from fluxtui.domain.batch import Axis, Batch, Target, Task
from fluxtui.domain.values import JsonValue
from fluxtui.tui.editing import fields
from fluxtui.tui.editing.fields import FieldError
from fluxtui.tui.editing.naming import Names, wish_for

MOST_REPEATS = 1000


@dataclass(frozen=True, slots=True)
class Edited:
    """An edit done: the next batch, what was done in words (`delete 3 tasks`), and where its tasks stand now."""

    batch: Batch
    label: str
    rows: tuple[int, ...] = ()


def add(batch: Batch, after: int | None = None, task: Task | None = None) -> Edited:
    """Put a new task below row `after` (at the end for None, on top for -1): an empty one unless one is given."""
    return replace(insert(batch, after, [task or Task("task", "")]), label="add a task")


def insert(batch: Batch, after: int | None, tasks: Sequence[Task]) -> Edited:
    """Put tasks below row `after` (at the end for None, on top for -1); names that are taken get a number."""
    at = len(batch.tasks) if after is None else min(max(after + 1, 0), len(batch.tasks))
    names = Names(task.name for task in batch.tasks)
    added = []
    for task in tasks:
        name = names.claim(task.name or wish_for(task.prompt))
        added.append(task if name == task.name else replace(task, name=name))
    if not added:
        return Edited(batch, "add nothing")
    result = replace(batch, tasks=(*batch.tasks[:at], *added, *batch.tasks[at:]))
    return Edited(result, f"add {_count(len(added))}", tuple(range(at, at + len(added))))


def duplicate(batch: Batch, rows: Iterable[int]) -> Edited:
    """Copy tasks; the copies stand together below the last of them, in order, under names of their own."""
    chosen = _existing(batch, rows)
    if not chosen:
        return Edited(batch, "duplicate nothing")
    done = insert(batch, chosen[-1], [batch.tasks[row] for row in chosen])
    return replace(done, label=f"duplicate {_count(len(chosen))}")


def delete(batch: Batch, rows: Iterable[int]) -> Edited:
    """Take tasks out; `rows` of the answer is the row that stands there now."""
    gone = set(_existing(batch, rows))
    if not gone:
        return Edited(batch, "delete nothing")
    kept = tuple(task for row, task in enumerate(batch.tasks) if row not in gone)
    here = min(min(gone), len(kept) - 1)
    return Edited(replace(batch, tasks=kept), f"delete {_count(len(gone))}", (here,) if here >= 0 else ())


def move(batch: Batch, rows: Iterable[int], step: int) -> Edited:
    """Move tasks up (a negative step) or down by so many rows; those at the edge stay, the rest closes up."""
    chosen = _existing(batch, rows)
    order = list(range(len(batch.tasks)))
    places = dict(zip(chosen, chosen, strict=True))
    direction = 1 if step > 0 else -1
    for _ in range(min(abs(step), len(order))):
        blocked = set()
        for row in reversed(chosen) if direction > 0 else chosen:
            here = places[row]
            there = here + direction
            if not 0 <= there < len(order) or there in blocked:
                blocked.add(here)
                continue
            order[here], order[there] = order[there], order[here]
            places[row] = there
    label = f"move {_count(len(chosen))} {'down' if step > 0 else 'up'}"
    return _reordered(batch, order, label, tuple(places[row] for row in chosen))


def move_to(batch: Batch, rows: Iterable[int], before: int) -> Edited:
    """Put tasks together, in their order, in front of the row `before` (the number of tasks for the end)."""
    chosen = _existing(batch, rows)
    before = min(max(before, 0), len(batch.tasks))
    moving = set(chosen)
    above = [row for row in range(before) if row not in moving]
    below = [row for row in range(before, len(batch.tasks)) if row not in moving]
    places = tuple(range(len(above), len(above) + len(chosen)))
    return _reordered(batch, [*above, *chosen, *below], f"move {_count(len(chosen))}", places)


def set_text(batch: Batch, rows: Iterable[int], key: str, text: str) -> Edited:
    """Set a column of tasks to what a text means; an empty text takes the value away. Raises FieldError."""
    chosen = _existing(batch, rows)
    if key == "name":
        _refuse_taken_name(batch, chosen, text.strip())
    write = fields.writer(key, text)
    changed = {row: write(batch.tasks[row]) for row in chosen}
    return _changed(batch, changed, f"{'set' if text else 'clear'} {fields.column(key).title}", chosen)


def set_texts(batch: Batch, texts: Mapping[int, str], key: str, label: str) -> Edited:
    """Set a column row by row, all in one step. Raises FieldError."""
    changed = {row: fields.with_text(batch.tasks[row], key, texts[row]) for row in _existing(batch, texts)}
    result = _changed(batch, changed, label, sorted(changed))
    if key == "name" and len({task.name for task in result.batch.tasks}) != len(result.batch.tasks):
        raise FieldError("two tasks would have the same name", "Give every task a name of its own")
    return result


def fill_down(batch: Batch, rows: Iterable[int], key: str) -> Edited:
    """Give the rows of a column the value of the first; a row alone takes that of the one above. Raises FieldError."""
    chosen = _existing(batch, rows)
    if len(chosen) == 1 and chosen[0] > 0:
        chosen = [chosen[0] - 1, chosen[0]]
    if len(chosen) < 2:
        return Edited(batch, "fill down nothing")
    source, *others = chosen
    copy = fields.copier(key, batch.tasks[source])
    changed = {row: copy(batch.tasks[row]) for row in others}
    return _changed(batch, changed, f"fill {fields.column(key).title} down", chosen)


def replace_task(batch: Batch, row: int, task: Task, label: str) -> Edited:
    """Put another task in the place of one."""
    return _changed(batch, {row: task}, label, [row])


def rename(batch: Batch, name: str) -> Edited:
    """Name the batch. Raises FieldError."""
    wanted = name.strip()
    if not wanted:
        raise FieldError("the name is empty", "Write a name for the batch")
    if len(wanted) > 200:
        raise FieldError(f"the name has {len(wanted)} characters", "A name has at most 200")
    return _framed(batch, "name the batch", name=wanted)


def set_targets(batch: Batch, targets: Sequence[Target]) -> Edited:
    """Say who draws."""
    return _framed(batch, "choose targets", targets=tuple(targets))


def set_axes(batch: Batch, axes: Sequence[Axis]) -> Edited:
    """Say what is swept."""
    return _framed(batch, "change the axes", axes=tuple(axes))


def set_defaults(batch: Batch, defaults: Mapping[str, JsonValue]) -> Edited:
    """Say what every task has that says nothing else."""
    return _framed(batch, "change the defaults", defaults=dict(defaults))


def set_repeat(batch: Batch, repeat: int) -> Edited:
    """Say how often each cell is drawn. Raises FieldError."""
    if not 1 <= repeat <= MOST_REPEATS:
        raise FieldError(f"{repeat} cannot be", f"Write a whole number from 1 to {MOST_REPEATS}")
    return _framed(batch, "change the repeat", repeat=repeat)


def set_recipe(batch: Batch, recipe: Mapping[str, JsonValue] | None) -> Edited:
    """Say what follows a picture; None for nothing."""
    return _framed(batch, "change the recipe", recipe=None if recipe is None else dict(recipe))


def _framed(batch: Batch, label: str, **parts: object) -> Edited:
    after = replace(batch, **parts)  # type: ignore[arg-type]  # the callers name fields of Batch
    unchanged = all(repr(getattr(batch, part)) == repr(value) for part, value in parts.items())
    return Edited(batch if unchanged else after, label)


def _reordered(batch: Batch, order: Sequence[int], label: str, rows: tuple[int, ...]) -> Edited:
    if all(row == place for place, row in enumerate(order)):
        return Edited(batch, label, rows)
    return Edited(replace(batch, tasks=tuple(batch.tasks[row] for row in order)), label, rows)


def _changed(batch: Batch, changed: Mapping[int, Task], label: str, rows: Sequence[int]) -> Edited:
    if all(batch.tasks[row] is task for row, task in changed.items()):
        return Edited(batch, label, tuple(rows))
    tasks = list(batch.tasks)
    for row, task in changed.items():
        tasks[row] = task
    several = f" of {_count(len(rows))}" if len(rows) > 1 else ""
    return Edited(replace(batch, tasks=tuple(tasks)), f"{label}{several}", tuple(rows))


def _refuse_taken_name(batch: Batch, rows: Sequence[int], name: str) -> None:
    if len(rows) > 1:
        raise FieldError("every task has a name of its own", "Change the name of one task at a time")
    for row, task in enumerate(batch.tasks):
        if task.name == name and row not in rows:
            raise FieldError(f"the name is taken by row {row + 1}", "Give every task a name of its own")


def _existing(batch: Batch, rows: Iterable[int]) -> list[int]:
    return sorted({row for row in rows if 0 <= row < len(batch.tasks)})


def _count(tasks: int) -> str:
    return "1 task" if tasks == 1 else f"{tasks:,} tasks"
