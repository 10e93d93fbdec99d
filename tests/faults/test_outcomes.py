"""Whatever goes wrong out there ends in one clear outcome, of the right kind, in the table and in --json."""

import asyncio
from pathlib import Path

import pytest

from fluxtui import sandbox
from fluxtui.cli.shapes import job_json
from fluxtui.domain.batch import Batch, Target, Task
from fluxtui.domain.jobs import JobState, RunState
from fluxtui.domain.problems import ProblemKind
from fluxtui.domain.values import JsonObject
from fluxtui.engine.connections import Connections
from fluxtui.engine.launch import RunOptions, start_run
from fluxtui.engine.lock import RunnerLock
from fluxtui.engine.plan import plan
from fluxtui.engine.runner import Runner
from fluxtui.engine.services import Services
from fluxtui.history import listing, queries
from fluxtui.history.database import database_path, open_reader
from fluxtui.history.journal import Journal
from fluxtui.history.records import JobRow, LaneRow

FAST = {"picture_bytes": 7000}


class Outcome:
    """What became of a one-task run: the table's row, the JSON, the run, the lanes."""

    def __init__(self, row: JobRow, json: JsonObject, run: RunState, lanes: list[LaneRow]) -> None:
        self.row, self.json, self.run, self.lanes = row, json, run, lanes

    @property
    def kind(self) -> str | None:
        error = self.json["error"]
        return str(error["kind"]) if isinstance(error, dict) else None


async def outcome(
    workspace: Path,
    monkeypatch: pytest.MonkeyPatch,
    target: str,
    prompt: str = "a fox",
    faults: dict[str, object] | None = None,
    variables: dict[str, str] | None = None,
    **parameters: object,
) -> Outcome:
    """Run one task against the simulated services as against the real ones."""
    for name, value in {**sandbox.environment(), **(variables or {})}.items():
        monkeypatch.setenv(name, value)
    simulated = sandbox.Sandbox(faults=sandbox.Faults.none(**{**FAST, **(faults or {})}))
    services = Services.load(directory=workspace.parent)
    task = Task("task", prompt, parameters=parameters)  # type: ignore[arg-type]
    planned = plan(Batch("outcomes", (task,), (Target.parse(target),)), services)
    with Journal(database_path(workspace)) as journal:
        run_id = await start_run(journal, workspace, planned, RunOptions())
    connections = Connections(workspace, transport=sandbox.transport(simulated))
    lock = RunnerLock(workspace)
    assert lock.acquire()
    with lock:
        runner = Runner(workspace, lambda _: services, linger=0.0, thumbnails=False, connections=connections)
        await asyncio.wait_for(runner.run(lock), 60)
    simulated.close()
    reader = open_reader(database_path(workspace))
    try:
        (job,) = listing.listed_jobs(reader, run_id)
        run = queries.run(reader, run_id)
        assert run is not None
        return Outcome(job.row, job_json(job, workspace), run.state, queries.lanes(reader))
    finally:
        reader.close()


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "output"


@pytest.mark.parametrize(
    ("target", "prompt", "state", "kind"),
    [
        ("bfl/no-such-model", "a fox", JobState.FAILED, ProblemKind.NOT_FOUND),
        ("azure-flux/no-such-deployment", "a fox", JobState.FAILED, ProblemKind.NOT_FOUND),
        ("openai/no-such-model", "a fox", JobState.FAILED, ProblemKind.NOT_FOUND),
        ("azure-openai/no-such-deployment", "a fox", JobState.FAILED, ProblemKind.NOT_FOUND),
        ("fal/fal-ai/no-such-model", "a fox", JobState.FAILED, ProblemKind.NOT_FOUND),
        ("replicate/nobody/no-such-model", "a fox", JobState.FAILED, ProblemKind.NOT_FOUND),
        ("bfl/flux-pro-1.1", "a fox [sandbox:moderate]", JobState.REFUSED, ProblemKind.MODERATION),
        ("azure-flux/FLUX-1.1-pro", "a fox [sandbox:moderate]", JobState.REFUSED, ProblemKind.MODERATION),
        ("openai/gpt-image-2", "a fox [sandbox:moderate]", JobState.REFUSED, ProblemKind.MODERATION),
        ("fal/fal-ai/flux/dev", "a fox [sandbox:content-moderate]", JobState.REFUSED, ProblemKind.MODERATION),
        (
            "replicate/black-forest-labs/flux-dev",
            "x [sandbox:content-moderate]",
            JobState.REFUSED,
            ProblemKind.MODERATION,
        ),
        ("bfl/flux-pro-1.1", "a fox [sandbox:no-image]", JobState.FAILED, ProblemKind.BAD_ANSWER),
        ("bfl/flux-pro-1.1", "a fox [sandbox:huge]", JobState.FAILED, ProblemKind.BAD_ANSWER),
        ("bfl/flux-pro-1.1", "a fox [sandbox:bomb]", JobState.FAILED, ProblemKind.BAD_ANSWER),
        ("bfl/flux-pro-1.1", "a fox [sandbox:html]", JobState.FAILED, ProblemKind.BAD_ANSWER),
        ("azure-flux/FLUX-1.1-pro", "a fox [sandbox:bomb]", JobState.FAILED, ProblemKind.BAD_ANSWER),
        ("azure-flux/FLUX-1.1-pro", "a fox [sandbox:html]", JobState.IN_DOUBT, ProblemKind.BAD_ANSWER),
        ("bfl/flux-pro-1.1", "a fox [sandbox:reset]", JobState.IN_DOUBT, ProblemKind.NETWORK),
    ],
)
async def test_each_trouble_has_its_outcome(
    workspace: Path,
    monkeypatch: pytest.MonkeyPatch,
    target: str,
    prompt: str,
    state: JobState,
    kind: ProblemKind,
) -> None:
    monkeypatch.setattr("fluxtui.engine.work.backoff", lambda attempt: 0.001)
    got = await outcome(workspace, monkeypatch, target, prompt)
    assert (got.row.state, got.kind) == (state, kind)
    assert (got.json["state"], got.run) == (state.value, RunState.FINISHED)
    assert got.row.problem
    assert "Traceback" not in got.row.problem


