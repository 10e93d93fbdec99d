"""FLUX.1 [schnell] as a target of its own, drawn by fal.ai or Replicate, whichever is configured."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import BaseModel, Field, field_validator

from fluxtui.domain.facts import ModelFacts
from fluxtui.domain.jobs import Pending, Refusal, Ticket
from fluxtui.domain.problems import Acceptance, Problem, ProblemKind, ServiceError
from fluxtui.domain.request import Adaptation, Assessment, Change, ImageRequest
from fluxtui.domain.size import Size
from fluxtui.domain.values import JsonValue
from fluxtui.providers import catalog, checking, facts, fal, replicate, sizes
from fluxtui.providers.base import Accepted, CheckResult, Images, Pace, Provider
from fluxtui.providers.configuration import own
from fluxtui.providers.fal_answers import KEY_VARIABLE as FAL_KEY_VARIABLE

if TYPE_CHECKING:
    from fluxtui.providers.http import Http

VIA_VARIABLE = "FLUX_SCHNELL_VIA"
SIZES = (Size(512, 512), Size(768, 768), Size(1024, 1024), Size(1536, 1024), Size(1024, 1536))
MODELS = {"fal": "fal-ai/flux/schnell", "replicate": "black-forest-labs/flux-schnell"}
_REASON = f"it makes {', '.join(str(size) for size in SIZES)}"
_SIZE_FIELDS = frozenset({"image_size", "aspect_ratio", "megapixels"})


class Settings(fal.Settings, replicate.Settings):
    """`FLUX_SCHNELL_VIA`, and the settings of both services that can draw."""

    via: Literal["fal", "replicate"] | None = Field(None, validation_alias=VIA_VARIABLE)

    @field_validator("via", mode="before")
    @classmethod
    def _spelled(cls, value: Any) -> Any:
        return value.strip().lower() or None if isinstance(value, str) else value


SETTINGS = Settings


def make(settings: BaseModel) -> "FluxSchnell":
    """Return the provider. Raises TypeError when `settings` are not this module's."""
    return FluxSchnell(own(settings, Settings, "flux-schnell"))


def missing(settings: BaseModel) -> tuple[str, ...]:
    """Return the variables that still have to be set: one key is enough."""
    if not isinstance(settings, Settings):
        return FAL_KEY_VARIABLE, replicate.KEY_VARIABLE
    needed = {"fal": fal.missing(settings), "replicate": replicate.missing(settings)}
    if settings.via is not None:
        return needed[settings.via]
    return () if () in needed.values() else (*needed["fal"], *needed["replicate"])


