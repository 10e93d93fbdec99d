"""Runs from the command line, against the served sandbox: what comes out, what it ends with, what it leaves."""

import json
import signal
import subprocess
from functools import partial
from pathlib import Path

import pytest

from fluxtui.domain.jobs import JobState
from fluxtui.engine.lock import holder
from fluxtui.history import steering, wishes
from fluxtui.history.database import database_path
from fluxtui.history.journal import Journal
from tests.cli.conftest import AZURE, BFL, Here, ServedSandbox
from tests.conditions import wait_until

RUN_FIELDS = {"id", "batch", "state", "created_at", "counts", "cost"}
JOB_FIELDS = {"id", "task", "target", "kind", "state", "attempts", "cost", "error", "adaptations", "images"}
IMAGE_FIELDS = {"path", "sha256", "width", "height", "format", "seed"}


def test_all_done(wired: Here, served: ServedSandbox) -> None:
    batch = wired.batch("alldone one", "alldone two", output_format="png")
    ended = wired.run("run", batch, "-t", AZURE, "-t", BFL, "--json")
    first, *events, summary = ended.lines
    assert first["event"] == "run"
    assert (first["id"], first["jobs"], first["state"]) == (1, 4, "ready")
    assert first["quote"]["price"]["high"] == pytest.approx(0.16)
    by_job: dict[int, list[str]] = {}
    for event in events:
        assert event["event"] == "job"
        by_job.setdefault(event["job"], []).append(event["state"])
    assert len(by_job) == 4
    assert all(states[0] == "sending" and states[-1] == "done" for states in by_job.values())
    done = [event for event in events if event["state"] == "done"]
    assert all(Path(image["path"]).is_file() for event in done for image in event["images"])
    assert (summary["event"], summary["exit_code"], summary["id"]) == ("summary", 0, 1)
    assert len(served.records("alldone")) == 4

    shown = wired.ask("show", "1", "--json").json
    assert set(shown["run"]) >= RUN_FIELDS
    assert shown["run"] == {key: value for key, value in summary.items() if key not in ("event", "exit_code")}
    assert shown["run"]["counts"]["done"] == 4
    assert shown["run"]["cost"] == pytest.approx(0.16)
    assert [(job["task"], job["target"]) for job in shown["jobs"]] == [
        ("task-0", AZURE),
        ("task-0", BFL),
        ("task-1", AZURE),
        ("task-1", BFL),
    ]
    for job in shown["jobs"]:
        assert set(job) >= JOB_FIELDS
        assert (job["kind"], job["state"], job["attempts"], job["error"]) == ("generate", "done", 1, None)
        (image,) = job["images"]
        assert set(image) == IMAGE_FIELDS
        assert Path(image["path"]).is_file()
        assert Path(image["path"]).is_absolute()
    runs = wired.ask("runs", "--json").json
    assert [run["id"] for run in runs["runs"]] == [1]
    assert set(runs["runs"][0]) >= RUN_FIELDS
    assert "Nothing to resume" in wired.ask("resume").err


def test_refused(wired: Here) -> None:
    ended = wired.ask("run", wired.batch("a fox refused", "[sandbox:moderate] nothing nice"), "-t", BFL, code=3)
    *jobs, last = ended.out.splitlines()
    assert sorted(line.split("  ")[:2] for line in jobs) == [["⊘ refused", "task-1"], ["✔ done", "task-0"]]
    assert last.startswith("Run 1 batch: finished, 1 done, 1 refused, $0.0")
    (job,) = (job for job in wired.ask("show", "1", "--json").json["jobs"] if job["state"] == "refused")
    assert job["error"]["kind"] == "moderation"


