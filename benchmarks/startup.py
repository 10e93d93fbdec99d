"""How soon a program can be seen: the cockpit beside posting, harlequin and the least that Textual can do.

    python -m benchmarks.startup              # makes an environment for posting and one for harlequin with pip
    python -m benchmarks.startup --posting ~/venvs/posting --harlequin ~/venvs/harlequin
    python -m benchmarks.startup --alone      # without the two

Each starts in a pseudo-terminal, in turns, all of them once before anything is counted. From the start of the
process to the frame that is complete: top and bottom of the program's own first screen are on it.
"""

import argparse
import contextlib
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import hurry, machine, milliseconds, note, table, verdict
from benchmarks.grid import Grid
from benchmarks.terminal import SIZE, Terminal, environment, settled_home
from benchmarks.workspace import build, task_name

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 60.0
RIVALS = {"posting": "posting==2.11.1", "harlequin": "harlequin==2.17.0"}


@dataclass(frozen=True)
class Program:
    """Something to start. It is there when each of `texts` is on the screen."""

    name: str
    command: Sequence[str]
    texts: Sequence[str]

    def seen(self, grid: Grid) -> bool:
        screen = "\n".join(grid.lines())
        return all(text in screen for text in self.texts)


def start(program: Program, home: Path) -> float:
    """Return the seconds from the start of the process to its first whole screen."""
    with Terminal(program.command, folder=home, variables=environment(home), size=SIZE) as terminal:
        at = terminal.wait(program.seen, within=PATIENCE)
        if at is None:
            raise RuntimeError(f"{program.name} did not show itself:\n" + "\n".join(terminal.grid.lines()))
        return at - terminal.started


def ours(place: Path) -> list[Program]:
    """Return the cockpit on a run of 1,000 jobs, on a fresh workspace, and Textual alone."""
    build(place / "busy", 1_000)
    fluxtui = str(Path(sys.executable).with_name("fluxtui"))
    return [
        Program("fluxtui, with a run", (fluxtui, "--workspace", str(place / "busy")), (task_name(0), "F3", "quit")),
        Program("fluxtui, nothing yet", (fluxtui, "--workspace", str(place / "fresh")), ("F3", "quit")),
        Program("Textual, one line of text", (sys.executable, "-c", _LEAST), ("here I am", "the last line")),
        Program("Textual, a shell with a small DataTable", (sys.executable, "-c", _SHELL), ("row 0", "palette")),
    ]


_LEAST = """
from textual.app import App
from textual.widgets import Static
class Least(App):
    def compose(self):
        yield Static("here I am\\n" * 30 + "the last line")
Least().run()
"""
_SHELL = """
from textual.app import App
from textual.widgets import DataTable, Footer, Header, Input
class Shell(App):
    BINDINGS = [("q", "quit", "quit")]
    def compose(self):
        yield Header()
        yield Input()
        yield DataTable()
        yield Footer()
    def on_mount(self):
        table = self.query_one(DataTable)
        table.add_columns("one", "two", "three")
        table.add_rows((f"row {n}", "some text", str(n)) for n in range(200))
Shell().run()
"""


@contextlib.contextmanager
def rivals(given: dict[str, Path | None], place: Path) -> Iterator[list[Program]]:
    """Yield the other two, installed into environments of their own where none is given."""
    programs = []
    for name, folder in given.items():
        if folder is None:
            folder = place / f"environment-{name}"
            note(f"installing {RIVALS[name]}")
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
            # Newer tree-sitters than 0.25 made posting crash at its start.
            wanted = [RIVALS[name], *(["tree-sitter<0.26"] if name == "posting" else [])]
            subprocess.run([folder / "bin" / "pip", "install", "--quiet", *wanted], check=True)
        programs.append(folder / "bin" / name)
    texts = {
        "posting": ("Collection", "Send", "Response", "Quit"),
        "harlequin": ("Data Catalog", "Query Editor", "Query Results", "Quit"),
    }
    yield [Program(path.name, (str(path),), texts[path.name]) for path in programs]


def version(program: Path, name: str) -> str:
    python = program.with_name("python")
    code = (
        "from importlib.metadata import version as v; import sys;"
        f"print(v('{name}'), 'on Textual', v('textual') + ', Python', sys.version.split()[0])"
    )
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def compare(programs: Sequence[Program], place: Path, rounds: int) -> dict[str, list[float]]:
    """Start all of them in turns; the first round warms the caches and is not counted."""
    home = settled_home(place / "home")
    seconds: dict[str, list[float]] = {program.name: [] for program in programs}
    for number in range(rounds + 1):
        for program in programs:
            took = start(program, home)
            if number:
                seconds[program.name].append(took)
        note(f"  round {number} of {rounds}")
    return seconds


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="three rounds: a look, not a measurement")
    parser.add_argument("--rounds", type=int, help="starts of each (default: 9)")
    parser.add_argument("--posting", type=Path, help="an environment with posting (default: one is made)")
    parser.add_argument("--harlequin", type=Path, help="an environment with harlequin (default: one is made)")
    parser.add_argument("--alone", action="store_true", help="leave the other programs out")
    parser.add_argument("--nice", type=int, default=-5, help="priority of all processes, where that is allowed")
    return parser.parse_args()


def main() -> None:
    chosen = options()
    rounds = chosen.rounds or (3 if chosen.quick else 9)
    hurry(chosen.nice)
    given = {} if chosen.alone else {"posting": chosen.posting, "harlequin": chosen.harlequin}
    with tempfile.TemporaryDirectory() as folder, rivals(given, Path(folder)) as others:
        seconds = compare([*ours(Path(folder)), *others], Path(folder), rounds)
        versions = [f"{other.name} {version(Path(other.command[0]), other.name)}" for other in others]
    medians = {name: statistics.median(took) for name, took in seconds.items()}
    base = medians["fluxtui, with a run"]
    rows = [
        [
            name,
            milliseconds(medians[name]),
            milliseconds(min(took)),
            milliseconds(max(took)),
            f"{medians[name] / base:.2f}",
        ]
        for name, took in seconds.items()
    ]
    print(table(("from process start to the first whole screen (ms)", "median", "least", "most", "of fluxtui's"), rows))
    for other in others:
        print(f"\nsooner than {other.name}: {verdict(base < medians[other.name])}")
    print(f"\n{SIZE[0]}x{SIZE[1]}, {machine()}, rounds {rounds}" + "".join(f"; {line}" for line in versions))


if __name__ == "__main__":
    main()
