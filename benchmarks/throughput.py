"""Jobs a second, CPU and memory of the runner next to a bare aiohttp loop, on one loopback server.

    python -m benchmarks.throughput            # everything, about a quarter of an hour
    python -m benchmarks.throughput --quick    # a minute or two, for a look

Both sides take turns (bare, runner, bare, runner ...) in the same run, each in a process of its own, so
that what else the machine does hits both; the table shows medians. `benchmarks/README.md` says what it means.
"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Side, read

TITLES = {"azure": "image in the answer (base64)", "bfl": "submit, poll, download"}
SIZES = {"tiny": "7 KB", "large": "1.4 MB"}
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the table."""

    route: str
    size: str
    in_flight: int
    jobs: int


@dataclass(frozen=True, slots=True)
class Result:
    """What the sides came to: medians of the rounds."""

    case: Case
    bare: Side
    engine: Side

    def row(self) -> list[str]:
        case, bare, engine = self.case, self.bare, self.engine
        return [
            TITLES[case.route],
            SIZES[case.size],
            str(case.in_flight),
            f"{bare.rate:.0f}",
            f"{engine.rate:.0f}",
            f"**{engine.rate / bare.rate:.2f}**",
            f"{bare.cpu_ms:.2f}",
            f"{engine.cpu_ms:.2f}",
            f"{bare.peak_rss_mb:.0f}",
            f"{engine.peak_rss_mb:.0f}",
        ]


HEAD = (
    "route", "picture", "in flight", "bare jobs/s", "fluxtui jobs/s", "ratio",
    "bare CPU ms/job", "fluxtui CPU ms/job", "bare peak MB", "fluxtui peak MB",
)  # fmt: skip


