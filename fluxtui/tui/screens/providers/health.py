"""How each target does, worked out of settings, lanes, checks and wishes. Pure; what the cards are drawn from."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from fluxtui.domain.problems import Problem
from fluxtui.history import queries
from fluxtui.history.records import CheckRow, LaneRow
from fluxtui.history.wishes import LaneWish, lane_wishes, switched_off
from fluxtui.tui.doors.services import Model, Service

SPARKS = "▁▂▃▄▅▆▇█"
FRESH = 3600.0
"""Seconds for which the errors of a lane that no runner has are still worth telling."""

_RECENT = 5
"""Successes that say how quick a target is at present."""


@dataclass(frozen=True, slots=True)
class Face:
    """How a state looks: always a glyph and a word; `color` is a theme variable."""

    glyph: str
    word: str
    color: str


FACES: Mapping[str, Face] = {
    "ok": Face("✓", "ok", "state-done"),
    "ready": Face("○", "ready", "muted"),
    "slow": Face("~", "slow", "warning"),
    "limited": Face("↻", "limited", "warning"),
    "failing": Face("✗", "failing", "error"),
    "parked": Face("!", "parked", "warning"),
    "open": Face("↯", "circuit open", "error"),
    "paused": Face("‖", "paused", "muted"),
    "disabled": Face("–", "disabled", "muted"),
    "unconfigured": Face("·", "not configured", "muted"),
    "misconfigured": Face("✗", "misconfigured", "error"),
    "off": Face("–", "off", "muted"),
}
"""What a person may meet here; `ready` was never tried, `failing` is what the last check told."""

IN_TROUBLE = frozenset({"parked", "open", "failing", "misconfigured"})
"""States that need a person, or may soon."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What the history knows of the services: lanes (also idle ones), checks, wishes."""

    lanes: tuple[LaneRow, ...] = ()
    checks: tuple[CheckRow, ...] = ()
    wishes: tuple[LaneWish, ...] = ()


def read_signs(connection: sqlite3.Connection) -> Signs:
    """Read them all; a millisecond."""
    return Signs(
        tuple(queries.lanes(connection, idle=True)),
        tuple(queries.checks(connection)),
        tuple(lane_wishes(connection).values()),
    )


@dataclass(frozen=True, slots=True)
class ServiceCard:
    """A service over its targets. `state` names one of FACES; `testing` while an answer is awaited."""

    service: Service
    state: str
    check: CheckRow | None
    problem: Problem | None
    testing: bool

    @property
    def key(self) -> str:
        return self.service.id


@dataclass(frozen=True, slots=True)
class TargetCard:
    """One target. `problem` is why it stands still; `limit` the most requests at once that hold now."""

    service: ServiceCard
    model: Model
    state: str
    lane: LaneRow | None
    wish: LaneWish
    problem: Problem | None

    @property
    def key(self) -> str:
        return self.model.target

    @property
    def limit(self) -> int:
        """The most requests at once that a person or the service allows."""
        return self.wish.limit or self.model.bears

    @property
    def live(self) -> bool:
        """Whether a runner has its lane."""
        return self.lane is not None and self.lane.state != "idle"

    @property
    def in_flight(self) -> int:
        return 0 if self.lane is None else self.lane.in_flight


Card = ServiceCard | TargetCard


def cards(
    services: Sequence[Service], signs: Signs, *, sandbox: bool, testing: frozenset[str], now: float
) -> list[Card]:
    """Return each service followed by its targets; of one that cannot be used, only the service."""
    lanes = {lane.key: lane for lane in signs.lanes}
    wishes = {wish.lane: wish for wish in signs.wishes}
    checks = {check.provider: check for check in signs.checks if check.sandbox is sandbox}
    found: list[Card] = []
    for service in services:
        own = [model for model in service.models if service.state == "ready" or model.lane in lanes]
        above = _service(service, checks.get(service.id), testing=service.id in testing)
        found.append(above)
        found += [_target(above, model, lanes.get(model.lane), wishes.get(model.lane), now) for model in own]
    return found


