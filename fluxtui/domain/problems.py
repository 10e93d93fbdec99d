"""Problems that teach: what happened, the likely cause, what to do next, the request id."""

from dataclasses import dataclass, replace
from enum import StrEnum

from fluxtui.domain.text import plain
from fluxtui.domain.values import JsonObject


class ProblemKind(StrEnum):
    """The kinds of things that go wrong, in the words of the database and of `--json`."""

    MODERATION = "moderation"
    INVALID_REQUEST = "invalid_request"
    NOT_FOUND = "not_found"
    UNSUPPORTED = "unsupported"
    AUTHENTICATION = "authentication"
    CREDITS = "credits"
    QUOTA = "quota"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    NETWORK = "network"
    TIMEOUT = "timeout"
    BAD_ANSWER = "bad_answer"
    EXPIRED = "expired"
    CONFIGURATION = "configuration"
    DISK = "disk"
    INTERRUPTED = "interrupted"
    INTERNAL = "internal"


ACCOUNT_PROBLEMS = frozenset({ProblemKind.AUTHENTICATION, ProblemKind.CREDITS, ProblemKind.QUOTA})
"""Problems of the account, not of one job: they park the lane and leave its jobs queued."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that went wrong, ready to be shown. Every text is plain (no escapes) and capped."""

    kind: ProblemKind
    what: str
    cause: str = ""
    advice: str = ""
    request_id: str | None = None
    http_status: int | None = None
    detail: str | None = None

    def __post_init__(self) -> None:
        for name, limit in (("what", 500), ("cause", 500), ("advice", 500), ("request_id", 200), ("detail", 2000)):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, plain(value, limit=limit))

    def with_advice(self, advice: str) -> "Problem":
        return replace(self, advice=advice)

    def as_json(self) -> JsonObject:
        return {
            "kind": self.kind.value,
            "what": self.what,
            "cause": self.cause,
            "advice": self.advice,
            "request_id": self.request_id,
            "http_status": self.http_status,
            "detail": self.detail,
        }

    @classmethod
    def from_json(cls, data: JsonObject) -> "Problem":
        def text(name: str) -> str | None:
            value = data.get(name)
            return value if isinstance(value, str) else None

        status = data.get("http_status")
        return cls(
            ProblemKind(str(data["kind"])),
            text("what") or "",
            text("cause") or "",
            text("advice") or "",
            text("request_id"),
            status if isinstance(status, int) else None,
            text("detail"),
        )

    def sentence(self) -> str:
        """Return the problem as one line for a log or a plain listing."""
        parts = [self.what, self.cause, self.advice]
        if self.request_id:
            parts.append(f"Request id: {self.request_id}.")
        return " ".join(part if part.endswith((".", "!", "?")) else f"{part}." for part in parts if part)


class FluxtuiError(Exception):
    """The root of errors that a user can be shown: it carries a problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.sentence())
        self.problem = problem


class Acceptance(StrEnum):
    """Whether the service may have accepted (and will bill) what was sent."""

    NO = "no"  # proved: refused connection, 4xx, 429, a 5xx documented as unbilled
    MAYBE = "maybe"  # the body may have arrived and nobody answered
    YES = "yes"  # it was accepted; only collecting failed


class ServiceError(FluxtuiError):
    """A provider's call failed. Raised by providers, judged by the lane's resend rules.

    `retry_after` is in seconds from now, as the service asked; None when it did not say.
    `permanent` says that sending the same again cannot succeed.
    """

    def __init__(
        self,
        problem: Problem,
        *,
        acceptance: Acceptance,
        permanent: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(problem)
        self.acceptance = acceptance
        self.permanent = permanent
        self.retry_after = retry_after
