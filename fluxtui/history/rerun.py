"""What it would cost to try the failed jobs of a run again."""

import json
import sqlite3
from dataclasses import dataclass

from fluxtui.domain.jobs import JobState
from fluxtui.domain.money import Micros
from fluxtui.history import steering
from fluxtui.history.journal import Transaction


@dataclass(frozen=True, slots=True)
class RerunQuote:
    """`jobs` can be put back; `collected` of them were accepted and are only asked for, the others cost up to `price`.

    `unpriced` says that the price of some is not known.
    """

    jobs: int
    collected: int
    price: Micros
    unpriced: bool


def rerun_quote(connection: sqlite3.Connection, run_id: int) -> RerunQuote:
    """Return what a retry of the failed jobs of a run would do. Reads all of them: call it in a thread."""
    found = steering.retryable(Transaction(connection), run_id=run_id, job_ids=(), states=[JobState.FAILED])
    sent = [job_id for job_id, _, has_ticket in found if not has_ticket]
    price, unpriced = connection.execute(
        "SELECT coalesce(sum(quoted), 0), coalesce(max(certainty = 'unknown' AND quoted = 0), 0) FROM jobs"
        " WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(sent),),
    ).fetchone()
    return RerunQuote(len(found), len(found) - len(sent), Micros(price), bool(unpriced))
