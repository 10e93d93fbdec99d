"""Services: which can draw here, and what the others still need."""

from dataclasses import dataclass
from typing import Protocol

from fluxtui.tui.doors.workshop import Workshop


@dataclass(frozen=True, slots=True)
class ServiceView:
    """A service as the welcome shows it. `missing` are the variables that it still needs."""

    id: str
    title: str
    ready: bool
    state: str
    missing: tuple[str, ...]
    models: tuple[str, ...]


class ServiceDoor(Protocol):
    def states(self) -> tuple[ServiceView, ...]: ...


class ServiceStates:
    """The real door."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop

    def states(self) -> tuple[ServiceView, ...]:
        from fluxtui.engine.services import ServiceState

        return tuple(
            ServiceView(s.id, s.title, s.state is ServiceState.READY, s.state.value, s.missing, s.models)
            for s in self._workshop.services().statuses()
        )