def test_some_failed_and_some_impossible(wired: Here) -> None:
    batch = wired.batch("failing [sandbox:error]", "fine")
    lines = wired.ask("run", batch, "-t", BFL, "--json", code=1).lines
    assert lines[-1]["counts"]["failed"] == 1
    (failed,) = (line for line in lines if line.get("state") == "failed")
    assert failed["error"]["what"]
    # Tried again, for a person said so; it fails again, and only what is new is told.
    again = wired.ask("resume", "1", "--retry-failed", "--json", code=1).lines
    assert {line["job"] for line in again if line["event"] == "job"} == {failed["job"]}

    reference = {"tasks": [{"name": "lost", "prompt": "a fox", "references": ["nowhere.png"]}]}
    (wired.folder / "references.json").write_text(json.dumps(reference))
    ended = wired.ask("run", "references.json", "-t", "bfl/flux-kontext-pro", code=1)
    assert "nowhere.png" in ended.out
    assert "cannot be drawn" in ended.err


def test_the_cap_stops_it_and_a_higher_one_goes_on(wired: Here) -> None:
    batch = wired.batch(*(f"capped {i}" for i in range(5)))
    ended = wired.ask("run", batch, "-t", BFL, "--max-cost", "$0.10", "--json", code=5)
    assert ended.summary["state"] == "capped"
    assert ended.summary["counts"]["done"] == 2
    assert ended.summary["cost"] <= 0.10
    ended = wired.ask("resume", "1", "--max-cost", "1")
    assert "5 done" in ended.out


def test_a_bad_key_parks_the_lane_until_it_is_right(wired: Here, served: ServedSandbox) -> None:
    canary = "canary-bad-key-4471aa"
    wired.environment["BFL_FLUX_API_KEY"] = canary
    batch = wired.batch(*(f"parked {i}" for i in range(12)))
    ended = wired.ask("run", batch, "-t", BFL, code=6)
    assert "BFL_FLUX_API_KEY" in ended.out
    assert "fluxtui resume 1" in ended.out
    shown = wired.ask("show", "1", "--json").json
    assert shown["run"]["counts"]["queued"] == 12
    assert sum(job["attempts"] for job in shown["jobs"]) < 12
    wired.environment["BFL_FLUX_API_KEY"] = served.environment["BFL_FLUX_API_KEY"]
    ended = wired.ask("resume", "--json")
    assert ended.summary["counts"]["done"] == 12
    files = [path for path in wired.workspace.rglob("*") if path.is_file()]
    assert not [path for path in files if canary.encode() in path.read_bytes()]
    real_key = served.environment["BFL_FLUX_API_KEY"].encode()
    assert not [path for path in files if real_key in path.read_bytes()]


def test_a_target_that_was_switched_off_is_told_of(wired: Here) -> None:
    with Journal(database_path(wired.workspace)) as journal:
        journal.write_now(partial(wishes.enable, lanes=[BFL], enabled=False))
    ended = wired.ask("run", wired.batch("nobody draws this"), "-t", BFL, code=6)
    assert f"{BFL} is disabled" in ended.out
    assert "Providers screen" in ended.out
    with Journal(database_path(wired.workspace)) as journal:
        journal.write_now(partial(wishes.enable, lanes=[BFL], enabled=True))
    assert wired.ask("resume", "--json").summary["counts"]["done"] == 1


def test_a_run_of_held_jobs_says_what_it_waits_for(wired: Here) -> None:
    wired.ask("run", wired.batch("held"), "-t", BFL, "--paused")
    with Journal(database_path(wired.workspace)) as journal:
        assert journal.write_now(partial(steering.hold, job_ids=[1])) == 1
    ended = wired.ask("resume", "1", code=130)
    assert "Only held jobs and paused targets are left" in ended.out


def test_in_doubt_waits_for_a_person(wired: Here, served: ServedSandbox) -> None:
    batch = wired.batch("doubtful [sandbox:reset]", "doubtless")
    ended = wired.ask("run", batch, "-t", BFL, code=4)
    assert "? in doubt  task-0" in ended.out
    assert "--in-doubt" in ended.out
    assert "1 done" in wired.ask("resume", "1", code=4).out
    assert len(served.records("doubtful")) == 1
    ended = wired.ask("resume", "1", "--in-doubt", "resend", "--json")
    assert ended.summary["counts"]["done"] == 2
    assert len(served.records("doubtful")) == 2


