"""The columns of the job table: what fits, and that lines are as wide as the table."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from fluxtui.domain.jobs import JobKind, JobState
from fluxtui.domain.money import Certainty, Micros
from fluxtui.history.job_list import GroupTally
from fluxtui.history.records import JobExtras, JobRow
from fluxtui.tui.ink import Ink
from fluxtui.tui.themes import FALLBACK
from fluxtui.tui.widgets.job_columns import DEFAULT, EVERY, GAP, known, share
from fluxtui.tui.widgets.job_lines import JobLines

CHOSEN = st.lists(st.sampled_from(sorted(EVERY)), min_size=1, unique=True)
INK = Ink(
    dict(FALLBACK.variables) | dict.fromkeys(("foreground", "background", "primary", "accent", "warning"), "#fff")
)


def names(width: int, chosen: Sequence[str] = DEFAULT) -> list[str]:
    return [column.id for column, _ in share(width, chosen, 23, 12)]


@given(st.integers(1, 300), CHOSEN, st.integers(1, 80), st.integers(1, 60))
def test_columns_fit_and_keep_their_order(width: int, chosen: list[str], target: int, model: int) -> None:
    shared = share(width, chosen, target, model)
    assert [column.id for column, _ in shared] == [name for name in chosen if name in {c.id for c, _ in shared}]
    assert all(cells >= 1 for _, cells in shared)
    used = sum(cells for _, cells in shared) + GAP * (len(shared) - 1)
    always = [name for name in chosen if EVERY[name].stays]
    if width >= sum(EVERY[name].least for name in always or chosen[:1]) + 12 + GAP * len(always):
        assert used <= width


@given(st.integers(60, 300), CHOSEN)
def test_only_what_finds_no_room_is_left_out_and_the_first_ones_have_it_first(width: int, chosen: list[str]) -> None:
    shown = [column.id for column, _ in share(width, chosen, 10, 10)]
    kept: list[str] = [name for name in chosen if EVERY[name].stays]
    assert set(kept) <= set(shown)
    for name in chosen:
        if not EVERY[name].stays:
            needed = sum(EVERY[each].least + GAP for each in [*kept, name]) - GAP
            assert (name in shown) == (needed <= width)
            kept += [name] if name in shown else []


def test_a_narrow_table_leaves_the_note_out_and_a_wide_one_gives_it_what_is_left() -> None:
    assert names(62) == ["state", "task", "target", "time", "cost"]
    assert names(112) == list(DEFAULT)
    wide = {column.id: cells for column, cells in share(200, DEFAULT, 23, 12)}
    assert wide["target"] == 23
    assert wide["note"] > 60


def test_unknown_names_in_the_preferences_are_left_out() -> None:
    assert known(["task", "colour", "task", "seed"]) == ("task", "seed")
    assert known([]) == DEFAULT
    assert known(["colour"]) == DEFAULT


ROWS = st.builds(
    JobRow, id=st.just(1), run_id=st.just(1), position=st.just(0), kind=st.just(JobKind.GENERATE),
    state=st.sampled_from(JobState), task=st.text(), target=st.text(), attempts=st.integers(0, 99),
    seconds=st.none() | st.floats(0, 1e6), started_at=st.none() | st.floats(0, 2e9),
    not_before=st.none() | st.floats(0, 2e9), quoted=st.integers(0, 10**9).map(Micros),
    billed=st.integers(0, 10**9).map(Micros), uncertain=st.integers(0, 10**9).map(Micros),
    certainty=st.none() | st.sampled_from(Certainty), adapted=st.integers(0, 9), pictures=st.integers(0, 9),
    problem=st.none() | st.text(), revision=st.just(1), priority=st.integers(-9, 9), held=st.booleans(),
)  # fmt: skip
EXTRAS = st.builds(
    JobExtras, seed=st.none() | st.integers(0, 2**63), size=st.none() | st.just("1024x768"),
    axis_point=st.dictionaries(st.text(), st.text() | st.integers(), max_size=3), repeat=st.integers(1, 9),
    prompt=st.text(), request_id=st.none() | st.text(),
)  # fmt: skip


@given(ROWS, st.none() | EXTRAS, CHOSEN, st.integers(60, 200))
def test_a_line_is_never_wider_than_its_columns(
    row: JobRow, more: JobExtras | None, chosen: list[str], width: int
) -> None:
    lines = JobLines(lambda: 1.8e9)
    lines.set_columns(chosen)
    used = sum(cells + GAP for _, cells in lines.columns(width))
    for drawn in (lines.row(row, more, width, INK), lines.heading(width + 1, INK, "state", descending=True)[1:]):
        text = "".join(part for part, _ in drawn)
        assert cell_len(text) == used
        assert "\n" not in text
        assert "\x1b" not in text


@given(
    st.dictionaries(st.sampled_from(JobState), st.integers(1, 10**6)),
    st.integers(0, 10**12),
    st.integers(0, 10**12),
    st.text(),
    st.booleans(),
    st.integers(56, 200),
)
def test_a_heading_is_never_wider_than_the_table(
    counts: dict[JobState, int], billed: int, uncertain: int, name: str, folded: bool, width: int
) -> None:
    tally = GroupTally(counts, Micros(billed), Micros(uncertain))
    drawn = JobLines(lambda: 0.0).group(name, tally, folded=folded, by="task", width=width, ink=INK)
    assert cell_len("".join(part for part, _ in drawn)) <= width


def test_joined_and_restyled_emoji_take_the_cells_that_terminals_give_them() -> None:
    lines = JobLines(lambda: 0.0)
    row = JobRow(
        1, 1, 0, JobKind.GENERATE, JobState.DONE, "👩\u200d👩 ☀\ufe0f [b]x[/b]", "bfl/flux", 1, 1.0, 0.0, None,
        Micros(0), Micros(0), Micros(0), None, 0, 0, None, 1,
    )  # fmt: skip
    text = "".join(part for part, _ in lines.row(row, None, 100, INK))
    assert "👩👩 ☀ [b]x[/b]" in text
