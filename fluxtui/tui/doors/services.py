"""Services: which can draw here, what the others still need, and steering their lanes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from fluxtui.domain.facts import ModelFacts
from fluxtui.domain.problems import Problem
from fluxtui.tui.doors.workshop import Workshop
from fluxtui.tui.work import in_thread

if TYPE_CHECKING:
    from fluxtui.engine.services import Services


@dataclass(frozen=True, slots=True)
class ServiceView:
    """A service as the welcome shows it. `missing` are the variables that it still needs."""

    id: str
    title: str
    ready: bool
    state: str
    missing: tuple[str, ...]
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeyFact:
    """A variable of a service. `value` shows a key only as set or not; `place` is a file and line, or empty."""

    variable: str
    value: str
    is_set: bool
    secret: bool
    place: str


@dataclass(frozen=True, slots=True)
class Model:
    """What a service can draw with. `lane` is its lane's key; `bears` the most requests at once that make sense."""

    target: str
    lane: str
    bears: int
    facts: ModelFacts


@dataclass(frozen=True, slots=True)
class Service:
    """A service as it is configured: `state` is ready, unconfigured, misconfigured (see `problem`) or disabled."""

    id: str
    title: str
    description: str
    state: str
    missing: tuple[str, ...]
    problem: Problem | None
    models: tuple[Model, ...]
    keys: tuple[KeyFact, ...]


class ServiceDoor(Protocol):
    def states(self) -> tuple[ServiceView, ...]: ...

    def overview(self) -> tuple[Service, ...]:
        """Read the settings anew and return every service with its models."""
        ...

    async def enable(self, lanes: Sequence[str], enabled: bool, *, go_on: bool = False) -> None:
        """Switch lanes on or off in every run; with `go_on`, runs that stood still for them go on."""
        ...

    async def limit(self, lanes: Sequence[str], most: int | None) -> None:
        """Let each lane have so many requests at once; None for what the service bears."""
        ...

    async def reset(self, lanes: Sequence[str]) -> None:
        """Close circuits, forget waits, unpark, end a pause; runs that stood still for it go on."""
        ...

    async def check(self, service: str) -> None:
        """Have the runner try a service's credentials; the answer is read from the checks."""
        ...


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

    def overview(self) -> tuple[Service, ...]:
        from fluxtui.engine.overview import bears, overview
        from fluxtui.history.runs import lane_key

        self._workshop.forget()
        services = self._workshop.services()
        found = []
        for view in overview(services):
            models = []
            for facts in view.models:
                target = view.target(facts)
                most = bears(services, view.id, facts.model)
                models.append(Model(target, lane_key(target, services.sandbox), most, facts))
            keys = _keys(services, view.id)
            found.append(
                Service(
                    view.id, view.title, view.description, view.state, view.missing, view.problem, tuple(models), keys
                )
            )
        return tuple(found)

    async def enable(self, lanes: Sequence[str], enabled: bool, *, go_on: bool = False) -> None:
        from fluxtui.history import wishes

        journal = await self._workshop.journal()
        await journal.write(partial(wishes.enable, lanes=lanes, enabled=enabled))
        ready = await journal.write(partial(wishes.go_on, lanes=lanes)) if go_on else []
        if ready:
            await in_thread(self._ensure_runner)

    async def limit(self, lanes: Sequence[str], most: int | None) -> None:
        from fluxtui.history import wishes

        await (await self._workshop.journal()).write(partial(wishes.limit, lanes=lanes, most=most))

    async def reset(self, lanes: Sequence[str]) -> None:
        from fluxtui.engine.lock import holder
        from fluxtui.history import wishes

        journal = await self._workshop.journal()
        await journal.write(partial(wishes.pause, lanes=lanes, paused=False))
        if await in_thread(holder, self._workshop.workspace) is not None:
            await journal.control("reset_lane", None, lanes=list(lanes))
            await in_thread(self._ensure_runner)  # it may have ended meanwhile
            return
        await journal.write(partial(wishes.forget_parked, lanes=lanes))
        if await journal.write(partial(wishes.go_on, lanes=lanes)):
            await in_thread(self._ensure_runner)

    async def check(self, service: str) -> None:
        journal = await self._workshop.journal()
        await journal.control("check", None, provider=service, sandbox=self._workshop.sandbox)
        await in_thread(self._ensure_runner)

    def _ensure_runner(self) -> None:
        from fluxtui.engine.launch import ensure_runner

        ensure_runner(self._workshop.workspace)


def _keys(services: "Services", service: str) -> tuple[KeyFact, ...]:
    from fluxtui.engine.settings_report import service_facts

    return tuple(
        KeyFact(
            fact.variable,
            fact.value,
            fact.value != "not set",
            fact.secret,
            "the sandbox" if services.sandbox else _shortened(fact.place),
        )
        for fact in service_facts(services.loaded, service)
    )


def _shortened(place: str) -> str:
    """Return a place without this folder's path."""
    return place.removeprefix("in ").replace(f"{Path.cwd()}/", "")