@pytest.mark.parametrize(
    ("target", "variable"),
    [
        ("bfl/flux-pro-1.1", "BFL_FLUX_API_KEY"),
        ("azure-flux/FLUX-1.1-pro", "AZURE_FLUX_API_KEY"),
        ("openai/gpt-image-2", "OPENAI_API_KEY"),
        ("azure-openai/gpt-image-2", "AZURE_OPENAI_API_KEY"),
        ("fal/fal-ai/flux/dev", "FAL_AI_API_KEY"),
        ("replicate/black-forest-labs/flux-dev", "REPLICATE_API_TOKEN"),
    ],
)
async def test_a_wrong_key_parks_the_lane_and_is_never_shown(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, target: str, variable: str
) -> None:
    got = await outcome(workspace, monkeypatch, target, variables={variable: "wrong-key:canary-4711"})
    assert (got.run, got.row.state) == (RunState.PARKED, JobState.QUEUED)
    (lane,) = got.lanes
    assert lane.problem is not None
    assert lane.problem.kind is ProblemKind.AUTHENTICATION
    assert variable in lane.problem.advice
    assert "canary" not in str(lane.problem)


@pytest.mark.parametrize("target", ["bfl/flux-pro-1.1", "fal/fal-ai/flux/dev", "replicate/black-forest-labs/flux-dev"])
async def test_no_credits_park_the_lane(workspace: Path, monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    got = await outcome(workspace, monkeypatch, target, faults={"credits": 0.0})
    assert (got.run, got.row.state) == (RunState.PARKED, JobState.QUEUED)
    assert got.lanes[0].problem is not None
    assert got.lanes[0].problem.kind is ProblemKind.CREDITS


async def test_a_blocked_network_is_told_from_a_refusing_service(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fluxtui.engine.resend.backoff", lambda attempt: 0.001)
    nowhere = {"BFL_FLUX_API_URL": "http://nobody.sandbox.invalid"}
    got = await outcome(workspace, monkeypatch, "bfl/flux-pro-1.1", variables=nowhere)
    assert (got.row.state, got.kind, got.row.uncertain) == (JobState.FAILED, ProblemKind.NETWORK, 0)


async def test_a_sampler_that_the_machine_does_not_have_is_said(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    got = await outcome(workspace, monkeypatch, "a1111/default", sampler="No Such Sampler")
    assert got.row.state is JobState.DONE
    observed = [a for a in got.json["adaptations"] if isinstance(a, dict)]  # type: ignore[union-attr]
    assert [a["parameter"] for a in observed if a["change"] == "observed"] == ["sampler"]


async def test_a_checkpoint_that_the_machine_does_not_have_is_said(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    got = await outcome(workspace, monkeypatch, "a1111/no-such-checkpoint")
    assert got.row.state in (JobState.DONE, JobState.FAILED)
    if got.row.state is JobState.DONE:
        assert any("checkpoint" in str(a) or "model" in str(a) for a in got.json["adaptations"])  # type: ignore[union-attr]


async def test_escapes_in_a_prompt_are_sent_and_never_shown(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prompt = "\x1b[31mred\x1b]0;title\x07 fox\x1b[2J \u202e backwards [sandbox:moderate]"
    got = await outcome(workspace, monkeypatch, "bfl/flux-pro-1.1", prompt)
    assert got.row.state is JobState.REFUSED
    assert "\x1b" not in str(got.json["error"])
    assert "\x1b" not in (got.row.problem or "")
