"""The sandbox's book of what really happened: tests believe it more than any client's database."""

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property

from fluxtui.domain.money import Micros, dollars, show
from fluxtui.domain.values import JsonObject, JsonValue, digest

_BILLED = ("picture", "answer", "billed-moderated")


@dataclass(frozen=True)
class Identity:
    """What makes two submissions the same job: everything that decides the picture, and nothing else.

    Two submissions with the same service, model, prompt, seed, size, guidance, steps and references count as one job
    sent twice. Jobs that are meant to be different must therefore differ in seed or prompt: repeats without a seed look
    like duplicates.
    """

    service: str
    model: str
    prompt: str
    seed: int | None
    size: str
    variation: str = ""

    @cached_property
    def fingerprint(self) -> str:
        return digest([self.service, self.model, self.prompt, self.seed, self.size, self.variation])[:20]


@dataclass(slots=True)
class Submission:
    """One submission. Times are seconds since the epoch; cost is in millionths of a dollar.

    `outcome` of accepted work: picture, answer (a judge's text), request-moderated, content-moderated,
    billed-moderated (a blackened picture that has to be paid), error or cancelled. Work
    without a picture or an answer is refunded. `answered` tells whether the client was sent the answer to its
    submission.
    """

    id: str
    service: str
    model: str
    fingerprint: str
    key: str
    at: float
    accepted: bool
    status: int
    reason: str = ""
    outcome: str = ""
    pictures: int = 0
    cost_micros: int = 0
    prompt: str = ""
    seed: int | None = None
    size: str = ""
    answered: bool = False
    delivered_at: float | None = None
    deliveries: int = 0
    collected_at: float | None = None
    collections: int = 0

    @property
    def owed(self) -> bool:
        """Whether a picture was made that nobody has fetched."""
        return self.accepted and self.outcome == "picture" and self.pictures > 0 and not self.collections


def key_fingerprint(key: str) -> str:
    """Return what tells keys apart without being one (12 characters; empty for no key)."""
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()[:12] if key else ""


