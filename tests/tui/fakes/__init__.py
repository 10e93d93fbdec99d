"""A stand-in for the engine: keeps what the cockpit asked for. One module a door."""

from dataclasses import dataclass, field, replace

from fluxtui.domain.values import JsonValue
from fluxtui.tui.doors.batches import Quoted, Sheet
from tests.tui.fakes.batches import FakeBatches
from tests.tui.fakes.history import FakeHistory
from tests.tui.fakes.runs import FakeRuns
from tests.tui.fakes.services import FakeServices
from tests.tui.fakes.settings import FakeSettings

__all__ = ["FakeBatches", "FakeEngine", "FakeHistory", "FakeRuns", "FakeServices", "FakeSettings"]


@dataclass
class FakeEngine:
    """All doors. Those that a test cares about are handed in."""

    sandbox: bool = False
    batches: FakeBatches = field(default_factory=FakeBatches)
    runs: FakeRuns = field(default_factory=FakeRuns)
    history: FakeHistory = field(default_factory=FakeHistory)
    services: FakeServices = field(default_factory=FakeServices)
    settings: FakeSettings = field(default_factory=FakeSettings)

    @classmethod
    def made(
        cls,
        *,
        sandbox: bool = False,
        alive: bool = True,
        ready: bool = True,
        sheet: Sheet | None = None,
        starts: int = 1,
    ) -> "FakeEngine":
        """Return one whose runner lives or not, whose services are ready or not, whose file reads as `sheet`."""
        return cls(sandbox, FakeBatches(sheet), FakeRuns(alive, starts), services=FakeServices(ready))

    def simulated(self) -> "FakeEngine":
        return replace(self, sandbox=True)

    def close(self) -> None:
        return None

    @property
    def controls(self) -> list[tuple[str, int | None, dict[str, JsonValue]]]:
        return self.runs.controls

    @property
    def started(self) -> list[Quoted]:
        return self.runs.started

    @property
    def resumed(self) -> list[int]:
        return self.runs.resumed
