"""`textual serve`: the cockpit in a browser, where there is no terminal."""

import os
import subprocess
import sys
from pathlib import Path

from tests.conditions import wait_until


def test_the_cockpit_starts_under_the_web_driver(tmp_path: Path) -> None:
    environment = {**os.environ, "TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver", "COLUMNS": "100"}
    said = tmp_path / "said"
    with said.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "fluxtui", "--sandbox", "--workspace", str(tmp_path / "gallery")],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=tmp_path,
        )
    try:
        # What textual-serve waits for, and then packets of what is on screen.
        wait_until(lambda: said.read_bytes().startswith(b"__GANGLION__\n") and b"fluxtui" in said.read_bytes())
        assert process.poll() is None
    finally:
        process.kill()
        process.communicate()
