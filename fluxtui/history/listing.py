"""Reading the jobs of a run one page at a time, with what a full listing shows of each."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fluxtui.domain.problems import Problem
from fluxtui.domain.request import Adaptation
from fluxtui.history import queries
from fluxtui.history.records import ImageRow, JobExtras, JobRow

_PAGE = 256
_PROMPT = 240
"""Characters of a prompt that a line has room for."""


@dataclass(frozen=True, slots=True)
class ListedJob:
    """A job with its reasons and its pictures."""

    row: JobRow
    problem: Problem | None
    adaptations: tuple[Adaptation, ...]
    images: tuple[ImageRow, ...]


def listed_jobs(connection: sqlite3.Connection, run_id: int) -> Iterator[ListedJob]:
    """Yield the jobs of a run in the order of its cells; holds one page in memory, however long the run."""
    position = -1
    while True:
        ids = [
            row[0]
            for row in connection.execute(
                "SELECT id FROM jobs WHERE run_id = ? AND position > ? ORDER BY position LIMIT ?",
                (run_id, position, _PAGE),
            )
        ]
        if not ids:
            return
        rows = queries.jobs(connection, ids)
        yield from _page(connection, [rows[job_id] for job_id in ids if job_id in rows])
        position = max((row.position for row in rows.values()), default=position + _PAGE)


def _page(connection: sqlite3.Connection, rows: list[JobRow]) -> Iterator[ListedJob]:
    ids = [row.id for row in rows]
    marks = ",".join("?" * len(ids))
    more = {
        job_id: (problem, (*json.loads(foreseen), *json.loads(observed)))
        for job_id, problem, foreseen, observed in connection.execute(
            "SELECT jobs.id, jobs.problem, cells.adaptations, jobs.adaptations"
            f" FROM jobs JOIN cells ON cells.id = jobs.cell_id WHERE jobs.id IN ({marks})",
            ids,
        )
    }
    pictures = images_of(connection, ids)
    for row in rows:
        problem, adaptations = more.get(row.id, (None, ()))
        yield ListedJob(
            row,
            None if problem is None else Problem.from_json(json.loads(problem)),
            tuple(Adaptation.from_json(adaptation) for adaptation in adaptations),
            tuple(pictures.get(row.id, ())),
        )


def images_of(connection: sqlite3.Connection, job_ids: list[int]) -> dict[int, list[ImageRow]]:
    """Return the pictures of some jobs (a page of them) by job, in order."""
    found: dict[int, list[ImageRow]] = {}
    marks = ",".join("?" * len(job_ids))
    for values in connection.execute(
        "SELECT id, job_id, ordinal, path, sha256, size_bytes, width, height, format, seed, prompt_used, thumbnail"
        f" FROM images WHERE job_id IN ({marks}) ORDER BY job_id, ordinal, id",
        job_ids,
    ):
        image = ImageRow(*values)
        found.setdefault(image.job_id, []).append(image)
    return found


def job_extras(connection: sqlite3.Connection, ids: Sequence[int]) -> dict[int, JobExtras]:
    """Return the further facts of a page of the live table, by id."""
    marks = ",".join("?" * len(ids))
    return {
        job_id: JobExtras(seed, size, json.loads(point), repeat, prompt or "", request_id)
        for job_id, seed, size, point, repeat, prompt, request_id in connection.execute(
            "SELECT jobs.id, coalesce((SELECT seed FROM images WHERE job_id = jobs.id AND seed IS NOT NULL"
            " ORDER BY ordinal LIMIT 1), json_extract(cells.request, '$.seed')), json_extract(cells.request, '$.size'),"
            f" cells.axis_point, cells.repeat, substr(json_extract(cells.request, '$.prompt'), 1, {_PROMPT}),"
            " (SELECT request_id FROM attempts WHERE job_id = jobs.id ORDER BY number DESC LIMIT 1)"
            f" FROM jobs JOIN cells ON cells.id = jobs.cell_id WHERE jobs.id IN ({marks})",
            tuple(ids),
        )
    }
