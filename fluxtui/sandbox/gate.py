"""What happens to one submission: whether it is taken, how its work ends, and whether the client hears of it.

Every decision is drawn from the faults' seed, the job's fingerprint and the number of the try, so that a run behaves
the same whatever the order in which its requests arrive.
"""

from dataclasses import dataclass
from enum import StrEnum

from fluxtui.sandbox.faults import Faults
from fluxtui.sandbox.ledger import Identity
from fluxtui.sandbox.markers import Markers


class Denial(StrEnum):
    """Why a submission is not taken. Nothing is accepted, nothing is billed."""

    HANGUP = "connection"
    TOO_MANY = "429"
    SERVER_ERROR = "5xx"


class Silence(StrEnum):
    """How the answer to accepted work gets lost."""

    CUT = "cut"
    SERVER_ERROR = "5xx"


PICTURE = "picture"
ANSWER = "answer"
REQUEST_MODERATED = "request-moderated"
CONTENT_MODERATED = "content-moderated"
BLACKENED = "billed-moderated"
ERROR = "error"
CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Gate:
    """The decisions about try number `tries` (from 0) of one job. `faults` are those of its service."""

    faults: Faults
    identity: Identity
    markers: Markers
    tries: int

    def _roll(self, what: str) -> float:
        return self.faults.roll(what, self.identity.fingerprint, self.tries)

    def denial(self) -> Denial | None:
        faults, markers = self.faults, self.markers
        if self.tries < markers.times("refuse") or self._roll("reset-before") < faults.reset_before:
            return Denial.HANGUP
        if self.tries < markers.times("500") or self._roll("5xx") < faults.rate_5xx:
            return Denial.SERVER_ERROR
        if self.tries < markers.times("429") or self._roll("429") < faults.rate_429:
            return Denial.TOO_MANY
        return None

    def silence(self) -> Silence | None:
        if self.tries < self.markers.times("reset") or self._roll("reset-after") < self.faults.reset_after:
            return Silence.CUT
        if self._roll("5xx-after") < self.faults.rate_5xx_after:
            return Silence.SERVER_ERROR
        return None

    def outcome(self) -> str:
        faults, markers = self.faults, self.markers
        if "moderate" in markers or self._roll("moderation") < faults.moderation:
            return REQUEST_MODERATED
        if "content-moderate" in markers or self._roll("content-moderation") < faults.content_moderation:
            return CONTENT_MODERATED
        if "error" in markers or self._roll("error") < faults.errors:
            return ERROR
        return PICTURE

    def pictures(self, count: int = 1) -> int:
        """Return how many pictures there will be to collect: none for those that are none."""
        spoiled = any(name in self.markers for name in ("no-image", "html", "huge", "bomb"))
        return 0 if spoiled or self.outcome() != PICTURE else count

    def work_seconds(self) -> float:
        """Return how long the picture takes."""
        slow = self.markers.seconds("slow", self.faults.slow)
        return self.faults.seconds(self.faults.latency, "latency", self.identity.fingerprint) if slow is None else slow

    def answer_seconds(self) -> float:
        """Return half of how long the answer takes: it is spent once before and once after acceptance."""
        span = self.faults.answer_latency
        return self.faults.seconds(span, "answer", self.identity.fingerprint, self.tries) / 2
