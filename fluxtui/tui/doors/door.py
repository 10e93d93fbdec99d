"""The doors of one workspace together."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from fluxtui.domain.batch import Target
from fluxtui.tui.doors.batches import BatchDoor, Batches
from fluxtui.tui.doors.history import HistoryDoor, Past
from fluxtui.tui.doors.runs import RunDoor, Runs
from fluxtui.tui.doors.services import ServiceDoor, ServiceStates
from fluxtui.tui.doors.settings import SettingsDoor, SettingsReader
from fluxtui.tui.doors.workshop import Workshop


class EngineDoor(Protocol):
    """What the cockpit needs. Plain methods block and are called in threads; all may raise FluxtuiError."""

    @property
    def sandbox(self) -> bool: ...

    @property
    def batches(self) -> BatchDoor: ...

    @property
    def runs(self) -> RunDoor: ...

    @property
    def history(self) -> HistoryDoor: ...

    @property
    def services(self) -> ServiceDoor: ...

    @property
    def settings(self) -> SettingsDoor: ...

    def simulated(self) -> "EngineDoor":
        """Return the same workspace's doors to the sandbox."""
        ...

    def close(self) -> None: ...


class RealEngine:
    """The engine of one workspace. `targets` take the place of those that a batch names.

    `options` are the options of the command line by the variable they stand for.
    """

    def __init__(
        self,
        workspace: Path,
        *,
        sandbox: bool,
        targets: Iterable[Target] = (),
        options: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._options = options
        self._workshop = Workshop(workspace, sandbox=sandbox)
        self.batches: BatchDoor = Batches(self._workshop, tuple(targets))
        self.runs: RunDoor = Runs(self._workshop)
        self.history: HistoryDoor = Past(self._workshop)
        self.services: ServiceDoor = ServiceStates(self._workshop)
        self.settings: SettingsDoor = SettingsReader(self._workshop, options)

    @property
    def sandbox(self) -> bool:
        return self._workshop.sandbox

    def simulated(self) -> "RealEngine":
        return RealEngine(self._workshop.workspace, sandbox=True, options=self._options)

    def close(self) -> None:
        self._workshop.close()
