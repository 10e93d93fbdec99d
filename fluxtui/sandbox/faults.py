"""What goes wrong in the sandbox, how often and how slowly: settable, deterministic for a seed."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from fluxtui.domain.problems import FluxtuiError, Problem, ProblemKind
from fluxtui.domain.values import JsonObject

SERVICES: tuple[str, ...] = (
    "bfl",
    "azure-flux",
    "openai",
    "azure-openai",
    "gemini",
    "fal",
    "replicate",
    "a1111",
)
"""The services that faults can be set for one by one."""

Range = tuple[float, float]


class FaultsError(FluxtuiError):
    """A faults file, or a value in it, is not usable. The problem lists everything that is wrong."""


@dataclass(frozen=True, slots=True)
class Faults:
    """The settings of the sandbox. Rates are probabilities from 0 to 1, times are seconds.

    latency: how long a picture takes, from and to; answer_latency: how long any answer takes, half before a submission
    is accepted and half after it. rate_429, rate_5xx, reset_before: refusals that accept and bill nothing;
    rate_5xx_after, reset_after: the work is accepted and billed, but the client is not told. poll_failures: polls
    answered 503 or with a gateway's page. cut_downloads: pictures whose connection breaks half way. moderation,
    content_moderation, errors: how finished work fails. retry_after: sent with 429 (None: not sent). expiry: life of
    BFL's delivery links after the picture is finished; what other services promise shrinks and grows with it
    (Replicate's hour is six times as long). credits: the balance at BFL and what may be spent at OpenAI, Gemini, fal
    and Replicate, in US cents. active_limit: enforce BFL's 24 active tasks (6 of flux-kontext-max). rpm: requests a
    minute of one Azure deployment, or of one model at OpenAI and Gemini, or predictions a minute at Replicate (None: no
    limit). concurrency: how many requests fal works on at once; more of them wait in its queue (None: no limit).
    images_per_minute: pictures a minute of one model at OpenAI, those that are sent along included (None: no limit).
    historic: retired models answer as they used to. unverified: OpenAI lists its image models but wants the
    organization verified first. forge: the A1111 server is a Forge. slow: how long `[sandbox:slow]` takes.
    picture_bytes: send plain pictures of exactly this size instead of painted ones. operation_location: Azure answers
    202 and an operation to poll. key: the accepted key (None: the sandbox's own, `*`: any; of a1111: `user:password`,
    None: nobody has to sign in). services: the same settings for one service, e.g. {"bfl": {"rate_429": 0.1}}.

    Raises FaultsError when a value is outside its range.
    """

    seed: int = 0
    latency: Range = (0.6, 2.0)
    answer_latency: Range = (0.01, 0.05)
    rate_429: float = 0.0
    retry_after: float | None = 1.0
    rate_5xx: float = 0.0
    rate_5xx_after: float = 0.0
    reset_before: float = 0.0
    reset_after: float = 0.0
    poll_failures: float = 0.0
    cut_downloads: float = 0.0
    moderation: float = 0.0
    content_moderation: float = 0.0
    errors: float = 0.0
    expiry: float = 600.0
    credits: float = 1_000_000.0
    active_limit: bool = False
    rpm: int | None = None
    slow: float = 30.0
    picture_bytes: int | None = None
    operation_location: bool = False
    historic: bool = False
    unverified: bool = False
    concurrency: int | None = None
    forge: bool = False
    images_per_minute: int | None = None
    key: str | None = None
    services: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        wrong = _wrong_values({f.name: getattr(self, f.name) for f in fields(self)})
        if wrong:
            raise _error("the sandbox's faults", wrong)

    def of(self, service: str) -> "Faults":
        """Return the settings that hold for one service."""
        overrides = self.services.get(service)
        if not overrides:
            return self
        return replace(self, services={}, **_tidied(overrides))  # type: ignore[arg-type]

    def roll(self, *what: object) -> float:
        """Return a number from 0 to 1 that depends on the seed and `what` alone, not on who came first."""
        text = "|".join(map(str, (self.seed, *what)))
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) / 2.0**64

    def seconds(self, span: Range, *what: object) -> float:
        """Return a duration inside `span`, drawn by `roll`."""
        low, high = span
        return low + (high - low) * self.roll(*what)

    @classmethod
    def none(cls, **settings: object) -> "Faults":
        """Return settings without any waiting, for tests: everything is finished at once."""
        return cls(**{"latency": (0.0, 0.0), "answer_latency": (0.0, 0.0), **settings})  # type: ignore[arg-type]


_RATES = frozenset(
    [
        "rate_429",
        "rate_5xx",
        "rate_5xx_after",
        "reset_before",
        "reset_after",
        "poll_failures",
        "cut_downloads",
        "moderation",
        "content_moderation",
        "errors",
    ]
)
_SECONDS = frozenset(("expiry", "slow", "credits"))
_RANGES = frozenset(("latency", "answer_latency"))
_FLAGS = frozenset(("active_limit", "operation_location", "historic", "unverified", "forge"))
_NAMES = frozenset(f.name for f in fields(Faults))
_LARGEST_PICTURE = 256 * 1024 * 1024


def read_faults(path: Path) -> Faults:
    """Read a faults file: TOML, or JSON when its name ends in `.json`; one table a service for its own settings.

    Raises FaultsError: unreadable, not TOML or JSON, unknown names, values out of range (all of them at once).
    """
    import tomllib

    try:
        text = path.read_text(encoding="utf-8-sig")
        data = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except OSError as error:
        raise _error(str(path), [f"it cannot be read: {error.strerror or error}"]) from error
    except ValueError as error:
        raise _error(
            str(path), [f"it is not valid {'JSON' if path.suffix.lower() == '.json' else 'TOML'}: {error}"]
        ) from error
    if not isinstance(data, dict):
        raise _error(str(path), ["it holds no table of settings"])
    return faults_from(data, str(path))


def faults_from(data: Mapping[str, object], name: str = "the sandbox's faults") -> Faults:
    """Return faults from plain values; services may stand beside the settings. Raises FaultsError."""
    settings = {key: value for key, value in data.items() if key not in SERVICES}
    nested = settings.pop("services", {})
    services = dict(nested) if isinstance(nested, Mapping) else {"services": nested}
    services.update({key: value for key, value in data.items() if key in SERVICES})
    wrong = _wrong_values({**settings, "services": services})
    if wrong:
        raise _error(name, wrong)
    return Faults(**_tidied(settings), services=services)  # type: ignore[arg-type]


def as_plain(faults: Faults) -> JsonObject:
    """Return the settings as JSON values, services nested, the key left out."""
    return {f.name: getattr(faults, f.name) for f in fields(faults) if f.name != "key"}


def _tidied(settings: Mapping[str, object]) -> dict[str, object]:
    """Return settings with lists of two numbers (and one number) as ranges."""
    result = dict(settings)
    for name in _RANGES & result.keys():
        value = result[name]
        result[name] = (value, value) if isinstance(value, int | float) else tuple(value)  # type: ignore[arg-type]
    return result


def _wrong_values(settings: Mapping[str, object], where: str = "") -> list[str]:
    wrong: list[str] = []
    for name, value in settings.items():
        if name == "services" and not where:
            wrong += _wrong_services(value)
        elif name not in _NAMES or name == "services":
            wrong.append(f"{where}{name} is no setting; the settings are {', '.join(sorted(_NAMES))}")
        else:
            sentence = _wrong(name, value)
            if sentence:
                wrong.append(f"{where}{name} {sentence}, not {value!r}")
    return wrong


def _wrong_services(value: object) -> list[str]:
    if not isinstance(value, Mapping):
        return [f"services is a table of services, not {value!r}"]
    wrong: list[str] = []
    for service, settings in value.items():
        if service not in SERVICES:
            wrong.append(f"{service} is no service; the services are {', '.join(SERVICES)}")
        elif not isinstance(settings, Mapping):
            wrong.append(f"{service} is a table of settings, not {settings!r}")
        else:
            wrong += _wrong_values(settings, f"{service}.")
    return wrong


def _wrong(name: str, value: object) -> str | None:
    """Return what would be right when `value` is not, else None."""
    if name in _RATES:
        return None if _number(value) and 0 <= value <= 1 else "is a rate from 0 to 1"  # type: ignore[operator]
    if name in _SECONDS:
        return None if _number(value) and value >= 0 else "is a number of at least 0"  # type: ignore[operator]
    if name in _RANGES:
        ends = (value, value) if _number(value) else value
        good = isinstance(ends, list | tuple) and len(ends) == 2 and all(map(_number, ends)) and 0 <= ends[0] <= ends[1]
        return None if good else "is two numbers of seconds, the smaller first"
    if name in _FLAGS:
        return None if isinstance(value, bool) else "is true or false"
    return _wrong_optional(name, value)


def _wrong_optional(name: str, value: object) -> str | None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    match name:
        case "seed":
            return None if whole else "is a whole number"
        case "rpm" | "images_per_minute" | "concurrency":
            return None if value is None or (whole and value >= 1) else "is a whole number of at least 1"  # type: ignore[operator]
        case "picture_bytes":
            fits = value is None or (whole and 1024 <= value <= _LARGEST_PICTURE)  # type: ignore[operator]
            return None if fits else f"is a number of bytes from 1024 to {_LARGEST_PICTURE}"
        case "retry_after":
            return None if value is None or (_number(value) and value >= 0) else "is a number of at least 0"  # type: ignore[operator]
        case _:
            return None if value is None or isinstance(value, str) else "is a text"


def _number(value: object) -> bool:
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and value == value and abs(value) != float("inf")
    )


def _error(name: str, wrong: list[str]) -> FaultsError:
    return FaultsError(
        Problem(
            ProblemKind.CONFIGURATION,
            f"The faults of the sandbox cannot be used: {name}",
            cause="; ".join(wrong),
            advice="Correct the values and start the sandbox again.",
        )
    )
