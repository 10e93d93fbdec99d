"""Runs that are only said to be amended and deleted."""

from dataclasses import dataclass, field

from fluxtui.domain.batch import Batch, Target, Task
from fluxtui.domain.money import Price, usd
from fluxtui.domain.problems import FluxtuiError
from fluxtui.engine.quote import Quote, QuoteLine
from fluxtui.tui.doors.history import Additions, Amended, Gone, Room, RunBatch
from tests.tui.fakes.batches import AZURE, BFL, TASKS

OTHER = "bfl/flux-pro-1.1-ultra"


@dataclass
class FakeHistory:
    """`asked` keeps what was asked for, in order. Every target on offer costs four cents a task."""

    problem: FluxtuiError | None = None
    kept: int = 0
    asked: list[tuple[object, ...]] = field(default_factory=list)

    def batch_of(self, run_id: int) -> Batch:
        self._fail()
        tasks = tuple(Task(name, f"A picture of {name}") for name in TASKS)
        return Batch("city", tasks, (Target.parse(AZURE), Target.parse(BFL)))

    def open(self, run_id: int, *, sandbox: bool) -> RunBatch:
        return RunBatch(self.batch_of(run_id), tuple(map(Target.parse, (AZURE, BFL, OTHER))))

    def work_out(self, run_id: int, batch: Batch, additions: Additions, *, sandbox: bool) -> Amended:
        self._fail()
        lines = tuple(QuoteLine(t.name, 4, 4, Price.exactly(usd("0.16")), 8.0, (), (), ()) for t in additions.targets)
        missing = 4 * len(lines)
        quote = Quote(missing, missing, Price.exactly(usd("0.16")).times(len(lines)), 8.0, lines)
        return Amended(8 + missing, missing, quote, waiting=2)

    async def amend(self, amended: Amended) -> int:
        self.asked.append(("amend", amended.missing))
        return amended.missing

    async def delete(self, run_id: int, *, pictures: bool) -> Gone:
        self._fail()
        self.asked.append(("delete", run_id, pictures))
        return Gone(3 if pictures else 0, 3_700_000, self.kept, "it is locked" if self.kept else "")

    async def finish_deletions(self) -> int:
        self.asked.append(("finish",))
        return 1

    def room(self) -> Room:
        return Room(120_000_000, 80_000_000_000, 500_000_000_000)

    def _fail(self) -> None:
        if self.problem is not None:
            raise self.problem
