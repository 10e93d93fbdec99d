"""The protocol every provider speaks, in two phases: `submit`, then `collect`.

A provider translates one wire protocol. It is handed an `Http`; it never makes a client, never
sleeps, retries or touches the database: the lane does all that. Between two calls it keeps nothing:
what must survive a crash is in the ticket.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

from fluxtui.domain.jobs import Bill, ImageFacts, Pending, Refusal, Ticket
from fluxtui.domain.problems import Problem
from fluxtui.domain.request import Adaptation, Assessment, ImageRequest

if TYPE_CHECKING:
    from pydantic import BaseModel

    from fluxtui.providers.http import Http, Reply


NO_FACTS = ImageFacts()
"""For a service that sends a picture and says nothing about it."""


@dataclass(frozen=True, slots=True)
class EncodedImage:
    """A picture inside a JSON body: base64 text, not yet decoded (a view into the reply's bytes)."""

    base64: bytes | memoryview
    facts: ImageFacts = NO_FACTS


@dataclass(frozen=True, slots=True)
class LinkedImage:
    """A picture at a delivery URL, which is fetched without any key.

    `expires_at` is the end of the link's life in seconds since the epoch, when the service tells.
    """

    url: str
    facts: ImageFacts = NO_FACTS
    expires_at: float | None = None


@dataclass(frozen=True, slots=True)
class Images:
    """Finished pictures. `reply` is what holds their bytes in memory; the lane releases it."""

    items: tuple[EncodedImage | LinkedImage, ...]
    bill: Bill | None = None
    adaptations: tuple[Adaptation, ...] = ()
    reply: "Reply | None" = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The service took the work: the ticket to collect it by, and the bill if it already says."""

    ticket: Ticket
    bill: Bill | None = None


class CheckState(StrEnum):
    OK = "ok"
    PROBLEM = "problem"
    UNCONFIGURED = "unconfigured"
    UNKNOWN = "unknown"  # the service has no way to ask without spending


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What trying a provider's credentials without spending showed."""

    state: CheckState
    message: str
    problem: Problem | None = None
    credits: float | None = None


@dataclass(frozen=True, slots=True)
class Pace:
    """How the lane should treat one model of a provider. Times in seconds.

    `in_flight`: the most requests that make sense at once; `account_in_flight`: the same over all
    models of the account, None when the service counts by model; `collect_for`: how long accepted
    work is asked for before it counts as lost.
    """

    in_flight: int = 8
    account_in_flight: int | None = None
    first_poll: float = 0.5
    poll_interval: float = 1.0
    collect_for: float = 300.0


@runtime_checkable
class Provider(Protocol):
    """One service. Instances are cheap, stateless and made from their settings alone."""

    id: ClassVar[str]
    """As in targets and folder names: `azure-flux`, `bfl`."""
    title: ClassVar[str]
    resend_is_free: ClassVar[bool]
    """Whether sending the same job again costs nothing (a machine of one's own)."""

    def models(self) -> Sequence[str]:
        """Return the models that can be chosen; the first is the default."""
        ...

    def pace(self, model: str) -> Pace: ...

    def max_count(self, model: str) -> int:
        """Return the most pictures that one request makes; more are asked for in several requests."""
        ...

    def assess(self, request: ImageRequest) -> Assessment:
        """Return what will be honoured, adapted or impossible, and the price. Pure; no network."""
        ...

    async def submit(self, request: ImageRequest, http: "Http") -> "Accepted | Images | Refusal":
        """Send the one request that may cost money. Raises ServiceError."""
        ...

    async def collect(self, ticket: Ticket, http: "Http") -> "Pending | Images | Refusal":
        """Ask for accepted work, once.

        Raises ServiceError; kind `expired` when it is gone. Permanent with acceptance NO says that the
        service has ended the work and bills nothing: a retry draws anew instead of asking again.
        """
        ...

    async def check(self, http: "Http") -> CheckResult:
        """Try the credentials without spending. Does not raise for what the service answers."""
        ...

    async def cancel(self, ticket: Ticket, http: "Http") -> bool:
        """Ask the service to drop accepted work; False where it has no such call."""
        ...


@dataclass(frozen=True, slots=True)
class ProviderEntry:
    """How the registry knows a provider before (and without) making one.

    `settings` is a pydantic model whose aliases are the variables' names; `make` builds the
    provider from an instance of it. `missing` returns the variables that still have to be set, so
    that nothing else has to know what "configured" means for one service. `description` is one line
    for listings.
    """

    id: str
    title: str
    module: str
    variables: tuple[str, ...] = field(default=())
    description: str = ""


class ProviderModule(Protocol):
    """What a provider's module exports."""

    SETTINGS: "type[BaseModel]"

    def make(self, settings: "BaseModel") -> Provider: ...

    def missing(self, settings: "BaseModel") -> tuple[str, ...]: ...
