"""A run of 100,000 jobs, a thousand of them changing every second: the cockpit beside Textual's DataTable.

    python -m benchmarks.table            # everything: about ten minutes
    python -m benchmarks.table --quick    # a look, a minute: fewer jobs, one round

The two take turns in one run, each in a real pseudo-terminal, on a copy of the same history and beside a process
that changes it. `benchmarks/README.md` says what is measured, and how.
"""

import argparse
import statistics
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.figures import hurry, machine, milliseconds, note, percentile, ratio, spread, table, verdict
from benchmarks.table_session import COCKPIT, DATATABLE, Measured, Plan, Side, measure
from benchmarks.terminal import SIZE, settled_home
from benchmarks.workspace import build, copy

FIRST_PAINT, KEY, CPU = 1.0, 0.016, 0.25
"""The aims: seconds, seconds (p99), share of one core."""
MOVES = ("row down, row up", "page down, page up", "last, first", "letter of a filter")
ANSWERS = ("sort", "filtered rows")

FULL = Plan()
SLOW = Plan(moves=40, pages=20, edges=10, sorts=4, letters=0, seconds=10.0)
"""DataTable's: each of its keys takes most of a second."""
QUICK = Plan(moves=30, pages=10, edges=6, sorts=3, letters=5, seconds=3.0)

Number = Callable[[Measured], float]


def median(rounds: Sequence[Measured], number: Number) -> float:
    return statistics.median(number(measured) for measured in rounds)


def pooled(rounds: Sequence[Measured], names: Sequence[str]) -> list[float]:
    """Return the seconds of all presses of some kinds, of all rounds."""
    return [seconds for measured in rounds for name in names for seconds in measured.keys.get(name, ())]


def report(ours: Sequence[Measured], theirs: Sequence[Measured], rate: float) -> str:
    rows: list[list[str]] = []

    def line(title: str, number: Number, show: Callable[[float], str]) -> None:
        left, right = median(ours, number), median(theirs, number)
        rows.append([title, show(left), show(right), ratio(left, right)])

    line("first paint, from the start of the process (ms)", lambda m: m.first_paint, milliseconds)
    line("first paint, from taking the screen (ms)", lambda m: m.first_paint_of_app, milliseconds)
    for name in (*MOVES, *ANSWERS):
        left, right = pooled(ours, [name]), pooled(theirs, [name])
        share = ratio(percentile(left, 0.5), percentile(right, 0.5))
        rows.append([f"{name} (ms: p50 / p99 / max)", spread(left), spread(right), share])
    line(f"CPU at {rate:,.0f} changes a second (of a core)", lambda m: m.cpu, lambda v: f"{v:.1%}")
    line("CPU at rest (of a core)", lambda m: m.cpu_at_rest, lambda v: f"{v:.1%}")
    line("to the terminal under changes (KB/s)", lambda m: m.bytes_a_second / 1000, lambda v: f"{v:.0f}")
    line("frames under changes (a second)", lambda m: m.frames_a_second, lambda v: f"{v:.0f}")
    line("peak memory (MB)", lambda m: m.peak_rss_mb, lambda v: f"{v:.0f}")
    line("keys without an answer", lambda m: float(m.lost), lambda v: f"{v:.0f}")
    line("changes a second that were made", lambda m: m.changes_a_second, lambda v: f"{v:,.0f}")
    return table(("", "fluxtui", "DataTable", "ratio"), rows)


def aims(ours: Sequence[Measured]) -> str:
    """Say which of the aims hold."""
    first, cpu = median(ours, lambda m: m.first_paint), median(ours, lambda m: m.cpu)
    keys = percentile(pooled(ours, MOVES), 0.99)
    rows = [
        ["first paint", f"< {milliseconds(FIRST_PAINT)} ms", milliseconds(first), verdict(first < FIRST_PAINT)],
        ["key to frame, p99", f"< {milliseconds(KEY)} ms", milliseconds(keys), verdict(keys < KEY)],
        ["CPU under changes", f"< {CPU:.0%} of a core", f"{cpu:.1%}", verdict(cpu < CPU)],
    ]
    return table(("aim", "", "measured", ""), rows)


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="2,000 jobs and one round: a look, not a measurement")
    parser.add_argument("--jobs", type=int, help="jobs of the run (default: 100,000)")
    parser.add_argument("--rate", type=float, default=1000.0, help="changes a second")
    parser.add_argument("--rounds", type=int, help="turns of each side (default: 3)")
    parser.add_argument("--alone", action="store_true", help="leave DataTable out")
    parser.add_argument("--nice", type=int, default=-5, help="priority of all processes, where that is allowed")
    parser.add_argument("--folder", type=Path, help="where workspaces are made (default: the temporary folder)")
    return parser.parse_args()


def main() -> None:
    chosen = options()
    rounds = chosen.rounds or (1 if chosen.quick else 3)
    jobs = chosen.jobs or (2_000 if chosen.quick else 100_000)
    hurry(chosen.nice)
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        place = Path(folder)
        note(f"making a run of {jobs:,} jobs")
        run_id = build(place / "base", jobs)

        def turn(side: Side, plan: Plan, number: int) -> Measured:
            workspace = place / f"{side.name}-{number}"
            copy(place / "base", workspace)
            home = settled_home(place / f"{side.name}-{number}-home")
            measured = measure(side, workspace, home, run_id=run_id, jobs=jobs, rate=chosen.rate, plan=plan)
            note(f"  {side.name}: first paint {measured.first_paint:.2f} s, CPU {measured.cpu:.0%}")
            return measured

        ours, theirs = [], []
        for number in range(rounds):
            ours.append(turn(COCKPIT, QUICK if chosen.quick else FULL, number))
            if not chosen.alone:
                theirs.append(turn(DATATABLE, QUICK if chosen.quick else SLOW, number))
    print(report(ours, theirs or [Measured()], chosen.rate))
    print("\n" + aims(ours))
    print(f"\n{jobs:,} jobs, {SIZE[0]}x{SIZE[1]}, {machine()}, rounds {rounds}")


if __name__ == "__main__":
    main()
