"""A Batch screen over a small sheet of trees, and short words for what its tests look at."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from textual.events import Paste
from textual.pilot import Pilot

from fluxtui.domain.batch import Batch, Task
from fluxtui.domain.values import JsonValue
from fluxtui.tui.app import Cockpit
from fluxtui.tui.doors.batches import Sheet
from fluxtui.tui.screens.batch.desk import Desk
from fluxtui.tui.screens.batch.screen import BatchScreen
from fluxtui.tui.screens.batch.sheet import TaskSheet
from fluxtui.tui.screens.batch.sheet_pane import SheetPane
from tests.conditions import until
from tests.tui.harness import FakeEngine, cockpit, running, sheet

NAMES = ("ash", "birch", "cedar", "dogwood", "elm", "fir")


def trees(count: int = len(NAMES)) -> Sheet:
    """Return tasks with a seed each, every second with a size, the second with a mood."""
    tasks = tuple(
        Task(
            NAMES[i] if i < len(NAMES) else f"tree-{i}",
            f"A photograph of tree {i}",
            parameters={"size": "1024x768", "seed": i} if i % 2 == 0 else {"seed": i},
            context={"mood": "calm"} if i == 1 else {},
        )
        for i in range(count)
    )
    usual = sheet()
    return Sheet(Path("trees.yaml"), Batch("trees", tasks), "native-yaml", (), False, usual.chosen, usual.offered)


@dataclass
class Bench:
    """The open screen under a pilot."""

    app: Cockpit
    pilot: Pilot[int]
    screen: BatchScreen

    @property
    def desk(self) -> Desk:
        return self.screen.desk

    @property
    def sheet(self) -> TaskSheet:
        return self.screen.tasks

    @property
    def pane(self) -> SheetPane:
        return self.screen.pane

    @property
    def names(self) -> list[str]:
        return [task.name for task in self.desk.batch.tasks]

    @property
    def here(self) -> str:
        return "" if self.desk.task is None else self.desk.task.name

    @property
    def marked(self) -> list[str]:
        return [self.names[row] for row in sorted(self.desk.marked)]

    @property
    def title(self) -> str:
        return str(self.pane.border_title)

    def values(self, key: str) -> list[JsonValue]:
        """Return a parameter of every task."""
        return [task.parameters.get(key) for task in self.desk.batch.tasks]

    def line(self, index: int) -> str:
        """Return a line of the sheet as it is drawn, the heading being -1."""
        return self.sheet.render_line(index + 1).text

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        await self.pilot.press(*("space" if character == " " else character for character in text))

    def paste(self, text: str) -> None:
        """Paste as a terminal does."""
        self.app.post_message(Paste(text))


@asynccontextmanager
async def opened(
    workspace: Path, given: Sheet | None = None, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[Bench]:
    """Show a batch; it is read, priced and has the focus."""
    app = cockpit(workspace, FakeEngine.made(sheet=given or trees()), batch=Path("trees.yaml"))
    async with running(app, size) as pilot:
        await until(lambda: isinstance(app.screen, BatchScreen) and app.screen.desk.live is not None)
        screen = app.screen
        assert isinstance(screen, BatchScreen)
        await until(lambda: screen.tasks.has_focus and screen.tasks.size.width > 0)
        yield Bench(app, pilot, screen)
