"""A workspace with a real history, a stand-in for the engine, and the cockpit on top, all with a fixed clock."""

import hashlib
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from textual.pilot import Pilot

from fluxtui.domain.jobs import JobState, RunState, Ticket
from fluxtui.domain.money import Price, usd
from fluxtui.domain.problems import Acceptance, Problem, ProblemKind
from fluxtui.domain.request import Adaptation, Assessment, Cell, Change, ImageRequest
from fluxtui.domain.size import Size
from fluxtui.history import presence, runs, transitions
from fluxtui.history.database import database_path
from fluxtui.history.journal import Journal, Transaction
from fluxtui.history.records import LaneRow
from fluxtui.history.transitions import SavedPicture, Transition
from fluxtui.tui.app import Cockpit
from fluxtui.tui.preferences import PreferenceFile
from fluxtui.tui.previews.probe import Mode, Terminal
from fluxtui.tui.screens.run.screen import RunScreen
from tests.conditions import until
from tests.tui import crowd
from tests.tui.fakes import FakeEngine
from tests.tui.fakes.batches import AZURE, BFL, TASKS, sheet

__all__ = ["AZURE", "BFL", "TASKS", "FakeEngine", "sheet"]

NOW = 1_795_000_000.0
"""The cockpit's clock in tests: seconds since the epoch."""

MODERATED = Problem(
    ProblemKind.MODERATION,
    "Azure Flux refused to draw this.",
    "The prompt was taken for something that it does not draw.",
    "Change the prompt; the same one will be refused again.",
    request_id="req-1234",
    http_status=400,
)
BROKEN = Problem(
    ProblemKind.NETWORK,
    "The connection broke before the answer was complete.",
    "The service, a proxy or the network closed it.",
    "Look at the service's own list of requests before paying again.",
)
UNAVAILABLE = Problem(
    ProblemKind.SERVER_ERROR, "The service answered 503 five times.", "It is overloaded.", "Try again later."
)
BAD_KEY = Problem(
    ProblemKind.AUTHENTICATION, "The key was not accepted.", "It is wrong or expired.", "Set BFL_FLUX_API_KEY."
)


def cells(tasks: Iterable[str] = TASKS, targets: Sequence[str] = (AZURE, BFL)) -> list[Cell]:
    """Return task x target, each adapted in one way at Azure."""
    found: list[Cell] = []
    seed = Adaptation("seed", Change.DROPPED, 7, None, "FLUX-1.1-pro has no such parameter")
    for index, task in enumerate(tasks):
        for target in targets:
            provider, _, model = target.partition("/")
            request = ImageRequest(model, f"A picture of {task.replace('-', ' ')}", size=Size(1024, 768), seed=7)
            adapted = (seed,) if target == AZURE else ()
            found.append(
                Cell(
                    key=hashlib.sha256(f"{task}{target}".encode()).hexdigest(),
                    task=task,
                    task_index=index,
                    target=target,
                    provider=provider,
                    request=request,
                    assessment=Assessment(Price.exactly(usd("0.04")), adapted, seconds=8.0),
                    stem=task,
                    context={"mood": "wistful"} if index == 2 else {},
                )
            )
    return found


