"""Keys planted in the settings come out nowhere: not on disk, not on the screen, not in the process list."""

import base64
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from fluxtui import sandbox
from tests.cli.conftest import AZURE, BFL, Here, bare_environment

KEYS = {
    "BFL_FLUX_API_KEY": "canary-bfl-7c1f/+=&%22-5d90",
    "AZURE_FLUX_API_KEY": "canary-azure-93ba/+=&%22-e1c4",
}
SPELLINGS = [
    spelling.encode()
    for key in KEYS.values()
    for spelling in (key, quote(key, safe=""), json.dumps(key)[1:-1], base64.b64encode(key.encode()).decode())
]
TROUBLE = (
    "fine",
    "refused [sandbox:moderate]",
    "broken [sandbox:error]",
    "nobody knows [sandbox:reset]",
    "cut short [sandbox:cut]",
    "too often [sandbox:429]",
    "out of order [sandbox:500]",
)

# A defect of ours with a key in its message, where it would do most harm.
DEFECT = """
import os, {module} as place
def broken(*_, **__):
    key = os.environ["BFL_FLUX_API_KEY"]
    raise RuntimeError(f"no answer to x-key: {{key}} of {{os.environ['AZURE_FLUX_API_KEY']}}")
place.{name} = broken
from fluxtui.cli.main import main
main()
"""


@pytest.fixture
def trusting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A sandbox that takes any key; gives the variables that point at it."""
    folder = tmp_path_factory.mktemp("sandbox")
    (folder / "faults.json").write_text('{"latency": 0, "answer_latency": 0, "picture_bytes": 2048, "key": "*"}')
    command = [sys.executable, "-m", "fluxtui", "sandbox", "--port", "0", "--faults", "faults.json"]
    process = subprocess.Popen(command, cwd=folder, env=bare_environment(), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    lines = [process.stdout.readline().rstrip("\n") for _ in sandbox.environment()]
    yield dict(line.split("=", 1) for line in lines)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)


@pytest.fixture
def keyed(here: Here, trusting: dict[str, str]) -> Here:
    here.environment |= trusting | KEYS | {"LOG_LEVEL": "DEBUG"}
    return here


def found_in(data: bytes) -> bool:
    return any(spelling in data for spelling in SPELLINGS)


def said(here: Here, *arguments: str, script: str = "") -> bytes:
    """Return all that a command printed, whatever it ended with."""
    start = ["-c", script] if script else ["-m", "fluxtui"]
    done = subprocess.run(
        [sys.executable, *start, *arguments],
        cwd=here.folder,
        env=here.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=60,
    )
    return done.stdout + done.stderr


def keys_on_disk(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and found_in(path.read_bytes())]


def process_list() -> bytes:
    """Return the arguments of every process, as `ps` shows them."""
    if not Path("/proc/self/cmdline").exists():
        return subprocess.run(["ps", "ax", "-o", "args="], capture_output=True, check=True).stdout
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes())
        except OSError:
            continue  # it has ended meanwhile
    return b"\n".join(lines)


def test_the_search_finds_a_key(tmp_path: Path) -> None:
    for number, spelling in enumerate(SPELLINGS):
        (tmp_path / str(number)).write_bytes(b"x-key: " + spelling + b"\r\n")
    assert len(keys_on_disk(tmp_path)) == len(SPELLINGS)


def test_no_command_lets_a_key_out(keyed: Here) -> None:
    batch = keyed.batch(*TROUBLE)
    nonsense = keyed.batch("no picture [sandbox:no-image]", "a page [sandbox:html]", name="nonsense.json")
    commands = (
        ("check",),
        ("quote", batch, "--json"),
        ("run", batch, "-t", AZURE, "-t", BFL, "--json"),
        ("run", nonsense, "-t", AZURE),
        ("resume", "--in-doubt", "abandon"),
        ("show", "1"),
        ("show", "1", "--json"),
        ("runs", "--json"),
        ("runner", "status"),
        ("doctor",),
    )
    for command in commands:
        out = said(keyed, *command)
        assert out, command
        assert not found_in(out), command
    assert (keyed.workspace / "history.sqlite3").exists()
    assert list(keyed.workspace.glob("logs/*.log"))
    assert not keys_on_disk(keyed.workspace)


def test_no_process_shows_a_key(keyed: Here) -> None:
    process = keyed.begin("run", keyed.batch("slowly [sandbox:slow=1]"), "-t", BFL, "--detach")
    seen = [process_list()]
    while process.poll() is None:
        seen.append(process_list())
    out, err = process.communicate()
    assert process.returncode == 0, err
    following = keyed.begin("resume", out.strip())
    while following.poll() is None:
        seen.append(process_list())
    following.communicate()
    assert b"runner" in b"".join(seen)
    assert not found_in(b"".join(seen))
    assert not keys_on_disk(keyed.workspace)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("fluxtui.engine.services", "Services.load"),
        ("fluxtui.engine.plan", "plan"),
        ("fluxtui.providers.bfl", "BlackForestLabs.submit"),
        ("fluxtui.engine.runner", "Runner.run"),
    ],
)
def test_no_crash_tells_a_key(keyed: Here, module: str, name: str) -> None:
    script = DEFECT.format(module=module, name=name)
    out = said(keyed, "run", keyed.batch("crash"), "-t", BFL, script=script)
    assert b"Traceback" not in out
    assert not found_in(out)
    logs = b"".join(path.read_bytes() for path in keyed.workspace.glob("logs/*.log"))
    assert b"RuntimeError" in logs
    assert not keys_on_disk(keyed.workspace)


def test_a_key_in_a_file_stays_there(keyed: Here) -> None:
    """The same from `.env`, with a mistake in the line below that has to be named."""
    keys = {name: keyed.environment.pop(name) for name in KEYS}
    lines = [f"{name}='{key}'" for name, key in keys.items()]
    (keyed.folder / ".env").write_text(os.linesep.join([*lines, "AZURE_FLUX_POLL_INTERVAL=often"]))
    out = said(keyed, "run", keyed.batch("wrong"), "-t", BFL) + said(keyed, "doctor") + said(keyed, "check")
    assert b"AZURE_FLUX_POLL_INTERVAL" in out
    assert not found_in(out)
    assert not keys_on_disk(keyed.workspace)
