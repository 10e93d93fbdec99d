"""Two cockpits on one workspace: how long after a change is on disk do both show it?

    python -m benchmarks.agreement
    python -m benchmarks.agreement --quick

While another process makes 200 changes a second, a third one changes something that each screen shows (the run's
cap on Run and History, a lane's requests in flight on Providers) and looks when the frame with it is complete in
each of the two pseudo-terminals.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.figures import hurry, machine, milliseconds, note, percentile, spread, table, verdict
from benchmarks.grid import Grid
from benchmarks.table_session import COCKPIT, Writer, writing
from benchmarks.terminal import SIZE, Terminal, environment, settled_home
from benchmarks.workspace import TARGETS, build
from fluxtui.domain.money import show, usd
from fluxtui.history import presence, runs
from fluxtui.history.database import database_path
from fluxtui.history.journal import Journal
from fluxtui.history.records import LaneRow

AIM = 0.5
"""Seconds after which no screen may still show what was."""
ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 5.0
SCREENS = (("Run", b"\x1bOR"), ("History", b"\x1b[18~"), ("Providers", b"\x1b[17~"))
"""The screens, and the function keys that show them."""


class Probe:
    """Changes one thing at a time; `text` is what a screen shows of it."""

    def __init__(self, journal: Journal, run_id: int) -> None:
        self._journal = journal
        self._run_id = run_id
        self._number = 1_000

    def change(self, screen: str) -> tuple[str, float]:
        """Change what `screen` shows; returns its new words, and when the change was on disk."""
        self._number += 1
        if screen == "Providers":
            target = TARGETS[0]
            lane = LaneRow(
                target, target.partition("/")[0], target, False, "ok", self._number, 64, None, None, time.time()
            )  # fmt: skip
            self._journal.write_now(partial(presence.tell, lanes=[lane]))
            return f"{self._number}/", time.perf_counter()
        cap = usd(str(4_000 + self._number))
        self._journal.write_now(partial(runs.set_cap, run_id=self._run_id, cap=cap))
        return show(cap), time.perf_counter()


def shows(text: str, grid: Grid) -> bool:
    """Return whether the screen itself says so: the header, which all screens share, does not count."""
    return any(text in line for line in grid.lines()[1:])


def measure(terminals: Sequence[Terminal], probe: Probe, changes: int) -> dict[str, list[float]]:
    chance = random.Random(4)
    seconds: dict[str, list[float]] = {}
    for screen, key in SCREENS:
        for terminal in terminals:
            terminal.press(key)
            terminal.idle(2.0)
        for _ in range(changes):
            text, at = probe.change(screen)
            for terminal in terminals:
                seen = at if shows(text, terminal.grid) else terminal.wait(partial(shows, text), within=PATIENCE)
                seconds.setdefault(screen, []).append(PATIENCE if seen is None else max(0.0, seen - at))
            for terminal in terminals:
                terminal.idle(chance.uniform(0.02, 0.2))
        note(f"  {screen}: {spread(seconds[screen])}")
    return seconds


def watched(folder: Path, run_id: int, rate: float, changes: int) -> dict[str, list[float]]:
    """Start the writer and the two cockpits, and measure."""

    def opened(number: int) -> Terminal:
        variables = environment(settled_home(folder / f"home-{number}"))
        return Terminal(COCKPIT.command(folder / "work", run_id), folder=ROOT, variables=variables)

    with writing(folder / "work", run_id, rate, lanes=False) as writer:
        writer.go()
        with Journal(database_path(folder / "work")) as journal, opened(1) as first, opened(2) as second:
            for terminal in (first, second):
                if terminal.wait(lambda grid: COCKPIT.task(grid) == 0, within=60.0) is None:
                    raise RuntimeError("the cockpit showed no rows:\n" + "\n".join(terminal.grid.lines()))
            seconds = measure((first, second), Probe(journal, run_id), changes)
        _stop(writer)
    return seconds


def _stop(writer: Writer) -> None:
    note(f"  {writer.stop():,.0f} changes a second were made")


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a few changes: a look, not a measurement")
    parser.add_argument("--changes", type=int, help="changes looked for on each screen (default: 100)")
    parser.add_argument("--jobs", type=int, help="jobs of the run (default: 20,000)")
    parser.add_argument("--rate", type=float, default=200.0, help="other changes a second")
    parser.add_argument("--nice", type=int, default=-5, help="priority of all processes, where that is allowed")
    return parser.parse_args()


def main() -> None:
    chosen = options()
    hurry(chosen.nice)
    jobs, changes = chosen.jobs or (2_000 if chosen.quick else 20_000), chosen.changes or (10 if chosen.quick else 100)
    with tempfile.TemporaryDirectory() as folder:
        run_id = build(Path(folder) / "work", jobs)
        seconds = watched(Path(folder), run_id, chosen.rate, changes)
    rows = [
        [screen, spread(found), f"< {milliseconds(AIM)}", verdict(max(found) < AIM), str(len(found))]
        for screen, found in seconds.items()
    ]
    print(table(("screen", "from disk to frame (ms: p50 / p99 / max)", "aim", "", "looked at"), rows))
    everything = [value for found in seconds.values() for value in found]
    print(f"\nall screens: p99 {milliseconds(percentile(everything, 0.99))} ms")
    print(f"{jobs:,} jobs, {chosen.rate:,.0f} changes a second, {SIZE[0]}x{SIZE[1]}, {machine()}")


if __name__ == "__main__":
    main()
