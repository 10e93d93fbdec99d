"""The life of a job: states, the transitions that exist, and what a service answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from fluxtui.domain.money import Micros
from fluxtui.domain.problems import Problem
from fluxtui.domain.values import JsonObject, JsonValue


class JobKind(StrEnum):
    GENERATE = "generate"
    UPSCALE = "upscale"
    JUDGE = "judge"
    REFINE = "refine"


class JobState(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    WAITING = "waiting"
    FETCHING = "fetching"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    IN_DOUBT = "in_doubt"
    CANCELLED = "cancelled"

    @property
    def label(self) -> str:
        return self.value.replace("_", " ")


ACTIVE = frozenset({JobState.SENDING, JobState.WAITING, JobState.FETCHING})
"""On the network, or possibly so."""

SETTLED = frozenset(set(JobState) - ACTIVE - {JobState.QUEUED})
"""Nothing more happens without a person."""

TRANSITIONS: Mapping[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset({JobState.SENDING, JobState.CANCELLED, JobState.FAILED, JobState.REFUSED}),
    JobState.SENDING: frozenset(
        {
            JobState.WAITING,
            JobState.FETCHING,
            JobState.DONE,
            JobState.QUEUED,  # proved not accepted, or resending is free
            JobState.REFUSED,
            JobState.FAILED,
            JobState.IN_DOUBT,
            JobState.CANCELLED,  # proved not accepted, and nobody wants it sent again
        }
    ),
    JobState.WAITING: frozenset(
        {JobState.FETCHING, JobState.DONE, JobState.REFUSED, JobState.FAILED, JobState.CANCELLED}
    ),
    JobState.FETCHING: frozenset(
        {JobState.DONE, JobState.WAITING, JobState.REFUSED, JobState.FAILED, JobState.CANCELLED}
    ),
    # From here on only a person (or the policy the person chose) moves a job.
    JobState.IN_DOUBT: frozenset({JobState.QUEUED, JobState.DONE, JobState.CANCELLED}),
    JobState.FAILED: frozenset({JobState.QUEUED, JobState.WAITING, JobState.CANCELLED}),
    JobState.REFUSED: frozenset({JobState.QUEUED}),
    JobState.CANCELLED: frozenset({JobState.QUEUED, JobState.WAITING}),
    JobState.DONE: frozenset(),
}
"""Every transition that exists; nothing else changes a state."""


def may_become(before: JobState, after: JobState) -> bool:
    return after in TRANSITIONS[before]


class RunState(StrEnum):
    """What a run is doing, as stored. `interrupted`: its runner died and nobody resumed it yet."""

    READY = "ready"  # asked for; the runner has not taken it up yet
    RUNNING = "running"
    PAUSED = "paused"
    PARKED = "parked"  # only jobs of parked lanes are left
    CAPPED = "capped"  # the spending cap leaves no room for the next job
    INTERRUPTED = "interrupted"
    CANCELLED = "cancelled"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Ticket:
    """The service's durable handle of accepted work, as JSON so that it survives a crash.

    `urls` in a ticket that is being fetched are the delivery addresses of finished pictures.
    """

    data: Mapping[str, JsonValue]

    def as_json(self) -> JsonObject:
        return dict(self.data)


@dataclass(frozen=True, slots=True)
class Bill:
    """What the service said it charged, in micros."""

    amount: Micros


@dataclass(frozen=True, slots=True)
class Pending:
    """Accepted work that is not ready. `progress` is 0..1 when the service tells."""

    progress: float | None = None
    stage: str | None = None
    poll_after: float | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """The service would not draw this. Final; `bill` when it was charged all the same."""

    problem: Problem
    bill: Bill | None = None


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What the service told about a picture besides its bytes."""

    seed: int | None = None
    prompt_used: str | None = None
    details: Mapping[str, JsonValue] = field(default_factory=dict)