def test_what_to_do_in_doubt_may_be_said_beforehand(wired: Here, served: ServedSandbox) -> None:
    batch = wired.batch("given up [sandbox:reset]")
    lines = wired.ask("run", batch, "-t", BFL, "--in-doubt", "abandon", "--json", code=1).lines
    assert [line["state"] for line in lines[1:-1]] == ["sending", "in_doubt", "cancelled"]
    assert lines[-1]["uncertain"] > 0
    assert len(served.records("given up")) == 1


def test_detached_it_goes_on_alone(wired: Here) -> None:
    assert wired.run("run", wired.batch("alone one", "alone two"), "-t", BFL, "--detach").out == "1\n"
    assert wired.ask("show", "1", "--json").json["run"]["state"] in ("running", "finished")
    wait_until(lambda: wired.counts().get(JobState.DONE) == 2)


def test_who_follows_sees_it_through(wired: Here) -> None:
    batch = wired.batch("followed one [sandbox:slow=90]", "followed two [sandbox:slow=90]")
    wired.run("run", batch, "-t", BFL, "--detach")
    wait_until(lambda: wired.counts().get(JobState.WAITING) == 2)
    status = wired.ask("runner", "--json").json["runner"]
    assert status["alive"]
    assert status["pid"] == holder(wired.workspace) == int((wired.workspace / "runner.lock").read_text())
    assert status["since"].endswith("Z")
    follower = _following(wired)
    assert "cancelled 2 jobs" in wired.ask("cancel", "1", "--all").err
    ended = wired.end(follower)
    assert (ended.code, ended.summary["state"], ended.summary["counts"]["cancelled"]) == (1, "cancelled", 2)


def _following(here: Here) -> "subprocess.Popen[str]":
    """Start a command that follows run 1; return once it says so."""
    follower = here.begin("resume", "1", "--json")
    assert follower.stderr is not None
    assert "Following the runner" in follower.stderr.readline()
    return follower


def test_paused_it_waits(wired: Here, served: ServedSandbox) -> None:
    assert wired.ask("run", wired.batch("paused fox"), "-t", BFL, "--paused").out == "1\n"
    assert wired.ask("runs", "--json").json["runs"][0]["state"] == "paused"
    assert not served.records("paused fox")
    wired.ask("resume", "1")
    assert len(served.records("paused fox")) == 1


def test_interrupted_it_can_be_resumed(wired: Here, served: ServedSandbox) -> None:
    batch = wired.batch(*(f"interrupted {i} [sandbox:slow=1]" for i in range(6)))
    process = wired.begin("run", batch, "-t", BFL, "--concurrency", "1", "--json")
    wait_until(lambda: len(served.records("interrupted")) >= 1)
    process.send_signal(signal.SIGINT)
    ended = wired.end(process)
    assert ended.code == 130
    assert "fluxtui resume 1" in ended.err
    assert (ended.summary["state"], ended.summary["exit_code"]) == ("interrupted", 130)
    assert holder(wired.workspace) is None
    assert wired.run("resume", "1", "--concurrency", "8", "--json").summary["counts"]["done"] == 6
    assert len(served.records("interrupted")) == 6


def test_killed_it_is_taken_over_by_who_follows(wired: Here, served: ServedSandbox) -> None:
    host = wired.begin("run", wired.batch(*(f"killed {i} [sandbox:slow=90]" for i in range(4))), "-t", BFL)
    wait_until(lambda: holder(wired.workspace) == host.pid and wired.counts().get(JobState.WAITING) == 4)
    follower = _following(wired)
    host.kill()
    wait_until(lambda: holder(wired.workspace) == follower.pid)
    follower.send_signal(signal.SIGINT)
    ended = wired.end(follower)
    assert (ended.code, ended.summary["state"], ended.summary["counts"]["waiting"]) == (130, "interrupted", 4)
    assert len(served.records("killed")) == 4


def test_whoever_follows_may_leave(wired: Here) -> None:
    wired.run("run", wired.batch("left [sandbox:slow=90]"), "-t", BFL, "--detach")
    runner = holder(wired.workspace)
    follower = _following(wired)
    follower.send_signal(signal.SIGINT)
    ended = wired.end(follower)
    assert ended.code == 130
    assert "the run goes on" in ended.err
    assert holder(wired.workspace) == runner
    assert wired.ask("show", "1", "--json").json["run"]["state"] == "running"


