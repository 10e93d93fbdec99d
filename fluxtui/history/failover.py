"""Handing queued jobs of a lane that stands still to the next target that the batch names for it."""

import json

from fluxtui.domain.money import Certainty
from fluxtui.domain.request import Adaptation, Change
from fluxtui.domain.text import file_stem
from fluxtui.domain.values import canonical_json
from fluxtui.history.journal import Transaction
from fluxtui.history.runs import lane_key

_AT_ONCE = 500


def fail_over(transaction: Transaction, *, run_id: int, lane: str, sandbox: bool, reason: str) -> set[tuple[str, str]]:
    """Relabel the queued jobs of a run and lane that have a fallback; returns the (lane, target) they went to.

    The cell says so itself: its target changes, and an adaptation tells which one was asked and why
    it did not draw. Handles at most 500 jobs a call.
    """
    rows = transaction.connection.execute(
        "SELECT jobs.id, cells.id, cells.target, cells.stem, cells.fallback FROM jobs"
        " JOIN cells ON cells.id = jobs.cell_id WHERE jobs.run_id = ? AND jobs.lane = ? AND jobs.state = 'queued'"
        " AND cells.fallback <> '[]' ORDER BY jobs.position LIMIT ?",
        (run_id, lane, _AT_ONCE),
    ).fetchall()
    taken: set[tuple[str, str]] = set()
    for job_id, cell_id, target, stem, fallback in rows:
        chosen, *rest = json.loads(fallback)
        note = Adaptation("target", Change.REWRITTEN, target, chosen["target"], reason)
        transaction.connection.execute(
            "UPDATE cells SET target = ?, provider = ?, request = ?, adaptations = ?, fallback = ?, stem = ?"
            " WHERE id = ?",
            (
                chosen["target"],
                chosen["provider"],
                json.dumps(chosen["request"], ensure_ascii=False),
                canonical_json([note.as_json(), *chosen["adaptations"]]),
                canonical_json(rest),
                file_stem(f"{stem}_for-{target.replace('/', '-')}", limit=150),
                cell_id,
            ),
        )
        key = lane_key(chosen["target"], sandbox)
        transaction.connection.execute(
            "UPDATE jobs SET target = ?, lane = ?, quoted = ?, certainty = CASE WHEN ? THEN certainty ELSE ? END,"
            " not_before = NULL, revision = ? WHERE id = ?",
            (
                chosen["target"],
                key,
                chosen["quoted"],
                chosen.get("priced", True),
                Certainty.UNKNOWN,
                transaction.revision,
                job_id,
            ),
        )
        taken.add((key, chosen["target"]))
    return taken


def has_fallbacks(transaction: Transaction, *, run_id: int) -> bool:
    """Return whether any cell of a run names a fallback."""
    row = transaction.connection.execute(
        "SELECT EXISTS (SELECT 1 FROM cells WHERE run_id = ? AND fallback <> '[]')", (run_id,)
    ).fetchone()
    return bool(row[0])