class Bench:
    """Starts the measured processes against one server."""

    def __init__(self, server: str, folder: Path) -> None:
        self.server = server
        self.folder = folder

    def bare(self, case: Case) -> Side:
        with self._place() as folder:
            options = [*self._options(case), "--folder", str(folder)]
            return self._measured("bare_side", options, case)

    def engine(self, case: Case) -> Side:
        with self._place() as folder:
            place = ["--workspace", str(folder)]
            _python("engine_side", ["plan", *place, *self._options(case)])
            return self._measured("engine_side", ["run", *place, "--server", self.server], case)

    def _options(self, case: Case) -> list[str]:
        return [
            *("--server", self.server, "--route", case.route, "--size", case.size),
            *("--jobs", str(case.jobs), "--in-flight", str(case.in_flight)),
        ]

    def _measured(self, module: str, options: list[str], case: Case) -> Side:
        self.counts()
        side = read(_python(module, options))
        submitted = self.counts()["submitted"]
        if side.jobs != case.jobs or submitted != case.jobs:
            raise RuntimeError(f"{case}: {side.jobs} jobs were done and {submitted} submitted")
        return side

    def counts(self) -> dict[str, int]:
        """Return the server's counts since the last time they were asked for."""
        with urllib.request.urlopen(f"{self.server}/counts", timeout=30) as answer:
            counts: dict[str, int] = json.loads(answer.read())
        return counts

    @contextlib.contextmanager
    def _place(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            yield Path(folder)


def _python(module: str, options: Sequence[str]) -> str:
    """Run a module of this folder in a fresh interpreter; returns the last line it printed."""
    command = [sys.executable, "-m", f"benchmarks.{module}", *options]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    lines = done.stdout.strip().splitlines()
    return lines[-1] if lines else ""


@contextlib.contextmanager
def serving(delay: float) -> Iterator[str]:
    """Have the loopback server in a process of its own; yields its address."""
    command = [sys.executable, "-m", "benchmarks.server", "--delay", str(delay)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def median(sides: Sequence[Side]) -> Side:
    jobs = sides[0].jobs
    return Side(
        jobs,
        statistics.median(side.seconds for side in sides),
        statistics.median(side.cpu_seconds for side in sides),
        statistics.median(side.peak_rss_mb for side in sides),
    )


def compare(bench: Bench, case: Case, rounds: int) -> Result:
    """Measure both sides in turns."""
    bare, engine = [], []
    for _ in range(rounds):
        bare.append(bench.bare(case))
        engine.append(bench.engine(case))
        note(f"  bare {bare[-1].rate:.0f}/s, fluxtui {engine[-1].rate:.0f}/s")
    return Result(case, median(bare), median(engine))


def flatness(bench: Bench, counts: Sequence[int], rounds: int) -> list[list[str]]:
    """Measure whether the runner needs more CPU a job, or more memory, for more jobs."""
    cases = [Case("azure", "tiny", 64, jobs) for jobs in counts]
    sides: dict[int, list[Side]] = {case.jobs: [] for case in cases}
    for _ in range(rounds):
        for case in cases:
            note(f"flatness: {case.jobs:,} jobs")
            sides[case.jobs].append(bench.engine(case))
    small, big = (median(sides[jobs]) for jobs in counts)
    measured = [
        [f"{side.jobs:,}", f"{side.rate:.0f}", f"{side.cpu_ms:.2f}", f"{side.peak_rss_mb:.0f}"] for side in (small, big)
    ]
    return [
        *measured,
        [
            "**ratio**",
            f"{big.rate / small.rate:.2f}",
            f"**{big.cpu_ms / small.cpu_ms:.2f}**",
            f"**{big.peak_rss_mb / small.peak_rss_mb:.2f}**",
        ],
    ]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer jobs and one round: a look, not a measurement")
    parser.add_argument("--routes", nargs="+", choices=tuple(TITLES), default=list(TITLES))
    parser.add_argument("--sizes", nargs="+", choices=tuple(SIZES), default=list(SIZES))
    parser.add_argument("--in-flight", nargs="+", type=int, default=[64, 256])
    parser.add_argument("--jobs", type=int, help="jobs of each row (default: 4,000 tiny, 400 large)")
    parser.add_argument("--rounds", type=int, help="turns of each side (default: 3)")
    parser.add_argument("--delay", type=float, default=0.05, help="seconds before a submission is answered")
    parser.add_argument("--flatness", nargs=2, type=int, default=[1_000, 20_000], metavar=("FEW", "MANY"))
    parser.add_argument("--no-flatness", action="store_true", help="leave the second table out")
    parser.add_argument("--folder", type=Path, help="where workspaces are made (default: the temporary folder)")
    return parser.parse_args()


def main() -> None:
    chosen = options()
    rounds = chosen.rounds or (1 if chosen.quick else 3)
    jobs = {"tiny": 800, "large": 80} if chosen.quick else {"tiny": 4_000, "large": 400}
    few, many = [500, 2_000] if chosen.quick and chosen.flatness == [1_000, 20_000] else chosen.flatness
    cases = [
        Case(route, size, in_flight, chosen.jobs or jobs[size])
        for route in chosen.routes
        for size in chosen.sizes
        for in_flight in chosen.in_flight
    ]
    with serving(chosen.delay) as server:
        bench = Bench(server, chosen.folder or Path(tempfile.gettempdir()))
        rows = []
        for case in cases:
            note(f"{TITLES[case.route]}, {SIZES[case.size]}, {case.in_flight} in flight, {case.jobs} jobs")
            rows.append(compare(bench, case, rounds).row())
        print(table(HEAD, rows))
        if not chosen.no_flatness:
            head = ("jobs", "fluxtui jobs/s", "CPU ms/job", "peak MB")
            print("\n" + table(head, flatness(bench, (few, many), 1)))
    print(
        f"\n{os.cpu_count()} cores, Python {sys.version.partition(' ')[0]}, delay {chosen.delay:g} s, rounds {rounds}"
    )


if __name__ == "__main__":
    main()
