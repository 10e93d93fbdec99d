"""Runs that are only asked for."""

from dataclasses import dataclass, field

from fluxtui.domain.values import JsonValue
from fluxtui.tui.doors.batches import Quoted


@dataclass
class FakeRuns:
    """`starts` is the run that `start` pretends to have created."""

    alive: bool = True
    starts: int = 1
    controls: list[tuple[str, int | None, dict[str, JsonValue]]] = field(default_factory=list)
    started: list[Quoted] = field(default_factory=list)
    resumed: list[int] = field(default_factory=list)

    def runner_alive(self) -> bool:
        return self.alive

    def ensure_runner(self) -> None:
        self.alive = True

    async def start(self, quoted: Quoted) -> int:
        self.started.append(quoted)
        return self.starts

    async def control(self, kind: str, run_id: int | None, **payload: JsonValue) -> None:
        self.controls.append((kind, run_id, payload))

    async def resume(self, run_id: int) -> None:
        self.resumed.append(run_id)
