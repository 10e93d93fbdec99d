"""Jobs chosen together, by what may be asked for them: the numbers that a question shows before it is answered."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fluxtui.domain.jobs import ACTIVE, JobState
from fluxtui.domain.money import Micros

RETRYABLE = frozenset({JobState.FAILED, JobState.REFUSED, JobState.CANCELLED})
CANCELLABLE = ACTIVE | {JobState.QUEUED, JobState.IN_DOUBT}


@dataclass(frozen=True, slots=True)
class Again:
    """Settled jobs that can be tried again. `price` is what those cost that have to be bought again.

    `collected` of them were accepted before and are only asked for; `unpriced` have no known price.
    """

    ids: tuple[int, ...]
    price: Micros
    collected: int
    unpriced: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """Jobs of one run: queued ones that may be sent, held ones, what can be cancelled, tried again, or is in doubt."""

    queued: tuple[int, ...] = ()
    held: tuple[int, ...] = ()
    cancellable: tuple[int, ...] = ()
    again: Mapping[JobState, Again] = field(default_factory=dict)
    doubtful: Again = Again((), Micros(0), 0, 0)

    @property
    def every_again(self) -> Again:
        """What can be tried again, whatever its state."""
        parts = list(self.again.values())
        return Again(
            tuple(job_id for part in parts for job_id in part.ids),
            Micros(sum(part.price for part in parts)),
            sum(part.collected for part in parts),
            sum(part.unpriced for part in parts),
        )


@dataclass(slots=True)
class _Adding:
    ids: list[int] = field(default_factory=list)
    price: int = 0
    collected: int = 0
    unpriced: int = 0

    def add(self, job_id: int, quoted: int, ticket: bool) -> None:
        self.ids.append(job_id)
        if ticket:
            self.collected += 1
        elif quoted:
            self.price += quoted
        else:
            self.unpriced += 1

    def done(self) -> Again:
        return Again(tuple(self.ids), Micros(self.price), self.collected, self.unpriced)


def chosen(connection: sqlite3.Connection, run_id: int, ids: Sequence[int] | None = None) -> Chosen:
    """Return what may be asked for jobs of a run: for `ids`, or for all."""
    which = "" if ids is None else " AND id IN (SELECT value FROM json_each(?))"
    values = (run_id,) if ids is None else (run_id, json.dumps(list(ids)))
    queued: list[int] = []
    held: list[int] = []
    cancellable: list[int] = []
    again: dict[JobState, _Adding] = {}
    for job_id, word, back, attempts, quoted, ticket in connection.execute(
        "SELECT id, state, held, attempts, quoted,"
        " ticket IS NOT NULL AND coalesce(json_extract(problem, '$.kind'), '') <> 'expired'"
        f" FROM jobs WHERE run_id = ? AND state <> 'done'{which} ORDER BY position",
        values,
    ):
        state = JobState(word)
        if state is JobState.QUEUED:
            (held if back else queued).append(job_id)
        if state in CANCELLABLE:
            cancellable.append(job_id)
        # What never went out was impossible from the start; asking again changes nothing.
        if (state in RETRYABLE and (attempts or state is JobState.CANCELLED)) or state is JobState.IN_DOUBT:
            bought = state in (JobState.REFUSED, JobState.IN_DOUBT) or not ticket
            again.setdefault(state, _Adding()).add(job_id, quoted, not bought)
    doubtful = again.pop(JobState.IN_DOUBT, _Adding()).done()
    settled = {state: again[state].done() for state in sorted(again)}
    return Chosen(tuple(queued), tuple(held), tuple(cancellable), settled, doubtful)
