"""A batch as read, and a price for it."""

import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from fluxtui.domain.batch import Axis, Batch, Target, Task
from fluxtui.domain.money import Micros, Price, usd
from fluxtui.engine.live_quote import LiveQuote
from fluxtui.engine.quote import Quote, QuoteLine
from fluxtui.engine.ranges import TargetRanges
from fluxtui.tui.doors.batch_files import BatchFiles
from fluxtui.tui.doors.batches import Quoted, Sheet

AZURE, BFL = "azure-flux/FLUX-1.1-pro", "bfl/flux-2-pro"
TASKS = ("market-at-sunrise", "rooftops-at-noon", "tram-in-the-rain", "harbour-at-midnight")


@dataclass
class FakeBatches:
    """Files and drafts are real ones, in a folder of their own unless a test gives one."""

    sheet: Sheet | None = None
    files: BatchFiles = field(default_factory=lambda: BatchFiles(Path(tempfile.mkdtemp(prefix="fluxtui-drafts-"))))

    def example(self) -> Path:
        return Path("city.yaml")

    def read(self, path: Path) -> Sheet:
        return self.sheet or sheet(path)

    def unsaved(self, batch: Batch, path: Path) -> Sheet:
        return Sheet(path, batch, "", (), False, batch.targets, batch.targets)

    def quote(self, sheet: Sheet, targets: Iterable[Target]) -> Quoted:
        return Quoted(_quote(len(sheet.batch.tasks), targets))

    def price(
        self, batch: Batch, targets: Iterable[Target], source: str | None, stopped: Callable[[], bool]
    ) -> LiveQuote | None:
        return LiveQuote(_quote(len(batch.tasks), targets))

    def ranges(self, targets: Iterable[Target]) -> tuple[TargetRanges, ...]:
        return tuple(TargetRanges(target.name, {"steps": "1 to 50, usually 28"}) for target in targets)


def _quote(tasks: int, targets: Iterable[Target]) -> Quote:
    lines = tuple(_line(target, tasks) for target in targets)
    price = Price.exactly(Micros(sum(line.price.low for line in lines)))
    pictures = sum(line.pictures for line in lines)
    return Quote(pictures, pictures, price, 2.0 * pictures, lines)


def _line(target: Target, tasks: int) -> QuoteLine:
    adapted = (
        (("seed is ignored: FLUX-1.1-pro has no such parameter", tasks),) if target.provider == "azure-flux" else ()
    )
    impossible = (("This model needs a picture to start from.", 1),) if "fill" in target.model else ()
    price = Price.exactly(usd("0.04")).times(tasks)
    return QuoteLine(target.name, tasks, tasks, price, 8.0, adapted, impossible, ())


def sheet(path: Path = Path("city.yaml"), findings: tuple[str, ...] = (), broken: bool = False) -> Sheet:
    """Return a batch as read: four tasks, two targets chosen, one more on offer."""
    tasks = tuple(
        Task(name, f"A picture of {name.replace('-', ' ')}, documentary photograph, 28mm", context={"mood": "fresh"})
        for name in TASKS
    )
    batch = Batch("city", tasks, axes=(Axis("seed", (1,)),), defaults={"size": "1024x768"})
    chosen = (Target.parse(AZURE), Target.parse(BFL))
    offered = (*chosen, Target.parse("bfl/flux-pro-1.0-fill"))
    return Sheet(path, batch, "native-yaml", findings, broken, chosen, offered)
