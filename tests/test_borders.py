"""The house: who imports whom, how large a room may grow, and that nothing is left unfinished."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "fluxtui"

LINES_OF_A_FILE, LINES_OF_A_FUNCTION, METHODS_OF_A_CLASS = 500, 50, 25
LINES_OF_THE_APP, LINES_OF_A_SCREEN = 250, 350

UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError|coming soon)\b", re.IGNORECASE)


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def place(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text("utf-8")))


def length(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def test_nobody_imports_across_a_border() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache", "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_room_has_its_floor() -> None:
    """A new room stands in the layers contract, or its imports are watched by nobody."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    placed = {name.strip() for layer in layers for name in layer.split("|")}
    rooms = {
        f"fluxtui.{path.stem}" for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert rooms - {"fluxtui.__init__", "fluxtui.__main__"} == placed


@pytest.mark.parametrize("folder", ["fluxtui", "tests", "benchmarks"])
def test_no_file_outgrows_its_room(folder: str) -> None:
    large = {place(path, 1): length(path) for path in sources(folder) if length(path) > LINES_OF_A_FILE}
    assert not large


def test_no_function_is_longer_than_a_page() -> None:
    sizes = {
        f"{place(path, node.lineno)} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in sources("fluxtui", "benchmarks")
        for node in nodes(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert not {name: size for name, size in sizes.items() if size > LINES_OF_A_FUNCTION}


def test_no_class_does_everything() -> None:
    sizes = {
        f"{place(path, node.lineno)} {node.name}": sum(
            isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef) for member in node.body
        )
        for path in sources("fluxtui", "benchmarks")
        for node in nodes(path)
        if isinstance(node, ast.ClassDef)
    }
    assert not {name: size for name, size in sizes.items() if size > METHODS_OF_A_CLASS}


def test_the_app_and_its_screens_stay_small() -> None:
    budgets = {PACKAGE / "tui" / "app.py": LINES_OF_THE_APP}
    budgets |= dict.fromkeys(sources("fluxtui/tui/screens"), LINES_OF_A_SCREEN)
    assert not {place(path, 1): length(path) for path, budget in budgets.items() if length(path) > budget}


def test_nothing_is_left_unfinished() -> None:
    found = [
        f"{place(path, number)}: {line.strip()}"
        for path in sources("fluxtui", "benchmarks")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if UNFINISHED.search(line)
    ]
    assert not found


def test_every_public_door_says_what_it_is_for() -> None:
    silent = [
        place(path, 1) for path in sources("fluxtui") if not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]
    assert not silent
