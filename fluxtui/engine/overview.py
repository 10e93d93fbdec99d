"""What can draw here: every service with its state, and what is known of its models."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fluxtui.domain.facts import ModelFacts
from fluxtui.domain.problems import FluxtuiError, Problem
from fluxtui.domain.request import ImageRequest
from fluxtui.engine.services import Services, ServiceState, ServiceStatus
from fluxtui.history.records import CheckRow, LaneRow
from fluxtui.providers import facts, registry
from fluxtui.providers.base import Pace, Provider


@dataclass(frozen=True, slots=True)
class ServiceView:
    """One service.

    `state` is ready, unconfigured (`missing` says what it needs), misconfigured, disabled, parked or
    open. Parked and open are what the workspace's lanes say of a configured service; `problem` is the
    reason. `credits` is what the last check told, in the service's own unit.
    """

    id: str
    title: str
    description: str
    state: str
    missing: tuple[str, ...]
    problem: Problem | None
    credits: float | None
    lanes: tuple[LaneRow, ...]
    models: tuple[ModelFacts, ...]

    def target(self, model: ModelFacts) -> str:
        """Return what a batch calls this model."""
        return f"{self.id}/{model.model}" if model.model else self.id


_STATES = {
    ServiceState.READY: "ready",
    ServiceState.UNCONFIGURED: "unconfigured",
    ServiceState.MISCONFIGURED: "misconfigured",
    ServiceState.DISABLED: "disabled",
}


def overview(
    services: Services, lanes: Sequence[LaneRow] = (), checks: Sequence[CheckRow] = (), *, matching: str = ""
) -> list[ServiceView]:
    """Return every service in the registry's order, with its models; `lanes` and `checks` are the workspace's.

    With `matching`, only targets that hold that text (in any case), and only services that have one.
    """
    views = []
    for status in services.statuses():
        entry = registry.entry(status.id)
        own = tuple(lane for lane in lanes if (lane.provider, lane.sandbox) == (status.id, services.sandbox))
        held = _held(own) if status.state is ServiceState.READY else None
        view = ServiceView(
            id=status.id,
            title=status.title,
            description=entry.description,
            state=_STATES[status.state] if held is None else held.state,
            missing=status.missing,
            problem=status.problem if held is None else held.problem,
            credits=next((c.credits for c in checks if (c.provider, c.sandbox) == (status.id, services.sandbox)), None),
            lanes=own,
            models=(),
        )
        models = [model for model in _models(services, status) if matching.lower() in view.target(model).lower()]
        if models or not matching:
            views.append(replace(view, models=tuple(models)))
    return views


def bears(services: Services, service: str, model: str) -> int:
    """Return how many requests at once make sense; that of most services where this one cannot be used."""
    try:
        return services.provider(service).pace(model).in_flight
    except FluxtuiError:
        return Pace().in_flight


def _held(lanes: Sequence[LaneRow]) -> LaneRow | None:
    """Return the lane that says most about why a service stands still, None when all go on."""
    return next((lane for state in ("parked", "open") for lane in lanes if lane.state == state), None)


def _models(services: Services, status: ServiceStatus) -> Sequence[ModelFacts]:
    try:
        provider: Provider | None = services.provider(status.id)
    except FluxtuiError:
        provider = _unready(services, status)
    if provider is None:
        return facts.of_service(status.id)
    return [_facts(provider, model) for model in provider.models()]


def _unready(services: Services, status: ServiceStatus) -> Provider | None:
    """Return a provider that lacks its settings, only to ask it about its models; None where that cannot be."""
    try:
        module = registry.load(status.id)
        return module.make(services.loaded.section(module.SETTINGS))
    except Exception:  # noqa: BLE001 - a provider from outside may raise anything without its settings
        return None


def _facts(provider: Provider, model: str) -> ModelFacts:
    """Return what a provider says of a model; of one that says nothing, what its assessment of a request tells."""
    if isinstance(provider, facts.Describing):
        return provider.facts(model)
    told = provider.assess(ImageRequest(model, facts.A_PROMPT))
    return ModelFacts(model, provider.max_count(model), told.price, told.seconds)
