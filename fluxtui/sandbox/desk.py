"""The desk of services that answer in one go: an order is refused, or accepted, worked on and handed out.

What is said in each case is the service's own business (`Manners`); when it is said, and what the ledger hears of it,
is the same at all of them.
"""

import uuid
from dataclasses import dataclass
from typing import Protocol

from fluxtui.domain.values import JsonObject
from fluxtui.sandbox.bucket import Buckets
from fluxtui.sandbox.faults import Faults
from fluxtui.sandbox.gate import ANSWER, CONTENT_MODERATED, ERROR, PICTURE, REQUEST_MODERATED, Denial, Gate, Silence
from fluxtui.sandbox.ledger import Identity
from fluxtui.sandbox.markers import Markers
from fluxtui.sandbox.messages import Hangup, SandboxResponse, hang_up
from fluxtui.sandbox.pictures import PictureSpec, bomb
from fluxtui.sandbox.world import World

_CENT_MICROS = 10_000
_UNLIMITED_CREDITS = Faults().credits


class RefusedError(Exception):
    """The request cannot be accepted; `answer` says so on the wire."""

    def __init__(self, answer: SandboxResponse) -> None:
        super().__init__(f"answered {answer.status}")
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Order:
    """One request that was read and understood. Cost in millionths of a dollar.

    `pictures` to make, 0 when the answer is a text; `weight` is what the order counts among the pictures a minute;
    `version` that of the API it came through; `keep` what must be known of it after a crash.
    """

    identity: Identity
    key: str
    cost_micros: int
    pictures: int = 0
    weight: int = 0
    version: str = ""
    keep: JsonObject | None = None

    @property
    def markers(self) -> Markers:
        return Markers(self.identity.prompt)


@dataclass(frozen=True, slots=True)
class Limit:
    """Why an order comes too early. `seconds` to wait, None when the service does not tell."""

    seconds: float | None
    metric: str
    limit: int
    used: int
    requested: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """An order that was taken and paid. `outcome` as in `Submission`."""

    id: str
    order: Order
    gate: Gate
    outcome: str

    @property
    def seed(self) -> int:
        """Return what its pictures are painted from: nothing that the client could repeat."""
        return seed_of(self.id)


class Manners(Protocol):
    """How a service words the answers that every service has."""

    def overloaded(self, order: Order) -> SandboxResponse:
        """Answer 503: nothing was accepted."""
        ...

    def broken(self, order: Order) -> SandboxResponse:
        """Answer 500."""
        ...

    def too_many(self, order: Order, limit: Limit) -> SandboxResponse: ...

    def out_of_money(self, order: Order) -> SandboxResponse: ...

    def prompt_refused(self, order: Order, spelling: str) -> SandboxResponse:
        """Refuse a prompt before anything is made; `spelling` is what a marker asks for, or empty."""
        ...


