"""Logs: planted keys appear nowhere, crashes teach, nothing about logging stops the work."""

import asyncio
import errno
import gc
import json
import logging
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from logging.handlers import RotatingFileHandler
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from fluxtui import logs
from fluxtui.domain.problems import FluxtuiError, Problem, ProblemKind

CANARY = 'sk-canary/+"0123456789'
SECRETS = (SecretStr(CANARY),)

log = logging.getLogger("fluxtui.test")


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(logs, "redactor", logs.Redactor())
    level = logging.getLogger("fluxtui").level
    started = logs.start(tmp_path, name="runner", level="DEBUG", secrets=SECRETS)
    assert started == tmp_path / "logs" / "runner.log"
    yield started
    logs.stop()
    logging.getLogger("fluxtui").setLevel(level)


def raise_with_key(key: str) -> None:
    local = f"local {key}"
    try:
        raise ValueError(f"first {key}")
    except ValueError as error:
        error.add_note(f"noted {key}")
        raise RuntimeError({"x-key": key}, len(local)) from error


def test_messages_arguments_exceptions_and_stacks_hide_keys(path: Path) -> None:
    log.info("plain %s", CANARY)
    log.info(f"sent {CANARY}")
    log.warning("%r %s", {"key": CANARY}, json.dumps([CANARY]))
    log.info("asked for https://api.example/?user=%s", quote(CANARY, safe=""))
    try:
        raise_with_key(CANARY)
    except RuntimeError:
        log.exception("failed with %s", CANARY, stack_info=True)
    text = path.read_text("utf-8")
    assert text.count("***") >= 8
    assert "canary" not in text
    assert "raise_with_key" in text
    assert "ValueError: first ***" in text


@pytest.mark.parametrize(
    "line",
    [
        "x-key: {}",
        "X-Key={}",
        "Authorization: Bearer {}",
        "authorization:Basic {}",
        "{{'api-key': '{}', 'accept': 'json'}}",
        '{{"Ocp-Apim-Subscription-Key": "{}"}}',
        '"{{\\"api_key\\": \\"{}\\"}}"',
        "[(b'x-key', b'{}')]",
        "AZURE_FLUX_API_KEY={}",
        "GET https://delivery.example/a.png?se=1&sig={}&x=2",
    ],
)
def test_unknown_keys_are_known_by_where_they_stand(line: str) -> None:
    shown = logs.Redactor()(line.format("abc123-unknown+/="))
    assert "unknown" not in shown
    assert "***" in shown


def test_ordinary_words_stay() -> None:
    text = "the api-key is wrong; check authorization, then the x-key header of bfl/flux-pro"
    assert logs.Redactor([SecretStr("abc")])(text) == text


@given(st.text(min_size=4, max_size=40), st.text(max_size=30), st.text(max_size=30))
def test_a_known_key_never_remains(key: str, before: str, after: str) -> None:
    # (A key made of the mask's own characters cannot be told from it.)
    if set(key) <= {"*"}:
        return
    shown = logs.Redactor([SecretStr(key)])(f"{before}{key}{after}")
    assert key not in shown.replace("***", "\0") or key in before + "\0" + after


def test_a_key_split_by_an_escape_is_found(path: Path) -> None:
    log.info("%s\x1b[0m%s", CANARY[:7], CANARY[7:])
    assert "***" in path.read_text("utf-8")


def test_text_from_outside_cannot_forge_a_line(path: Path) -> None:
    log.info("prompt: %s", "a\x1b[2J\n2026-11-21 00:00:00 INFO all keys are fine")
    first, second = path.read_text("utf-8").splitlines()
    assert first.endswith("prompt: a")
    assert second.startswith("    2026")


def test_libraries_log_only_their_warnings(path: Path) -> None:
    logging.getLogger("httpx").info("HTTP Request: POST ...")
    logging.getLogger("httpx").warning("odd")
    log.debug("ours")
    text = path.read_text("utf-8")
    assert "HTTP Request" not in text
    assert "odd" in text
    assert "ours" in text