class Ledger:
    """Counts and records. `sink` receives every change as an event; `replay` takes events back in."""

    def __init__(self, sink: Callable[[JsonObject], None] | None = None) -> None:
        self._sink = sink
        self._submissions: dict[str, Submission] = {}
        self._tries: Counter[str] = Counter()
        self._violations: list[JsonObject] = []

    @property
    def submissions(self) -> list[Submission]:
        """Every submission, oldest first."""
        return list(self._submissions.values())

    def get(self, submission_id: str) -> Submission | None:
        return self._submissions.get(submission_id)

    def tries(self, fingerprint: str) -> int:
        """Return how often a job was submitted so far, accepted or not."""
        return self._tries[fingerprint]

    def record(self, submission: Submission, work: JsonObject | None = None) -> Submission:
        """Write down a submission; `work` is what the service needs to go on with it after a crash."""
        self._add(submission)
        self._tell({"event": "submission", "submission": asdict(submission), "work": work})
        return submission

    def answered(self, submission_id: str) -> None:
        """Note that the client was sent the answer to its submission."""
        self._mark({"event": "answered", "id": submission_id})

    def delivered(self, submission_id: str, at: float) -> None:
        """Note that the service told where the picture is, or sent it."""
        self._mark({"event": "delivered", "id": submission_id, "at": at})

    def collected(self, submission_id: str, at: float) -> None:
        """Note that all bytes of the picture have left for the client."""
        self._mark({"event": "collected", "id": submission_id, "at": at})

    def ended(self, submission_id: str, outcome: str, at: float, work: JsonObject | None = None) -> None:
        """Note that accepted work ended otherwise than was laid down when it was accepted.

        `work` is what its service needs to know of it after a crash, as in `record`.
        """
        self._mark({"event": "ended", "id": submission_id, "outcome": outcome, "at": at, "work": work})

    def violation(self, service: str, what: str, at: float) -> None:
        """Note something that no client may do, such as sending a key to a delivery host."""
        self._mark({"event": "violation", "service": service, "what": what, "at": at})

    def replay(self, event: JsonObject) -> None:
        """Take in an event that an earlier process wrote."""
        submission = event.get("submission")
        if event.get("event") == "submission" and isinstance(submission, dict):
            self._add(Submission(**submission))  # type: ignore[arg-type]
        else:
            self._apply(event)

    def _add(self, submission: Submission) -> None:
        self._submissions[submission.id] = submission
        self._tries[submission.fingerprint] += 1

    def _tell(self, event: JsonObject) -> None:
        if self._sink is not None:
            self._sink(event)

    def _mark(self, event: JsonObject) -> None:
        if self._apply(event):
            self._tell(event)

    def _apply(self, event: JsonObject) -> bool:
        kind = event.get("event")
        if kind == "violation":
            self._violations.append({key: event[key] for key in ("service", "what", "at")})
            return True
        submission = self._submissions.get(str(event.get("id")))
        if submission is None:
            return False
        at = event.get("at")
        moment = float(at) if isinstance(at, int | float) else None
        if kind == "answered":
            submission.answered = True
        elif kind == "ended":
            submission.outcome, submission.pictures = str(event["outcome"]), 0
        elif kind == "delivered":
            submission.delivered_at = submission.delivered_at or moment
            submission.deliveries += 1
            # A service that is polled all day tells the same thing often; the first time is the news.
            return submission.deliveries == 1
        elif kind == "collected":
            submission.collected_at = submission.collected_at or moment
            submission.collections += 1
        return True

    def billed_micros(self, service: str | None = None) -> Micros:
        """Return what was billed in the end: work without a result is refunded."""
        return Micros(
            sum(
                s.cost_micros
                for s in self._submissions.values()
                if s.accepted and s.outcome in _BILLED and service in (None, s.service)
            )
        )

    def duplicates(self) -> list[list[Submission]]:
        """Return the jobs that were accepted more than once, each with its accepted submissions."""
        jobs: dict[str, list[Submission]] = {}
        for submission in self._submissions.values():
            if submission.accepted:
                jobs.setdefault(submission.fingerprint, []).append(submission)
        return [same for same in jobs.values() if len(same) > 1]

    def summary(self) -> JsonObject:
        """Return the counts.

        accepted / refused: submissions the service took / did not take. unanswered: accepted, but the client was never
        told. moderated, failed: accepted work that gave no picture. delivered: pictures the service announced or sent;
        collected: pictures that were fetched whole; uncollected: pictures made and never fetched whole. duplicates:
        acceptances beyond the first of the same job (see Identity); duplicates_billed: those of them that cost money.
        violations: things a client must not do.
        """
        everything = list(self._submissions.values())
        accepted = [s for s in everything if s.accepted]
        pictures = [s for s in accepted if s.outcome == "picture"]
        same = self.duplicates()
        refused = Counter(s.reason or str(s.status) for s in everything if not s.accepted)
        by_service: dict[str, JsonValue] = {
            service: {"accepted": count} for service, count in sorted(Counter(s.service for s in accepted).items())
        }
        return {
            "submissions": len(everything),
            "accepted": len(accepted),
            "refused": len(everything) - len(accepted),
            "refused_by_reason": dict(sorted(refused.items())),
            "unanswered": sum(not s.answered for s in accepted),
            "moderated": sum(s.outcome.endswith("moderated") for s in accepted),
            "failed": sum(s.outcome == "error" for s in accepted),
            "delivered": sum(s.deliveries > 0 for s in pictures),
            "collected": sum(s.collections > 0 for s in pictures),
            "uncollected": sum(s.owed for s in pictures),
            "duplicates": sum(len(group) - 1 for group in same),
            "duplicates_billed": sum(max(0, sum(s.outcome in _BILLED for s in group) - 1) for group in same),
            "violations": len(self._violations),
            "billed_usd": dollars(self.billed_micros()),
            "services": by_service,
        }

    def full(self) -> JsonObject:
        """Return the counts, every submission and every violation."""
        rows: list[JsonValue] = [asdict(s) for s in self._submissions.values()]
        return {**self.summary(), "records": rows, "violation_records": list(self._violations)}

    def table(self) -> str:
        """Return the counts as a table of two columns for people."""
        summary = self.summary()
        names = ("submissions", "accepted", "refused", "unanswered", "moderated", "failed", "delivered", "collected")
        rows = [(name, str(summary[name])) for name in (*names, "uncollected", "duplicates", "violations")]
        rows.append(("billed", show(self.billed_micros())))
        width = max(len(value) for _, value in rows)
        lines = [f"{name:<12} {value:>{width}}" for name, value in rows]
        lines += [f"  ! {violation['what']} ({violation['service']})" for violation in self._violations[:20]]
        return "\n".join(lines)