def _service(service: Service, check: CheckRow | None, *, testing: bool) -> ServiceCard:
    state, problem = service.state, service.problem
    match state:
        case "ready" if check is not None:
            state = {"ok": "ok", "problem": "failing"}.get(check.state, "ready")
        case "disabled":
            state = "off"
    return ServiceCard(service, state, check, problem, testing)


def _target(above: ServiceCard, model: Model, lane: LaneRow | None, wish: LaneWish | None, now: float) -> TargetCard:
    wish = wish or LaneWish(model.lane)
    state, problem = _state(above, model, lane, wish, now)
    return TargetCard(above, model, state, lane, wish, problem)


def _state(
    above: ServiceCard, model: Model, lane: LaneRow | None, wish: LaneWish, now: float
) -> tuple[str, Problem | None]:
    if above.state in ("unconfigured", "misconfigured", "off"):
        return above.state, above.problem
    if lane is not None and lane.state == "parked":
        return "parked", lane.problem
    if not wish.enabled:
        return "disabled", switched_off(model.target)
    if wish.paused:
        return "paused", None
    if lane is not None and lane.state in ("open", "limited"):
        return lane.state, lane.problem
    if above.state == "failing" and not _succeeded_since(lane, above.check):
        return "failing", None
    if lane is not None and slow(lane.latencies, model.facts.seconds):
        return "slow", None
    proved = above.state == "ok" or (
        lane is not None and lane.succeeded_at is not None and lane.succeeded_at > now - FRESH
    )
    return ("ok" if proved else "ready"), None


def _succeeded_since(lane: LaneRow | None, check: CheckRow | None) -> bool:
    return (
        lane is not None and lane.succeeded_at is not None and (check is None or lane.succeeded_at > check.checked_at)
    )


def slow(latencies: Sequence[float], expected: float | None) -> bool:
    """Return whether the last pictures took more than twice as long as usual: as is expected, or as they did before."""
    recent, before = latencies[-_RECENT:], latencies[:-_RECENT]
    if len(recent) < _RECENT:
        return False
    usual = max(expected or 0.0, median(before) if len(before) >= _RECENT else 0.0)
    return usual > 0 and median(recent) > 2 * usual and median(recent) - usual > 1.0


def spark(latencies: Sequence[float], width: int) -> str:
    """Return the newest latencies as blocks, the highest of those shown as a full one; newest to the right."""
    shown = latencies[-max(width, 0) :] if width > 0 else ()
    highest = max(shown, default=0.0)
    if highest <= 0:
        return ""
    return "".join(SPARKS[min(len(SPARKS) - 1, int(seconds / highest * len(SPARKS)))] for seconds in shown)


def recent_errors(lane: LaneRow | None, now: float) -> Mapping[str, int]:
    """Return the errors of the last hour by kind; of a lane without a runner only while they are that young."""
    if lane is None or now - lane.updated_at > FRESH:
        return {}
    return lane.errors


def targets_of(card: Card, every: Sequence[Card]) -> list[TargetCard]:
    """Return the targets that a card is about: itself, or all of its service."""
    if isinstance(card, TargetCard):
        return [card]
    return [each for each in every if isinstance(each, TargetCard) and each.service.service.id == card.service.id]


def matching(every: Sequence[Card], text: str) -> Iterator[Card]:
    """Yield the targets whose name, service or state has every word of `text`, each under its service."""
    words = text.lower().split()
    for card in every:
        if isinstance(card, ServiceCard):
            if _has(card, words) or any(_has(each, words) for each in targets_of(card, every)):
                yield card
        elif _has(card, words):
            yield card


def _has(card: Card, words: Sequence[str]) -> bool:
    service = card.service if isinstance(card, ServiceCard) else card.service.service
    said = f"{card.key} {service.title} {service.id} {FACES[card.state].word}".lower()
    return all(word in said for word in words)
