"""Which tasks a filter line means: words that must all be there, anywhere in a task. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fluxtui.domain.batch import Task
from fluxtui.tui.editing import fields

WORDS = ("is:marked", "is:warning", "is:wrong")
"""What a filter may ask beside words."""


@dataclass(frozen=True, slots=True)
class RowFilter:
    """What a line asks for. `wrong` says what in it cannot be understood."""

    words: tuple[str, ...] = ()
    asks: frozenset[str] = frozenset()
    wrong: str | None = None

    @property
    def empty(self) -> bool:
        return not self.words and not self.asks


def parse(text: str) -> RowFilter:
    """Read a line: words, `is:marked`, `is:warning`, `is:wrong`."""
    words: list[str] = []
    asks: set[str] = set()
    wrong = None
    for word in text.casefold().split():
        if word in WORDS:
            asks.add(word)
        elif word.startswith("is:"):
            wrong = " ".join(WORDS) if not any(known.startswith(word) for known in WORDS) else wrong
        else:
            words.append(word)
    return RowFilter(tuple(words), frozenset(asks), wrong)


class Searcher:
    """Searches again and again; what was made of a task for it is kept."""

    def __init__(self) -> None:
        self._texts: dict[int, tuple[Task, str]] = {}

    def rows(self, tasks: Sequence[Task], wanted: RowFilter, asked: Callable[[str, int], bool]) -> list[int]:
        """Return the rows that hold every word and for which `asked` says yes to each `is:`."""
        if len(self._texts) > 2 * len(tasks) + 1000:
            self._texts.clear()
        found = []
        for row, task in enumerate(tasks):
            if all(asked(ask, row) for ask in wanted.asks) and self._holds(task, wanted.words):
                found.append(row)
        return found

    def _holds(self, task: Task, words: tuple[str, ...]) -> bool:
        if not words:
            return True
        known = self._texts.get(id(task))
        if known is None or known[0] is not task:
            known = self._texts[id(task)] = (task, text_of(task).casefold())
        return all(word in known[1] for word in words)


def text_of(task: Task) -> str:
    """Return everything a task says, as one text."""
    texts = [task.name, task.prompt, task.negative_prompt or "", *task.context.values(), *task.references]
    texts += [fields.value_text(value) for value in task.parameters.values()]
    return "\n".join(texts)
