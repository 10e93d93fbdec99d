"""Rows of the database as the rest of the program sees them. Times are seconds since the epoch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from fluxtui.domain.jobs import JobKind, JobState, RunState, Ticket
from fluxtui.domain.money import Certainty, Micros
from fluxtui.domain.problems import Problem
from fluxtui.domain.request import Adaptation, ImageRequest
from fluxtui.domain.values import JsonValue


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run with its counts. `spent` is billed money, `committed` adds reserved and uncertain money."""

    id: int
    batch: str
    source: str | None
    state: RunState
    sandbox: bool
    created_at: float
    started_at: float | None
    finished_at: float | None
    cap: Micros | None
    folder: str
    counts: Mapping[JobState, int]
    spent: Micros
    committed: Micros
    uncertain: Micros
    quoted: Micros
    targets: tuple[str, ...]
    revision: int
    held_back: bool = False  # paused, since only held jobs and paused lanes are left; goes on when one is let go

    @property
    def jobs(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class TargetRow:
    """One target's progress in one run. `p50` and `p95` are seconds from sending to saved."""

    target: str
    lane: str
    counts: Mapping[JobState, int]
    spent: Micros
    p50: float | None
    p95: float | None


@dataclass(frozen=True, slots=True)
class LaneRow:
    """A lane as the runner last wrote it.

    `state` is ok, limited (told to wait), open (its circuit: the service is in trouble), paused,
    disabled (a person switched it off), parked, or idle (no runner has it); `resume_at` is when sending
    goes on by itself. The rest is how it does: `p50` and `p95` are seconds from sending to saved of the
    last successes, `latencies` those of the newest, oldest first; `errors` counts by kind what went wrong
    within the last hour; `headroom` is how many more requests the service allows at present, of
    `headroom_limit`, where it tells; `credits` is what the last check told, in the service's own unit;
    `circuit` is closed, open or half open. `enabled` and `wished` are a person's: on or off, and the most
    requests at once, None for what the service bears.
    """

    key: str
    provider: str
    target: str
    sandbox: bool
    state: str
    in_flight: int
    limit: int
    resume_at: float | None
    problem: Problem | None
    updated_at: float
    p50: float | None = None
    p95: float | None = None
    errors: Mapping[str, int] = field(default_factory=dict)
    headroom: int | None = None
    headroom_limit: int | None = None
    credits: float | None = None
    succeeded_at: float | None = None
    circuit: str = "closed"
    latencies: tuple[float, ...] = ()
    enabled: bool = True
    wished: int | None = None


@dataclass(frozen=True, slots=True)
class CheckRow:
    """What the last check of a service's credentials told. `state` is ok, problem or unknown.

    `seconds` is how long the answer took, None where nobody measured.
    """

    provider: str
    sandbox: bool
    state: str
    message: str
    credits: float | None
    checked_at: float
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class RunnerRow:
    """The runner's own row; whether it still lives is for the lock to say, not for this row."""

    pid: int
    started_at: float
    heartbeat_at: float


@dataclass(frozen=True, slots=True)
class JobRow:
    """One line of the live table."""

    id: int
    run_id: int
    position: int
    kind: JobKind
    state: JobState
    task: str
    target: str
    attempts: int
    seconds: float | None  # of the last attempt; None while none has ended
    started_at: float | None  # of the running attempt
    not_before: float | None  # when a queued job may be sent again
    quoted: Micros
    billed: Micros
    uncertain: Micros
    certainty: Certainty | None
    adapted: int  # number of adaptations
    pictures: int
    problem: str | None  # one line
    revision: int
    priority: int = 0  # the highest is sent first
    held: bool = False  # queued, and not sent until it is released


@dataclass(frozen=True, slots=True)
class JobExtras:
    """What a line of the live table may show besides, read only where a column asks for it."""

    seed: int | None  # the picture's own, else the one asked for
    size: str | None
    axis_point: Mapping[str, JsonValue]
    repeat: int
    prompt: str  # its beginning
    request_id: str | None  # of the last attempt


@dataclass(frozen=True, slots=True)
class AttemptRow:
    number: int
    started_at: float
    accepted_at: float | None
    ended_at: float | None
    outcome: str | None  # the state it led to
    request_id: str | None
    problem: Problem | None


@dataclass(frozen=True, slots=True)
class JobEvent:
    """A moment at which a job came into a state."""

    attempt: int
    state: JobState
    at: float


@dataclass(frozen=True, slots=True)
class ImageRow:
    """A saved picture. Paths are relative to the workspace; `thumbnail` is None until it is made."""

    id: int
    job_id: int
    ordinal: int
    path: str
    sha256: str
    size_bytes: int
    width: int
    height: int
    format: str
    seed: int | None
    prompt_used: str | None
    thumbnail: str | None


@dataclass(frozen=True, slots=True)
class JobDetail:
    """Everything about one job, for the details pane and `show --json`."""

    row: JobRow
    cell_key: str
    request: ImageRequest
    context: Mapping[str, str]
    axis_point: Mapping[str, JsonValue]
    repeat: int
    adaptations: tuple[Adaptation, ...]
    problem: Problem | None
    ticket: Ticket | None
    attempts: tuple[AttemptRow, ...]
    images: tuple[ImageRow, ...]
    reserved: Micros
    priority: int
    events: tuple[JobEvent, ...] = ()
    queued_at: float | None = None  # when its run was asked for


@dataclass(frozen=True, slots=True)
class EventRow:
    """One change of one job's state. `problem` is the job's present one."""

    id: int
    job_id: int
    attempt: int
    state: JobState
    at: float
    task: str
    target: str
    problem: Problem | None


class Measure(StrEnum):
    """What a filter may compare: money in micros, seconds of the last attempt, tries."""

    COST = "cost"
    TIME = "time"
    TRY = "try"


class Comparison(StrEnum):
    """How a filter compares; the signs are SQL's."""

    MORE = ">"
    AT_LEAST = ">="
    LESS = "<"
    AT_MOST = "<="
    IS = "="
    IS_NOT = "<>"

    @property
    def opposite(self) -> "Comparison":
        return _OPPOSITES[self]


_OPPOSITES = {
    Comparison.MORE: Comparison.AT_MOST,
    Comparison.AT_MOST: Comparison.MORE,
    Comparison.LESS: Comparison.AT_LEAST,
    Comparison.AT_LEAST: Comparison.LESS,
    Comparison.IS: Comparison.IS_NOT,
    Comparison.IS_NOT: Comparison.IS,
}


@dataclass(frozen=True, slots=True)
class Bound:
    """A number of a job compared with a limit. A job without that number does not pass."""

    measure: Measure
    comparison: Comparison
    value: float


@dataclass(frozen=True, slots=True)
class Term:
    """A text that must be found (`absent`: must not) in one of task, target and prompt, or in any."""

    text: str
    within: str | None = None
    absent: bool = False


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs of a run a table shows: those that pass everything. `states` or `held` None means any."""

    states: frozenset[JobState] | None = None
    terms: tuple[Term, ...] = ()
    bounds: tuple[Bound, ...] = ()
    held: bool | None = None

    @property
    def empty(self) -> bool:
        return self == JobFilter()

    @property
    def changes_with_jobs(self) -> bool:
        """Whether a job may come to pass, or cease to, while the run goes on."""
        return self.states is not None or bool(self.bounds) or self.held is not None


@dataclass(frozen=True, slots=True)
class Control:
    """A wish for the runner, taken in order of `id`."""

    id: int
    kind: str
    run_id: int | None
    payload: Mapping[str, JsonValue] = field(default_factory=dict)
