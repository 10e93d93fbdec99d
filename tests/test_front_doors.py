"""What each way in costs: heavy libraries are imported by those who need them, in fresh interpreters."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import fluxtui
from fluxtui import __version__

HEAVY = frozenset(
    {"textual", "textual_image", "rich", "httpx", "httpx_aiohttp", "aiohttp", "PIL", "pydantic", "pydantic_settings"}
)

_COMMAND = """
import sys
sys.argv = ["fluxtui", *sys.argv[1:]]
from fluxtui.cli.main import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""
_IMPORT = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
"""
_TELL = """
import json
print("\\n" + json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def python(*arguments: str) -> str:
    environment = os.environ | {"PYTHONWARNINGS": "error"}
    done = subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def loaded(script: str, *arguments: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter holds after `script`."""
    return set(json.loads(python("-c", script + _TELL, *arguments).splitlines()[-1]))


def modules_of(room: str) -> list[str]:
    package = Path(fluxtui.__file__).parent
    paths = (path.relative_to(package.parent).with_suffix("") for path in (package / room).rglob("*.py"))
    return sorted(".".join(path.parts).removesuffix(".__init__") for path in paths)


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["run", "--help"], ["runner", "--help"]])
def test_help_and_version_answer_at_once(arguments: list[str]) -> None:
    assert not loaded(_COMMAND, *arguments) & HEAVY


def test_the_module_is_the_command() -> None:
    assert __version__ in python("-m", "fluxtui", "--version")


def test_the_words_need_nothing_but_python() -> None:
    ours = {name for name in loaded(_IMPORT, *modules_of("domain")) if name not in sys.stdlib_module_names}
    assert "fluxtui" in ours
    assert not ours & (HEAVY | {"click", "yaml", "tomlkit", "tenacity", "pybase64"})


@pytest.mark.parametrize(
    "room", ["domain", "batchfiles", "providers", "history", "images", "settings", "sandbox", "engine", "cli"]
)
def test_only_the_cockpit_needs_textual(room: str) -> None:
    assert not loaded(_IMPORT, *modules_of(room)) & {"textual", "textual_image"}


@pytest.mark.parametrize(
    "module", ["fluxtui.engine.plan", "fluxtui.engine.launch", "fluxtui.history.queries", "fluxtui.settings"]
)
def test_planning_and_reading_open_no_connection(module: str) -> None:
    assert not loaded(_IMPORT, module) & HEAVY


def test_the_first_paint_pays_for_textual_only() -> None:
    heavy = loaded(_IMPORT, "fluxtui.tui.app") & HEAVY
    assert heavy == {"textual", "rich"}
