"""The sandbox itself: finds the service behind a request and keeps what all of them share."""

import asyncio
import importlib
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from fluxtui.domain.values import JsonObject
from fluxtui.sandbox.bases import IN_PROCESS, Bases
from fluxtui.sandbox.faults import Faults, FaultsError, as_plain, faults_from
from fluxtui.sandbox.ledger import Ledger
from fluxtui.sandbox.messages import Hangup, SandboxRequest, SandboxResponse, hang_up, json_response
from fluxtui.sandbox.pictures import Pictures
from fluxtui.sandbox.state import StateFile
from fluxtui.sandbox.world import Service, World

SERVICE_CLASSES: tuple[str, ...] = (
    "fluxtui.sandbox.bfl:BlackForestLabs",
    "fluxtui.sandbox.azure_flux:AzureFlux",
    "fluxtui.sandbox.openai:OpenAI",
    "fluxtui.sandbox.azure_openai:AzureOpenAI",
    "fluxtui.sandbox.gemini:Gemini",
    "fluxtui.sandbox.fal:Fal",
    "fluxtui.sandbox.replicate:Replicate",
    "fluxtui.sandbox.a1111:Automatic1111",
)
"""The services that are played. A new one is a module, a line here and its doors in `bases.ROLES`."""

_KEY_HEADERS = ("x-key", "api-key", "authorization", "x-goog-api-key")


class Sandbox:
    """Every service, simulated, in one object without a socket.

    `faults` may be replaced while it runs. With `state`, accepted work and the ledger are written to that file before
    the client hears of them, and a new sandbox on the same file goes on where the old one was killed. `clock` gives
    seconds since the epoch, `sleep` waits in the same time.
    """

    def __init__(
        self,
        *,
        faults: Faults | None = None,
        state: Path | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        bases: Bases | None = None,
    ) -> None:
        self._state = StateFile(state) if state is not None else None
        self.ledger = Ledger(self._state.append if self._state is not None else None)
        self._world = World(
            faults=faults or Faults(),
            ledger=self.ledger,
            bases=bases or IN_PROCESS,
            clock=clock,
            sleep=sleep,
            pictures=Pictures(),
        )
        self._services = [_load(name)(self._world) for name in SERVICE_CLASSES]
        self._by_role: Mapping[str, Service] = {role: service for service in self._services for role in service.roles}
        if self._state is not None:
            self._restore(self._state)

    @property
    def faults(self) -> Faults:
        return self._world.faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._world.faults = faults

    @property
    def bases(self) -> Bases:
        return self._world.bases

    @bases.setter
    def bases(self, bases: Bases) -> None:
        self._world.bases = bases

    def close(self) -> None:
        """Close the state file. The sandbox can be used again afterwards."""
        if self._state is not None:
            self._state.close()

    async def handle(self, request: SandboxRequest) -> SandboxResponse:
        """Answer one request, at the door it names or at the one its URL leads to.

        A host that the sandbox does not play refuses the connection.
        """
        role = request.role or self.bases.role_of(request.origin)
        service = self._by_role.get(role or "")
        if role is None or service is None:
            return hang_up(Hangup.REFUSED)
        if request.path.startswith("/sandbox/"):
            return self._own_page(request)
        self._check_keys(service, request)
        return await service.handle(role, request)

    def _check_keys(self, service: Service, request: SandboxRequest) -> None:
        """Write down when the key of one service is shown to another."""
        sent = " ".join(request.headers.get(name, "") for name in _KEY_HEADERS).split()
        for other in self._services:
            key = self.faults.of(other.id).key or other.key
            if other is not service and key in sent:
                self.ledger.violation(
                    service.id, f"the key of {other.id} was sent to {service.id}", self._world.clock()
                )

    def _own_page(self, request: SandboxRequest) -> SandboxResponse:
        match request.method, request.path:
            case "GET", "/sandbox/ledger":
                full = request.query.get("full", "0") not in ("", "0")
                return json_response(200, self.ledger.full() if full else self.ledger.summary())
            case "GET", "/sandbox/faults":
                return json_response(200, as_plain(self.faults))
            case "PUT", "/sandbox/faults":
                try:
                    self.faults = faults_from(request.json_object() or {})
                except FaultsError as error:
                    return json_response(422, {"detail": error.problem.cause})
                return json_response(200, as_plain(self.faults))
            case _:
                return json_response(404, {"detail": "Not Found"})

    def _restore(self, state: StateFile) -> None:
        services = {service.id: service for service in self._services}
        for event in state.events():
            self.ledger.replay(event)
            work = event.get("work")
            if isinstance(work, dict):
                body: JsonObject = work["work"] if isinstance(work["work"], dict) else {}
                services[str(work["service"])].restore(body)


def _load(name: str) -> Callable[[World], Service]:
    module, _, attribute = name.partition(":")
    service: Callable[[World], Service] = getattr(importlib.import_module(module), attribute)
    return service