def test_a_host_that_is_done_leaves_the_others_to_the_background(wired: Here) -> None:
    quick = wired.batch("first come [sandbox:slow=90]", name="quick.json")
    slow = wired.batch("longer [sandbox:slow=90]", name="slow.json")
    host = wired.begin("run", quick, "-t", BFL)
    wait_until(lambda: holder(wired.workspace) == host.pid)
    assert wired.run("run", slow, "-t", BFL, "--detach").out == "2\n"
    wait_until(lambda: wired.counts(2).get(JobState.WAITING) == 1)
    wired.ask("cancel", "1", "--all")
    ended = wired.end(host)
    assert ended.code == 1
    assert "go on in the background" in ended.err
    assert holder(wired.workspace) not in (None, host.pid)
    assert wired.ask("runs", "--json").json["runs"][0]["state"] in ("ready", "running")
    assert wired.counts(2) == {JobState.WAITING: 1}


def test_cancelling(wired: Here, served: ServedSandbox) -> None:
    batch = wired.batch(*(f"cancelled {i} [sandbox:slow=90]" for i in range(5)))
    wired.run("run", batch, "-t", BFL, "--concurrency", "1", "--detach")
    wait_until(lambda: wired.counts().get(JobState.WAITING) == 1)
    assert "cancelled 4 jobs" in wired.ask("cancel", "1").err
    assert wired.counts() == {JobState.CANCELLED: 4, JobState.WAITING: 1}
    assert "cancelled 1 jobs" in wired.ask("cancel", "1", "--all").err
    ended = wired.ask("resume", "1", "--json", code=1)
    assert (ended.summary["state"], ended.summary["counts"]["cancelled"]) == ("cancelled", 5)
    assert len(served.records("cancelled")) == 1
    assert "nothing to cancel" in wired.ask("cancel", "1", "--all").err
    assert "There is no run 7" in wired.ask("cancel", "7", code=2).err


def test_stopping_the_runner_interrupts_its_runs(wired: Here) -> None:
    wired.run("run", wired.batch("stopped [sandbox:slow=90]"), "-t", BFL, "--detach")
    wait_until(lambda: wired.counts().get(JobState.WAITING) == 1)
    assert "has ended" in wired.ask("runner", "stop").err
    assert wired.ask("runs", "--json").json["runs"][0]["state"] == "interrupted"


def test_check_tries_keys_without_spending(wired: Here, served: ServedSandbox) -> None:
    before = served.ledger()["submissions"]
    found = wired.ask("check", "--json").json["services"]
    states = {service["id"]: service["state"] for service in found}
    assert (states["azure-flux"] in ("ok", "unknown"), states["bfl"]) == (True, "ok")
    wired.environment["BFL_FLUX_API_KEY"] = "canary-wrong-key"
    ended = wired.ask("check", code=6)
    assert "canary-wrong-key" not in ended.out + ended.err
    assert served.ledger()["submissions"] == before


def test_without_a_terminal_the_cockpit_is_a_run(here: Here) -> None:
    batch = here.batch("a heron [sandbox:slow=0]")
    ended = here.ask("--sandbox", "--start", batch, "-t", "bfl")
    assert "1 done, $0.04 of play money spent" in ended.out
    assert list(here.workspace.glob("batch_*/bfl/task-0.*"))


def test_a_reader_that_goes_away_stops_no_run(wired: Here) -> None:
    batch = wired.batch("unread one", "unread two")
    process = wired.begin("run", batch, "-t", BFL, "--json")
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["event"] == "run"
    process.stdout.close()
    assert process.wait(60) == 0
    assert process.stderr is not None
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()
    show = f"{' '.join(_python())} show 1 --json | head -c 10"
    done = subprocess.run(
        ["bash", "-c", show], cwd=wired.folder, env=wired.environment, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ('{"run": {"', "")


def _python() -> list[str]:
    import sys

    return [sys.executable, "-m", "fluxtui"]
