"""The list of all runs: which, in which order, and what they weigh."""

import sqlite3
from functools import partial

import pytest

from fluxtui.domain.jobs import JobState, RunState
from fluxtui.history import runs, transitions
from fluxtui.history.journal import Journal, Transaction
from fluxtui.history.run_list import SORTS, DiskUse, RunFilter, disk_use, run_ids, run_rows, total_disk_use
from fluxtui.history.transitions import SideStepsEnd
from tests.history.builders import LANE, PICTURE, TICKET, cell, claim, new_run, step


def record(journal: Journal, *, count: int = 1, target: str = LANE, **changes: object) -> int:
    cells = [cell(index, target=target) for index in range(count)]
    run_id = journal.write_now(partial(runs.create_run, run=new_run(**changes), cells=cells))  # type: ignore[arg-type]
    return int(run_id)


def draw(journal: Journal, run_id: int, *, target: str = LANE) -> int:
    """Bring a run's next job to its picture, with a thumbnail of 99 bytes; returns the job's id."""
    journal.write_now(partial(runs.set_run_state, run_id=run_id, state=RunState.RUNNING))
    (job,) = claim(journal, run_id, lane=target).jobs
    step(journal, job, JobState.SENDING, JobState.WAITING, ticket=TICKET)
    step(journal, job, JobState.WAITING, JobState.DONE, pictures=(PICTURE,))
    (image_id,) = journal.write_now(partial(_newest_image))
    end = SideStepsEnd(image_id, job.id, "thumbnails/x.jpg", "done", 99)
    journal.write_now(partial(transitions.end_side_steps, ends=[end]))
    return job.id


def _newest_image(transaction: Transaction) -> tuple[int]:
    row: tuple[int] = transaction.connection.execute("SELECT max(id) FROM images").fetchone()
    return row


def test_what_pictures_weigh_is_known_without_looking_at_them(journal: Journal, reader: sqlite3.Connection) -> None:
    first, second, empty = record(journal, count=2), record(journal), record(journal)
    draw(journal, first)
    draw(journal, first)
    draw(journal, second)
    assert disk_use(reader, [first, second, empty]) == {first: DiskUse(2, 2468, 198), second: DiskUse(1, 1234, 99)}
    assert total_disk_use(reader) == DiskUse(3, 3702, 297)
    assert total_disk_use(reader).total == 3999
    journal.write_now(partial(_delete, run_id=first))
    assert disk_use(reader, [first, second]) == {second: DiskUse(1, 1234, 99)}
    assert total_disk_use(reader) == DiskUse(1, 1234, 99)


def _delete(transaction: Transaction, *, run_id: int) -> None:
    transaction.connection.execute("DELETE FROM runs WHERE id = ?", (run_id,))


def test_a_filter_keeps_what_it_names(journal: Journal, reader: sqlite3.Connection) -> None:
    city = record(journal, batch="city")
    play = record(journal, batch="100%_city", sandbox=True)
    other = record(journal, batch="forest", target="azure-flux/FLUX-1.1-pro")
    journal.write_now(partial(runs.set_run_state, run_id=other, state=RunState.INTERRUPTED))

    def kept(**fields: object) -> list[int]:
        return list(run_ids(reader, RunFilter(**fields)))  # type: ignore[arg-type]

    assert kept() == [other, play, city]
    assert kept(batch="CITY") == [play, city]
    assert kept(batch="%_") == [play]
    assert kept(sandbox=True) == [play]
    assert kept(sandbox=False) == [other, city]
    assert kept(target="azure") == [other]
    assert kept(states=frozenset({RunState.INTERRUPTED, RunState.PAUSED})) == [other]
    assert kept(text="prompt 0", batch="city") == [play, city]
    assert kept(text="nowhere") == []
    assert kept(failed=True) == kept(doubtful=True) == []
    journal.write_now(partial(runs.set_run_state, run_id=city, state=RunState.RUNNING))
    (job,) = claim(journal, city).jobs
    step(journal, job, JobState.SENDING, JobState.FAILED)
    assert kept(failed=True) == [city]


@pytest.mark.parametrize("sort", SORTS)
def test_every_order_has_every_run_both_ways(journal: Journal, reader: sqlite3.Connection, sort: str) -> None:
    names = ("b", "A", "c")
    ids = [record(journal, count=number, batch=name) for number, name in enumerate(names, 1)]
    draw(journal, ids[1])
    down, up = (list(run_ids(reader, sort=sort, descending=descending)) for descending in (True, False))
    assert down == up[::-1]
    assert sorted(down) == ids
    expected = {"newest": ids, "batch": [ids[1], ids[0], ids[2]], "jobs": ids}.get(sort)
    if expected is not None:
        assert up == expected
    if sort in ("cost", "size"):
        assert down[0] == ids[1]


def test_a_page_has_the_rows_that_are_still_there(journal: Journal, reader: sqlite3.Connection) -> None:
    first, second = record(journal), record(journal, batch="two")
    rows = run_rows(reader, [second, first, 99])
    assert [(run_id, row.batch) for run_id, row in rows.items()] == [(second, "two"), (first, "city")]
