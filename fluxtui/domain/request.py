"""What is asked of a provider, and what it says it will do with it before anything is sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from fluxtui.domain.money import Price
from fluxtui.domain.problems import Problem
from fluxtui.domain.size import Size
from fluxtui.domain.values import JsonObject, JsonValue


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """One request to one model, in this project's words. Providers translate it.

    None means "not asked for": the service's own default applies. `parameters` holds whatever has
    no field here; `extra` is the user's verbatim part and goes last into the payload.
    """

    model: str
    prompt: str
    negative_prompt: str | None = None
    size: Size | None = None
    steps: int | None = None
    guidance: float | None = None
    seed: int | None = None
    count: int = 1
    output_format: str | None = None
    parameters: Mapping[str, JsonValue] = field(default_factory=dict)
    references: tuple[str, ...] = ()
    extra: Mapping[str, JsonValue] = field(default_factory=dict)

    def as_json(self) -> JsonObject:
        return {
            "model": self.model,
            "prompt": self.prompt,
            "negative_prompt": self.negative_prompt,
            "size": str(self.size) if self.size else None,
            "steps": self.steps,
            "guidance": self.guidance,
            "seed": self.seed,
            "n": self.count,
            "output_format": self.output_format,
            "parameters": dict(self.parameters),
            "references": list(self.references),
            "extra": dict(self.extra),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, JsonValue]) -> "ImageRequest":
        """Read what `as_json` wrote. Raises KeyError or ValueError on anything else."""
        size, guidance, steps, seed, count = (data[k] for k in ("size", "guidance", "steps", "seed", "n"))
        negative, output_format = data["negative_prompt"], data["output_format"]
        parameters, references, extra = data["parameters"], data["references"], data["extra"]
        return cls(
            model=str(data["model"]),
            prompt=str(data["prompt"]),
            negative_prompt=None if negative is None else str(negative),
            size=Size.parse(size) if isinstance(size, str) else None,
            steps=steps if isinstance(steps, int) else None,
            guidance=float(guidance) if isinstance(guidance, int | float) else None,
            seed=seed if isinstance(seed, int) else None,
            count=count if isinstance(count, int) else 1,
            output_format=None if output_format is None else str(output_format),
            parameters=parameters if isinstance(parameters, dict) else {},
            references=tuple(str(item) for item in references) if isinstance(references, list) else (),
            extra=extra if isinstance(extra, dict) else {},
        )


class Change(StrEnum):
    """How a target departs from what was asked."""

    DROPPED = "dropped"  # not sent: the service has no such thing
    BUCKETED = "bucketed"  # moved to the nearest value the service has
    CLAMPED = "clamped"  # moved into the range the service has
    REWRITTEN = "rewritten"  # said differently (a prompt expanded, a size as an aspect ratio)
    OBSERVED = "observed"  # found afterwards: the answer differs from what was asked


@dataclass(frozen=True, slots=True)
class Adaptation:
    """One thing a target will not honour, or did not honour, as asked."""

    parameter: str
    change: Change
    asked: JsonValue
    given: JsonValue
    reason: str

    def sentence(self) -> str:
        """Return e.g. `size 1000x1000 becomes 992x992: multiples of 32`."""
        if self.change is Change.DROPPED:
            return f"{self.parameter} is ignored: {self.reason}"
        return f"{self.parameter} {self.asked} becomes {self.given}: {self.reason}"

    def as_json(self) -> JsonObject:
        return {
            "parameter": self.parameter,
            "change": self.change.value,
            "asked": self.asked,
            "given": self.given,
            "reason": self.reason,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, JsonValue]) -> "Adaptation":
        return cls(
            str(data["parameter"]), Change(str(data["change"])), data["asked"], data["given"], str(data["reason"])
        )


@dataclass(frozen=True, slots=True)
class Assessment:
    """A provider's one answer about a request, before it is sent.

    `impossible` is the problem when it cannot be done at all; then nothing is ever sent.
    `expected_size` is what the picture will measure, None when the service decides.
    """

    price: Price
    adaptations: tuple[Adaptation, ...] = ()
    impossible: Problem | None = None
    expected_size: Size | None = None
    notes: tuple[str, ...] = ()
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Fallback:
    """Who draws a cell when its own target stands still, with the request and the price that makes."""

    target: str
    provider: str
    request: ImageRequest
    price: Price
    adaptations: tuple[Adaptation, ...] = ()

    def as_json(self) -> JsonObject:
        return {
            "target": self.target,
            "provider": self.provider,
            "request": self.request.as_json(),
            "quoted": self.price.high,
            "priced": self.price.known,
            "adaptations": [adaptation.as_json() for adaptation in self.adaptations],
        }


@dataclass(frozen=True, slots=True)
class Cell:
    """Task x target x axis point x repeat, with the request it makes and the provider's answer.

    `key` is a stable hash of provider, request and repeat. `stem` is the readable, safe file name
    of its pictures (without extension), unique among the cells of one target provider and run.
    """

    key: str
    task: str
    task_index: int
    target: str
    provider: str
    request: ImageRequest
    assessment: Assessment
    stem: str
    axis_point: Mapping[str, JsonValue] = field(default_factory=dict)
    repeat: int = 1
    context: Mapping[str, str] = field(default_factory=dict)
    fallbacks: tuple[Fallback, ...] = ()