class FluxSchnell:
    """`flux-schnell`: one model, five sizes."""

    id: ClassVar[str] = "flux-schnell"
    title: ClassVar[str] = "Flux Schnell"
    resend_is_free: ClassVar[bool] = False

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        # The other service stays able to collect what it accepted before the setting was changed.
        self._services: dict[str, Provider] = {"fal": fal.Fal(settings), "replicate": replicate.Replicate(settings)}
        self._via = settings.via or ("fal" if not fal.missing(settings) else "replicate")

    @property
    def _service(self) -> Provider:
        return self._services[self._via]

    @property
    def _model(self) -> str:
        return MODELS[self._via]

    def models(self) -> Sequence[str]:
        """Return the one model there is: its target needs no name for it."""
        return ("",)

    def pace(self, model: str) -> Pace:
        return self._service.pace(self._model)

    def max_count(self, model: str) -> int:
        return self._service.max_count(self._model)

    def facts(self, model: str) -> ModelFacts:
        """Return what is known of the model behind, in sizes of this target."""
        behind = facts.of(catalog.service(self._via).find(self._model))
        request = ImageRequest(model, facts.A_PROMPT, size=Size(1024, 1024))
        return replace(behind, model=model, sizes=facts.of_list(SIZES, None), price=self.assess(request).price)

    def assess(self, request: ImageRequest) -> Assessment:
        """Return what the service behind will do with the request, in sizes of this target. Pure."""
        sent, note = _delegated(request, self._model)
        assessment = self._service.assess(sent)
        adaptations = assessment.adaptations
        if _ratio(request) is not None:
            # The shape was asked for, so nobody wants to hear of a size.
            adaptations = tuple(adaptation for adaptation in adaptations if adaptation.parameter != "size")
        return replace(
            assessment,
            adaptations=adaptations if note is None else _joined(note, adaptations),
            impossible=_unknown(request.model) or assessment.impossible,
            notes=(f"drawn by {self._service.title} ({self._model})", *assessment.notes),
        )

    async def submit(self, request: ImageRequest, http: "Http") -> Accepted | Images | Refusal:
        """Send the request to the service behind. Raises ServiceError."""
        if (problem := _unknown(request.model)) is not None:
            raise ServiceError(problem, acceptance=Acceptance.NO, permanent=True)
        answer = await self._service.submit(_delegated(request, self._model)[0], http)
        if isinstance(answer, Accepted):
            return replace(answer, ticket=Ticket({"via": self._via, "ticket": answer.ticket.as_json()}))
        return answer

    async def collect(self, ticket: Ticket, http: "Http") -> Pending | Images | Refusal:
        """Ask the service that accepted it. Raises ServiceError."""
        service, inner = self._accepted_by(ticket)
        return await service.collect(inner, http)

    async def check(self, http: "Http") -> CheckResult:
        """Check the service behind."""
        if names := missing(self._settings):
            return checking.unconfigured(names)
        result = await self._service.check(http)
        return replace(result, message=f"by {self._service.title}: {result.message}")

    async def cancel(self, ticket: Ticket, http: "Http") -> bool:
        """Cancel at the service that accepted it. Raises ServiceError."""
        service, inner = self._accepted_by(ticket)
        return await service.cancel(inner, http)

    def _accepted_by(self, ticket: Ticket) -> tuple[Provider, Ticket]:
        """Return who accepted the work, with its own ticket. Raises ServiceError when its key is gone."""
        via, inner = str(ticket.data["via"]), ticket.data["ticket"]
        module = fal if via == "fal" else replicate
        if names := module.missing(self._settings):
            title = self._services[via].title
            problem = Problem(
                ProblemKind.CONFIGURATION,
                f"{title} accepted this, and {', '.join(names)} is not set any more.",
                advice="Set it again and retry the job: what was accepted is collected then.",
            )
            raise ServiceError(problem, acceptance=Acceptance.YES, permanent=True)
        return self._services[via], Ticket(inner if isinstance(inner, dict) else {})


def _ratio(request: ImageRequest) -> tuple[int, int] | None:
    """Return the shape that is asked for in place of a size."""
    said = request.parameters.get("aspect_ratio")
    if request.size is not None or _SIZE_FIELDS & request.extra.keys() or not isinstance(said, str):
        return None
    return sizes.parse_ratio(said)


def _delegated(request: ImageRequest, model: str) -> tuple[ImageRequest, Adaptation | None]:
    """Return the request as the service behind gets it, and what became of its size or shape."""
    parameters = dict(request.parameters)
    if (terms := _ratio(request)) is not None:
        given = sizes.sized(terms, 1024 * 1024).nearest(SIZES)
        asked = parameters.pop("aspect_ratio")
        sent = replace(request, model=model, size=given, parameters=parameters)
        if given.width * terms[1] == given.height * terms[0]:
            return sent, None
        return sent, Adaptation("aspect_ratio", Change.BUCKETED, asked, str(given), _REASON)
    size = request.size or _sides(parameters)
    sent = replace(request, model=model, size=size, parameters=parameters)
    if size is None or size in SIZES or _SIZE_FIELDS & request.extra.keys():
        return sent, None
    given = size.nearest(SIZES)
    return replace(sent, size=given), Adaptation("size", Change.BUCKETED, str(size), str(given), _REASON)


def _sides(parameters: dict[str, JsonValue]) -> Size | None:
    """Take a size said side by side out of `parameters`."""
    width, height = parameters.get("width"), parameters.get("height")
    if isinstance(width, int) and isinstance(height, int) and 0 < min(width, height) <= max(width, height) <= 16_384:
        del parameters["width"], parameters["height"]
        return Size(width, height)
    return None


def _joined(note: Adaptation, further: tuple[Adaptation, ...]) -> tuple[Adaptation, ...]:
    """Return one adaptation of the size: from what was asked to what the service behind makes of it."""
    said = next((adaptation for adaptation in further if adaptation.parameter == note.parameter), None)
    if said is None:
        return (note, *further)
    whole = replace(said, asked=note.asked, reason=f"{note.reason}; {said.reason}")
    return tuple(whole if adaptation is said else adaptation for adaptation in further)


def _unknown(model: str) -> Problem | None:
    if not model:
        return None
    return Problem(
        ProblemKind.NOT_FOUND,
        f"flux-schnell has no model {model!r}.",
        "It is one model, by itself.",
        "Write the target as flux-schnell.",
    )
