"""A run of very many jobs, made within the database: the screens should not care how many there are."""

from fluxtui.domain.jobs import JobState

_SPREAD = {
    JobState.DONE: 80,
    JobState.QUEUED: 12,
    JobState.REFUSED: 3,
    JobState.FAILED: 2,
    JobState.IN_DOUBT: 1,
    JobState.CANCELLED: 2,
}
"""Per cent of the jobs in each state."""

_NUMBERS = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)"


def statements(run_id: int, count: int, now: float) -> list[tuple[str, tuple[object, ...]]]:
    """Return what makes `count` jobs of a run out of its first two, of different targets."""
    pairs = count // 2 - 1
    edge, cases = 0, []
    for state, share in _SPREAD.items():
        edge += share
        cases.append(f"WHEN position * 37 % 100 < {edge} THEN '{state.value}'")
    return [
        (
            f"{_NUMBERS} INSERT INTO cells (run_id, key, task, task_index, target, provider, request, context,"
            " axis_point, repeat, stem, adaptations, fallback) SELECT run_id, key || n, printf('street-%05d', n), n,"
            " target, provider, request, context, axis_point, repeat, printf('street-%05d', n), adaptations, fallback"
            " FROM numbers, cells WHERE run_id = ? AND task_index = 0 ORDER BY n, cells.id",
            (pairs, run_id),
        ),
        (
            "INSERT INTO jobs (run_id, cell_id, kind, target, lane, position, state, quoted, certainty, revision)"
            " SELECT cells.run_id, cells.id, model.kind, model.target, model.lane, cells.id + 1000000, 'queued',"
            " model.quoted, model.certainty, model.revision FROM cells"
            " JOIN jobs AS model ON model.run_id = cells.run_id AND model.target = cells.target"
            " AND model.position < 2 WHERE cells.run_id = ? AND cells.task_index > 0"
            " ORDER BY cells.id",
            (run_id,),
        ),
        (
            "UPDATE jobs SET position = (SELECT 2 * (task_index - 1) + 2 FROM cells WHERE cells.id = cell_id)"
            " + (target > (SELECT min(target) FROM cells WHERE run_id = ?)) WHERE run_id = ? AND position > 1000000",
            (run_id, run_id),
        ),
        (
            f"UPDATE jobs SET state = CASE {' '.join(cases)} END, attempts = 1, started_at = ? - 90 + position % 60,"
            " ended_at = ? - 84 + position % 60 + position % 7 WHERE run_id = ? AND position > 1",
            (now, now, run_id),
        ),
        (
            "UPDATE jobs SET billed = quoted, certainty = 'settled' WHERE run_id = ? AND state = 'done'",
            (run_id,),
        ),
        (
            "UPDATE jobs SET attempts = 0, started_at = NULL, ended_at = NULL WHERE run_id = ? AND state = 'queued'",
            (run_id,),
        ),
    ]
