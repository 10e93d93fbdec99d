"""One program with a table of jobs, measured from its start to its end while jobs change."""

import json
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks import datatable_side
from benchmarks.grid import Grid
from benchmarks.terminal import SIZE, Terminal, environment
from benchmarks.workspace import task_name

ROOT = Path(__file__).resolve().parent.parent
DOWN, UP, PAGE_DOWN, PAGE_UP = b"\x1b[B", b"\x1b[A", b"\x1b[6~", b"\x1b[5~"
HOME, END, ESCAPE = b"\x1b[H", b"\x1b[F", b"\x1b"
PATIENCE = 6.0
"""Seconds after which a key is given up."""
_TYPED = "K-012"
"""In letters that no row shows: the filter takes them in either case."""
_TASK = re.compile(r"task-(\d{6})")
_TITLE = re.compile(r"jobs [\d,]+(?: of [\d,]+)?(?: · by [a-z ]+)?")


@dataclass
class Measured:
    """What came of a session; times in seconds, CPU as a share of one core."""

    first_paint: float = 0.0
    first_paint_of_app: float = 0.0
    keys: dict[str, list[float]] = field(default_factory=dict)
    lost: int = 0
    cpu: float = 0.0
    cpu_at_rest: float = 0.0
    bytes_a_second: float = 0.0
    frames_a_second: float = 0.0
    changes_a_second: float = 0.0
    peak_rss_mb: float = 0.0


@dataclass(frozen=True)
class Plan:
    """How much is measured: presses of each kind, and seconds of watching the CPU."""

    moves: int = 200
    pages: int = 60
    edges: int = 30
    sorts: int = 14
    letters: int = 20
    seconds: float = 20.0
    patience_at_start: float = 180.0


def cockpit_cursor(grid: Grid) -> str | None:
    return grid.line_with("▌")


def datatable_cursor(grid: Grid) -> str | None:
    return grid.line_on(datatable_side.CURSOR)


@dataclass(frozen=True)
class Side:
    """A program to measure: how it is started, and how its cursor is found on the screen."""

    name: str
    command: Callable[[Path, int], Sequence[str]]
    cursor: Callable[[Grid], str | None]
    edges: tuple[bytes, bytes]
    filters: bool

    def task(self, grid: Grid) -> int | None:
        """Return the position of the job under the cursor, None when none is to be seen there."""
        line = self.cursor(grid)
        found = None if line is None else _TASK.search(line)
        return None if found is None else int(found[1])


COCKPIT = Side(
    "fluxtui",
    lambda workspace, _: [str(Path(sys.executable).with_name("fluxtui")), "--workspace", str(workspace)],
    cockpit_cursor,
    edges=(END, HOME),
    filters=True,
)
DATATABLE = Side(
    "DataTable",
    lambda workspace, run_id: [
        *(sys.executable, "-m", "benchmarks.datatable_side"),
        *("--workspace", str(workspace), "--run", str(run_id)),
    ],
    datatable_cursor,
    edges=(b"\x1b[1;5F", b"\x1b[1;5H"),  # with ctrl: End alone goes to the last column
    filters=False,
)


