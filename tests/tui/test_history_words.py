"""What may be typed into History's line, and what it says: pure functions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxtui.domain.jobs import RunState
from fluxtui.domain.money import Micros
from fluxtui.history.records import RunRow
from fluxtui.history.run_list import DiskUse, RunFilter
from fluxtui.history.search import PromptMatch
from fluxtui.tui.doors.history import Gone
from fluxtui.tui.screens.history import words
from fluxtui.tui.screens.history.filtering import parse_filter, state_words, suggest


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", RunFilter()),
        ("golden fox", RunFilter(text="golden fox")),
        ('"golden fox" hen', RunFilter(text='"golden fox" hen')),
        ("is:interrupted", RunFilter(states=frozenset({RunState.INTERRUPTED}))),
        ("is:PAUSED state:parked", RunFilter(states=frozenset({RunState.PAUSED, RunState.PARKED}))),
        ("is:live", RunFilter(states=frozenset({RunState.READY, RunState.RUNNING}))),
        ("is:failed fox", RunFilter(text="fox", failed=True)),
        ("is:in_doubt", RunFilter(doubtful=True)),
        ("is:sandbox", RunFilter(sandbox=True)),
        ("is:real", RunFilter(sandbox=False)),
        ("sandbox:", RunFilter(sandbox=True)),
        ("sandbox:no", RunFilter(sandbox=False)),
        ('batch:"my posters" target:bfl', RunFilter(batch="my posters", target="bfl")),
        ("time:12 a:b", RunFilter(text="time:12 a:b")),
    ],
)
def test_words_become_a_filter(line: str, expected: RunFilter) -> None:
    assert parse_filter(line) == (expected, None)


def test_a_state_that_does_not_exist_is_told_once_it_cannot_become_one() -> None:
    assert parse_filter("is:inter") == (RunFilter(), None)
    found, wrong = parse_filter("is:nonsense fox")
    assert found == RunFilter(text="fox")
    assert wrong is not None
    assert "interrupted" in wrong


@given(st.text(max_size=40))
def test_any_text_is_a_filter_and_may_go_on(text: str) -> None:
    found, _ = parse_filter(text)
    assert isinstance(found, RunFilter)
    for line in suggest(text, batches=("my posters", "city"), targets=("bfl/flux-2-pro",)):
        parse_filter(line)


def test_the_last_word_is_completed() -> None:
    assert suggest("") == suggest("fox ") == suggest("fox") == ()
    assert suggest("fox i") == ("fox is:",)
    assert suggest("is:inter") == ("is:interrupted",)
    assert suggest("batch:", batches=("my posters", "city")) == ('batch:"my posters"', "batch:city")
    assert suggest("batch:post", batches=("my posters", "city")) == ('batch:"my posters"',)
    assert suggest("target:2", targets=("bfl/flux-2-pro",)) == ("target:bfl/flux-2-pro",)
    for word in state_words():
        assert parse_filter(f"is:{word}")[1] is None


def test_found_words_are_marked_wherever_they_stand() -> None:
    content = words.matched(PromptMatch(1, "t", "A Fox and a [bold]fox[/bold]"), "fox")
    assert content.plain == "A Fox and a [bold]fox[/bold]"
    assert [(span.start, span.end) for span in content.spans if "bold" in str(span.style)] == [(2, 5), (18, 21)]


def run(run_id: int = 1, **changes: object) -> RunRow:
    fields: dict[str, object] = {
        "id": run_id, "batch": "[red]City", "source": None, "state": RunState.FINISHED, "sandbox": False,
        "created_at": 0.0, "started_at": None, "finished_at": None, "cap": None, "folder": "f", "counts": {},
        "spent": Micros(0), "committed": Micros(0), "uncertain": Micros(0), "quoted": Micros(0), "targets": (),
        "revision": 1,
    }  # fmt: skip
    return RunRow(**{**fields, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("gone", "pictures", "runs", "said"),
    [
        (Gone(2, 2_000_000), True, 1, "Run 1 ([red]City) is deleted, with 2 pictures: 2.0 MB are free."),
        (Gone(0, 0), False, 1, "Run 1 ([red]City) is deleted; what was drawn stayed in f."),
        (Gone(1, 10, 1, "f/x.png: it is locked"), True, 2, "1 picture could not be deleted: f/x.png: it is locked."),
    ],
)
def test_a_deletion_is_told(gone: Gone, pictures: bool, runs: int, said: str) -> None:
    assert said in words.gone_words([run(n) for n in range(1, runs + 1)], gone, pictures=pictures)


def test_what_can_go_on() -> None:
    assert words.resumable(run(state=RunState.PAUSED), runner_alive=True)
    assert not words.resumable(run(state=RunState.RUNNING), runner_alive=True)
    assert words.resumable(run(state=RunState.RUNNING), runner_alive=False)
    assert not words.resumable(run(), runner_alive=False)


def test_a_run_without_pictures_is_deleted_without_asking_for_them() -> None:
    assert [choice.value for choice in words.delete_question([run()], DiskUse())._choices] == ["no", "keep"]  # noqa: SLF001