class Desk:
    """Takes the orders of one service."""

    def __init__(self, world: World, service: str, manners: Manners) -> None:
        self._world = world
        self._service = service
        self._manners = manners
        self._requests = Buckets(world.clock)
        self._pictures = Buckets(world.clock)

    @property
    def faults(self) -> Faults:
        return self._world.faults.of(self._service)

    def left(self, model: str) -> tuple[int, int]:
        """Return the requests a minute of a model and how many are left now; a large number without a limit."""
        limit = self.faults.rpm
        return (5_000, 4_999) if limit is None else (limit, self._requests.left(model, limit))

    async def take(self, order: Order) -> Accepted | SandboxResponse:
        """Refuse an order, or accept it, work on it, and return it finished.

        What is returned instead of an accepted order is the answer to the client: the order was refused, or the answer
        to it was lost.
        """
        world = self._world
        await world.wait(world.gate(order.identity, order.markers).answer_seconds())
        gate = world.gate(order.identity, order.markers)  # anew: somebody else's try may have been recorded meanwhile
        refused = self._refusal(order, gate)
        if refused is not None:
            answer, reason = refused
            world.refuse(str(uuid.uuid4()), order.identity, order.key, answer.status, reason)
            return answer
        accepted = self._accept(order, gate)
        silence = gate.silence()
        await world.wait(gate.answer_seconds() + gate.work_seconds())
        if silence is Silence.CUT:
            return hang_up(Hangup.CUT)
        return accepted if silence is None else self._manners.broken(order)

    def _refusal(self, order: Order, gate: Gate) -> tuple[SandboxResponse, str] | None:
        manners, outcome = self._manners, gate.outcome()
        match gate.denial():
            case Denial.HANGUP:
                return hang_up(Hangup.REFUSED), Denial.HANGUP.value
            case Denial.SERVER_ERROR:
                return manners.overloaded(order), Denial.SERVER_ERROR.value
            case Denial.TOO_MANY:
                limit = Limit(gate.faults.retry_after, "requests", gate.faults.rpm or 500, gate.faults.rpm or 500, 1)
                return manners.too_many(order, limit), Denial.TOO_MANY.value
        reached = self._limit(order)
        if reached is not None:
            return manners.too_many(order, reached), Denial.TOO_MANY.value
        if gate.tries < order.markers.times("quota") or self._is_spent():
            return manners.out_of_money(order), "credits"
        if outcome == REQUEST_MODERATED:
            return manners.prompt_refused(order, order.markers.value("moderate")), outcome
        return (manners.broken(order), Denial.SERVER_ERROR.value) if outcome == ERROR else None

    def _limit(self, order: Order) -> Limit | None:
        model, faults = order.identity.model, self.faults
        per_minute = faults.images_per_minute if order.weight else None
        if per_minute is not None:
            seconds = self._pictures.take(model, per_minute, order.weight)
            if seconds > 0:
                used = per_minute - self._pictures.left(model, per_minute)
                return Limit(seconds, "input-images", per_minute, used, order.weight)
        seconds = self._requests.take(model, faults.rpm)
        if faults.rpm is not None and seconds > 0:
            return Limit(seconds, "requests", faults.rpm, faults.rpm - self._requests.left(model, faults.rpm), 1)
        return None

    def _is_spent(self) -> bool:
        credits_left = self.faults.credits
        if credits_left >= _UNLIMITED_CREDITS:
            return False  # nobody set a limit: the ledger need not be summed up for every order
        return self._world.ledger.billed_micros(self._service) >= credits_left * _CENT_MICROS

    def _accept(self, order: Order, gate: Gate) -> Accepted:
        world, outcome = self._world, gate.outcome()
        if outcome == PICTURE and not order.pictures:
            outcome = ANSWER
        accepted = Accepted(str(uuid.uuid4()), order, gate, outcome)
        submission = world.submission(accepted.id, order.identity, order.key, accepted=True, status=200)
        submission.outcome = outcome
        submission.pictures = gate.pictures(order.pictures) if order.pictures else 0
        submission.cost_micros = order.cost_micros
        kept = None if order.keep is None else {**order.keep, "id": accepted.id, "created": world.clock()}
        world.ledger.record(submission, None if kept is None else {"service": self._service, "work": kept})
        return accepted

    # -- handing out ------------------------------------------------------------------------------

    async def make(self, specs: list[PictureSpec], accepted: Accepted) -> list[bytes]:
        """Return the pictures of an order, spoiled as its markers say."""
        markers = accepted.order.markers
        if "bomb" in markers:
            return [bomb()]
        size = self.faults.picture_bytes
        return [await self._world.pictures.make(spec, size, as_jpeg="jpeg" in markers) for spec in specs]

    def hand_out(self, answer: SandboxResponse, accepted: Accepted, *, collected: bool = True) -> SandboxResponse:
        """Return the answer so that the ledger hears when it has left, and cut short if that is to happen.

        `collected` tells whether the answer itself holds the pictures.
        """
        ledger, holds = self._world.ledger, collected and accepted.outcome == PICTURE

        def sent() -> None:
            ledger.answered(accepted.id)
            if accepted.outcome == PICTURE:
                ledger.delivered(accepted.id, self._world.clock())
            if holds:
                ledger.collected(accepted.id, self._world.clock())

        answer.on_sent = sent
        if self._is_cut(accepted) and isinstance(answer.body, bytes):
            answer.cut_after = len(answer.body) // 2
        return answer

    def _is_cut(self, accepted: Accepted) -> bool:
        fingerprint, faults = accepted.order.identity.fingerprint, self.faults
        # The marker spoils the first tries; this one is in the ledger already.
        if self._world.ledger.tries(fingerprint) <= accepted.order.markers.times("cut"):
            return True
        return faults.roll("cut", fingerprint, accepted.gate.tries) < faults.cut_downloads


def seed_of(order_id: str) -> int:
    return uuid.UUID(order_id).int & 0xFFFF_FFFF


def is_moderated(accepted: Accepted) -> bool:
    """Return whether the finished work is withheld."""
    return accepted.outcome == CONTENT_MODERATED