@dataclass
class Studio:
    """Writes a workspace's history as a runner would, through the real journal."""

    workspace: Path
    journal: Journal = field(init=False)

    def __post_init__(self) -> None:
        self.workspace.mkdir(parents=True, exist_ok=True)
        self.journal = Journal(database_path(self.workspace))
        self.journal.open()

    def close(self) -> None:
        self.journal.close()

    def new_run(self, chosen: Sequence[Cell] | None = None, *, batch: str = "city", sandbox: bool = False) -> int:
        """Create a running run; returns its id."""
        new = runs.NewRun(
            batch=batch, source="city.yaml", frozen={}, sandbox=sandbox, folder="city_20261118-120000",
            layout="by_target", metadata=True, quoted=usd("0.32"), created_at=NOW - 60,
        )  # fmt: skip
        run_id = self.journal.write_now(partial(runs.create_run, run=new, cells=cells() if chosen is None else chosen))
        self.set_state(run_id, RunState.RUNNING)
        self.sql("UPDATE runs SET started_at = ? WHERE id = ?", NOW - 42, run_id)
        return run_id

    def set_state(self, run_id: int, state: RunState) -> None:
        self.journal.write_now(partial(runs.set_run_state, run_id=run_id, state=state))
        if state is RunState.FINISHED:
            self.sql("UPDATE runs SET finished_at = ? WHERE id = ?", NOW - 3, run_id)

    def sql(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        def run(transaction: Transaction) -> list[tuple[object, ...]]:
            _ = transaction.revision
            return transaction.connection.execute(statement, values).fetchall()

        return self.journal.write_now(run)

    def multiply(self, run_id: int, count: int) -> None:
        """Make a run of `count` jobs in all states out of one that has two."""

        def run(transaction: Transaction) -> None:
            _ = transaction.revision
            for statement, values in crowd.statements(run_id, count, NOW):
                transaction.connection.execute(statement, values)
            transaction.connection.execute(
                "UPDATE runs SET quoted = (SELECT sum(quoted) FROM jobs WHERE run_id = runs.id) WHERE id = ?", (run_id,)
            )

        self.journal.write_now(run)

    def jobs(self, run_id: int) -> list[int]:
        rows = self.sql("SELECT id FROM jobs WHERE run_id = ? ORDER BY position", run_id)
        return [int(str(row[0])) for row in rows]

    def send(self, run_id: int, target: str, count: int) -> list[int]:
        """Claim jobs of a target; they are `sending` then."""
        lane = runs.lane_key(target, bool(self.sql("SELECT sandbox FROM runs WHERE id = ?", run_id)[0][0]))
        claim = self.journal.write_now(partial(transitions.claim, run_id=run_id, lane=lane, most=count))
        return [job.id for job in claim.jobs]

    def move(self, job_id: int, after: JobState, problem: Problem | None = None) -> None:
        """End (or go on with) what a claim began."""
        before = JobState(str(self.sql("SELECT state FROM jobs WHERE id = ?", job_id)[0][0]))
        acceptance = Acceptance.MAYBE if after is JobState.IN_DOUBT else Acceptance.NO
        pictures = (self._picture(job_id),) if after is JobState.DONE else ()
        ticket = Ticket({"id": f"ticket-{job_id}"}) if after is JobState.WAITING else None
        request_id = None if problem is None else problem.request_id
        step = Transition(
            job_id, before, after, ticket=ticket, problem=problem, acceptance=acceptance, pictures=pictures,
            request_id=request_id,
        )  # fmt: skip
        assert self.journal.write_now(partial(transitions.apply, step=step))
        if after is JobState.DONE:
            self._thumbnail(job_id)
        self.fix_times()

    def fix_times(self) -> None:
        """Put every time where the fixed clock expects it, so that screens look the same every day."""
        self.sql("UPDATE jobs SET started_at = ? - 20 + id % 5 WHERE started_at IS NOT NULL", NOW)
        self.sql("UPDATE jobs SET ended_at = started_at + 4.2 + id % 3 WHERE ended_at IS NOT NULL")
        self.sql("UPDATE attempts SET started_at = ? - 20 + job_id % 5 + (number - 1) * 7", NOW)
        self.sql("UPDATE attempts SET ended_at = started_at + 4.2 + job_id % 3 WHERE ended_at IS NOT NULL")
        self.sql(
            "UPDATE events SET at = coalesce((SELECT started_at + CASE events.state WHEN 'sending' THEN 0"
            " WHEN 'waiting' THEN 0.4 WHEN 'fetching' THEN 3.6 ELSE 4.2 + job_id % 3 END FROM attempts"
            " WHERE attempts.job_id = events.job_id AND attempts.number = events.attempt), ?)",
            NOW - 10,
        )

    def lane(self, target: str, state: str = "ok", in_flight: int = 1, problem: Problem | None = None) -> None:
        row = LaneRow(target, target.partition("/")[0], target, False, state, in_flight, 8, None, problem, NOW)
        self.journal.write_now(partial(presence.tell, lanes=[row]))

    def _picture(self, job_id: int) -> SavedPicture:
        path = f"city_20261118-120000/picture-{job_id}.png"
        return SavedPicture(
            path=path, sha256=f"{job_id:064x}", size_bytes=1_234_000, width=1024, height=768, format="png", seed=7
        )

    def _thumbnail(self, job_id: int) -> None:
        relative = f".thumbnails/{job_id}.jpg"
        paint(self.workspace / relative, job_id)
        self.sql("UPDATE images SET thumbnail = ?, side_steps = 'done' WHERE job_id = ?", relative, job_id)


def paint(path: Path, number: int, size: tuple[int, int] = (64, 48)) -> None:
    """Write a small picture that differs by number."""
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", size, ((number * 53) % 256, (number * 97) % 256, (number * 151) % 256))
    image.paste((250, 240, 200), (4, 4, size[0] // 2, size[1] // 2))
    image.save(path, "JPEG", quality=95)


def cockpit(
    workspace: Path,
    engine: FakeEngine | None = None,
    *,
    batch: Path | None = None,
    start: bool = False,
    mode: Mode = Mode.CELLS,
    theme: str | None = None,
) -> Cockpit:
    """Return the app as tests run it: fixed clock, half blocks, no animation."""
    app = Cockpit(
        workspace,
        engine or FakeEngine(),
        batch=batch,
        start=start,
        terminal=Terminal(mode, "a test"),
        theme=theme,
        preferences=PreferenceFile(workspace.parent / "cockpit.toml"),
        clock=lambda: NOW,
    )
    app.animation_level = "none"
    return app


@asynccontextmanager
async def running(app: Cockpit, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Pilot[int]]:
    async with app.run_test(size=size) as pilot:
        yield pilot


def run_screen(app: Cockpit) -> RunScreen:
    screen = app.screen
    assert isinstance(screen, RunScreen)
    return screen


def quiet(app: Cockpit) -> bool:
    """Whether the Run screen shows all that it is going to show."""
    screen = app.screen
    if not isinstance(screen, RunScreen) or not screen.is_mounted or app.live.shown is None:
        return False
    table = screen.table
    rows_read = table.row_count > 0 and all(table.row(job_id) is not None for job_id in table.near(0, 20))
    detail = screen.detail is not None and screen.detail.row.id == table.job_id
    pictures = screen.selected.picture.settled and screen.small.sheet.settled
    tiles = not screen.small.ids() or len(screen.small.sheet.tiles) == len(screen.small.ids())
    return rows_read and detail and pictures and tiles


async def shown(app: Cockpit, pilot: Pilot[int]) -> None:
    """Wait until the Run screen is there and nothing of it is on its way."""
    await until(lambda: quiet(app))
    await pilot.pause()
