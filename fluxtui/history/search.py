"""Searching what was asked for: every word of the text, anywhere in a task's name, its prompt or the batch's name.

Letters are compared without regard to case, and a word is found inside a longer one, in every script.
SQLite's index of trigrams only says where to look; what holds the words is decided here, so that a
history without such an index finds the same.
"""

import sqlite3
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fluxtui.domain.request import Cell
from fluxtui.history.journal import Transaction
from fluxtui.history.migrations import MOST_SPELLINGS

MOST_WORDS = 16
LONGEST_TEXT = 400
"""Characters of a search that are looked at; more is a paste gone wrong."""

_EXCERPT = 160
_BEFORE = 40


@dataclass(frozen=True, slots=True)
class PromptMatch:
    """A task of a run that was found, with the part of its prompt around the first word."""

    run_id: int
    task: str
    excerpt: str


def search_words(text: str) -> tuple[str, ...]:
    """Return the words of a search, in lower case; what stands in double quotes is one."""
    words: list[str] = []
    for number, part in enumerate(_clean(text[:LONGEST_TEXT]).lower().split('"')):
        words += [" ".join(part.split())] if number % 2 else part.split()
    return tuple(dict.fromkeys(word for word in words if word))[:MOST_WORDS]


def _clean(text: str) -> str:
    """Return `text` as SQLite can hold it: no lone surrogates, no NUL."""
    return text.encode("utf-8", "replace").decode().replace("\0", " ")


def search_runs(connection: sqlite3.Connection, text: str) -> dict[int, PromptMatch]:
    """Return the runs that hold every word of `text` within one task, newest first, with the first such task.

    No words find nothing. May read all prompts there are: call it in a thread.
    """
    words = search_words(text)
    if not words:
        return {}
    where, values = _where(connection, words)
    rows = connection.execute(
        "SELECT prompts.run_id, prompts.task, prompts.prompt FROM prompts JOIN"
        f" (SELECT min(id) AS first FROM prompts WHERE {where} GROUP BY run_id) ON first = prompts.id"
        " JOIN runs ON runs.id = prompts.run_id AND runs.deleting IS NULL ORDER BY prompts.run_id DESC",
        values,
    )
    return {run_id: PromptMatch(run_id, task, excerpt(prompt, words)) for run_id, task, prompt in rows}


def matching_prompts(connection: sqlite3.Connection, run_id: int, text: str, *, limit: int = 20) -> list[PromptMatch]:
    """Return the tasks of one run that hold every word of `text`, in the order of the batch."""
    words = search_words(text)
    if not words:
        return []
    where, values = _where(connection, words)
    rows = connection.execute(
        f"SELECT task, prompt FROM prompts WHERE run_id = ? AND {where} ORDER BY task_index LIMIT ?",
        (run_id, *values, limit),
    )
    return [PromptMatch(run_id, task, excerpt(prompt, words)) for task, prompt in rows]


def _where(connection: sqlite3.Connection, words: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return the condition that a row of prompts meets when it holds every word, and its values."""

    def holds(*texts: str | None) -> bool:
        told = "\n".join(" ".join(text.split()) for text in texts if text).lower()
        return all(word in told for word in words)

    connection.create_function("holds_words", 3, holds)
    trigrams = list(dict.fromkeys(t for word in words for t in _trigrams(word)))
    if not trigrams or not _has_index(connection):
        return "holds_words(task, prompt, batch)", ()
    match = " AND ".join('"' + trigram.replace('"', '""') + '"' for trigram in trigrams)
    return "id IN (SELECT rowid FROM prompts_index WHERE prompts_index MATCH ?) AND holds_words(task, prompt, batch)", (
        match,
    )


def _trigrams(word: str) -> Iterable[str]:
    """Return what the index surely holds of a word that is there."""
    return (word[i : i + 3] for i in range(len(word) - 2) if all(map(_surely_indexed, word[i : i + 3])))


def _surely_indexed(character: str) -> bool:
    """Return whether SQLite folds a character as Python does. White space may be of another kind in the prompt."""
    return character.upper().lower() == character and not character.isspace() and not unicodedata.combining(character)


def _has_index(connection: sqlite3.Connection) -> bool:
    row = connection.execute("SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'prompts_index')").fetchone()
    return bool(row[0])


def excerpt(prompt: str, words: Sequence[str]) -> str:
    """Return up to 160 characters of `prompt` around the first of `words`, an ellipsis where it was cut."""
    text = " ".join(prompt.split())
    if len(text) <= _EXCERPT:
        return text
    lower = text.lower()
    found = [at for word in words if (at := lower.find(word)) >= 0]
    start = max(0, min(min(found, default=0) - _BEFORE, len(text) - _EXCERPT))
    end = start + _EXCERPT
    return ("…" if start else "") + text[start:end] + ("…" if end < len(text) else "")


class PromptsOfRun:
    """Gathers what is searched of a run while its cells are written: they come task by task."""

    def __init__(self, transaction: Transaction, run_id: int, batch: str) -> None:
        self._connection, self._run_id, self._batch = transaction.connection, run_id, _clean(batch)
        self._task: tuple[int, str] | None = None
        self._prompts: dict[str, None] = {}

    def add(self, cell: Cell) -> None:
        task = (cell.task_index, cell.task)
        if task != self._task:
            self.write()
            self._task = task
        if len(self._prompts) < MOST_SPELLINGS:
            self._prompts[cell.request.prompt] = None

    def write(self) -> None:
        """Write the task in hand. A task that the run has already gets the new spellings of its prompt."""
        if self._task is None:
            return
        index, name = self._task
        prompts, self._prompts = self._prompts, {}
        known = self._connection.execute(
            "SELECT prompt FROM prompts WHERE run_id = ? AND task_index = ?", (self._run_id, index)
        ).fetchone()
        if known is not None:
            prompts = {str(known[0]): None} | {prompt: None for prompt in prompts if prompt not in str(known[0])}
        self._connection.execute(
            "INSERT INTO prompts (run_id, task_index, task, prompt, batch) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (run_id, task_index) DO UPDATE SET prompt = excluded.prompt",
            (self._run_id, index, _clean(name), _clean("\n".join(prompts)), self._batch),
        )
