"""Searching prompts: any text a person may type, with the index of trigrams and without it."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxtui.domain.request import Cell
from fluxtui.history import migrations, runs
from fluxtui.history.database import open_reader, open_writer
from fluxtui.history.journal import Journal, Transaction
from fluxtui.history.run_list import disk_use
from fluxtui.history.search import matching_prompts, search_runs, search_words
from tests.history.builders import cell, new_run


def drawn(*prompts: str) -> list[Cell]:
    cells = [cell(index) for index in range(len(prompts))]
    return [replace(c, request=replace(c.request, prompt=p)) for c, p in zip(cells, prompts, strict=True)]


def record(journal: Journal, *prompts: str, batch: str = "city") -> int:
    return journal.write_now(partial(runs.create_run, run=new_run(batch=batch), cells=drawn(*prompts)))


@pytest.mark.parametrize(
    "text",
    [
        "golden",
        "GOLDEN",
        "gold morn",
        "morning light",
        '"shaft of golden"',
        "task-1",
        "posters golden",
        "森林",
        "森林の朝",
        "🦊",
        "été",
        "(rain:1.2)",
        "[/foo]",
        "50%",
        "a_b",
        "ol",
        "o'clock",
        'say "golden',
    ],
)
def test_every_word_may_stand_anywhere_in_a_task(journal: Journal, reader: sqlite3.Connection, text: str) -> None:
    record(journal, "nothing of the kind", "golden apples", batch="fruit")
    prompt = (
        "A shaft of golden\n morning light, (rain:1.2) [/foo] 50% a_b 🦊 森林の朝, un ÉTÉ at five o'clock, they say"
    )
    found = record(journal, "something else", prompt, batch="posters")
    assert list(search_runs(reader, text))[:1] == [found]
    (match,) = matching_prompts(reader, found, text)
    assert (match.run_id, match.task) == (found, "task-1")


@pytest.mark.parametrize(
    "text", ["", "  ", '""', "goldener", "golden AND x", "NOT golden", "gol*", "%", "a_c", "^golden"]
)
def test_operators_are_words_like_any_other(journal: Journal, reader: sqlite3.Connection, text: str) -> None:
    record(journal, "a golden morning")
    assert search_runs(reader, text) == {}


def test_words_of_different_tasks_are_no_match(journal: Journal, reader: sqlite3.Connection) -> None:
    record(journal, "a fox", "an owl")
    assert search_runs(reader, "fox owl") == {}


def test_the_newest_run_comes_first_with_its_first_matching_task(journal: Journal, reader: sqlite3.Connection) -> None:
    first, second = record(journal, "a fox", "two foxes"), record(journal, "an owl", "a fox again", "more foxes")
    found = search_runs(reader, "fox")
    assert [(run_id, match.task) for run_id, match in found.items()] == [(second, "task-1"), (first, "task-0")]
    assert [match.task for match in matching_prompts(reader, second, "fox")] == ["task-1", "task-2"]
    assert [match.task for match in matching_prompts(reader, second, "fox", limit=1)] == ["task-1"]


def test_a_long_prompt_is_shown_around_the_word(journal: Journal, reader: sqlite3.Connection) -> None:
    run_id = record(journal, "word " * 500 + "needle " + "word " * 500)
    excerpt = search_runs(reader, "needle")[run_id].excerpt
    assert "needle" in excerpt
    assert excerpt.startswith("…")
    assert excerpt.endswith("…")
    assert len(excerpt) <= 162


def test_what_an_axis_puts_into_the_prompt_is_found(journal: Journal, reader: sqlite3.Connection) -> None:
    cells = [replace(c, task="fox", task_index=0) for c in drawn("a fox, anime", "a fox, oil", "a fox, anime")]
    run_id = journal.write_now(partial(runs.create_run, run=new_run(), cells=cells))
    assert list(search_runs(reader, "oil")) == list(search_runs(reader, "anime")) == [run_id]
    assert reader.execute("SELECT count(*) FROM prompts").fetchone() == (1,)


def test_what_is_deleted_is_not_found(journal: Journal, reader: sqlite3.Connection) -> None:
    kept, gone = record(journal, "a fox"), record(journal, "a fox")
    journal.write_now(partial(_do, statement=f"DELETE FROM runs WHERE id = {gone}"))
    assert list(search_runs(reader, "fox")) == [kept]
    # Raises when the index and the prompts do not say the same.
    journal.write_now(partial(_do, statement="INSERT INTO prompts_index (prompts_index) VALUES ('integrity-check')"))


def _do(transaction: Transaction, *, statement: str) -> None:
    transaction.connection.execute(statement)


def test_a_paste_gone_wrong_is_cut(journal: Journal, reader: sqlite3.Connection) -> None:
    record(journal, "a fox")
    assert len(search_words("w" * 10_000)) == 1
    assert len(search_words(" ".join(f"w{i}" for i in range(100)))) <= 16
    assert search_runs(reader, "\ud800 \0 fox") == {}


def test_an_older_history_is_searched_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "history.sqlite3"
    names = [name for name, _ in migrations.MIGRATIONS]
    with monkeypatch.context() as older:
        older.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[: names.index("search")])
        older.setattr(migrations, "SCHEMA_VERSION", names.index("search"))
        with closing(open_writer(path)) as connection:
            migrations.migrate(connection, path)
            connection.execute(
                "INSERT INTO runs (id, batch, frozen, state, sandbox, folder, layout, metadata, in_doubt, quoted,"
                " created_at) VALUES (7, 'city', '{}', 'finished', 0, 'f', 'by_target', 1, 'leave', 0, 0)"
            )
            for index, prompt in enumerate(("a fox at dusk, anime", "a fox at dusk, oil", "an owl")):
                connection.execute(
                    "INSERT INTO cells (run_id, key, task, task_index, target, provider, request, context, axis_point,"
                    " repeat, stem, adaptations, fallback) VALUES (7, ?, 'fox', ?, 'a/b', 'a', ?, '{}', '{}', 1, 's',"
                    " '[]', '[]')",
                    (f"key-{index}", index // 2, json.dumps({"prompt": prompt})),
                )
    with closing(open_reader(path)) as reader:
        assert list(search_runs(reader, "dusk")) == list(search_runs(reader, "oil")) == [7]
        assert search_runs(reader, "owl")[7].excerpt == "an owl"
        assert disk_use(reader, [7]) == {}


PROMPTS = st.text(st.sampled_from("abcABC éÉжЖ森林\n\"'%_*-()🦊\u0301"), max_size=20)


@given(prompts=st.lists(PROMPTS, min_size=1, max_size=5), text=PROMPTS)
def test_the_index_hides_nothing(tmp_path_factory: pytest.TempPathFactory, prompts: list[str], text: str) -> None:
    path = tmp_path_factory.mktemp("search") / "history.sqlite3"
    with Journal(path) as journal:
        for prompt in prompts:
            record(journal, prompt)
        with closing(open_reader(path)) as reader:
            indexed = search_runs(reader, text)
        journal.write_now(_without_index)
        with closing(open_reader(path)) as reader:
            assert search_runs(reader, text) == indexed


def _without_index(transaction: Transaction) -> None:
    connection = transaction.connection
    for name in ("insert", "delete", "update"):
        connection.execute(f"DROP TRIGGER prompts_{name}")
    connection.execute("DROP TABLE prompts_index")