def test_warnings_go_to_the_log(path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn(f"deprecated {CANARY}", stacklevel=1)
    assert "deprecated ***" in path.read_text("utf-8")


def test_starting_again_replaces_the_file(path: Path, tmp_path: Path) -> None:
    again = logs.start(tmp_path / "other", name="commands")
    assert again is not None
    log.warning("once")
    assert "once" not in path.read_text("utf-8")
    assert again.read_text("utf-8").count("once") == 1


def test_the_file_is_rotated(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_LARGEST_FILE", 500)
    logs.start(path.parent.parent, name="runner")
    for number in range(100):
        log.warning("entry %03d", number)
    assert sorted(file.name for file in path.parent.iterdir()) == [
        "runner.log",
        "runner.log.1",
        "runner.log.2",
        "runner.log.3",
    ]
    assert all(file.stat().st_size <= 500 for file in path.parent.iterdir())


def test_no_place_for_a_log_is_said_and_survived(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "logs").write_text("in the way")
    assert logs.start(tmp_path, name="runner") is None
    assert "No log is written" in capsys.readouterr().err


def own_handler() -> logging.Handler:
    return next(item for item in logging.getLogger().handlers if isinstance(item, RotatingFileHandler))


def test_arguments_that_do_not_fit_are_logged_all_the_same(path: Path) -> None:
    own_handler().handle(logging.LogRecord("fluxtui.test", logging.INFO, __file__, 1, "%d sent", (CANARY,), None))
    assert "%d sent ('***',)" in path.read_text("utf-8")


def test_a_line_that_cannot_be_written_shows_nothing_of_itself(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_record: logging.LogRecord) -> str:
        raise OSError(errno.ENOSPC, CANARY)

    handler = own_handler()
    monkeypatch.setattr(handler, "format", full)
    for _ in range(2):
        handler.handle(logging.LogRecord("fluxtui.test", logging.INFO, __file__, 1, CANARY, (), None))
    shown = capsys.readouterr().err
    assert shown == f"The log {path} could not be written (OSError).\n"
    assert "canary" not in path.read_text("utf-8")


class TestCrashes:
    def test_one_line_for_the_person_and_a_report_without_values(self, path: Path) -> None:
        try:
            raise_with_key(CANARY)
        except RuntimeError as error:
            line = logs.report(error)
        text = path.read_text("utf-8")
        assert "canary" not in line + text
        assert "local ***" not in text
        assert "\n" not in line
        assert str(path) in line
        assert "fluxtui resume" in line
        assert "Traceback" in text

    def test_a_problem_speaks_for_itself(self, path: Path) -> None:
        problem = Problem(ProblemKind.DISK, "The disk is full", advice="Free some space")
        assert logs.report(FluxtuiError(problem)) == "The disk is full. Free some space."
        assert path.exists()

    def test_a_long_message_is_cut_behind_the_mask(self, path: Path) -> None:
        line = logs.report(ValueError("x" * 280 + CANARY))
        assert "sk-" not in line
        assert path.exists()

    def test_a_whole_process(self, tmp_path: Path) -> None:
        script = (
            "import sys\n"
            "from pathlib import Path\n"
            "from pydantic import SecretStr\n"
            "from fluxtui import logs\n"
            "key = sys.stdin.read()\n"
            "logs.start(Path(sys.argv[1]), name='runner', secrets=[SecretStr(key)])\n"
            "logs.catch_crashes()\n"
            "def send(token):\n"
            "    raise OSError(f'refused {token}')\n"
            "send(key)\n"
        )
        result = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path)], input=CANARY, capture_output=True, text=True, check=False
        )
        text = (tmp_path / "logs" / "runner.log").read_text("utf-8")
        assert result.returncode == 1
        assert "OSError: refused ***" in result.stderr
        assert len(result.stderr.splitlines()) == 1
        assert "in send" in text
        assert "canary" not in result.stderr + result.stdout + text

    def test_threads_and_finalizers(
        self, path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for module, name in ((sys, "excepthook"), (threading, "excepthook"), (sys, "unraisablehook")):
            monkeypatch.setattr(module, name, getattr(module, name))
        logs.catch_crashes()

        class Untidy:
            def __del__(self) -> None:
                raise ValueError(f"finalizer {CANARY}")

        thread = threading.Thread(target=raise_with_key, args=(CANARY,), name="pool-1")
        thread.start()
        thread.join()
        del thread
        Untidy()
        gc.collect()
        text = path.read_text("utf-8")
        assert "the thread pool-1 ended with an error" in text
        assert "ValueError: finalizer ***" in text
        assert "canary" not in text + capsys.readouterr().err

    async def test_tasks_nobody_awaited(self, path: Path) -> None:
        loop = asyncio.get_running_loop()
        logs.catch_task_crashes(loop)

        async def fail() -> None:
            raise ValueError(f"task {CANARY}")

        task = asyncio.create_task(fail())
        await asyncio.wait([task])
        del task
        gc.collect()
        loop.call_exception_handler({"message": f"no exception, only {CANARY}"})
        text = await asyncio.to_thread(path.read_text, "utf-8")
        assert "ValueError: task ***" in text
        assert "no exception, only ***" in text
        assert "canary" not in text