class Writer:
    """The process that changes jobs."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._answer()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def _order(self, word: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()

    def go(self) -> None:
        self._order("go")

    def stop(self) -> float:
        """Stop changing; returns the changes a second that were made."""
        self._order("stop")
        made, seconds = json.loads(self._answer())
        return float(made) / float(seconds)


@contextmanager
def writing(workspace: Path, run_id: int, rate: float, *, lanes: bool = True) -> Iterator[Writer]:
    """Start the writer; it waits to be told to go. Without `lanes` it tells nothing of them."""
    command = [
        *(sys.executable, "-m", "benchmarks.changes"),
        *("--workspace", str(workspace), "--run", str(run_id), "--rate", str(rate)),
        *(() if lanes else ("--no-lanes",)),
    ]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Writer(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()  # the end of its orders ends it


class Session:
    """The measuring of one side."""

    def __init__(self, side: Side, terminal: Terminal, plan: Plan, jobs: int) -> None:
        self._side = side
        self._terminal = terminal
        self._plan = plan
        self._jobs = jobs
        self._random = random.Random(4)
        self.measured = Measured()

    # --- the start -------------------------------------------------------------------------------

    def first_paint(self) -> None:
        """Wait for the first complete frame with the first job under the cursor."""
        at = self._terminal.wait(lambda grid: self._side.task(grid) == 0, within=self._plan.patience_at_start)
        if at is None:
            raise RuntimeError(f"{self._side.name} showed no rows:\n" + "\n".join(self._terminal.grid.lines()))
        self.measured.first_paint = at - self._terminal.started
        self.measured.first_paint_of_app = at - (self._terminal.entered or self._terminal.started)

    # --- keys ------------------------------------------------------------------------------------

    def move(self, name: str, keys: Sequence[bytes]) -> None:
        """Press keys that move the cursor; each is timed to the frame with another job under the cursor."""
        for key in keys:
            self._press(name, key, partial(self._moved, self._side.task(self._terminal.grid)))
            self._breathe()

    def _moved(self, before: int | None, grid: Grid) -> bool:
        return self._side.task(grid) not in (None, before)

    def sort(self) -> None:
        """Sort by one column after the other; timed to the frame whose title (or rows) say so."""
        for _ in range(self._plan.sorts):
            self._press("sort", b"s", partial(self._reordered, self._order()))
            self._breathe()

    def _reordered(self, before: str, _: Grid) -> bool:
        return self._order() != before

    def _order(self) -> str:
        if self._side.filters:
            return self._title()
        return "\n".join(line[:40] for line in self._terminal.grid.lines())

    def _title(self) -> str:
        found = (_TITLE.search(line) for line in self._terminal.grid.lines())
        return next((match[0] for match in found if match), "")

    def filter(self) -> None:
        """Type into the filter: timed to the letter's frame, and to the frame that says how many jobs pass."""
        for _ in range(self._plan.letters // len(_TYPED)):
            self._terminal.press(b"/")
            self._terminal.idle(0.3)
            for end in range(1, len(_TYPED) + 1):
                typed = _TYPED[:end]
                passing = sum(typed.lower() in task_name(position) for position in range(self._jobs))
                says = partial(self._says, f"jobs {passing:,} of {self._jobs:,}")
                sent = self._press("letter of a filter", typed[-1].encode(), partial(_shows, typed))
                at = time.perf_counter() if says(self._terminal.grid) else self._terminal.wait(says, within=PATIENCE)
                self._keep("filtered rows", sent, at)
                self._breathe()
            self._terminal.press(ESCAPE)
            self._terminal.idle(1.0)

    def _says(self, title: str, _: Grid) -> bool:
        return self._title().startswith(title)

    def _press(self, name: str, key: bytes, seen: Callable[[Grid], bool]) -> float:
        sent = self._terminal.press(key)
        self._keep(name, sent, self._terminal.wait(seen, within=PATIENCE))
        return sent

    def _breathe(self) -> None:
        """Press at an uneven pace, so that no key keeps step with what the program does ten times a second."""
        self._terminal.idle(self._random.uniform(0.03, 0.13))

    def _keep(self, name: str, sent: float, at: float | None) -> None:
        if at is None:
            self.measured.lost += 1
        else:
            self.measured.keys.setdefault(name, []).append(at - sent)

    # --- CPU -------------------------------------------------------------------------------------

    def watch(self, seconds: float) -> tuple[float, float, float]:
        """Watch without a key; returns the share of a core, bytes a second and frames a second."""
        terminal = self._terminal
        begun, cpu, written, frames = time.perf_counter(), terminal.cpu_seconds(), terminal.bytes_read, terminal.frames
        terminal.idle(seconds)
        took = time.perf_counter() - begun
        used = terminal.cpu_seconds() - cpu
        return used / took, (terminal.bytes_read - written) / took, (terminal.frames - frames) / took

    # --- all of it -------------------------------------------------------------------------------

    def run(self, writer: Writer) -> Measured:
        plan, measured = self._plan, self.measured
        self.first_paint()
        self._terminal.idle(2.0)
        self.move("row down, row up", _there_and_back(DOWN, UP, 15, plan.moves))
        self.move("page down, page up", _there_and_back(PAGE_DOWN, PAGE_UP, 10, plan.pages))
        self.move("last, first", _there_and_back(*self._side.edges, 1, plan.edges))
        measured.cpu, measured.bytes_a_second, measured.frames_a_second = self.watch(plan.seconds)
        self.sort()
        if self._side.filters:
            self.filter()
        measured.changes_a_second = writer.stop()
        self._terminal.idle(3.0)
        measured.cpu_at_rest = self.watch(plan.seconds / 2)[0]
        measured.peak_rss_mb = self._terminal.peak_rss_mb()
        return measured


def _shows(text: str, grid: Grid) -> bool:
    return any(text in line for line in grid.lines())


def _there_and_back(there: bytes, back: bytes, steps: int, count: int) -> list[bytes]:
    return [there if number // steps % 2 == 0 else back for number in range(count)]


def measure(side: Side, workspace: Path, home: Path, *, run_id: int, jobs: int, rate: float, plan: Plan) -> Measured:
    """Measure one side on a workspace of its own, with jobs changing from before its start."""
    with writing(workspace, run_id, rate) as writer:
        writer.go()
        time.sleep(1.0)
        command = side.command(workspace, run_id)
        with Terminal(command, folder=ROOT, variables=environment(home), size=SIZE) as terminal:
            return Session(side, terminal, plan, jobs).run(writer)
